"""Q1, Q8, Q9, Q11: processes that die, answers that fail, servers that restart, many relays."""

from __future__ import annotations

import random
import threading
from collections import Counter
from pathlib import Path
from time import monotonic
from typing import Any

import httpx
import pika

from protocol import GENERATION_QUEUE, decode_task
from tests.faults.broker import BrokerStage
from tests.faults.load import Load
from tests.faults.money import in_words
from tests.faults.servers import RestartablePostgres
from tests.faults.stage import PATIENCE, Stage
from tests.faults.verdict import Misses, Outcome, expect
from tests.system import wait_for


def killed_processes(stage: BrokerStage, rng: random.Random, *, scale: float = 1) -> Outcome:
    """Q1: killed before the commit, after the commit, and after the publish, 20 times each."""
    trials = int(20 * scale) or 1
    style_id = stage.trained_style("Killed")
    buyer = stage.person("survivor", tokens=1000)
    ids: list[int] = []
    deaths: Counter[str] = Counter()
    for place in ("before-commit", "after-commit"):
        for number in range(trials):
            key = {"Idempotency-Key": f"{place}-{number}-{rng.random()}"}
            before = stage.one("SELECT count(*) FROM app_generation")
            try:
                stage.order(buyer, style_id, **key, **{"X-Fault": place})
            except httpx.TransportError:
                deaths[place] += 1
            written = stage.one("SELECT count(*) FROM app_generation") - before
            assert written == (place == "after-commit"), f"{place}: {written} jobs"
            ids.append(_insist(stage, buyer, style_id, key))
    stage.end("relay")
    for _ in range(trials):
        ids += stage.order_many(buyer, style_id, 1)
        stage.spawn("crashing-relay", "-m", "tests.faults.crashing_relay")
        assert stage.process("crashing-relay").wait(timeout=PATIENCE) == -9
        deaths["after-publish"] += 1
    stage.start_relay()
    stage.wait_for_end(ids, seconds=PATIENCE)
    dropped: list[int] = []

    def drop_a_message() -> None:
        stage.end("relay")
        dropped.extend(stage.order_many(buyer, style_id, 1))
        stage.rows(
            "DELETE FROM app_outboxmessage WHERE sent_at IS NULL AND task_id ="
            " (SELECT task_id FROM app_generation WHERE id = %s)",
            dropped[0],
        )
        stage.start_relay()
        wait_for(lambda: stage.outbox_depth() == 0, seconds=PATIENCE, what="the outbox to be empty")

    return Outcome(
        sum(deaths.values()),
        f"{in_words(deaths)}; every effect once",
        check=lambda: [
            *expect(set(deaths.values()) == {trials}, f"deaths: {dict(deaths)}"),
            *stage.effects_once([*ids, *dropped], only={"completed"}),
            *stage.audit_misses(),
        ],
        plant=drop_a_message,
        heal=lambda: buyer.post(f"/api/images/{dropped[0]}/cancel"),
    )


def deaf_backend(stage: BrokerStage, rng: random.Random, *, scale: float = 1) -> Outcome:
    """Q8: the webhook answers 500 for a while, then nothing at all, while jobs are worked out."""
    style_id = stage.trained_style("Deaf")
    buyer = stage.person("patient", tokens=500)
    ids = stage.order_many(buyer, style_id, 6, "work 300")
    began = len(stage.runs())
    stage.gate.break_()
    wait_for(
        lambda: len(stage.runs()) > began, seconds=PATIENCE, what="work behind a broken webhook"
    )
    stage.gate.shut()
    in_hand, enough = len(stage.runs()), int(4 * scale)
    # Longer than a worker waits for an answer before it keeps the report and goes on.
    kept = wait_for(
        lambda: _kept_reports(stage) >= enough and len(stage.runs()) > in_hand,
        seconds=PATIENCE,
        what="kept reports, and work that goes on",
    )
    stage.gate.open()
    stage.wait_for_end(ids, seconds=PATIENCE)
    # Without the backend a picture is not signed, and an attempt that cannot have it signed fails.
    attempts = {str(job["seed"]): job["attempt"] for job in stage.jobs(ids)}
    log = Path(stage.environment["FAULT_RUNS"])

    def check() -> Misses:
        runs = Counter(line.split()[1] for line in stage.runs() if line.startswith("generate"))
        return [
            *stage.effects_once(ids, only={"completed"}),
            *(
                f"seed {seed} was run {runs[seed]} times in {attempt} attempts"
                for seed, attempt in attempts.items()
                if runs[seed] != attempt
            ),
        ]

    whole = log.read_text()
    return Outcome(
        len(ids),
        f"{len(ids)} results kept and delivered later, each attempt run once",
        check=lambda: [*expect(bool(kept), "nothing was kept"), *check()],
        plant=lambda: log.write_text(f"{whole}generate {min(attempts)} 1\n"),
        heal=lambda: log.write_text(whole),
    )


