"""Sound pictures that are stored in unusual ways, each with what people see in it."""

from __future__ import annotations

import io
import struct
import zlib
from collections.abc import Iterator
from dataclasses import dataclass

import numpy as np
from PIL import Image, ImageCms, ImageDraw

SIDEWAYS = 6  # turn by 90 degrees clockwise to see it upright
TYPES = {"text": 2, "byte": 1, "undefined": 7, "short": 3}
CLEAR = (255, 0, 255)


@dataclass(frozen=True)
class Odd:
    """A file and the RGB picture that it holds. Its two sides differ."""

    name: str
    content: bytes
    seen: Image.Image

    def difference(self, shown: Image.Image) -> float:
        """How far ``shown``, at whatever size, is from what should be seen: of 255, on average."""
        return difference(shown, self.seen)


def difference(one: Image.Image, other: Image.Image) -> float:
    if (one.width > one.height) != (other.width > other.height):
        return 255.0
    size = min(one.size, other.size)
    pixels = [
        np.asarray(each.convert("RGB").resize(size, Image.Resampling.BOX), np.float32)
        for each in (one, other)
    ]
    return float(np.abs(pixels[0] - pixels[1]).mean())


def painted(size: tuple[int, int] = (320, 280)) -> Image.Image:
    """A picture whose corners and colours cannot be mistaken for each other."""
    image = Image.new("RGB", size, (220, 40, 40))
    pen = ImageDraw.Draw(image)
    width, height = size
    pen.rectangle((width // 2, 0, width, height // 2), fill=(30, 160, 60))
    pen.rectangle((0, height // 2, width // 2, height), fill=(40, 60, 200))
    pen.ellipse((width // 3, height // 3, width // 2, height // 2), fill=(250, 240, 200))
    return image


def odd_pictures(base: Image.Image) -> Iterator[Odd]:
    """``base`` (RGB) in every unusual form."""
    gray = base.convert("L")
    deep_gray = np.asarray(gray, ">u2") * 257
    deep = np.asarray(base, ">u2") * 257
    yield Odd("16 bit gray", png(deep_gray, depth=16, colour=0), gray.convert("RGB"))
    yield Odd("16 bit RGB", png(deep, depth=16, colour=2), base)
    # What a JPEG loses is not what this is about.
    kept, cmyk = decoded(saved(base, "JPEG")), saved(base.convert("CMYK"), "JPEG")
    yield Odd("CMYK", cmyk, decoded(cmyk))
    yield Odd("a second picture behind it", with_second(base), kept)
    for name, kind in TYPES.items():
        value = str(SIDEWAYS).encode() if name == "text" else bytes([0, 9])
        value = bytes([SIDEWAYS, 0]) if name in {"byte", "undefined"} else value
        said = saved(base, "JPEG", exif=exif(kind, value))
        yield Odd(f"an orientation as {name} {value!r}", said, kept)
    yield Odd("orientation 255", saved(base, "JPEG", exif=exif(3, b"\0\xff")), kept)
    lying = base.transpose(Image.Transpose.ROTATE_90)
    turned = exif(TYPES["short"], bytes([0, SIDEWAYS]))
    upright = decoded(saved(lying, "JPEG")).transpose(Image.Transpose.ROTATE_270)
    yield Odd("a JPEG on its side", saved(lying, "JPEG", exif=turned), upright)
    yield Odd("a PNG on its side", saved(lying, "PNG", exif=turned), base)
    for form in ("PNG", "JPEG"):
        said = saved(swapped(base), form, icc_profile=swapping_profile())
        yield Odd(f"a profile in a {form}", said, swapped(decoded(saved(swapped(base), form))))
        said = saved(base, form, icc_profile=b"none")
        yield Odd(f"a broken profile in a {form}", said, decoded(saved(base, form)))
    yield Odd(
        "a profile for other colours",
        saved(gray, "PNG", icc_profile=swapping_profile()),
        gray.convert("RGB"),
    )
    yield from transparent(base)
    yield from with_texts(saved(base, "PNG"), base)


def transparent(base: Image.Image) -> Iterator[Odd]:
    """With a transparent part, which people see as white paper."""
    width, height = base.size
    hole = (width // 2, 0, width, height)
    seen, holed = base.copy(), base.copy()
    seen.paste("white", hole)
    holed.paste(CLEAR, hole)
    rgb = np.asarray(holed)
    yield Odd("one colour clear", png(rgb, 8, 2, [(b"tRNS", struct.pack(">3H", *CLEAR))]), seen)
    sixteen = struct.pack(">3H", *(level * 257 for level in CLEAR))
    deep = png(rgb.astype(">u2") * 257, 16, 2, [(b"tRNS", sixteen)])
    yield Odd("one colour of 16 bits clear", deep, seen)
    gray = np.asarray(base.convert("L")).clip(0, 254)
    gray_seen = Image.fromarray(gray)
    gray_seen.paste(255, hole)
    holed_gray = np.array(Image.fromarray(gray))
    holed_gray[:, width // 2 :] = 7
    clear = struct.pack(">H", 7)
    yield Odd("one gray clear", png(holed_gray, 8, 0, [(b"tRNS", clear)]), rgb_of(gray_seen, 7))
    clear = struct.pack(">H", 7 * 257)
    content = png(holed_gray.astype(">u2") * 257, 16, 0, [(b"tRNS", clear)])
    yield Odd("one gray of 16 bits clear", content, rgb_of(gray_seen, 7))
    ink = np.asarray(base.convert("L")) > 100
    bits = np.packbits(ink, axis=1)
    content = png(bits, 1, 0, [(b"tRNS", b"\0\0")], width=width)
    yield Odd("black of 1 bit clear", content, Image.new("RGB", base.size, "white"))
    nibbles = np.asarray(base.convert("L")) // 16
    packed = ((nibbles[:, 0::2] << 4) | nibbles[:, 1::2]).astype(np.uint8)
    green = int(nibbles[0, width - 1])
    shown = Image.fromarray(np.where(nibbles == green, 255, nibbles * 17).astype(np.uint8))
    content = png(packed, 4, 0, [(b"tRNS", struct.pack(">H", green))], width=width)
    yield Odd("one gray of 4 bits clear", content, shown.convert("RGB"))
    mask = Image.new("L", base.size, 255)
    mask.paste(0, hole)
    for mode in ("RGBA", "LA"):
        image = base.convert(mode)
        image.putalpha(mask)
        shown = base.convert(mode.removesuffix("A")).convert("RGB")
        shown.paste("white", hole)
        yield Odd(f"{mode}", saved(image, "PNG"), shown)
    few = base.quantize(16)
    shown = few.convert("RGB")
    index = few.getpixel((0, 0))
    shown_pixels = np.array(shown)
    shown_pixels[np.asarray(few) == index] = 255
    content = saved(few, "PNG", transparency=index)
    yield Odd("one colour of a palette clear", content, Image.fromarray(shown_pixels))


def rgb_of(gray: Image.Image, clear: int) -> Image.Image:
    """``gray`` on white where it has the transparent level."""
    return gray.point([255 if level == clear else level for level in range(256)]).convert("RGB")


def with_texts(content: bytes, base: Image.Image) -> Iterator[Odd]:
    """Texts that are long, many, damaged or mean nothing."""
    long = zlib.compress(b"x" * 3_000_000)
    packet = b"XML:com.adobe.xmp\0\1\0\0\0" + long
    yield Odd("long XMP", with_chunks(content, (b"iTXt", packet)), base)
    yield Odd("a long text", with_chunks(content, (b"zTXt", b"Comment\0\0" + long)), base)
    yield Odd("a long profile", with_chunks(content, (b"iCCP", b"icc\0\0" + long)), base)
    many = [(b"zTXt", b"Comment\0\0" + zlib.compress(b"y" * 1_000_000))] * 70
    yield Odd("70 texts", with_chunks(content, *many), base)
    yield Odd("meaningless EXIF", with_chunks(content, (b"eXIf", b"no EXIF")), base)
    raw = b"Raw profile type exif\0"
    yield Odd("a meaningless raw profile", with_chunks(content, (b"tEXt", raw + b"zzz")), base)
    broken = with_chunks(content, (b"zTXt", raw + b"\0no zlib"))
    yield Odd("a raw profile that cannot be unpacked", broken, base)
    lying = saved(base.transpose(Image.Transpose.ROTATE_90), "PNG")
    said = exif(TYPES["short"], bytes([0, SIDEWAYS]))
    text = f"\nexif\n{len(said):8}\n{said.hex()}\n".encode()
    standing = with_chunks(lying, (b"zTXt", raw + b"\0" + zlib.compress(text)))
    yield Odd("a raw profile with an orientation", standing, base)


def exif(kind: int, value: bytes) -> bytes:
    """EXIF with an orientation of that type, big-endian."""
    entry = struct.pack(">HHI4s", 0x0112, kind, 2 if kind == TYPES["text"] else 1, value)
    return b"Exif\0\0MM\0*\0\0\0\x08\0\x01" + entry + b"\0\0\0\0"


def saved(image: Image.Image, kind: str, **options: object) -> bytes:
    file = io.BytesIO()
    if kind == "JPEG":
        options = {"quality": 100, "subsampling": 0, **options}
    image.save(file, kind, **options)
    return file.getvalue()


def decoded(content: bytes) -> Image.Image:
    """The pixels of a file without metadata."""
    return Image.open(io.BytesIO(content)).convert("RGB")


def swapped(image: Image.Image) -> Image.Image:
    """Red as green, green as red."""
    return Image.merge("RGB", [image.split()[band] for band in (1, 0, 2)])


def with_second(image: Image.Image) -> bytes:
    """A JPEG with a smaller picture behind it, as phones write."""
    small = image.resize((64, 48))
    return saved(image, "MPO", save_all=True, append_images=[small], quality=100, subsampling=0)


def swapping_profile() -> bytes:
    """An RGB profile in which red is green and green is red."""
    profile = ImageCms.ImageCmsProfile(ImageCms.createProfile("sRGB")).tobytes()
    return profile.replace(b"rXYZ", b"????").replace(b"gXYZ", b"rXYZ").replace(b"????", b"gXYZ")


def png(
    pixels: np.ndarray,
    depth: int,
    colour: int,
    chunks: list[tuple[bytes, bytes]] | None = None,
    *,
    width: int = 0,
) -> bytes:
    """A PNG of rows of samples that are packed already."""
    rows = b"".join(b"\0" + row.tobytes() for row in pixels)
    header = struct.pack(">IIBBBBB", width or pixels.shape[1], len(pixels), depth, colour, 0, 0, 0)
    content = b"\x89PNG\r\n\x1a\n" + chunk(b"IHDR", header)
    content += chunk(b"IDAT", zlib.compress(rows)) + chunk(b"IEND", b"")
    return with_chunks(content, *(chunks or []))


def with_chunks(content: bytes, *chunks: tuple[bytes, bytes]) -> bytes:
    """A PNG with chunks before its pixels."""
    at = content.index(b"IDAT") - 4
    return content[:at] + b"".join(chunk(*each) for each in chunks) + content[at:]


def chunk(kind: bytes, body: bytes) -> bytes:
    return struct.pack(">I", len(body)) + kind + body + struct.pack(">I", zlib.crc32(kind + body))


def bomb(side: int) -> bytes:
    """A small PNG that claims ``side`` × ``side`` pixels, all of them black."""
    header = struct.pack(">IIBBBBB", side, side, 8, 0, 0, 0, 0)
    rows = zlib.compress(bytes(200_000), 9)
    content = b"\x89PNG\r\n\x1a\n" + chunk(b"IHDR", header)
    return content + chunk(b"IDAT", rows) + chunk(b"IEND", b"")
