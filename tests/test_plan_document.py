"""docs/plan.md, CODE_GUIDE.md, docs/architecture.md and docs/database/README.md name real things.

Each row of docs/plan.md names a place in the code and the test that proves it; where either is
renamed, the page is wrong and this fails. Nothing of what it names is run here.
"""

from __future__ import annotations

import ast
import re
from collections.abc import Iterator
from dataclasses import dataclass, replace
from functools import lru_cache
from pathlib import Path
from typing import Any

import pytest
from django.apps import apps

PROJECT = Path(__file__).resolve().parent.parent
PAGE = PROJECT / "docs" / "plan.md"
GUIDE = PROJECT / "CODE_GUIDE.md"
ARCHITECTURE = PROJECT / "docs" / "architecture.md"
DATABASE = PROJECT / "docs" / "database" / "README.md"
TICKS = ("✓", "✓ otherwise")
# Lines of the plan in each of its sections, groups included; the last section is ours.
ROWS = {
    "M1-Initialization": 37,
    "M1-Auth-Backend": 50,
    "M2-API-Foundation": 28,
    "M2-RabbitMQ-Integration": 27,
    "M2-Token-Service": 33,
    "M2-Style-Model-API": 60,
    "M2-Token-API": 37,
    "M2-Tag-API": 21,
    "M4-AI-Integration": 54,
    "M5-Notification": 38,
    "M5-Community-API": 51,
    "M6-Performance": 33,
    "M6-Production-Config": 43,
    "Quick Reference": 21,
    "Beyond the plan": 47,
}
# Rows that are our own, to part the others: they are no lines of the plan and bear no tick.
OWN = {"Exit criteria", "Documents", "Files", "Commands"}
# What the plan links to in the guide.
ANCHORS = (
    *("authentication", "rabbitmq-integration", "token-service", "viewsets-and-serializers"),
    *("custom-viewsets", "filtering", "webhooks", "django-signals", "community-features"),
    *("performance-optimization", "production-deployment"),
)


@dataclass(frozen=True)
class Line:
    """A row of the page. A group's line is bold, and stands for the lines below it."""

    section: str
    text: str
    tick: str
    places: tuple[str, ...]
    tests: tuple[str, ...]

    @property
    def is_group(self) -> bool:
        return self.text.startswith("**")

    @property
    def is_own(self) -> bool:
        return self.text.strip("*") in OWN


def lines() -> list[Line]:
    found, section = [], ""
    for row in PAGE.read_text().splitlines():
        if row.startswith("## "):
            section = row.removeprefix("## ")
        cells = [cell.strip() for cell in re.split(r"(?<!\\)\|", row)[1:-1]]
        if section in ROWS and len(cells) == 4 and cells[0] not in {"line", "---"}:
            text, tick, places, tests = cells
            quoted = (tuple(re.findall(r"`([^`]+)`", cell)) for cell in (places, tests))
            found.append(Line(section, text, tick, *quoted))
    return found


LINES = lines()


# --- What is there ---


@lru_cache
def names_in(file: Path) -> frozenset[str]:
    """What a module defines, as ``function``, ``Class``, ``Class.method`` or ``NAME``; and its
    texts, for settings and addresses."""
    tree = ast.parse(file.read_text())
    return frozenset(_defined(tree.body, "")) | {
        node.value
        for node in ast.walk(tree)
        if isinstance(node, ast.Constant) and isinstance(node.value, str)
    }


def _defined(body: list[ast.stmt], prefix: str) -> Iterator[str]:
    for node in body:
        match node:
            case ast.ClassDef():
                yield prefix + node.name
                yield from _defined(node.body, f"{prefix}{node.name}.")
            case ast.FunctionDef() | ast.AsyncFunctionDef():
                yield prefix + node.name
            case ast.Assign():
                for target in node.targets:
                    names = target.elts if isinstance(target, ast.Tuple) else [target]
                    yield from (prefix + name.id for name in names if isinstance(name, ast.Name))
            case ast.AnnAssign(target=ast.Name(id=name)):
                yield prefix + name
            case ast.If():
                yield from _defined([*node.body, *node.orelse], prefix)


