"""What pages say, to whom."""

from __future__ import annotations

import re

import pytest
from django.core.management import call_command
from django.test import Client

from app.models import Comment, Generation, Style, User
from app.services import style_service
from app.tests.factories import (
    PublicPictureFactory,
    UserFactory,
)
from app.tests.safety.staff import act
from web.crawlers import AI_CRAWLERS

PUBLIC = ["/", "/styles", "/about", "/licence", "/sign-in"]
PRIVATE = ["/mine", "/wallet", "/notifications", "/account", "/account/keys", "/following",
           "/account/leave", "/studio", "/studio/join", "/studio/upload"]  # fmt: skip


@pytest.mark.parametrize("address", PUBLIC)
def test_public_page_has_all_that_others_show_of_it(address: str, picture: Generation) -> None:
    page = Client().get(address).content.decode()
    assert re.search(r"<title>[^<]+ · Style License</title>", page)
    for name in ("og:title", "og:description", "og:url", "og:image"):
        assert re.search(rf'<meta property="{name}" content="[^"]+">', page), name
    assert re.search(r'<meta name="description" content="[^"]+">', page)


@pytest.mark.parametrize("address", PRIVATE)
def test_private_page_leads_to_the_door_and_back(address: str, db) -> None:
    response = Client().get(address)
    assert response.status_code == 302
    assert response["Location"] == f"/sign-in?next={address.replace('/', '%2F')}"


@pytest.mark.parametrize(
    "address", ["/nowhere", "/pictures/999999", "/styles/999999", "/users/999999"]
)
def test_missing_page_helps_on(address: str, db) -> None:
    response = Client().get(address)
    assert response.status_code == 404
    page = response.content.decode()
    assert "<h1>" in page
    assert 'href="/styles"' in page


def test_comments_stand_below_what_they_answer(picture: Generation, buyer: User, signed_in) -> None:
    client = signed_in(buyer)
    comments = f"/pictures/{picture.pk}/comments"
    client.post(comments, {"content": "First"})
    client.post(comments, {"content": "Second"})
    first = Comment.objects.get(content="First")
    client.post(comments, {"content": "Answer", "parent_id": first.pk})
    page = client.get(f"/pictures/{picture.pk}").content.decode()
    assert page.index(">First<") < page.index(">Answer<") < page.index(">Second<")
    client.post(f"/comments/{first.pk}/delete", {"next": f"/pictures/{picture.pk}"})
    assert [comment.content for comment in Comment.objects.all()] == ["Second"]


def test_like_and_follow_in_place_answer_with_the_button_alone(
    picture: Generation, buyer: User, artist: User, signed_in
) -> None:
    client = signed_in(buyer)
    like = client.post(f"/pictures/{picture.pk}/like", headers={"hx-request": "true"})
    assert 'aria-pressed="true"' in like.content.decode()
    assert "<html" not in like.content.decode()
    follow = client.post(f"/artists/{artist.pk}/follow", headers={"hx-request": "true"})
    assert "1 follower" in follow.content.decode()
    plain = client.post(f"/pictures/{picture.pk}/like", {"next": "/?after=x"})
    assert plain["Location"] == "/?after=x"


def test_endless_wall_shows_each_picture_once(buyer: User, style: Style) -> None:
    made = [PublicPictureFactory(user=buyer, style=style).pk for _ in range(45)]
    address, seen = "/", []
    while address:
        page = Client().get(address, headers={"hx-request": "true"}).content.decode()
        seen += [int(pk) for pk in re.findall(r'class="look" href="/pictures/(\d+)"', page)]
        following = re.search(r'hx-get="(/\?after=[^"]+)"', page)
        address = following[1] if following else ""
    assert seen == sorted(made, reverse=True)


def test_styles_are_found_by_words_tags_and_people(
    style: Style, artist: User, buyer: User, signed_in
) -> None:
    client = signed_in(buyer)
    for query in ("q=WET", "tag=sea&tag=soft", "sort=popular", "q=nonsense%00&q=wet"):
        assert "Wet Paper" in client.get(f"/styles?{query}").content.decode(), query
    for query in ("q=dry", "tag=sea&tag=oil", "followed=1"):
        assert "Wet Paper" not in client.get(f"/styles?{query}").content.decode(), query
    client.post(f"/artists/{artist.pk}/follow")
    assert "Wet Paper" in client.get("/styles?followed=1").content.decode()


def test_licence_link_of_a_withdrawn_style_still_answers(
    style: Style, artist: User, picture: Generation
) -> None:
    style_service.update_style(user=artist, style_id=style.pk, is_active=False)
    page = Client().get(f"/styles/{style.pk}").content.decode()
    assert "no longer offers this style" in page
    assert "Mira Halden" in page
    assert f"/styles/{style.pk}/make" not in page
    act("profile", artist.pk, "suspend")
    assert Client().get(f"/styles/{style.pk}").status_code == 404


def test_robots_are_asked_not_to_train(db) -> None:
    text = Client().get("/robots.txt").content.decode()
    before, _, after = text.partition("Disallow: /\n")
    assert all(f"User-agent: {name}\n" in before for name in AI_CRAWLERS)
    assert "User-agent: *\n" in after
    assert "ai-train=no" in after
    assert "/sitemap.xml" in after


def test_catalogues_are_complete_and_compiled() -> None:
    call_command("translations", check=True)


def test_korean_pages_have_no_english_sentence_of_ours(
    picture: Generation, style: Style, buyer: User, signed_in
) -> None:
    client = signed_in(buyer)
    client.cookies["django_language"] = "ko"
    english = ("Styles", "Wallet", "Make a picture", "Notifications", "What you may", "Save")
    for address in ("/", "/styles", f"/styles/{style.pk}", f"/pictures/{picture.pk}", "/wallet",
                    "/account", "/licence", "/about", "/mine", "/studio/join"):  # fmt: skip
        page = client.get(address).content.decode()
        words = re.sub(r"<[^>]*>", " ", page)
        assert [word for word in english if word in words] == [], address


def test_going_back_gets_the_whole_page(style: Style) -> None:
    back = {"hx-request": "true", "hx-history-restore-request": "true"}
    assert "<html" in Client().get("/styles?q=wet", headers=back).content.decode()


def test_a_reply_is_told_alike_by_site_and_api(
    picture: Generation, buyer: User, artist: User, signed_in
) -> None:
    fan = UserFactory(username="fan")
    first = Comment.objects.create(user=fan, generation=picture, content="First")
    for parent, said in ((first.pk, "Thanks"), ("", "Bo replied to your comment: no")):
        given = {"content": said, "parent_id": parent}
        signed_in(artist).post(f"/pictures/{picture.pk}/comments", given)
    told = signed_in(fan).get("/api/notifications").json()["data"]["results"][0]["message"]
    assert told == f"{artist.username} replied to your comment: Thanks"
    assert told in signed_in(fan).get("/notifications").content.decode()
    korean, owner = signed_in(fan), signed_in(buyer)
    for client in (korean, owner):
        client.cookies["django_language"] = "ko"
    assert "내 댓글에 답했습니다: Thanks" in korean.get("/notifications").content.decode()
    page = owner.get("/notifications").content.decode()
    # What somebody writes does not make a reply of it.
    assert page.count("내 그림에 댓글을") == 3
    assert "내 댓글에" not in page
