"""The cookies that browsers are given: how long they live, and who may send or read them."""

from __future__ import annotations

from http.cookies import Morsel
from typing import Any

import pytest
import time_machine
from django.test import Client

pytestmark = pytest.mark.django_db
TWO_WEEKS = 1_209_600


@pytest.fixture
def cookies(settings: Any, client: Client) -> dict[str, Morsel]:
    """What an answer to a sign-in sets."""
    settings.DEMO_SIGN_IN = True
    answer = client.post("/api/auth/demo", {"username": "ada"}, content_type="application/json")
    assert answer.status_code == 200
    return dict(answer.cookies)


def test_a_session_is_kept_for_two_weeks_and_no_script_reads_it(cookies) -> None:
    session = cookies["sessionid"]
    assert session["max-age"] == TWO_WEEKS
    assert session["httponly"] is True
    assert session["samesite"] == "Lax"
    assert session["path"] == "/"


def test_the_csrf_token_can_be_read_by_our_pages_and_is_sent_from_them_alone(cookies) -> None:
    token = cookies["csrftoken"]
    assert not token["httponly"]
    assert token["samesite"] == "Lax"


def test_a_session_ends_after_two_weeks(settings: Any) -> None:
    settings.DEMO_SIGN_IN = True
    with time_machine.travel("2026-11-22T12:00:00Z", tick=False) as now:
        client = Client()
        client.post("/api/auth/demo", {"username": "ada"}, content_type="application/json")
        now.shift(TWO_WEEKS - 1)
        assert client.get("/api/auth/me").status_code == 200
        now.shift(2)
        assert client.get("/api/auth/me").status_code == 401
