"""The fee changes with a month's notice, and closing an account with earnings takes a word."""

from __future__ import annotations

from datetime import timedelta
from io import StringIO

import pytest
from django.core.management import CommandError, call_command

from app.models import FeeChange, Notification, Transaction
from app.services import fees, pricing, user_service
from app.services.payments import payouts
from app.tests import ledger
from app.tests.api import Api
from app.tests.factories import ArtistFactory, UserFactory
from app.tests.payments.paying_artists import PRICE, after, earner, enable, requested, sell
from app.utils import clock

pytestmark = [pytest.mark.django_db, pytest.mark.slow]


def change(percent: int, days: int) -> str:
    day = (clock.now() + timedelta(days=days)).date().isoformat()
    out = StringIO()
    call_command("change_fee", str(percent), "--from", day, stdout=out)
    return out.getvalue()


def test_the_fee_changes_with_a_months_notice(settings, time_machine):
    settings.PLATFORM_FEE_PERCENT = 10
    artist = ArtistFactory().user
    UserFactory()
    with pytest.raises(CommandError, match="30 days before"):
        change(25, days=29)
    assert not FeeChange.objects.exists()
    assert "1 artist was told." in change(25, days=32)
    fees.forget()
    note = Notification.objects.get(recipient=artist)
    assert "from 10 % to 25 % on " in note.message
    shown = Api(artist).get("/api/payouts/account").data
    assert (shown["fee_percent"], shown["next_fee"]["percent"]) == (10, 25)
    sell(artist)
    assert pricing.artist_share(PRICE) == 900
    time_machine.move_to(clock.now() + timedelta(days=33))
    assert pricing.artist_share(PRICE) == 750
    sell(artist)
    # What was sold before keeps its fee.
    earned = Transaction.objects.filter(receiver=artist, type="earn").order_by("pk")
    assert list(earned.values_list("amount", flat=True)) == [900, 750]
    ledger.assert_right()


def test_who_leaves_with_earnings_says_so(provider):
    artist = earner(provider)
    as_artist = Api(artist)
    before = ledger.snapshot()
    refused = as_artist.delete("/api/users/me")
    assert refused.refusal == (409, "EARNINGS_LEFT")
    assert refused.details == {"earned": PRICE, "under_way": 0}
    assert ledger.snapshot() == before
    assert as_artist.delete("/api/users/me?forfeit_earnings=true").status == 204
    assert ("forfeit", PRICE) in ledger.entries_of(artist)
    ledger.assert_right()


def test_a_payout_under_way_is_waited_for(provider):
    artist = earner(provider)
    payout = requested(artist)
    assert Api(artist).delete("/api/users/me").details == {"earned": 0, "under_way": PRICE}
    payouts.settle(payout.pk)
    provider.bank(payout, "paid")
    payouts.settle(payout.pk)
    assert Api(artist).delete("/api/users/me").status == 204
    ledger.assert_right()


def test_what_comes_back_to_who_has_left_was_given_up(provider):
    artist = earner(provider)
    payout = requested(artist)
    user_service.close_account(artist, forfeits=True)
    payouts.settle(payout.pk)
    provider.bank(payout, "failed")
    payouts.settle(payout.pk)
    artist.refresh_from_db()
    assert (after(payout).status, artist.token_balance, artist.earned_balance) == ("failed", 0, 0)
    ledger.assert_right()


def test_who_has_earned_nothing_in_money_just_leaves(provider):
    artist = ArtistFactory(user__tokens=50).user
    enable(artist, provider.door)
    assert Api(artist).delete("/api/users/me").status == 204
