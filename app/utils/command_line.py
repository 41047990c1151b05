"""The command line of ``manage.py``, read before Django does."""

import os
from collections.abc import Sequence


def command_name(arguments: Sequence[str]) -> str:
    """The command in ``manage.py [--settings …] command …``; empty if it only asks for help."""
    if any(word in {"-h", "--help", "--version"} for word in arguments[1:]):
        return ""
    words = iter(arguments[1:])
    for word in words:
        if word in {"--settings", "--pythonpath"}:
            next(words, None)
        elif not word.startswith("-"):
            return word
    return ""


def named_settings(arguments: Sequence[str]) -> str:
    """The settings that the command line or the environment names; empty if neither does."""
    module = os.environ.get("DJANGO_SETTINGS_MODULE", "")
    for word, following in zip(arguments, [*arguments[1:], ""], strict=True):
        if word == "--settings":
            module = following
        elif word.startswith("--settings="):
            module = word.partition("=")[2]
    return module
