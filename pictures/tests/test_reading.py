"""What people see in a picture is what is read, however it is stored."""

from __future__ import annotations

import io
import random
import struct
import zlib
from pathlib import Path

import pytest
from PIL import Image, ImageOps

from pictures import Bounds, PictureError, Reason, jpeg, open_picture, png
from tests.odd_pictures import SIDEWAYS, Odd, bomb, exif, odd_pictures, painted, saved, with_chunks

BASE = painted()
ODD = list(odd_pictures(BASE))


@pytest.mark.parametrize("odd", ODD, ids=lambda odd: odd.name)
def test_odd_pictures_are_read_as_people_see_them(odd: Odd) -> None:
    read = open_picture(io.BytesIO(odd.content))
    assert (read.image.mode, read.image.size) == ("RGB", odd.seen.size)
    assert (read.width, read.height) == odd.seen.size
    assert odd.difference(read.image) < 3
    small = open_picture(io.BytesIO(odd.content), side=100)
    assert max(small.image.size) == 100
    assert odd.difference(small.image) < 6
    covering = open_picture(io.BytesIO(odd.content), side=100, fit="cover")
    assert min(covering.image.size) == 100


@pytest.mark.parametrize("turned", range(1, 9))
@pytest.mark.parametrize("kind", ["JPEG", "PNG"])
def test_every_orientation_is_stood_up(turned: int, kind: str) -> None:
    content = saved(BASE, kind, exif=exif(3, bytes([0, turned])))
    expected = Image.open(io.BytesIO(saved(BASE, "PNG")))
    expected.getexif()[0x0112] = turned
    upright = ImageOps.exif_transpose(expected)
    read = open_picture(io.BytesIO(content))
    assert Odd("", content, upright).difference(read.image) < 3


def test_a_file_is_told_by_its_content_and_read_from_its_beginning(tmp_path: Path) -> None:
    path = tmp_path / "picture.txt"
    path.write_bytes(saved(BASE, "JPEG"))
    assert open_picture(path).format == "JPEG"
    stream = io.BytesIO(saved(BASE, "PNG"))
    stream.read()
    assert open_picture(stream).format == "PNG"
    assert not stream.closed


def test_transparency_is_kept_where_it_is_asked_for() -> None:
    for odd in ODD:
        read = open_picture(io.BytesIO(odd.content), keep_alpha=True)
        assert read.image.mode == "RGBA"
        assert read.has_alpha == (read.image.getchannel("A").getextrema()[0] == 0), odd.name
    assert sum(open_picture(io.BytesIO(odd.content)).has_alpha for odd in ODD) == 9


BOUNDS = Bounds(max_bytes=2**20, max_pixels=1_000_000, min_side=64, max_ratio=10)
REFUSED = {
    "text": (b"I am a picture.", Reason.FORMAT),
    "nothing": (b"", Reason.FORMAT),
    "a GIF": (saved(BASE, "GIF"), Reason.FORMAT),
    "a header alone": (b"\x89PNG\r\n\x1a\n", Reason.FORMAT),
    "half a JPEG": (saved(BASE, "JPEG")[:5000], Reason.DAMAGED),
    "half a PNG": (saved(BASE, "PNG")[:500], Reason.DAMAGED),
    "an animation": (
        saved(BASE, "PNG", save_all=True, append_images=[Image.new("RGB", BASE.size)]),
        Reason.ANIMATED,
    ),
    "too many bytes": (saved(BASE, "JPEG") + bytes(2**20), Reason.TOO_LARGE),
    "too many pixels": (saved(Image.new("L", (1001, 1000)), "PNG"), Reason.TOO_LARGE),
    "too low": (saved(Image.new("L", (100, 63)), "PNG"), Reason.TOO_SMALL),
    "too long": (saved(Image.new("L", (64, 641)), "PNG"), Reason.TOO_LONG),
    "too wide": (saved(Image.new("L", (641, 64)), "JPEG"), Reason.TOO_LONG),
}


