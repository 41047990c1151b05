"""The works of a style: stored as they are checked, and made its artworks when all are good."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from io import BytesIO

from app.models import Artwork, Style
from app.services import storage, tag_service
from app.services.training_service import TRAININGS
from app.services.uploads.image_service import CheckedImage


@dataclass(frozen=True)
class StoredArtwork:
    """A checked image whose original and preview lie in the storage."""

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


def original_key(folder: str, index: int, extension: str) -> str:
    return f"{folder}/originals/{index:03}.{extension}"


def preview_key(folder: str, index: int) -> str:
    return f"{folder}/previews/{index:03}.webp"


def store_preview(folder: str, index: int, image: CheckedImage) -> str:
    """Returns the storage key. Raises ServiceUnavailable."""
    key = preview_key(folder, index)
    storage.save(key, BytesIO(image.preview))
    return key


def begin_training(style: Style, works: Sequence[StoredArtwork]) -> None:
    """Give the new ``style`` its artworks and order its training, in the caller's transaction."""
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
    tag_service.tag_artworks(artworks, [work.tags for work in works])
    TRAININGS.enqueue(style)
