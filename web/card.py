"""The picture of a certificate that other sites show with a link to it."""

from __future__ import annotations

import io

import segno
from PIL import Image, ImageDraw, ImageFont

SIZE = (1200, 630)
PAPER, INK, QUIET, ACCENT = "#fbf9f6", "#201c18", "#6a6158", "#9a3412"
SIDE = 470


def draw(number: str, address: str, picture: bytes, *, is_valid: bool = True) -> Image.Image:
    """``picture`` is a preview, empty where nobody may see it; a QR code then takes its place."""
    card = Image.new("RGB", SIZE, PAPER)
    pen = ImageDraw.Draw(card)
    pen.rectangle((24, 24, SIZE[0] - 25, SIZE[1] - 25), outline=ACCENT, width=3)
    left = _fitted(Image.open(io.BytesIO(picture))) if picture else _code(address, SIDE)
    card.paste(left, (80, (SIZE[1] - left.height) // 2))
    x = 80 + left.width + 60
    pen.text((x, 120), "Style License", INK, _font(34))
    title = "Certificate of a licence" if is_valid else "A licence that is no longer valid"
    pen.text((x, 180), title, QUIET, _font(30))
    pen.text((x, 250), number, ACCENT, _font(50 if left.width < 350 else 44))
    pen.text((x, 330), "Anybody can check it.", INK, _font(28))
    if picture:
        card.paste(_code(address, 150), (x, 400))
    return card


def _fitted(image: Image.Image) -> Image.Image:
    fitted = image.convert("RGB")
    fitted.thumbnail((SIDE, SIDE))
    return fitted


def _code(address: str, side: int) -> Image.Image:
    drawn = io.BytesIO()
    segno.make(address, error="m").save(drawn, kind="png", scale=10, border=2)
    return Image.open(drawn).convert("RGB").resize((side, side))


def _font(size: int) -> ImageFont.FreeTypeFont | ImageFont.ImageFont:
    """Pillow's own, which has Latin letters: all that is written here."""
    return ImageFont.load_default(size)
