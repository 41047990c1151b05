"""Trainings: given to a worker, watched, tried again, ended."""

from __future__ import annotations

import uuid

from django.conf import settings
from django.db import transaction

from app.delivery import outbox
from app.exceptions import InvalidTransition, NotAllowed, NotFound
from app.models import Style, TrainingStatus, User
from app.models.ownership import MayChange, is_owner
from app.services import notification_service, storage, tag_service
from app.services.jobs import job_service
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


@transaction.atomic
def retrain(*, user: User, style_id: int, may_change: MayChange = is_owner) -> Style:
    """Train again after a failure, as a new task.

    Raises NotFound, NotAllowed, InvalidTransition.
    """
    style = lock_own_style(user, style_id, may_change)
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
    enqueue(style)
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
        style = lock_style(style_id)
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
    style = lock_style(style_id)
    if not job_service.is_lost(style):
        return False
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
    style = lock_style(style_id)
    is_current = job_service.is_current_attempt(style, task_id=task_id, attempt=attempt)
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
        enqueue(style, delay=delay)
        return
    _move(style, TrainingStatus.FAILED)
    style.failure_reason = reason
    style.progress = None
    style.lease_expires_at = None
    style.save()
    notification_service.tell_training_failed(style)


def enqueue(
    style: Style,
    *,
    delay: float = 0,
    image_paths: list[str] | None = None,
    image_tags: list[list[str]] | None = None,
) -> None:
    """Put the training of ``style`` on the outbox, ``delay`` seconds from now.

    In the caller's transaction. Who has just made the artworks passes their paths and tags along.
    """
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
        webhook_url=outbox.webhook_url(f"/api/models/{style.pk}/status"),
    )
    outbox.enqueue(
        TRAINING_QUEUE, task, available_at=clock.seconds_from_now(delay) if delay else None
    )


def lock_style(style_id: int) -> Style:
    style = Style.objects.select_for_update(no_key=True).filter(pk=style_id).first()
    if style is None:
        raise NotFound("There is no such style.")
    return style


def lock_own_style(user: User, style_id: int, may_change: MayChange = is_owner) -> Style:
    """Raises NotAllowed for another artist's style, NotFound for one the user cannot see."""
    style = lock_style(style_id)
    if may_change(user, style):
        return style
    if style.is_ready:
        raise NotAllowed("Only the artist of a style can change it.")
    raise NotFound("There is no such style.")
