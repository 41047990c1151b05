"""What pages say of a thing, and how: times, numbers, names of files, errors."""

from __future__ import annotations

import re

import pytest
import time_machine
from django.test import Client

from app.models import Generation, Style, User
from app.tests.factories import (
    ArtistFactory,
    GenerationFactory,
    PublicPictureFactory,
    StyleFactory,
    UserFactory,
)
from web.tests.test_kept_forms import value_of

TIME = re.compile(r'<time datetime="([^"]+)" data-as="([^"]+)">([^<]+)</time>')


@pytest.mark.parametrize(
    ("language", "shown"),
    [("en", "5 Mar 2026, 16:07 UTC"), ("ko", "2026년 3월 5일 16:07 UTC")],
)
def test_every_time_is_in_one_form_and_says_its_zone(
    language: str, shown: str, style: Style, signed_in
) -> None:
    with time_machine.travel("2026-03-05T16:07:30Z", tick=False):
        buyer = UserFactory(tokens=100)
        picture = PublicPictureFactory(user=buyer, style=style)
        client = signed_in(buyer)
        client.post(f"/pictures/{picture.pk}/comments", {"content": "x"})
        client.post("/account/keys", {"name": "k", "scopes": ["read"]})
        buyer.api_keys.update(last_used_at="2026-03-05T16:07:30Z")
        addresses = ("/wallet", "/notifications", "/account/keys", f"/pictures/{picture.pk}")
        for address in (*addresses, f"/wallet/pictures/{picture.pk}"):
            page = client.get(address, headers={"Accept-Language": language}).content.decode()
            times = TIME.findall(page)
            assert times, address
            for machine, _form, said in times:
                assert machine == "2026-03-05T16:07:30+00:00"
                assert said == shown
            assert page.count("<time") == len(times)


def test_numbers_are_grouped(buyer: User, picture: Generation, signed_in) -> None:
    Generation.objects.update(like_count=1234)
    client = signed_in(buyer)
    for address in ("/", f"/pictures/{picture.pk}"):
        assert "1,234</button>" in client.get(address).content.decode()
        assert "1,234</a>" in Client().get(address).content.decode()


class TestOrderLikeAnother:
    def test_gets_a_new_seed(self, buyer: User, style: Style, signed_in) -> None:
        picture = GenerationFactory(user=buyer, style=style, seed=4711, prompt_tags=["sea"])
        client = signed_in(buyer)
        page = client.get(f"/styles/{style.pk}?like={picture.pk}").content.decode()
        assert (value_of(page, "words"), value_of(page, "seed")) == ("sea", "")
        assert "the very same picture, and you pay for it again" in page
        names = ("words", "seed", "same", "key", "price")
        order = {"aspect_ratio": "1:1", **{name: value_of(page, name) for name in names}}
        client.post(f"/styles/{style.pk}/make", order)
        assert Generation.objects.latest("pk").seed != 4711
        again = {**order, "again": "on", "key": "another"}
        client.post(f"/styles/{style.pk}/make", again)
        assert Generation.objects.latest("pk").seed == 4711
        # A seed that was typed is the one that is meant.
        client.post(f"/styles/{style.pk}/make", {**again, "seed": "5", "key": "third"})
        assert Generation.objects.latest("pk").seed == 5

    def test_choice_outlives_an_error(self, buyer: User, style: Style, signed_in) -> None:
        order = {"words": "", "aspect_ratio": "1:1", "same": "4711", "again": "on"}
        page = signed_in(buyer).post(f"/styles/{style.pk}/make", order).content.decode()
        assert value_of(page, "same") == "4711"
        assert re.search(r'name="again"[^>]* checked', page)
        plain = Client().get(f"/styles/{style.pk}").content.decode()
        assert 'name="again"' not in plain


