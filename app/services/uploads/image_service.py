"""Uploaded images: judged, and turned into previews. What is in a file is read by ``pictures``."""

from __future__ import annotations

import hashlib
import io
from collections.abc import Sequence
from dataclasses import dataclass
from functools import partial
from typing import IO

from PIL import ImageOps

from app.exceptions import (
    DuplicateImage,
    ImageTooLarge,
    ImageTooNarrow,
    ImageTooSmall,
    InsufficientImages,
    InvalidImageFormat,
    InvalidInput,
    TooManyImages,
    UploadRejected,
)
from pictures import Bounds, PictureError, Reason, open_picture, preview
from pictures.ink import signature_ink
from protocol.previews import REPORTED, widths_of

MIN_IMAGES, MAX_IMAGES = 10, 100
MAX_BYTES = 10 * 1024 * 1024
MIN_SIDE = 256
# More pixels than any camera of today needs here; decoded, 40 million take 120–160 MB of memory.
MAX_PIXELS = 40_000_000
# The longer side, in shorter ones: a long scroll is taken, a line of pixels is not.
MAX_RATIO = 10
MAX_SIGNATURE_BYTES = 1024 * 1024
SIGNATURE_SIDE = 1200
MIN_SIGNATURE_SIDE, MAX_SIGNATURE_RATIO = 20, 20
MAX_PROFILE_BYTES = 2 * 1024 * 1024
PROFILE_SIDE = 256
EXTENSIONS = {"JPEG": "jpg", "PNG": "png"}
WORK = Bounds(max_bytes=MAX_BYTES, max_pixels=MAX_PIXELS, min_side=MIN_SIDE, max_ratio=MAX_RATIO)
PROFILE = Bounds(max_bytes=MAX_PROFILE_BYTES, max_pixels=MAX_PIXELS, max_ratio=MAX_RATIO)
SIGNATURE = Bounds(
    ("PNG",),
    max_bytes=MAX_SIGNATURE_BYTES,
    max_pixels=MAX_PIXELS,
    min_side=MIN_SIGNATURE_SIDE,
    max_ratio=MAX_SIGNATURE_RATIO,
)
SIGNATURE_SIZE = (
    f"Each side of a signature needs at least {MIN_SIGNATURE_SIDE} pixels, and one side may be at"
    f" most {MAX_SIGNATURE_RATIO} times as long as the other."
)
REJECTIONS: dict[Reason, type[UploadRejected]] = {
    Reason.FORMAT: InvalidImageFormat,
    Reason.DAMAGED: InvalidImageFormat,
    Reason.ANIMATED: InvalidImageFormat,
    Reason.TOO_LARGE: ImageTooLarge,
    Reason.TOO_SMALL: ImageTooSmall,
    Reason.TOO_LONG: ImageTooNarrow,
}


@dataclass(frozen=True)
class CheckedImage:
    """An upload that passed every check. ``width`` and ``height`` are as seen, in pixels, and the
    ``previews`` are by their widths."""

    content: IO[bytes]
    previews: dict[int, bytes]
    extension: str
    width: int
    height: int
    sha256: str


