"""The report tells what was found, misses included: no servers, no clock."""

from __future__ import annotations

import mmap
import os
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest

from benchmarks import plans, processes, profiles, tables, writing
from benchmarks.figures import Told, over_sizes
from benchmarks.growth import Series
from benchmarks.load import Round

FEED = Told("feed", "feed, anonymous", mark=0.55, statements=2, flat=True)
DEEP = Told("feed_deep", "feed, page 500", mark=0.9, statements=2, against="feed")
ORDER = Told("generate", "generate, 100 buyers", mark=0.45, statements=9)


def program(**changed: Any) -> dict[str, Any]:
    names = ("rate", "cpu", "database_cpu", "executing", "p50", "p95", "p99", "statements")
    found: dict[str, Any] = dict.fromkeys(names, 1.0)
    return found | {"commits": 0.0, "busy": 0.95, "stolen": 0.0, "bytes": 900} | changed


def measured(share: float, **ours: Any) -> dict[str, Any]:
    around = [share, share - 0.05, share + 0.05]
    one = {"ours": program(**ours), "bare": program(rate=1 / share), "rate": around, "cpu": around}
    return {"16": one | {"total_cpu": around, "rival_rate": around, "rival_cpu": around}}


def of_sizes(grown: float) -> dict[str, Any]:
    small, large = program(cpu=0.9, database_cpu=0.1), program(cpu=0.9 * grown, database_cpu=0.1)
    return {
        "by_size": {
            "1000": {"ours": small, "bare": program()},
            "2000": {"ours": large, "bare": program()},
        },
        "growth": [grown, grown - 0.05, grown + 0.05],
        "bare_growth": [1.03, 0.9, 1.3],
    }


def made_up(*, feed: float = 0.6, grown: float = 1.0) -> dict[str, Any]:
    """Figures of a small run, in which all marks are met."""
    cases = [FEED, DEEP, ORDER]
    paths = {"feed": measured(feed), "feed_deep": measured(0.95), "generate": measured(0.5)}
    return {
        "machine": {
            "day": "2026-01-02",
            "cores": 2,
            "processor": "made up",
            "memory_gb": 8,
            "python": "3.11.1",
            "postgresql": "18.0",
            "settings": {"shared_buffers": "1GB"},
            "changes": ["rate limits are lifted"],
            "web_processes": 5,
            "load_before": 0.1,
            "rounds": {"1": [2, 2.0], "16": [3, 1.0]},
            "sizes": [1000, 2000],
        },
        "cases": [case.as_dict() for case in cases],
        "inside": {case.name: {"statements": 2} for case in cases},
        "paths": {"2000": paths},
        "sizes": {"feed": of_sizes(grown)},
        "deadlocks": 0,
        "books": "The books are right.",
        "plans": {
            "feed": [
                {"text": "SELECT … FROM app_generation", "nodes": ["Limit"], "rows": 21},
            ]
        },
        "profiles": {"feed": profiles.summed_up("a (gunicorn/util.py:1) 3\nb (orm.py) 1")},
    }


def test_marks_that_are_met() -> None:
    page = writing.page(made_up(), "performance")
    assert "All of them were met." in page
    assert "MISS" not in page
    assert (
        "| feed, anonymous | ≥ 0.55 | 0.60 (0.55–0.65) | 0.60 (0.55–0.65) | 2 of 2 | met |" in page
    )
    assert (
        "Deadlocks in all of these rounds: 0. The ledger after them: The books are right." in page
    )
    assert "SELECT … FROM app_generation\nLimit" in page
    assert "by the number of clients: 2 of 2 s with 1, 3 of 1 s with 16." in " ".join(page.split())


