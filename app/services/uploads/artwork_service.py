"""The works of a style: stored as they are checked, and made its artworks when all are good."""

from __future__ import annotations

import uuid
from collections.abc import Sequence
from dataclasses import dataclass
from io import BytesIO
from typing import IO

from app.models import Artwork, Style
from app.services import storage, tag_service
from app.services.uploads import checkers, image_service, upload_service
from app.services.uploads.image_service import CheckedImage
from protocol.previews import REPORTED, family, preview_name, reported_name, widths_of


@dataclass(frozen=True)
class StoredArtwork:
    """A checked image whose original and previews lie in the storage."""

    image_path: str
    preview_path: str
    width: int
    height: int
    sha256: str
    tags: tuple[str, ...]

    @classmethod
    def of(
        cls, image: CheckedImage, tags: Sequence[str], *, image_path: str, preview_path: str
    ) -> StoredArtwork:
        return cls(
            *(image_path, preview_path, image.width, image.height, image.sha256, tuple(tags))
        )


def files_of(work: StoredArtwork | Artwork) -> list[str]:
    """The keys of everything that was stored of it."""
    beside = [key for key, _ in family(work.preview_path)]
    return [work.image_path, *(beside or [work.preview_path])]


def original_key(folder: str, index: int, extension: str) -> str:
    return f"{folder}/originals/{index:03}.{extension}"


def preview_keys(folder: str, index: int) -> list[str]:
    """All that a work may have: no place of the site shows works wider than the last of these."""
    return [preview_name(_stem(folder, index), width) for width in widths_of(REPORTED)]


def store_previews(folder: str, index: int, image: CheckedImage) -> str:
    """Returns the storage key of the one to keep. Raises ServiceUnavailable."""
    stem = _stem(folder, index)
    for width, content in image.previews.items():
        storage.save(preview_name(stem, width), BytesIO(content))
    return reported_name(stem, image.width)


def _stem(folder: str, index: int) -> str:
    return f"{folder}/previews/{index:03}"


def check_and_store(
    images: Sequence[IO[bytes]], work_tags: Sequence[Sequence[str]], *, user_id: int
) -> list[StoredArtwork]:
    """Store good images; nothing stays of those that are refused, nor where this process ends
    before a style has them. Raises UploadRejected or ServiceUnavailable."""
    checked = image_service.check_uploads(images)
    folder = f"styles/{uuid.uuid4()}"
    stored: list[StoredArtwork] = []
    written: list[str] = []
    for index, image in enumerate(checked):
        written += [original_key(folder, index, image.extension), *preview_keys(folder, index)]
    upload_service.note(user_id=user_id, keys=written, seconds=upload_service.PLACE_SECONDS)
    try:
        for index, (image, tags_of_work) in enumerate(zip(checked, work_tags, strict=True)):
            original = original_key(folder, index, image.extension)
            storage.save(original, image.content)
            preview = store_previews(folder, index, image)
            work = StoredArtwork.of(image, tags_of_work, image_path=original, preview_path=preview)
            stored.append(work)
    except BaseException:
        upload_service.forget(written)
        raise
    return stored


def begin_training(style: Style, works: Sequence[StoredArtwork]) -> None:
    """Give ``style``, which has none, its artworks. It is trained once they were looked at.

    In the caller's transaction.
    """
    artworks = Artwork.objects.bulk_create(
        Artwork(
            style=style,
            position=position,
            image_path=work.image_path,
            preview_path=work.preview_path,
            width=work.width,
            height=work.height,
            sha256=work.sha256,
        )
        for position, work in enumerate(works)
    )
    for folder in {work.image_path.partition("/originals/")[0] for work in works}:
        upload_service.keep_under(folder)
    tag_service.tag_artworks(artworks, [work.tags for work in works])
    checkers.look_for_copies(style)
