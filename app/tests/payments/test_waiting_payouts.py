"""Payouts that have to wait, at the provider or for it: none of them keeps another from its turn,
and none waits for ever."""

from __future__ import annotations

from datetime import timedelta

import pytest

from app.models import Payout
from app.services.payments import payouts
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
