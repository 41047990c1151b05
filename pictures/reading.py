"""One reader of JPEG, PNG and, where a door asks for it, WebP files: upright, in sRGB, as a careful
browser would show them."""

from __future__ import annotations

import io
import math
import struct
import zlib
from dataclasses import dataclass
from enum import StrEnum
from pathlib import Path
from typing import IO, Literal

from PIL import Image, ImageChops, ImageCms
from PIL.ImageFile import ImageFile
from PIL.JpegImagePlugin import JpegImageFile
from PIL.PngImagePlugin import PngImageFile
from PIL.WebPImagePlugin import WebPImageFile

from pictures.jpeg import is_within_bounds
from pictures.orientation import ON_ITS_SIDE, UPRIGHT, orientation_of
from pictures.png import SIGNATURE as PNG_SIGNATURE
from pictures.png import Facts, take_apart

# More pixels than any camera of today needs here; decoded, 40 million take 120–160 MB of memory.
MAX_PIXELS = 40_000_000
# ``contain``: no side is longer than asked for; ``cover``: the shorter side has that length.
Fit = Literal["contain", "cover"]
Format = Literal["JPEG", "PNG", "WEBP"]
JPEG_SIGNATURE = b"\xff\xd8\xff"
WEBP_SIGNATURE = b"RIFF", b"WEBP"  # with a length between them
CALLED: dict[Format, str] = {"JPEG": "JPG", "PNG": "PNG", "WEBP": "WebP"}
SPACES = {"L": "GRAY", "RGB": "RGB", "CMYK": "CMYK"}
ANIMATED = "Animated images cannot be used."
# What Pillow raises for files that are damaged, by chance or on purpose.
DAMAGED = (
    *(OSError, ValueError, SyntaxError, LookupError, TypeError, ArithmeticError, EOFError),
    *(struct.error, zlib.error),
)


class Reason(StrEnum):
    """Why a file is no picture to be used."""

    FORMAT = "format"  # neither of the formats that are taken
    DAMAGED = "damaged"  # cannot be decoded to its end
    ANIMATED = "animated"
    TOO_LARGE = "too_large"  # bytes or pixels
    TOO_SMALL = "too_small"
    TOO_LONG = "too_long"  # the one side, for the other


class PictureError(ValueError):
    """A file that cannot be used. The message is a sentence for people."""

    def __init__(self, reason: Reason, sentence: str) -> None:
        super().__init__(sentence)
        self.reason = reason


@dataclass(frozen=True)
class Bounds:
    """What is taken: formats, bytes, pixels, the shortest side, and how many times longer than
    that the other side may be."""

    formats: tuple[Format, ...] = ("JPEG", "PNG")
    max_bytes: float = math.inf
    max_pixels: int = MAX_PIXELS
    min_side: int = 1
    max_ratio: float = math.inf


@dataclass(frozen=True)
class OpenedPicture:
    """``image`` is upright, in sRGB, 8 bits a channel. ``width`` and ``height`` are those of the
    file, as seen; the image may have been reduced. ``has_alpha``: the file had transparency."""

    image: Image.Image
    width: int
    height: int
    format: Format
    has_alpha: bool


def open_picture(
    source: Path | IO[bytes],
    bounds: Bounds = Bounds(),
    *,
    side: int | None = None,
    fit: Fit = "contain",
    keep_alpha: bool = False,
) -> OpenedPicture:
    """Read a picture, whatever its file's name says.

    Orientation and colour profile are applied, and what of them makes no sense is ignored. Reduced
    to ``side`` pixels when it is larger (see ``Fit``). Transparent parts become white paper, or
    with ``keep_alpha`` the image is RGBA. Raises PictureError, and OSError for a path that cannot
    be read. The size is judged by the header, before any pixel is decoded.
    """
    if isinstance(source, Path):
        with source.open("rb") as opened:
            return open_picture(opened, bounds, side=side, fit=fit, keep_alpha=keep_alpha)
    if source.seek(0, io.SEEK_END) > bounds.max_bytes:
        raise PictureError(
            Reason.TOO_LARGE, f"The file is larger than {bounds.max_bytes // 2**20:.0f} MB."
        )
    source.seek(0)
    kind, file, facts = _opened(source, bounds)
    with file:
        turned = orientation_of(facts.exif)
        width, height = file.size[::-1] if turned in ON_ITS_SIDE else file.size
        _judge(width, height, bounds)
        try:
            image = _decoded(file, facts.clear, _reduced(file.size, side, fit))
        except DAMAGED as error:
            raise _damaged() from error
    has_alpha = "A" in image.getbands()
    alpha = image.getchannel("A") if has_alpha else None
    image = _in_srgb(image.convert(image.mode.removesuffix("A")), facts.profile)
    if alpha is not None:
        image.putalpha(alpha)
    if turned in UPRIGHT:
        image = image.transpose(UPRIGHT[turned])
    if keep_alpha:
        image = image.convert("RGBA")
    elif has_alpha:
        paper = Image.new("RGBA", image.size, "white")
        paper.alpha_composite(image)
        image = paper.convert("RGB")
    image.info = {}
    return OpenedPicture(image, width, height, kind, has_alpha)