def is_there(place: str) -> bool:
    """Whether ``file: Name`` names something: in Python what is defined, elsewhere a text."""
    path, _, name = place.partition(": ")
    file = PROJECT / path
    if not file.is_file():
        return False
    if not name:
        return True
    return name in names_in(file) if file.suffix == ".py" else name in file.read_text()


def is_a_test(name: str) -> bool:
    """Whether ``file::function`` or ``file::Class::function`` is one that pytest collects."""
    path, *names = name.split("::")
    file = PROJECT / path
    is_collected = names and names[-1].startswith("test_") and file.name.startswith("test_")
    return bool(is_collected and file.is_file() and ".".join(names) in names_in(file))


# --- docs/plan.md ---


def test_every_line_of_the_plan_has_its_row() -> None:
    counted = dict.fromkeys(ROWS, 0)
    for line in LINES:
        counted[line.section] += not line.is_own
    assert counted == ROWS


@pytest.mark.parametrize("section", ROWS)
def test_each_row_names_a_place_and_a_test_that_are_there(section: str) -> None:
    rows = [line for line in LINES if line.section == section]
    assert {line.text: found for line in rows if (found := faults_of(line))} == {}


def faults_of(line: Line) -> list[str]:
    """What is wrong with a row."""
    if line.is_own:
        return ["It is no line of the plan."] if line.tick or line.places or line.tests else []
    found = [f"{place} is not there" for place in line.places if not is_there(place)]
    found += [f"{test} is no test" for test in line.tests if not is_a_test(test)]
    if line.tick not in TICKS:
        found.append("It is not ticked.")
    if ("<br>*" in line.text) != (line.tick == "✓ otherwise"):
        found.append("A deviation has its reason, and only a deviation has one.")
    if not line.is_group and not (line.places and line.tests):
        found.append("It names no place or no test.")
    return found


@pytest.mark.parametrize(
    ("change", "fault"),
    [
        (
            {"places": ("app/permissions.py: IsOwners",)},
            "app/permissions.py: IsOwners is not there",
        ),
        (
            {"tests": ("app/tests/styles/test_tags.py::test_gone",)},
            "app/tests/styles/test_tags.py::test_gone is no test",
        ),
        ({"tests": ()}, "It names no place or no test."),
        ({"places": ()}, "It names no place or no test."),
        ({"tick": ""}, "It is not ticked."),
        ({"tick": "✓ otherwise"}, "A deviation has its reason, and only a deviation has one."),
        ({"text": "a<br>*why*"}, "A deviation has its reason, and only a deviation has one."),
    ],
)
def test_a_wrong_row_is_noticed(change: dict[str, Any], fault: str) -> None:
    tests = ("app/tests/styles/test_tags.py::TestTags::test_one_tag",)
    line = Line("M2-Tag-API", "a", "✓", ("app/permissions.py: IsOwner",), tests)
    assert faults_of(line) == []
    assert faults_of(replace(line, **change)) == [fault]


def test_a_name_that_is_not_there_is_noticed() -> None:
    assert is_there("app/services/token_service.py: TokenService.consume_tokens")
    assert not is_there("app/services/token_service.py: TokenService.spend_tokens")
    assert not is_there("app/services/tokens_service.py: TokenService.consume_tokens")
    assert is_there("config/settings.py: SESSION_COOKIE_AGE")
    assert not is_there("config/settings.py: SESSION_COOKIE_YEARS")
    assert is_there("nginx/conf.d/default.conf: location /media/")
    assert not is_there("nginx/conf.d/default.conf: location /medium/")
    assert is_a_test("app/tests/money/test_tokens.py::TestBalance::test_a_user_has_tokens")
    assert not is_a_test("app/tests/money/test_tokens.py::test_a_user_has_tokens")
    assert not is_a_test("app/tests/money/test_tokens.py::TestBalance::test_a_user_has_none")
    assert not is_a_test("app/tests/ledger.py::assert_right")


