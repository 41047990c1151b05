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
            "metadata": {"payout": lost.reference},
        }
    )
    found = _compare(min(here, today), max(here, today)).differences
    new = sorted((each.kind, each.problem) for each in found if str(each) not in before)
    assert new == [
        # Of the two that were planted as transfers.
        ("bank", "missing there"),
        ("bank", "state"),
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


def test_payments_to_banks_are_compared(provider):
    """Both sides agree on the transfer, and not on what became of it."""
    now = provider.door.post("clock", advance=0)["now"]
    day = clock.now().fromtimestamp(now, clock.now().tzinfo).date()
    span = (min(day, clock.now().date()), max(day, clock.now().date()))
    known = {str(each) for each in _compare(*span).differences}
    came_back, arrived, fine = (sent(provider) for _ in range(3))
    for payout, status in ((came_back, "paid"), (arrived, "paid"), (fine, "paid")):
        provider.bank(payout, status)
    for payout in (came_back, fine):
        payouts.settle(payout.pk)
    # Days after it was paid, and its event got lost.
    provider.bank(came_back, "failed")
    # Somebody asks for money of an artist's at the provider's own site.
    options = {"stripe_account": fine.account_id}
    provider.api.v1.transfers.create(
        {
            "amount": 70,
            "currency": "usd",
            "destination": fine.account_id,
            "metadata": {"payout": fine.reference},
        }
    )
    provider.api.v1.payouts.create({"amount": 70, "currency": "usd"}, options)
    found = [each for each in _compare(*span).differences if str(each) not in known]
    ids = {each.pk: each.payout_id for each in Payout.objects.all()}
    assert sorted(
        each.text for each in found if each.kind == "bank" and each.problem == "state"
    ) == [
        f"payout {came_back.pk} ({ids[came_back.pk]}) is paid here and failed there",
        f"payout {arrived.pk} ({ids[arrived.pk]}) is sent here and paid there",
    ]
    [unknown] = [each for each in found if each.kind == "bank" and each.problem != "state"]
    assert (unknown.problem, unknown.text[-9:]) == ("missing here", "of 70 usd")
    assert [(each.kind, each.problem) for each in found if each.kind != "bank"] == [
        ("transfer", "twice")
    ]
    # Of an account that is deleted there, nothing can be seen any more.
    provider.api.v1.accounts.delete(fine.account_id)
    gone = [each.text for each in _compare(*span).differences if each.problem == "missing there"]
    assert f"payout {fine.pk} is paid, and {ids[fine.pk]} is not at the provider" in gone


def test_disputes_are_compared_and_fees_added_up(provider):
    now = provider.door.post("clock", advance=0)["now"]
    day = clock.now().fromtimestamp(now, clock.now().tzinfo).date()
    span = (min(day, clock.now().date()), max(day, clock.now().date()) + timedelta(days=1))
    before = _compare(*span)
    known = {str(each) for each in before.differences}
    purchases = [bought(provider, f"disputed-{n}-{now}") for n in range(3)]
    opened = []
    for purchase in purchases:
        paid = provider.api.v1.payment_intents.retrieve(purchase.payment_id)
        opened.append(provider.door.post("disputes", charge=paid.latest_charge)["id"])
    # One that nobody knows here, one of another amount, and one that is decided here alone.
    for purchase, theirs, price, status in (
        (purchases[1], opened[1], 499, "open"),
        (purchases[2], opened[2], 500, "lost"),
    ):
        Dispute.objects.create(
            purchase=purchase, amount=500, price=price, provider_id=theirs, status=status
        )
    after = _compare(*span)
    new = sorted((each.kind, each.problem) for each in after.differences if str(each) not in known)
    assert new == [("dispute", "amount"), ("dispute", "missing here"), ("dispute", "state")]

    def fees(report):
        return sum(amount for (_, kind, _), amount in report.sums.items() if kind == "fee")

    # Of each payment 2.9 % and 0.30, of each dispute 15.00.
    assert fees(after) - fees(before) == 3 * (15 + 30 + 1500)


def test_what_came_back_is_not_added_up(provider):
    now = provider.door.post("clock", advance=0)["now"]
    day = clock.now().fromtimestamp(now, clock.now().tzinfo).date()
    span = (min(day, clock.now().date()), max(day, clock.now().date()))
    purchases = [bought(provider, f"back-{n}-{now}") for n in range(4)]
    charges = [
        provider.api.v1.payment_intents.retrieve(each.payment_id).latest_charge
        for each in purchases
    ]
    before = _compare(*span).sums
    failed, _ = (provider.api.v1.refunds.create({"charge": each}) for each in charges[:2])
    provider.door.post("refunds", id=failed.id, status="failed")
    for charged, status in zip(charges[2:], ("won", "lost"), strict=True):
        opened = provider.door.post("disputes", charge=charged)["id"]
        provider.door.post("disputes", id=opened, status=status)
    new = _compare(*span).sums - before
    assert sorted((kind, amount) for (_, kind, _), amount in new.items()) == [
        ("dispute", 500),
        ("fee", 3000),
        ("refund", 500),
    ]


def _compare(first, last):
    return reconciliation.compare(provider_books(), first, last)


def test_books_that_agree(provider):
    """Of days on which nothing happened."""
    out = StringIO()
    day = (clock.now() - timedelta(days=900)).date().isoformat()
    call_command("reconcile_stripe", "--from", day, "--to", day, stdout=out)
    assert "No differences" in out.getvalue()
