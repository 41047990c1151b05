"""docs/performance.md, from figures.json alone: what is not in the figures is not on the page."""

from __future__ import annotations

import re
import textwrap

from benchmarks import tables
from benchmarks.figures import JUDGED, Figures

WIDTH = 100
# Their statements are those of another path, or none.
SAME_PLANS = {"generate_one", "feed_cached", "feed_304", "popular_cached"}


def page(found: Figures, folder: str) -> str:
    """``folder``: where the charts are, as seen from the page."""
    parts = [_opening()]
    if "paths" in found:
        parts += [_machine(found), _marks(found, folder), _rates(found, folder)]
    if tables.versions(found):
        parts.append(_versions(found))
    if found.get("sizes"):
        parts.append(_sizes(found, folder))
    if "plans" in found:
        parts.append(_plans(found))
    if "profiles" in found:
        parts.append(_profiles(found))
    if "upload" in found:
        parts.append(_upload(found["upload"]))
    if "worker" in found:
        parts.append(_worker(found["worker"]))
    if "whole" in found:
        parts.append(_whole(found["whole"]))
    if "soak" in found:
        parts.append(_soak(found["soak"], folder))
    return _wrapped("\n\n".join([*parts, _how_to_run()])) + "\n"


def _wrapped(text: str) -> str:
    """Paragraphs wrapped again: what was put in has changed the lengths of their lines."""
    parts = re.split(r"(^```.*?^```$)", text, flags=re.MULTILINE | re.DOTALL)
    for at in range(0, len(parts), 2):
        blocks = parts[at].split("\n\n")
        parts[at] = "\n\n".join(
            block if block.lstrip("\n")[:1] in set("#|<!-") else _filled(block) for block in blocks
        )
    return "".join(parts)


def _filled(block: str) -> str:
    return textwrap.fill(block, WIDTH, break_long_words=False, break_on_hyphens=False)


def _opening() -> str:
    return """# Performance

<!-- Written by `make bench` from performance/figures.json; changes made here are lost. -->

How much of the machine goes into answering, and how much into us. Machines differ and are shared,
so hardly any figure here is a time by itself: each path is measured in turn with *bare*, the least
program that gives the same answers ([benchmarks/bare.py](../benchmarks/bare.py): WSGI, one
hand-written statement by psycopg, orjson; no framework, no checks beyond looking up the session).
A share of 0.50 means half as many requests a second as bare. Before it is measured, bare has to
answer the same bytes, headers included, and to write the same rows.

How long people on a phone wait for a page, and how much they fetch for it, is in [first
looks](performance/first-looks.md)."""


def _machine(found: Figures) -> str:
    machine = found["machine"]
    settings = ", ".join(f"`{name}={value}`" for name, value in machine["settings"].items())
    changed = "\n".join(f"- {change};" for change in machine["changes"])
    rounds = ", ".join(
        f"{count} of {seconds:g} s with {clients}"
        for clients, (count, seconds) in machine["rounds"].items()
    )
    return f"""## What was measured, and how

{machine["day"]}, {machine["cores"]} cores ({machine["processor"]}), {machine["memory_gb"]} GB;
Python {machine["python"]}, PostgreSQL {machine["postgresql"]} with {settings}.
Everything shares these cores: wrk, web processes, PostgreSQL, Redis. The machine's load before it
began was {machine["load_before"]}.

Both programs run as production does, by `python -m serving`: {machine["web_processes"]} processes
of 4 threads each, over the same seeded database. Other than in production,

{changed}
- the page cache is off (`PAGE_CACHE_SECONDS=0`) except where a path says that it is from cache.

A round is a while of wrk, after one that warms up; ours and bare take turns. Rounds of each, by the
number of clients: {rounds}. A share is that of two rounds next to each other; given are the median
and, in brackets, the least and the most. CPU is user and system time of all processes of a kind by
the requests answered, those included that ended meanwhile. A round is not over until what wrk left
unanswered has been worked through. Any answer that is not a good one fails the run. Statements
leave out what begins and ends transactions."""


def _marks(found: Figures, folder: str) -> str:
    size = int(max(found["paths"], key=int))
    missed = tables.misses(found)
    word = f"Missed: {'; '.join(missed)}." if missed else "All of them were met."
    text = f"""## The marks

With {size:,} pictures and {JUDGED} clients. {word}

{tables.marks(found)}

![Share of bare's requests a second, by path]({folder}/shares.svg)"""
    others = [
        (title, mark, value, tables.emphasized(verdict))
        for title, mark, value, verdict in tables.other_marks(found)
    ]
    if others:
        text += f"\n\n{tables.table(('beside the paths', 'mark', 'found', 'verdict'), others)}"
    if "deadlocks" in found:
        text += f"\n\nDeadlocks in all of these rounds: {found['deadlocks']}."
    if "books" in found:
        text += f" The ledger after them: {found['books'].splitlines()[-1]}"
    return text


