"""What the site says of engines, and when it offers a choice."""

from __future__ import annotations

from pathlib import Path

import pytest
from django.test import Client

from app.models import Generation, Style, User
from app.tests.factories import GenerationFactory, PublicPictureFactory, StyleFactory
from app.tests.uploads import style_form

pytestmark = pytest.mark.django_db


def text(client: Client, path: str) -> str:
    return client.get(path).content.decode()


class TestUpload:
    def test_one_engine_is_no_choice(self, artist: User, signed_in) -> None:
        assert 'name="engine"' not in text(signed_in(artist), "/studio/upload")

    def test_of_several_one_is_chosen(self, artist: User, signed_in, settings, media: Path) -> None:
        settings.ENGINES = ["stylenet", "diffusion"]
        client = signed_in(artist)
        assert text(client, "/studio/upload").count('name="engine"') == 2
        form = style_form(image_tags="", declared="on", engine="diffusion")
        assert client.post("/studio/upload", form).status_code == 302
        assert Style.objects.get().engine == "diffusion"
        # A form of before, which has no such field.
        form = style_form(name="Another", first=20, image_tags="", declared="on")
        assert client.post("/studio/upload", form).status_code == 302
        assert Style.objects.get(name="Another").engine == "stylenet"

    def test_a_price_is_told_for_the_formats_of_the_engine(self, artist: User, signed_in) -> None:
        client = signed_in(artist)
        wide, address = "1024 × 576", "/studio/upload/earnings?price=10"
        assert wide not in text(client, "/studio/upload")
        assert wide not in text(client, address)
        assert wide in text(client, f"{address}&engine=diffusion")
        for engine in ("stylenet", "diffusion"):
            own = StyleFactory(artist=artist.artist, engine=engine)
            page = text(client, f"/studio/styles/{own.pk}")
            assert (wide in page) == (engine == "diffusion")
            assert f"earnings?engine={engine}" in page


class TestStyle:
    def test_it_says_what_draws_it(self) -> None:
        style = StyleFactory(engine="diffusion", engine_version="1")
        assert "Pictures are drawn by diffusion 1." in text(Client(), f"/styles/{style.pk}")

    def test_it_offers_the_formats_of_its_engine(self, buyer: User, signed_in) -> None:
        client = signed_in(buyer)
        assert 'value="4:3"' in text(client, f"/styles/{StyleFactory().pk}")
        style = StyleFactory(engine="etching")
        page = text(client, f"/styles/{style.pk}")
        assert 'value="2:1"' in page
        assert 'value="4:3"' not in page
        form = {"words": "castle", "aspect_ratio": "4:3", "key": "k"}
        refused = client.post(f"/styles/{style.pk}/make", form)
        assert refused.status_code == 400
        assert "Select a valid choice" in refused.content.decode()
        assert not Generation.objects.exists()

    def test_unknown_words_are_the_engines(self, buyer: User, signed_in) -> None:
        client = signed_in(buyer)
        form = {"words": "zorblax", "aspect_ratio": "1:1", "key": "k"}
        style = StyleFactory()
        assert "Words that cannot be painted" in text(client, f"/styles/{style.pk}")
        assert "zorblax</b>" in client.post(f"/styles/{style.pk}/make", form).content.decode()
        style = StyleFactory(engine="diffusion")
        assert "Words that cannot be painted" not in text(client, f"/styles/{style.pk}")
        assert client.post(f"/styles/{style.pk}/make", form).status_code == 302
        picture = Generation.objects.get()
        assert "Cannot be seen" not in text(client, f"/pictures/{picture.pk}")

    def test_a_text_is_asked_for_where_any_words_are_drawn(self, buyer: User, signed_in) -> None:
        client = signed_in(buyer)
        assert "Words or sentences, at most 300" not in text(client, f"/styles/{StyleFactory().pk}")
        style = StyleFactory(engine="diffusion")
        page = text(client, f"/styles/{style.pk}")
        assert "Words or sentences, at most 300 characters." in page
        assert '<textarea name="words"' in page
        assert 'value="16:9"' in page
        form = {"words": "A fox, asleep.", "suggested": ["harbour"], "aspect_ratio": "16:9"}
        assert client.post(f"/styles/{style.pk}/make", form).status_code == 302
        picture = Generation.objects.get()
        assert (picture.prompt, picture.cost) == ("A fox, asleep., harbour", 13)
        assert "<h1>A fox, asleep., harbour</h1>" in text(client, f"/pictures/{picture.pk}")
        # The form of another one like it, and what is too long.
        again = text(client, f"/styles/{style.pk}?like={picture.pk}")
        assert "A fox, asleep., harbour</textarea>" in again
        for words in ("", "x" * 301):
            refused = client.post(
                f"/styles/{style.pk}/make", form | {"words": words, "suggested": []}
            )
            assert refused.status_code == 400
            assert "at most 300 characters." in refused.content.decode()
        assert Generation.objects.count() == 1

    def test_the_same_picture_again_is_drawn_with_the_settings_of_mine(
        self, buyer: User, signed_in
    ) -> None:
        client, style = signed_in(buyer), StyleFactory(engine="diffusion")
        theirs = PublicPictureFactory(style=style)
        mine = GenerationFactory(user=buyer, style=style)
        Generation.objects.filter(pk=mine.pk).update(settings={"steps": 12, "dtype": "float32"})
        assert 'name="like" value' not in text(client, f"/styles/{style.pk}?like={theirs.pk}")
        page = text(client, f"/styles/{style.pk}?like={mine.pk}")
        assert f'name="like" value="{mine.pk}"' in page
        form = {"words": "castle", "aspect_ratio": "1:1", "same": "5", "like": str(mine.pk)}
        for again, expected in (("", None), ("on", {"steps": 12})):
            answer = client.post(f"/styles/{style.pk}/make", form | {"again": again})
            assert answer.status_code == 302
            assert Generation.objects.latest("pk").settings == expected
        refused = client.post(
            f"/styles/{style.pk}/make", form | {"again": "on", "like": str(theirs.pk)}
        )
        assert refused.status_code == 409
        assert "You have no such picture of this style." in refused.content.decode()
