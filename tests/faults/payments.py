"""M9, M10, M11: money comes in and goes out once, whatever the provider or a power cut does."""

from __future__ import annotations

import random
import secrets
from collections import Counter
from collections.abc import Callable
from typing import Any

import httpx

from tests.faults.stage import at_once
from tests.faults.till import Till
from tests.faults.verdict import Misses, Outcome, expect
from tests.system import Person, wait_for

SESSIONS, REFUNDS = "/v1/checkout/sessions", "/v1/refunds"
# An answer that is lost, late, or not given at all; the last one is told before it is answered.
TROUBLE = ("lost_answer", "lost_request", "late_api_error", "rate_limit", "slow_answer")
SLOW_SECONDS = 1.0
MAX_WRITES = 60


def deaf_provider(stage: Till, rng: random.Random, *, scale: float = 1) -> Outcome:
    """M9: each kind of trouble at each act, then the provider away for a while."""
    kinds = TROUBLE if scale >= 1 else ("lost_answer", rng.choice(TROUBLE))
    buyer, artist = stage.person("patient"), stage.earner()
    answers: Counter[int] = Counter()
    purchases = [_bought_in_trouble(stage, buyer, kind, answers) for kind in kinds]
    for kind, purchase in zip(kinds, purchases, strict=True):
        _fail(stage, kind, REFUNDS)
        answers[stage.send(buyer, f"/api/tokens/purchases/{purchase}/refund").status_code] += 1
        stage.ask()
    payouts = []
    for kind in kinds:
        for path in ("/v1/transfers", "/v1/payouts"):
            stage.sell(buyer)
            payouts.append(int(artist.post("/api/payouts")["id"]))
            _fail(stage, kind, path)
            stage.ask()
            stage.ask()
            _bank_pays(stage, payouts[-1])
    stage.provider.stop()
    away = [stage.buy(buyer, key=f"away-{n}").status_code for n in range(3)]
    stage.provider.start()
    purchases_after = [_bought(stage, buyer, f"away-{n}") for n in range(3)]
    every = [*purchases, *purchases_after]
    spoil, mend = stage.misprice(every[0])

    def check() -> Misses:
        refunded = stage.rows(
            "SELECT status, count(*) FROM app_purchaserefund WHERE purchase_id = ANY(%s)"
            " GROUP BY status",
            purchases,
        )
        paid = [stage.state("payout", payout) for payout in payouts]
        return [
            *expect(set(away) == {503}, f"without the provider: {away}"),
            *expect(set(answers) <= {200, 202, 503}, f"the answers were {dict(answers)}"),
            *expect(
                refunded == [{"status": "paid", "count": len(purchases)}], f"refunds: {refunded}"
            ),
            *expect(set(paid) == {"paid"}, f"payouts: {paid}"),
            *stage.once_misses(every),
            *stage.books_misses(),
        ]

    return Outcome(
        len(every) + len(purchases) + len(payouts),
        f"{len(every)} purchases, {len(purchases)} refunds, {len(payouts)} payouts; away: 503;"
        " both books equal",
        check,
        plant=spoil,
        heal=mend,
    )


def killed_till(stage: Till, rng: random.Random, *, scale: float = 1) -> Outcome:
    """M10: the web process dies before each write of a purchase, of its webhook, of a refund and of
    a payout; then the process that sends payouts does."""
    buyer, artist = stage.person("unlucky"), stage.earner()
    deaths: Counter[str] = Counter()

    def killed(name: str, act: Callable[[str], httpx.Response]) -> httpx.Response:
        """Its last answer, once it got through; the quick version dies in the middle only."""
        answer = None
        for number in range(1, MAX_WRITES) if scale >= 1 else (2, MAX_WRITES):
            try:
                answer = act(f"write {number}")
                break
            except httpx.TransportError:
                deaths[name] += 1
                wait_for(lambda: _answers(stage), seconds=30, what="the web server's answer")
        assert answer is not None, f"{name} never ended"
        return answer

    stage.act("webhooks", held=True)
    made = killed("purchase", lambda fault: stage.buy(buyer, key="killed", fault=fault))
    assert made.status_code == httpx.codes.ACCEPTED, made.text
    bought = made.json()["data"]
    stage.press(bought["checkout_url"], "pay")
    [paid] = [
        one
        for one in stage.told("deliveries")
        if one["type"] == "checkout.session.completed" and one["state"] == "pending"
    ]
    told = killed("webhook", lambda fault: _deliver(stage, paid, fault))
    stage.act("webhooks", held=False)
    stage.wait_for_events()
    path = f"/api/tokens/purchases/{bought['id']}/refund"
    given = killed("refund", lambda fault: stage.send(buyer, path, fault=fault))
    stage.ask()
    stage.sell(buyer)
    asked = killed(
        "payout",
        lambda fault: stage.send(
            artist, "/api/payouts", headers={"Idempotency-Key": "killed"}, fault=fault
        ),
    )
    assert asked.status_code == httpx.codes.CREATED, asked.text
    payout = int(asked.json()["data"]["id"])
    for number in range(1, MAX_WRITES) if scale >= 1 else (2,):
        if stage.ask(dies_at=number) == 0:
            break
        deaths["sending"] += 1
    stage.ask()
    _bank_pays(stage, payout)
    refunds = "SELECT count(*) FROM app_purchaserefund WHERE purchase_id = %s AND status = 'paid'"
    spoil, mend = stage.misprice(bought["id"])

    def check() -> Misses:
        return [
            *expect(told.status_code == 200, f"the webhook was answered {told.status_code}"),
            # Who presses again after a refund is told that there is nothing left.
            *expect(
                given.status_code in (200, 409), f"the refund was answered {given.status_code}"
            ),
            *expect(stage.one(refunds, bought["id"]) == 1, "the refund is not paid once"),
            *expect(stage.state("payout", payout) == "paid", "the payout is not paid"),
            *expect(len(deaths) == 5, f"only {dict(deaths)} died"),
            *stage.once_misses([bought["id"]]),
            *stage.books_misses(),
        ]

    return Outcome(
        sum(deaths.values()),
        ", ".join(f"{count} at a {name}" for name, count in sorted(deaths.items()))
        + "; each was done once",
        check,
        plant=spoil,
        heal=mend,
    )


