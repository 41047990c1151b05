"""``python -m benchmarks.report``: measure everything in one run, and write docs/performance.md.

Each stage puts what it found into figures.json beside the charts, so that the page can be written
again (``--stages write``) and a stage run again by itself.
"""

from __future__ import annotations

import argparse
import json
import os
import platform
import shutil
import sys
import tempfile
import time
from collections.abc import Callable
from contextlib import ExitStack
from datetime import UTC, datetime
from pathlib import Path
from typing import Any
from urllib.parse import urlsplit, urlunsplit

from benchmarks import charts, crowd, earlier, plans, profiles, upload, versions, writing
from benchmarks.figures import CLIENTS, Told
from benchmarks.paths import Effort, Site, Version, deadlocks, inside, measure, over_sizes, site
from benchmarks.servers import CHANGES, POSTGRES_SETTINGS, WEB_PROCESSES, Server, Servers
from benchmarks.servers import run as program
from devtools import seed_large

PAGE = Path("docs/performance.md")
STAGES = ("paths", "versions", "sizes", "profiles", "upload", "worker", "whole", "write")
PROFILED_SECONDS = 8
# At most so many uploads, and five times as many pictures by the worker: both are steadier.
UPLOAD_ROUNDS = 6
# The crowd stays for as long as so many rounds.
WHOLE_ROUNDS = 60


class Run:
    """One run: its servers, what was asked for, and what has been found so far."""

    def __init__(self, arguments: argparse.Namespace, servers: Servers | None) -> None:
        self.arguments = arguments
        self._servers = servers
        self.charts = arguments.out.with_suffix("")
        self.charts.mkdir(parents=True, exist_ok=True)
        self.file = self.charts / "figures.json"
        self.found: dict[str, Any] = json.loads(self.file.read_text()) if self.file.exists() else {}
        self.effort = Effort(arguments.seconds, arguments.rounds)
        # The smallest first.
        self.sizes: list[int] = arguments.sizes
        self.largest = max(self.sizes)

    @property
    def servers(self) -> Servers:
        assert self._servers is not None
        return self._servers

    def keep(self, name: str, found: Any) -> None:
        self.found[name] = found
        text = json.dumps(self.found, indent=1, ensure_ascii=False)
        self.file.write_text(f"{text}\n")

    def database(self, size: int, use: str = "bench") -> str:
        """The name of a database of ``size`` generations, which is seeded if it is not there."""
        name = f"{use}_{size}"
        with self.servers.connect() as connection:
            known = connection.execute("SELECT 1 FROM pg_database WHERE datname = %s", [name])
            is_there = known.fetchone() is not None
            if not is_there:
                connection.execute(f"CREATE DATABASE {name}_new")
        if is_there:
            # The program may have changed since it was seeded.
            self.servers.manage(self.servers.environment(name), "migrate", "--verbosity=0")
            return name
        say(f"Seeding {size:,} generations.")
        self.servers.manage(self.servers.environment(f"{name}_new"), "migrate", "--verbosity=0")
        seeded = seed_large.seed(self.servers.url(f"{name}_new"), size)
        with self.servers.connect() as connection:
            connection.execute(f"ALTER DATABASE {name}_new RENAME TO {name}")
        say(f"Seeded in {seeded.seconds:.0f} s.")
        all_seeded = self.found.get("seeded", {})
        all_seeded[str(size)] = {"seconds": round(seeded.seconds, 1), "rows": seeded.rows}
        self.keep("seeded", all_seeded)
        return name


def measure_paths(run: Run) -> None:
    run.keep("machine", _machine(run))
    name = run.database(run.largest)
    with site(run.servers, name) as here:
        before = deadlocks(here)
        run.keep("cases", [case.as_dict() for case in map(Told.of, here.cases)])
        _look_inside(run, here)
        run.keep("paths", {str(run.largest): measure(here, run.effort, say)})
        run.keep("deadlocks", deadlocks(here) - before)
    books = run.servers.manage(run.servers.environment(name), "audit_ledger").strip()
    run.keep("books", books)


def measure_versions(run: Run) -> None:
    """Ours and bare beside an earlier version, which has a database of the same size."""
    code = earlier.checked_out(run.servers.folder / "earlier")
    name, its_name = run.database(run.largest), f"earlier_{run.largest}"
    # Of its own, as another version may have left something else under the same key.
    redis_url = urlunsplit(urlsplit(run.servers.redis.url)._replace(path="/1"))
    environment = run.servers.environment(its_name, REDIS_URL=redis_url)
    _fill_earlier(run, code, its_name)
    with site(run.servers, name) as here, ExitStack() as stack:
        if "cases" not in run.found:
            run.keep("machine", _machine(run))
            run.keep("cases", [case.as_dict() for case in map(Told.of, here.cases)])
        log = code.with_name("earlier-requests.log")
        requests = stack.enter_context(earlier.Requests(code, environment, log))
        folder = code.parent
        its = Version(
            "earlier", its_name, environment, folder, stack, server=Server.GUNICORN, code=code
        )
        found = versions.measure(here, its, requests, run.effort, say)
    run.keep("versions", {"commit": earlier.COMMIT, "size": run.largest, "cases": found})


def _fill_earlier(run: Run, code: Path, name: str) -> None:
    with run.servers.connect() as connection:
        known = connection.execute("SELECT 1 FROM pg_database WHERE datname = %s", [name])
        if known.fetchone() is not None:
            return
        say(f"Seeding {run.largest:,} generations by {earlier.COMMIT}.")
        connection.execute(f"CREATE DATABASE {name}_new")
        earlier.fill(code, run.servers.environment(f"{name}_new"), run.largest)
        connection.execute(f"ALTER DATABASE {name}_new RENAME TO {name}")


