"""What the tests of sign-in share."""

import runpy
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from typing import Any
from urllib.parse import parse_qs, urlsplit

import pytest
from allauth.socialaccount.models import SocialAccount
from django.db import connection, connections
from django.test import Client

import config.settings
from app.models import Transaction, User
from app.tests.forging_provider import ForgingProvider
from devtools.servers.process import wait_for

LOGIN = "/api/auth/google/login"
CALLBACK = "/api/auth/google/callback"
FAILED = "Signing in with Google did not work. Try again."


def use_environment(
    environment: dict[str, str], settings: Any, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Let the sign-in settings be what config/settings.py makes of ``environment``."""
    for name, value in environment.items():
        monkeypatch.setenv(name, value)
    fresh = runpy.run_path(config.settings.__file__)
    settings.GOOGLE_CLIENT_ID = fresh["GOOGLE_CLIENT_ID"]
    settings.SOCIALACCOUNT_PROVIDERS = fresh["SOCIALACCOUNT_PROVIDERS"]
    # One address signs in far more often here than any person does.
    settings.RATE_LIMITS = dict.fromkeys(settings.RATE_LIMITS, "")


def start_sign_in(client: Client, **query: str) -> dict[str, str]:
    """The query of the URL at the provider to which the browser is sent."""
    answer = client.get(LOGIN, query)
    assert answer.status_code == 302, answer.content
    return {name: value for name, [value] in parse_qs(urlsplit(answer["Location"]).query).items()}


def sign_in(client: Client, forger: ForgingProvider, *, code: str = "any", **changes: Any) -> Any:
    """The answer to a sign-in in which the provider says the right things but for ``changes``."""
    asked = start_sign_in(client)
    forger.answer_with(forger.signed(asked["nonce"], **changes), code=code)
    return client.get(CALLBACK, {"code": code, "state": asked["state"]})


def assert_refused(
    answer: Any,
    client: Client,
    *,
    status: int = 401,
    code: str = "UNAUTHENTICATED",
    message: str = FAILED,
    users: int = 0,
) -> None:
    """The error has the API's shape; nobody is signed in, nothing was made beyond ``users``."""
    assert answer.status_code == status, answer.content
    assert answer["Content-Type"] == "application/json"
    assert answer.json() == {"success": False, "error": {"code": code, "message": message}}
    assert client.get("/api/auth/me").status_code == 401
    assert User.objects.count() == users
    assert SocialAccount.objects.count() == users
    assert Transaction.objects.count() == users


def together(*calls: Callable[[], Any]) -> list[Any]:
    """The results of ``calls``, made at once."""
    return begin(*calls)()


def begin(*calls: Callable[[], Any]) -> Callable[[], list[Any]]:
    """Start each of ``calls`` in a thread of its own; what is returned waits for the results."""
    executor = ThreadPoolExecutor(len(calls))

    def run(call: Callable[[], Any]) -> Any:
        try:
            return call()
        finally:
            connections.close_all()

    started = [executor.submit(run, call) for call in calls]
    return lambda: [call.result(timeout=20) for call in started]


def wait_for_lock_queue(length: int) -> None:
    """Return once ``length`` connections to this database wait for an advisory lock."""

    def is_reached() -> bool:
        with connection.cursor() as cursor:
            cursor.execute(
                "SELECT count(*) FROM pg_locks WHERE locktype = 'advisory' AND NOT granted"
                " AND database = (SELECT oid FROM pg_database WHERE datname = current_database())"
            )
            return bool(cursor.fetchone()[0] == length)

    assert wait_for(is_reached, seconds=10), "Nobody waits for the lock."