def webhook_storm(stage: Till, rng: random.Random, *, scale: float = 1) -> Outcome:
    """M11: a thousand deliveries that the provider has signed, shuffled, many of them doubled, by
    eight at once to the running site."""
    wanted, people = int(1000 * scale), 4
    buyers = [stage.person(f"stormed-{n}") for n in range(people)]
    before = len(stage.told("deliveries"))
    stage.act("webhooks", held=True)

    def buy(number: int) -> int:
        bought = stage.buy(buyers[number % people]).json()["data"]
        stage.press(bought["checkout_url"], "pay")
        return int(bought["id"])

    purchases: list[int] = []
    while (fresh := len(stage.told("deliveries")) - before) < 2 * wanted // 3:
        some = 8 if fresh else 1
        purchases += at_once([lambda n=n: buy(n) for n in range(some)], threads=4)
    ids = [one["id"] for one in stage.told("deliveries")[before:]]
    storm = ids + [rng.choice(ids) for _ in range(max(0, wanted - len(ids)))]
    rng.shuffle(storm)
    parts = [storm[n::8] for n in range(8)]
    calls = [lambda part=part: stage.act("deliveries/send", deliveries=part) for part in parts]
    sent = at_once(calls, threads=8)
    statuses = Counter(status for each in sent for status in each["statuses"])
    stage.act("webhooks", held=False)
    stage.wait_for_events()
    told = {one["event"] for one in stage.told("deliveries")[before:]}
    noted = "SELECT count(*) FROM app_paymentevent WHERE event_id = ANY(%s)"
    spoil, mend = stage.misprice(purchases[0])

    def check() -> Misses:
        return [
            *expect(statuses.keys() <= {200, 503}, f"the answers were {dict(statuses)}"),
            *expect(stage.one(noted, list(told)) == len(told), "not every event was noted once"),
            *stage.once_misses(purchases),
            *stage.books_misses(),
        ]

    return Outcome(
        len(storm),
        f"{len(storm)} deliveries of {len(told)} events, {len(purchases)} purchases: answers"
        f" {dict(statuses)}, tokens given once each",
        check,
        plant=spoil,
        heal=mend,
    )


# --- Steps ----------------------------------------------------------------------------------------


def _fail(stage: Till, kind: str, path: str) -> None:
    seconds = SLOW_SECONDS if kind.startswith("slow") else 0
    stage.act("faults", kind=kind, method="POST", path=path, seconds=seconds)


def _bought_in_trouble(stage: Till, buyer: Person, kind: str, answers: Counter[int]) -> int:
    _fail(stage, kind, SESSIONS)
    key = secrets.token_hex(8)
    answers[stage.buy(buyer, key=key).status_code] += 1
    return _bought(stage, buyer, key)


def _bought(stage: Till, buyer: Person, key: str) -> int:
    """Begun once more under the same key, and paid."""
    answer = stage.buy(buyer, key=key)
    assert answer.status_code == httpx.codes.ACCEPTED, answer.text
    made = answer.json()["data"]
    stage.press(made["checkout_url"], "pay")
    stage.wait_for_events()
    return int(made["id"])


def _bank_pays(stage: Till, payout: int) -> None:
    sent = "SELECT payout_id, account_id FROM app_payout WHERE id = %s AND payout_id <> ''"

    def is_sent() -> list[dict[str, Any]]:
        if not (found := stage.rows(sent, payout)):
            stage.ask()
        return found

    [row] = wait_for(is_sent, seconds=60, what="the payment to a bank")
    given = {"id": row["payout_id"], "account": row["account_id"]}
    stage.act("payouts", status="paid", **given)
    stage.wait_for_events()


def _deliver(stage: Till, delivery: dict[str, Any], fault: str) -> httpx.Response:
    """Send what the provider would, with a wish of ours."""
    event = stage.fake.get(f"/v1/events/{delivery['event']}", headers=stage.keyed).json()
    body, header = stage.signed(event)
    return httpx.post(
        f"{stage.url}/api/payments/stripe/webhook",
        content=body,
        headers={
            "Content-Type": "application/json",
            "Stripe-Signature": header,
            "X-Fault": fault,
        },
        timeout=60,
    )


def _answers(stage: Till) -> bool:
    try:
        return httpx.get(f"{stage.url}/api/health").status_code == httpx.codes.OK
    except httpx.TransportError:
        return False
