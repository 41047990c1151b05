"""What search engines read of pictures, as a parser of JSON-LD reads it."""

from __future__ import annotations

import json
from html.parser import HTMLParser
from typing import Any

import pytest
from django.conf import settings
from django.db import connection
from django.test import Client
from django.test.utils import CaptureQueriesContext

from app.models import Artist, Generation, Style, User
from app.services.licences import certificate
from app.tests.factories import GenerationFactory, PublicPictureFactory
from provenance.metadata import Provenance, xmp_packet
from web import structured

pytestmark = pytest.mark.django_db

ADDRESSES = ("contentUrl", "license", "acquireLicensePage")
SAID = {*ADDRESSES, "@type", "name", "creditText", "creator", "copyrightNotice"}


class Blocks(HTMLParser):
    """The blocks of JSON-LD in a page, and how many scripts there are."""

    def __init__(self, page: str) -> None:
        super().__init__()
        self.found: list[Any] = []
        self.scripts = 0
        self._is_within = False
        self.feed(page)

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self.scripts += tag == "script"
        self._is_within = tag == "script" and ("type", "application/ld+json") in attrs

    def handle_data(self, data: str) -> None:
        if self._is_within:
            self.found.append(json.loads(data))

    def handle_endtag(self, tag: str) -> None:
        self._is_within = False


def said_at(path: str, client: Client | None = None) -> list[Any]:
    answer = (client or Client()).get(path)
    assert answer.status_code == 200
    return Blocks(answer.content.decode()).found


def leads_somewhere(image: dict[str, Any]) -> None:
    for name in ADDRESSES:
        assert image[name].startswith(settings.SITE_URL)
        answer = Client().get(image[name].removeprefix(settings.SITE_URL))
        assert answer.status_code == (302 if name == "contentUrl" else 200), image[name]


def test_a_picture_says_under_which_licence_it_is(picture: Generation) -> None:
    [image] = said_at(f"/pictures/{picture.pk}")
    assert set(image) >= SAID
    assert (image["@context"], image["@type"]) == ("https://schema.org", "ImageObject")
    leads_somewhere(image)
    facts = certificate.facts_of(picture.licence)
    assert image["license"] == facts.terms.url
    assert (image["identifier"], image["usageInfo"]) == (facts.number, facts.verify_url)
    assert image["name"] == facts.prompt
    assert image["creator"]["name"] == facts.artist
    assert image["acquireLicensePage"] == f"{settings.SITE_URL}/styles/{picture.style_id}"


def test_it_says_what_the_file_says(picture: Generation) -> None:
    [image] = said_at(f"/pictures/{picture.pk}")
    facts = certificate.facts_of(picture.licence)
    written = Provenance(facts.artist, facts.style, "", picture.pk, "", 1, licence=facts)
    assert image["copyrightNotice"] == written.rights
    assert f">{image['creditText']}<" in xmp_packet(written).decode()


def test_a_private_picture_says_nothing(buyer: User, style: Style, signed_in) -> None:
    hidden = GenerationFactory(user=buyer, style=style)
    assert said_at(f"/pictures/{hidden.pk}", signed_in(buyer)) == []


def test_a_style_says_it_of_the_pictures_that_it_shows(style: Style, buyer: User) -> None:
    Style.objects.update(thumbnail=style.artworks.first().preview_path)
    pictures = [PublicPictureFactory(user=buyer, style=style) for _ in range(2)]
    GenerationFactory(user=buyer, style=style)
    [block] = said_at(f"/styles/{style.pk}")
    shown = {image["contentUrl"] for image in block["@graph"]}
    assert shown == {
        f"{settings.SITE_URL}/styles/{style.pk}/image",
        *(f"{settings.SITE_URL}/pictures/{picture.pk}/image" for picture in pictures),
    }
    for image in block["@graph"]:
        assert set(image) >= SAID
        leads_somewhere(image)
        assert image["creator"]["name"] == style.artist.artist_name


def test_nothing_that_people_write_ends_the_block(picture: Generation) -> None:
    evil = '</script><script>alert(1)</script><!-- & "\u2028'
    Artist.objects.update(artist_name=evil)
    Style.objects.update(name=evil)
    Generation.objects.update(prompt_tags=[evil])
    for path in (f"/pictures/{picture.pk}", f"/styles/{picture.style_id}"):
        page = Client().get(path).content.decode()
        blocks = Blocks(page)
        [block] = blocks.found
        image = block["@graph"][-1] if "@graph" in block else block
        assert (image["creator"]["name"], image["name"]) == (evil, evil)
        assert blocks.scripts == 3


@pytest.mark.parametrize("name", ["of_picture", "of_style"])
def test_it_is_made_of_what_the_page_has_read(
    name: str, picture: Generation, monkeypatch: pytest.MonkeyPatch
) -> None:
    path = f"/pictures/{picture.pk}" if name == "of_picture" else f"/styles/{picture.style_id}"

    def count() -> int:
        with CaptureQueriesContext(connection) as asked:
            Client().get(path)
        return len(asked)

    said = count()
    monkeypatch.setattr(structured, name, lambda *_: "")
    assert count() == said
