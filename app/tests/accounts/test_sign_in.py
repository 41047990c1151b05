"""Sign-in with Google, with a real OpenID provider in Google's place."""

from collections.abc import Callable, Iterator
from typing import Any
from urllib.parse import urlsplit

import httpx
import pytest
from allauth.socialaccount.models import SocialAccount
from django.test import Client

from app.models import Role, Transaction, TransactionType, User
from app.tests.helpers_sign_in import (
    CALLBACK,
    LOGIN,
    assert_refused,
    start_sign_in,
    together,
    use_environment,
)
from app.tests.identity_provider import CLIENT_ID, IdentityProvider

MINJI, HER_NAMESAKE, ADA = "10001", "10002", "10003"


@pytest.fixture(scope="session")
def running_provider(tmp_path_factory: pytest.TempPathFactory) -> Iterator[IdentityProvider]:
    provider = IdentityProvider(tmp_path_factory.mktemp("identity-provider"))
    try:
        provider.start()
        yield provider
    finally:
        provider.stop()


@pytest.fixture
def provider(
    running_provider: IdentityProvider, settings: Any, monkeypatch: pytest.MonkeyPatch
) -> IdentityProvider:
    use_environment(running_provider.environment(), settings, monkeypatch)
    return running_provider


@pytest.fixture
def consented(provider: IdentityProvider) -> Callable[..., str]:
    """The address of the callback, with its query, to which a browser comes back."""

    def consented(client: Client, person: str = MINJI, **query: str) -> str:
        answer = client.get(LOGIN, query)
        assert answer.status_code == 302, answer.content
        back = provider.consent(answer["Location"], person)
        assert (back.scheme, back.host, back.path) == ("http", "testserver", CALLBACK)
        return str(back.raw_path, "ascii")

    return consented


@pytest.mark.slow
@pytest.mark.django_db(transaction=True)
def test_a_browser_signs_in_over_http(provider: IdentityProvider, live_server: Any) -> None:
    with httpx.Client(base_url=live_server.url) as browser:
        to_provider = browser.get(LOGIN, params={"next": "/studio?tab=2"})
        session_before = browser.cookies["sessionid"]
        back = provider.consent(to_provider.headers["Location"], MINJI)
        answer = browser.get(back)
        me = browser.get("/api/auth/me").json()

    assert answer.status_code == 302
    assert answer.headers["Location"] == "/studio?tab=2"
    assert browser.cookies["sessionid"] != session_before
    user = User.objects.get()
    assert (user.provider, user.provider_user_id) == ("google", MINJI)
    assert (user.username, user.email, user.role) == ("김민지", "minji@example.com", Role.USER)
    assert not user.has_usable_password()
    assert SocialAccount.objects.get().extra_data == {"name": "김민지"}
    assert user.token_balance == 100
    bonus = Transaction.objects.get()
    assert (bonus.receiver, bonus.sender, bonus.amount) == (user, None, 100)
    assert (bonus.type, bonus.memo) == (TransactionType.EARN, "welcome_bonus")
    assert me["data"]["id"] == user.pk


@pytest.mark.django_db
def test_a_client_that_takes_json_gets_the_user(client: Client, consented: Any) -> None:
    answer = client.get(consented(client), headers={"Accept": "application/json"})

    assert answer.status_code == 200
    user = User.objects.get()
    assert answer.json() == {
        "success": True,
        "data": {
            "id": user.pk,
            "username": "김민지",
            "email": "minji@example.com",
            "role": "user",
            "token_balance": 100,
            "profile_image": None,
            "bio": "",
            "shows_mature": False,
            "artist": None,
        },
    }
    assert client.get("/api/auth/me").json() == answer.json()


@pytest.mark.django_db
def test_the_second_sign_in_is_the_same_user_without_another_bonus(consented: Any) -> None:
    for client in (Client(), Client()):
        assert client.get(consented(client)).status_code == 302

    assert User.objects.get().token_balance == 100
    assert Transaction.objects.count() == 1
    assert client.get("/api/auth/me").json()["data"]["id"] == User.objects.get().pk


@pytest.mark.django_db
def test_the_same_email_address_is_not_the_same_user(consented: Any) -> None:
    for person in (MINJI, HER_NAMESAKE):
        client = Client()
        assert client.get(consented(client, person)).status_code == 302

    users = User.objects.order_by("pk").values_list("provider_user_id", "email", "token_balance")
    assert list(users) == [
        (MINJI, "minji@example.com", 100),
        (HER_NAMESAKE, "minji@example.com", 100),
    ]


@pytest.mark.django_db
def test_signing_in_as_somebody_else_ends_the_session(client: Client, consented: Any) -> None:
    client.get(consented(client, MINJI))
    client.get(consented(client, ADA))

    assert client.get("/api/auth/me").json()["data"]["username"] == "ada-lovelace"


# --- What the browser says ---------------------------------------------------------------------


@pytest.mark.django_db
@pytest.mark.parametrize(
    "following",
    [
        "https://evil.example/",
        "//evil.example/",
        "/\\evil.example/",
        "\\\\evil.example/",
        "///evil.example/",
        "javascript:alert(1)",
        "evil.example",
        "/\t/evil.example/",
        "http://testserver@evil.example/",
    ],
)
def test_next_leads_nowhere_else(client: Client, consented: Any, following: str) -> None:
    answer = client.get(consented(client, next=following))

    assert (answer.status_code, answer["Location"]) == (302, "/")


