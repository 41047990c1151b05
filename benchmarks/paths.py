"""Every path, on tables of one size: ours and bare in turn, at several numbers of clients."""

from __future__ import annotations

import dataclasses
import json
from collections.abc import Iterator
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass
from typing import Any

from benchmarks import figures
from benchmarks.cases import Case, Request, all_cases
from benchmarks.compare import differences, over_http
from benchmarks.load import LoadError, Meter, Rival
from benchmarks.prepare import Database
from benchmarks.servers import Servers, Web, run

OURS, BARE = "config.wsgi:application", "benchmarks.bare:application"


@dataclass(frozen=True)
class Effort:
    """How long it is measured: seconds of a round, and rounds of each program with as many clients
    as the marks are about, on the largest tables. Of all else there are half as many."""

    seconds: float = 2.0
    rounds: int = 6

    def rounds_of(self, clients: int, *, flat_only: bool) -> int:
        is_judged = clients == figures.JUDGED and not flat_only
        return self.rounds if is_judged else max(1, self.rounds // 2)


class Site:
    """The programs over one database: ours with and without the page cache, and bare."""

    def __init__(self, servers: Servers, name: str, environment: dict[str, str], stack: ExitStack):
        folder = servers.folder
        self.servers = servers
        self.environment = environment
        self.database = Database(environment)
        self.cases = all_cases(self.database)
        fresh = environment | {"PAGE_CACHE_SECONDS": "0"}
        self.ours = stack.enter_context(Web("ours", OURS, fresh, folder))
        self.cached = stack.enter_context(Web("cached", OURS, environment, folder))
        self.bare = stack.enter_context(Web("bare", BARE, environment, folder))
        for web in (self.ours, self.cached, self.bare):
            web.wait()
        self.meter = Meter(servers, name)
        stack.callback(self.meter.close)

    def case(self, name: str) -> Case:
        return next(case for case in self.cases if case.name == name)

    def rivals(self, case: Case) -> list[Rival]:
        """Who takes part, in the order in which ``figures.summed_up`` expects them."""
        mine = self.cached if case.cached else self.ours
        rivals = [(mine, self._conditional(case) if case.conditional else case), (self.bare, case)]
        if case.against:
            rivals.append((self.ours, self.case(case.against)))
        return rivals

    def _conditional(self, case: Case) -> Case:
        """The case as it is asked by somebody who has the answer already."""
        (request,) = case.make(1)
        ask = over_http(self.cached.url)
        tag = ask(request).headers.get("etag", "")
        again = dataclasses.replace(request, more=(("If-None-Match", tag),))
        if ask(again).status != 304:
            raise LoadError(f"{case.title} is not answered with 304.")

        def make(_: int) -> list[Request]:
            return [again]

        return dataclasses.replace(case, make=make)

    def require_same_answers(self) -> None:
        """Raises LoadError when bare does anything otherwise than we do."""
        # What was prepared since, by SQL alone, no cache knows of.
        self.servers.empty_cache()
        bare = over_http(self.bare.url)
        found = []
        for case in sorted(self.cases, key=lambda case: case.writes):
            mine = over_http((self.cached if case.cached else self.ours).url)
            found += differences(case, mine, bare, self.database)
        if found:
            raise LoadError("Bare does not do the same:\n" + "\n".join(found[:20]))


@contextmanager
def site(servers: Servers, name: str) -> Iterator[Site]:
    servers.empty_cache()
    with ExitStack() as stack:
        yield Site(servers, name, servers.environment(name), stack)


def measure(site: Site, effort: Effort, *, flat_only: bool, say: Any) -> dict[str, Any]:
    """``{case: {clients: figures}}``; only what is measured at every size when ``flat_only``."""
    site.require_same_answers()
    found: dict[str, Any] = {}
    for case in site.cases:
        if flat_only and not case.flat:
            continue
        found[case.name] = {}
        for clients in (figures.JUDGED,) if flat_only else figures.CLIENTS:
            turns = site.meter.rounds(
                site.rivals(case),
                clients=clients,
                seconds=effort.seconds,
                count=effort.rounds_of(clients, flat_only=flat_only),
            )
            one = figures.summed_up(turns)
            found[case.name][str(clients)] = one
            mine, its = one["ours"], one["bare"]
            say(
                f"{case.title:28} {clients:3} clients:"
                f" ours {mine['rate']:6.0f}/s {mine['cpu']:5.2f} ms,"
                f" bare {its['rate']:6.0f}/s {its['cpu']:5.2f} ms;"
                f" share {one['rate'][0]:.2f}, by CPU {one['cpu'][0]:.2f},"
                f" statements {mine['statements']:.2f}, busy {mine['busy']:.2f}"
            )
    return found


def inside(site: Site) -> dict[str, Any]:
    """What ``benchmarks.inside`` sees of each path: statements and bytes."""
    found: dict[str, Any] = json.loads(run(site.environment, "-m", "benchmarks.inside"))
    return found


def deadlocks(site: Site) -> int:
    """How many the database has had to break since it was made."""
    ((count,),) = site.database.rows(
        "SELECT deadlocks FROM pg_stat_database WHERE datname = current_database()"
    )
    return int(count)
