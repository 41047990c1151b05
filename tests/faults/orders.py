"""Q15: an order of two hundred pictures, whose workers and relay are killed."""

from __future__ import annotations

import contextlib
import os
import random
import signal
from collections import Counter
from typing import Any

from tests.faults.broker import BrokerStage
from tests.faults.money import in_words
from tests.faults.stage import PATIENCE
from tests.faults.verdict import Misses, Outcome, expect
from tests.system import wait_for

MAX_COUNT = 8


def killed_order(stage: BrokerStage, rng: random.Random, *, scale: float = 1) -> Outcome:
    """Q15: two of 200 pictures kill every worker they meet; others are killed beside them, and the
    relay twice. The quick version leaves out these two, whose leases take their time (as in Q4)."""
    count, kills = max(8, int(200 * scale)), int(20 * scale) or 1
    hopeless = 2 if scale >= 1 else 0
    style_id = stage.trained_style("Two hundred", price=3)
    buyer = stage.person("studio", tokens=max(100, 5 * count))
    before = stage.balance(buyer.me["id"])
    order_id = _place(stage, buyer, style_id, count, hopeless)
    ids = _items(stage, order_id)
    seen, killed = len(stage.runs()), 0
    while killed < kills and not stage.have_ended(ids):
        began = wait_for(
            lambda seen=seen: stage.runs()[seen:] or stage.have_ended(ids),  # type: ignore[misc]
            seconds=PATIENCE,
            what="a beginning",
        )
        pids = [int(line.split()[-1]) for line in began] if isinstance(began, list) else []
        seen = len(stage.runs())
        if killed in (kills // 3, 2 * kills // 3):
            stage.kill("relay")
            stage.start_relay()
        with contextlib.suppress(ProcessLookupError, IndexError):
            os.kill(rng.choice(pids), signal.SIGKILL)
            killed += 1
    stage.wait_for_end(ids, seconds=240)
    ended = "SELECT ended_at FROM app_order WHERE id = %s"
    wait_for(lambda: stage.one(ended, order_id), seconds=PATIENCE, what="the end of the order")
    states = Counter(job["status"] for job in stage.jobs(ids))
    told = buyer.get(f"/api/orders/{order_id}")
    lose, find = stage.lose(ids[0])
    return Outcome(
        count,
        f"{killed} workers and 2 relays killed; {in_words(states)}; charged {told['cost']} once,"
        f" refunded {told['refunded']}",
        check=lambda: [
            *expect(set(states) <= {"completed", "failed"}, f"states: {dict(states)}"),
            *expect(states["failed"] >= hopeless, "what kills every worker did not fail"),
            *expect(killed == kills, f"only {killed} workers were killed"),
            *_books(stage, buyer.me["id"], order_id, ids, told, before),
            *stage.audit_misses(),
        ],
        plant=lose,
        heal=find,
    )


def _place(stage: BrokerStage, buyer: Any, style_id: int, count: int, hopeless: int) -> int:
    common = {"style_id": style_id, "aspect_ratio": "1:1"}
    items: list[dict[str, Any]] = [
        {**common, "prompt_tags": ["crash"], "count": 1} for _ in range(hopeless)
    ]
    left = count - len(items)
    while left:
        some = min(left, MAX_COUNT)
        items.append({**common, "prompt_tags": ["work 150"], "count": some})
        left -= some
    placed = buyer.post("/api/orders", json={"items": items}, status=202)
    return int(placed["id"])


def _items(stage: BrokerStage, order_id: int) -> list[int]:
    found = stage.rows("SELECT id FROM app_generation WHERE order_id = %s ORDER BY id", order_id)
    return [row["id"] for row in found]


def _books(
    stage: BrokerStage,
    user_id: int,
    order_id: int,
    ids: list[int],
    told: dict[str, Any],
    before: int,
) -> Misses:
    """One charge for all; of each picture one payout if it was made, or else one refund."""
    jobs = stage.jobs(ids)
    failed = [job for job in jobs if job["status"] == "failed"]
    charges = stage.rows(
        "SELECT amount FROM app_transaction WHERE type = 'consume' AND sender_id = %s"
        " AND (order_id = %s OR generation_id = ANY(%s))",
        *(user_id, order_id, ids),
    )
    entries = stage.rows(
        "SELECT generation_id, type, amount FROM app_transaction"
        " WHERE generation_id = ANY(%s) AND type IN ('earn', 'refund')",
        ids,
    )
    by_job = {row["generation_id"]: (row["type"], row["amount"]) for row in entries}
    misses = [
        f"job {job['id']} is {job['status']} with {by_job.get(job['id'])}"
        for job in jobs
        if by_job.get(job["id"], ("", 0))[0]
        != {"completed": "earn", "failed": "refund"}.get(job["status"])
        or (job["status"] == "failed" and by_job[job["id"]][1] != job["cost"])
    ]
    cost, refunded = sum(job["cost"] for job in jobs), sum(job["cost"] for job in failed)
    return [
        *misses,
        *expect(len(entries) == len(jobs), f"{len(entries)} entries for {len(jobs)} pictures"),
        *expect([row["amount"] for row in charges] == [cost], f"charges: {charges}, cost {cost}"),
        *expect(told["refunded"] == refunded, f"told of {told['refunded']}, not {refunded}"),
        *expect(
            stage.balance(user_id) == before - cost + refunded,
            f"balance {stage.balance(user_id)}, not {before - cost + refunded}",
        ),
    ]
