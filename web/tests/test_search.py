"""The search of the site, and its wall by heat and narrowed."""

from __future__ import annotations

import re

import pytest
from django.test import Client

from app.models import Generation, Notification, Style, User
from app.services import moderation_service
from app.tests.factories import PublicPictureFactory, UserFactory

pytestmark = pytest.mark.django_db


def page(address: str, client: Client | None = None, **cookies: str) -> str:
    client = client or Client()
    client.cookies.load(cookies)
    answer = client.get(address)
    assert answer.status_code == 200, address
    return answer.content.decode()


def pictures_on(text: str) -> list[int]:
    return [int(number) for number in re.findall(r'class="look" href="/pictures/(\d+)"', text)]


def test_every_page_has_the_search(picture: Generation) -> None:
    for address in ("/", "/styles", f"/pictures/{picture.pk}", "/about"):
        assert 'action="/search"' in page(address)


def test_each_kind_is_shown_with_its_name(picture: Generation, style: Style) -> None:
    text = page("/search?q=sea")
    assert [re.sub("<.*?>", "", each) for each in re.findall("<h2 id.*?</h2>", text)] == [
        "Tags",
        "Styles",
        "Pictures",
    ]
    assert f'href="/styles/{style.pk}"' in text
    assert 'href="/styles?tag=sea"' in text
    assert pictures_on(text) == [picture.pk]
    assert f'href="/artists/{style.artist_id}"' in page("/search?q=halden")


def test_korean_words_find_what_is_english(picture: Generation) -> None:
    assert pictures_on(page("/search?q=바다", django_language="ko")) == [picture.pk]


@pytest.mark.parametrize(
    ("text", "name"),
    [("castle", "All pictures with this word"), ("sea castle", "All pictures with these words")],
)
def test_all_pictures_with_the_words_are_one_step_away(
    text: str, name: str, picture: Generation
) -> None:
    others = [PublicPictureFactory(prompt_tags=["castle sea", "fog"]).pk for _ in range(13)]
    PublicPictureFactory(prompt_tags=["forest"])
    shown = page(f"/search?q={text}")
    [link] = re.findall(rf'<a class="button" href="([^"]*)">{name}</a>', shown)
    assert len(pictures_on(shown)) < 14
    every = page(link.replace("&amp;", "&"))
    assert sorted(pictures_on(every)) == sorted([picture.pk, *others])
    assert f"“{text}” ✕" in every


def test_a_slip_is_corrected_and_said(picture: Generation) -> None:
    text = page("/search?q=seaa")
    assert "Nothing was found for “seaa”. This is what was found for “sea”." in text
    assert pictures_on(text) == [picture.pk]
    assert "“sea”에 대한 결과를" in page("/search?q=seaa", django_language="ko")


def test_where_there_is_nothing_it_suggests(picture: Generation) -> None:
    for address in ("/search?q=zzzzzz", "/search"):
        text = page(address)
        assert ("Nothing was found for “zzzzzz”" in text) == ("zzzz" in address)
        assert 'href="?q=sea"' in text
        assert 'href="/styles"' in text


def test_signs_are_text(picture: Generation) -> None:
    text = page("/search?q=%3Cscript%3Ealert(1)%3C/script%3E%00")
    assert "<script>alert" not in text
    assert "&lt;script&gt;alert(1)&lt;/script&gt;" in text


class TestWall:
    def test_by_heat(self, picture: Generation, style: Style) -> None:
        newer = PublicPictureFactory(style=style)
        Generation.objects.filter(pk=picture.pk).update(like_count=1)
        assert pictures_on(page("/")) == [newer.pk, picture.pk]
        assert pictures_on(page("/?sort=popular")) == [picture.pk, newer.pk]

    @pytest.mark.parametrize("sort", ["", "&sort=popular"])
    def test_narrowed(self, sort: str, picture: Generation, style: Style) -> None:
        PublicPictureFactory(aspect_ratio="1:2", prompt_tags=["forest"])
        for query in (
            *("tag=castle", "tag=castles", f"style={style.pk}", f"artist={style.artist_id}"),
            f"format=1:1&tag=sea&style={style.pk}",
        ):
            assert pictures_on(page(f"/?{query}{sort}")) == [picture.pk], query
        assert "No picture matches." in page(f"/?tag=house{sort}")

    def test_what_is_no_filter_is_ignored(self, picture: Generation) -> None:
        for query in ("sort=x", "style=x", "artist=-1", "format=7:7", f"tag={'x' * 51}", "q=%00"):
            assert pictures_on(page(f"/?{query}")) == [picture.pk], query

    def test_filters_stay_on_the_next_page(self, style: Style) -> None:
        made = [PublicPictureFactory(style=style).pk for _ in range(21)]
        first = page(f"/?style={style.pk}&sort=popular")
        [more] = re.findall(r'<a class="button" href="(/\?[^"]*after=[^"]*)"', first)
        assert pictures_on(first) == made[:0:-1]
        assert pictures_on(page(more.replace("&amp;", "&"))) == made[:1]


def test_the_people_concerned_read_the_reason(
    picture: Generation, style: Style, buyer: User, signed_in
) -> None:
    staff = UserFactory(is_staff=True, is_superuser=True)
    moderation_service.hide_picture(picture, staff=staff, reason="Somebody is in it.")
    moderation_service.withdraw_style(style, staff=staff, reason="Not their own.")
    owner, artist = signed_in(buyer), signed_in(style.artist.user)
    text = page(f"/pictures/{picture.pk}", owner)
    assert "Our staff has hidden this picture." in text
    assert "Somebody is in it." in text
    assert 'value="public"' not in text
    text = page(f"/studio/styles/{style.pk}", artist)
    assert "Our staff has withdrawn this style." in text
    assert "Not their own." in text
    assert 'name="offered"' not in text
    assert "Only you can see it. Reason: Somebody is in it." in page("/notifications", owner)
    korean = page("/notifications", owner, django_language="ko")
    assert "이유: Somebody is in it." in korean
    korean = page("/notifications", artist, django_language="ko")
    assert "Wet Paper" in korean
    assert "이유: Not their own." in korean
    assert Notification.objects.filter(type__in=["picture_hidden", "style_withdrawn"]).count() == 2


def test_staff_who_publish_for_an_owner_are_told_no(
    picture: Generation, buyer: User, style: Style, signed_in
) -> None:
    staff = UserFactory(is_staff=True, is_superuser=True)
    moderation_service.hide_picture(picture, staff=staff, reason="Rude.")
    signed_in(buyer).post(f"/pictures/{picture.pk}/edit", {"visibility": "public"})
    moderation_service.withdraw_style(style, staff=staff, reason="Rude.")
    artist = signed_in(style.artist.user)
    text = artist.post(f"/studio/styles/{style.pk}/offer", {"offered": "yes"}, follow=True)
    assert "Our staff has withdrawn this style. You cannot offer it." in text.content.decode()
    picture.refresh_from_db()
    style.refresh_from_db()
    assert (picture.visibility, style.is_active) == ("private", False)
