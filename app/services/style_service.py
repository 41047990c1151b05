"""Styles: uploaded, trained, offered, withdrawn."""

from __future__ import annotations

import contextlib
import uuid
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from io import BytesIO
from typing import IO

from django.conf import settings
from django.db import IntegrityError, transaction

from app.exceptions import (
    ArtistOnly,
    DuplicateStyleName,
    InvalidTransition,
    NotAllowed,
    NotFound,
)
from app.models import Artist, Artwork, Style, TrainingStatus, User
from app.services import (
    image_service,
    job_service,
    notification_service,
    outbox_service,
    storage,
    tag_service,
    upload_service,
)
from app.utils import caches, clock
from app.utils.request_id import current_request_id
from protocol import TRAINING_QUEUE, TrainingData, TrainingReport, TrainingTask

ALLOWED_MOVES = {
    TrainingStatus.PENDING: {
        TrainingStatus.TRAINING,
        TrainingStatus.COMPLETED,
        TrainingStatus.FAILED,
    },
    TrainingStatus.TRAINING: {
        TrainingStatus.PENDING,
        TrainingStatus.COMPLETED,
        TrainingStatus.FAILED,
    },
    TrainingStatus.FAILED: {TrainingStatus.PENDING},
    TrainingStatus.COMPLETED: set(),
}


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
    _enqueue_training(
        style,
        image_paths=[work.image_path for work in upload.artworks],
        image_tags=[list(work.tags) for work in upload.artworks],
    )
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
) -> Style:
    """Change what is given. A new price holds for pictures ordered from now on.

    Raises NotFound unless the style is the user's own, and DuplicateStyleName when a deleted style
    comes back while another bears its name.
    """
    names = None if tags is None else tag_service.parse(tags, field="tags")
    style = _lock_own_style(user, style_id)
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
def delete_style(*, user: User, style_id: int) -> None:
    """Withdraw a style: nobody can order from it, what was made with it stays."""
    _withdraw([_lock_own_style(user, style_id)])


@transaction.atomic(savepoint=False)
def withdraw_all(artist_id: int) -> None:
    """Withdraw every style of an artist who leaves."""
    active = Style.objects.select_for_update(no_key=True).filter(
        artist_id=artist_id, is_active=True
    )
    _withdraw(active.order_by("pk"))


@transaction.atomic
def retrain(*, user: User, style_id: int) -> Style:
    """Train again after a failure, as a new task. Raises NotFound, InvalidTransition."""
    style = _lock_own_style(user, style_id)
    if style.training_status != TrainingStatus.FAILED:
        raise InvalidTransition("Only a style whose training failed can be trained again.")
    style.training_status = TrainingStatus.PENDING
    style.task_id = uuid.uuid4()
    style.attempt = 1
    style.progress = None
    style.failure_reason = ""
    style.lease_expires_at = None
    style.request_id = current_request_id()
    style.save()
    _enqueue_training(style)
    return style


def record_report(style_id: int, report: TrainingReport) -> Style:
    """Take in what a worker reports about a training. The same report twice changes nothing.

    Raises NotFound, StaleAttempt, InvalidTransition, InvalidInput.
    """
    model_path = ""
    if report.training_status == "completed":
        style = Style.objects.filter(pk=style_id).first()
        if style is None:
            raise NotFound("There is no such style.")
        job_service.require_current(style, task_id=report.task_id, attempt=report.attempt)
        folder = job_service.output_folder("models", style)
        key = job_service.reported_key(report.model_path or "", folder, field="model_path")
        model_path = storage.uri(key)
    with transaction.atomic():
        style = _lock(style_id)
        job_service.require_current(style, task_id=report.task_id, attempt=report.attempt)
        if report.training_status == "training":
            _record_progress(style, report)
        elif report.training_status == "completed":
            _complete(style, model_path, report)
        else:
            _fail(style, report.failure_reason or "", retryable=report.retryable)
    return style


@transaction.atomic
def give_up_attempt(style_id: int, reason: str) -> bool:
    """End an attempt whose lease ran out: try again, or fail after the last one."""
    style = _lock(style_id)
    if style.lease_expires_at is None or style.lease_expires_at > clock.now():
        return False  # a report came in, or another relay was faster
    _fail(style, reason, retryable=True)
    return True


