"""After a backup was restored, numbers come again. The provider remembers what it did for those
who had them before, which is nothing to those who have them now."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

import pytest
from django.db import connection, transaction
from django.db.migrations.loader import MigrationLoader

from app.models import Payout, PurchaseRefund, User
from app.services.payments import events, onboarding, payouts, refunds
from app.tests import ledger
from app.tests.api import Api
from app.tests.factories import ArtistFactory, UserFactory
from app.tests.money import breaking_rows as rows
from app.tests.payments.buyers import bought, signed
from app.tests.payments.paying_artists import PRICE, after, earner, enable, requested
from app.tests.payments.paying_artists import Provider as Payer

pytestmark = [pytest.mark.django_db, pytest.mark.slow]

SEQUENCES = "SELECT schemaname, sequencename, last_value FROM pg_sequences"


@contextmanager
def lost() -> Iterator[None]:
    """What happens here is in no backup: the database forgets it, and its numbers come again."""
    with connection.cursor() as cursor:
        cursor.execute(SEQUENCES)
        before = cursor.fetchall()
    with transaction.atomic():
        yield
        transaction.set_rollback(True)
    with connection.cursor() as cursor:
        for schema, name, last in before:
            set_back = "SELECT setval(format('%%I.%%I', %s::text, %s::text)::regclass, %s, %s)"
            cursor.execute(set_back, [schema, name, last or 1, last is not None])


def transfers_to(provider: Payer, artist: User) -> list[Any]:
    account = onboarding.profile_of(artist).account_id
    return list(provider.api.v1.transfers.list({"destination": account}).data)


@pytest.mark.parametrize("is_same", [True, False])
def test_a_payout_is_sent(provider: Payer, is_same: bool) -> None:
    first = earner(provider)
    second = first if is_same else earner(provider)
    with lost():
        former = requested(first)
        payouts.settle(former.pk)
        [old] = transfers_to(provider, first)
    payout = requested(second)
    # Of the same amount, or the provider would notice.
    assert (payout.pk, payout.price) == (former.pk, former.price)
    told = provider.door.get("events")
    for event in told:
        if event["data"]["object"]["id"] == old.id:
            events.take_in(*signed(event))
    assert after(payout).status == "requested"
    payouts.settle(payout.pk)
    assert after(payout).status == "sent"
    [sent, *former_ones] = transfers_to(provider, second)
    assert (sent.id, sent.id != old.id) == (after(payout).transfer_id, True)
    assert [each.id for each in former_ones] == ([old.id] if is_same else [])
    assert len(provider.bank_payments_of(payout)) == 1
    provider.bank(payout, "paid")
    payouts.settle(payout.pk)
    assert after(payout).status == "paid"
    ledger.assert_right()


def test_a_refund_is_sent(stripe: Any) -> None:
    first, second = (bought(stripe, Api(UserFactory()), PRICE) for _ in range(2))
    with lost():
        former = refunds.request(first.user, first.pk)
    refund = refunds.request(second.user, second.pk)
    assert (refund.pk, refund.status) == (former.pk, "paid")
    assert [each["amount"] for each in stripe.refunds_of(second)] == [refund.price]
    ledger.assert_right()


def test_a_refund_that_the_provider_has_made_before_is_learnt_of(stripe: Any) -> None:
    """Else the buyer would have both the tokens and the money."""
    purchase = bought(stripe, Api(UserFactory()), PRICE)
    with lost():
        refunds.request(purchase.user, purchase.pk)
    refunds.request(purchase.user, purchase.pk)
    statuses = PurchaseRefund.objects.filter(purchase=purchase).values_list("status", flat=True)
    assert sorted(statuses) == ["failed", "paid"]
    purchase.refresh_from_db()
    assert (purchase.status, ledger.balance_of(purchase.user)) == ("refunded", 0)
    assert len(stripe.refunds_of(purchase)) == 1
    ledger.assert_right()


def test_nobody_is_given_the_account_of_another(provider: Payer) -> None:
    person = {"user__email": "same@example.com"}
    with lost():
        former = ArtistFactory(**person).user
        theirs = enable(former, provider.door)
    artist = ArtistFactory(**person).user
    assert artist.pk == former.pk
    assert enable(artist, provider.door) != theirs


def test_rows_of_the_version_before_keep_their_names(provider: Payer) -> None:
    """It may have sent them by their number: what it sent is found, and not sent again."""
    payout = requested(earner(provider))
    Payout.objects.filter(pk=payout.pk).update(reference=str(payout.pk))
    gateway = payouts.payout_gateway()
    sent = gateway.transfer(
        reference=str(payout.pk),
        account_id=payout.account_id,
        amount=payout.price,
        currency=payout.currency,
    )
    Payout.objects.filter(pk=payout.pk).update(checked_at=payout.created_at)
    payouts.settle(payout.pk)
    assert (after(payout).status, after(payout).transfer_id) == ("sent", sent.id)


def test_rows_of_the_version_before_are_named_by_their_number() -> None:
    """And those that it still adds have a name too."""
    payout = rows.payout(UserFactory())
    refund = rows.refund(rows.purchase(UserFactory()))
    loader = MigrationLoader(connection)
    before = loader.project_state(("app", "0069_buyers_told"))
    with connection.schema_editor(atomic=False) as editor:
        editor.execute("SET CONSTRAINTS ALL IMMEDIATE")
        for name in ("0080_names_of_payouts", "0081_names_of_refunds"):
            naming = loader.get_migration("app", name)
            naming.unapply(before.clone(), editor)
            naming.apply(before.clone(), editor)
    for each in (payout, refund):
        each.refresh_from_db()
        assert each.reference == str(each.pk)
    added = rows.payout(UserFactory())
    assert len(added.reference) == 36
