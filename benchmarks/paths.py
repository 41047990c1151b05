"""Every path: ours and bare in turn, with several numbers of clients or on tables of all sizes."""

from __future__ import annotations

import dataclasses
import json
from collections.abc import Iterable, Iterator, Mapping
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass
from functools import cached_property
from pathlib import Path
from typing import Any

from benchmarks import figures, tables
from benchmarks.cases import Case, Request, all_cases
from benchmarks.compare import differences, over_http
from benchmarks.load import LoadError, Meter, Rival, in_turn
from benchmarks.prepare import Database
from benchmarks.servers import PROJECT, Server, Servers, Web, run

OURS, BARE = "config.wsgi:application", "benchmarks.bare:application"


@dataclass(frozen=True)
class Effort:
    """How long it is measured: seconds of a round, and rounds of each program, with as many clients
    as the marks are about.

    Many short rounds rather than few long ones: two next to each other are then close in time, and
    the median stands some that were disturbed. Eight of a second make about 13 minutes for all
    paths, and 9 for four sizes. With other numbers of clients nothing is judged, and two have to
    do; they are longer, as of many clients some wait for a second to be accepted.
    """

    seconds: float = 1.0
    rounds: int = 8

    def rounds_of(self, clients: int) -> int:
        return self.rounds if clients == figures.JUDGED else min(2, self.rounds)

    def seconds_of(self, clients: int) -> float:
        return self.seconds if clients == figures.JUDGED else 2 * self.seconds


class Version:
    """A version of the program over one database, with the page cache and without it.

    Each starts when it is first asked for: few cases need the cache.
    """

    def __init__(
        self,
        name: str,
        database: str,
        environment: dict[str, str],
        folder: Path,
        stack: ExitStack,
        *,
        server: Server = Server.GRANIAN,
        code: Path = PROJECT,
    ) -> None:
        self.database = database
        self._name, self._server, self._code = name, server, code
        self._environment, self._folder, self._stack = environment, folder, stack

    def web(self, case: Case) -> Web:
        """What answers this case."""
        return self.cached if case.cached else self.plain

    @cached_property
    def plain(self) -> Web:
        return self._start(self._name, {"PAGE_CACHE_SECONDS": "0"})

    @cached_property
    def cached(self) -> Web:
        return self._start(f"{self._name}-cached", {})

    def _start(self, name: str, more: dict[str, str]) -> Web:
        environment = self._environment | more
        web = self._stack.enter_context(
            Web(name, OURS, environment, self._folder, server=self._server, code=self._code)
        )
        web.wait()
        return web


class Site:
    """The programs over one database: ours with and without the page cache, and bare."""

    def __init__(self, servers: Servers, name: str, environment: dict[str, str], stack: ExitStack):
        self.servers = servers
        self.environment = environment
        self.database = Database(environment)
        self.cases = all_cases(self.database)
        # Other sites may be open at the same time, with logs and metrics of the same names.
        self._folder = servers.folder / name
        self._folder.mkdir(exist_ok=True)
        self._name, self._stack = name, stack
        self.ours = self.version("ours", Server.GRANIAN)
        self.bare = stack.enter_context(Web("bare", BARE, environment, self._folder))
        self.bare.wait()
        self.meter = Meter(servers, name)
        stack.callback(self.meter.close)

    def version(self, name: str, server: Server) -> Version:
        """Ours, under this server."""
        environment, folder = self.environment, self._folder
        return Version(name, self._name, environment, folder, self._stack, server=server)

    def case(self, name: str) -> Case:
        return next(case for case in self.cases if case.name == name)

    def ours_and_bare(self, case: Case) -> list[Rival]:
        asked = self._conditional(case) if case.conditional else case
        return [
            Rival(self.meter, self.ours.web(case), asked),
            Rival(self.meter, self.bare, case),
        ]

    def rivals(self, case: Case) -> list[Rival]:
        """Who takes part, in the order in which ``figures.summed_up`` expects them."""
        rivals = self.ours_and_bare(case)
        if case.against:
            rivals.append(Rival(self.meter, self.ours.plain, self.case(case.against)))
        return rivals

    def _conditional(self, case: Case) -> Case:
        """The case as it is asked by somebody who has the answer already."""
        (request,) = case.make(1)
        ask = over_http(self.ours.cached.url)
        tag = ask(request).headers.get("etag", "")
        again = dataclasses.replace(request, more=(("If-None-Match", tag),))
        if ask(again).status != 304:
            raise LoadError(f"{case.title} is not answered with 304.")

        def make(_: int) -> list[Request]:
            return [again]

        return dataclasses.replace(case, make=make)

    def require_same_answers(self, cases: Iterable[Case]) -> None:
        """Raises LoadError when bare does anything of these otherwise than we do."""
        # What was prepared since, by SQL alone, no cache knows of.
        self.servers.empty_cache()
        bare = over_http(self.bare.url)
        found = []
        for case in sorted(cases, key=lambda case: case.writes):
            mine = over_http(self.ours.web(case).url)
            found += differences(case, mine, bare, self.database)
        if found:
            raise LoadError("Bare does not do the same:\n" + "\n".join(found[:20]))


@contextmanager
def site(servers: Servers, name: str) -> Iterator[Site]:
    """The programs over the database of this name, with nothing in the cache that all share."""
    servers.empty_cache()
    with ExitStack() as stack:
        yield Site(servers, name, servers.environment(name), stack)


def measure(site: Site, effort: Effort, say: Any) -> dict[str, Any]:
    """``{case: {clients: figures}}``"""
    site.require_same_answers(site.cases)
    found: dict[str, Any] = {}
    for case in site.cases:
        found[case.name] = {}
        for clients in figures.CLIENTS:
            turns = in_turn(
                site.rivals(case),
                clients=clients,
                seconds=effort.seconds_of(clients),
                count=effort.rounds_of(clients),
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


def over_sizes(sites: Mapping[int, Site], effort: Effort, say: Any) -> dict[str, Any]:
    """``{case: figures}`` of what is to be flat. ``sites``: by their size, the smallest first.

    A turn goes over all sizes: measured one after the other, minutes apart, the machine's speed
    would decide.
    """
    for each in sites.values():
        each.require_same_answers(case for case in each.cases if case.flat)
    smallest = next(iter(sites.values()))
    found: dict[str, Any] = {}
    for case in (case for case in smallest.cases if case.flat):
        # Each database has requests of its own for the same case.
        rivals = [
            rival for each in sites.values() for rival in each.ours_and_bare(each.case(case.name))
        ]
        turns = in_turn(rivals, clients=figures.JUDGED, seconds=effort.seconds, count=effort.rounds)
        found[case.name] = one = figures.over_sizes(list(sites), turns)
        say(
            f"{case.title:28} growth {tables.spread(one['growth'])},"
            f" bare's {tables.spread(one['bare_growth'])}"
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