def database_restarted(stage: BrokerStage, rng: random.Random, *, scale: float = 1) -> Outcome:
    """Q11: PostgreSQL is restarted three times under load."""
    style_id = stage.trained_style("Restart")
    buyer = stage.person("restarted", tokens=2000)
    postgres = RestartablePostgres(stage.environment["DATABASE_URL"], stage.folder / "postgres.log")
    before, keys = _pids(stage), iter(range(10**6))
    accepted: dict[str, int] = {}
    statuses: Counter[int] = Counter()
    lock = threading.Lock()

    def order() -> httpx.Response:
        with lock:
            key = f"restart-{next(keys)}"
            accepted[key] = 0
        answer = stage.order(buyer, style_id, **{"Idempotency-Key": key})
        with lock:
            statuses[answer.status_code] += 1
        return answer

    load = Load(order, per_second=10)
    running = threading.Thread(target=load.run, kwargs={"seconds": 18 * scale})
    running.start()
    for round_number in range(3):
        wanted = 30 * scale * (round_number + 1)
        wait_for(lambda w=wanted: sum(statuses.values()) >= w, seconds=PATIENCE, what="load")  # type: ignore[misc]
        postgres.stop()
        postgres.start()
    running.join(180)
    # Whoever got no answer asks again with the same key: nobody knows what became of it.
    ids = [_insist(stage, buyer, style_id, {"Idempotency-Key": key}) for key in accepted]
    stage.wait_for_end(ids, seconds=PATIENCE)
    after = _pids(stage)
    lose, find = stage.lose(ids[0])
    return Outcome(
        sum(statuses.values()),
        f"3 restarts, answers {dict(sorted(statuses.items()))}, no process restarted",
        check=lambda: [
            *expect(set(statuses) <= {202, 503}, f"the answers were {dict(statuses)}"),
            *expect(before == after, "processes were restarted"),
            *stage.effects_once(ids, only={"completed"}),
            *stage.audit_misses(),
        ],
        plant=lose,
        heal=find,
    )


def many_relays(stage: BrokerStage, rng: random.Random, *, scale: float = 1) -> Outcome:
    """Q9: four relays and sweepers over 300 messages and 40 stale jobs."""
    count, stale_count = int(300 * scale), int(40 * scale)
    style_id = stage.style("Relays", price=1)
    stage.rows("UPDATE app_outboxmessage SET sent_at = now()")
    buyer = stage.person("relayed", tokens=1000)
    ids = stage.order_many(buyer, style_id, count)
    stale = ids[:stale_count]
    stage.rows(
        "UPDATE app_outboxmessage SET sent_at = now() WHERE task_id IN"
        " (SELECT task_id FROM app_generation WHERE id = ANY(%s))",
        stale,
    )
    stage.rows(
        "UPDATE app_generation SET status = 'processing', lease_expires_at = now()"
        " - interval '1 second' WHERE id = ANY(%s)",
        stale,
    )
    # There is no worker.
    stage.environment["JOBS_AHEAD"] = str(count)
    for number in range(4):
        stage.start_relay(f"relay-{number}")
    wait_for(
        lambda: (
            stage.outbox_depth() == 0
            and stage.one("SELECT count(*) FROM app_generation WHERE attempt = 2") == stale_count
        ),
        seconds=PATIENCE,
        what="the relays' work",
    )
    found = Counter(_drain(stage.amqp_url))
    expired = "SELECT value FROM app_measure WHERE name = 'leases_expired'"

    def check() -> Misses:
        wanted = {(str(job["task_id"]), 2 if job["id"] in stale else 1) for job in stage.jobs(ids)}
        attempts = {job["attempt"] for job in stage.jobs(stale)}
        return [
            *expect(set(found) == wanted, f"{len(set(found) ^ wanted)} messages differ"),
            *expect(max(found.values()) == 1, "a message was published twice"),
            *expect(attempts == {2}, f"stale jobs are at attempts {attempts}"),
            *expect(stage.one(expired) == stale_count, f"{stage.one(expired)} leases expired"),
        ]

    one = next(iter(found))
    return Outcome(
        count,
        f"{count} messages and {stale_count} stale jobs, each handled once",
        check,
        plant=lambda: found.update([one]),
        heal=lambda: found.subtract([one]),
    )


def _insist(stage: Stage, buyer: Any, style_id: int, key: dict[str, str]) -> int:
    """Order with a key until it is taken."""

    def ask() -> int | None:
        try:
            answer = stage.order(buyer, style_id, **key)
        except httpx.TransportError:
            return None
        taken = answer.status_code == httpx.codes.ACCEPTED
        return int(answer.json()["data"]["generation_id"]) if taken else None

    return wait_for(ask, seconds=PATIENCE, what="that the order is taken")


def _kept_reports(stage: Stage) -> int:
    return len(list(stage.folder.glob("worker-*/reports/*.json")))


def _pids(stage: Stage) -> dict[str, list[str]]:
    """Every process of the system with its children."""
    found = {}
    for name in ("web", "relay", "worker-0", "worker-1"):
        process = stage.process(name)
        assert process.poll() is None, f"{name} ended"
        children = Path(f"/proc/{process.pid}/task/{process.pid}/children").read_text()
        found[name] = [str(process.pid), *children.split()]
    return found


def _drain(url: str) -> list[tuple[str, int]]:
    """Task and attempt of everything on the queue of pictures, which is empty then."""
    found, deadline = [], monotonic() + 60
    with pika.BlockingConnection(pika.URLParameters(url)) as connection:
        channel = connection.channel()
        while monotonic() < deadline:
            _, _, body = channel.basic_get(GENERATION_QUEUE, auto_ack=True)
            if body is None:
                return found
            task = decode_task(body)
            found.append((str(task.task_id), task.attempt))
    raise TimeoutError("The queue did not become empty.")
