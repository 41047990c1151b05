"""What pages say, to whom, and what becomes of what people send."""

from __future__ import annotations

import re

import pytest
from django.core.management import call_command
from django.db import OperationalError
from django.test import Client

from app.models import Comment, Generation, Purchase, Style, Transaction, User
from app.services import generation_service, style_service
from app.tests.factories import (
    ArtistFactory,
    GenerationFactory,
    PublicPictureFactory,
    StyleFactory,
    UserFactory,
)
from web.crawlers import AI_CRAWLERS

PUBLIC = ["/", "/styles", "/about", "/licence", "/sign-in"]
PRIVATE = ["/mine", "/wallet", "/notifications", "/account", "/account/keys", "/following",
           "/account/leave", "/studio", "/studio/join", "/studio/upload"]  # fmt: skip


def key_of(page: str) -> str:
    found = re.search(r'name="key" value="([^"]+)"', page)
    assert found
    return found[1]


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
        assert not re.search(r"<style|<script(?![^>]* src=)|\sstyle=|\son\w+=", page)
        assert not re.search(r'(?:src|action)="https?://(?!127\.0\.0\.1)', page)


def test_api_is_left_as_it_was(db) -> None:
    missing = Client(headers={"accept-language": "ko"}).get("/api/nowhere")
    assert missing.json() == {
        "success": False,
        "error": {"code": "NOT_FOUND", "message": "There is nothing here."},
    }
    assert "Content-Language" not in missing


@pytest.mark.parametrize("address", ["/nowhere", "/pictures/99999", "/styles/99999", "/users/9999"])
def test_missing_page_helps_on(address: str, db) -> None:
    response = Client().get(address)
    assert response.status_code == 404
    page = response.content.decode()
    assert "<h1>" in page
    assert 'href="/styles"' in page


def test_broken_page_is_answered_without_the_database(db, monkeypatch) -> None:
    def broken(*_: object, **__: object) -> None:
        raise RuntimeError("broken")

    monkeypatch.setattr("web.views.feed.compiled_page", broken)
    response = Client(raise_request_exception=False).get("/")
    assert response.status_code == 500
    assert "Something went wrong on our side." in response.content.decode()
    assert "broken" not in response.content.decode()


def test_form_without_its_token_is_refused_with_a_page(buyer: User) -> None:
    client = Client(enforce_csrf_checks=True)
    client.force_login(buyer, backend="django.contrib.auth.backends.ModelBackend")
    response = client.post("/wallet/buy", {"amount": 100, "payment_method": "card"})
    assert response.status_code == 403
    assert "Send it once more" in response.content.decode()
    assert not Purchase.objects.exists()


def test_private_picture_is_its_owners_alone(buyer: User, style: Style, signed_in) -> None:
    hidden = GenerationFactory(user=buyer, style=style)
    assert signed_in(buyer).get(f"/pictures/{hidden.pk}").status_code == 200
    for client in (Client(), signed_in(UserFactory())):
        assert client.get(f"/pictures/{hidden.pk}").status_code == 404
        assert client.get(f"/pictures/{hidden.pk}/image").status_code == 404
    assert signed_in(UserFactory()).get(f"/pictures/{hidden.pk}/download").status_code == 404
    assert signed_in(UserFactory()).get(f"/wallet/pictures/{hidden.pk}").status_code == 404


def test_order_sent_twice_is_charged_once_and_leads_to_the_same_picture(
    buyer: User, style: Style, signed_in
) -> None:
    client = signed_in(buyer)
    key = key_of(client.get(f"/styles/{style.pk}").content.decode())
    order = {"words": "castle, sea", "suggested": ["night"], "aspect_ratio": "1:2", "key": key}
    first = client.post(f"/styles/{style.pk}/make", order)
    again = client.post(f"/styles/{style.pk}/make", order)
    made = Generation.objects.get()
    assert first["Location"] == again["Location"] == f"/pictures/{made.pk}"
    assert made.prompt_tags == ["castle", "sea", "night"]
    assert Transaction.objects.filter(type="consume").count() == 1
    buyer.refresh_from_db()
    assert buyer.token_balance == 1000 - 12