class TestFileNames:
    def test_say_style_words_and_number(self, buyer: User, signed_in, media) -> None:
        for style_name, words, said in (
            ("Wet Paper", ["boat", "still sea"], "wet-paper-boat-still-sea"),
            ("밤의 도시", ["fox"], "밤의-도시-fox"),
            ('../"x"; a=\r\nb', ["s" * 50] * 4, f"x-ab-{'s' * 50}-"),
        ):
            style = StyleFactory(name=style_name.replace("\r\n", ""), artist=ArtistFactory())
            made = GenerationFactory(user=buyer, style=style, prompt_tags=words)
            client = signed_in(buyer)
            link = client.get(f"/pictures/{made.pk}/download")["Location"]
            path = link.removeprefix("http://testserver")
            path = path[path.index("/media/") :]
            file = client.get(path)
            assert file.status_code == 200
            assert file["Content-Type"] == "image/png"
            disposition = file["Content-Disposition"]
            assert disposition.startswith("attachment; ")
            name = path.split("name=")[1].split("&")[0]
            if said.isascii():
                assert re.search(rf'filename="{said}\S*-{made.licence_number}\.png"', disposition)
            else:
                assert "filename*=utf-8''%EB%B0%A4" in disposition
            # The name is signed with the link.
            forged = client.get(path.replace(f"name={name}", "name=evil.exe"))
            assert forged.status_code == 403
            assert client.get(path.replace(f"&name={name}", "")).status_code == 403

    def test_other_links_have_none(self, picture: Generation, media) -> None:
        page = Client().get(f"/pictures/{picture.pk}/image")["Location"]
        path = page[page.index("/media/") :]
        assert Client().get(path).headers.get("Content-Disposition", "inline").startswith("inline")
        assert Client().get(f"{path}&name=evil.exe").status_code == 403


class TestErrors:
    """Who sends a form that is wrong is put where it is wrong first, also without scripts."""

    def test_first_wrong_field_has_the_focus(self, buyer: User, style: Style, signed_in) -> None:
        client = signed_in(buyer)
        for address, sent, field in (
            (
                f"/styles/{style.pk}/make",
                {"words": "", "aspect_ratio": "1:1", "seed": "-1"},
                "seed",
            ),
            (f"/styles/{style.pk}/make", {"words": "", "aspect_ratio": "1:1"}, "words"),
            ("/wallet/buy", {"amount": "150", "payment_method": "card"}, "amount"),
            ("/account", {"username": "!", "bio": ""}, "username"),
            ("/account/leave", {"username": "not me"}, "username"),
            ("/account/keys", {"name": "", "scopes": ["read"]}, "name"),
            ("/studio/join", {"artist_name": ""}, "artist_name"),
        ):
            page = client.post(address, sent).content.decode()
            assert page.count(" autofocus") == 1, address
            [focused] = re.findall(r"<[^>]* autofocus[^>]*>", page)
            assert f'name="{field}"' in focused
            assert 'aria-invalid="true"' in focused
            assert " autofocus" not in client.get(address, follow=True).content.decode()

    def test_error_of_the_whole_form_has_the_focus(self, style: Style, signed_in) -> None:
        poor = signed_in(UserFactory())
        page = poor.post(f"/styles/{style.pk}/make", {"words": "sea", "aspect_ratio": "1:1"})
        [focused] = re.findall(r"<[^>]* autofocus>.*?</div>", page.content.decode())
        assert 'role="alert" tabindex="-1"' in focused
        assert "This costs 10 tokens and you have 0." in focused


@pytest.mark.parametrize(
    ("language", "own", "everybody", "alone"),
    [
        ("en", "Your picture", "Everybody can see this picture.", "Only you can see this picture."),
        ("ko", "내 그림", "누구나 이 그림을 볼 수 있습니다.", "나만 이 그림을 볼 수 있습니다."),
    ],
)
def test_picture_is_called_what_it_is(
    language: str, own: str, everybody: str, alone: str, picture: Generation, signed_in
) -> None:
    client = signed_in(picture.user)
    for visibility, said, not_said in (("public", everybody, alone), ("private", alone, everybody)):
        Generation.objects.update(visibility=visibility)
        page = client.get(f"/pictures/{picture.pk}", headers={"Accept-Language": language})
        text = page.content.decode()
        assert said in text
        assert not_said not in text
        assert f'<h2 id="owner">{own}</h2>' in text
