"""What artists declare is shown with a tick at each upload, and its terms are chosen there."""

from __future__ import annotations

import html

import pytest
from django.test import Client

from app.models import DeclarationAcceptance, Style, User
from app.services.licences import declaration
from app.tests.factories import StyleFactory
from app.tests.uploads import style_form

pytestmark = pytest.mark.django_db


def upload(client: Client, **changes: str) -> str:
    answer = client.post("/studio/upload", style_form(**changes))
    return answer.content.decode()


def test_the_page_shows_the_wording(artist: User, signed_in) -> None:
    client = signed_in(artist)
    english = html.unescape(client.get("/studio/upload").content.decode())
    assert declaration.current().en in english
    korean = client.get("/studio/upload", headers={"accept-language": "ko"}).content.decode()
    assert declaration.current().ko in korean
    assert "상업적 이용" in korean


def test_without_the_tick_nothing_is_uploaded(artist: User, signed_in, media) -> None:
    said = upload(signed_in(artist))
    assert "Confirm what you declare about your works." in said
    assert not Style.objects.exists()


def test_the_tick_accepts_the_wording_that_was_shown(artist: User, signed_in, media) -> None:
    DeclarationAcceptance.objects.all().delete()
    client = signed_in(artist)
    said = upload(client, declared="on", wording="7")
    assert "The current wording is version 1." in said
    assert not DeclarationAcceptance.objects.exists()
    upload(client, declared="on", wording="1", terms="personal")
    style = Style.objects.get()
    assert (style.declaration_id, style.terms_id) == (1, "personal/1")
    assert DeclarationAcceptance.objects.get().user == artist


def test_terms_are_changed_with_the_style(artist: User, signed_in) -> None:
    style = StyleFactory(artist=artist.artist, terms_id="personal/1")
    client, path = signed_in(artist), f"/studio/styles/{style.pk}"
    assert '<option value="personal" selected>' in client.get(path).content.decode()
    sent = {"description": "", "tags": "", "price": "10"}
    client.post(path, sent)
    style.refresh_from_db()
    assert style.terms_id == "personal/1"
    client.post(path, {**sent, "terms": "commercial-no-attribution"})
    style.refresh_from_db()
    assert style.terms_id == "commercial-no-attribution/1"