def test_the_page_says_that_the_plans_marks_are_met() -> None:
    """100 users at once, no errors, a p95 under 500 ms: as they were measured."""
    measured = (PROJECT / "docs" / "performance.md").read_text()
    assert re.search(r"^100 users for \d+ s, by locust", measured, re.MULTILINE)
    assert "| 100 users: errors | 0 | 0 | met |" in measured
    (milliseconds,) = re.findall(r"\| 100 users: p95, ms \| < 500 \| (\d+) \| met \|", measured)
    assert int(milliseconds) < 500


# --- Links ---


@pytest.mark.parametrize("page", [PAGE, GUIDE, ARCHITECTURE, DATABASE], ids=lambda page: page.name)
def test_links_lead_somewhere(page: Path) -> None:
    targets = re.findall(r"\]\(([^)]+)\)", page.read_text())
    assert targets
    for target in targets:
        path, _, anchor = target.partition("#")
        file = (page.parent / path).resolve() if path else page
        assert file.exists(), target
        assert not anchor or anchor in anchors(file), target


def anchors(page: Path) -> list[str]:
    """Those of a page's headings, as GitHub makes them."""
    headings = re.findall(r"^#+ (.+)$", page.read_text(), re.MULTILINE)
    return [re.sub(r"[^\w\- ]", "", heading.lower()).replace(" ", "-") for heading in headings]


# --- CODE_GUIDE.md ---


def test_the_guide_has_the_anchors_of_the_plan() -> None:
    assert [anchor for anchor in anchors(GUIDE) if anchor in ANCHORS] == list(ANCHORS)


def test_places_of_the_guide_are_there() -> None:
    places = re.findall(r"`([\w./-]+\.(?:py|conf|sh|md|yml))(?:: ([^`]+))?`", GUIDE.read_text())
    assert len(places) >= 2 * len(ANCHORS)
    named = [f"{file}: {name}" if name else file for file, name in places]
    assert [place for place in named if not is_there(place)] == []


def test_code_of_the_guide_is_that_of_the_program() -> None:
    """Each example is copied from the file that its first line names."""
    examples = re.findall(r"^```python\n# (\S+)\n(.*?)^```", GUIDE.read_text(), re.M | re.S)
    assert len(examples) >= 5
    for file, code in examples:
        source = "\n".join(line.strip() for line in (PROJECT / file).read_text().splitlines())
        for part in re.split(r"^ *# …\n", code, flags=re.MULTILINE):
            assert "\n".join(line.strip() for line in part.strip().splitlines()) in source, code


# --- docs/architecture.md ---


def test_places_of_the_architecture_are_there() -> None:
    """The table for newcomers: what it names is a file, a folder, or ``file: name``."""
    table = ARCHITECTURE.read_text().partition("## Where is …?")[2]
    places = re.findall(r"`([\w.]+/[\w./]*(?:: [^`]+)?)`", table)
    assert len(places) >= 20
    missing = [place for place in places if not (PROJECT / place).is_dir() and not is_there(place)]
    assert missing == []


# --- docs/database/README.md ---


def test_the_database_page_names_every_table() -> None:
    page = DATABASE.read_text()
    for model in apps.get_app_config("app").get_models():
        assert f"`{model._meta.db_table}`" in page, model


def test_what_the_database_page_names_is_in_the_models() -> None:
    """Constraints, indexes and tables: those that are named exist."""
    known = set()
    for model in apps.get_app_config("app").get_models():
        meta = model._meta
        known |= {meta.db_table, *(each.name for each in (*meta.constraints, *meta.indexes))}
    named = set(re.findall(r"`([a-z]+(?:_[a-z]+)+)`", DATABASE.read_text()))
    columns = {
        field.name
        for model in apps.get_app_config("app").get_models()
        for field in model._meta.get_fields()
    }
    assert named - known - columns == set()
