"""Payouts that have to wait, at the provider or for it: none of them keeps another from its turn,
and none waits for ever."""

from __future__ import annotations

from datetime import timedelta

import pytest
from structlog.testing import capture_logs

from app.models import Payout
from app.services.payments import onboarding, payouts
from app.services.payments.gateways.outcomes import NotYet
from app.tests import ledger
from app.tests.payments.paying_artists import after, earner, requested
from app.utils import clock

pytestmark = [pytest.mark.django_db, pytest.mark.slow]


def too_large(provider, settings) -> Payout:
    """One for which there is not enough money at the provider."""
    usual = settings.TOKEN_VALUE
    settings.TOKEN_VALUE = 9_000_000
    payout = requested(earner(provider))
    settings.TOKEN_VALUE = usual
    return payout


def is_due(*waiting: Payout) -> None:
    ids = [each.pk for each in waiting]
    Payout.objects.filter(pk__in=ids).update(checked_at=clock.now() - timedelta(minutes=2))


def test_what_is_too_large_holds_up_nobody(provider, settings):
    large = [too_large(provider, settings) for _ in range(2)]
    small = requested(earner(provider))
    assert payouts.sweep() == 3
    assert [after(each).status for each in (*large, small)] == ["requested", "requested", "sent"]
    assert payouts._rests_until == 0
    ledger.assert_right()


def test_what_is_new_comes_before_what_has_waited(provider, settings, monkeypatch):
    monkeypatch.setattr(payouts, "BATCH", 1)
    large = too_large(provider, settings)
    assert payouts.sweep() == 1
    is_due(large)
    small = requested(earner(provider))
    assert payouts.sweep() == 1
    assert (after(large).status, after(small).status) == ("requested", "sent")


def test_while_the_provider_is_away_the_others_wait(provider):
    waiting = [requested(earner(provider)) for _ in range(2)]
    provider.fault("lost_request", "*", "*")
    assert payouts.sweep() == 1
    assert payouts._rests_until > 0
    assert payouts.sweep() == 0
    assert {after(each).status for each in waiting} == {"requested"}


def sent(provider) -> Payout:
    """One whose transfer was made, and its payment to the bank was not."""
    payout = requested(earner(provider))
    provider.fault("lost_request", "POST", "/v1/payouts")
    with pytest.raises(NotYet):
        payouts.settle(payout.pk)
    assert after(payout).status == "sent"
    return payout


def long_ago(payout: Payout) -> None:
    Payout.objects.filter(pk=payout.pk).update(sent_at=clock.now() - timedelta(days=6))


def test_an_account_that_is_gone_gives_the_tokens_back(provider):
    payout = sent(provider)
    provider.api.v1.accounts.delete(payout.account_id)
    payouts.settle(payout.pk)
    ended = after(payout)
    assert (ended.status, "not there any more" in ended.failure) == ("failed", True)
    assert [each.reversed for each in provider.transfers_of(payout)] == [True]
    ledger.assert_right()


def test_money_that_the_account_keeps_in_another_currency(provider):
    payout = sent(provider)
    other = requested(earner(provider))
    # What was transferred is not there under the name of our currency.
    provider.api.v1.payouts.create(
        {"amount": payout.price, "currency": "usd", "metadata": {"payout": "staff"}},
        {"stripe_account": payout.account_id},
    )
    for _ in range(2):
        with pytest.raises(NotYet, match="balance_insufficient"):
            payouts.settle(payout.pk)
    # The key has kept no refusal, so that money which comes is paid.
    assert after(payout).status == "sent"
    long_ago(payout)
    with capture_logs() as logs, pytest.raises(NotYet):
        payouts.settle(payout.pk)
    # It can't be taken back either: that is for people.
    assert [each["payout_id"] for each in logs if each["event"] == "payout_stuck"] == [payout.pk]
    assert payouts.sweep() == 1
    assert after(other).status == "sent"
    provider.api.v1.transfers.create(
        {"amount": payout.price, "currency": "usd", "destination": payout.account_id}
    )
    payouts.settle(payout.pk)
    assert len(provider.bank_payments_of(payout)) == 1
    ledger.assert_right()


