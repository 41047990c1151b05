"""Pictures: ordered and paid, made by a worker, delivered or refunded."""

from __future__ import annotations

import math
import secrets
import uuid
from collections.abc import Sequence
from dataclasses import dataclass
from decimal import Decimal
from typing import Any

from django.conf import settings
from django.db import transaction

from app.delivery import outbox
from app.exceptions import InvalidInput, InvalidTransition, NotAllowed, NotFound, StyleNotReady
from app.models import (
    AspectRatio,
    Generation,
    GenerationStatus,
    Transaction,
    TransactionType,
    User,
)
from app.models.generation import MAX_SEED
from app.models.hot_writes import (
    COMPLETED_GENERATION,
    GENERATION_PROGRESS,
    LOCKED_GENERATION,
    NEW_GENERATION,
    STYLE_TO_BUY,
    STYLE_USE,
)
from app.models.ownership import MayChange, is_owner
from app.services import notification_service, storage, tag_service
from app.services.jobs import job_service
from app.services.token_service import TokenService, lock_users
from app.utils import clock
from app.utils.request_id import current_request_id
from protocol import GENERATION_QUEUE, GenerationData, GenerationReport, GenerationTask
from speed.writes import in_one_statement

MAX_PLACEHOLDER = 1000


@dataclass(frozen=True)
class Format:
    """What an aspect ratio means: pixels, and the factor on the artist's price."""

    width: int
    height: int
    price_factor: Decimal


FORMATS = {
    AspectRatio.SQUARE: Format(512, 512, Decimal("1.0")),
    AspectRatio.LARGE: Format(1024, 1024, Decimal("1.5")),
    AspectRatio.TALL: Format(512, 1024, Decimal("1.2")),
}

ALLOWED_MOVES = {
    GenerationStatus.QUEUED: {
        GenerationStatus.PROCESSING,
        # The report that work began is not kept when the network loses it.
        GenerationStatus.COMPLETED,
        GenerationStatus.FAILED,
        GenerationStatus.CANCELED,
    },
    GenerationStatus.PROCESSING: {
        GenerationStatus.QUEUED,
        GenerationStatus.COMPLETED,
        GenerationStatus.FAILED,
    },
    GenerationStatus.COMPLETED: set(),
    GenerationStatus.FAILED: set(),
    GenerationStatus.CANCELED: set(),
}


def cost_of(price: int, aspect_ratio: str) -> int:
    """Tokens for one picture: the artist's price times the format's factor, rounded up."""
    return math.ceil(price * FORMATS[AspectRatio(aspect_ratio)].price_factor)


def artist_share(cost: int) -> int:
    """Tokens the artist is paid of ``cost``; the platform's fee is rounded in their favour."""
    return cost - cost * settings.PLATFORM_FEE_PERCENT // 100


@transaction.atomic(savepoint=False)
def request_generation(
    *,
    user: User,
    style_id: int,
    prompt_tags: Sequence[str],
    aspect_ratio: str,
    seed: int | None = None,
) -> Generation:
    """Charge the buyer, and put the picture on the outbox: both or neither.

    The returned generation's ``user`` carries the balance that is left. Raises NotFound,
    StyleNotReady or InsufficientTokensError.
    """
    viewer = {"viewer_id": user.pk} if user.is_artist else {}
    styles = STYLE_TO_BUY.instances(user.is_artist, {"style_id": style_id, **viewer})
    if not styles:
        raise NotFound("There is no such style.")
    style = styles[0]
    if not style.is_ready:
        raise StyleNotReady
    buyer = lock_users(user.pk)[user.pk]
    cost = cost_of(style.price, aspect_ratio)
    size = FORMATS[AspectRatio(aspect_ratio)]
    generation = Generation(
        pk=style.next_generation_id,
        user=buyer,
        style=style,
        prompt_tags=list(prompt_tags),
        aspect_ratio=aspect_ratio,
        width=size.width,
        height=size.height,
        seed=secrets.randbelow(MAX_SEED + 1) if seed is None else seed,
        cost=cost,
        request_id=current_request_id(),
        created_at=clock.now(),
    )
    with in_one_statement():
        # Who cannot pay is refused here, before anything is written.
        TokenService.consume_tokens(
            user.pk, cost, "generation", locked=buyer, generation=generation
        )
        NEW_GENERATION.save(generation)
        tag_service.tag_generation(generation)
        _enqueue(generation)
    return generation


