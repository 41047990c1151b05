"""An artist's own site, which links back to them and so proves who they are."""

from __future__ import annotations

from datetime import timedelta
from typing import Any

import pytest

from app.models import ArtistSite, User
from app.services import site_service, user_service
from app.services.webhooks.deliveries import Outcome
from app.tests.api import Api
from app.utils import clock

pytestmark = pytest.mark.django_db
SITE = "/api/users/me/site"
URL = "https://mira.example.com/"


def link_to(user: User, settings: Any, rel: str = "me") -> str:
    return f'<p><a href="{settings.SITE_URL}/artists/{user.pk}" rel="{rel}">I am there</a></p>'


def found(page: str = "", *, status: int | None = 200, error: str = "") -> Outcome:
    return Outcome(clock.now(), 1, status, page, error)


@pytest.fixture
def as_mira(artist: User) -> Api:
    return Api(artist)


@pytest.fixture
def site(artist: User) -> ArtistSite:
    return site_service.name_site(user=artist, url=URL)


class TestLinks:
    @pytest.mark.parametrize(
        "page",
        [
            '<a rel="me" href="{here}">x</a>',
            '<A REL="nofollow ME" HREF="{here}/">x</A>',
            '<link rel=me href="{here}">',
            '<a href=" {here}?from=me#x " rel="me noopener">x',
            '<<p><a rel="me" href="{user}">',
            "<title>x</TITLE ><!-- --><script>'<'</script><a/rel=me href={here}>",
            '<![<![CDATA[>&#x;<a rel="m&#101;" title=">" href="{here}">',
        ],
    )
    def test_these_lead_back(self, page, artist, settings):
        here = f"{settings.SITE_URL}/artists/{artist.pk}"
        user = f"{settings.SITE_URL}/users/{artist.pk}"
        page = page.format(here=here, user=user)
        assert site_service.links_back(page, URL, artist.pk)

    @pytest.mark.parametrize(
        "page",
        [
            '<a href="{here}">x</a>',
            '<a rel="me" href="{here}0">x</a>',
            '<a rel="me" href="https://elsewhere.example/artists/1">x</a>',
            '<a rel="home" href="{here}">x</a>',
            '<!-- <a rel="me" href="{here}"> -->',
            "<script>\"<a rel='me' href='{here}'>\"</script>",
            '<a rel="me" href="/artists/{pk}">x</a>',
            '<a rel="me">x</a>',
            '<a rel href="//[">x</a>',
            '<p title=\'<a rel="me" href="{here}">\'>',
            '<a title="x rel="me" href="{here}">',
            '<a title="x> <a rel=me href={here}>',
            '<a rel="home" rel="me" href="{here}">',
            "<textarea></p><a rel=me href={here}></textarea>",
            "<TITLE><a rel=me href={here}>",
            "<!-- > <a rel=me href={here}>",
            '<a rel="me" href="{here}" ',
            "",
        ],
    )
    def test_these_do_not(self, page, artist, settings):
        page = page.replace("{here}", f"{settings.SITE_URL}/artists/{artist.pk}")
        assert not site_service.links_back(page.replace("{pk}", str(artist.pk)), URL, artist.pk)

    def test_an_address_that_is_none_breaks_nothing(self, artist):
        assert not site_service.links_back('<a rel="me" href="http://[x">', URL, artist.pk)


