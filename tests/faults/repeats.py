"""M4, M5: requests that come twice, or whose answer never arrives."""

from __future__ import annotations

import json
import random
import socket
from collections import Counter
from collections.abc import Iterator
from contextlib import contextmanager

from tests.faults.money import new_uuid
from tests.faults.stage import PATIENCE, Stage, at_once
from tests.faults.verdict import Misses, Outcome, expect
from tests.system import Person, wait_for


def same_key(stage: Stage, rng: random.Random, *, scale: float = 1) -> Outcome:
    """M4: one Idempotency-Key 50 times at once, with another body, and after a refusal."""
    count = int(50 * scale)
    style_id = stage.style("Same key")
    buyer = stage.person("key-keeper", tokens=500)
    user_id = buyer.me["id"]
    key = {"Idempotency-Key": f"same-{rng.random()}"}
    first = at_once([lambda: stage.order(buyer, style_id, **key)] * count, threads=count)
    again = [stage.order(buyer, style_id, **key) for _ in range(3)]
    other = stage.order(buyer, style_id, "another", **key)
    refused_key = {"Idempotency-Key": f"refused-{rng.random()}"}
    refused = stage.order(buyer, style_id, *["x" * 60], **refused_key)
    mended = stage.order(buyer, style_id, **refused_key)
    statuses = Counter(answer.status_code for answer in first)

    def check() -> Misses:
        accepted = [answer for answer in (*first, *again) if answer.status_code == 202]
        jobs = stage.rows("SELECT id FROM app_generation WHERE user_id = %s", user_id)
        charges = stage.one(
            "SELECT count(*) FROM app_transaction WHERE sender_id = %s AND type = 'consume'",
            user_id,
        )
        return [
            *expect(set(statuses) <= {202, 409}, f"the answers were {dict(statuses)}"),
            *expect(len({answer.content for answer in accepted}) == 1, "the bodies differ"),
            *expect(all(a.status_code == 202 for a in again), "a replay was refused"),
            *expect(other.status_code == 422, f"another body was {other.status_code}"),
            *expect(
                (refused.status_code, mended.status_code) == (400, 202), "a refusal was remembered"
            ),
            *expect(len(jobs) == 2, f"{len(jobs)} jobs instead of 2"),
            *expect(charges == 2, f"{charges} charges instead of 2"),
        ]

    doubled: list[int] = []
    one = int(mended.json()["data"]["generation_id"])
    return Outcome(
        count + 6,
        f"1 job and 1 charge for {count} requests, then 422, then a key that a 400 left free",
        check,
        plant=lambda: doubled.append(
            stage.copy_row("app_generation", one, task_id=new_uuid(rng), licence_number=None)
        ),
        heal=lambda: stage.break_rules(f"DELETE FROM app_generation WHERE id = {doubled.pop()}"),
    )


def cut_connection(stage: Stage, rng: random.Random, *, scale: float = 1) -> Outcome:
    """M5: the connection is cut when the order is in the books; 5 retries with its key."""
    trials = int(20 * scale)
    style_id = stage.style("Cut")
    buyer = stage.person("cut-off", tokens=500)
    user_id = buyer.me["id"]
    charges = "SELECT count(*) FROM app_transaction WHERE sender_id = %s AND type = 'consume'"
    retries: Counter[int] = Counter()
    for trial in range(trials):
        key = f"cut-{rng.random()}"
        with _sent(stage, buyer, style_id, key):
            # A server may leave alone what a client sent that is gone already.
            wait_for(
                lambda trial=trial: stage.one(charges, user_id) > trial,  # type: ignore[misc]
                seconds=PATIENCE,
                what="the charge",
            )
        for _ in range(5):
            answer = stage.order(buyer, style_id, **{"Idempotency-Key": key})
            retries[answer.status_code] += 1

    def check() -> Misses:
        charged = stage.one(charges, user_id)
        jobs = stage.one("SELECT count(*) FROM app_generation WHERE user_id = %s", user_id)
        return [
            *expect(charged == trials, f"{charged} charges for {trials} orders"),
            *expect(jobs == trials, f"{jobs} jobs for {trials} orders"),
            *expect(set(retries) <= {202, 409}, f"retries were answered {dict(retries)}"),
        ]

    doubled: list[int] = []

    def charge_twice() -> None:
        found = stage.one(
            "SELECT max(id) FROM app_transaction WHERE sender_id = %s AND type = 'consume'",
            user_id,
        )
        stage.break_rules("DROP INDEX transaction_charge_once")
        doubled.append(stage.copy_row("app_transaction", found))

    def heal() -> None:
        stage.break_rules(
            f"DELETE FROM app_transaction WHERE id = {doubled.pop()}",
            "CREATE UNIQUE INDEX transaction_charge_once ON app_transaction (generation_id)"
            " WHERE type = 'consume'",
        )

    return Outcome(
        trials, f"1 charge each, {sum(retries.values())} retries", check, charge_twice, heal
    )


@contextmanager
def _sent(stage: Stage, buyer: Person, style_id: int, key: str) -> Iterator[None]:
    """An order is on its way; its answer is not read, and the connection is cut at the end."""
    body = json.dumps({"style_id": style_id, "prompt_tags": ["sea"], "aspect_ratio": "1:1"})
    cookies = "; ".join(f"{name}={value}" for name, value in buyer.http.cookies.items())
    with socket.create_connection(("127.0.0.1", stage.port), timeout=60) as connection:
        connection.sendall(
            (
                f"POST /api/images/generate HTTP/1.1\r\nHost: 127.0.0.1:{stage.port}\r\n"
                f"Cookie: {cookies}\r\nX-CSRFToken: {buyer.http.cookies['csrftoken']}\r\n"
                f"Idempotency-Key: {key}\r\nContent-Type: application/json\r\n"
                f"Content-Length: {len(body)}\r\n\r\n{body}"
            ).encode()
        )
        yield