@transaction.atomic(savepoint=False)
def cancel(*, user: User, generation_id: int, may_change: MayChange = is_owner) -> Generation:
    """Cancel while nobody has begun, and refund. Raises NotFound, NotAllowed, InvalidTransition.

    Canceling twice is no error and refunds once.
    """
    generation = _lock_own(user, generation_id, may_change)
    if generation.status == GenerationStatus.CANCELED:
        return generation
    if generation.status != GenerationStatus.QUEUED:
        raise InvalidTransition(
            f"Only a queued picture can be canceled; this one is {generation.status}."
        )
    _move(generation, GenerationStatus.CANCELED)
    generation.finished_at = clock.now()
    generation.lease_expires_at = None
    generation.save()
    _refund(generation, "generation_canceled")
    return generation


@transaction.atomic
def update_generation(
    *,
    user: User,
    generation_id: int,
    visibility: str | None = None,
    description: str | None = None,
    may_change: MayChange = is_owner,
) -> Generation:
    """Show or hide a picture, describe it. Raises NotFound, NotAllowed, InvalidTransition."""
    generation = _lock_own(user, generation_id, may_change)
    if visibility is not None and visibility != generation.visibility:
        if generation.status != GenerationStatus.COMPLETED:
            raise InvalidTransition("Only a completed picture can be shown to others.")
        generation.visibility = visibility
    if description is not None:
        generation.description = description
    generation.save(update_fields=["visibility", "description"])
    return generation


def record_report(generation_id: int, report: GenerationReport) -> Generation:
    """Take in what a worker reports about a picture. The same report twice changes nothing.

    Raises NotFound, StaleAttempt, InvalidTransition, InvalidInput.
    """
    image = None
    if report.status == "completed":
        try:
            image = _reported_image(report)
        except InvalidInput:
            # Wrong files of an attempt that is over are no mistake of the worker's.
            with transaction.atomic():
                _lock_current(generation_id, report)
            raise
    with transaction.atomic():
        generation = _lock_current(generation_id, report, with_balance=image is not None)
        if report.status == "processing":
            _record_progress(generation, report)
        elif image is not None:
            _complete(generation, image)
        else:
            _fail(generation, report.failure_reason or "", retryable=report.retryable)
    return generation


@transaction.atomic
def give_up_attempt(generation_id: int, reason: str) -> bool:
    """End an attempt whose lease ran out: try again, or fail and refund after the last one."""
    generation = _lock(generation_id)
    if not job_service.is_lost(generation):
        return False
    _fail(generation, reason, retryable=True)
    return True


@transaction.atomic
def end_attempt(task_id: uuid.UUID, attempt: int, reason: str, *, retryable: bool = True) -> bool:
    """End an attempt that no worker can finish; for good unless ``retryable``.

    Returns False when it has ended already.
    """
    generation_id = Generation.objects.filter(task_id=task_id).values_list("pk", flat=True).first()
    if generation_id is None:
        return False
    generation = _lock(generation_id)
    is_current = job_service.is_current_attempt(generation, task_id=task_id, attempt=attempt)
    if not (is_current and generation.is_under_way):
        return False
    _fail(generation, reason, retryable=retryable)
    return True


def mark_accepted(task_id: uuid.UUID, attempt: int) -> None:
    """The queue has taken the task: it may wait there for a long while, but not for ever."""
    Generation.objects.filter(
        task_id=task_id, attempt=attempt, status=GenerationStatus.QUEUED
    ).update(lease_expires_at=clock.seconds_from_now(settings.QUEUE_LEASE_SECONDS))


@dataclass(frozen=True)
class _ReportedImage:
    image_path: str
    preview_path: str
    placeholder: str
    metadata: dict[str, Any]


def _reported_image(report: GenerationReport) -> _ReportedImage:
    """What the worker says it made. Its files are looked for before any row is locked, where the
    attempt that it reports of may write; that this is the one under way is seen under the lock.
    """
    folder = job_service.output_folder("generations", report)
    metadata = dict(report.metadata or {})
    preview = metadata.pop("preview_path", None)
    placeholder = metadata.pop("placeholder", "")
    return _ReportedImage(
        image_path=job_service.reported_key(report.image_path or "", folder, field="image_path"),
        preview_path=job_service.reported_key(str(preview), folder, field="metadata.preview_path")
        if preview
        else "",
        placeholder=placeholder if _is_placeholder(placeholder) else "",
        metadata=metadata,
    )


def _is_placeholder(value: object) -> bool:
    return (
        isinstance(value, str)
        and value.startswith(("data:image/webp;base64,", "data:image/png;base64,"))
        and len(value) <= MAX_PLACEHOLDER
    )


def _move(generation: Generation, to: GenerationStatus) -> None:
    if to not in ALLOWED_MOVES[GenerationStatus(generation.status)]:
        raise InvalidTransition(f"A picture that is {generation.status} cannot become {to.value}.")
    generation.status = to