def _opened(source: IO[bytes], bounds: Bounds) -> tuple[Format, ImageFile, Facts]:
    """The file with its header read; by Pillow's readers of the wanted formats alone.

    ``Image.open`` takes a JPEG with a second picture behind it, as phones write, for another
    format; here it is the JPEG that it is.
    """
    begin = source.read(12)
    source.seek(0)
    try:
        if "JPEG" in bounds.formats and begin.startswith(JPEG_SIGNATURE):
            content = source.read()
            if not is_within_bounds(content):
                raise _damaged()
            file = JpegImageFile(io.BytesIO(content))
            profile = file.info.get("icc_profile") or b""
            return "JPEG", file, Facts(file.info.get("exif", b""), profile)
        if "PNG" in bounds.formats and begin.startswith(PNG_SIGNATURE):
            pixels, facts = take_apart(source.read())
            if facts.is_animated:
                raise PictureError(Reason.ANIMATED, ANIMATED)
            return "PNG", PngImageFile(pixels), facts
        if "WEBP" in bounds.formats and (begin[:4], begin[8:]) == WEBP_SIGNATURE:
            return "WEBP", *_opened_webp(source, bounds)
    except PictureError:
        raise
    except DAMAGED as error:
        raise _not_taken(bounds) from error
    raise _not_taken(bounds)


def _opened_webp(source: IO[bytes], bounds: Bounds) -> tuple[ImageFile, Facts]:
    try:
        # It looks through the whole file, and at the size.
        file = WebPImageFile(source)
    except Image.DecompressionBombError as error:
        raise _too_many_pixels(bounds) from error
    except DAMAGED as error:
        raise _damaged() from error
    if file.is_animated:
        raise PictureError(Reason.ANIMATED, ANIMATED)
    return file, Facts(file.info.get("exif") or b"", file.info.get("icc_profile") or b"")


def _damaged() -> PictureError:
    return PictureError(Reason.DAMAGED, "The file is damaged: it cannot be decoded to its end.")


def _not_taken(bounds: Bounds) -> PictureError:
    *others, last = (CALLED[name] for name in bounds.formats)
    names = f"{', '.join(others)} or {last}" if others else last
    return PictureError(Reason.FORMAT, f"The file is not a {names} image.")


def _too_many_pixels(bounds: Bounds) -> PictureError:
    most = bounds.max_pixels // 1_000_000
    return PictureError(Reason.TOO_LARGE, f"The image has more than {most} million pixels.")


def _judge(width: int, height: int, bounds: Bounds) -> None:
    """Raise PictureError for a picture whose size is out of ``bounds``."""
    shorter, longer = sorted((width, height))
    if width * height > bounds.max_pixels:
        raise _too_many_pixels(bounds)
    if shorter < bounds.min_side:
        raise PictureError(
            Reason.TOO_SMALL,
            f"The image is {width} × {height} pixels; each side needs at least {bounds.min_side}.",
        )
    if longer > shorter * bounds.max_ratio:
        raise PictureError(
            Reason.TOO_LONG,
            f"One side may be at most {bounds.max_ratio:g} times as long as the other.",
        )


def _reduced(size: tuple[int, int], side: int | None, fit: Fit) -> tuple[int, int]:
    """``size`` scaled down to ``side``, never up."""
    scale = 1.0 if side is None else side / (max(size) if fit == "contain" else min(size))
    if scale >= 1:
        return size
    return max(1, round(size[0] * scale)), max(1, round(size[1] * scale))


def _decoded(file: ImageFile, clear: tuple[int, ...], size: tuple[int, int]) -> Image.Image:
    """All of the file, in 8 bits a channel and ``size``: L, RGB or CMYK, or with alpha LA, RGBA."""
    # A JPEG decoder can scale by 1/2, 1/4, 1/8 as it goes: far less memory and time.
    file.draft(None, size)
    file.load()
    image: Image.Image = file
    if image.mode.startswith("I"):
        wide = image.convert("I")
        image = wide.point([value >> 8 for value in range(65536)], "L")
        if clear:
            opaque = wide.point([255 * (value != clear[0]) for value in range(65536)], "L")
            image = Image.merge("LA", (image, opaque))
    elif image.mode == "P":
        image = image.convert("RGBA" if "transparency" in image.info else "RGB")
    else:
        image = image.convert("L") if image.mode == "1" else image
        if clear:
            image = _without(image, clear)
    if image.size != size:
        return image.resize(size, Image.Resampling.LANCZOS, reducing_gap=2.0)
    return image.copy()


def _without(image: Image.Image, clear: tuple[int, ...]) -> Image.Image:
    """``image`` (L or RGB) with the colour ``clear`` made transparent."""
    bands = image.split()
    opaque = Image.new("L", image.size, 0)
    for band, value in zip(bands, clear, strict=True):
        differs = band.point([255 * (level != value) for level in range(256)])
        opaque = ImageChops.lighter(opaque, differs)
    return Image.merge(f"{image.mode}A", (*bands, opaque))


def _in_srgb(image: Image.Image, profile: bytes) -> Image.Image:
    """``image`` (L, RGB or CMYK) as RGB, by its ICC profile when that is one for its colours."""
    if profile:
        try:
            own = ImageCms.ImageCmsProfile(io.BytesIO(profile))
            if own.profile.xcolor_space.strip() == SPACES[image.mode]:
                converted = ImageCms.profileToProfile(
                    image,
                    own,
                    ImageCms.createProfile("sRGB"),
                    renderingIntent=ImageCms.Intent.RELATIVE_COLORIMETRIC,
                    outputMode="RGB",
                    flags=ImageCms.Flags.BLACKPOINTCOMPENSATION,
                )
                assert converted is not None  # it is not done in place
                return converted
        except (ImageCms.PyCMSError, *DAMAGED):
            pass  # a broken profile says nothing
    return image.convert("RGB")
