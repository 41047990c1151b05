"""A pytest plugin: which modules of tests one process runs, and which begin first."""

from __future__ import annotations

from typing import Any

import pytest
from xdist.scheduler import LoadFileScheduling

# Modules that look at one system. Played by two processes, each of them would start it.
TOGETHER = {
    "production": [
        "tests/production/test_answers.py",
        "tests/production/test_one_machine.py",
        "tests/production/test_the_job.py",
        "tests/production/test_upkeep.py",
    ],
    "site": ["tests/test_site_forms.py", "tests/test_site_ways.py"],
}
# What takes longest begins first, so that all processes end at about the same time: half a minute
# and more each, the longest first. One that is missing here may be waited for at the end.
FIRST = [
    "production",
    "tests/test_faults.py",
    "site",
    "tests/test_start.py",
    "tests/test_main_job.py",
    "tests/test_site.py",
    "tests/test_make_run.py",
    "tests/test_add_a_field.py",
    "tests/production/test_overload.py",
    "tests/production/test_edge.py",
]
_GROUP = {module: group for group, modules in TOGETHER.items() for module in modules}


def part_of(nodeid: str) -> str:
    """The group, or else the module, of a test."""
    module = nodeid.partition("::")[0]
    return _GROUP.get(module, module)


class Scheduling(LoadFileScheduling):
    """Whole modules, and whole groups of them."""

    def _split_scope(self, nodeid: str) -> str:
        return part_of(nodeid)


@pytest.hookimpl(optionalhook=True)
def pytest_xdist_make_scheduler(config: pytest.Config, log: Any) -> Scheduling | None:
    return Scheduling(config, log) if config.getvalue("dist") == "loadfile" else None


@pytest.hookimpl(trylast=True)
def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    places = {part: place for place, part in enumerate(FIRST)}
    items.sort(key=lambda item: places.get(part_of(item.nodeid), len(places)))
