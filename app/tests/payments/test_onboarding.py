"""How artists come to be paid: their account at the provider."""

from __future__ import annotations

import time

import pytest

from app.exceptions import ArtistOnly, PayoutAccountRequired, ServiceUnavailable
from app.models import PaymentProfile
from app.services.payments import onboarding, payouts
from app.tests.api import Api
from app.tests.factories import ArtistFactory, UserFactory
from app.tests.payments import buyers
from app.tests.payments.paying_artists import after, earner, enable, requested, sell

pytestmark = [pytest.mark.django_db, pytest.mark.slow]


def status_of(user) -> str:
    return onboarding.profile_of(user).account_status


def test_an_artist_comes_to_be_paid(provider):
    artist = ArtistFactory().user
    as_artist = Api(artist)
    assert as_artist.get("/api/payouts/account").data["status"] == "none"
    url = as_artist.post("/api/payouts/account", {"country": "US"}).data["url"]
    assert status_of(artist) == "onboarding"
    answer = provider.door.press(url, "complete")
    assert answer.headers["Location"].endswith(onboarding.RETURN_PATH)
    assert onboarding.come_back(artist).account_status == "enabled"
    assert as_artist.get("/api/payouts/account").data["status"] == "enabled"
    # The link again is for the same account.
    assert Api(artist).post("/api/payouts/account").status == 200
    assert PaymentProfile.objects.filter(user=artist).count() == 1


def test_who_leaves_has_only_begun(provider):
    artist = ArtistFactory().user
    enable(artist, provider.door, "leave")
    assert status_of(artist) == "onboarding"


@pytest.mark.parametrize("status", ["restricted", "rejected"])
def test_what_the_provider_does_not_allow(provider, status):
    artist = ArtistFactory().user
    account = enable(artist, provider.door)
    sell(artist)
    provider.door.post("accounts", id=account, status=status)
    onboarding.settle_account(account)
    profile = onboarding.profile_of(artist)
    assert (profile.account_status, bool(profile.account_note)) == (status, True)
    with pytest.raises(PayoutAccountRequired):
        payouts.request(artist)
    provider.door.post("accounts", id=account, status="enabled")
    onboarding.settle_account(account)
    assert status_of(artist) == "enabled"


def test_an_account_that_is_gone_may_be_opened_again(provider):
    artist = ArtistFactory().user
    account = enable(artist, provider.door)
    provider.api.v1.accounts.delete(account)
    onboarding.settle_account(account)
    assert (status_of(artist), onboarding.profile_of(artist).account_id) == ("none", "")
    # On the same day, when the provider still remembers what it answered to our key.
    assert enable(artist, provider.door) != account
    assert status_of(artist) == "enabled"


def test_a_deleted_account_of_which_nobody_told(provider):
    artist = ArtistFactory().user
    account = enable(artist, provider.door)
    provider.api.v1.accounts.delete(account)
    assert Api(artist).post("/api/payouts/account").status == 200
    assert onboarding.profile_of(artist).account_id not in ("", account)


def test_a_payout_to_an_account_that_was_deleted(provider):
    artist = earner(provider)
    payout = requested(artist)
    provider.api.v1.accounts.delete(payout.account_id)
    payouts.settle(payout.pk)
    ended = after(payout)
    assert ended.status == "failed"
    assert ended.failure == "The account at the provider is not there any more."
    # The next one would fail as well, so it cannot be asked for.
    assert (status_of(artist), onboarding.profile_of(artist).account_id) == ("none", "")
    with pytest.raises(PayoutAccountRequired):
        requested(artist)
    enable(artist, provider.door)
    assert requested(artist).account_id not in ("", payout.account_id)


def test_an_artist_who_leaves_us_there(provider):
    artist = ArtistFactory().user
    account = enable(artist, provider.door)
    provider.api.v1.accounts.delete(account)
    left = {"id": "ca_1", "object": "application"}
    event = {"id": f"evt_{account}", "type": "account.application.deauthorized"}
    event |= {"account": account, "created": int(time.time()), "data": {"object": left}}
    assert buyers.deliver(event).status == 200
    assert (status_of(artist), onboarding.profile_of(artist).account_id) == ("none", "")


def test_a_provider_that_does_not_answer_changes_nothing(provider):
    artist = ArtistFactory().user
    provider.fault("api_error", "POST", "/v1/account_links")
    with pytest.raises(ServiceUnavailable):
        onboarding.begin(artist)
    assert Api(artist).post("/api/payouts/account").status == 200
    provider.fault("lost_answer", "GET", "/v1/accounts/*")
    assert onboarding.come_back(artist).account_status == "onboarding"


def test_an_answer_that_was_lost_opens_no_second_account(provider):
    artist = ArtistFactory().user
    provider.fault("lost_answer", "POST", "/v1/accounts")
    with pytest.raises(ServiceUnavailable):
        onboarding.begin(artist)
    onboarding.begin(artist)
    accounts = provider.api.v1.accounts.list({"limit": 100})
    name = onboarding.profile_of(artist).reference
    assert [each.metadata["profile"] for each in accounts.data].count(name) == 1


def test_only_artists(provider):
    with pytest.raises(ArtistOnly):
        onboarding.begin(UserFactory())


def test_the_test_gateway_says_that_it_is_one():
    artist = ArtistFactory().user
    as_artist = Api(artist)
    assert as_artist.post("/api/payouts/account").data["url"].endswith(onboarding.RETURN_PATH)
    shown = as_artist.get("/api/payouts/account").data
    assert (shown["gateway"], shown["status"]) == ("test", "enabled")
