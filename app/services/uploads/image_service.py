"""Uploaded images: told by their content, checked, and turned into previews without metadata."""

from __future__ import annotations

import hashlib
import io
import struct
import warnings
import zlib
from collections.abc import Sequence
from dataclasses import dataclass
from typing import IO, Any

from PIL import Image, ImageOps, UnidentifiedImageError

from app.exceptions import (
    DomainError,
    DuplicateImage,
    ImageTooLarge,
    ImageTooSmall,
    InsufficientImages,
    InvalidImageFormat,
    InvalidInput,
    TooManyImages,
    UploadRejected,
)

MIN_IMAGES, MAX_IMAGES = 10, 100
MAX_BYTES = 10 * 1024 * 1024
MIN_SIDE = 256
# More pixels than any camera of today needs here; decoded, 40 million take 120–160 MB of memory.
MAX_PIXELS = 40_000_000
PREVIEW_SIDE = 768
MAX_SIGNATURE_BYTES = 1024 * 1024
MAX_PROFILE_BYTES = 2 * 1024 * 1024
PROFILE_SIDE = 256
ORIENTATION = 0x0112
# What Pillow raises for files that are damaged, by chance or on purpose.
DAMAGED = (OSError, ValueError, SyntaxError, IndexError, TypeError, struct.error, zlib.error)
EXTENSIONS = {"JPEG": "jpg", "PNG": "png"}


@dataclass(frozen=True)
class CheckedImage:
    """An upload that passed every check. ``width`` and ``height`` are as seen, in pixels."""

    content: IO[bytes]
    preview: bytes
    extension: str
    width: int
    height: int
    sha256: str


def check_uploads(uploads: Sequence[IO[bytes]]) -> list[CheckedImage]:
    """Check 10–100 training images. Raises an UploadRejected that names every bad one."""
    if len(uploads) < MIN_IMAGES:
        raise InsufficientImages(
            f"A style needs at least {MIN_IMAGES} images; {len(uploads)} were sent."
        )
    if len(uploads) > MAX_IMAGES:
        raise TooManyImages(f"A style takes at most {MAX_IMAGES} images; {len(uploads)} were sent.")
    checked: list[CheckedImage] = []
    first_index: dict[str, int] = {}
    rejections: list[tuple[int, UploadRejected]] = []
    for index, upload in enumerate(uploads):
        try:
            image = check_image(upload)
        except UploadRejected as rejection:
            rejections.append((index, rejection))
            continue
        earlier = first_index.setdefault(image.sha256, index)
        if earlier != index:
            same = DuplicateImage(f"This is the same image as number {earlier}.")
            rejections.append((index, same))
            continue
        checked.append(image)
    if rejections:
        raise _all_of(rejections)
    return checked


def check_image(upload: IO[bytes]) -> CheckedImage:
    """Check one JPEG or PNG and make its preview. Raises an UploadRejected."""
    size = upload.seek(0, io.SEEK_END)
    if size > MAX_BYTES:
        raise ImageTooLarge(f"The file is larger than {MAX_BYTES // 1024 // 1024} MB.")
    sha256 = _digest(upload)
    with _open(upload, ("JPEG", "PNG")) as image:
        if min(image.size) < MIN_SIDE:
            raise ImageTooSmall(
                f"The image is {image.width} × {image.height} pixels; "
                f"each side needs at least {MIN_SIDE}."
            )
        extension = EXTENSIONS[str(image.format)]
        width, height = image.size
        preview = _encode(_decode(image, PREVIEW_SIDE), "WEBP", quality=82, method=2)
        # Read only now: a PNG may keep its orientation behind the pixels.
        if image.getexif().get(ORIENTATION, 1) >= 5:  # lies on its side
            width, height = height, width
    return CheckedImage(upload, preview, extension, width, height, sha256)


def check_signature(upload: IO[bytes]) -> bytes:
    """Check an artist's signature (PNG with alpha, ≤ 1 MB) and return it as a clean PNG."""
    size = upload.seek(0, io.SEEK_END)
    if size > MAX_SIGNATURE_BYTES:
        raise _field_error("signature_image", "The file is larger than 1 MB.")
    try:
        with _open(upload, ("PNG",)) as image:
            if "A" not in image.getbands() and "transparency" not in image.info:
                raise _field_error(
                    "signature_image", "The signature must have a transparent background."
                )
            image.load()
            signature = image.convert("RGBA")
    except (UploadRejected, *DAMAGED) as error:
        raise _field_error("signature_image", "This is not a PNG that can be read.") from error
    if signature.getchannel("A").getbbox() is None:
        raise _field_error("signature_image", "The signature is empty: all of it is transparent.")
    signature.thumbnail((1200, 1200))
    return _encode(signature, "PNG")


