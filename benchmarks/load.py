"""Rounds of load: wrk asks one program for a few seconds, and what it cost is read beside it."""

from __future__ import annotations

import json
import os
import shutil
import subprocess
import tempfile
import time
from collections.abc import Iterable, Sequence
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any

from benchmarks import processes
from benchmarks.cases import Case, Request
from benchmarks.servers import Servers, Web
from devtools.servers.packages import ensure_installed

SCRIPT = Path(__file__).with_name("wrk.lua")
SEPARATOR = b"\x1e"
# More than either program answers; what is sent once only has to suffice for a round.
ONCE_A_SECOND = 8000
COUNTED = """
    WITH asked AS (
        SELECT query, calls, total_exec_time FROM pg_stat_statements s
        JOIN pg_database d ON d.oid = s.dbid WHERE d.datname = %s
    )
    SELECT COALESCE(SUM(calls) FILTER (WHERE query !~* %s), 0),
        COALESCE(SUM(calls) FILTER (WHERE query ~* '^commit'), 0),
        COALESCE(SUM(total_exec_time), 0) / 1000
    FROM asked"""
# What begins and ends transactions and connections, and PostgreSQL's own checks of foreign keys.
NOT_COUNTED = "^(begin|commit|rollback|set|show|deallocate|select pg_stat)|OPERATOR.pg_catalog"

UNDER_WAY = """
    SELECT COUNT(*) FROM pg_stat_activity
    WHERE datname = %s AND pid <> pg_backend_pid() AND state <> 'idle'"""
# For how long nothing may happen until a round is over, and how long that may take.
SETTLED_SECONDS, SETTLED_WITHIN = 0.1, 60.0


class LoadError(RuntimeError):
    """Something was not answered, or not well: the figures would mean nothing."""


@dataclass(frozen=True)
class Round:
    """One program under load. Latencies in ms; CPU and database time in seconds of the round."""

    program: str
    clients: int
    requests: int
    seconds: float
    p50: float
    p95: float
    p99: float
    bytes: int
    web_cpu: float
    database_cpu: float
    statements: int
    commits: int
    executing: float
    # Shares of all cores: busy with anything, and taken away by the machine below.
    busy: float
    stolen: float

    @property
    def rate(self) -> float:
        return self.requests / self.seconds

    @property
    def cpu(self) -> float:
        """Web CPU of one request, in ms."""
        return 1000 * self.web_cpu / self.requests

    def as_dict(self) -> dict[str, Any]:
        return asdict(self) | {"rate": self.rate, "cpu": self.cpu}


class Meter:
    """Measures programs over one database."""

    def __init__(self, servers: Servers, database: str) -> None:
        self.servers = servers
        self.database = database
        self._wrk = ensure_installed("wrk", _find_wrk)
        self._connection = servers.connect(database)
        self._connection.execute("CREATE EXTENSION IF NOT EXISTS pg_stat_statements")

    def close(self) -> None:
        self._connection.close()

    def round(self, web: Web, case: Case, *, clients: int, seconds: float) -> Round:
        """Raises LoadError for any answer that is not a good one."""
        count = int(seconds * ONCE_A_SECOND) if case.once else 2000
        requests = case.make(count)
        self._connection.execute("SELECT pg_stat_statements_reset()")
        web_pids = web.pids
        machine = processes.machine()
        web_before, database_before = self._cpu(web)
        answered = self._drive(web, requests, clients=clients, seconds=seconds)
        web_after, database_after = self._cpu(web)
        busy, stolen = processes.machine().since(machine)
        counted = self._connection.execute(COUNTED, [self.database, NOT_COUNTED]).fetchone()
        assert counted is not None
        self._settle(web)
        if set(web.pids) != set(web_pids):
            raise LoadError(f"{web.name}: a process was replaced during {case.title}.")
        # First: those that are sent again are refused.
        if case.once and answered["requests"] + clients >= len(requests):
            raise LoadError(f"{case.title}: {len(requests)} requests did not suffice.")
        if answered["refused"] or answered["broken"] or not answered["requests"]:
            raise LoadError(f"{web.name} did not answer all of {case.title}: {answered}")
        return Round(
            program=web.name,
            clients=clients,
            requests=answered["requests"],
            seconds=answered["seconds"],
            p50=answered["p50"],
            p95=answered["p95"],
            p99=answered["p99"],
            bytes=answered["bytes"] // answered["requests"],
            web_cpu=web_after - web_before,
            database_cpu=database_after - database_before,
            statements=int(counted[0]),
            commits=int(counted[1]),
            executing=float(counted[2]),
            busy=busy,
            stolen=stolen,
        )

    def warm_up(self, web: Web, case: Case, *, clients: int) -> None:
        """Nothing is expected of it: a disk may stall for as long, and not in the next one."""
        self._drive(
            web, case.make(ONCE_A_SECOND if case.once else 2000), clients=clients, seconds=1
        )
        self._settle(web)

    def _cpu(self, web: Web) -> tuple[float, float]:
        """Of the web processes and of the database, those that have ended included."""
        postmaster = self.servers.postgres.pid
        assert postmaster is not None
        return processes.family_cpu_seconds(web.pid), processes.family_cpu_seconds(postmaster)

    def _settle(self, web: Web) -> None:
        """Wait until nothing is under way any more.

        wrk leaves with a request of every client unanswered. They are worked through all the same,
        and would take CPU time and locks from the next round, which is the other program's.
        """
        deadline = time.monotonic() + SETTLED_WITHIN
        while time.monotonic() < deadline:
            before = processes.family_cpu_seconds(web.pid)
            time.sleep(SETTLED_SECONDS)
            spent = processes.family_cpu_seconds(web.pid) - before
            row = self._connection.execute(UNDER_WAY, [self.database]).fetchone()
            if row == (0,) and spent <= 2 / processes.TICKS:
                return
        raise LoadError(f"{web.name} is still at work {SETTLED_WITHIN} s after the round.")

    def _drive(
        self, web: Web, requests: Iterable[Request], *, clients: int, seconds: float
    ) -> dict[str, Any]:
        with tempfile.NamedTemporaryFile(prefix="bench-requests-") as file:
            file.write(SEPARATOR.join(request.raw() for request in requests))
            file.flush()
            done = subprocess.run(  # noqa: S603 (our own command line)
                [
                    *(str(self._wrk), "--threads", "1", "--connections", str(clients)),
                    *("--duration", f"{max(1, round(seconds))}s", "--timeout", "30s"),
                    *("--script", str(SCRIPT), web.url),
                ],
                env=os.environ | {"BENCH_REQUESTS": file.name},
                capture_output=True,
                text=True,
                check=False,
            )
        if done.returncode != 0:
            raise LoadError(f"wrk failed: {done.stdout}{done.stderr}")
        answered: dict[str, Any] = json.loads(done.stdout.strip().splitlines()[-1])
        return answered


@dataclass(frozen=True)
class Rival:
    """A program, what it is asked for, and what measures it, over the same database."""

    meter: Meter
    web: Web
    case: Case


def in_turn(
    rivals: Sequence[Rival], *, clients: int, seconds: float, count: int
) -> list[list[Round]]:
    """``count`` times a round of each, in turn, after a short one of each to warm up."""
    for each in rivals:
        each.meter.warm_up(each.web, each.case, clients=clients)
    return [
        [each.meter.round(each.web, each.case, clients=clients, seconds=seconds) for each in rivals]
        for _ in range(count)
    ]


def _find_wrk() -> Path | None:
    found = shutil.which("wrk")
    return Path(found) if found else None