def test_what_the_bank_was_never_sent_is_taken_back_after_days(provider, monkeypatch):
    payout = sent(provider)

    def pay(*_, **__):
        raise NotYet("balance_insufficient")

    monkeypatch.setattr(type(payouts.payout_gateway()), "pay", pay)
    with pytest.raises(NotYet):
        payouts.settle(payout.pk)
    long_ago(payout)
    payouts.settle(payout.pk)
    assert after(payout).status == "failed"
    assert [each.reversed for each in provider.transfers_of(payout)] == [True]
    ledger.assert_right()


def test_what_fails_after_it_was_paid_is_noticed_without_its_event(provider):
    payout = requested(earner(provider))
    payouts.settle(payout.pk)
    provider.bank(payout, "paid")
    payouts.settle(payout.pk)
    provider.bank(payout, "failed")
    assert payouts.sweep() == 0
    Payout.objects.filter(pk=payout.pk).update(checked_at=clock.now() - timedelta(days=2))
    assert payouts.sweep() == 1
    assert after(payout).status == "failed"
    ledger.assert_right()


def test_what_was_paid_long_ago_is_asked_about_no_more(provider):
    payout = requested(earner(provider))
    payouts.settle(payout.pk)
    provider.bank(payout, "paid")
    payouts.settle(payout.pk)
    long = clock.now() - timedelta(days=11)
    Payout.objects.filter(pk=payout.pk).update(checked_at=long, ended_at=long)
    assert payouts.sweep() == 0


def test_a_row_of_a_restored_backup_is_looked_for_first(provider):
    """It says that nobody has tried, and the key is forgotten after a day."""
    payout = requested(earner(provider))
    provider.fault("lost_answer", "POST", "/v1/transfers")
    with pytest.raises(NotYet):
        payouts.settle(payout.pk)
    Payout.objects.filter(pk=payout.pk).update(checked_at=None)
    provider.door.advance(2 * 86_400)
    payouts.settle(payout.pk)
    assert (after(payout).status, len(provider.transfers_of(payout))) == ("sent", 1)


@pytest.mark.parametrize("is_paid", [False, True])
def test_a_transfer_taken_back_after_the_bank_has_the_money(provider, is_paid):
    payout = requested(earner(provider))
    payouts.settle(payout.pk)
    if is_paid:
        provider.bank(payout, "paid")
    # Staff pay the account something else, and take the wrong transfer back.
    provider.api.v1.transfers.create(
        {"amount": payout.price, "currency": "usd", "destination": payout.account_id}
    )
    [transfer] = provider.transfers_of(payout)
    provider.api.v1.transfers.reversals.create(transfer.id)
    with capture_logs() as logs:
        payouts.settle(payout.pk)
    assert after(payout).status == ("paid" if is_paid else "sent")
    assert any(each["event"] == "payout_taken_back_and_paid" for each in logs)
    payout.artist.refresh_from_db()
    assert payout.artist.token_balance == 0
    ledger.assert_right()


def test_who_has_too_little_is_asked_once_a_day(provider, settings, time_machine, monkeypatch):
    settings.EARNINGS_HOLD_DAYS = 7
    time_machine.move_to("2027-04-02T00:00:00Z", tick=False)
    artist = earner(provider)
    onboarding.set_monthly(artist, pays_monthly=True)
    asked = []
    request = payouts.request
    monkeypatch.setattr(payouts, "request", lambda *a, **k: asked.append(a) or request(*a, **k))
    for _ in range(3):
        assert payouts.pay_monthly() == 0
    assert len(asked) == 1
    time_machine.move_to("2027-04-03T00:00:00Z", tick=False)
    settings.EARNINGS_HOLD_DAYS = 0
    assert payouts.pay_monthly() == 1
