"""What was typed is not lost on the way: to the sign-in, to the wallet, to another language."""

from __future__ import annotations

import re
from html import unescape

import pytest
from django.test import Client

from app.models import Comment, Generation, Purchase, Style, User
from app.tests.factories import StyleFactory, UserFactory

PAGE = {"Accept": "text/html,*/*"}
ORDER = {"words": "castle, still sea", "suggested": ["night"], "aspect_ratio": "1:2", "seed": "7"}


def value_of(page: str, name: str) -> str:
    found = re.search(
        rf'<(?:input|textarea)[^>]* name="{name}"[^>]*?(?: value="([^"]*)")?[^>]*>', page
    )
    assert found, name
    field = re.search(r' value="([^"]*)"', found[0])
    return unescape(field[1]) if field else page[found.end() :].split("<")[0].strip()


def is_chosen(page: str, name: str, value: str) -> bool:
    return bool(re.search(rf'<input[^>]*name="{name}" value="{value}"[^>]* checked', page))


@pytest.fixture
def demo(settings) -> None:
    settings.DEMO_SIGN_IN = True


class TestOrders:
    def assert_kept(self, page: str) -> None:
        assert value_of(page, "words") == "castle, still sea"
        assert is_chosen(page, "suggested", "night")
        assert is_chosen(page, "aspect_ratio", "1:2")
        assert value_of(page, "seed") == "7"

    @pytest.mark.usefixtures("demo")
    def test_go_through_the_sign_in(self, style: Style) -> None:
        Style.objects.filter(pk=style.pk).update(price=10)
        visitor = Client(headers=PAGE)
        door = visitor.post(f"/styles/{style.pk}/make", ORDER, follow=True)
        assert door.redirect_chain[0][0].startswith("/sign-in?next=")
        following = value_of(door.content.decode(), "next")
        signed = visitor.post("/sign-in/demo", {"username": "cy", "next": following}, follow=True)
        assert signed.redirect_chain[-1][0] == f"/styles/{style.pk}?kept=1#make"
        page = signed.content.decode()
        self.assert_kept(page)
        again = {**ORDER, "key": value_of(page, "key"), "price": value_of(page, "price")}
        visitor.post(f"/styles/{style.pk}/make", again)
        made = Generation.objects.get()
        assert (made.prompt_tags, made.seed) == (["castle", "still sea", "night"], 7)

    def test_of_a_session_that_ended(self, buyer: User, style: Style, signed_in) -> None:
        client = signed_in(buyer)
        client.get(f"/styles/{style.pk}")
        client.session.flush()
        client.post(f"/styles/{style.pk}/make", ORDER, headers=PAGE)
        client.force_login(buyer)
        self.assert_kept(client.get(f"/styles/{style.pk}?kept=1").content.decode())
        # It is of this style, and of nobody who did not ask for it.
        plain = client.get(f"/styles/{style.pk}").content.decode()
        assert value_of(plain, "words") == ""
        other = Client().get(f"/styles/{style.pk}?kept=1").content.decode()
        assert value_of(other, "words") == ""
        beside = client.get(f"/styles/{StyleFactory().pk}?kept=1").content.decode()
        assert value_of(beside, "words") == ""

    def test_at_the_price_that_is_shown_now(self, style: Style) -> None:
        visitor = Client(headers=PAGE)
        visitor.post(f"/styles/{style.pk}/make", {**ORDER, "price": "10"})
        Style.objects.update(price=500)
        page = visitor.get(f"/styles/{style.pk}?kept=1").content.decode()
        assert value_of(page, "price") == "500"

    def test_go_through_the_wallet(self, style: Style, signed_in) -> None:
        client = signed_in(UserFactory())
        page = client.get(f"/styles/{style.pk}").content.decode()
        assert 'name="buy"' in page
        wallet = client.post(f"/styles/{style.pk}/make", {**ORDER, "buy": "1"}, follow=True)
        page = wallet.content.decode()
        assert "Your order is kept" in page
        assert not Generation.objects.exists()
        buy = {name: value_of(page, name) for name in ("key", "next")}
        back = client.post(
            "/wallet/buy", {"amount": 1000, "payment_method": "card", **buy}, follow=True
        )
        assert back.redirect_chain[-1][0] == f"/styles/{style.pk}?kept=1#make"
        page = back.content.decode()
        assert "You bought 1,000 tokens." in page
        self.assert_kept(page)
        assert 'name="buy"' not in page

    def test_wallet_leads_nowhere_else(self, buyer: User, signed_in) -> None:
        client = signed_in(buyer)
        bought = {"amount": 100, "payment_method": "card", "next": "https://evil.example/"}
        assert client.post("/wallet/buy", bought)["Location"] == "/wallet"
        page = client.get("/wallet?next=//evil.example").content.decode()
        assert value_of(page, "next") == ""

    def test_without_tokens_are_kept_in_another_language(self, style: Style, signed_in) -> None:
        client = signed_in(UserFactory())
        refused = client.post(f"/styles/{style.pk}/make", ORDER)
        assert refused.status_code == 409
        following = re.findall(r'name="next" value="([^"]+)"', refused.content.decode())[-1]
        korean = client.post("/preferences", {"language": "ko", "next": following}, follow=True)
        assert korean.redirect_chain[-1][0] == f"/styles/{style.pk}?kept=1#make"
        page = korean.content.decode()
        assert '<html lang="ko"' in page
        self.assert_kept(page)

    def test_under_the_limit_of_all_requests_lead_back(
        self, buyer: User, style: Style, signed_in, settings
    ) -> None:
        settings.RATE_LIMITS = {"user": "1/60"}
        client = signed_in(buyer)
        client.post("/preferences", {"theme": "dark"})
        limited = client.post(f"/styles/{style.pk}/make", ORDER)
        assert limited.status_code == 429
        page = limited.content.decode()
        assert re.search(r"Try again in \d+ seconds", page)
        [back] = re.findall(r'href="(/styles/\d+/make\?kept=1)"', page)
        self.assert_kept(client.get(back, follow=True).content.decode())

    def test_too_long_for_a_cookie_still_lead_to_the_sign_in(self, style: Style) -> None:
        visitor = Client(headers=PAGE)
        words = "".join(chr(0xAC00 + 7 * n % 11_000) for n in range(3000))
        answer = visitor.post(f"/styles/{style.pk}/make", {**ORDER, "words": words})
        assert answer.status_code == 302
        assert len(answer.cookies["kept"].value) < 3900
        page = visitor.get(f"/styles/{style.pk}?kept=1").content.decode()
        assert (value_of(page, "words"), value_of(page, "seed")) == ("", "7")

    @pytest.mark.parametrize("cookie", ["", "x", "W10:1:x", "é", "a" * 4000])
    def test_cookie_that_we_did_not_write_is_none(self, cookie: str, style: Style) -> None:
        visitor = Client()
        visitor.cookies["kept"] = cookie
        assert visitor.get(f"/styles/{style.pk}?kept=1").status_code == 200


