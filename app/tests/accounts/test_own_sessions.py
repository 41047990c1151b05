"""Browsers that somebody is signed in with, seen and signed out."""

from __future__ import annotations

from typing import Any

import pytest
from django.test import Client

from app.models import ApiKey, Session, User
from app.services import api_key_service
from app.tests.api import Api
from app.tests.factories import UserFactory

pytestmark = pytest.mark.django_db
SESSIONS = "/api/auth/sessions"
ME = "/api/auth/me"


@pytest.fixture
def browsers(buyer: User) -> tuple[Api, Api]:
    return Api(buyer), Api(buyer)


def listed(client: Api) -> list[dict[str, Any]]:
    rows: list[dict[str, Any]] = client.get(SESSIONS).data["sessions"]
    return rows


def test_each_is_listed_and_says_which_is_this_one(browsers: tuple[Api, Api]) -> None:
    Api(UserFactory())
    here, there = browsers
    rows = listed(here)
    assert sorted(row["is_current"] for row in rows) == [False, True]
    assert all(row["began_at"] and row["expires_at"] for row in rows)
    [mine] = [row["id"] for row in rows if row["is_current"]]
    [other] = [row["id"] for row in listed(there) if row["is_current"]]
    assert {mine, other} == {row["id"] for row in rows}
    # What is shown opens nothing.
    assert not Session.objects.filter(pk__in=[mine, other]).exists()


def test_it_remembers_the_browser(settings: Any) -> None:
    settings.DEMO_SIGN_IN = True
    client = Api(User_Agent="Fancy/1.0" + "x" * 500)
    client.post("/api/auth/demo", {"username": "ada"})
    [row] = listed(client)
    assert row["browser"].startswith("Fancy/1.0x")
    assert len(row["browser"]) == 300


def test_one_is_signed_out(browsers: tuple[Api, Api]) -> None:
    here, there = browsers
    [other] = [row["id"] for row in listed(here) if not row["is_current"]]
    assert here.delete(f"{SESSIONS}/{other}").status == 204
    assert there.get(ME).status == 401
    assert here.get(ME).status == 200
    assert here.delete(f"{SESSIONS}/{other}").status == 404


def test_nobody_signs_others_out(browsers: tuple[Api, Api]) -> None:
    here, _ = browsers
    for row in listed(here):
        assert Api(UserFactory()).delete(f"{SESSIONS}/{row['id']}").status == 404
    assert len(listed(here)) == 2


@pytest.mark.parametrize("keys", [True, False])
def test_all_are_signed_out_and_keys_if_wanted(
    browsers: tuple[Api, Api], buyer: User, keys: bool
) -> None:
    stranger = Api(UserFactory())
    secret = api_key_service.create_key(user=buyer, name="k", scopes=["read"]).secret
    program = Api(Authorization=f"Api-Key {secret}")
    assert browsers[0].delete(f"{SESSIONS}{'?keys=true' if keys else ''}").status == 204
    assert [client.get(ME).status for client in browsers] == [401, 401]
    assert program.get(ME).status == (401 if keys else 200)
    assert ApiKey.objects.of(buyer).exists() is not keys
    assert stranger.get(ME).status == 200


def test_the_site_does_the_same(browsers: tuple[Api, Api], buyer: User) -> None:
    here, there = browsers
    page = here.http.get("/account/sessions").content.decode()
    assert "This browser" in page
    [other] = [row["id"] for row in listed(here) if not row["is_current"]]
    answer: Any = here.http.post(f"/account/sessions/{other}/end")
    assert answer["Location"] == "/account/sessions"
    assert there.get(ME).status == 401
    api_key_service.create_key(user=buyer, name="k", scopes=["read"])
    assert "Revoke my API keys" in here.http.get("/account/sessions").content.decode()
    here.http.post("/account/sessions/end", {"keys": "yes"})
    assert here.get(ME).status == 401
    assert not ApiKey.objects.of(buyer).exists()
    assert not Session.objects.filter(user=buyer).exists()


def test_one_signs_this_browser_out(buyer: User) -> None:
    client = Client()
    client.force_login(buyer)
    [mine] = [row["id"] for row in client.get(SESSIONS).json()["data"]["sessions"]]
    assert client.post(f"/account/sessions/{mine}/end")["Location"] == "/"
    assert client.get(ME).status_code == 401