def check_profile_image(upload: IO[bytes]) -> bytes:
    """Check a profile picture and return it as a square WebP without metadata."""
    size = upload.seek(0, io.SEEK_END)
    if size > MAX_PROFILE_BYTES:
        raise _field_error("profile_image", "The file is larger than 2 MB.")
    try:
        with _open(upload, ("JPEG", "PNG")) as image:
            square = ImageOps.fit(_decode(image, PROFILE_SIDE * 4), (PROFILE_SIDE, PROFILE_SIDE))
    except UploadRejected as error:
        raise _field_error("profile_image", error.message) from error
    return _encode(square, "WEBP", quality=85)


def _open(upload: IO[bytes], formats: tuple[str, ...]) -> Image.Image:
    """Open by content and judge by the header alone, before any pixel is decoded."""
    upload.seek(0)
    names = " or ".join("JPG" if name == "JPEG" else name for name in formats)
    try:
        with warnings.catch_warnings():
            # Our own limit on pixels follows; Pillow's warning about large ones adds nothing.
            warnings.simplefilter("ignore", Image.DecompressionBombWarning)
            image = Image.open(upload, formats=formats)
    except Image.DecompressionBombError as error:
        raise ImageTooLarge(_TOO_MANY_PIXELS) from error
    except (UnidentifiedImageError, *DAMAGED) as error:
        raise InvalidImageFormat(f"The file is not a {names} image.") from error
    if image.width * image.height > MAX_PIXELS:
        raise ImageTooLarge(_TOO_MANY_PIXELS)
    if getattr(image, "n_frames", 1) > 1 and image.format == "PNG":
        raise InvalidImageFormat("Animated images cannot be used.")
    return image


def _decode(image: Image.Image, side: int) -> Image.Image:
    """Decode all of ``image`` into an upright RGB picture of at most ``side`` pixels a side."""
    try:
        # A JPEG decoder can scale by 1/2, 1/4, 1/8 as it goes: far less memory and time.
        image.draft("RGB", (side, side))
        image.load()
        orientation = image.getexif()
        small = image if image.mode != "P" else image.convert("RGBA")
        if small.mode.startswith("I;16") or small.mode == "I":
            small = small.point(lambda value: value / 256).convert("L")
        small.thumbnail((side, side), Image.Resampling.LANCZOS, reducing_gap=2.0)
        upright = Image.new(small.mode, small.size)
        upright.paste(small)
        if ORIENTATION in orientation:
            upright.getexif()[ORIENTATION] = orientation[ORIENTATION]
            upright = ImageOps.exif_transpose(upright)
    except DAMAGED as error:
        raise InvalidImageFormat("The file is damaged: it cannot be decoded to its end.") from error
    if upright.mode in {"RGBA", "LA", "PA"}:
        paper = Image.new("RGBA", upright.size, "white")
        paper.alpha_composite(upright.convert("RGBA"))
        upright = paper
    return upright.convert("RGB")


def _encode(image: Image.Image, kind: str, **options: Any) -> bytes:
    buffer = io.BytesIO()
    image.info = {}
    image.save(buffer, kind, **options)
    return buffer.getvalue()


def _digest(upload: IO[bytes]) -> str:
    upload.seek(0)
    digest = hashlib.sha256()
    while block := upload.read(1 << 18):
        digest.update(block)
    return digest.hexdigest()


def _all_of(rejections: list[tuple[int, UploadRejected]]) -> UploadRejected:
    """One error for all bad images, of the kind of the first."""
    first = rejections[0][1]
    count = len(rejections)
    return type(first)(
        f"{count} of the images cannot be used; see details."
        if count > 1
        else f"Image {rejections[0][0]}: {first.message}",
        details={
            "images": [
                {"index": index, "code": rejection.code, "message": rejection.message}
                for index, rejection in rejections
            ]
        },
    )


def _field_error(name: str, message: str) -> DomainError:
    return InvalidInput.field(name, message)


_TOO_MANY_PIXELS = f"The image has more than {MAX_PIXELS // 1_000_000} million pixels."