class TestStates:
    def test_the_mark_comes_and_is_seen_by_all(self, site, artist, as_mira, settings):
        shown = as_mira.get(SITE).data
        assert (shown["proven_at"], shown["is_due"], shown["url"]) == (None, True, URL)
        site_service.record(site, found(link_to(artist, settings)))
        shown = as_mira.get(SITE).data
        assert shown["proven_at"]
        assert (shown["is_due"], shown["failure"]) == (False, "")
        profile = Api().get(f"/api/users/{artist.pk}").data["artist"]["site"]
        assert profile == {"url": URL, "proven_at": shown["proven_at"]}
        assert "mira.example.com" in Api().http.get(f"/artists/{artist.pk}").content.decode()

    def test_without_the_link_there_is_none(self, site, artist, as_mira, settings):
        site_service.record(site, found("<p>Hello</p>"))
        shown = as_mira.get(SITE).data
        assert shown["failure"] == site_service.NO_LINK
        assert (shown["proven_at"], shown["is_due"]) == (None, False)
        assert Api().get(f"/api/users/{artist.pk}").data["artist"]["site"] is None
        assert "mira.example.com" not in Api().http.get(f"/artists/{artist.pk}").content.decode()
        # Asked for again, it is looked at again.
        assert as_mira.put(SITE, {"url": URL}).data["is_due"]

    def test_it_goes_with_the_link(self, site, artist, settings):
        site_service.record(site, found(link_to(artist, settings)))
        site_service.record(site, found("<p>Hello</p>"))
        assert ArtistSite.objects.get().proven_at is None

    def test_a_page_that_is_an_error_proves_nothing(self, site, artist, settings):
        site_service.record(site, found(link_to(artist, settings), status=404))
        assert ArtistSite.objects.get().proven_at is None

    @pytest.mark.parametrize("away", [found(status=None, error="No."), found(status=503)])
    def test_a_site_that_is_away_for_a_day_keeps_it(self, site, artist, settings, away):
        site_service.record(site, found(link_to(artist, settings)))
        for _ in range(site_service.MOST_FAILURES - 1):
            site_service.record(site, away)
            shown = ArtistSite.objects.get()
            assert shown.proven_at
            assert shown.due_at - clock.now() < timedelta(days=1, minutes=1)
        site_service.record(site, away)
        shown = ArtistSite.objects.get()
        assert (shown.proven_at, shown.due_at) == (None, None)
        assert shown.failure

    def test_another_site_has_to_prove_itself(self, site, artist, as_mira, settings):
        site_service.record(site, found(link_to(artist, settings)))
        as_mira.put(SITE, {"url": "https://other.example.com/"})
        assert as_mira.get(SITE).data["proven_at"] is None
        # What was found on the one before says nothing of it.
        site_service.record(site, found(link_to(artist, settings)))
        assert as_mira.get(SITE).data["proven_at"] is None

    def test_it_is_removed(self, site, as_mira, artist):
        assert as_mira.delete(SITE).status == 204
        assert as_mira.get(SITE).status == 404
        site_service.name_site(user=artist, url=URL)
        user_service.close_account(artist)
        assert not ArtistSite.objects.exists()

    def test_each_is_due_once_and_again_after_a_week(self, site, artist, settings):
        assert [each.pk for each in site_service.claim()] == [artist.pk]
        assert site_service.claim() == []
        site_service.record(site, found(link_to(artist, settings)))
        due_at = ArtistSite.objects.get().due_at
        assert timedelta(days=6) < due_at - clock.now() <= timedelta(days=7)


class TestWhatIsNoSite:
    @pytest.mark.parametrize(
        "url",
        [
            "http://mira.example.com/",
            "https://127.0.0.1/",
            "https://169.254.169.254/latest/meta-data",
            "https://localhost/",
            "https://me@mira.example.com/",
            "ftp://mira.example.com/",
            "nonsense",
        ],
    )
    def test_it_is_refused(self, url, as_mira, settings):
        settings.WEBHOOK_ALLOW_HTTP = settings.WEBHOOK_ALLOW_LOOPBACK = False
        assert as_mira.put(SITE, {"url": url}).details.keys() == {"url"}
        assert not ArtistSite.objects.exists()


def test_the_studio_has_a_page(artist: User, buyer: User, settings: Any) -> None:
    settings.WEBHOOK_ALLOW_LOOPBACK = False
    http: Any = Api(artist).http
    page = http.get("/studio/site").content.decode()
    assert f"{settings.SITE_URL}/artists/{artist.pk}" in page
    assert http.post("/studio/site", {"url": "https://127.0.0.1/"}).status_code == 400
    assert http.post("/studio/site", {"url": URL})["Location"] == "/studio/site"
    assert "within a minute" in http.get("/studio/site").content.decode()
    site = ArtistSite.objects.get()
    site_service.record(site, found("no"))
    assert "does not prove" in http.get("/studio/site").content.decode()
    site_service.record(site, found(link_to(artist, settings)))
    assert "has linked to you" in http.get("/studio/site").content.decode()
    http.post("/studio/site", {"forget": "yes"})
    assert not ArtistSite.objects.exists()
