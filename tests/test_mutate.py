"""``make mutate`` notices what it is there to notice, and its list fits the tree."""

from __future__ import annotations

import subprocess
import sys
from collections import Counter
from pathlib import Path

import pytest

from tests.mutate.__main__ import not_green, report, union
from tests.mutate.changes import MUTATIONS
from tests.mutate.mutation import Mutation, in_file
from tests.mutate.stage import Copy, Processes, copy_tree
from tests.mutate.verdict import Verdict, judge
from tests.system import PROJECT

PROGRAM = """
LIMIT = 10
UNTESTED = 5


def allowed(count):
    return count <= LIMIT
"""
PROGRAMS_TEST = """
import time

import pytest

import program


@pytest.fixture
def limit():
    assert program.LIMIT < 100
    return program.LIMIT


def test_ten_are_allowed_and_no_more():
    assert program.allowed(10)
    assert not program.allowed(11)


def test_with_a_fixture(limit):
    assert limit


def test_that_does_not_end():
    while program.UNTESTED == 6:
        time.sleep(0.01)
"""
TEST = "test_program.py"


class TestTheList:
    def test_each_mutation_fits_the_tree(self) -> None:
        misfits = {one.name: why for one in MUTATIONS if (why := one.misfit(PROJECT))}
        assert misfits == {}

    def test_it_is_long_and_names_are_told_apart(self) -> None:
        assert len(MUTATIONS) >= 80
        names = Counter(mutation.name for mutation in MUTATIONS)
        assert [name for name, count in names.items() if count > 1] == []
        breaks = Counter((mutation.file, mutation.old, mutation.new) for mutation in MUTATIONS)
        assert [change for change, count in breaks.items() if count > 1] == []


@pytest.fixture
def copy(tmp_path: Path) -> Copy:
    """A program of a few lines with its tests."""
    (tmp_path / "program.py").write_text(PROGRAM)
    (tmp_path / TEST).write_text(PROGRAMS_TEST)
    (tmp_path / "pytest.ini").write_text("[pytest]\naddopts = -p no:django -p no:xdist\n")
    return Copy(tmp_path, {}, Processes())


def mutation(old: str, new: str, test: str = f"{TEST}::test_ten_are_allowed_and_no_more"):
    [made] = in_file("program.py", ("planted", old, new, test))
    return made


def verdict_on(copy: Copy, *change: str, seconds: float = 60) -> Verdict:
    before = (copy.folder / "program.py").read_text()
    verdict = judge(mutation(*change), copy, seconds=seconds)
    assert (copy.folder / "program.py").read_text() == before
    return verdict


