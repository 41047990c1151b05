"""What a provider, or somebody who speaks in its place, may not get away with."""

import time
from collections.abc import Callable, Iterator
from typing import Any

import pytest
from django.test import Client
from jwt.utils import base64url_encode

from app.models import User
from app.tests.forging_provider import CLIENT_ID, CLIENT_SECRET, KEY_ID, ForgingProvider
from app.tests.helpers_sign_in import (
    CALLBACK,
    assert_refused,
    sign_in,
    start_sign_in,
    use_environment,
)
from devtools.servers.process import free_port

Forgery = Callable[[ForgingProvider, str], Any]
NO_ANSWER = "Google does not answer. Try again later."

# They talk with an OpenID provider, a process of its own.
pytestmark = [pytest.mark.slow, pytest.mark.django_db]


@pytest.fixture
def forger(settings: Any, monkeypatch: pytest.MonkeyPatch) -> Iterator[ForgingProvider]:
    forger = ForgingProvider()
    forger.start()
    use_environment(forger.environment(), settings, monkeypatch)
    yield forger
    forger.stop()


def in_an_hour() -> int:
    return int(time.time()) + 3600


def an_hour_ago() -> int:
    return int(time.time()) - 3600


FORGERIES: dict[str, Forgery] = {
    "no id token": lambda forger, nonce: None,
    "not a text": lambda forger, nonce: {"sub": "20001"},
    "not a token": lambda forger, nonce: "a.b.c",
    # Whose word it is
    "unsigned": lambda forger, nonce: forger.unsigned(nonce),
    "signature cut off": lambda forger, nonce: forger.signed(nonce).rpartition(".")[0] + ".",
    "signed by the client's secret": lambda forger, nonce: forger.signed_by_secret(
        nonce, CLIENT_SECRET.encode()
    ),
    "signed by the public key as a secret": lambda forger, nonce: forger.signed_by_secret(
        nonce, forger.public_pem
    ),
    "foreign key, right kid": lambda forger, nonce: forger.signed(nonce, key="foreign"),
    "foreign key in its own header": lambda forger, nonce: forger.signed_by_own_header(
        nonce, "foreign"
    ),
    "unknown kid": lambda forger, nonce: forger.signed(nonce, kid="unknown"),
    "no kid": lambda forger, nonce: forger.signed(nonce, kid=None),
    # Whom and when it is meant for
    "wrong audience": lambda forger, nonce: forger.signed(nonce, aud="another-client"),
    "one audience of several": lambda forger, nonce: forger.signed(nonce, aud=[CLIENT_ID, "other"]),
    "no audience": lambda forger, nonce: forger.signed(nonce, aud=None),
    "issued to another client": lambda forger, nonce: forger.signed(nonce, azp="another-client"),
    "wrong issuer": lambda forger, nonce: forger.signed(nonce, iss="https://evil.example"),
    "no issuer": lambda forger, nonce: forger.signed(nonce, iss=None),
    "expired": lambda forger, nonce: forger.signed(nonce, exp=an_hour_ago()),
    "no end": lambda forger, nonce: forger.signed(nonce, exp=None),
    "issued in the future": lambda forger, nonce: forger.signed(nonce, iat=in_an_hour()),
    "wrong nonce": lambda forger, nonce: forger.signed("of-another-attempt"),
    "nonce in another script": lambda forger, nonce: forger.signed("논스"),
    "no nonce": lambda forger, nonce: forger.signed(nonce, nonce=None),
    # Who it is about
    "no subject": lambda forger, nonce: forger.signed(nonce, sub=None),
    "empty subject": lambda forger, nonce: forger.signed(nonce, sub=""),
    "endless subject": lambda forger, nonce: forger.signed(nonce, sub="1" * 256),
    "e-mail not verified": lambda forger, nonce: forger.signed(nonce, email_verified=False),
    "e-mail verified in words": lambda forger, nonce: forger.signed(nonce, email_verified="true"),
    "e-mail not said to be verified": lambda forger, nonce: forger.signed(
        nonce, email_verified=None
    ),
}


@pytest.mark.parametrize("forgery", FORGERIES.values(), ids=FORGERIES.keys())
def test_a_forged_id_token_is_refused(
    client: Client, forger: ForgingProvider, forgery: Forgery
) -> None:
    asked = start_sign_in(client)
    forger.answer_with(forgery(forger, asked["nonce"]))

    answer = client.get(CALLBACK, {"code": "any", "state": asked["state"]})

    assert_refused(answer, client)


