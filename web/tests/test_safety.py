"""What pages never do, whatever is sent to them or breaks behind them."""

from __future__ import annotations

import re

import pytest
from django.db import OperationalError
from django.test import Client

from app.models import Generation, Purchase, Style, User
from app.tests.factories import (
    GenerationFactory,
    PublicPictureFactory,
    StyleFactory,
    UserFactory,
)


def test_nothing_is_written_into_the_page_that_its_policy_forbids(
    picture: Generation, style: Style, buyer: User, signed_in
) -> None:
    client = signed_in(buyer)
    for address in ("/", f"/styles/{style.pk}", f"/pictures/{picture.pk}", "/wallet"):
        response = client.get(address)
        policy = response["Content-Security-Policy"]
        assert "default-src 'self'" in policy
        assert "unsafe" not in policy
        page = response.content.decode()
        assert not re.search(
            r"<style|<script(?![^>]* src=| type=.application/ld\+json.>)|\sstyle=|\son\w+=", page
        )
        assert not re.search(r'(?:src|action)="https?://(?!127\.0\.0\.1)', page)


def test_api_is_left_as_it_was(db) -> None:
    missing = Client(headers={"accept-language": "ko"}).get("/api/nowhere")
    assert missing.json() == {
        "success": False,
        "error": {"code": "NOT_FOUND", "message": "There is nothing here."},
    }
    assert "Content-Language" not in missing


def test_the_language_of_a_page_stays_with_it(buyer: User) -> None:
    """The next request that the same thread answers may be a program's."""
    visitor, program = Client(headers={"accept-language": "ko"}), Client()
    program.force_login(buyer)
    for address in ("/", "/nowhere", "/studio"):
        visitor.get(address)
        refused = program.post("/api/images/generate", {}, content_type="application/json")
        assert refused.json()["error"]["message"] == "style_id: This field is required."


def test_broken_page_is_answered_without_the_database(db, monkeypatch) -> None:
    def broken(*_: object, **__: object) -> None:
        raise RuntimeError("broken")

    monkeypatch.setattr("web.views.feed.page_of", broken)
    response = Client(raise_request_exception=False).get("/")
    assert response.status_code == 500
    assert "Something went wrong on our side." in response.content.decode()
    assert "broken" not in response.content.decode()


def test_form_without_its_token_is_refused_with_a_page(buyer: User) -> None:
    client = Client(enforce_csrf_checks=True)
    client.force_login(buyer)
    response = client.post("/wallet/buy", {"amount": 100, "payment_method": "card"})
    assert response.status_code == 403
    assert "Send it again" in response.content.decode()
    assert not Purchase.objects.exists()


def test_private_picture_is_its_owners_alone(buyer: User, style: Style, signed_in) -> None:
    hidden = GenerationFactory(user=buyer, style=style)
    assert signed_in(buyer).get(f"/pictures/{hidden.pk}").status_code == 200
    for client in (Client(), signed_in(UserFactory())):
        assert client.get(f"/pictures/{hidden.pk}").status_code == 404
        assert client.get(f"/pictures/{hidden.pk}/image").status_code == 404
    assert signed_in(UserFactory()).get(f"/pictures/{hidden.pk}/download").status_code == 404
    assert signed_in(UserFactory()).get(f"/wallet/pictures/{hidden.pk}").status_code == 404


@pytest.mark.parametrize("address", ["//evil.example", "https://evil.example", "javascript:x", ""])
def test_nobody_is_led_to_another_site(address: str, picture: Generation, signed_in) -> None:
    client = signed_in(UserFactory())
    for path in (f"/pictures/{picture.pk}/like", "/preferences"):
        answer = client.post(path, {"next": address, "theme": "dark"})
        assert answer["Location"] in {"/", f"/pictures/{picture.pk}"}
    assert client.get("/sign-in", {"next": address})["Location"] == "/"


@pytest.mark.parametrize("cursor", ["x", "bnVsbA", "W10", "WzEsMl0", "W251bGwsbnVsbF0", "é"])
def test_cursor_that_we_did_not_write_gives_the_first_page(cursor: str, picture) -> None:
    response = Client().get("/", {"after": cursor})
    assert response.status_code == 200
    assert f"/pictures/{picture.pk}" in response.content.decode()


def test_failed_sign_in_brings_people_back_to_the_door_and_programs_an_error(settings, db) -> None:
    settings.GOOGLE_CLIENT_ID = ""
    address = "/api/auth/google/login"
    person = Client(headers={"accept": "text/html,*/*"}).get(address, follow=True)
    assert person.redirect_chain == [("/sign-in?problem=503", 302)]
    assert "The service that you sign in with is not responding." in person.content.decode()
    program = Client(headers={"accept": "application/json"}).get(address)
    assert program.json()["error"]["code"] == "SERVICE_UNAVAILABLE"


def test_page_says_so_when_the_database_is_away(db, monkeypatch) -> None:
    def away(*_: object, **__: object) -> None:
        raise OperationalError("gone")

    monkeypatch.setattr("web.views.feed.page_of", away)
    response = Client(raise_request_exception=False).get("/")
    assert response.status_code == 503
    assert "Try again shortly" in response.content.decode()


def test_pages_are_kept_by_nobody_else(picture: Generation) -> None:
    response = Client().get("/")
    assert response["Cache-Control"] == "private, no-cache"
    assert {"Cookie", "HX-Request", "Accept-Language"} <= set(response["Vary"].split(", "))


def test_what_people_write_is_shown_as_text(buyer: User, artist: User, signed_in) -> None:
    evil = '"><script>alert(1)</script>'
    style = StyleFactory(artist=artist.artist, name=evil, tags=("sea",))
    picture = PublicPictureFactory(user=buyer, style=style, description=evil, prompt_tags=(evil,))
    Generation.objects.update(placeholder=evil)
    artist.artist.artist_name = evil
    artist.artist.save()
    client = signed_in(buyer)
    client.post(f"/pictures/{picture.pk}/comments", {"content": evil})
    addresses = [
        *("/", "/styles", f"/styles?q={evil}", f"/styles/{style.pk}", f"/pictures/{picture.pk}"),
        *(f"/artists/{artist.pk}", f"/users/{buyer.pk}", "/mine", "/wallet", "/notifications"),
        f"/wallet/pictures/{picture.pk}",
    ]
    for address in addresses:
        page = client.get(address).content.decode()
        assert "<script>alert" not in page, address