def test_other_order_with_a_used_form_is_not_taken_for_the_first(
    buyer: User, style: Style, signed_in
) -> None:
    client = signed_in(buyer)
    key = key_of(client.get(f"/styles/{style.pk}").content.decode())
    order = {"words": "castle", "aspect_ratio": "1:1", "key": key}
    client.post(f"/styles/{style.pk}/make", order)
    answer = client.post(f"/styles/{style.pk}/make", {**order, "words": "sea"})
    assert answer.status_code == 409
    assert Generation.objects.count() == 1
    assert key_of(answer.content.decode()) != key


@pytest.mark.parametrize(
    ("given", "said"),
    [
        ({"words": ""}, "Say in a word or two"),
        ({"words": "바다"}, "Use English letters"),
        ({"words": ", ".join(f"w{n}" for n in range(21))}, "At most 20"),
        ({"words": "sea", "aspect_ratio": "9:9"}, "Select a valid choice"),
        ({"words": "sea", "seed": "-1"}, "greater than or equal to 0"),
        ({"words": "x" * 51}, "at most 50"),
    ],
)
def test_order_that_makes_no_sense_is_explained(
    given: dict[str, str], said: str, buyer: User, style: Style, signed_in
) -> None:
    answer = signed_in(buyer).post(f"/styles/{style.pk}/make", {"aspect_ratio": "1:1", **given})
    assert answer.status_code == 400
    assert said in answer.content.decode()
    assert not Generation.objects.exists()


def test_order_without_tokens_says_what_is_missing(style: Style, signed_in) -> None:
    poor = UserFactory()
    answer = signed_in(poor).post(
        f"/styles/{style.pk}/make", {"words": "sea", "aspect_ratio": "1:1"}
    )
    assert answer.status_code == 409
    assert "This costs 10 tokens and you have 0." in answer.content.decode()
    assert not Generation.objects.exists()


def test_site_and_api_share_one_limit_on_orders(
    buyer: User, style: Style, signed_in, settings
) -> None:
    settings.RATE_LIMITS = {"generate": "1/60"}
    client = signed_in(buyer)
    order = {"words": "sea", "aspect_ratio": "1:1"}
    assert client.post(f"/styles/{style.pk}/make", order).status_code == 302
    refused = client.post(f"/styles/{style.pk}/make", order)
    assert refused.status_code == 429
    assert int(refused["Retry-After"]) > 0
    assert Generation.objects.count() == 1


def test_tokens_bought_with_one_form_are_bought_once(buyer: User, signed_in) -> None:
    client = signed_in(buyer)
    key = key_of(client.get("/wallet").content.decode())
    for _ in range(2):
        client.post("/wallet/buy", {"amount": 300, "payment_method": "card", "key": key})
    assert Purchase.objects.get().amount == 300
    wrong = client.post("/wallet/buy", {"amount": 150, "payment_method": "card"})
    assert wrong.status_code == 400
    assert Purchase.objects.count() == 1


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


@pytest.mark.parametrize("address", ["//evil.example", "https://evil.example", "javascript:x", ""])
def test_nobody_is_led_to_another_site(address: str, picture: Generation, signed_in) -> None:
    client = signed_in(UserFactory())
    for path in (f"/pictures/{picture.pk}/like", "/preferences"):
        answer = client.post(path, {"next": address, "theme": "dark"})
        assert answer["Location"] in {"/", f"/pictures/{picture.pk}"}
    assert client.get("/sign-in", {"next": address})["Location"] == "/"


def test_endless_wall_shows_each_picture_once(buyer: User, style: Style) -> None:
    made = [PublicPictureFactory(user=buyer, style=style).pk for _ in range(45)]
    address, seen = "/", []
    while address:
        page = Client().get(address, headers={"hx-request": "true"}).content.decode()
        seen += [int(pk) for pk in re.findall(r'class="look" href="/pictures/(\d+)"', page)]
        following = re.search(r'hx-get="(/\?after=[^"]+)"', page)
        address = following[1] if following else ""
    assert seen == sorted(made, reverse=True)


