"""The order of the tests names what there is, and who needs a shared system runs where it is."""

from __future__ import annotations

import ast
from types import SimpleNamespace
from typing import Any

from tests.schedule import FIRST, TOGETHER, part_of, pytest_collection_modifyitems
from tests.system import PROJECT

# Fixtures that start all of production.
SYSTEMS = {"production", "one_machine"}


def test_what_is_named_is_there() -> None:
    modules = [module for group in TOGETHER.values() for module in group]
    modules += [part for part in FIRST if part not in TOGETHER]
    assert [module for module in modules if not (PROJECT / module).is_file()] == []
    assert len(modules) == len(set(modules))
    assert len(FIRST) == len(set(FIRST))


def test_who_needs_production_runs_where_it_runs() -> None:
    found = set()
    for path in (PROJECT / "tests" / "production").glob("test_*.py"):
        nodes = ast.walk(ast.parse(path.read_text()))
        asked = {node.arg for node in nodes if isinstance(node, ast.arg)}
        if asked & SYSTEMS:
            found.add(str(path.relative_to(PROJECT)))
    assert found == set(TOGETHER["production"])


def test_the_longest_begin_and_groups_stay_together() -> None:
    first, second, *_, last = (one_of(part) for part in FIRST)
    other_of_first = f"{TOGETHER[FIRST[0]][-1]}::test"
    items: Any = [
        SimpleNamespace(nodeid=nodeid)
        for nodeid in ("a/test_short.py::test", last, first, second, other_of_first)
    ]
    pytest_collection_modifyitems(items)
    ordered = [item.nodeid for item in items]
    assert ordered == [first, other_of_first, second, last, "a/test_short.py::test"]
    assert part_of(first) == part_of(other_of_first) != part_of(second)


def one_of(part: str) -> str:
    return f"{TOGETHER.get(part, [part])[0]}::test"
