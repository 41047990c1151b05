"""The artist's signature, drawn into the bottom right corner of every picture.

Only the shape of a signature is used, not its colour. It is drawn dark or light, whichever has more
contrast, over a soft veil that calms a busy background.
"""

import re
import unicodedata
from dataclasses import dataclass
from functools import lru_cache
from pathlib import Path

import numpy as np
from PIL import Image, ImageChops, ImageDraw, ImageFilter, ImageFont

from pictures import PictureError, open_picture
from pictures.ink import signature_ink, trimmed
from worker.engines.base import EngineError

WIDTH_SHARE = 0.20  # of the picture's width
MAX_HEIGHT_SHARE = 0.30  # of the picture's height, for a signature taller than it is wide
MAX_TYPE_HEIGHT_SHARE = 0.08  # a short name does not become a headline
MIN_TYPE_HEIGHT_SHARE = 0.02  # a long name is cut rather than set smaller than this
MARGIN_SHARE = 0.03  # of the shorter side

DARK = (22, 20, 24)
LIGHT = (252, 250, 246)
VEIL_TOWARDS_CONTRAST = 0.6  # how far the blurred ground moves away from the ink's colour
VEIL_OPACITY = 0.88

# Where black and white stand out equally: (L + .05) / .05 = 1.05 / (L + .05), WCAG 2.2 "contrast".
EQUAL_CONTRAST_LUMINANCE = 0.179


TYPE_SIZE = 120  # pixels; large, because it is only ever scaled down
# By name, so that Pillow searches the system's font folders. The first font that has every letter
# of a name is used.
FONTS = (
    "DejaVuSans.ttf",
    "NotoSans-Regular.ttf",
    "NotoSansCJK-Regular.ttc",
    "NotoSansKR-Regular.otf",
    "NanumGothic.ttf",
    "AppleSDGothicNeo.ttc",
    "malgun.ttf",
    "unifont.ttf",
)
NAMELESS = "artist"
# How Unicode names the letters that can be written in ASCII by their own name.
LETTER_NAME = re.compile(
    r"(?:HANGUL SYLLABLE|(?:HIRAGANA|KATAKANA) LETTER(?: SMALL)?|LATIN (?:SMALL|CAPITAL) LETTER)"
    r" ([A-Z]{1,6})(?: WITH .+)?"
)


@dataclass(frozen=True)
class Signed:
    """A signed picture and the box of its ink: (left, top, right, bottom) in pixels."""

    image: Image.Image
    box: tuple[int, int, int, int]


def read_signature(path: Path) -> Image.Image:
    """The artist's own signature as RGBA, upright. Raises EngineError."""
    try:
        return open_picture(path, keep_alpha=True).image
    except (PictureError, OSError) as error:
        raise EngineError("The artist's signature cannot be read as an image.") from error


def sign(image: Image.Image, *, signature: Image.Image | None, artist_name: str) -> Image.Image:
    """Return a new RGB picture with the signature, or with the typeset name if there is none."""
    return sign_with_box(image, signature=signature, artist_name=artist_name).image


def sign_with_box(image: Image.Image, *, signature: Image.Image | None, artist_name: str) -> Signed:
    """Like ``sign``, and also return where the ink was drawn."""
    picture = image.convert("RGB")
    ink = signature_ink(signature) if signature is not None else None
    if ink is None:
        max_share = MAX_TYPE_HEIGHT_SHARE
        longest = WIDTH_SHARE * picture.width / max(5.0, MIN_TYPE_HEIGHT_SHARE * picture.height)
        ink = trimmed(set_in_type(artist_name, max_aspect=longest))
        if ink is None:
            raise AssertionError("type is never blank: a name without letters becomes a word")
    else:
        max_share = MAX_HEIGHT_SHARE
    box = _box(picture.size, ink.size, max_share)
    stencil = _scaled(ink, (box[2] - box[0], box[3] - box[1]))
    return Signed(_drawn(picture, stencil, box), box)


def _box(
    picture: tuple[int, int], ink: tuple[int, int], max_height_share: float
) -> tuple[int, int, int, int]:
    width = WIDTH_SHARE * picture[0]
    height = width * ink[1] / ink[0]
    shrink = min(1.0, max_height_share * picture[1] / height)
    drawn_width, drawn_height = (max(1, round(side * shrink)) for side in (width, height))
    margin = max(1, round(MARGIN_SHARE * min(picture)))
    right, bottom = picture[0] - margin, picture[1] - margin
    return right - drawn_width, bottom - drawn_height, right, bottom


def _scaled(ink: Image.Image, size: tuple[int, int]) -> Image.Image:
    """``ink`` scaled to ``size``. Thin lines that became pale are strengthened again."""
    small = ink.resize(size, Image.Resampling.LANCZOS, reducing_gap=3.0)
    levels = np.asarray(small, dtype=np.float32)
    inked = levels[levels >= 8]
    full = float(np.percentile(inked, 90)) if inked.size else 255.0
    gain = float(np.clip(255 / max(full, 1.0), 1.0, 4.0))
    return Image.fromarray(np.clip(levels * gain, 0, 255).astype(np.uint8))