class TestOtherForms:
    def test_comments_and_replies(self, buyer: User, picture: Generation, signed_in) -> None:
        above = Comment.objects.create(user=buyer, generation=picture, content="First.")
        visitor = Client(headers=PAGE)
        said = {"content": "A long thought.", "parent_id": str(above.pk)}
        visitor.post(f"/pictures/{picture.pk}/comments", said)
        visitor.force_login(buyer)
        page = visitor.get(f"/pictures/{picture.pk}?kept=1").content.decode()
        form = page[page.rindex("/comments") :]
        assert "A long thought." in form
        assert f'name="parent_id" value="{above.pk}"' in form
        above.delete()
        gone = visitor.post(f"/pictures/{picture.pk}/comments", said, follow=True)
        page = gone.content.decode()
        assert "There is no such comment on this picture." in page
        assert "A long thought." in page

    def test_profile_description_key_and_amount(
        self, buyer: User, picture: Generation, signed_in
    ) -> None:
        visitor = Client(headers=PAGE)
        for path, page, sent in (
            ("/account", "/account", {"username": "kim", "bio": "Words about me."}),
            (
                "/account/keys",
                "/account/keys",
                {"name": "Printer", "scopes": ["generate", "manage"]},
            ),
            ("/wallet/buy", "/wallet", {"amount": "700", "payment_method": "paypal"}),
            (f"/pictures/{picture.pk}/edit", f"/pictures/{picture.pk}", {"description": "Sun."}),
        ):
            answer = visitor.post(path, sent)
            assert answer["Location"].startswith("/sign-in?next=")
            visitor.force_login(buyer)
            shown = visitor.get(f"{path}?kept=1", follow=True)
            if path != page:
                assert shown.redirect_chain[0][0].startswith(f"{page}?kept=1")
            text = shown.content.decode()
            for name, value in sent.items():
                if isinstance(value, list):
                    assert all(is_chosen(text, name, one) for one in value)
                elif name == "payment_method":
                    assert is_chosen(text, name, value)
                else:
                    assert value_of(text, name) == value
            visitor.logout()
        assert not Purchase.objects.exists()


class TestAddressesOfForms:
    """Opened by a link, by going back, after a change of the language."""

    def test_lead_to_the_page_with_the_form(
        self, buyer: User, style: Style, picture: Generation, signed_in
    ) -> None:
        client = signed_in(buyer)
        own, shown, artist = (
            f"/studio/styles/{style.pk}",
            f"/pictures/{picture.pk}",
            style.artist_id,
        )
        for address, page in {
            f"/styles/{style.pk}/make?a=1": f"/styles/{style.pk}?a=1#make",
            "/wallet/buy": "/wallet",
            "/account/keys/1/revoke": "/account/keys",
            f"{shown}/edit": shown,
            f"{shown}/cancel": shown,
            f"{shown}/like": shown,
            f"{shown}/comments": f"{shown}#comments",
            "/comments/1/delete": "/",
            f"/artists/{artist}/follow": f"/artists/{artist}",
            "/studio/upload/check": "/studio/upload",
            f"{own}/retrain": own,
            f"{own}/again": own,
            f"{own}/offer": own,
            "/notifications/read": "/notifications",
            "/sign-in/demo": "/sign-in",
            "/sign-out": "/",
            "/preferences": "/",
        }.items():
            for ask in (client.get, client.head):
                answer = ask(address)
                assert (answer.status_code, answer["Location"]) == (302, page)
            assert client.put(address).status_code == 405
        assert client.get("/").wsgi_request.user == buyer

    def test_none_answers_with_an_error(self, buyer: User, signed_in) -> None:
        from web.urls import urlpatterns

        client = signed_in(buyer)
        for pattern in urlpatterns:
            address = "/" + re.sub(r"<id:\w+>", "1", str(pattern.pattern))
            assert client.get(address).status_code != 405, address
