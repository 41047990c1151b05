#!/usr/bin/env python
"""Django's commands. Development's bring their own PostgreSQL along, unless DATABASE_URL is set."""

import os
import sys
from contextlib import AbstractContextManager, nullcontext
from importlib.util import find_spec
from pathlib import Path

from django.core.management import execute_from_command_line
from django.db import OperationalError

from config import environment
from config.command_line import command_name, named_settings


def main() -> None:
    # Only the processes of a web server count together; a command counts for itself.
    os.environ.pop("PROMETHEUS_MULTIPROC_DIR", None)
    command = command_name(sys.argv)
    _choose_settings(command)
    if command == "check_environment":
        # With a bad environment Django would not even get as far as finding this command.
        from serving import connections

        text, is_good = connections.describe(os.environ)
        sys.stdout.write(f"{text}\n")
        sys.exit(0 if is_good else 1)
    if command == "make_certificates":
        # Production does not start before it has some.
        from app.management.commands.make_certificates import Command

        Command().run_from_argv(sys.argv)
        return
    if command == "dev" and not environment.is_development(os.environ):
        sys.exit(
            "make run is development, and this environment is production's (ALLOWED_HOSTS or "
            "DJANGO_ENV is set). Use a shell without it."
        )
    # Django would say the same below a stack trace, and not for every command.
    settings = named_settings(sys.argv)
    if command and (problems := environment.refusal_to_start(settings, os.environ)):
        sys.exit(problems)
    with _local_environment():
        try:
            execute_from_command_line(sys.argv)
        except OperationalError as error:
            if not _is_unreachable(error):
                raise
            sys.exit(f"The database can't be reached: {error}".strip())


def _is_unreachable(error: OperationalError) -> bool:
    """Whether no connection came about; an error of a statement has a code of PostgreSQL's."""
    return getattr(error.__cause__, "sqlstate", None) is None


def _local_environment() -> AbstractContextManager[None]:
    """What a developer's machine brings along; nothing in images, which have no devtools."""
    if find_spec("devtools") is None:
        return nullcontext()
    from devtools.servers.local import local_environment

    return local_environment(sys.argv, Path(__file__).resolve().parent)


def _choose_settings(command: str) -> None:
    named = named_settings(sys.argv)
    if named in {"", environment.DEVELOPMENT_SETTINGS} and environment.command_is_development(
        command, os.environ
    ):
        os.environ["DJANGO_ENV"] = environment.DEVELOPMENT
    if not named:
        os.environ["DJANGO_SETTINGS_MODULE"] = environment.settings_module(os.environ)


if __name__ == "__main__":
    main()
