"""100 users at once on the whole system, by locust; 100 that order at the same moment; and how fast
tasks pass through the broker."""

from __future__ import annotations

import csv
import http.client
import json
import os
import subprocess
import sys
import threading
import time
import uuid
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import Any

import pika

from benchmarks.cases import CSRF
from benchmarks.prepare import Person
from benchmarks.sampling import Watch
from benchmarks.servers import BEHIND_NGINX, HOST, PROJECT, Servers
from benchmarks.whole import System, described
from protocol import GENERATION_QUEUE

USERS = 100
SPAWNED_A_SECOND = 10
MESSAGES = 5000
BROKER_SECONDS = 120.0
# How often all of them order at the same moment, and how many pictures those who order several.
RUSHES, PICTURES = 10, 4
RUSH_SECONDS = 60.0
HOT = """
    SELECT calls, mean_exec_time, rows::float / calls, regexp_replace(query, '\\s+', ' ', 'g')
    FROM pg_stat_statements s JOIN pg_database d ON d.oid = s.dbid
    WHERE d.datname = %s AND query !~* '^(begin|commit|rollback|set|show|deallocate)|pg_stat'
    ORDER BY total_exec_time DESC LIMIT 15"""
FILL = """
    INSERT INTO app_outboxmessage (queue, task_id, attempt, body, available_at, tries, last_error,
        created_at)
    SELECT 'image_generation', gen_random_uuid(), 1, body, now(), 0, '', now()
    FROM (SELECT body FROM app_outboxmessage WHERE queue = 'image_generation' LIMIT 1) one,
        generate_series(1, %s)"""


def measure(servers: Servers, database: str, seconds: int, say: Any) -> dict[str, Any]:
    with System(servers, database) as system:
        say(f"{USERS} users for {seconds} s: {described()}")
        found = _crowd(system, seconds)
        say(f"{found['all']['rate']:.0f} requests/s, p95 {found['all']['p95']:.0f} ms")
        found["rush"] = _rush(system)
        say(f"{USERS} at the same moment: {found['rush']}")
        found["broker"] = _broker(system)
        say(f"broker: {found['broker']}")
    return found | {"system": described(), "users": USERS, "seconds": seconds}


def locust(system: System, prefix: Path, *, users: int, seconds: float) -> subprocess.Popen[bytes]:
    """Start locust; its figures go to ``<prefix>_stats.csv``."""
    with prefix.with_suffix(".log").open("wb") as log:
        return subprocess.Popen(  # noqa: S603 (our own command line)
            [
                *(sys.executable, "-m", "locust", "--headless", "--only-summary", "--reset-stats"),
                *("--locustfile", "benchmarks/locustfile.py", "--host", system.url),
                *("--users", str(users), "--spawn-rate", str(SPAWNED_A_SECOND)),
                *("--run-time", f"{int(seconds)}s", "--stop-timeout", "30"),
                *("--csv", str(prefix), "--exit-code-on-error", "0"),
            ],
            cwd=PROJECT,
            env=os.environ
            | {
                "BENCH_SESSIONS": str(system.write_sessions()),
                "BENCH_WAITS": f"{prefix}_waits.json",
                "BENCH_HOST": HOST,
            },
            stdout=log,
            stderr=log,
        )


def figures_of(prefix: Path) -> dict[str, Any]:
    """What locust wrote, by request."""
    found: dict[str, Any] = {}
    with Path(f"{prefix}_stats.csv").open() as file:
        for row in csv.DictReader(file):
            name = row["Name"] if row["Name"] != "Aggregated" else "all"
            found[name] = {
                "requests": int(row["Request Count"]),
                "errors": int(row["Failure Count"]),
                "rate": round(float(row["Requests/s"]), 1),
                "p50": float(row["50%"]),
                "p95": float(row["95%"]),
                "p99": float(row["99%"]),
            }
    return found


def _crowd(system: System, seconds: int) -> dict[str, Any]:
    with servers_connection(system) as connection:
        connection.execute("CREATE EXTENSION IF NOT EXISTS pg_stat_statements")
        connection.execute("SELECT pg_stat_statements_reset()")
    prefix = system.folder / "locust"
    users = locust(system, prefix, users=USERS, seconds=seconds + USERS / SPAWNED_A_SECOND)
    with Watch(lambda: system.pids() | {"locust": [users.pid]}, system.connections) as watch:
        code = users.wait()
    system.require_alive()
    if code != 0:
        raise RuntimeError(f"locust failed:\n{prefix.with_suffix('.log').read_text()[-3000:]}")
    found = figures_of(prefix)
    with servers_connection(system) as connection:
        hot = connection.execute(HOT, [system.name]).fetchall()
    return {
        "all": found.pop("all"),
        "requests": found,
        "pictures": _pictures(prefix),
        "usage": {kind: usage.as_dict() for kind, usage in watch.usage.items()},
        "connections": watch.most_connections,
        "statements": [
            {"calls": calls, "ms": round(ms, 4), "rows": round(rows, 1), "text": text}
            for calls, ms, rows, text in hot
        ],
    }


