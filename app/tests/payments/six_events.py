"""Six events of one purchase, told in any order, one of them twice: the books are the same.

Nothing here goes over a network: the provider is asked in this process, and each order is undone
after it was looked at.
"""

from __future__ import annotations

import itertools
import json
import random
import time
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass, field
from datetime import timedelta
from functools import partial
from typing import Any

from django.db import transaction
from django.db.models import F, Sum
from stripe import StripeClient

from app.exceptions import ServiceUnavailable
from app.models import Dispute, PaymentEvent, PaymentProfile, Payout, Purchase, PurchaseRefund, User
from app.models.ledger import LedgerLine
from app.services.payments import buying, events, onboarding, payouts, reconciliation
from app.services.payments.gateways.stripe_books import StripeBooks
from app.tests import ledger
from app.tests.factories import ArtistFactory, GenerationFactory, StyleFactory, UserFactory
from app.tests.payments.buyers import KEY, SECRET
from app.utils import clock
from devtools.fake_stripe import books
from devtools.fake_stripe.events import signature
from devtools.fake_stripe.in_process import URL, InProcessStripe
from devtools.fake_stripe.state import Thing

COUNT = 6
ORDERS = list(itertools.permutations(range(COUNT)))
BOUGHT, SPENT, BY_STAFF = 500, 300, 100


@dataclass
class World:
    """Somebody about to pay for 500 tokens, and an artist with an account, before all events."""

    provider: InProcessStripe
    client: StripeClient
    purchase: Purchase
    artist: User
    style: Any
    told: list[Thing] = field(default_factory=list)

    @property
    def buyer(self) -> User:
        return self.purchase.user

    def payment(self) -> Thing:
        [intent] = self.provider.service.state.all("payment_intent")
        return intent


def new_world(settings: Any, monkeypatch: Any) -> World:
    settings.PAYMENT_GATEWAY = "stripe"
    settings.STRIPE_SECRET_KEY = KEY
    settings.STRIPE_WEBHOOK_SECRETS = [SECRET]
    settings.EARNINGS_HOLD_DAYS = 0
    settings.PAYOUT_MINIMUM = 100
    settings.PLATFORM_FEE_PERCENT = 10
    provider = InProcessStripe()
    client = StripeClient(
        KEY, base_addresses={"api": URL}, max_network_retries=0, http_client=provider
    )
    monkeypatch.setattr(
        "app.services.payments.gateways.stripe_client.stripe_client", lambda: client
    )
    # Of other buyers.
    books.book(provider.service.state, "topup", 100_000, "usd", "tu_others")
    artist = ArtistFactory().user
    provider.press(onboarding.begin(artist), "complete")
    onboarding.come_back(artist)
    purchase = buying.begin(user=UserFactory(), amount=BOUGHT, payment_method="card")
    buying.open_checkout(purchase)
    style = StyleFactory(artist=artist.artist, price=SPENT)
    return World(provider, client, Purchase.objects.get(pk=purchase.pk), artist, style)


# --- What happens ---------------------------------------------------------------------------------


def pay(world: World) -> None:
    world.provider.press(world.purchase.checkout_url, "pay")


def pay_later(world: World) -> None:
    world.provider.press(world.purchase.checkout_url, "pay_later")


def bank_pays(world: World) -> None:
    world.provider.act("sessions", id=world.purchase.session_id, act="settle")


def earn_and_send(world: World) -> None:
    """The buyer comes back and orders; what the artist earns is on its way to their bank."""
    buying.come_back(world.buyer, world.purchase.pk)
    GenerationFactory(user=world.buyer, style=world.style)
    payouts.settle(payouts.request(world.artist).pk)


def end_payout(world: World, status: str) -> None:
    payout = Payout.objects.get(artist=world.artist)
    world.provider.act("payouts", id=payout.payout_id, account=payout.account_id, status=status)


def refund_by_staff(world: World, status: str = "succeeded") -> None:
    world.provider.act("refunds", next=status)
    world.client.v1.refunds.create({"payment_intent": world.payment()["id"], "amount": BY_STAFF})


def end_refund(world: World, status: str) -> None:
    [refund] = world.provider.service.state.all("refund")
    world.provider.act("refunds", id=refund["id"], status=status)


def dispute(world: World) -> None:
    world.provider.act("disputes", charge=world.payment()["latest_charge"])


def end_dispute(world: World, status: str) -> None:
    [opened] = world.provider.service.state.all("dispute")
    world.provider.act("disputes", id=opened["id"], status=status)


Act = Callable[[World], None]


@dataclass(frozen=True)
class Story:
    """Six things that happen one after the other, and the event that tells of each."""

    acts: Sequence[tuple[Act, str]]
    ends: dict[str, Any]


