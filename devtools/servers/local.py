"""What ``manage.py`` prepares before Django reads its settings."""

import contextlib
import os
import signal
import sys
import time
from collections.abc import Iterator, Sequence
from pathlib import Path
from types import FrameType

from config.command_line import command_name, named_settings
from config.environment import DEVELOPMENT_SETTINGS
from devtools.servers.dev_environment import STARTED_AT, prepare_dev_environment
from devtools.servers.interruption import interruption
from devtools.servers.postgres import PrivatePostgres
from devtools.servers.postgres_files import find_programs
from devtools.servers.process import ServerError

# These read no row; starting a database for them would only cost time.
_COMMANDS_WITHOUT_DATABASE = frozenset(
    {
        "",
        "check_environment",
        "collectstatic",
        "compilemessages",
        "diffsettings",
        "findstatic",
        "help",
        "makemessages",
        "spectacular",
        "startapp",
        "startproject",
        "test",
        "version",
    }
)


@contextlib.contextmanager
def local_environment(arguments: Sequence[str], project: Path) -> Iterator[None]:
    """Within, what the command line ``arguments`` needs is set and running.

    That is DATABASE_URL, unless it was named before: a private PostgreSQL, for all commands that
    read the database. ``dev`` gets more.
    """
    with contextlib.ExitStack() as stack:
        command = command_name(arguments)
        try:
            if command == "dev":
                interruption.listen()
                stack.enter_context(_quiet_end())
                lock = prepare_dev_environment(arguments[2:], project)
                stack.callback(lock.release)
            if _needs_private_database(command, arguments):
                if command != "dev":
                    stack.enter_context(_terminated_as_exit())
                server = PrivatePostgres(data_dir(project))
                stack.callback(server.stop)
                os.environ["DATABASE_URL"] = server.start()
                if command == "dbshell":
                    # Where no psql is installed, the one that came with the server does.
                    path = (os.environ.get("PATH", os.defpath), str(find_programs()))
                    os.environ["PATH"] = os.pathsep.join(path)
                if command == "dev":
                    how = "was running already" if server.taken_over else "ready"
                    seconds = time.monotonic() - STARTED_AT
                    sys.stdout.write(f"PostgreSQL … {how} ({seconds:.1f} s)\n")
                    sys.stdout.flush()
            if command == "dev":
                # While Django loads.
                stack.enter_context(interruption.at_once())
        except ServerError as error:
            sys.exit(f"Style License does not start. {error}")
        yield


def data_dir(project: Path) -> Path:
    return Path(os.environ.get("DATA_DIR") or project / ".data").absolute()


def _needs_private_database(command: str, arguments: Sequence[str]) -> bool:
    return (
        not os.environ.get("DATABASE_URL")
        and named_settings(arguments) == DEVELOPMENT_SETTINGS
        and command not in _COMMANDS_WITHOUT_DATABASE
    )


@contextlib.contextmanager
def _quiet_end() -> Iterator[None]:
    """Ctrl-C ends without a stack trace, wherever it comes."""
    try:
        yield
    except KeyboardInterrupt:
        sys.exit(130)


@contextlib.contextmanager
def _terminated_as_exit() -> Iterator[None]:
    """Let SIGTERM and a closed terminal end the program by SystemExit, so that it cleans up."""

    def end(number: int, frame: FrameType | None) -> None:
        sys.exit(128 + number)

    before = {number: signal.signal(number, end) for number in (signal.SIGTERM, signal.SIGHUP)}
    try:
        yield
    finally:
        for number, handler in before.items():
            signal.signal(number, handler)