@pytest.mark.parametrize("what", REFUSED)
def test_what_is_refused_has_a_reason(what: str) -> None:
    content, reason = REFUSED[what]
    with pytest.raises(PictureError) as refused:
        open_picture(io.BytesIO(content), BOUNDS)
    assert refused.value.reason is reason
    assert str(refused.value).endswith(".")


def test_the_longest_that_is_taken() -> None:
    for size in ((64, 640), (640, 64)):
        content = saved(Image.new("L", size), "PNG")
        assert open_picture(io.BytesIO(content), BOUNDS).image.size == size


def test_only_the_formats_that_are_asked_for_are_taken() -> None:
    with pytest.raises(PictureError, match=r"The file is not a PNG image\."):
        open_picture(io.BytesIO(saved(BASE, "JPEG")), Bounds(("PNG",)))


def test_of_many_profiles_one_is_unpacked(monkeypatch: pytest.MonkeyPatch) -> None:
    """Each may be a thousand times as long as in the file."""
    unpacked: list[int] = []
    unpack = png._unpacked

    def count(packed: bytes, most: int) -> bytes:
        unpacked.append(most)
        return unpack(packed, most)

    monkeypatch.setattr(png, "_unpacked", count)
    lines = zlib.compress(b"\n" * (png.MAX_RAW_EXIF + 1))
    bombs = [(b"iCCP", b"icc\0\0" + lines), (b"zTXt", png.RAW_EXIF + b"\0" + lines)] * 20
    read = open_picture(io.BytesIO(with_chunks(saved(BASE, "PNG"), *bombs)))
    assert read.image.size == BASE.size
    assert unpacked == [png.MAX_PROFILE, png.MAX_RAW_EXIF]


def with_scans(count: int) -> bytes:
    """A progressive JPEG whose last scan is said again until there are ``count``."""
    content = saved(BASE, "JPEG", progressive=True)
    parts = content.removesuffix(b"\xff\xd9").split(b"\xff\xda")
    return b"\xff\xda".join(parts + parts[-1:] * (count + 1 - len(parts))) + b"\xff\xd9"


def test_a_picture_has_an_end_of_scans_and_chunks() -> None:
    plain = saved(BASE, "PNG")
    empty, most = (b"tEXt", b""), png.MOST_CHUNKS
    own = len(list(png._chunks(plain)))
    segments, junk = b"\xff\xfe\0\2" * jpeg.MOST_SEGMENTS, bytes(jpeg.MOST_BETWEEN + 1)
    whole = saved(BASE, "JPEG")
    assert open_picture(io.BytesIO(with_scans(jpeg.MOST_SCANS))).image.size == BASE.size
    assert open_picture(io.BytesIO(with_chunks(plain, *[empty] * (most - own)))).format == "PNG"
    for content in (
        with_scans(jpeg.MOST_SCANS + 1),
        with_chunks(plain, *[empty] * (most - own + 1)),
        whole[:2] + segments + whole[2:],
        whole[:2] + segments[:4] + junk + whole[2:],
        whole[:2] + segments[:4] + junk,
    ):
        with pytest.raises(PictureError) as refused:
            open_picture(io.BytesIO(content))
        is_png = content.startswith(b"\x89PNG")
        assert refused.value.reason is (Reason.FORMAT if is_png else Reason.DAMAGED)


def test_what_looks_like_a_scan_elsewhere_is_none() -> None:
    """A thumbnail in the metadata; a film behind the picture, as phones write."""
    scans = b"\xff\xda\0\2" * 1000
    whole = saved(BASE, "JPEG")
    segment = b"\xff\xe5" + struct.pack(">H", len(scans) + 2) + scans
    read = open_picture(io.BytesIO(whole[:2] + segment + whole[2:] + scans))
    assert Odd("", whole, BASE).difference(read.image) < 3


def test_a_bomb_is_refused_by_its_header() -> None:
    with pytest.raises(PictureError) as refused:
        open_picture(io.BytesIO(bomb(50_000)))
    assert refused.value.reason is Reason.TOO_LARGE