COMPLETED = "checkout.session.completed"
DISPUTED, CLOSED = "charge.dispute.created", "charge.dispute.closed"
STORIES = {
    # A dispute after the artist was paid: the platform bears what they got.
    "paid out, then lost": Story(
        acts=[
            (pay, COMPLETED),
            (earn_and_send, "transfer.created"),
            (partial(end_payout, status="paid"), "payout.paid"),
            (refund_by_staff, "refund.created"),
            (dispute, DISPUTED),
            (partial(end_dispute, status="lost"), CLOSED),
        ],
        ends={
            "purchase": ("lost", 100),
            "buyer": (0, 0),
            "artist": (0, 0),
            "payouts": ["paid"],
            "disputes": [("lost", 400, 100)],
            # Below zero, as the gateway is above it: the lines of an entry sum to zero.
            "loss": -300,
        },
    ),
    "sent back by the bank, then won": Story(
        acts=[
            (pay, COMPLETED),
            (earn_and_send, "transfer.created"),
            (partial(end_payout, status="failed"), "payout.failed"),
            (refund_by_staff, "refund.created"),
            (dispute, DISPUTED),
            (partial(end_dispute, status="won"), CLOSED),
        ],
        ends={
            "purchase": ("won", 100),
            "buyer": (100, 100),
            "artist": (270, 270),
            "payouts": ["failed"],
            "disputes": [("won", 400, 100)],
            "loss": 0,
        },
    ),
    # We hear of nothing but by events.
    "a bank that answers later": Story(
        acts=[
            (pay_later, COMPLETED),
            (bank_pays, "checkout.session.async_payment_succeeded"),
            (partial(refund_by_staff, status="pending"), "refund.created"),
            (partial(end_refund, status="failed"), "refund.failed"),
            (dispute, DISPUTED),
            (partial(end_dispute, status="lost"), CLOSED),
        ],
        ends={
            "purchase": ("lost", 0),
            "buyer": (0, 0),
            "artist": (0, 0),
            "payouts": [],
            "disputes": [("lost", 500, 500)],
            "loss": 0,
        },
    ),
}


# --- In an order ----------------------------------------------------------------------------------


def tell(world: World, story: Story, order: Sequence[int], twice: int, rng: random.Random) -> None:
    """Tell of the six in this order, and of one of them once more, somewhere later. What an event
    is of has happened by then, and no more than it must."""
    queue = list(order)
    queue.insert(rng.randint(queue.index(twice) + 1, len(queue)), twice)
    world.told = []
    deadline = time.monotonic() + 30
    while queue:
        assert time.monotonic() < deadline, f"put off again and again: {queue}"
        number = queue.pop(0)
        while len(world.told) <= number:
            act, kind = story.acts[len(world.told)]
            act(world)
            [event] = [each for each in world.provider.events() if each["type"] == kind]
            world.told.append(event)
        body = json.dumps(world.told[number]).encode()
        try:
            events.take_in(body, signature(body, SECRET, int(time.time())))
        except ServiceUnavailable:
            # The provider sends it again.
            queue.append(number)


def found(world: World) -> dict[str, Any]:
    """What the books say; the provider's say the same, to the cent."""
    ledger.assert_right()
    purchase = Purchase.objects.get(pk=world.purchase.pk)
    buyer, artist = (User.objects.get(pk=pk) for pk in (world.buyer.pk, world.artist.pk))
    assert buyer.spending_frozen_at is None
    assert PaymentEvent.objects.count() == COUNT
    [charge] = world.provider.service.state.all("charge")
    lost = [each["amount"] for each in world.provider.service.state.all("dispute")]
    lost = lost if purchase.status == "lost" else []
    kept = charge["amount"] - charge["amount_refunded"] - sum(lost)
    transfers = world.provider.service.state.all("transfer")
    sent = sum(each["amount"] - each["amount_reversed"] for each in transfers)
    day = clock.now().date()
    span = (day - timedelta(days=1), day + timedelta(days=1))
    differences = reconciliation.compare(StripeBooks(world.client), *span).differences
    assert PaymentProfile.objects.get(user=artist).account_status == "enabled"
    refunds = PurchaseRefund.objects.exclude(status="failed")
    back = refunds.aggregate(sum=Sum(F("amount") + F("lost"), default=0))["sum"]
    assert back == purchase.refunded_amount
    return {
        "purchase": (purchase.status, purchase.refunded_amount),
        "buyer": (buyer.token_balance, buyer.bought_balance),
        "artist": (artist.token_balance, artist.earned_balance),
        "payouts": list(Payout.objects.values_list("status", flat=True)),
        "disputes": list(Dispute.objects.values_list("status", "amount", "taken")),
        "loss": _account("loss"),
        # From the provider: what it kept for us, what it sent on, and what it names otherwise.
        "differs": (
            -_account("gateway:stripe") - kept,
            _account(f"payable:{artist.pk}") - sent,
            [str(each) for each in differences],
        ),
    }


def _account(name: str) -> int:
    total: int = LedgerLine.objects.filter(account=name).aggregate(s=Sum("amount", default=0))["s"]
    return total


def wrong_orders(
    world: World, trials: Sequence[tuple[str, Sequence[int]]], *, seed: int
) -> Iterator[str]:
    """Each of ``trials``, a story and an order, after which the books are not as they should be."""
    for name, order in trials:
        rng = random.Random(f"{seed} {name} {order}")
        twice = rng.randrange(COUNT)
        with world.provider.undone(), transaction.atomic():
            tell(world, STORIES[name], order, twice, rng)
            books_say = found(world)
            transaction.set_rollback(True)
        if books_say != {**STORIES[name].ends, "differs": (0, 0, [])}:
            yield f"{name} in the order {order}, {twice} twice: {books_say}"
