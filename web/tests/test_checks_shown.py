"""What people see of checks by machine: refusals, ratings, and what a style allows."""

from __future__ import annotations

import pytest
from django.test import Client

from app.models import Comment, Generation, Style, User
from app.tests.factories import UserFactory

pytestmark = pytest.mark.django_db
KOREAN = {"Accept-Language": "ko"}


def page_of(client: Client, path: str, **headers: str) -> str:
    answer = client.get(path, headers=headers)
    assert answer.status_code == 200
    return answer.content.decode()


@pytest.fixture
def mature(picture: Generation) -> Generation:
    Generation.objects.update(rating="mature", placeholder="data:image/webp;base64,UklGRg==")
    picture.refresh_from_db()
    return picture


def test_refused_words_are_named_with_the_reason_in_the_buyers_language(
    buyer: User, style: Style, signed_in
) -> None:
    order = {"words": "sea, porn", "accepted": "porn", "aspect_ratio": "1:1"}
    client = signed_in(buyer)
    answer = client.post(f"/styles/{style.pk}/make", order)
    assert answer.status_code == 409
    assert (
        "Nothing pornographic is made here: porn. Nothing was charged." in answer.content.decode()
    )
    assert 'value="sea, porn"' in answer.content.decode()
    korean = client.post(f"/styles/{style.pk}/make", order, headers=KOREAN).content.decode()
    assert "여기서는 음란물을 만들지 않습니다: porn. 결제되지 않았습니다." in korean
    assert not Generation.objects.exists()


def test_a_style_says_what_it_allows_beside_its_terms(
    artist: User, style: Style, signed_in, client: Client
) -> None:
    assert "No nudity." in page_of(client, f"/styles/{style.pk}")
    form = {"price": "10", "allows": "mature", "excluded_subjects": "War, <b>guns</b>"}
    saved = signed_in(artist).post(f"/studio/styles/{style.pk}", form)
    assert saved.status_code == 302
    page = page_of(client, f"/styles/{style.pk}")
    assert "Nudity may be ordered, nothing pornographic. The artist excludes: war, " in page
    assert "&lt;b&gt;guns&lt;/b&gt;" in page
    # A page from before has neither field: what was chosen stays.
    assert signed_in(artist).post(f"/studio/styles/{style.pk}", {"price": "11"}).status_code == 302
    style.refresh_from_db()
    assert (style.price, style.allows_mature) == (11, True)
    assert style.excluded_subjects == ["war", "<b>guns</b>"]


def test_a_mature_picture_is_blurred_for_who_has_not_asked_for_it(
    mature: Generation, signed_in, client: Client
) -> None:
    path, file = f"/pictures/{mature.pk}", mature.image_path
    for visitor in (client, signed_in(UserFactory())):
        page = page_of(visitor, path)
        assert "This picture shows nudity." in page
        assert mature.placeholder in page
        assert file not in page
        assert mature.image_path.rsplit("/", 1)[0] not in page
        assert visitor.get(f"{path}/image").status_code == 404
    assert "이 그림에는 노출이 있습니다." in page_of(client, path, **KOREAN)
    assert file in page_of(signed_in(mature.user), path)


def test_the_account_page_asks_what_one_wants_to_see(mature: Generation, signed_in) -> None:
    reader = UserFactory(bio="Me.")
    client = signed_in(reader)
    assert "Show me pictures with nudity" in page_of(client, "/account")
    asked = client.post("/account", {"shown": "1", "shows_mature": "on"})
    assert asked.status_code == 302
    reader.refresh_from_db()
    assert (reader.shows_mature, reader.bio) == (True, "Me.")
    assert mature.image_path in page_of(client, f"/pictures/{mature.pk}")
    client.post("/account", {"shown": "1"})
    reader.refresh_from_db()
    assert reader.shows_mature is False


def test_the_owner_reads_why_a_picture_is_hidden_and_rated(picture: Generation, signed_in) -> None:
    client, path = signed_in(picture.user), f"/pictures/{picture.pk}"
    Generation.objects.update(rating="mature")
    assert "those alone see it who want to see nudity" in page_of(client, path)
    why = "A check by machine took it for pornographic. Our staff will look at it."
    Generation.objects.update(rating="blocked", hidden_reason=why, visibility="private")
    page = page_of(client, path)
    assert "This picture is hidden. You cannot publish it." in page
    assert why in page
    assert "자동 검사에서 음란한 그림으로 판단했습니다." in page_of(client, path, **KOREAN)


def test_a_certificate_does_not_show_it_either(mature: Generation, client: Client) -> None:
    number = mature.licence.number
    page = page_of(client, f"/licences/{number}")
    assert mature.image_path not in page
    assert "This picture shows nudity." in page


def test_a_refused_comment_says_why_and_stays_in_its_field(picture: Generation, signed_in) -> None:
    client = signed_in(UserFactory())
    answer = client.post(
        f"/pictures/{picture.pk}/comments", {"content": "https://example.com"}, follow=True
    )
    page = answer.content.decode()
    assert "Write the comment without the link." in page or "t post links for 3 days" in page
    assert not Comment.objects.exists()