@pytest.mark.parametrize("cursor", ["x", "bnVsbA", "W10", "WzEsMl0", "W251bGwsbnVsbF0", "é"])
def test_cursor_that_we_did_not_write_gives_the_first_page(cursor: str, picture) -> None:
    response = Client().get("/", {"after": cursor})
    assert response.status_code == 200
    assert f"/pictures/{picture.pk}" in response.content.decode()


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


def test_queue_is_polled_slower_from_far_behind(buyer: User, style: Style, signed_in) -> None:
    waiting = [GenerationFactory(user=buyer, style=style, status="queued") for _ in range(5)]
    client = signed_in(buyer)
    near = client.get(f"/pictures/{waiting[0].pk}/progress").content.decode()
    far = client.get(f"/pictures/{waiting[4].pk}/progress").content.decode()
    assert 'hx-trigger="every 1s"' in near
    assert "Next in the queue." in near
    assert 'hx-trigger="every 4s"' in far
    assert "Place 5 in the queue." in far
    generation_service.cancel(user=buyer, generation_id=waiting[0].pk)
    ended = client.get(f"/pictures/{waiting[0].pk}/progress", headers={"hx-request": "true"})
    assert ended["HX-Redirect"] == f"/pictures/{waiting[0].pk}"


def test_receipt_shows_what_the_platform_kept(
    buyer: User, artist: User, style: Style, settings, signed_in
) -> None:
    settings.PLATFORM_FEE_PERCENT = 20
    made = GenerationFactory(user=buyer, style=style)
    for reader in (buyer, artist):
        page = signed_in(reader).get(f"/wallet/pictures/{made.pk}").content.decode()
        rows = re.findall(r"<th scope=\"row\">([^<]+)</th><td>([^<]+)</td>", page)
        assert [amount for _, amount in rows] == ["10 tokens", "8 tokens", "2 tokens"]


def test_only_artists_have_a_studio(buyer: User, signed_in) -> None:
    assert signed_in(buyer).get("/studio")["Location"] == "/studio/join"
    other = ArtistFactory().user
    assert signed_in(other).get("/studio").status_code == 200


def test_artist_changes_only_their_own_style(style: Style, signed_in) -> None:
    stranger = signed_in(ArtistFactory().user)
    change = {"description": "Mine now.", "price": 1, "tags": ""}
    assert stranger.post(f"/studio/styles/{style.pk}", change).status_code == 404
    assert stranger.post(f"/studio/styles/{style.pk}/offer", {"offered": "no"}).status_code == 403
    style.refresh_from_db()
    assert (style.price, style.is_active, style.description) == (10, True, "")


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


def test_failed_sign_in_brings_people_back_to_the_door_and_programs_an_error(settings, db) -> None:
    settings.GOOGLE_CLIENT_ID = ""
    address = "/api/auth/google/login"
    person = Client(headers={"accept": "text/html,*/*"}).get(address, follow=True)
    assert person.redirect_chain == [("/sign-in?problem=503", 302)]
    assert "Google does not answer right now." in person.content.decode()
    program = Client(headers={"accept": "application/json"}).get(address)
    assert program.json()["error"]["code"] == "SERVICE_UNAVAILABLE"


def test_page_says_so_when_the_database_is_away(db, monkeypatch) -> None:
    def away(*_: object, **__: object) -> None:
        raise OperationalError("gone")

    monkeypatch.setattr("web.views.feed.compiled_page", away)
    response = Client(raise_request_exception=False).get("/")
    assert response.status_code == 503
    assert "try again shortly" in response.content.decode()


def test_pages_are_kept_by_nobody_else(picture: Generation) -> None:
    response = Client().get("/")
    assert response["Cache-Control"] == "private, no-cache"
    assert {"Cookie", "HX-Request", "Accept-Language"} <= set(response["Vary"].split(", "))


def test_going_back_gets_the_whole_page(style: Style) -> None:
    back = {"hx-request": "true", "hx-history-restore-request": "true"}
    assert "<html" in Client().get("/styles?q=wet", headers=back).content.decode()


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