def test_growth_with_the_tables() -> None:
    page = writing.page(made_up(grown=1.2), "performance")
    assert "| path | 1,000 pictures | 2,000 pictures | growth | bare's growth | ≤ 1.2 |" in page
    assert "| feed, anonymous | 1.00 | 1.18 | 1.20 (1.15–1.25) | 1.03 (0.90–1.30) | met |" in page
    missed = writing.page(made_up(grown=1.21), "performance")
    assert (
        "| feed, anonymous | 1.00 | 1.19 | 1.21 (1.16–1.26) | 1.03 (0.90–1.30) | **MISS** |"
        in missed
    )


def round_of(cpu: float) -> Round:
    """A thousand requests that take ``cpu`` ms each, a fifth of it in the database."""
    return Round(
        program="ours",
        clients=16,
        requests=1000,
        seconds=1.0,
        p50=1.0,
        p95=1.0,
        p99=1.0,
        bytes=900,
        web_cpu=cpu * 0.8,
        database_cpu=cpu * 0.2,
        statements=1000,
        commits=0,
        executing=0.0,
        busy=0.95,
        stolen=0.0,
    )


def test_growth_is_that_within_a_turn() -> None:
    # Ours and bare on tables of three sizes. From turn to turn the machine gets twice as slow, and
    # something comes between in the second, to which the medians of the rounds belong.
    first, third = (3, 2, 5, 3, 3, 2), (12, 8, 20, 12, 12, 8)
    second = (6, 4, 10, 6, 9, 8)
    turns = [[round_of(cpu) for cpu in turn] for turn in (first, second, third)]
    found = over_sizes([1000, 10_000, 100_000], turns)
    assert found["growth"] == [1.0, 1.0, 1.5]
    assert found["bare_growth"] == [1.0, 1.0, 2.0]
    used = {
        size: [each["cpu"] + each["database_cpu"] for each in (by["ours"], by["bare"])]
        for size, by in found["by_size"].items()
    }
    assert used == {"1000": [6, 4], "10000": [10, 6], "100000": [9, 8]}


MORE_STATEMENTS = {"inside": {case.name: {"statements": 3} for case in (FEED, DEEP, ORDER)}}


@pytest.mark.parametrize(
    ("figures", "missed"),
    [
        (made_up(feed=0.549), "feed, anonymous"),
        (made_up(grown=1.21), "feed, anonymous: flat"),
        (made_up() | MORE_STATEMENTS, "feed, anonymous; feed, page 500"),
    ],
)
def test_a_missed_mark_is_told(figures: dict[str, Any], missed: str) -> None:
    page = writing.page(figures, "performance")
    assert f"Missed: {missed}." in page
    assert "| **MISS** |" in page


def test_marks_beside_the_paths() -> None:
    upload = {"works": 20, "megabytes": 40.0, "cpu": 1.4, "seconds": 1.5, "plain_cpu": 1.0}
    upload |= {"ratio": [1.4, 1.2, 1.5], "memory_mb": 30.2, "mark": 1.3, "memory_mark_mb": 64}
    page = writing.page(made_up() | {"upload": upload}, "performance")
    assert "| upload: CPU by plain Pillow's | ≤ 1.3 | 1.40 (1.20–1.50) | **MISS** |" in page
    assert "| upload: memory above idle, MB | ≤ 64 | 30 | met |" in page
    assert "Missed: upload: CPU by plain Pillow's." in page


