"""What can be wrong with an environment variable: the kinds that the rules of ``environment`` name.

A problem is a few words that follow the variable's name, "" when there is none. It never repeats
the value.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from math import inf
from pathlib import Path
from urllib.parse import urlsplit

Environment = Mapping[str, str]
Problem = Callable[[Environment], str]

_TRUE = {"1", "true", "t", "yes", "y", "on"}
_FALSE = {"0", "false", "f", "no", "n", "off"}


@dataclass(frozen=True)
class Rule:
    """A variable, what to set it to, and what is wrong with it ("" when nothing is)."""

    name: str
    advice: str
    problem: Problem


def value_of(environment: Environment, name: str) -> str:
    return environment.get(name, "").strip()


def list_of(environment: Environment, name: str) -> list[str]:
    return [part.strip() for part in value_of(environment, name).split(",") if part.strip()]


def is_true(environment: Environment, name: str) -> bool:
    return value_of(environment, name).lower() in _TRUE


def given(name: str) -> Problem:
    return lambda environment: "" if value_of(environment, name) else "is missing"


def is_off(name: str) -> Problem:
    return lambda environment: "is on" if is_true(environment, name) else ""


def url(name: str, *schemes: str) -> Problem:
    def problem(environment: Environment) -> str:
        value = value_of(environment, name)
        if not value:
            return "is missing"
        try:
            parts = urlsplit(value)
            fits = parts.scheme in schemes and bool(parts.hostname)
            # Reading it is what checks it.
            _ = parts.port
        except ValueError:
            fits = False
        begins = " or ".join(f"{scheme}://" for scheme in schemes)
        if not fits:
            return f"is not an address that begins with {begins}"
        if parts.password == "":
            return "has an empty password"
        if parts.username is not None and "https" in schemes:
            return "has a user name in it, which nobody reads"
        return ""

    return problem


def number(name: str, low: int, high: int | None, *, whole: bool = True) -> Rule:
    """``name`` is a number from ``low`` to ``high``; None is no limit."""
    kind = "whole number" if whole else "number"
    bounds = f"from {low} to {high}" if high is not None else f"of at least {low}"

    def problem(environment: Environment) -> str:
        value = value_of(environment, name)
        try:
            number = int(value) if whole else float(value)
            fits = low <= number <= (inf if high is None else high)
        except ValueError:
            fits = False
        return "" if fits else f"is not a {kind} {bounds}"

    return Rule(name, "Leave it out for the default.", problem)


def matches(name: str, pattern: str, kind: str) -> Rule:
    def problem(environment: Environment) -> str:
        value = value_of(environment, name)
        return "" if not value or re.fullmatch(pattern, value) else f"is not {kind}"

    return Rule(name, "Leave it out for the default.", problem)


def text_file(name: str) -> Rule:
    def problem(environment: Environment) -> str:
        value = value_of(environment, name)
        try:
            if value:
                Path(value).read_text("utf-8")
        except (OSError, ValueError):
            return "is no text file that can be read"
        return ""

    return Rule(name, "Leave it out for ours.", problem)


def flag(name: str) -> Rule:
    def problem(environment: Environment) -> str:
        return "" if value_of(environment, name).lower() in _TRUE | _FALSE else "is neither 1 nor 0"

    return Rule(name, "Set 1 for yes, or leave it out.", problem)


def optional(problem: Problem, name: str) -> Problem:
    return lambda environment: problem(environment) if value_of(environment, name) else ""


def for_s3(problem: Problem) -> Problem:
    return lambda environment: "" if keeps_files_here(environment) else problem(environment)


def keeps_files_here(environment: Environment) -> bool:
    return value_of(environment, "FILE_STORAGE") == "local"
