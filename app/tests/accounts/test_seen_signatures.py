"""A signature can be seen in a picture, or it is refused at every door where one comes in."""

from __future__ import annotations

import base64
import io
from pathlib import Path

import pytest
from django.test import Client
from django.test.client import BOUNDARY, MULTIPART_CONTENT, encode_multipart
from PIL import Image, ImageDraw

from app.models import User
from app.tests.api import Api
from app.tests.factories import ArtistFactory, UserFactory
from app.tests.uploads import file, files_in
from pictures.ink import signature_ink
from tests.pictures import signature_png

pytestmark = pytest.mark.django_db
CLEAR = (0, 0, 0, 0)
TOO_LITTLE = "There is too little to see of this signature. Draw it larger, or in stronger ink."
SIZE = (
    "Each side of a signature needs at least 20 pixels, and one side may be at most 20 times as"
    " long as the other."
)


def sheet(size: tuple[int, int], ground: tuple[int, int, int, int] = CLEAR) -> Image.Image:
    return Image.new("RGBA", size, ground)


def faint(alpha: int) -> Image.Image:
    """Good strokes, but for their opacity."""
    image = Image.open(io.BytesIO(signature_png())).convert("RGBA")
    image.putalpha(image.getchannel("A").point(lambda value: value * alpha // 255))
    return image


def drawn(size: tuple[int, int], *lines: tuple[float, ...], width: int = 7) -> Image.Image:
    image = sheet(size)
    for line in lines:
        ImageDraw.Draw(image).line(line, fill="black", width=width)
    return image


# Each with what is said of it.
UNSEEN: dict[str, tuple[Image.Image, str]] = {
    "alpha of 1 all over": (sheet((240, 80), (20, 20, 60, 1)), TOO_LITTLE),
    "strokes of alpha 1": (faint(1), TOO_LITTLE),
    "strokes of alpha 20": (faint(20), TOO_LITTLE),
    "one colour, nowhere opaque": (sheet((240, 80), (20, 20, 60, 120)), TOO_LITTLE),
    "one colour, opaque": (sheet((240, 80), (20, 20, 60, 255)), TOO_LITTLE),
    "white on white paper": (sheet((240, 80), (250, 250, 250, 255)), TOO_LITTLE),
    "a speck": (drawn((900, 300), (450, 150, 450, 150), width=1), TOO_LITTLE),
    "two far specks": (
        drawn((900, 300), (2, 2, 3, 2), (897, 297, 898, 297), width=1),
        TOO_LITTLE,
    ),
    "a hairline": (drawn((1200, 60), (0, 30, 1200, 30), width=1), TOO_LITTLE),
    "one pixel": (sheet((1, 1), (0, 0, 0, 255)), SIZE),
    "8000 × 4": (drawn((8000, 4), (0, 0, 8000, 4)), SIZE),
    "4 × 8000": (drawn((4, 8000), (0, 0, 4, 8000)), SIZE),
    "8000 × 300": (drawn((8000, 300), (0, 0, 8000, 300)), SIZE),
    "19 × 60": (drawn((19, 60), (2, 2, 17, 57)), SIZE),
}
SEEN = {
    "strokes": faint(255),
    "half transparent strokes": faint(90),
    "two dots of the pad": drawn((900, 300), (300, 150, 307, 150), (500, 150, 507, 150)),
    "a stroke of the pad": drawn((900, 300), (100, 200, 400, 180)),
    "a thin pen": drawn((1200, 400), (0, 399, 500, 0, 800, 399, 1199, 0), width=2),
    "long": drawn((1900, 100), (0, 0, 900, 99, 1200, 0, 1899, 99)),
    "small": drawn((40, 20), (2, 2, 20, 17, 37, 2), width=2),
}


def png(image: Image.Image) -> bytes:
    buffer = io.BytesIO()
    image.save(buffer, "PNG")
    return buffer.getvalue()


@pytest.mark.parametrize("name", UNSEEN)
class TestRefused:
    def test_by_the_api(self, name: str, media: Path) -> None:
        image, said = UNSEEN[name]
        user, artist = UserFactory(), ArtistFactory()
        form = {"artist_name": "Bo Ink", "signature_image": file(png(image))}
        joined = Api(user).upload("/api/users/me/artist", form)
        assert joined.refusal == (400, "VALIDATION_ERROR")
        assert joined.details == {"signature_image": [said]}
        user.refresh_from_db()
        assert user.role == "user"
        body = encode_multipart(BOUNDARY, {"signature_image": file(png(image))})
        patched = Api(artist.user).patch(
            "/api/users/me/artist", body, content_type=MULTIPART_CONTENT
        )
        assert patched.details == {"signature_image": [said]}
        artist.refresh_from_db()
        assert (artist.signature_image, files_in(media)) == ("", set())

    @pytest.mark.parametrize("language", ["en", "ko"])
    def test_by_the_site(self, name: str, language: str, media: Path) -> None:
        image, said = UNSEEN[name]
        drawing = f"data:image/png;base64,{base64.b64encode(png(image)).decode()}"
        for user, page in ((UserFactory(), "join"), (ArtistFactory().user, "profile")):
            client = Client(headers={"Accept-Language": language})
            client.force_login(user)
            sent = {"artist_name": f"Bo {page}"}
            for form in ({"drawing": drawing}, {"signature_image": file(png(image))}):
                answer = client.post(f"/studio/{page}", {**sent, **form})
                assert answer.status_code == 400
                shown = answer.content.decode()
                assert (said in shown) == (language == "en")
                korean = "서명의 각 변" if said == SIZE else "서명에서 보이는"
                assert (korean in shown) == (language == "ko")
        assert files_in(media) == set()


@pytest.mark.parametrize("name", SEEN)
def test_what_can_be_seen_is_taken_and_a_worker_finds_its_ink(name: str, media: Path) -> None:
    user = UserFactory()
    form = {"artist_name": "Bo Ink", "signature_image": file(png(SEEN[name]))}
    assert Api(user).upload("/api/users/me/artist", form).status == 201
    kept = User.objects.get(pk=user.pk).artist.signature_image
    with Image.open(media / kept) as image:
        assert signature_ink(image) is not None
