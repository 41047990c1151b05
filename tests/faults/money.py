"""M1, M2, M6, M7, M8: nothing that happens at once makes or loses a token."""

from __future__ import annotations

import contextlib
import json
import random
import threading
from collections import Counter
from collections.abc import Iterator
from typing import Any

import httpx

from tests.faults.stage import Stage, at_once
from tests.faults.verdict import Misses, Outcome, expect
from tests.system import Person


def overdraft(stage: Stage, rng: random.Random, *, scale: float = 1) -> Outcome:
    """M1: 200 orders of 50 at once on a balance of 1 000."""
    orders = int(200 * scale)
    style_id = stage.style("Overdraft", price=50)
    buyer = stage.person("overdrawer", tokens=900)
    before = stage.deadlocks()
    answers = at_once([lambda: stage.order(buyer, style_id)] * orders, threads=50)
    statuses = Counter(answer.status_code for answer in answers)
    user_id = buyer.me["id"]

    def check() -> Misses:
        return [
            *expect(statuses == {202: 20, 402: orders - 20}, f"the answers were {dict(statuses)}"),
            *expect(stage.balance(user_id) == 0, f"the balance is {stage.balance(user_id)}"),
            *expect(stage.deadlocks() == before, "there was a deadlock"),
            *stage.audit_misses(),
        ]

    return Outcome(
        orders,
        f"{statuses[202]} accepted, {statuses[402]} refused, balance {stage.balance(user_id)}",
        check,
        plant=lambda: add_tokens(stage, user_id, 50),
        heal=lambda: add_tokens(stage, user_id, -50),
    )


def callback_storm(stage: Stage, rng: random.Random, *, scale: float = 1) -> Outcome:
    """M6: processing, completed, failed and cancel, each 20 times, shuffled, all at once."""
    rounds = int(500 * scale)
    style_id = stage.style("Storm", price=1)
    buyer = stage.person("storm-buyer", tokens=1000)
    ids = stage.order_many(buyer, style_id, rounds)
    answers: Counter[int] = Counter()
    block = 25
    for start in range(0, rounds, block):
        calls: list[Any] = []
        for generation_id in ids[start : start + block]:
            calls_of_one = stage.hand.reports(generation_id)
            kinds = [calls_of_one[kind] for kind in ("processing", "completed", "failed")]
            kinds.append(lambda generation_id=generation_id: cancel(buyer, generation_id))  # type: ignore[misc]
            calls += kinds * 20
        rng.shuffle(calls)
        answers.update(at_once(calls, threads=16))

    def check() -> Misses:
        return [
            *expect(set(answers) <= {200, 409}, f"the answers were {dict(answers)}"),
            *stage.effects_once(ids),
            *stage.audit_misses(),
        ]

    states = Counter(job["status"] for job in stage.jobs(ids))
    told = "SELECT max(id) FROM app_notification WHERE target_id = ANY(%s) AND type LIKE 'gen%%'"
    doubled: list[int] = []
    return Outcome(
        rounds,
        f"{sum(answers.values())} reports; {in_words(states)}",
        check,
        plant=lambda: doubled.append(
            stage.copy_row(
                "app_notification", stage.one(told, ids), recipient_id=stage.artist().me["id"]
            )
        ),
        heal=lambda: stage.break_rules(f"DELETE FROM app_notification WHERE id = {doubled.pop()}"),
    )


