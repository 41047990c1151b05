"""Odd but sound pictures are taken as what people see in them, at every door."""

from __future__ import annotations

import base64
import io
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path

import pytest
from django.test import Client
from django.test.client import BOUNDARY, MULTIPART_CONTENT, encode_multipart
from PIL import Image, ImageOps

from app.models import Artwork, Style, User
from app.tests.api import Api
from app.tests.factories import UserFactory
from app.tests.uploads import file, picture, style_form
from tests.odd_pictures import (
    SIDEWAYS,
    difference,
    exif,
    odd_pictures,
    painted,
    saved,
    transparent,
)
from tests.pictures import signature_png

pytestmark = pytest.mark.django_db

ODD = list(odd_pictures(painted()))
# WebP keeps colours at half the size: edges differ, areas do not.
ALIKE = 4.0


@pytest.fixture
def studio(artist: User, signed_in: Callable[[User], Client]) -> Client:
    return signed_in(artist)


def wrong_previews(media: Path) -> dict[str, float]:
    """Odd pictures whose preview is not what people see, and how far it is from it."""
    works = Artwork.objects.order_by("position")
    assert len(works) == len(ODD)
    wrong = {}
    for odd, work in zip(ODD, works, strict=True):
        assert (work.width, work.height) == odd.seen.size, odd.name
        with Image.open(media / work.preview_path) as shown:
            if odd.difference(shown) > ALIKE:
                wrong[odd.name] = odd.difference(shown)
    return wrong


def odd_files() -> list:
    return [file(odd.content) for odd in ODD]


def test_by_the_api(artist: User, media: Path) -> None:
    assert Api(artist).upload("/api/models", style_form(images=odd_files())).status == 201
    assert wrong_previews(media) == {}


def test_by_the_sites_form(studio: Client, media: Path) -> None:
    form = style_form(images=odd_files(), declared="on")
    answer = studio.post("/studio/upload", form)
    assert answer["Location"] == f"/studio/styles/{Style.objects.get().pk}"
    assert wrong_previews(media) == {}


def test_by_the_sites_check(studio: Client) -> None:
    for odd in ODD:
        said = studio.post("/studio/upload/check", {"image": file(odd.content)}).content.decode()
        assert f"{odd.seen.width} × {odd.seen.height}, good" in said, odd.name


def test_as_a_profile_picture(buyer: User, media: Path) -> None:
    wrong = {}
    for odd in ODD:
        form = encode_multipart(BOUNDARY, {"profile_image": file(odd.content)})
        Api(buyer).call("PATCH", "/api/users/me", data=form, content_type=MULTIPART_CONTENT)
        buyer.refresh_from_db()
        square = replace(odd, seen=ImageOps.fit(odd.seen, (256, 256)))
        with Image.open(media / buyer.profile_image) as shown:
            if square.difference(shown) > ALIKE:
                wrong[odd.name] = square.difference(shown)
        User.objects.update(profile_image="")
    assert wrong == {}


def odd_signatures() -> list[tuple[str, bytes, Image.Image]]:
    plain = Image.open(io.BytesIO(signature_png())).convert("RGBA")
    lying = plain.transpose(Image.Transpose.ROTATE_90)
    turned = exif(3, bytes([0, SIDEWAYS]))
    found = [("on its side", saved(lying, "PNG", exif=turned), plain)]
    found += [(odd.name, odd.content, odd.seen) for odd in transparent(painted())]
    return found


def test_as_a_signature(signed_in, media: Path) -> None:
    wrong = {}
    for name, content, seen in odd_signatures():
        user = UserFactory()
        drawn = base64.b64encode(content).decode()
        form = {"artist_name": f"Bo {name}", "drawing": f"data:image/png;base64,{drawn}"}
        signed_in(user).post("/studio/join", form)
        user.refresh_from_db()
        with Image.open(media / user.artist.signature_image) as kept:
            shown, expected = on_paper(kept), on_paper(seen)
        if shown.size != expected.size or difference(shown, expected) > 1:
            wrong[name] = shown.size
    assert wrong == {}


def on_paper(image: Image.Image) -> Image.Image:
    paper = Image.new("RGBA", image.size, "white")
    paper.alpha_composite(image.convert("RGBA"))
    return paper


TOO_LONG = picture(3, size=(256, 2561))


def test_a_picture_that_is_too_long_for_its_width_is_named(
    artist: User, studio: Client, media: Path
) -> None:
    images = [*odd_files()[:10], file(TOO_LONG)]
    answer = Api(artist).upload("/api/models", style_form(images=images))
    assert answer.refusal == (400, "IMAGE_TOO_NARROW")
    [bad] = answer.details["images"]
    assert bad["index"] == 10
    assert bad["message"] == "One side may be at most 10 times as long as the other."
    said = studio.post("/studio/upload/check", {"image": file(TOO_LONG)}).content.decode()
    assert "at most 10 times as long" in said
    studio.cookies["django_language"] = "ko"
    said = studio.post("/studio/upload/check", {"image": file(TOO_LONG)}).content.decode()
    assert "긴 쪽은 짧은 쪽의 10배까지만 됩니다." in said
    assert not any(path.is_file() for path in media.rglob("*"))