@pytest.mark.filterwarnings("ignore::UserWarning:PIL")
def test_damage_is_refused_or_overlooked_but_never_breaks_anything() -> None:
    draw = random.Random(20261128)
    said = exif(3, bytes([0, SIDEWAYS]))
    wholes = [saved(BASE, kind, exif=said) for kind in ("JPEG", "PNG")]
    wholes += [odd.content for odd in ODD if len(odd.content) < 100_000]
    outcomes = {"taken": 0, "refused": 0}
    for whole in wholes:
        for _ in range(60):
            damaged = bytearray(whole)
            for _ in range(draw.choice([1, 3, 20])):
                damaged[draw.randrange(min(len(damaged), 2000))] = draw.randrange(256)
            try:
                open_picture(io.BytesIO(damaged), side=64)
                outcomes["taken"] += 1
            except PictureError:
                outcomes["refused"] += 1
    assert min(outcomes.values()) > 100


# It says in its header that it has 16,384 pixels on each side.
WEBP_BOMB = saved(BASE, "WEBP", lossless=True).replace(
    struct.pack("<I", BASE.width - 1 | BASE.height - 1 << 14)[:3], b"\xff\xff\xff", 1
)


class TestWebp:
    """Taken by the doors that ask for it: what people verify, no uploads."""

    bounds = Bounds(("PNG", "JPEG", "WEBP"), max_pixels=1_000_000)

    @pytest.mark.parametrize("turned", range(1, 9))
    def test_it_is_stood_up_as_others_are(self, turned: int) -> None:
        content = saved(BASE, "WEBP", lossless=True, exif=exif(3, bytes([0, turned])))
        expected = Image.open(io.BytesIO(saved(BASE, "PNG")))
        expected.getexif()[0x0112] = turned
        read = open_picture(io.BytesIO(content), self.bounds)
        assert read.format == "WEBP"
        upright = ImageOps.exif_transpose(expected)
        assert Odd("", content, upright).difference(read.image) < 1

    def test_its_profile_is_applied(self) -> None:
        (odd,) = [each for each in ODD if each.name == "a profile in a PNG"]
        with Image.open(io.BytesIO(odd.content)) as image:
            profile = image.info["icc_profile"]
            content = saved(image.convert("RGB"), "WEBP", lossless=True, icc_profile=profile)
        assert odd.difference(open_picture(io.BytesIO(content), self.bounds).image) < 3

    def test_what_is_transparent_becomes_paper(self) -> None:
        clear = saved(Image.new("RGBA", (80, 80), (9, 9, 9, 0)), "WEBP", lossless=True)
        read = open_picture(io.BytesIO(clear), self.bounds)
        assert (read.image.getpixel((5, 5)), read.has_alpha) == ((255, 255, 255), True)

    @pytest.mark.parametrize(
        ("content", "reason"),
        [
            (saved(BASE, "WEBP")[:500], Reason.DAMAGED),
            (saved(BASE, "WEBP")[:20], Reason.DAMAGED),
            (
                saved(BASE, "WEBP", save_all=True, append_images=[Image.new("RGB", BASE.size)]),
                Reason.ANIMATED,
            ),
            (saved(Image.new("L", (1001, 1000)), "WEBP"), Reason.TOO_LARGE),
            # What Pillow alone would refuse.
            (WEBP_BOMB, Reason.TOO_LARGE),
        ],
        ids=["half", "a header alone", "an animation", "too many pixels", "a bomb"],
    )
    def test_what_is_refused_has_a_reason(self, content: bytes, reason: Reason) -> None:
        with pytest.raises(PictureError) as refusal:
            open_picture(io.BytesIO(content), self.bounds)
        assert refusal.value.reason == reason

    def test_others_do_not_take_it(self) -> None:
        with pytest.raises(PictureError, match="not a JPG or PNG image"):
            open_picture(io.BytesIO(saved(BASE, "WEBP")))
        with pytest.raises(PictureError, match="not a PNG, JPG or WebP image"):
            open_picture(io.BytesIO(b"GIF89a"), self.bounds)
