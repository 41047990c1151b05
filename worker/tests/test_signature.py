"""Where a signature lies, and that it can be read there."""

import numpy as np
import pytest
from PIL import Image, ImageDraw, ImageFont

from pictures.ink import signature_ink
from worker import signature as under_test
from worker.signature import Signed, sign, sign_with_box

NAME = "Mira Halden"


def strokes(ink=(20, 20, 60, 255), paper=(0, 0, 0, 0), *, size=(300, 120), margin=0):
    """A zigzag and a ring on paper, ``margin`` empty pixels around."""
    sheet = Image.new("RGBA", (size[0] + 2 * margin, size[1] + 2 * margin), paper)
    draw = ImageDraw.Draw(sheet)
    at = margin
    points = [(at + 4 + i * (size[0] - 8) / 8, at + (4, size[1] - 5)[i % 2]) for i in range(9)]
    draw.line(points, fill=ink, width=8)
    draw.ellipse((at, at, at + size[1] - 1, at + size[1] - 1), outline=ink, width=8)
    draw.line((at + size[0] - 5, at, at + size[0] - 5, at + size[1] - 1), fill=ink, width=9)
    return sheet


def flat(level, size=(512, 512)):
    return Image.new("RGB", size, (level,) * 3)


def noise(size=(512, 512)):
    values = np.random.default_rng(3).integers(0, 256, (size[1], size[0], 3), dtype=np.uint8)
    return Image.fromarray(values)


