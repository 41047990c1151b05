"""What machines are told, as their own parsers read it: TDMRep, RSL, robots.txt, and headers."""

from __future__ import annotations

import json
from typing import Any
from urllib.robotparser import RobotFileParser
from xml.etree import ElementTree

import pytest
from django.conf import settings as project
from django.test import Client
from requests.utils import parse_header_links

from app.tests.factories import PublicPictureFactory
from web.crawlers import AI_CRAWLERS

pytestmark = pytest.mark.django_db

RSL = "{https://rslstandard.org/rsl}"
USAGES = {"all", "ai-all", "ai-train", "ai-input", "ai-index", "search"}


@pytest.fixture
def media_file() -> str:
    picture = PublicPictureFactory()
    link: str = Client().get(f"/api/images/{picture.pk}").json()["data"]["image_url"]
    return link.removeprefix(project.SITE_URL)


def licence_links(value: str) -> list[str]:
    """Where a Link header says that an RSL licence is."""
    return [
        each["url"]
        for each in parse_header_links(value)
        if each.get("rel") == "license" and each.get("type") == "application/rsl+xml"
    ]


def path_of(address: str) -> str:
    assert address.startswith(f"{project.SITE_URL}/")
    return address.removeprefix(project.SITE_URL)


def test_pages_and_files_say_that_rights_are_reserved(media_file: str) -> None:
    picture = PublicPictureFactory()
    pages = ("/", "/styles", f"/styles/{picture.style_id}", f"/pictures/{picture.pk}")
    redirects = (f"/pictures/{picture.pk}/image",)
    for path in (*pages, *redirects, media_file):
        answer = Client().get(path)
        assert answer.status_code in {200, 302}, path
        robots = {each.strip() for each in answer["X-Robots-Tag"].split(",")}
        assert robots == {"noai", "noimageai"}
        assert answer["tdm-reservation"] == "1"
        assert Client().get(path_of(answer["tdm-policy"])).status_code == 200
        [licence] = licence_links(answer["Link"])
        assert Client().get(path_of(licence)).status_code == 200


def test_nginx_is_told_to_say_so_too(media_file: str, settings: Any) -> None:
    settings.MEDIA_ACCEL_LOCATION = "/protected/"
    answer = Client().get(media_file)
    assert answer["X-Accel-Redirect"]
    assert (answer["X-Robots-Tag"], answer["tdm-reservation"]) == ("noai, noimageai", "1")


def test_data_are_as_they_were() -> None:
    answer = Client().get("/api/community/feed")
    assert not {"X-Robots-Tag", "tdm-reservation", "Link"} & set(answer.headers)


def test_tdmrep_reserves_every_path() -> None:
    answer = Client().get("/.well-known/tdmrep.json")
    assert answer["Content-Type"] == "application/json"
    [rule] = json.loads(answer.content)
    assert (rule["location"], rule["tdm-reservation"]) == ("/*", 1)
    policy = Client().get(path_of(rule["tdm-policy"]))
    assert policy["Content-Type"] == "application/ld+json"
    said = json.loads(policy.content)
    odrl, names = said["@context"]
    assert (odrl, names["tdm"]) == (
        "http://www.w3.org/ns/odrl.jsonld",
        "http://www.w3.org/ns/tdmrep#",
    )
    assert (said["@type"], said["profile"]) == ("Offer", "http://www.w3.org/ns/tdmrep")
    assert said["uid"] == rule["tdm-policy"]
    assert said["assigner"]["uid"] == project.SITE_URL
    [permission] = said["permission"]
    assert permission["action"] == "tdm:mine"
    assert permission["duty"] == [{"action": "obtainConsent"}]


def test_rsl_lets_search_engines_list_and_no_ai_use() -> None:
    answer = Client().get("/license.xml")
    assert answer["Content-Type"] == "application/rsl+xml"
    root = ElementTree.fromstring(answer.content)
    assert root.tag == f"{RSL}rsl"
    [content] = root
    assert (content.tag, content.get("url")) == (f"{RSL}content", f"{project.SITE_URL}/")
    licence, terms = content
    assert (licence.tag, terms.tag) == (f"{RSL}license", f"{RSL}terms")
    said = {rule.tag.removeprefix(RSL): (rule.get("type"), rule.text) for rule in licence}
    assert said == {"permits": ("usage", "search"), "prohibits": ("usage", "ai-all")}
    assert {usage for _, usage in said.values()} <= USAGES
    assert Client().get(path_of(str(terms.text))).status_code == 200


def test_robots_are_led_to_the_licence() -> None:
    text = Client().get("/robots.txt").content.decode()
    fields = [line.partition(":")[::2] for line in text.splitlines() if line[:1].isalpha()]
    # Of all robots: before any of them is named.
    name, address = fields[0]
    assert (name, Client().get(path_of(address.strip())).status_code) == ("License", 200)
    rules = RobotFileParser()
    rules.parse(text.splitlines())
    for robot in AI_CRAWLERS:
        assert not rules.can_fetch(robot, "/pictures/1")
    assert rules.can_fetch("Googlebot", "/pictures/1")
    assert not rules.can_fetch("Googlebot", "/account")
    assert rules.site_maps() == [f"{project.SITE_URL}/sitemap.xml"]
