"""What ``manage.py`` prepares before Django reads its settings."""

import contextlib
import os
import signal
import sys
from collections.abc import Iterator, Sequence
from pathlib import Path
from types import FrameType

from app.utils.servers.postgres import PrivatePostgres
from app.utils.servers.process import ServerError

SETTINGS = "config.settings"
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
def local_database(arguments: Sequence[str], project: Path) -> Iterator[None]:
    """Within, DATABASE_URL is set: to a private PostgreSQL, unless one was named before.

    ``arguments`` is the command line. A setting in ``project/.env`` counts as named.
    """
    if not _needs_private_database(arguments, project):
        yield
        return
    server = PrivatePostgres(data_dir(project))
    with _terminated_as_exit():
        try:
            os.environ["DATABASE_URL"] = server.start()
        except ServerError as error:
            sys.exit(f"The database does not start. {error}")
        try:
            yield
        finally:
            server.stop()


def data_dir(project: Path) -> Path:
    return Path(os.environ.get("DATA_DIR") or project / ".data").absolute()


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


def _needs_private_database(arguments: Sequence[str], project: Path) -> bool:
    if os.environ.get("DATABASE_URL") or _settings_module(arguments) != SETTINGS:
        return False
    if command_name(arguments) in _COMMANDS_WITHOUT_DATABASE:
        return False
    with contextlib.suppress(OSError):
        lines = (project / ".env").read_text().splitlines()
        return not any(
            line.strip().removeprefix("export ").startswith("DATABASE_URL=") for line in lines
        )
    return True


def _settings_module(arguments: Sequence[str]) -> str:
    module = os.environ.get("DJANGO_SETTINGS_MODULE", SETTINGS)
    for word, following in zip(arguments, [*arguments[1:], ""], strict=True):
        if word == "--settings":
            module = following
        elif word.startswith("--settings="):
            module = word.partition("=")[2]
    return module


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