def _record_progress(generation: Generation, report: GenerationReport) -> None:
    if generation.status != GenerationStatus.PROCESSING:
        _move(generation, GenerationStatus.PROCESSING)
        generation.started_at = clock.now()
    generation.progress = job_service.as_progress(report.progress) or generation.progress
    job_service.renew_lease(generation)
    GENERATION_PROGRESS.save(generation)


def _complete(generation: Generation, image: _ReportedImage) -> None:
    """Deliver and pay. The artist's balance is locked with the picture."""
    if (
        generation.status == GenerationStatus.COMPLETED
        and generation.image_path == image.image_path
    ):
        return
    _move(generation, GenerationStatus.COMPLETED)
    generation.image_path = image.image_path
    generation.preview_path = image.preview_path
    generation.placeholder = image.placeholder
    generation.metadata = image.metadata
    generation.progress = None
    generation.lease_expires_at = None
    generation.finished_at = clock.now()
    share = artist_share(generation.cost)
    with in_one_statement():
        COMPLETED_GENERATION.save(generation)
        if share > 0:
            artist = generation.style.artist.user
            TokenService.add_tokens(
                artist.pk, share, "generation", locked=artist, generation=generation
            )
        STYLE_USE.run(pk=generation.style_id)
        notification_service.tell_generation_complete(generation)


def _fail(generation: Generation, reason: str, *, retryable: bool) -> None:
    if generation.status == GenerationStatus.FAILED:
        return
    if generation.status == GenerationStatus.CANCELED:
        raise InvalidTransition("The picture was canceled.")
    if retryable and job_service.may_retry(generation):
        if generation.status != GenerationStatus.QUEUED:
            _move(generation, GenerationStatus.QUEUED)
        delay = job_service.start_next_attempt(generation)
        generation.save()
        _enqueue(generation, delay=delay)
        return
    _move(generation, GenerationStatus.FAILED)
    generation.failure_reason = reason
    generation.progress = None
    generation.lease_expires_at = None
    generation.finished_at = clock.now()
    generation.save()
    _refund(generation, "generation_failed")
    notification_service.tell_generation_failed(generation)


def _refund(generation: Generation, reason: str) -> None:
    """Give back what was charged, as the ledger has it."""
    charge = Transaction.objects.get(generation=generation, type=TransactionType.CONSUME)
    TokenService.refund_tokens(generation.user_id, charge.amount, reason, generation=generation)


def _enqueue(generation: Generation, *, delay: float = 0) -> None:
    style = generation.style
    artist = style.artist
    task = GenerationTask(
        task_id=generation.task_id,
        attempt=generation.attempt,
        request_id=generation.request_id,
        data=GenerationData(
            generation_id=generation.pk,
            style_id=style.pk,
            lora_path=style.model_path,
            prompt=", ".join(generation.prompt_tags),
            aspect_ratio=generation.aspect_ratio,
            width=generation.width,
            height=generation.height,
            seed=generation.seed,
            signature_path=storage.uri(artist.signature_image) if artist.signature_image else None,
            output_path=storage.uri(job_service.output_folder("generations", generation)),
            artist_name=artist.artist_name,
            style_name=style.name,
            license_url=f"{settings.SITE_URL}/styles/{style.pk}",
        ),
        webhook_url=outbox.webhook_url(f"/api/images/{generation.pk}/status"),
    )
    outbox.enqueue(
        GENERATION_QUEUE, task, available_at=clock.seconds_from_now(delay) if delay else None
    )


def _lock(generation_id: int, *, with_balance: bool = False) -> Generation:
    """Lock a picture's row; balances are locked after it, never before. That of the artist may be
    locked by the same statement."""
    locked = LOCKED_GENERATION.instances(with_balance, {"generation_id": generation_id})
    if not locked:
        raise NotFound("There is no such picture.")
    generation: Generation = locked[0]
    return generation


def _lock_current(
    generation_id: int, report: GenerationReport, *, with_balance: bool = False
) -> Generation:
    """Lock the picture that ``report`` is of. Raises NotFound, StaleAttempt, InvalidInput."""
    generation = _lock(generation_id, with_balance=with_balance)
    job_service.require_current(generation, task_id=report.task_id, attempt=report.attempt)
    return generation


def _lock_own(user: User, generation_id: int, may_change: MayChange) -> Generation:
    generation = _lock(generation_id)
    if may_change(user, generation):
        return generation
    if generation.is_public:
        raise NotAllowed("Only the owner of a picture can change it.")
    raise NotFound("There is no such picture.")