class Verdicts:
    """What becomes of the works of one upload, which are judged one after the other."""

    def __init__(self) -> None:
        self._first_index: dict[str, int] = {}
        self.rejections: list[tuple[int, UploadRejected]] = []

    def judge_size(self, index: int, size: int) -> bool:
        """Whether a file of ``size`` bytes need be looked into; else what is wrong is noted."""
        if size > MAX_BYTES:
            too_large = ImageTooLarge(f"The file is larger than {MAX_BYTES // 2**20} MB.")
            self.rejections.append((index, too_large))
        elif not size:
            self.rejections.append((index, InvalidImageFormat("The file is empty.")))
        return 0 < size <= MAX_BYTES

    def judge(self, index: int, upload: IO[bytes]) -> CheckedImage | None:
        """The work when it is good; else what is wrong is noted."""
        try:
            image = check_image(upload)
            earlier = self._first_index.setdefault(image.sha256, index)
            if earlier != index:
                raise DuplicateImage(f"This is the same image as number {earlier}.")
        except UploadRejected as rejection:
            self.rejections.append((index, rejection))
            return None
        return image

    def require_good(self) -> None:
        """Raise one UploadRejected that names every bad work, of the kind of the first."""
        if not self.rejections:
            return
        index, first = self.rejections[0]
        count = len(self.rejections)
        raise type(first)(
            f"{count} of the images cannot be used; see details."
            if count > 1
            else f"Image {index}: {first.message}",
            details={
                "images": [
                    {"index": index, "code": rejection.code, "message": rejection.message}
                    for index, rejection in self.rejections
                ]
            },
        )


def require_count(count: int) -> None:
    """Raise InsufficientImages or TooManyImages unless a style can have ``count`` works."""
    if count < MIN_IMAGES:
        raise InsufficientImages(f"A style needs at least {MIN_IMAGES} images; {count} were sent.")
    if count > MAX_IMAGES:
        raise TooManyImages(f"A style takes at most {MAX_IMAGES} images; {count} were sent.")


def check_uploads(uploads: Sequence[IO[bytes]]) -> list[CheckedImage]:
    """Check 10–100 training images. Raises an UploadRejected that names every bad one."""
    require_count(len(uploads))
    verdicts = Verdicts()
    checked = [verdicts.judge(index, upload) for index, upload in enumerate(uploads)]
    verdicts.require_good()
    return [image for image in checked if image is not None]


def check_image(upload: IO[bytes]) -> CheckedImage:
    """Check one JPEG or PNG and make its previews. Raises an UploadRejected."""
    try:
        picture = open_picture(upload, WORK, side=REPORTED, fit="cover")
    except PictureError as error:
        raise REJECTIONS[error.reason](str(error)) from error
    upload.seek(0)
    return CheckedImage(
        content=upload,
        previews={
            width: preview(picture.image, width, effort=2)
            for width in widths_of(min(picture.width, REPORTED))
        },
        extension=EXTENSIONS[picture.format],
        width=picture.width,
        height=picture.height,
        sha256=hashlib.file_digest(upload, "sha256").hexdigest(),  # type: ignore[arg-type]
    )


def check_signature(upload: IO[bytes]) -> bytes:
    """Check an artist's signature (PNG with alpha, ≤ 1 MB) and return it as a clean PNG.

    What is taken can be seen in a picture: a worker looks for the ink in the same way.
    """
    refusal = partial(InvalidInput.field, "signature_image")
    try:
        signature = open_picture(upload, SIGNATURE, side=SIGNATURE_SIDE, keep_alpha=True)
    except PictureError as error:
        is_size = error.reason in {Reason.TOO_SMALL, Reason.TOO_LONG}
        raise refusal(SIGNATURE_SIZE if is_size else str(error)) from error
    if not signature.has_alpha:
        raise refusal("The signature must have a transparent background.")
    if signature.image.getchannel("A").getbbox() is None:
        raise refusal("The signature is empty: all of it is transparent.")
    if signature_ink(signature.image) is None:
        raise refusal(
            "There is too little to see of this signature. Draw it larger, or in stronger ink."
        )
    file = io.BytesIO()
    signature.image.save(file, "PNG")
    return file.getvalue()


def check_profile_image(upload: IO[bytes]) -> bytes:
    """Check a profile picture and return it as a square WebP without metadata."""
    try:
        picture = open_picture(upload, PROFILE, side=PROFILE_SIDE, fit="cover")
    except PictureError as error:
        raise InvalidInput.field("profile_image", str(error)) from error
    return preview(ImageOps.fit(picture.image, (PROFILE_SIDE, PROFILE_SIDE)), PROFILE_SIDE)
