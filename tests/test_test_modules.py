"""Rules for the tests themselves: short modules, and nothing that a busy machine decides."""

from __future__ import annotations

import ast
from pathlib import Path

import pytest

from tests.system import PROJECT
from tests.tracked import tracked

MOST_LINES = 400
# What a process used of the CPU. A test that compares such figures judges the machine.
CPU_TIMES = {"process_time", "process_time_ns", "thread_time", "cpu_times", "ru_utime", "ru_stime"}


def modules() -> list[Path]:
    """All Python modules in folders of tests, but those of the benchmarks."""
    return [
        path
        for path in tracked(PROJECT, "*.py")
        if "tests" in path.parts and path.parts[0] != "benchmarks"
    ]


def broken_rules(text: str) -> list[str]:
    """What is wrong with a module of tests."""
    problems = []
    if (lines := text.count("\n")) > MOST_LINES:
        problems.append(f"has {lines} lines, more than {MOST_LINES}")
    for node in ast.walk(ast.parse(text)):
        names: list[str] = []
        if isinstance(node, ast.Import):
            names = [alias.name for alias in node.names]
        elif isinstance(node, ast.ImportFrom):
            names = [node.module or "", *(alias.name for alias in node.names)]
        elif isinstance(node, ast.Attribute):
            names = [node.attr]
        if any(name.split(".")[0] == "benchmarks" for name in names):
            problems.append("imports the benchmarks")
        if CPU_TIMES & set(names):
            problems.append("measures CPU time")
    return problems


def test_no_module_breaks_a_rule() -> None:
    found = {
        str(path): problems
        for path in modules()
        if (problems := broken_rules((PROJECT / path).read_text()))
    }
    assert not found


def test_it_looks_at_the_tests_of_each_part() -> None:
    parts = {path.parts[0] for path in modules()}
    assert {"app", "devtools", "pictures", "protocol", "tests", "web", "worker"} <= parts


@pytest.mark.parametrize(
    ("text", "problem"),
    [
        ("x = 1\n" * (MOST_LINES + 1), "has 401 lines"),
        ("import benchmarks", "imports the benchmarks"),
        ("from benchmarks.cases import Case", "imports the benchmarks"),
        ("import time\ntime.process_time()", "measures CPU time"),
        ("from time import process_time", "measures CPU time"),
        ("resource.getrusage(0).ru_utime", "measures CPU time"),
    ],
)
def test_a_planted_violation_is_found(text: str, problem: str) -> None:
    (said,) = broken_rules(text)
    assert problem in said
    assert broken_rules("x = 1\n" * MOST_LINES) == []