def test_the_same_token_without_a_flaw_is_accepted(client: Client, forger: ForgingProvider) -> None:
    """The control of the forgeries above."""
    assert sign_in(client, forger).status_code == 302
    assert User.objects.get().provider_user_id == "20001"


def test_a_forged_token_changes_nothing_of_an_account(forger: ForgingProvider) -> None:
    sign_in(Client(), forger)
    before = list(User.objects.values()), list(User.objects.get().socialaccount_set.values())

    client = Client()
    asked = start_sign_in(client)
    forger.answer_with(forger.signed("of-another-attempt", name="Eve", email="eve@example.com"))
    answer = client.get(CALLBACK, {"code": "any", "state": asked["state"]})

    assert_refused(answer, client, users=1)
    assert before == (
        list(User.objects.values()),
        list(User.objects.get().socialaccount_set.values()),
    )


def test_a_clock_that_is_a_little_ahead_is_no_forgery(
    client: Client, forger: ForgingProvider
) -> None:
    assert sign_in(client, forger, iat=int(time.time()) + 10).status_code == 302


@pytest.mark.parametrize(
    ("token_answer", "status", "code", "message"),
    [
        ((500, {}), 401, "UNAUTHENTICATED", None),
        ((400, {"error": "invalid_grant"}), 401, "UNAUTHENTICATED", None),
        ((200, []), 401, "UNAUTHENTICATED", None),
        ((200, "access_token"), 401, "UNAUTHENTICATED", None),
        ((200, b"<html>"), 503, "SERVICE_UNAVAILABLE", NO_ANSWER),
    ],
)
def test_a_token_endpoint_that_fails(
    client: Client,
    forger: ForgingProvider,
    token_answer: tuple[int, Any],
    status: int,
    code: str,
    message: str | None,
) -> None:
    asked = start_sign_in(client)
    forger.token_answers["any"] = token_answer

    answer = client.get(CALLBACK, {"code": "any", "state": asked["state"]})

    told = {"message": message} if message else {}
    assert_refused(answer, client, status=status, code=code, **told)


@pytest.mark.parametrize("keys_answer", [(500, {}), (200, b"<html>")])
def test_keys_that_cannot_be_had(
    client: Client, forger: ForgingProvider, keys_answer: tuple[int, Any]
) -> None:
    forger.keys_answer = keys_answer

    answer = sign_in(client, forger)

    assert_refused(answer, client, status=503, code="SERVICE_UNAVAILABLE", message=NO_ANSWER)


@pytest.mark.parametrize("keys", [{}, [], {"keys": []}, {"keys": "none"}, {"keys": [{"kid": "a"}]}])
def test_keys_that_are_none(client: Client, forger: ForgingProvider, keys: Any) -> None:
    forger.keys_answer = (200, keys)

    assert_refused(sign_in(client, forger), client)


def test_a_secret_among_the_keys_signs_nothing(client: Client, forger: ForgingProvider) -> None:
    secret = CLIENT_SECRET.encode()
    key = {"kty": "oct", "kid": KEY_ID, "alg": "HS256", "k": base64url_encode(secret).decode()}
    forger.keys_answer = (200, {"keys": [key]})
    asked = start_sign_in(client)
    forger.answer_with(forger.signed_by_secret(asked["nonce"], secret))

    answer = client.get(CALLBACK, {"code": "any", "state": asked["state"]})

    assert_refused(answer, client)


@pytest.mark.parametrize("endpoint", ["GOOGLE_ACCESS_TOKEN_URL", "GOOGLE_CERTS_URL"])
def test_a_provider_that_is_down(
    client: Client,
    forger: ForgingProvider,
    settings: Any,
    monkeypatch: pytest.MonkeyPatch,
    endpoint: str,
) -> None:
    nobody = f"http://127.0.0.1:{free_port()}/"
    use_environment({**forger.environment(), endpoint: nobody}, settings, monkeypatch)

    answer = sign_in(client, forger)

    assert_refused(answer, client, status=503, code="SERVICE_UNAVAILABLE", message=NO_ANSWER)