def _drawn(
    picture: Image.Image, stencil: Image.Image, box: tuple[int, int, int, int]
) -> Image.Image:
    halo = max(2.0, 0.006 * picture.width)  # in pixels
    reach = int(3 * halo) + 1
    left, top = max(0, box[0] - reach), max(0, box[1] - reach)
    right, bottom = min(picture.width, box[2] + reach), min(picture.height, box[3] + reach)
    ground = picture.crop((left, top, right, bottom))

    ink = Image.new("L", ground.size, 0)
    ink.paste(stencil, (box[0] - left, box[1] - top))
    colour, contrast = (DARK, LIGHT) if _is_bright(ground) else (LIGHT, DARK)

    calm = ground.filter(ImageFilter.GaussianBlur(3 * halo))
    calm = Image.blend(calm, Image.new("RGB", ground.size, contrast), VEIL_TOWARDS_CONTRAST)
    fattened = ink.filter(ImageFilter.MaxFilter(2 * round(halo / 2) + 1))
    soft = fattened.filter(ImageFilter.GaussianBlur(halo))
    veil = ImageChops.lighter(fattened.filter(ImageFilter.GaussianBlur(0.6)), soft)
    ground.paste(calm, mask=veil.point([round(v * VEIL_OPACITY) for v in range(256)]))
    ground.paste(colour, mask=ink)

    signed = picture.copy()
    signed.paste(ground, (left, top))
    return signed


def _is_bright(ground: Image.Image) -> bool:
    """Whether dark ink has more contrast than light ink on ``ground`` (relative luminance)."""
    srgb = np.asarray(ground, dtype=np.float32) / 255
    linear = np.where(srgb <= 0.04045, srgb / 12.92, ((srgb + 0.055) / 1.055) ** 2.4)
    luminance = linear @ np.array([0.2126, 0.7152, 0.0722], dtype=np.float32)
    return float(luminance.mean()) > EQUAL_CONTRAST_LUMINANCE


def set_in_type(name: str, *, max_aspect: float) -> Image.Image:
    """``name`` as an "L" image, shortened with "..." if wider than ``max_aspect`` heights.

    If no font has all letters of the name, it is romanised ("김민지" → "Gimminji"), or replaced by
    "artist". The boxes that fonts draw for missing letters never appear.
    """
    plain = unicodedata.normalize("NFC", " ".join(name.split()))
    plain = "".join(c for c in plain if unicodedata.category(c)[0] != "C").strip()
    font = _font_for(plain) if plain else None
    if font is None:
        plain = _romanised(plain)
        font = _embedded_font()
    text = plain
    while _aspect(font, text) > max_aspect and len(plain) > 1:
        plain = plain[:-1].rstrip()
        # Every font has full stops; not every font has the ellipsis character.
        text = f"{plain}..."
    left, top, right, bottom = (round(side) for side in font.getbbox(text))
    sheet = Image.new("L", (right - left + 8, bottom - top + 8), 0)
    ImageDraw.Draw(sheet).text((4 - left, 4 - top), text, fill=255, font=font)
    return sheet


def _aspect(font: ImageFont.FreeTypeFont, text: str) -> float:
    left, top, right, bottom = font.getbbox(text)
    return (right - left) / max(1.0, bottom - top)


def _embedded_font() -> ImageFont.FreeTypeFont:
    font = ImageFont.load_default(TYPE_SIZE)
    if not isinstance(font, ImageFont.FreeTypeFont):
        raise RuntimeError("Pillow was built without FreeType; install one of its wheels")
    return font


@lru_cache(maxsize=256)
def _font_for(text: str) -> ImageFont.FreeTypeFont | None:
    embedded = _embedded_font()
    if _has_letters(embedded, text):
        return embedded
    for name in FONTS:
        try:
            font = ImageFont.truetype(name, TYPE_SIZE)
        except OSError:
            continue
        if _has_letters(font, text):
            return font
    return None


def _has_letters(font: ImageFont.FreeTypeFont, text: str) -> bool:
    # FreeType draws the same box for every letter a font lacks; a noncharacter is always lacking.
    missing = _glyph(font, "\U0010fffe")
    return all(_glyph(font, letter) != missing for letter in set(text) - {" "})


def _glyph(font: ImageFont.FreeTypeFont, letter: str) -> tuple[tuple[int, int], bytes]:
    mask = font.getmask(letter, mode="L")
    return mask.size, bytes(mask)


def _romanised(name: str) -> str:
    """``name`` in printable ASCII, from the Unicode names of its letters; NAMELESS if empty."""
    return " ".join(filter(None, map(_romanised_word, name.split()))) or NAMELESS


def _romanised_word(word: str) -> str:
    letters = []
    for letter in word:
        known = LETTER_NAME.fullmatch(unicodedata.name(letter, ""))
        if letter.isascii():
            letters.append(letter)
        elif known:
            letters.append(known[1] if letter.isupper() else known[1].lower())
        elif letter.casefold().isascii():
            letters.append(letter.casefold())  # "ß" is named "sharp s" and folds to "ss"
    joined = "".join(letters)
    return joined[:1].upper() + joined[1:]