@pytest.mark.slow
class TestTheRunner:
    def test_a_test_that_fails_catches_a_mutation(self, copy: Copy) -> None:
        verdict = verdict_on(copy, "LIMIT = 10", "LIMIT = 11")
        assert (verdict.outcome, verdict.by) == (
            *("caught", f"{TEST}::test_ten_are_allowed_and_no_more"),
        )

    def test_what_no_test_notices_survives(self, copy: Copy) -> None:
        assert verdict_on(copy, "UNTESTED = 5", "UNTESTED = 7").outcome == "survived"

    @pytest.mark.parametrize(
        "change",
        [
            ("LIMIT = 10", "LIMIT = nothing"),
            ("LIMIT = 10", "LIMIT = 100", f"{TEST}::test_with_a_fixture"),
            ("LIMIT = 10", "LIMIT = 11", f"{TEST}::test_that_is_not_there"),
        ],
        ids=["import", "fixture", "no test"],
    )
    def test_what_breaks_beside_the_tests_is_no_catch(self, copy: Copy, change) -> None:
        verdict = verdict_on(copy, *change)
        assert verdict.outcome == "broken"
        assert "pytest ended with" in verdict.by

    def test_a_run_without_end_is_ended_and_is_no_catch(self, copy: Copy) -> None:
        change = ("UNTESTED = 5", "UNTESTED = 6", f"{TEST}::test_that_does_not_end")
        verdict = verdict_on(copy, *change, seconds=3)
        assert verdict.outcome == "late"
        assert verdict.seconds < 30

    @pytest.mark.parametrize("old", ["LIMIT = 9", "LIMIT"], ids=["gone", "twice"])
    def test_a_text_that_is_not_there_once_fits_no_more(self, copy: Copy, old: str) -> None:
        assert verdict_on(copy, old, "LIMIT = 1").outcome == "misfit"
        assert "not once" in mutation(old, "LIMIT = 1").misfit(copy.folder)

    def test_a_list_that_rots_is_told_before_anything_runs(self, copy: Copy) -> None:
        for change, why in (
            (("LIMIT = 10", "LIMIT = ("), "was never closed"),
            (("LIMIT = 10", "LIMIT = 10"), "changes nothing"),
            (("LIMIT = 10", "LIMIT = 11", f"{TEST}::test_gone"), "there is no"),
            (("LIMIT = 10", "LIMIT = 11", "test_gone.py"), "there is no"),
        ):
            assert why in mutation(*change).misfit(copy.folder)
        assert mutation("LIMIT = 10", "LIMIT = 11").misfit(copy.folder) == ""

    def test_two_mutations_of_one_size_in_one_second_are_told_apart(self, copy: Copy) -> None:
        """Python would take the module that it compiled of the first."""
        outcomes = [
            verdict_on(copy, *change).outcome
            for change in (
                ("LIMIT = 10", "LIMIT = 11"),
                ("UNTESTED = 5", "UNTESTED = 7"),
                ("LIMIT = 10", "LIMIT = 12"),
                ("UNTESTED = 5", "UNTESTED = 8"),
            )
        ]
        assert outcomes == ["caught", "survived", "caught", "survived"]

    def test_tests_that_fail_without_a_mutation_are_told(self, copy: Copy) -> None:
        assert not_green([copy], [TEST]) == ""
        (copy.folder / "program.py").write_text(PROGRAM.replace("10", "9"))
        assert "test_ten_are_allowed_and_no_more" in not_green([copy], [TEST])

    def test_what_was_not_caught_decides_the_end(self, capsys) -> None:
        made = mutation("a", "b")
        caught = Verdict(made, "caught", f"{TEST}::test_it", 1.0)
        assert report([caught], 1) == 0
        assert report([caught, Verdict(made, "survived", "no test failed", 1.0)], 1) == 1
        assert "SURVIVED planted: no test failed" in capsys.readouterr().out


def test_tests_within_others_run_once() -> None:
    named = ("t.py::Class::test_a", "t.py::Class", "u.py::test_b", "u.py::test_b")
    made = [Mutation("m", "f", "a", "b", (name,)) for name in named]
    assert union(made) == ["t.py::Class", "u.py::test_b"]


def test_a_copy_is_of_the_tree_as_it_lies(tmp_path: Path) -> None:
    tree, folder = tmp_path / "tree", tmp_path / "copy"
    (tree / "below").mkdir(parents=True)
    for name in ("tracked.py", "changed.py", "below/new.py", "ignored.pyc"):
        (tree / name).write_text("old")
    (tree / ".gitignore").write_text("*.pyc\n")

    def git(*arguments: str) -> None:
        subprocess.run(["git", *arguments], cwd=tree, check=True, capture_output=True, timeout=60)

    git("init")
    git("add", "tracked.py", "changed.py")
    (tree / "changed.py").write_text("new")
    copy_tree(tree, folder)
    found = {str(path.relative_to(folder)) for path in folder.rglob("*") if path.is_file()}
    assert found == {".gitignore", "tracked.py", "changed.py", "below/new.py"}
    assert (folder / "changed.py").read_text() == "new"


def test_a_mutation_that_nobody_knows_is_named() -> None:
    done = subprocess.run(
        [sys.executable, "-m", "tests.mutate", "--only", "session-age,no-such-mutation"],
        cwd=PROJECT,
        capture_output=True,
        text=True,
        timeout=60,
    )
    assert done.returncode == 2
    assert "there is no mutation no-such-mutation" in done.stderr