def _rates(found: Figures, folder: str) -> str:
    text = f"""## Rates and times

Ours / bare's, with {int(max(found["paths"], key=int)):,} pictures. How busy the cores were counts
everything on the machine: where it stays below 90 %, the program waited (for a lock, for the disk,
for the next request) and requests a second say less than CPU does. Bytes are those of headers and
body.

![Requests a second and p95 over the number of clients]({folder}/over-clients.svg)"""
    for clients in tables.all_clients(found):
        noun = "client" if clients == 1 else "clients"
        text += f"\n\n### {clients} {noun}\n\n{tables.rates(found, clients)}"
    order = tables.largest(found).get("generate", {}).get(str(JUDGED))
    if order:
        each = order["ours"]["cpu"] + order["ours"]["database_cpu"]
        text += f"\n\nAn order takes {each:.2f} ms of CPU, the database's included:"
        text += f" {1000 / each:.0f} a second and core."
    return text


def _versions(found: Figures) -> str:
    versions = found["versions"]
    commit, size = versions["commit"], versions["size"]
    return f"""## Beside an earlier version

Commit {commit}, which ran under gunicorn's threads, today's code under gunicorn and under Granian,
and bare under Granian, all four in turn with {JUDGED} clients. The earlier version has its own
code, tables ({size:,} pictures as well) and requests; the Python packages are today's. Web CPU of a
request by the earlier version's may be {tables.READ_CPU} at most where it reads,
{tables.WRITE_CPU:.1f} where it writes, and {tables.GUNICORN_CPU} under gunicorn. Requests a second,
in the same order as the times, may not fall below {tables.LEAST_RATE} of the earlier version's
under either server.

{tables.beside_earlier(found)}"""


def _sizes(found: Figures, folder: str) -> str:
    return f"""## Over the size of the tables

CPU of a request in ms, web and database together, with {JUDGED} clients. All sizes were measured in
turn, so growth is a ratio within one turn: the largest tables by the smallest.

{tables.sizes(found)}

![CPU of a request over the size of the tables]({folder}/over-size.svg)"""


def _plans(found: Figures) -> str:
    parts = [
        """## Plans

What each path asks of the largest tables, and how PostgreSQL goes about it: `EXPLAIN (ANALYZE)`
without costs and times. Statements with `$1` are planned once a connection, the others each time.
Of what writes there is only the plan. In brackets: the most rows that one step read."""
    ]
    for case in tables.told(found):
        asked = found["plans"].get(case.name)
        if not asked or case.name in SAME_PLANS:
            continue
        most = max((each["rows"] or 0 for each in asked), default=0)
        shown = "\n\n".join("\n".join([each["text"], *each["nodes"]]) for each in asked)
        head = f"{case.title}: {len(asked)} (at most {most:,} rows)"
        parts.append(f"<details><summary>{head}</summary>\n\n```text\n{shown}\n```\n\n</details>")
    return "\n\n".join(parts)


def _profiles(found: Figures) -> str:
    if not found["profiles"]:
        return """## Where our time goes

Not in this run: py-spy was not allowed to look into the web processes. It takes root, or
`kernel.yama.ptrace_scope=0`."""
    return f"""## Where our time goes

py-spy on all web processes under {JUDGED} clients: the moments in which a thread ran Python. Each
belongs to the area of its innermost frame that has one; the standard library and the client of
Redis count for whoever called them. Waiting and system calls are not in it.

{tables.profile(found)}"""


def _upload(upload: Figures) -> str:
    ratio, memory = tables.spread(upload["ratio"]), f"{upload['memory_mb']:.0f} MB"
    return f"""## Upload

`POST /api/models` with {upload["works"]} works, JPEG and PNG, {upload["megabytes"]} MB in all:
{upload["cpu"]:.2f} s of web CPU in {upload["seconds"]:.2f} s. Plain Pillow, which only decodes them
and makes the same previews, takes {upload["plain_cpu"]:.2f} s. That is {ratio} times as much (mark:
≤ {upload["mark"]}). On top are parsing {upload["works"]} files, digests, checks, storing originals,
and the style with its rows. The process grew by {memory} above what it had at rest (mark:
≤ {upload["memory_mark_mb"]} MB)."""


