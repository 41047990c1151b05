"""Finds waits without a deadline in the source of a module.

What waits for a thread, a process, a queue or a server says for how long, so that what never comes
fails one test and does not stop the run. Blocks of executors, which wait at their end, and pipes
that are read are not looked at: the time limit of each test (conftest.py) ends those.
"""

from __future__ import annotations

import ast
from collections.abc import Iterator

# Of threads, events, barriers, processes, futures, locks: they wait for ever if nothing is given.
METHODS = {"acquire", "communicate", "join", "result", "select", "start_consuming", "wait"}
OF_SUBPROCESS = {"call", "check_call", "check_output", "run"}
# What takes a time-out by name, or in this place.
OTHERS = {
    "HTTPConnection": 3,
    "HTTPSConnection": 3,
    "communicate": 2,
    "create_connection": 2,
    "notifies": 1,
    "urlopen": 3,
}
# What a loop that polls calls, and what it knows if it ends one day.
POLLS = {"basic_get", "depths", "poll", "process_data_events", "sleep"}
BOUNDS = {"deadline", "monotonic"}


def waits_without_deadline(source: str) -> list[str]:
    """Line and beginning of each, in their order."""
    tree = ast.parse(source)
    queues, programs = set(_queues(tree)), set(_programs(tree))

    def is_endless(node: ast.AST) -> bool:
        if isinstance(node, ast.While):
            called = {_name(call.func) for call in ast.walk(node) if isinstance(call, ast.Call)}
            return bool(called & POLLS) and not any(map(_is_bound, ast.walk(node)))
        return isinstance(node, ast.Call) and _is_endless_call(node, queues, programs)

    found = [node for node in ast.walk(tree) if is_endless(node)]
    lines = sorted((node.lineno, ast.unparse(node)) for node in found)  # type: ignore[attr-defined]
    return [f"{number}: {text.splitlines()[0]}" for number, text in lines]


def _is_endless_call(call: ast.Call, queues: set[str], programs: set[str]) -> bool:
    name, given = _name(call.func), {keyword.arg for keyword in call.keywords}
    if any(_is_none(keyword.value) for keyword in call.keywords if "timeout" in str(keyword.arg)):
        return True
    if any("timeout" in str(argument) or argument == "time_limit" for argument in given):
        return False
    if not isinstance(call.func, ast.Attribute):
        return name in programs or (name in OTHERS and len(call.args) < OTHERS[name])
    owner = _name(call.func.value)
    if owner == "subprocess":
        return name in OF_SUBPROCESS
    if name == "waitpid":
        return "WNOHANG" not in ast.unparse(call)
    if name == "map":
        return owner in {"executor", "pool"}
    if name == "get":
        return owner in queues
    if name in OTHERS:
        return len(call.args) < OTHERS[name]
    return name in METHODS and not call.args and not given & {"blocking", "block", "wait"}


def _queues(tree: ast.Module) -> Iterator[str]:
    """Names of what the module makes as a queue, or says to be one."""
    for node in ast.walk(tree):
        if isinstance(node, ast.arg) and "Queue" in _text(node.annotation):
            yield node.arg
        elif isinstance(node, ast.AnnAssign) and "Queue" in _text(node.annotation):
            yield _name(node.target)
        elif isinstance(node, ast.Assign) and isinstance(node.value, ast.Call):
            is_queue = "Queue" in _name(node.value.func)
            yield from map(_name, node.targets if is_queue else [])


def _programs(tree: ast.Module) -> Iterator[str]:
    """What the module imports by its own name from subprocess."""
    for node in ast.walk(tree):
        if isinstance(node, ast.ImportFrom) and node.module == "subprocess":
            yield from (each.asname or each.name for each in node.names)


def _name(node: ast.AST) -> str:
    """``c`` of ``a.b.c``."""
    return getattr(node, "attr", "") or getattr(node, "id", "")


def _text(node: ast.AST | None) -> str:
    return ast.unparse(node) if node else ""


def _is_none(node: ast.AST) -> bool:
    return isinstance(node, ast.Constant) and node.value is None


def _is_bound(node: ast.AST) -> bool:
    return any(bound in _name(node) for bound in BOUNDS)
