"""``manage.py test``: Django's words for pytest."""

import os
import subprocess
import sys
from argparse import ArgumentParser
from pathlib import Path

import pytest
from django.conf import settings

from devtools.test_runner import PytestRunner

pytestmark = pytest.mark.slow


@pytest.mark.parametrize(
    ("options", "arguments"),
    [
        ([], []),
        (["--failfast", "--keepdb"], ["--exitfirst", "--reuse-db"]),
        (["--parallel"], ["-n", "auto"]),
        (["--parallel", "3"], ["-n", "3"]),
        (["-k", "token", "-k", "style"], ["-k", "(token) or (style)"]),
    ],
)
def test_options(options: list[str], arguments: list[str]) -> None:
    parser = ArgumentParser()
    PytestRunner.add_arguments(parser)

    assert PytestRunner(**vars(parser.parse_args(options))).arguments() == arguments


@pytest.mark.parametrize(
    ("verbosity", "argument"), [(0, ["-q"]), (1, []), (2, ["-v"]), (3, ["-vv"])]
)
def test_verbosity(verbosity: int, argument: list[str]) -> None:
    assert PytestRunner(verbosity=verbosity).arguments() == argument


def test_command_runs_the_suite_and_fails_with_it(tmp_path: Path) -> None:
    good = tmp_path / "test_good.py"
    good.write_text("def test_good(): pass\n")
    bad = tmp_path / "test_bad.py"
    bad.write_text("def test_bad(): assert False\n")

    def run(*labels: object) -> "subprocess.CompletedProcess[str]":
        return subprocess.run(
            [sys.executable, "manage.py", "test", *map(str, labels)],
            cwd=settings.BASE_DIR,
            env={**os.environ, "PYTEST_ADDOPTS": "-p no:cacheprovider"},
            capture_output=True,
            text=True,
            check=False,
            timeout=120,
        )

    passed = run(good, "devtools.tests.test_runner.test_verbosity")
    assert passed.returncode == 0, passed.stdout
    assert "5 passed" in passed.stdout
    failed = run(bad)
    assert failed.returncode == 1
    assert "1 failed" in failed.stdout