@transaction.atomic
def end_attempt(task_id: uuid.UUID, attempt: int, reason: str, *, retryable: bool = True) -> bool:
    """End an attempt that no worker can finish; for good unless ``retryable``.

    Returns False when it has ended already.
    """
    style_id = Style.objects.filter(task_id=task_id).values_list("pk", flat=True).first()
    if style_id is None:
        return False
    style = _lock(style_id)
    is_current = style.task_id == task_id and style.attempt == attempt
    if not (is_current and style.is_under_way):
        return False
    _fail(style, reason, retryable=retryable)
    return True


def mark_accepted(task_id: uuid.UUID, attempt: int) -> None:
    """The queue has taken the training task: from now on it is in training."""
    Style.objects.filter(
        task_id=task_id, attempt=attempt, training_status=TrainingStatus.PENDING
    ).update(
        training_status=TrainingStatus.TRAINING,
        lease_expires_at=clock.seconds_from_now(settings.QUEUE_LEASE_SECONDS),
    )


def artist_of(user: User) -> Artist:
    """Raises ArtistOnly."""
    artist = Artist.objects.filter(pk=user.pk).first() if user.is_artist else None
    if artist is None:
        raise ArtistOnly
    return artist


def _move(style: Style, to: TrainingStatus) -> None:
    if to not in ALLOWED_MOVES[TrainingStatus(style.training_status)]:
        raise InvalidTransition(
            f"A style that is {style.training_status} cannot become {to.value}."
        )
    style.training_status = to


def _record_progress(style: Style, report: TrainingReport) -> None:
    if style.training_status != TrainingStatus.TRAINING:
        _move(style, TrainingStatus.TRAINING)
    style.progress = job_service.as_progress(report.progress) or style.progress
    job_service.renew_lease(style)
    style.save()


def _complete(style: Style, model_path: str, report: TrainingReport) -> None:
    if style.training_status == TrainingStatus.COMPLETED and style.model_path == model_path:
        return
    _move(style, TrainingStatus.COMPLETED)
    style.model_path = model_path
    style.training_metric = report.training_metric
    style.progress = None
    style.lease_expires_at = None
    style.trained_at = clock.now()
    style.save()
    caches.forget(caches.POPULAR_STYLES)
    tag_service.move_counts([], tag_service.counted_in(style))
    notification_service.tell_training_complete(style)


def _fail(style: Style, reason: str, *, retryable: bool) -> None:
    if style.training_status == TrainingStatus.FAILED:
        return
    if retryable and job_service.may_retry(style):
        if style.training_status != TrainingStatus.PENDING:
            _move(style, TrainingStatus.PENDING)
        delay = job_service.start_next_attempt(style)
        style.save()
        _enqueue_training(style, delay=delay)
        return
    _move(style, TrainingStatus.FAILED)
    style.failure_reason = reason
    style.progress = None
    style.lease_expires_at = None
    style.save()
    notification_service.tell_training_failed(style)


def _enqueue_training(
    style: Style,
    *,
    delay: float = 0,
    image_paths: list[str] | None = None,
    image_tags: list[list[str]] | None = None,
) -> None:
    if image_paths is None or image_tags is None:
        artworks = list(style.artworks.order_by("position").prefetch_related("artwork_tags__tag"))
        image_paths = [artwork.image_path for artwork in artworks]
        image_tags = [
            [link.tag.name for link in artwork.artwork_tags.all()] for artwork in artworks
        ]
    task = TrainingTask(
        task_id=style.task_id,
        attempt=style.attempt,
        request_id=style.request_id,
        data=TrainingData(
            style_id=style.pk,
            name=style.name,
            image_paths=[storage.uri(path) for path in image_paths],
            image_tags=image_tags,
            num_epochs=settings.TRAINING_EPOCHS,
            output_path=storage.uri(job_service.output_folder("models", style)),
        ),
        webhook_url=outbox_service.webhook_url(f"/api/models/{style.pk}/status"),
    )
    outbox_service.enqueue(
        TRAINING_QUEUE, task, available_at=clock.seconds_from_now(delay) if delay else None
    )


def _lock(style_id: int) -> Style:
    style = Style.objects.select_for_update(no_key=True).filter(pk=style_id).first()
    if style is None:
        raise NotFound("There is no such style.")
    return style


def _lock_own_style(user: User, style_id: int) -> Style:
    style = _lock(style_id)
    if style.artist_id == user.pk:
        return style
    if style.is_ready:
        raise NotAllowed("Only the artist of a style can change it.")
    raise NotFound("There is no such style.")


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