def _worker(worker: Figures) -> str:
    ours, bare, side = worker["ours"], worker["bare"], worker["side"]
    share, by_cpu = tables.spread(worker["share"]), tables.spread(worker["cpu"])
    return f"""## Worker

A picture of {side}×{side} by the stylenet engine takes {ours["seconds"]:.2f} s
({ours["cpu"]:.2f} s of CPU) until it is a PNG. Its two networks alone and the same packing take
{bare["seconds"]:.2f} s ({bare["cpu"]:.2f} s): a share of {share}, by CPU {by_cpu}
(mark: ≥ {worker["mark"]}), in {worker["rounds"]} turns. The difference is reading the model,
painting the scene and bringing back its detail. The networks are loaded once a process, in
{worker["loaded_seconds"]:.1f} s."""


def _whole(whole: Figures) -> str:
    pictures, broker = whole["pictures"], whole["broker"]
    locust = whole["usage"].get("locust", {}).get("cpu", 0.0)
    waits = ""
    if pictures["completed"]:
        waits = f", p50 {pictures['p50']:.1f} s and p95 {pictures['p95']:.1f} s after the order"
    return f"""## The whole system

{whole["users"]} users for {whole["seconds"]} s, by locust: looking through styles, ordering,
polling, the feed, likes; with {whole["system"]}. The workers' engine paints one colour, all around
it is the real thing. The cores are shared with locust, which took {locust:.2f} of them.
{pictures["completed"]:,} pictures were finished{waits}; {pictures["missed"]} were not.

{tables.crowd(whole)}
{_rush(whole["rush"], whole["users"]) if "rush" in whole else ""}
What it took; the database had at most {whole["connections"]} connections.

{tables.usage(whole)}

The slowest of the statements that took the most time in all:

{tables.statements(whole)}

The broker by itself: the relay publishes {broker["published_a_second"]:,} messages a second from
the outbox, each with a confirm; a consumer that acknowledges one by one takes
{broker["consumed_a_second"]:,} a second."""


def _rush(rush: Figures, users: int) -> str:
    one, several = rush["one"], rush["several"]
    return f"""
Then all {users} order at the same moment, {rush["times"]} times: half of them one picture, half
{rush["pictures"]}. Until the answer it took p50 {one["p50"]:,} ms, p95 {one["p95"]:,} ms and at
most {one["longest"]:,} ms for one, and {several["p50"]:,}, {several["p95"]:,} and at most
{several["longest"]:,} ms for several; {rush["errors"]} were refused.
"""


def _soak(soak: Figures, folder: str) -> str:
    asked = soak["asked"]
    connections, temporary = soak["connections"], soak["temporary"]
    growing = ", ".join(sorted(set(soak["growing"]))) or "nothing"
    rows = [
        (
            *(each["kind"], f"{each['memory_mb'][0]:.0f}", f"{each['memory_mb'][-1]:.0f}"),
            *(f"{each['growth']:.1%}", f"{each['mapped_mb'][0]:.0f} → {each['mapped_mb'][-1]:.0f}"),
            f"{each['files'][0]} → {each['files'][2]}",
        )
        for each in soak["processes"]
    ]
    heads = ("process", "MB at first", "MB at last", "growth", "MB of files", "open files")
    return f"""## Soak

{soak["minutes"]:.0f} minutes of steady load: {asked["requests"]:,} requests, {asked["errors"]}
errors, p95 {asked["p95"]:.0f} ms. Growing: {growing}. Memory is what a process asked for itself;
pages of files, which the kernel drops and reads again as it sees fit, are beside it. Growth is that
of the last two thirds by the median of all slopes, of which one step of an allocator is none; it
fails the run above a tenth.
Connections: {connections[0]} at first, {max(connections)} at most,
{connections[-1]} at last; temporary files left: {temporary[-1]}.

{tables.table(heads, rows)}

![Memory of each process over time]({folder}/soak.svg)"""


def _how_to_run() -> str:
    return """## Run it

```sh
make bench
python -m benchmarks.soak                # half an hour; into the page with the next line
make bench BENCH_ARGS="--stages write"   # write the page again from what was found
make bench BENCH_ARGS="--sizes 1000 --seconds 1 --rounds 1 --out /tmp/performance.md"
```

The first takes about an hour, and some GB of disk for the largest tables. With `--folder` they are
kept for another run, and `--stages` runs some of paths, versions, sizes, profiles, upload, worker,
whole, write. `BENCH_PROCESSES=1` sets the number of web processes. Leave the machine alone
meanwhile: ratios stand some noise, the spread shows it."""