def price_changes(stage: Stage, rng: random.Random, *, scale: float = 1) -> Outcome:
    """M7: the price is edited while 200 orders run; half of them are refunded afterwards."""
    count = int(200 * scale)
    style_id = stage.style("Prices", price=5)
    artist, buyer = stage.artist(), stage.person("price-watcher", tokens=5000)
    with _editing_price(stage, artist, style_id, rng) as edits:
        answers = at_once([lambda: stage.order(buyer, style_id)] * count, threads=8)
    told = {a.json()["data"]["generation_id"]: a.json()["data"]["cost"] for a in answers}
    for generation_id in sorted(told)[: count // 2]:
        assert stage.hand.reports(generation_id)["failed"]() == httpx.codes.OK
    moved = """SELECT generation_id, sum(amount) FILTER (WHERE type = 'consume')::int AS charged,
                 sum(amount) FILTER (WHERE type = 'refund')::int AS refunded
               FROM app_transaction WHERE generation_id = ANY(%s) GROUP BY 1"""

    def check() -> Misses:
        rows = {row["generation_id"]: row for row in stage.rows(moved, list(told))}
        return [
            *expect(len(rows) == count, f"{len(rows)} of {count} were charged"),
            *(
                f"job {key} cost {told[key]}, charged {row['charged']}"
                for key, row in rows.items()
                if row["charged"] != told[key]
            ),
            *(
                f"job {key} was refunded {row['refunded']} of {row['charged']}"
                for key, row in rows.items()
                if row["refunded"] not in (None, row["charged"])
            ),
            *stage.audit_misses(),
        ]

    one = min(told)
    spoil = (
        "UPDATE app_transaction SET amount = amount {} WHERE type = 'refund' AND generation_id = "
    )
    return Outcome(
        count,
        f"{len(edits)} edits, {len(set(told.values()))} prices paid, {count // 2} refunds equal",
        check,
        plant=lambda: stage.break_rules(spoil.format("- 1") + str(one)),
        heal=lambda: stage.break_rules(spoil.format("+ 1") + str(one)),
    )


def spoiled_books(stage: Stage, rng: random.Random, *, scale: float = 1) -> Outcome:
    """M8: a corrupted balance, a deleted and an added entry; the audit names each."""
    style_id = stage.style("Books")
    people = [stage.person(f"reader-{n}", tokens=100) for n in range(3)]
    ids = [stage.order_many(person, style_id, 1)[0] for person in people]
    users = [person.me["id"] for person in people]
    entry = "SELECT id FROM app_transaction WHERE generation_id = %s"
    added: list[int] = []
    saved = stage.rows(
        "SELECT to_jsonb(t) AS row FROM app_transaction t WHERE generation_id = %s", ids[1]
    )[0]["row"]

    def spoil() -> None:
        add_tokens(stage, users[0], 7)
        stage.break_rules(f"DELETE FROM app_transaction WHERE generation_id = {ids[1]}")
        added.append(
            stage.copy_row("app_transaction", stage.one(entry, ids[2]), generation_id=None)
        )

    def mend() -> None:
        add_tokens(stage, users[0], -7)
        stage.break_rules(
            f"DELETE FROM app_transaction WHERE id = {added.pop()}",
            "INSERT INTO app_transaction SELECT * FROM"
            f" jsonb_populate_record(NULL::app_transaction, '{json.dumps(saved)}')",
        )

    spoil()

    def check() -> Misses:
        done = stage.audit()
        named = (f"user {users[0]}:", f"generation {ids[1]}:", f"user {users[2]}:")
        return [
            *expect(done.returncode == 1, f"the audit ended with {done.returncode}"),
            *(f"{name} is not named" for name in named if name not in done.stderr),
        ]

    # Here the fault to be seen is an audit that finds nothing, which it does on right books.
    return Outcome(3, "3 of 3 named, exit 1", check, plant=mend)


def audit(stage: Stage, rng: random.Random, *, scale: float = 1) -> Outcome:
    """M2: the books after all the rows above."""
    entries = stage.one("SELECT count(*) FROM app_transaction")
    user_id = stage.one("SELECT max(id) FROM app_user")

    def check() -> Misses:
        sums = stage.rows(
            """SELECT (SELECT COALESCE(sum(token_balance), 0) FROM app_user) AS users,
                 (SELECT COALESCE(sum(CASE WHEN receiver_id IS NULL THEN amount ELSE 0 END)
                       - sum(CASE WHEN sender_id IS NULL THEN amount ELSE 0 END), 0)
                  FROM app_transaction) AS platform"""
        )[0]
        zero = sums["users"] + sums["platform"] == 0
        return [*stage.audit_misses(), *expect(zero, "the sums are not zero together")]

    return Outcome(
        entries,
        f"{entries} entries, no row differs, sum 0",
        check,
        plant=lambda: add_tokens(stage, user_id, 1),
        heal=lambda: add_tokens(stage, user_id, -1),
    )


def add_tokens(stage: Stage, user_id: int, tokens: int) -> None:
    stage.break_rules(
        f"UPDATE app_user SET token_balance = token_balance + {tokens} WHERE id = {user_id}"
    )


def cancel(buyer: Person, generation_id: int) -> int:
    token = {"X-CSRFToken": buyer.http.cookies.get("csrftoken", "")}
    return buyer.http.post(f"/api/images/{generation_id}/cancel", headers=token).status_code


@contextlib.contextmanager
def _editing_price(
    stage: Stage, artist: Person, style_id: int, rng: random.Random
) -> Iterator[list[int]]:
    over, edits = threading.Event(), []

    def edit() -> None:
        while not over.is_set():
            price = rng.randint(1, 20)
            artist.patch(f"/api/models/{style_id}", json={"price": price})
            edits.append(price)

    thread = threading.Thread(target=edit)
    thread.start()
    try:
        yield edits
    finally:
        over.set()
        thread.join(60)


def new_uuid(rng: random.Random) -> str:
    return f"{rng.getrandbits(128):032x}"


def in_words(states: Counter[str]) -> str:
    return ", ".join(f"{count} {state}" for state, count in sorted(states.items()))
