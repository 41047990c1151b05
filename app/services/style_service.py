"""Styles: uploaded, changed, withdrawn, brought back."""

from __future__ import annotations

import contextlib
import uuid
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from io import BytesIO
from typing import IO

from django.db import IntegrityError, transaction

from app.exceptions import (
    ArtistOnly,
    DuplicateStyleName,
)
from app.models import Artist, Artwork, Style, User
from app.models.ownership import MayChange, is_owner
from app.services import storage, tag_service, training_service
from app.services.training_service import TRAININGS
from app.services.uploads import image_service, upload_service
from app.utils import caches
from app.utils.request_id import current_request_id


@dataclass(frozen=True)
class StoredArtwork:
    """A checked image whose original and preview lie in the storage."""

    image_path: str
    preview_path: str
    width: int
    height: int
    sha256: str
    tags: tuple[str, ...]


@dataclass(frozen=True)
class StyleUpload:
    """Everything for a new style, checked and stored; only the rows are missing."""

    artist: Artist
    name: str
    description: str
    price: int
    tags: tuple[str, ...]
    artworks: tuple[StoredArtwork, ...]
    # The uploads that the artworks came from, when they did not come with the request.
    image_keys: tuple[str, ...] = ()

    def discard(self) -> None:
        """Delete the files of an upload that did not become a style."""
        storage.delete(
            path for work in self.artworks for path in (work.image_path, work.preview_path)
        )


def prepare_upload(
    *,
    user: User,
    name: str,
    description: str,
    price: int,
    tags: Sequence[str],
    images: Sequence[IO[bytes]],
    image_tags: Sequence[Sequence[str]],
    image_keys: Sequence[str] = (),
) -> StyleUpload:
    """Check an upload whole, then store its files. Nothing stays behind when it is refused.

    With ``image_keys`` the files are those that were uploaded there, else ``images``;
    ``image_tags`` is parallel to either. Raises ArtistOnly, DuplicateStyleName, InvalidInput,
    UploadRejected or ServiceUnavailable.
    """
    artist = artist_of(user)
    style_tags = tag_service.parse(tags, field="tags")
    work_tags = [tag_service.parse(each, field="image_tags") for each in image_tags]
    if _has_style_named(artist, name):
        raise _duplicate_name(name)
    if image_keys:
        with upload_service.opened(user=user, keys=image_keys) as files:
            stored = _check_and_store(files, work_tags)
    else:
        stored = _check_and_store(images, work_tags)
    return StyleUpload(
        *(artist, name, description, price, tuple(style_tags), tuple(stored), tuple(image_keys))
    )


def _check_and_store(
    images: Sequence[IO[bytes]], work_tags: Sequence[Sequence[str]]
) -> list[StoredArtwork]:
    checked = image_service.check_uploads(images)
    folder = f"styles/{uuid.uuid4()}"
    stored: list[StoredArtwork] = []
    written: list[str] = []
    try:
        for index, (image, tags_of_work) in enumerate(zip(checked, work_tags, strict=True)):
            work = StoredArtwork(
                image_path=f"{folder}/originals/{index:03}.{image.extension}",
                preview_path=f"{folder}/previews/{index:03}.webp",
                width=image.width,
                height=image.height,
                sha256=image.sha256,
                tags=tuple(tags_of_work),
            )
            written += [work.image_path, work.preview_path]
            storage.save(work.image_path, image.content)
            storage.save(work.preview_path, BytesIO(image.preview))
            stored.append(work)
    except BaseException:
        storage.delete(written)
        raise
    return stored


@transaction.atomic(savepoint=False)
def create_style(upload: StyleUpload) -> Style:
    """Make the style of a prepared upload and put its training on the outbox."""
    with _name_conflicts(upload.name):
        style = Style.objects.create(
            artist=upload.artist,
            name=upload.name,
            description=upload.description,
            price=upload.price,
            thumbnail=upload.artworks[0].preview_path,
            request_id=current_request_id(),
        )
    artworks = Artwork.objects.bulk_create(
        Artwork(
            style=style,
            position=index,
            image_path=work.image_path,
            preview_path=work.preview_path,
            width=work.width,
            height=work.height,
            sha256=work.sha256,
        )
        for index, work in enumerate(upload.artworks)
    )
    upload_service.use(user_id=upload.artist.pk, keys=upload.image_keys)
    tag_service.tag_style(style, upload.tags)
    tag_service.tag_artworks(artworks, [work.tags for work in upload.artworks])
    TRAININGS.enqueue(style)
    return style


@transaction.atomic
def update_style(
    *,
    user: User,
    style_id: int,
    description: str | None = None,
    price: int | None = None,
    tags: Sequence[str] | None = None,
    is_active: bool | None = None,
    may_change: MayChange = is_owner,
) -> Style:
    """Change what is given. A new price holds for pictures ordered from now on.

    Raises NotAllowed or NotFound unless the user may change the style, and DuplicateStyleName when
    a deleted style comes back while another bears its name.
    """
    names = None if tags is None else tag_service.parse(tags, field="tags")
    style = training_service.lock_own_style(user, style_id, may_change)
    counted = tag_service.counted_in(style)
    if description is not None:
        style.description = description
    if price is not None:
        style.price = price
    if names is not None:
        tag_service.retag_style(style, names)
    if is_active is not None:
        style.is_active = is_active
    with _name_conflicts(style.name):
        style.save()
    tag_service.move_counts(counted, tag_service.counted_in(style))
    caches.forget(caches.POPULAR_STYLES)
    return style


@transaction.atomic
def delete_style(*, user: User, style_id: int, may_change: MayChange = is_owner) -> None:
    """Withdraw a style: nobody can order from it, what was made with it stays.

    Raises NotAllowed or NotFound unless the user may change the style.
    """
    _withdraw([training_service.lock_own_style(user, style_id, may_change)])


@transaction.atomic(savepoint=False)
def withdraw_all(artist_id: int) -> None:
    """Withdraw every style of an artist who leaves."""
    active = Style.objects.select_for_update(no_key=True).filter(
        artist_id=artist_id, is_active=True
    )
    _withdraw(active.order_by("pk"))


def artist_of(user: User) -> Artist:
    """Raises ArtistOnly."""
    artist = Artist.objects.filter(pk=user.pk).first() if user.is_artist else None
    if artist is None:
        raise ArtistOnly
    return artist


def _withdraw(styles: Iterable[Style]) -> None:
    withdrawn = [style for style in styles if style.is_active]
    counted = tag_service.counted_in(*withdrawn)
    for style in withdrawn:
        style.is_active = False
        style.save(update_fields=["is_active", "updated_at"])
    tag_service.move_counts(counted, [])
    if withdrawn:
        caches.forget(caches.POPULAR_STYLES)


def _has_style_named(artist: Artist, name: str) -> bool:
    return artist.styles.filter(is_active=True, name__iexact=name).exists()


def _duplicate_name(name: str) -> DuplicateStyleName:
    return DuplicateStyleName(f"You already have a style named “{name}”. Choose another name.")


@contextlib.contextmanager
def _name_conflicts(name: str) -> Iterator[None]:
    """Turn the database's last word on names into the domain's error."""
    try:
        with transaction.atomic():
            yield
    except IntegrityError as error:
        if "style_name_unique_per_artist" not in str(error):
            raise
        raise _duplicate_name(name) from error