@pytest.mark.django_db
def test_the_browser_does_not_change_what_the_provider_is_asked(
    client: Client, provider: IdentityProvider
) -> None:
    asked = start_sign_in(
        client,
        scope="https://www.googleapis.com/auth/drive",
        auth_params="prompt=none&login_hint=evil@example.com",
        process="connect",
        action="reauthenticate",
        state="chosen",
        nonce="chosen",
        redirect_uri="https://evil.example/",
    )

    assert set(asked.pop("scope").split()) == {"openid", "email", "profile"}
    assert len(asked.pop("state")) >= 16
    assert len(asked.pop("nonce")) >= 32
    assert len(asked.pop("code_challenge")) == 43
    assert asked == {
        "client_id": CLIENT_ID,
        "redirect_uri": f"http://testserver{CALLBACK}",
        "response_type": "code",
        "code_challenge_method": "S256",
        "access_type": "online",
        "claims": provider.environment()["GOOGLE_CLAIMS"],
    }


@pytest.mark.django_db
def test_no_two_attempts_share_a_secret(client: Client, provider: IdentityProvider) -> None:
    first, second = start_sign_in(client), start_sign_in(client)

    for name in ("state", "nonce", "code_challenge"):
        assert first[name] != second[name]


@pytest.mark.django_db
@pytest.mark.parametrize("path", [LOGIN, CALLBACK])
def test_only_get_is_taken(client: Client, provider: IdentityProvider, path: str) -> None:
    answer = client.post(path, {"process": "connect"})

    assert answer.status_code == 405
    assert answer.json()["error"]["code"] == "METHOD_NOT_ALLOWED"


# --- Callbacks that answer nothing -------------------------------------------------------------


@pytest.mark.django_db
@pytest.mark.parametrize("state", [None, "", "forged-state-000", "\x00"])
def test_an_unknown_state_is_refused(client: Client, consented: Any, state: str | None) -> None:
    query = httpx.QueryParams(urlsplit(consented(client)).query).remove("state")
    answer = client.get(CALLBACK, dict(query) if state is None else {**query, "state": state})

    assert_refused(answer, client)


@pytest.mark.django_db
def test_the_state_of_another_browser_is_refused(client: Client, consented: Any) -> None:
    address = consented(Client())

    assert_refused(client.get(address), client)


@pytest.mark.django_db
def test_a_callback_works_once(client: Client, consented: Any) -> None:
    address = consented(client)
    assert client.get(address).status_code == 302
    client.post("/api/auth/logout")

    assert_refused(client.get(address), client, users=1)


@pytest.mark.django_db
def test_the_code_of_another_sign_in_is_refused(client: Client, consented: Any) -> None:
    """Stolen codes: unused, it fails by PKCE; used, by the provider's memory too."""
    victim = Client()
    address = consented(victim)
    stolen = httpx.QueryParams(urlsplit(address).query)["code"]

    answer = client.get(CALLBACK, {"code": stolen, "state": start_sign_in(client)["state"]})
    assert_refused(answer, client)

    victims_next = consented(victim)
    assert victim.get(victims_next).status_code == 302
    used = httpx.QueryParams(urlsplit(victims_next).query)["code"]
    answer = client.get(CALLBACK, {"code": used, "state": start_sign_in(client)["state"]})
    assert_refused(answer, client, users=1)


@pytest.mark.django_db(transaction=True)
def test_of_two_callbacks_at_once_one_signs_in(consented: Any) -> None:
    browser, its_double = Client(), Client()
    address = consented(browser)
    its_double.cookies["sessionid"] = browser.cookies["sessionid"].value

    answers = together(lambda: browser.get(address), lambda: its_double.get(address))

    done, refused = sorted(answers, key=lambda answer: answer.status_code)
    assert done.status_code == 302
    # 400 when the session that it came with has been exchanged meanwhile.
    assert refused.status_code in (400, 401)
    assert refused.json()["success"] is False
    assert User.objects.get().token_balance == 100
    assert Transaction.objects.count() == 1


@pytest.mark.django_db
@pytest.mark.parametrize(
    ("error", "message"),
    [
        ("access_denied", "Signing in with Google was canceled."),
        ("server_error", "Signing in with Google did not work. Try again."),
    ],
)
def test_an_error_of_the_provider_is_told(
    client: Client, provider: IdentityProvider, error: str, message: str
) -> None:
    answer = client.get(CALLBACK, {"error": error, "state": start_sign_in(client)["state"]})

    assert_refused(answer, client, message=message)


@pytest.mark.django_db
def test_a_callback_without_a_code_is_refused(client: Client, provider: IdentityProvider) -> None:
    answer = client.get(CALLBACK, {"state": start_sign_in(client)["state"]})

    assert_refused(answer, client)


@pytest.mark.django_db
@pytest.mark.parametrize("path", [LOGIN, CALLBACK])
def test_where_it_is_not_set_up_sign_in_says_so(
    client: Client, settings: Any, monkeypatch: pytest.MonkeyPatch, path: str
) -> None:
    use_environment({"GOOGLE_CLIENT_ID": ""}, settings, monkeypatch)

    assert_refused(
        client.get(path),
        client,
        status=503,
        code="SERVICE_UNAVAILABLE",
        message="Sign-in with Google is not set up on this server.",
    )