def _pictures(prefix: Path) -> dict[str, Any]:
    """How the orders ended, and the seconds from order to picture."""
    waits: list[tuple[str, float]] = json.loads(Path(f"{prefix}_waits.json").read_text())
    seconds = sorted(each for status, each in waits if status == "completed")
    missed = len(waits) - len(seconds)
    if not seconds:
        return {"completed": 0, "missed": missed}
    return {
        "completed": len(seconds),
        "missed": missed,
        "p50": round(seconds[len(seconds) // 2], 2),
        "p95": round(seconds[int(len(seconds) * 0.95)], 2),
    }


def _rush(system: System) -> dict[str, Any]:
    """All order at the same moment, again and again: half of them one picture, half several."""
    # In a small database there are fewer: some order twice.
    people = (system.database.people * USERS)[:USERS]
    start = threading.Barrier(USERS)

    def be(number: int) -> list[tuple[str, float, int]]:
        sent = []
        connection = http.client.HTTPConnection(
            "127.0.0.1", system.nginx.port, timeout=RUSH_SECONDS
        )
        headers = _headers_of(people[number])
        for rush in range(RUSHES):
            path, body = _order((number + rush) % 2, number)
            key = {"Idempotency-Key": str(uuid.uuid4())}
            start.wait(RUSH_SECONDS)
            began = time.monotonic()
            connection.request("POST", path, body, headers | key)
            answer = connection.getresponse()
            answer.read()
            sent.append((path, 1000 * (time.monotonic() - began), answer.status))
        connection.close()
        return sent

    with ThreadPoolExecutor(USERS) as threads:
        sent = [each for of_one in threads.map(be, range(USERS)) for each in of_one]
    system.require_alive()
    times = {
        name: sorted(ms for path, ms, _ in sent if path == asked)
        for name, asked in (("one", "/api/images/generate"), ("several", "/api/orders"))
    }
    return {
        "errors": sum(status != 202 for *_, status in sent),
        "pictures": PICTURES,
        "times": RUSHES,
        **{
            name: {
                "requests": len(found),
                "p50": round(found[len(found) // 2]),
                "p95": round(found[int(len(found) * 0.95)]),
                "longest": round(found[-1]),
            }
            for name, found in times.items()
        },
    }


def _order(is_of_several: int, number: int) -> tuple[str, str]:
    words = {"style_id": 1 + number % 10, "prompt_tags": ["sea", "boat"], "aspect_ratio": "1:1"}
    if is_of_several:
        return "/api/orders", json.dumps({"items": [{**words, "count": PICTURES}]})
    return "/api/images/generate", json.dumps(words)


def _headers_of(person: Person) -> dict[str, str]:
    return {
        **BEHIND_NGINX,
        "Origin": f"https://{HOST}",
        "Content-Type": "application/json",
        "Cookie": f"sessionid={person.session}; csrftoken={CSRF}",
        "X-CSRFToken": CSRF,
    }


def _broker(system: System) -> dict[str, Any]:
    """The relay alone, and then a consumer that acknowledges one by one, as workers do."""
    system.end("worker")
    system.end("relay")
    with servers_connection(system) as connection:
        system.database.empty_queue()
        connection.execute(FILL, [MESSAGES])
        # Without workers it hands over what one can begin soon, and no more. A few tasks of the
        # crowd may be on the queue still.
        system.environment["JOBS_AHEAD"] = str(2 * MESSAGES)
        system.start("relay", "manage.py", "relay_outbox")
        deadline = time.monotonic() + BROKER_SECONDS
        left, began_at = MESSAGES, 0.0
        while left:
            row = connection.execute(
                "SELECT COUNT(*) FROM app_outboxmessage WHERE sent_at IS NULL"
            ).fetchone()
            assert row is not None
            left = int(row[0])
            if left == MESSAGES:
                # Python itself starts for a second.
                began_at = time.monotonic()
            if time.monotonic() > deadline:
                raise RuntimeError(f"{left} of {MESSAGES} messages were not published.")
            time.sleep(0.02)
        published = time.monotonic() - began_at
    consumed = _consume(system.rabbitmq.url)
    return {
        "messages": MESSAGES,
        "published_a_second": round(MESSAGES / published),
        "consumed_a_second": round(MESSAGES / consumed),
    }


def _consume(url: str) -> float:
    """The seconds it takes to take all messages from the queue."""
    connection = pika.BlockingConnection(pika.URLParameters(url))
    channel = connection.channel()
    channel.basic_qos(prefetch_count=1)
    began = time.monotonic()
    deliveries = channel.consume(GENERATION_QUEUE, inactivity_timeout=10)
    for taken, (method, _, _) in zip(range(MESSAGES), deliveries, strict=False):
        if method is None:
            raise RuntimeError(f"Only {taken} of {MESSAGES} messages were on the queue.")
        channel.basic_ack(method.delivery_tag)
    seconds = time.monotonic() - began
    connection.close()
    return seconds


def servers_connection(system: System) -> Any:
    return system.servers.connect(system.name)