@pytest.mark.parametrize(
    ("name", "kept", "is_growth"),
    [
        ("nothing", lambda at: 0, False),
        ("12 KB a second", lambda at: 12_000 * at, True),
        ("6 KB a second, less than a tenth", lambda at: 6_000 * at, False),
        ("5 MB every five minutes", lambda at: 5e6 * (at // 300), True),
        ("20 MB once", lambda at: 20e6 * (at > 1300), False),
        ("what every program takes at its beginning", lambda at: 50e6 * min(1, at / 300), False),
    ],
)
def test_what_goes_on_growing_is_a_leak(name: str, kept: Any, is_growth: bool) -> None:
    at = [10.0 * number for number in range(180)]
    series = Series("worker", at, [int(100e6 + kept(each)) for each in at])
    assert series.grows() is is_growth, series.growth()


def test_the_whole_system_and_the_soak() -> None:
    asked = {"requests": 6001, "errors": 0, "rate": 181.1, "p50": 17.0, "p95": 99.0, "p99": 210.0}
    statement = {"calls": 3, "ms": 0.5, "rows": 1.0, "text": 'SELECT "id", a | b FROM "app_tag"'}
    whole = {
        "all": asked,
        "requests": {"feed": asked},
        "users": 100,
        "seconds": 60,
        "system": "nginx",
        "pictures": {"completed": 453, "missed": 0, "p50": 1.2, "p95": 2.0},
        "usage": {"locust": {"cpu": 0.25, "memory_mb": 57, "processes": 1}},
        "connections": 23,
        "statements": [statement],
        "broker": {"messages": 5000, "published_a_second": 900, "consumed_a_second": 1500},
    }
    web = {"kind": "web", "memory_mb": [99.6, 110], "mapped_mb": [30, 28], "files": [9, 12, 10]}
    soak = {
        "minutes": 30,
        "asked": asked,
        "growing": ["web"],
        "connections": [20, 25, 21],
        "temporary": [0, 0],
        "processes": [web | {"growth": 0.104, "growth_mb": 10.4}],
    }
    page = writing.page(made_up() | {"whole": whole, "soak": soak}, "performance")
    assert "| 100 users: p95, ms | < 100 | 99 | met |" in page
    assert "which took 0.25 of them" in " ".join(page.split())
    assert "| `SELECT … FROM app_tag` | 3 | 0.50 | 1.0 |" in page
    assert "| soak, 30 minutes: growing | nothing | web | **MISS** |" in page
    assert "| web | 100 | 110 | 10.4% | 30 → 28 | 9 → 10 |" in page


def test_what_was_not_measured_is_not_told() -> None:
    page = writing.page(made_up(), "performance")
    for title in ("Upload", "Worker", "The whole system", "Soak"):
        assert f"## {title}" not in page
    assert "## Run it" in writing.page({}, "performance")


@pytest.mark.parametrize("sizes", [{}, {"sizes": {}}])
def test_growth_that_was_not_measured_is_not_judged(sizes: dict[str, Any]) -> None:
    figures = made_up(grown=2.0)
    del figures["sizes"]
    page = writing.page(figures | sizes, "performance")
    assert "All of them were met." in page
    assert "## Over the size of the tables" not in page


def test_that_py_spy_was_not_allowed_is_told() -> None:
    page = writing.page(made_up() | {"profiles": {}}, "performance")
    assert "py-spy was not allowed to look" in page


def test_lines_are_not_long() -> None:
    page = writing.page(made_up(), "performance")
    assert [line for line in page.splitlines() if len(line) > 100 and line[:1] not in "|<-!#"] == []


def test_text_does_not_end_a_cell() -> None:
    assert tables.cell("a | `b`") == "a ¦ 'b'"


ENDED = """
import subprocess, sys
burn = "import time\\nwhile time.process_time() < 0.3: pass"
subprocess.run([sys.executable, "-c", burn], check=True)
print("ended", flush=True)
sys.stdin.read()
"""


def test_what_an_ended_child_used_is_counted() -> None:
    with subprocess.Popen(
        [sys.executable, "-c", ENDED], stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True
    ) as parent:
        assert parent.stdout is not None
        assert parent.stdout.readline() == "ended\n"
        assert processes.family(parent.pid) == [parent.pid]
        itself = processes.cpu_seconds(parent.pid)
        assert processes.family_cpu_seconds(parent.pid) >= itself + 0.25
        parent.communicate(timeout=30)


def test_pages_of_files_are_not_what_a_process_asked_for(tmp_path: Path) -> None:
    file = tmp_path / "library"
    file.write_bytes(b"x" * 20_000_000)
    before = processes.memory(os.getpid())
    with file.open("rb") as opened, mmap.mmap(opened.fileno(), 0, prot=mmap.PROT_READ) as mapped:
        assert mapped.find(b"y") == -1
        after = processes.memory(os.getpid())
    assert before is not None
    assert after is not None
    assert after.anonymous - before.anonymous < 5_000_000
    assert after.resident - before.resident > 15_000_000


def test_busy_and_stolen_time_of_the_machine() -> None:
    earlier = processes.Machine(busy=100, stolen=10, total=200)
    later = processes.Machine(busy=160, stolen=15, total=300)
    assert later.since(earlier) == (0.6, 0.05)
    now = processes.machine()
    assert 0 < now.busy <= now.total


AROUND = (
    'process 7:"python -m gunicorn";_worker (concurrent/futures/thread.py:58);'
    "handle (gunicorn/workers/gthread.py:553);__call__ (django/core/handlers/wsgi.py:124)"
)


INNERMOST = {
    "": "request and response",
    "process_view (django/middleware/csrf.py:1);join (posixpath.py:2)": "middleware",
    "resolve (django/urls/resolvers.py:1);match (re/__init__.py:3)": "routing",
    "load (django/contrib/sessions/backends/base.py:1);read (redis/connection.py:9)": (
        "session and authentication"
    ),
    "dispatch (rest_framework/views.py:500)": "REST framework",
    "to_representation (rest_framework/serializers.py:2)": "serialization and rendering",
    "feed (app/views/community.py:1);from_row (app/serializers/generation.py:2)": (
        "serialization and rendering"
    ),
    "feed (app/views/community.py:1);search (bisect.py:2)": "our views and services",
    "rows (speed/queries.py:1);execute (psycopg/cursor.py:2);wait (selectors.py:3)": (
        "database client"
    ),
    "execute (/opt/env/lib/site-packages/psycopg/cursor.py:2)": "database client",
    "configure (app/utils/logs.py:2);inc (prometheus_client/metrics.py:1)": ("logs and metrics"),
}


@pytest.mark.parametrize(("inner", "area"), INNERMOST.items())
def test_a_moment_belongs_to_the_innermost_area(inner: str, area: str) -> None:
    stack = ";".join(filter(None, (AROUND, inner)))
    found = profiles.summed_up(f"{stack} 3")
    assert found["samples"] == 3
    assert {name for name, share in found["shares"].items() if share} == {area}


def test_moments_that_nobody_claims() -> None:
    found = profiles.summed_up(f"{AROUND} 3\nrun (threading.py:982);poll (timer.py:3) 1\n")
    assert found["shares"]["request and response"] == 0.75
    assert found["shares"][profiles.OTHER] == 0.25


def test_plans_are_shortened_to_their_steps() -> None:
    lines = """Limit (actual rows=21.00 loops=1)
  ->  Nested Loop (actual rows=21.00 loops=1)
        Join Filter: (a = b)
        ->  Index Scan using feed on app_generation (actual rows=21.00 loops=1)
              Index Cond: (id < 7)
        SubPlan 1
          ->  Seq Scan on app_like (actual rows=1.00 loops=21)
Planning:""".splitlines()
    assert plans.nodes(lines) == [
        "Limit (actual rows=21 loops=1)",
        "  Nested Loop (actual rows=21 loops=1)",
        "    Index Scan using feed on app_generation (actual rows=21 loops=1)",
        "    SubPlan 1",
        "      Seq Scan on app_like (actual rows=1 loops=21)",
    ]


def test_statements_are_shown_without_their_columns() -> None:
    sql = 'SELECT "a"."id", (SELECT 1 FROM "b") AS "x"\n FROM "a" WHERE "a"."id" = $1'
    assert plans.shortened(sql) == "SELECT … FROM a WHERE a.id = $1"
    assert plans.shortened('INSERT INTO "a" ("id", "x") VALUES ($1, $2)') == "INSERT INTO a …"
