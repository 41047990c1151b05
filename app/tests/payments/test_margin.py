"""How far from the days that are asked for ``reconcile_stripe`` looks: 31 days, to the second."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from typing import Any

import pytest
from stripe import StripeClient

from app.services.payments import reconciliation
from app.services.payments.gateways.stripe_books import StripeBooks
from app.tests.money.breaking_rows import purchase
from app.tests.payments.buyers import KEY
from devtools.fake_stripe.in_process import URL, InProcessStripe

pytestmark = pytest.mark.django_db

DAY = datetime(2026, 3, 10, tzinfo=UTC)
END = DAY + timedelta(days=1)
MARGIN, SECOND = timedelta(days=31), timedelta(seconds=1)


def problems(user: Any, made_at: datetime, **ours: Any) -> list[str]:
    """What is named of ``DAY`` when something was paid at the provider at ``made_at``."""
    provider = InProcessStripe()
    provider.act("clock", now=made_at.timestamp(), stopped=True)
    client = StripeClient(
        KEY, base_addresses={"api": URL}, max_network_retries=0, http_client=provider
    )
    paid = client.v1.payment_intents.create(
        {
            "amount": 500,
            "currency": "usd",
            "payment_method": "pm_card_visa",
            "confirm": True,
            "metadata": {"purchase": "ours"},
        }
    )
    given = {"gateway_reference": "ours", "payment_id": paid.id, "price": 500, "currency": "usd"}
    purchase(user, **{**given, **ours})
    found = reconciliation.compare(StripeBooks(client), DAY.date(), DAY.date())
    return [each.problem for each in found.differences]


@pytest.mark.parametrize(
    ("made_at", "named"),
    [
        (DAY - MARGIN - SECOND, []),
        (DAY - MARGIN, ["state"]),
        (END + MARGIN - SECOND, ["state"]),
        (END + MARGIN, []),
    ],
)
def test_states_that_differ(buyer: Any, made_at: datetime, named: list[str]) -> None:
    """Of what the provider did outside of the day, but within the margin."""
    assert problems(buyer, made_at, status="expired", paid_at=made_at) == named


@pytest.mark.parametrize("made_at", [DAY - MARGIN, END + MARGIN - SECOND])
def test_only_the_state_is_judged_outside_of_the_days(buyer: Any, made_at: datetime) -> None:
    assert problems(buyer, made_at, price=501, currency="eur", paid_at=made_at) == []


@pytest.mark.parametrize(
    ("made_at", "named"),
    [
        (DAY - MARGIN - SECOND, ["missing there"]),
        (DAY - MARGIN, []),
        (END + MARGIN - SECOND, []),
        (END + MARGIN, ["missing there"]),
    ],
)
def test_what_the_provider_dates_otherwise(buyer: Any, made_at: datetime, named: list[str]) -> None:
    """Of what we date on the day."""
    assert problems(buyer, made_at, paid_at=DAY) == named
