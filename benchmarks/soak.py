"""``python -m benchmarks.soak``: steady load for half an hour, and nothing may grow.

Every ten seconds it looks at the memory and the open files of each process, at the connections of
the database and at temporary files. It fails when the memory of a process grows by more than a
tenth over the last two thirds of the time. ``--plant-leak`` proves that a leak would be seen: the
application then keeps 20 KB of each request, and a run that does not fail is the failure.
"""

from __future__ import annotations

import argparse
import json
import sys
import tempfile
import time
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from benchmarks import charts, crowd, processes
from benchmarks.growth import Series
from benchmarks.sampling import temporary_files
from benchmarks.servers import Servers
from benchmarks.whole import System
from devtools import seed_large

OUT = Path("docs/performance")
GENERATIONS = 10_000
USERS = 20
EVERY_SECONDS = 10


@dataclass
class Soak:
    series: dict[int, Series] = field(default_factory=dict)
    at: list[float] = field(default_factory=list)
    connections: list[int] = field(default_factory=list)
    temporary: list[int] = field(default_factory=list)

    def look(self, system: System, seconds: float) -> None:
        self.at.append(round(seconds, 1))
        self.connections.append(system.connections())
        self.temporary.append(temporary_files(system.temporary))
        for kind, pids in system.pids().items():
            for pid in pids:
                if found := processes.memory(pid):
                    series = self.series.setdefault(pid, Series(kind))
                    series.at.append(round(seconds, 1))
                    series.memory.append(found.anonymous)
                    series.mapped.append(found.resident - found.anonymous)
                    series.files.append(processes.open_files(pid))

    def lasting(self) -> list[Series]:
        """Of processes that were there nearly all the time."""
        return [each for each in self.series.values() if len(each.at) >= 0.9 * len(self.at)]

    def growing(self) -> list[Series]:
        return [each for each in self.lasting() if each.grows()]

    def as_dict(self) -> dict[str, Any]:
        found = []
        for each in sorted(self.lasting(), key=lambda series: series.kind):
            share, grown = each.growth()
            found.append(
                {
                    "kind": each.kind,
                    "memory_mb": [round(m / 2**20, 1) for m in each.memory],
                    "mapped_mb": [round(m / 2**20, 1) for m in each.mapped],
                    "files": [each.files[0], max(each.files), each.files[-1]],
                    "growth": round(share, 4),
                    "growth_mb": round(grown / 2**20, 2),
                }
            )
        return {
            "at": self.at,
            "connections": self.connections,
            "temporary": self.temporary,
            "processes": found,
        }


def soak(servers: Servers, database: str, *, minutes: float, leak: bool) -> dict[str, Any]:
    application = "benchmarks.leaking:application" if leak else "config.wsgi:application"
    found = Soak()
    with System(servers, database, application=application) as system:
        prefix = system.folder / "soak"
        # A little longer than what is looked at, so that it is the same to the end.
        load = crowd.locust(system, prefix, users=USERS, seconds=60 * minutes + 30)
        time.sleep(15)
        began = time.monotonic()
        while (seconds := time.monotonic() - began) <= 60 * minutes:
            found.look(system, seconds)
            if load.poll() is not None:
                raise RuntimeError(prefix.with_suffix(".log").read_text()[-3000:])
            time.sleep(max(0.0, (len(found.at)) * EVERY_SECONDS - (time.monotonic() - began)))
        system.require_alive()
        load.wait()
        asked = crowd.figures_of(prefix)["all"]
    growing = [each.kind for each in found.growing()]
    return {"minutes": minutes, "leak": leak, "asked": asked, "growing": growing} | found.as_dict()


def main() -> int:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--minutes", type=float, default=30)
    parser.add_argument("--plant-leak", action="store_true")
    parser.add_argument("--out", type=Path, default=OUT)
    arguments = parser.parse_args()
    arguments.out.mkdir(parents=True, exist_ok=True)
    with (
        tempfile.TemporaryDirectory(prefix="style-license-soak-") as folder,
        Servers(Path(folder)) as servers,
    ):
        with servers.connect() as connection:
            connection.execute("CREATE DATABASE soak")
        servers.manage(servers.environment("soak"), "migrate", "--verbosity=0")
        seed_large.seed(servers.url("soak"), GENERATIONS)
        found = soak(servers, "soak", minutes=arguments.minutes, leak=arguments.plant_leak)
    name = "soak-planted" if arguments.plant_leak else "soak"
    (arguments.out / f"{name}.json").write_text(json.dumps(found) + "\n")
    charts.soak(found, arguments.out / f"{name}.svg")
    growing, errors = found["growing"], found["asked"]["errors"]
    sys.stdout.write(
        f"{found['asked']['requests']} requests, {errors} errors;"
        f" growing: {', '.join(growing) or 'nothing'}\n"
    )
    if arguments.plant_leak:
        return 0 if "web" in growing else 1
    return 1 if growing or errors else 0


if __name__ == "__main__":
    sys.exit(main())
