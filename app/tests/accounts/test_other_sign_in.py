"""Sign-in with GitHub and Apple, and how many accounts an address may make."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any
from urllib.parse import parse_qs, urlsplit

import pytest
from allauth.account.models import EmailAddress
from allauth.socialaccount.models import SocialAccount
from django.test import Client

from app.models import MailPreference, User
from app.tests.forging_provider import CLIENT_ID, ForgingProvider
from app.tests.helpers_sign_in import sign_in, use_environment

pytestmark = pytest.mark.django_db
EMAIL = "secret.handle@example.com"
PERSON = {"id": 583231, "login": "octo", "name": "Octo Cat", "email": "public@example.com"}
ADDRESSES = [
    {"email": "old@example.com", "primary": False, "verified": True},
    {"email": EMAIL, "primary": True, "verified": True},
]


@pytest.fixture
def forger(settings: Any, monkeypatch: pytest.MonkeyPatch) -> Iterator[ForgingProvider]:
    forger = ForgingProvider()
    forger.start()
    environment = {**forger.environment(), **forger.environment_of_others()}
    use_environment(environment, settings, monkeypatch)
    yield forger
    forger.stop()


def begin(client: Client, provider: str, **query: str) -> dict[str, str]:
    answer = client.get(f"/api/auth/{provider}/login", query)
    assert answer.status_code == 302, answer.content
    return {name: value for name, [value] in parse_qs(urlsplit(answer["Location"]).query).items()}


def with_github(
    client: Client, forger: ForgingProvider, person: Any = PERSON, addresses: Any = ADDRESSES
) -> Any:
    asked = begin(client, "github")
    forger.answer_with(None)
    forger.get_answers = {"/api/user": (200, person), "/api/user/emails": (200, addresses)}
    return client.get("/api/auth/github/callback", {"code": "any", "state": asked["state"]})


def with_apple(client: Client, forger: ForgingProvider, **changes: Any) -> Any:
    asked = begin(client, "apple")
    right = {"email_verified": "true", "name": None}
    forger.answer_with(forger.signed(asked["nonce"], **{**right, **changes}))
    form = {"code": "any", "state": asked["state"], "user": '{"name": {}}', "id_token": "x.y.z"}
    # From Apple's site: without a token of ours, and without our cookies.
    there = Client(enforce_csrf_checks=True).post("/api/auth/apple/callback", form)
    assert there.status_code == 303
    assert "id_token" not in there["Location"]
    return client.get(there["Location"])


class TestGitHub:
    def test_an_account_is_made_with_the_verified_address_and_found_again(self, forger):
        for _ in range(2):
            client = Client()
            assert with_github(client, forger).status_code == 302
            assert client.get("/api/auth/me").json()["data"]["email"] == EMAIL
        user = User.objects.get()
        assert (user.username, user.provider, user.provider_user_id) == (
            "octo-cat",
            "github",
            "583231",
        )
        assert SocialAccount.objects.get().extra_data == {"name": "Octo Cat"}

    def test_it_is_asked_for_no_more_than_the_addresses(self, forger):
        asked = begin(Client(), "github", scope="repo", next="/wallet")
        assert asked["scope"] == "user:email"
        assert asked["client_id"] == CLIENT_ID
        assert "code_challenge" in asked

    @pytest.mark.parametrize(
        "addresses",
        [
            [{"email": EMAIL, "primary": True, "verified": False}],
            [{"email": EMAIL, "primary": False, "verified": True}],
            [{"email": None, "primary": True, "verified": True}],
            [],
            {"message": "Not Found"},
            ["x"],
        ],
    )
    def test_without_a_verified_primary_address_it_is_refused(self, forger, addresses):
        client = Client()
        answer = with_github(client, forger, addresses=addresses)
        assert answer.status_code == 401
        assert answer.json()["error"]["message"] == (
            "Signing in with GitHub did not work. Try again."
        )
        assert not User.objects.exists()

    @pytest.mark.parametrize("person", [{}, {"id": "1"}, {"id": True}, [], None])
    def test_who_is_nobody_is_refused(self, forger, person):
        assert with_github(Client(), forger, person=person).status_code == 401
        assert not User.objects.exists()

    def test_when_it_is_away_it_says_so(self, forger):
        client = Client()
        asked = begin(client, "github")
        forger.answer_with(None)
        forger.get_answers = {"/api/user": (500, {})}
        callback = {"code": "any", "state": asked["state"]}
        answer = client.get("/api/auth/github/callback", callback)
        assert answer.json()["error"]["message"] == "GitHub does not answer. Try again later."


class TestApple:
    def test_an_account_is_made_by_its_form(self, forger):
        client = Client()
        assert with_apple(client, forger).status_code == 302
        assert client.get("/api/auth/me").json()["data"]["email"] == EMAIL
        user = User.objects.get()
        assert (user.provider, user.provider_user_id) == ("apple", "20001")

    @pytest.mark.parametrize(
        "changes",
        [
            {"email_verified": "false"},
            {"email_verified": None},
            {"nonce": "another"},
            {"aud": "another"},
            {"key": "unpublished"},
        ],
    )
    def test_a_token_with_a_flaw_is_refused(self, forger, changes):
        assert with_apple(Client(), forger, **changes).status_code == 401
        assert not User.objects.exists()

    def test_a_form_for_another_browser_signs_nobody_in(self, forger):
        asked = begin(Client(), "apple")
        forger.answer_with(forger.signed(asked["nonce"], email_verified="true"))
        stranger = Client()
        callback = {"code": "any", "state": asked["state"]}
        assert stranger.get("/api/auth/apple/callback", callback).status_code == 401


class TestAccounts:
    def test_one_address_at_three_providers_is_three_accounts(self, forger):
        clients = [Client() for _ in range(3)]
        sign_in(clients[0], forger)
        with_github(clients[1], forger)
        with_apple(clients[2], forger)
        ids = [client.get("/api/auth/me").json()["data"]["id"] for client in clients]
        assert len(set(ids)) == 3
        assert {user.email for user in User.objects.all()} == {EMAIL}

    def test_mail_goes_to_the_address_of_the_last_sign_in(self, forger):
        """Also if another account has it: an address says nothing of whose account it is."""
        sign_in(Client(), forger, email="new@example.com")
        for provider, again in (("github", with_github), ("apple", with_apple)):
            again(Client(), forger)
            user = User.objects.get(provider=provider)
            MailPreference.objects.filter(pk=user.pk).update(refused="No such user.")
            said = {"addresses": [{"email": "new@example.com", "primary": True, "verified": True}]}
            client = Client()
            again(
                client, forger, **(said if provider == "github" else {"email": "New@example.com"})
            )
            assert client.get("/api/auth/me").json()["data"]["id"] == user.pk
            user.refresh_from_db()
            assert user.email.lower() == "new@example.com"
            assert EmailAddress.objects.get(user=user).email == "new@example.com"
            assert MailPreference.objects.get(pk=user.pk).refused == ""
        assert User.objects.count() == 3

    def test_a_browser_that_is_signed_in_changes_its_account(self, forger):
        client = Client()
        sign_in(client, forger)
        with_github(client, forger)
        assert client.get("/api/auth/me").json()["data"]["username"] == "octo-cat"
        assert SocialAccount.objects.count() == User.objects.count() == 2


class TestButtons:
    def test_they_are_there_where_they_are_set_up(self, forger):
        page = Client().get("/sign-in?next=/wallet").content.decode()
        for provider in ("github", "apple"):
            assert f"/api/auth/{provider}/login?next=%2Fwallet" in page

    def test_and_nowhere_else(self, settings):
        page = Client().get("/sign-in").content.decode()
        for provider, name in (("github", "GitHub"), ("apple", "Apple")):
            assert f"/api/auth/{provider}/" not in page
            for step in ("login", "callback"):
                answer = Client().get(f"/api/auth/{provider}/{step}")
                assert answer.status_code == 503
                assert answer.json()["error"]["message"] == (
                    f"Sign-in with {name} is not set up on this server."
                )


class TestHowMany:
    def test_accounts_of_one_address_have_an_end_and_signing_in_has_none(self, forger, settings):
        settings.RATE_LIMITS = {"sign_up": "2/3600"}
        for sub in ("1", "2"):
            assert sign_in(Client(), forger, sub=sub).status_code == 302
        refused = Client()
        answer = sign_in(refused, forger, sub="3")
        assert answer.status_code == 429
        assert answer.json()["error"]["code"] == "RATE_LIMITED"
        assert 3500 < int(answer["Retry-After"]) <= 3600
        assert refused.get("/api/auth/me").status_code == 401
        assert User.objects.count() == 2
        assert sign_in(Client(), forger, sub="1").status_code == 302
        settings.TRUSTED_PROXIES = 1
        elsewhere = Client(headers={"x-forwarded-for": "203.0.113.9"})
        assert sign_in(elsewhere, forger, sub="3").status_code == 302
