"""Ten planted differences between our books and the provider's are named."""

from __future__ import annotations

from datetime import timedelta
from io import StringIO

import pytest
from django.core.management import CommandError, call_command

from app.models import Dispute, Payout, Purchase, PurchaseRefund
from app.services.payments import payouts, reconciliation
from app.services.payments.payout_gateway import provider_books
from app.tests.factories import UserFactory
from app.tests.payments.paying_artists import earner, requested
from app.utils import clock

pytestmark = [pytest.mark.django_db, pytest.mark.slow]


def charge(provider, reference, amount=500, currency="usd"):
    return provider.api.v1.payment_intents.create(
        {
            "amount": amount,
            "currency": currency,
            "payment_method": "pm_card_visa",
            "confirm": True,
            "metadata": {"purchase": reference},
        },
        {"idempotency_key": f"charge-{reference}-{amount}-{currency}"},
    )


def bought(provider, name, **changed) -> Purchase:
    """A purchase that both sides have alike, but for what is ``changed`` of ours."""
    reference = f"{name}-{provider.door.url[-5:]}"
    paid = charge(provider, reference)
    fields = {"price": 500, "currency": "usd", "status": "paid", "payment_id": paid.id, **changed}
    return Purchase.objects.create(
        user=UserFactory(),
        amount=500,
        payment_method="card",
        gateway="stripe",
        gateway_reference=reference,
        paid_at=clock.now(),
        **fields,
    )


def sent(provider) -> Payout:
    payout = requested(earner(provider))
    payouts.settle(payout.pk)
    return Payout.objects.get(pk=payout.pk)


def test_ten_planted_differences_are_named(provider):
    # What other tests have done there is none of ours.
    now = provider.door.post("clock", advance=0)["now"]
    today = clock.now().fromtimestamp(now, clock.now().tzinfo).date()
    here = clock.now().date()
    before = {str(each) for each in _compare(min(here, today), max(here, today)).differences}
    fine = bought(provider, "fine")
    charge(provider, f"unknown-{now}")
    Purchase.objects.create(
        user=UserFactory(),
        amount=500,
        payment_method="card",
        gateway="stripe",
        gateway_reference="nobody",
        price=500,
        currency="usd",
        payment_id="pi_none",
        paid_at=clock.now(),
    )
    bought(provider, "amount", price=501)
    bought(provider, "currency", currency="eur")
    bought(provider, "state", status="expired")
    twice = bought(provider, "twice")
    charge(provider, twice.gateway_reference, amount=499)
    provider.api.v1.refunds.create({"payment_intent": fine.payment_id, "amount": 100})
    PurchaseRefund.objects.create(
        purchase=fine, amount=100, price=100, status="paid", provider_id="re_none"
    )
    Dispute.objects.create(purchase=fine, amount=100, price=100, provider_id="dp_none")
    lost = sent(provider)
    provider.bank(lost, "failed")
    provider.api.v1.transfers.reversals.create(lost.transfer_id)
    Payout.objects.create(
        artist=UserFactory(),
        amount=5,
        price=5,
        currency="usd",
        status="paid",
        until=clock.now(),
        sent_at=clock.now(),
        gateway="stripe",
        transfer_id="tr_none",
    )
    provider.api.v1.transfers.create(
        {
            "amount": 50,
            "currency": "usd",
            "destination": lost.account_id,
            "metadata": {"payout": str(lost.pk)},
        }
    )
    found = _compare(min(here, today), max(here, today)).differences
    new = sorted((each.kind, each.problem) for each in found if str(each) not in before)
    assert new == [
        ("dispute", "missing there"),
        ("purchase", "amount"),
        ("purchase", "currency"),
        ("purchase", "missing here"),
        ("purchase", "missing there"),
        ("purchase", "state"),
        ("purchase", "twice"),
        ("refund", "missing here"),
        ("refund", "missing there"),
        ("transfer", "missing there"),
        ("transfer", "state"),
        ("transfer", "twice"),
    ]
    with pytest.raises(CommandError, match="differences"):
        call_command("reconcile_stripe", stdout=StringIO(), stderr=StringIO())


def _compare(first, last):
    return reconciliation.compare(provider_books(), first, last)


def test_books_that_agree(provider):
    """Of days on which nothing happened."""
    out = StringIO()
    day = (clock.now() - timedelta(days=900)).date().isoformat()
    call_command("reconcile_stripe", "--from", day, "--to", day, stdout=out)
    assert "No differences" in out.getvalue()