def checks(size=(512, 512)):
    y, x = np.mgrid[: size[1], : size[0]]
    return Image.fromarray((((x // 12 + y // 12) % 2) * 255).astype(np.uint8)).convert("RGB")


def half_and_half(size=(512, 512)):
    image = flat(0, size)
    image.paste((255, 255, 255), (0, 0, size[0], size[1] - 36))
    return image


GROUNDS = {
    "white": flat(255),
    "black": flat(0),
    "mid-grey": flat(128),
    "equal-contrast grey": flat(118),
    "red": Image.new("RGB", (512, 512), (200, 30, 30)),
    "photo noise": noise(),
    "checks": checks(),
    "dark below, light above": half_and_half(),
}


def luminance(image):
    srgb = np.asarray(image, dtype=np.float64) / 255
    linear = np.where(srgb <= 0.04045, srgb / 12.92, ((srgb + 0.055) / 1.055) ** 2.4)
    return linear @ np.array([0.2126, 0.7152, 0.0722])


def contrast_at_the_ink(signed: Signed, ink: Image.Image) -> float:
    """WCAG contrast of the strokes against the ground right beside them."""
    stencil = np.zeros((signed.image.height, signed.image.width), dtype=bool)
    left, top, right, bottom = signed.box
    small = np.asarray(ink.resize((right - left, bottom - top), Image.Resampling.BOX))
    stencil[top:bottom, left:right] = small > 200
    near = np.zeros_like(stencil)
    near[top:bottom, left:right] = small > 8

    def grown(mask, by):
        return (
            sum(
                np.roll(mask, (dy, dx), (0, 1))
                for dy in range(-by, by + 1)
                for dx in range(-by, by + 1)
            )
            > 0
        )

    beside = grown(near, 3) & ~grown(near, 1)
    shades = luminance(signed.image)
    inks, ground = shades[stencil].mean(), shades[beside].mean()
    return (max(inks, ground) + 0.05) / (min(inks, ground) + 0.05)


@pytest.mark.parametrize("size", [(512, 512), (1024, 640), (640, 1024), (300, 900)])
def test_signature_is_a_fifth_of_the_width_at_the_bottom_right(size):
    signed = sign_with_box(noise(size), signature=strokes(), artist_name=NAME)

    left, top, right, bottom = signed.box
    margin = round(0.03 * min(size))
    assert right - left == round(0.2 * size[0])
    assert bottom - top == pytest.approx((right - left) * 120 / 300, abs=1)
    assert (right, bottom) == (size[0] - margin, size[1] - margin)
    assert (signed.image.mode, signed.image.size) == ("RGB", size)


def test_ink_reaches_the_edges_of_the_box_and_the_rest_of_the_picture_is_untouched():
    picture = flat(255)
    signed = sign_with_box(picture, signature=strokes(margin=200), artist_name=NAME)

    dark = np.asarray(signed.image.convert("L")) < 128
    rows, columns = np.flatnonzero(dark.any(axis=1)), np.flatnonzero(dark.any(axis=0))
    drawn = (columns[0], rows[0], columns[-1] + 1, rows[-1] + 1)
    assert drawn == pytest.approx(signed.box, abs=1)
    busy = noise()
    signed = sign_with_box(busy, signature=strokes(), artist_name=NAME)
    changed = np.any(np.asarray(signed.image) != np.asarray(busy), axis=2)
    assert not changed[: signed.box[1] - 15].any()
    assert not changed[:, : signed.box[0] - 15].any()


@pytest.mark.parametrize("ground", GROUNDS)
def test_signature_is_legible(ground):
    sheet = strokes()
    signed = sign_with_box(GROUNDS[ground], signature=sheet, artist_name=NAME)

    assert contrast_at_the_ink(signed, sheet.getchannel("A")) > 4.5


@pytest.mark.parametrize("ground", GROUNDS)
def test_name_in_type_is_legible(ground):
    signed = sign_with_box(GROUNDS[ground], signature=None, artist_name=NAME)

    left, top, right, bottom = signed.box
    shades = luminance(signed.image.crop(signed.box))
    low, high = np.percentile(shades, 5), np.percentile(shades, 95)
    assert (high + 0.05) / (low + 0.05) > 4.5
    assert right - left == pytest.approx(0.2 * 512, abs=1)
    assert bottom - top < 0.08 * 512 + 1


def test_a_plain_ground_far_from_the_ink_shows_no_halo():
    signed = sign_with_box(flat(255), signature=strokes(), artist_name=NAME)

    corner = signed.image.crop((signed.box[0] - 8, signed.box[1] - 8, *signed.box[:2]))
    assert np.asarray(corner).min() >= 250


def test_margins_of_the_file_do_not_count():
    tight = sign_with_box(flat(200), signature=strokes(), artist_name=NAME)
    wide = sign_with_box(flat(200), signature=strokes(margin=500), artist_name=NAME)

    assert wide.box == tight.box
    difference = np.abs(np.asarray(wide.image, int) - np.asarray(tight.image, int))
    assert difference.mean() < 0.5


@pytest.mark.parametrize(
    ("ink", "paper"),
    [
        ((20, 20, 60, 255), (255, 255, 255, 255)),
        ((60, 60, 160, 255), (214, 206, 190, 255)),
        ((250, 250, 250, 255), (30, 30, 34, 255)),
    ],
    ids=["white paper", "cream paper", "chalk on slate"],
)
def test_ink_is_found_on_opaque_paper(ink, paper):
    found = signature_ink(strokes(ink, paper, margin=80))
    expected = signature_ink(strokes())

    assert found is not None
    assert expected is not None
    assert found.size == pytest.approx(expected.size, abs=1)
    overlap = np.asarray(found.resize(expected.size)) > 128
    assert (overlap == (np.asarray(expected) > 128)).mean() > 0.98


def test_paper_on_a_transparent_sheet_is_still_paper():
    sheet = Image.new("RGBA", (800, 600), (0, 0, 0, 0))
    sheet.paste(strokes(paper=(255, 255, 255, 255), margin=30), (200, 150))

    found = signature_ink(sheet)

    assert found is not None
    assert found.size == pytest.approx((300, 120), abs=1)


def test_white_ink_on_transparency_is_ink():
    found = signature_ink(strokes(ink=(255, 255, 255, 255)))

    assert found is not None
    assert found.tobytes() == signature_ink(strokes()).tobytes()


def test_palette_images_are_read():
    found = signature_ink(strokes(paper=(255, 255, 255, 255), margin=20).convert("P"))

    assert found is not None
    assert found.size == pytest.approx((300, 120), abs=1)


@pytest.mark.parametrize(
    "empty",
    [
        Image.new("RGBA", (200, 80), (0, 0, 0, 0)),
        Image.new("RGBA", (200, 80), (0, 0, 0, 12)),
        Image.new("RGB", (200, 80), (255, 255, 255)),
        Image.new("L", (1, 1), 0),
    ],
    ids=["transparent", "nearly transparent", "white paper", "one pixel"],
)
def test_an_empty_file_falls_back_to_the_name(empty):
    assert signature_ink(empty) is None
    expected = sign(noise(), signature=None, artist_name=NAME)
    assert sign(noise(), signature=empty, artist_name=NAME).tobytes() == expected.tobytes()


def test_a_tall_signature_does_not_cover_the_picture():
    sheet = strokes(size=(100, 900))
    left, top, right, bottom = sign_with_box(flat(90), signature=sheet, artist_name=NAME).box

    assert bottom - top == round(0.3 * 512)
    assert (right - left) / (bottom - top) == pytest.approx(100 / 900, abs=0.01)


def test_a_thin_pen_in_a_huge_file_stays_visible():
    sheet = Image.new("RGBA", (4000, 1200), (0, 0, 0, 0))
    ImageDraw.Draw(sheet).line((0, 1199, 1500, 0, 2500, 1199, 3999, 0), fill="black", width=9)

    signed = sign_with_box(flat(255), signature=sheet, artist_name=NAME)

    assert np.percentile(np.asarray(signed.image.crop(signed.box).convert("L")), 2) < 90


def test_same_input_gives_the_same_picture_and_leaves_the_input_alone():
    picture, sheet = noise(), strokes()
    before = picture.tobytes(), sheet.tobytes()

    first = sign(picture, signature=sheet, artist_name=NAME)

    assert sign(picture, signature=sheet, artist_name=NAME).tobytes() == first.tobytes()
    assert (picture.tobytes(), sheet.tobytes()) == before


@pytest.mark.parametrize("mode", ["L", "RGBA", "P", "CMYK"])
def test_any_picture_mode_comes_back_as_rgb(mode):
    assert sign(flat(99).convert(mode), signature=strokes(), artist_name=NAME).mode == "RGB"


@pytest.mark.parametrize("size", [(64, 64), (1, 1), (4096, 64), (64, 4096)])
def test_any_picture_size_can_be_signed(size):
    for sheet in (None, strokes()):
        left, top, right, bottom = sign_with_box(
            flat(50, size), signature=sheet, artist_name=NAME
        ).box
        assert left < right
        assert top < bottom


@pytest.mark.parametrize(
    "name",
    [
        "김민지",
        "José Ñandú",
        "Łukasz Żółć",
        "Мира",
        "李小龙",
        "أحمد",
        "🎨🎨",
        "",
        "   ",
        "\x00\u202e",
        "李 Wei",
        "A" * 150,
        "Maximiliane von und zu Hohenstein-Oberbach the Third",
    ],
)
def test_any_name_is_set_in_type(name):
    signed = sign_with_box(flat(255), signature=None, artist_name=name)

    left, top, right, bottom = signed.box
    assert right - left <= round(0.2 * 512)
    assert 0.015 * 512 <= bottom - top <= 0.08 * 512 + 1
    assert (np.asarray(signed.image.crop(signed.box)) < 100).any()


@pytest.mark.parametrize(
    ("name", "written"),
    [
        ("김민지", "Gimminji"),
        ("ミラ", "Mira"),
        ("Łukasz Groß", "Lukasz Gross"),
        ("李 Wei", "Wei"),
        ("李小龙", "artist"),
        ("🎨", "artist"),
        ("", "artist"),
    ],
)
def test_a_name_without_a_font_is_romanised_never_boxed(name, written, monkeypatch):
    monkeypatch.setattr(under_test, "FONTS", ("no such font.ttf",))
    under_test._font_for.cache_clear()

    drawn = under_test.set_in_type(name, max_aspect=50)

    under_test._font_for.cache_clear()
    assert drawn.tobytes() == under_test.set_in_type(written, max_aspect=50).tobytes()


def test_a_font_that_lacks_a_letter_is_noticed():
    embedded = ImageFont.load_default(60)

    assert under_test._has_letters(embedded, "Mira Halden")
    assert not under_test._has_letters(embedded, "Mira 김")


def test_a_long_name_ends_in_an_ellipsis():
    whole = under_test.set_in_type("Maximiliane of Hohenstein", max_aspect=100)
    cut = under_test.set_in_type("Maximiliane of Hohenstein", max_aspect=6)

    assert cut.width < whole.width
    assert (cut.width - 8) / (cut.height - 8) <= 6.1
    assert cut.tobytes() != under_test.set_in_type("Maximiliane", max_aspect=100).tobytes()