def measure_sizes(run: Run) -> None:
    if len(run.sizes) < 2:
        say("Tables of one size alone do not grow.")
        run.keep("sizes", {})
        return
    names = {size: run.database(size) for size in run.sizes}
    with ExitStack() as stack:
        sites = {size: stack.enter_context(site(run.servers, name)) for size, name in names.items()}
        run.keep("sizes", over_sizes(sites, run.effort, say))


def _look_inside(run: Run, here: Site) -> None:
    """Statements and bytes of each path, and the plans of what it runs."""
    found = inside(here)
    with here.database.connect() as connection:
        run.keep("plans", {name: plans.explained(connection, each) for name, each in found.items()})
    for each in found.values():
        del each["sql"], each["prepared"]
    run.keep("inside", found)


def measure_profiles(run: Run) -> None:
    with site(run.servers, run.database(run.largest)) as here:
        try:
            run.keep("profiles", profiles.measure(here, PROFILED_SECONDS, say))
        except profiles.NotAllowedError as error:
            # The rest can be measured all the same; the page tells.
            say(str(error))
            run.keep("profiles", {})


def measure_upload(run: Run) -> None:
    # In a database of its own: the styles that are uploaded stay, and cannot be ordered from.
    with site(run.servers, run.database(min(run.sizes), "upload")) as here:
        run.keep("upload", upload.measure(here, min(UPLOAD_ROUNDS, run.effort.rounds), say))


def measure_worker(run: Run) -> None:
    """In a process of its own: the networks use all cores, and their memory stays theirs."""
    rounds = str(5 * min(UPLOAD_ROUNDS, run.effort.rounds))
    environment = run.servers.environment("postgres")
    found = json.loads(program(environment, "-m", "benchmarks.drawing", "--rounds", rounds))
    say(f"worker: {found}")
    run.keep("worker", found)


def measure_whole(run: Run) -> None:
    seconds = max(10, round(WHOLE_ROUNDS * run.effort.seconds))
    name = run.database(run.largest)
    run.keep("whole", crowd.measure(run.servers, name, seconds, say))


def write(run: Run) -> None:
    soak = run.charts / "soak.json"
    if soak.exists():
        run.found["soak"] = json.loads(soak.read_text())
    charts.draw(run.found, run.charts)
    run.arguments.out.write_text(writing.page(run.found, run.charts.name))
    say(f"Written: {run.arguments.out}")


def _machine(run: Run) -> dict[str, Any]:
    with run.servers.connect() as connection:
        row = connection.execute("SHOW server_version").fetchone()
    model = [
        line.partition(":")[2].strip()
        for line in Path("/proc/cpuinfo").read_text().splitlines()
        if line.startswith("model name")
    ]
    return {
        "day": datetime.now(UTC).strftime("%Y-%m-%d"),
        "cores": len(os.sched_getaffinity(0)),
        "processor": model[0] if model else platform.machine(),
        "memory_gb": round(os.sysconf("SC_PAGE_SIZE") * os.sysconf("SC_PHYS_PAGES") / 1e9),
        "python": platform.python_version(),
        "postgresql": str(row[0]).split()[0] if row else "",
        "settings": POSTGRES_SETTINGS,
        "changes": CHANGES,
        "web_processes": WEB_PROCESSES,
        "sizes": run.sizes,
        "rounds": {
            str(clients): [run.effort.rounds_of(clients), run.effort.seconds_of(clients)]
            for clients in CLIENTS
        },
        "load_before": round(os.getloadavg()[0], 2),
    }


def say(text: str) -> None:
    sys.stdout.write(f"{text}\n")
    sys.stdout.flush()


def main() -> None:
    arguments = _parse()
    stages: dict[str, Callable[[Run], None]] = dict(
        zip(
            STAGES,
            (
                *(measure_paths, measure_versions, measure_sizes, measure_profiles),
                *(measure_upload, measure_worker, measure_whole, write),
            ),
            strict=True,
        )
    )
    began = time.monotonic()
    keep = arguments.folder is not None
    folder = arguments.folder or Path(tempfile.mkdtemp(prefix="style-license-bench-"))
    try:
        if arguments.stages == ["write"]:
            stages["write"](Run(arguments, None))
            return
        with Servers(folder) as servers:
            run = Run(arguments, servers)
            for name in arguments.stages:
                say(f"=== {name}")
                stages[name](run)
    finally:
        if not keep:
            shutil.rmtree(folder, ignore_errors=True)
    say(f"Done in {(time.monotonic() - began) / 60:.0f} minutes.")


def _parse() -> argparse.Namespace:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--sizes", type=_sizes, default=_sizes("1000,10000,100000,1000000"))
    parser.add_argument("--out", type=Path, default=PAGE)
    parser.add_argument("--seconds", type=float, default=Effort.seconds, help="of a round")
    parser.add_argument("--rounds", type=int, default=Effort.rounds, help="of each program")
    parser.add_argument("--stages", type=_stages, default=list(STAGES))
    parser.add_argument("--folder", type=Path, help="keep the databases here, for another run")
    return parser.parse_args()


def _stages(text: str) -> list[str]:
    names = text.split(",")
    if unknown := set(names) - set(STAGES):
        raise argparse.ArgumentTypeError(f"no such stage: {', '.join(sorted(unknown))}")
    return names


def _sizes(text: str) -> list[int]:
    return sorted({int(size) for size in text.split(",")})


if __name__ == "__main__":
    main()
