"""Where mutations are played: copies of the working tree, and the servers that tests ask for."""

from __future__ import annotations

import contextlib
import importlib.util
import os
import signal
import subprocess
import sys
import threading
from dataclasses import dataclass
from pathlib import Path
from typing import Self
from urllib.parse import urlsplit, urlunsplit

import psycopg

from devtools.servers.for_tests import TestServers
from tests.mutate.mutation import Mutation
from tests.tracked import copy_tracked

# A migrated database of the tree as it is; runs begin with a copy of it.
UNMUTATED = "unmutated"


@dataclass(frozen=True)
class Run:
    """What pytest did: its exit code, None when its time ran out, and what it said."""

    code: int | None
    output: str


class Processes:
    """What is running now, so that all of it can be ended."""

    def __init__(self) -> None:
        self._running: set[subprocess.Popen[str]] = set()
        self._lock = threading.Lock()
        self._is_over = False

    def run(
        self, command: list[str], *, folder: Path, environment: dict[str, str], seconds: float
    ) -> Run:
        """Run to its end, or to the end of its time: then it and its children are killed."""
        with self._lock:
            if self._is_over:
                return Run(None, "The run was ended.")
            process = subprocess.Popen(
                command,
                cwd=folder,
                env=environment,
                stdin=subprocess.DEVNULL,
                stdout=subprocess.PIPE,
                stderr=subprocess.STDOUT,
                text=True,
                errors="replace",
                start_new_session=True,
            )
            self._running.add(process)
        try:
            output, _ = process.communicate(timeout=seconds)
        except subprocess.TimeoutExpired:
            _end(process)
            output, _ = process.communicate(timeout=30)
            return Run(None, output)
        finally:
            with self._lock:
                self._running.discard(process)
        return Run(process.returncode, output)

    def stop(self) -> None:
        with self._lock:
            self._is_over = True
            running = list(self._running)
        for process in running:
            _end(process)


class Copy:
    """A copy of the tree, in which one mutation at a time is applied."""

    def __init__(self, folder: Path, environment: dict[str, str], processes: Processes) -> None:
        self.folder = folder
        self.environment = environment
        self._processes = processes

    def play(self, mutation: Mutation, *, seconds: float) -> Run:
        """The run of the mutation's tests, which stops at the first that fails. Raises ValueError
        when the mutation does not fit."""
        path = self.folder / mutation.file
        kept = path.read_text()
        mutated = mutation.applied_to(kept)
        try:
            _write(path, mutated)
            self.prepare(fresh=mutation.changes_tables)
            return self.pytest(
                ["-x", *self.options(fresh=mutation.changes_tables), *mutation.tests],
                seconds=seconds,
            )
        finally:
            _write(path, kept)

    def pytest(self, arguments: list[str], *, seconds: float) -> Run:
        command = [sys.executable, "-m", "pytest", "-q", "-rfE", "--tb=short"]
        return self._processes.run(
            [*command, "-p", "no:cacheprovider", *arguments],
            folder=self.folder,
            environment={**os.environ, "COLUMNS": "200", **self.environment},
            seconds=seconds,
        )

    def prepare(self, *, fresh: bool) -> None:
        """Called before each run."""

    def options(self, *, fresh: bool) -> list[str]:
        return []


class CopyWithServers(Copy):
    """One that keeps a database, and asks the shared servers for whatever else its tests want."""

    def __init__(self, folder: Path, number: int, processes: Processes) -> None:
        self.database = f"mutate_{number}"
        self._runs = number
        super().__init__(
            folder,
            {
                "DATABASE_URL": database_url(self.database),
                "DATA_DIR": str(folder.with_name(f"data-{number}")),
            },
            processes,
        )

    def prepare(self, *, fresh: bool) -> None:
        # As a worker process of pytest-xdist would: with virtual hosts of its own, and new ones
        # each time, since a mutation may have declared other queues.
        self.environment["PYTEST_XDIST_WORKER"] = f"gw{self._runs}"
        self._runs += 2
        name = f"test_{self.database}"
        with psycopg.connect(os.environ["DATABASE_URL"], autocommit=True) as connection:
            connection.execute(f'DROP DATABASE IF EXISTS "{name}" WITH (FORCE)')
            if not fresh:
                connection.execute(f'CREATE DATABASE "{name}" TEMPLATE "{UNMUTATED}"')

    def options(self, *, fresh: bool) -> list[str]:
        return ["--create-db"] if fresh else ["--reuse-db"]


class Stage:
    """Two copies of ``tree`` and the servers; both are gone when the context ends."""

    def __init__(self, tree: Path, copies: int = 2) -> None:
        self._tree = tree
        self._count = copies
        self._servers = TestServers()
        self.processes = Processes()
        self.copies: list[Copy] = []

    def __enter__(self) -> Self:
        try:
            self._servers.start()
            for number in range(self._count):
                folder = self._servers.folder / f"copy-{number}"
                copy_tree(self._tree, folder)
                copy = CopyWithServers(folder, number, self.processes)
                # Systems of processes connect to it to make databases of their own.
                create_database(copy.database)
                self.copies.append(copy)
            self._migrate()
        except BaseException:
            self.__exit__()
            raise
        return self

    def __exit__(self, *_: object) -> None:
        self.processes.stop()
        self._servers.stop()

    def _migrate(self) -> None:
        create_database(UNMUTATED)
        done = self.processes.run(
            [sys.executable, "manage.py", "migrate", "--verbosity=0"],
            folder=self.copies[0].folder,
            environment={
                **os.environ,
                "DATABASE_URL": database_url(UNMUTATED),
                "DJANGO_ENV": "development",
            },
            seconds=120,
        )
        if done.code != 0:
            raise RuntimeError(f"The database could not be made.\n{done.output}")


def copy_tree(tree: Path, folder: Path) -> None:
    """Copy what git tracks or would track, as it lies in ``tree`` now."""
    copy_tracked(tree, folder)
    if (tree / ".venv").exists():
        (folder / ".venv").symlink_to((tree / ".venv").resolve())


def create_database(name: str) -> None:
    with psycopg.connect(os.environ["DATABASE_URL"], autocommit=True) as connection:
        connection.execute(f'CREATE DATABASE "{name}" TEMPLATE template0')


def database_url(name: str) -> str:
    """The database ``name`` on the server of this run."""
    return urlunsplit(urlsplit(os.environ["DATABASE_URL"])._replace(path=f"/{name}"))


def _write(path: Path, text: str) -> None:
    """Python tells a compiled module by its size and the second of its change: both may be those of
    the mutation before."""
    path.write_text(text)
    if path.suffix == ".py":
        Path(importlib.util.cache_from_source(str(path))).unlink(missing_ok=True)


def _end(process: subprocess.Popen[str]) -> None:
    for number, seconds in ((signal.SIGTERM, 10), (signal.SIGKILL, 10)):
        with contextlib.suppress(ProcessLookupError):
            os.killpg(process.pid, number)
        with contextlib.suppress(subprocess.TimeoutExpired):
            process.wait(timeout=seconds)
