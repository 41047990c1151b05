"""Generations: ordered and paid, made by a worker, delivered or refunded."""

from __future__ import annotations

import secrets
from collections.abc import Collection, Iterable, Sequence
from dataclasses import dataclass
from datetime import datetime

import msgspec
from django.conf import settings
from django.db import transaction
from psycopg.types.json import Jsonb

from app.delivery import outbox, turns
from app.exceptions import (
    InsufficientTokensError,
    InvalidTransition,
    NotAllowed,
    NotFound,
    PriceChanged,
    QuotaExceeded,
    StyleNotReady,
    StyleOnHold,
    TermsChanged,
)
from app.models import (
    Generation,
    GenerationStatus,
    Order,
    Priority,
    Style,
    Transaction,
    TransactionType,
    User,
    Visibility,
    WebhookEvent,
    names,
)
from app.models.formats import stored
from app.models.generation import MAX_SEED, prompt_shown
from app.models.ownership import MayChange, is_owner
from app.models.rating import Rating
from app.models.terms import DEFAULT_TERMS
from app.models.writes import (
    COMPLETE_GENERATION,
    LOCKED_GENERATION,
    PLACE_ORDER,
    RECORD_PROGRESS,
    STYLE_TO_BUY,
    WORK_OF_BUYER,
    json_of,
    limits_of_work,
    write,
)
from app.services import (
    engines,
    notification_service,
    pots,
    pricing,
    signature_service,
    storage,
)
from app.services.checks import nudity, prompts
from app.services.jobs.attempts import JobKind, output_folder, reported_key
from app.services.licences import numbers
from app.services.token_service import TokenService, joined_transaction, lock_buyer, lock_open
from app.services.uploads import checkers
from app.services.webhooks import endpoints
from app.services.webhooks.events import tell_of_each, tell_of_generation
from app.utils import clock, prompt_text
from app.utils.request_id import current_request_id
from protocol import GENERATION_QUEUE, GenerationData, GenerationReport, GenerationTask, encode
from protocol.messages import queue_for
from protocol.previews import WIDTHS, preview_name
from provenance.bits import bands

MAX_PLACEHOLDER = 1000

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


def request_generation(
    *,
    user: User,
    style_id: int,
    prompt_tags: Sequence[str] = (),
    prompt: str = "",
    aspect_ratio: str,
    seed: int | None = None,
    priority: str = Priority.NORMAL,
    again: int | None = None,
    expected_cost: int | None = None,
    expected_terms: str | None = None,
    webhook_url: str | None = None,
) -> Generation:
    """Charge the buyer, and put the picture on the outbox: both or neither.

    It has tags or ``prompt``, a text, and the settings of the buyer's picture ``again``. Its
    ``user`` carries the balance that is left. Raises NotFound, StyleNotReady, StyleOnHold,
    WordsRefused, InsufficientTokensError, InvalidInput, PriceChanged, TermsChanged or
    QuotaExceeded: then nothing is written.
    """
    with joined_transaction():
        viewer = {"viewer_id": user.pk} if user.is_artist else {}
        styles = STYLE_TO_BUY.instances(user.is_artist, {"style_id": style_id, **viewer})
        if not styles:
            require_not_held(style_id)
            raise NotFound("There is no such style.")
        style = styles[0]
        if not style.is_ready:
            require_not_held(style_id)
            raise StyleNotReady
        cost = pricing.cost_of(style.price, aspect_ratio, priority)
        if expected_cost is not None and expected_cost != cost:
            raise PriceChanged(expected=expected_cost, cost=cost)
        if expected_terms is not None and expected_terms != style.terms_id:
            raise TermsChanged(expected=expected_terms, terms=style.terms_id)
        prompts.require_allowed([(prompt_shown(prompt, prompt_tags), style)])
        buyer = lock_buyer(user.pk)
        generation = draft(
            style.next_generation_id,
            buyer=buyer,
            style=style,
            prompt_tags=prompt_tags,
            prompt=prompt,
            aspect_ratio=aspect_ratio,
            seed=seed,
            priority=priority,
        )
        if again is not None:
            known = engines.drawn_before(buyer, [again])
            generation.settings = engines.settings_like(known.get(again), style)
        task = GENERATIONS.task_of(generation)
        if cost > buyer.token_balance:
            raise InsufficientTokensError(required=cost, available=buyer.token_balance)
        pots.pay_for(buyer, [generation])
        queue = queue_for(GENERATION_QUEUE, style.engine)
        lane = outbox.lane_of(queue, priority)
        placed = write(
            PLACE_ORDER,
            **vars(generation)
            | {"aspect_ratio": stored(aspect_ratio), "settings": json_of(generation.settings)},
            **limits_of_work(),
            words=generation.words,
            queue=queue,
            body=encode(task),
            lane=lane.name,
            head_start=lane.head_start,
            work=turns.share_of(turns.work_of(task), lane.weight),
        )
        if not placed:
            # It was withdrawn after it was read.
            require_not_held(style_id)
            raise StyleNotReady
        generation.is_held = placed[0][0]
        if generation.is_held:
            _require_may_wait(buyer)
        TokenService.consume_tokens(
            user.pk, cost, "generation", locked=buyer, generation=generation
        )
        if webhook_url is not None:
            endpoints.name_in_order(generation, webhook_url)
    return generation


def _require_may_wait(buyer: User) -> None:
    """Raises QuotaExceeded if more of the buyer's pictures wait than may, with one just written."""
    [(_, held, _)] = write(WORK_OF_BUYER, user_id=buyer.pk, **limits_of_work())
    if held > settings.MAX_WAITING:
        raise QuotaExceeded(limit=settings.MAX_WAITING, waiting=held - 1, room=0)


def require_not_held(*style_ids: int) -> None:
    """Raises StyleOnHold if one of them is: who could order from it is told that, not that it is
    gone. Asked of styles that cannot be ordered from."""
    if Style.objects.on_hold().filter(pk__in=style_ids).exists():
        raise StyleOnHold


def draft(
    number: int,
    *,
    buyer: User,
    style: Style,
    prompt_tags: Sequence[str] = (),
    prompt: str = "",
    aspect_ratio: str,
    seed: int | None,
    priority: str = Priority.NORMAL,
    settings: dict[str, object] | None = None,
) -> Generation:
    """An order of one picture at today's price, not written yet. Without a seed, one is drawn."""
    if prompt:
        engines.require_text(style.engine)
    size = pricing.format_of(style.engine, aspect_ratio)
    return Generation(
        pk=number,
        user=buyer,
        style=style,
        prompt_tags=prompt_text.pieces(prompt) if prompt else list(prompt_tags),
        prompt=prompt,
        aspect_ratio=aspect_ratio,
        width=size.width,
        height=size.height,
        seed=secrets.randbelow(MAX_SEED + 1) if seed is None else seed,
        cost=pricing.cost_of(style.price, aspect_ratio, priority),
        priority=priority,
        licence_number=numbers.draw(),
        terms_id=style.terms_id,
        request_id=current_request_id(),
        created_at=clock.now(),
        settings=settings,
        rating=_rating_unseen(),
    )


def _rating_unseen() -> Rating:
    """That of a picture that no check has looked at."""
    return Rating.GENERAL if settings.PICTURE_CHECK == nudity.OFF else Rating.UNRATED


@transaction.atomic
def cancel(*, user: User, generation_id: int, may_change: MayChange = is_owner) -> Generation:
    """Cancel while nobody has begun, and refund. Raises NotFound, NotAllowed, InvalidTransition.

    Canceling twice is no error and refunds once.
    """
    generation = lock_own(user, generation_id, may_change)
    if generation.status == GenerationStatus.CANCELED:
        return generation
    if generation.status != GenerationStatus.QUEUED:
        raise InvalidTransition(
            f"Only a queued picture can be canceled; this one is {generation.status}."
        )
    GENERATIONS.move(generation, GenerationStatus.CANCELED)
    generation.finished_at = clock.now()
    generation.lease_expires_at = None
    generation.save()
    _refund(generation, "generation_canceled")
    outbox.leave([generation], owner_id=generation.user_id)
    tell_of_generation(generation, WebhookEvent.GENERATION_CANCELED)
    return generation


def cancel_queued(ids: Sequence[int], *, buyer: User) -> list[int]:
    """Cancel and refund those of ``ids`` that nobody has begun, of a buyer: the caller has locked
    them all, the pictures first. Returns which were."""
    queued = Generation.objects.filter(pk__in=ids, status=GenerationStatus.QUEUED)
    canceled = list(queued.order_by("pk"))
    if not canceled:
        return []
    found = [picture.pk for picture in canceled]
    Generation.objects.filter(pk__in=found).update(
        status=GenerationStatus.CANCELED, finished_at=clock.now(), lease_expires_at=None
    )
    for picture in canceled:
        picture.status = GenerationStatus.CANCELED
    TokenService.refund_each(canceled, "generation_canceled", locked=buyer)
    outbox.leave(canceled, owner_id=buyer.pk)
    tell_of_each(buyer.pk, canceled, WebhookEvent.GENERATION_CANCELED)
    return found


@transaction.atomic
def update_generation(
    *,
    user: User,
    generation_id: int,
    visibility: str | None = None,
    description: str | None = None,
    allows_comments: bool | None = None,
    may_change: MayChange = is_owner,
) -> Generation:
    """Show or hide a picture, describe it, allow comments or not.

    Raises NotFound, NotAllowed, InvalidTransition, InvalidInput.
    """
    generation = lock_own(user, generation_id, may_change)
    if visibility is not None and visibility != generation.visibility:
        if generation.status != GenerationStatus.COMPLETED:
            raise InvalidTransition("Only a completed picture can be published.")
        if generation.hidden_reason:
            raise InvalidTransition("Our staff has hidden this picture. You cannot publish it.")
        if visibility == Visibility.PUBLIC:
            # Nobody is suspended meanwhile, whose pictures are private then.
            lock_open(generation.user_id)
        generation.visibility = visibility
        if generation.is_public and generation.rating == Rating.UNRATED:
            checkers.wake()
    if description is not None:
        generation.description = names.readable(description, field="description")
    if allows_comments is not None:
        generation.allows_comments = allows_comments
    generation.save(update_fields=["visibility", "description", "allows_comments"])
    return generation


@transaction.atomic
def set_visibility(*, user: User, generation_ids: Iterable[int], visibility: str) -> int:
    """Show or hide several pictures of ``user``. Returns how many changed: the others are not
    completed, are hidden by our staff, or are so already."""
    own = Generation.objects.kept_by(user.pk).filter(
        pk__in=generation_ids, status=GenerationStatus.COMPLETED, hidden_reason=""
    )
    locked = own.exclude(visibility=visibility).lock()
    if locked and visibility == Visibility.PUBLIC:
        lock_open(user.pk)
        checkers.wake()
    return Generation.objects.filter(pk__in=locked).update(visibility=visibility)


@dataclass(frozen=True)
class DrawnPicture:
    """What a worker made: storage keys, a data URI, what it knows of the file, and whatever else it
    tells."""

    image_path: str
    preview_path: str
    placeholder: str
    metadata: dict[str, object]
    of_file: dict[str, object]


MISSED = "It was not made by the deadline of its order."


class Generations(JobKind[Generation, GenerationReport, DrawnPicture]):
    """Completed, a generation pays its artist; failed for good, it is refunded."""

    noun = "picture"
    queue = GENERATION_QUEUE
    folder = "generations"
    state_field = "status"
    waiting = accepted = GenerationStatus.QUEUED
    working = GenerationStatus.PROCESSING
    completed = GenerationStatus.COMPLETED
    failed = GenerationStatus.FAILED
    moves = ALLOWED_MOVES

    def lock(self, job_id: int, *, to_complete: bool = False) -> Generation:
        """To complete it, the artist's balance is locked by the same statement, after it."""
        locked = LOCKED_GENERATION.instances(to_complete, {"generation_id": job_id})
        if not locked:
            raise NotFound("There is no such picture.")
        generation: Generation = locked[0]
        return generation

    def task_of(self, job: Generation) -> GenerationTask:
        style = job.style
        artist = style.artist
        return GenerationTask(
            task_id=job.task_id,
            attempt=job.attempt,
            request_id=job.request_id,
            data=GenerationData(
                generation_id=job.pk,
                style_id=style.pk,
                lora_path=style.model_path,
                prompt=job.prompt_shown,
                aspect_ratio=job.aspect_ratio,
                width=job.width,
                height=job.height,
                seed=job.seed,
                signature_path=(
                    storage.uri(artist.signature_image) if artist.signature_image else None
                ),
                output_path=storage.uri(output_folder(self.folder, job)),
                artist_name=artist.artist_name,
                style_name=style.name,
                license_url=f"{settings.SITE_URL}/styles/{style.pk}",
                licence=signature_service.licence_of(job),
                engine=style.engine,
                settings=job.settings or {},
            ),
            webhook_url=outbox.webhook_url(f"/api/images/{job.pk}/status"),
        )

    def engine_of(self, job: Generation) -> str:
        return job.style.engine

    def owner_of(self, job: Generation) -> int:
        return job.user_id

    def priority_of(self, job: Generation) -> str:
        return job.priority

    def names_of(self, job: Generation) -> list[str]:
        return ["image.png", *(preview_name("preview", width) for width in WIDTHS)]

    def result_of(self, report: GenerationReport) -> DrawnPicture:
        folder = output_folder(self.folder, report)
        metadata = dict(report.metadata or {})
        if report.nearness is not None:
            metadata["nearness"] = msgspec.to_builtins(report.nearness)
        preview = metadata.pop("preview_path", None)
        placeholder = metadata.pop("placeholder", "")
        return DrawnPicture(
            image_path=reported_key(report.image_path or "", folder, field="image_path"),
            preview_path=(
                reported_key(str(preview), folder, field="metadata.preview_path") if preview else ""
            ),
            placeholder=placeholder if _is_placeholder(placeholder) else "",
            metadata=metadata,
            of_file=_file_facts(report),
        )

    def has_result(self, job: Generation, result: DrawnPicture) -> bool:
        return job.image_path == result.image_path

    def save_progress(self, job: Generation, *, begins: bool) -> None:
        if begins:
            job.started_at = clock.now()
        write(RECORD_PROGRESS, **vars(job) | {"progress": json_of(job.progress)})

    def complete(self, job: Generation, result: DrawnPicture) -> None:
        """The artist is paid, the licence issued, the use counted and the buyer told."""
        job.image_path = result.image_path
        job.preview_path = result.preview_path
        job.placeholder = result.placeholder
        job.metadata = result.metadata
        made_with = result.metadata.get("settings")
        job.settings = made_with if isinstance(made_with, dict) else job.settings
        job.finished_at = clock.now()
        # Neither was known when the version before this one took the order.
        job.licence_number = job.licence_number or numbers.draw()
        job.terms_id = job.terms_id or DEFAULT_TERMS
        share = pricing.artist_share(job.cost)
        if share > 0:
            artist = job.style.artist.user
            TokenService.add_tokens(artist.pk, share, "generation", locked=artist, generation=job)
        told = notification_service.generation_complete(job)
        given = (
            told
            | result.of_file
            | {"metadata": Jsonb(job.metadata), "settings": json_of(job.settings)}
        )
        write(COMPLETE_GENERATION, **vars(job) | given)

    def is_late(self, job: Generation) -> bool:
        """Whether the deadline of its order is over. Pictures that are ordered alone have none."""
        if job.order_id is None or not job.is_under_way:
            return False
        overdue = Order.objects.filter(pk=job.order_id, deadline__lte=clock.now())
        return overdue.exists()

    @transaction.atomic
    def end_late(self, job_id: int) -> bool:
        picture = self.lock(job_id)
        if not self.is_late(picture):
            return False
        self.end_locked(picture, MISSED)
        return True

    def note_failure(self, job: Generation, report: GenerationReport) -> None:
        # A worker tells it of a picture that it does not deliver because of it.
        if report.nearness is not None and not report.retryable:
            job.metadata = {"nearness": msgspec.to_builtins(report.nearness)}

    def fail(self, job: Generation) -> None:
        job.finished_at = clock.now()
        job.save()
        _refund(job, "generation_failed")
        notification_service.tell_generation_failed(job)
        # Who ordered in their own style has been told already.
        if job.metadata and job.user_id != job.style.artist_id:
            notification_service.tell_of_copy(job.style, job.metadata["nearness"]["work"])
        tell_of_generation(job, WebhookEvent.GENERATION_FAILED)

    def leave_queue(self, job: Generation) -> None:
        outbox.leave([job], owner_id=job.user_id)

    def waiting_since(
        self, before: datetime, engines: Collection[str], limit: int
    ) -> list[Generation]:
        # Those that are held have no task.
        queued = Generation.objects.filter(status=self.waiting, lease_expires_at=None)
        waiting = queued.filter(created_at__lt=before, style__engine__in=engines)
        return list(waiting.order_by("pk")[:limit])

    def enqueue(self, job: Generation, *, delay: float = 0) -> None:
        if job.is_held:
            # Or it would be handed over a second time.
            job.is_held = False
            job.save(update_fields=["is_held"])
        super().enqueue(job, delay=delay)


GENERATIONS = Generations(Generation)


def _file_facts(report: GenerationReport) -> dict[str, object]:
    """What a licence keeps of the file; workers of the version before tell nothing of it."""
    bits = bytes.fromhex(report.pdq) if report.pdq else None
    return {
        "file_sha256": report.file_sha256,
        "preview_sha256": report.preview_sha256,
        "pdq": bits,
        "bands": bands(bits) if bits else None,
        "features": report.features,
    }


def _is_placeholder(value: object) -> bool:
    return (
        isinstance(value, str)
        and value.startswith(("data:image/webp;base64,", "data:image/png;base64,"))
        and len(value) <= MAX_PLACEHOLDER
    )


def _refund(generation: Generation, reason: str) -> None:
    """Give back what was charged, as the ledger has it; of an order of many, the picture's part."""
    cost = generation.cost
    if generation.order_id is None:
        charge = Transaction.objects.get(generation=generation, type=TransactionType.CONSUME)
        cost = charge.amount
    TokenService.refund_tokens(generation.user_id, cost, reason, generation=generation)


def lock_own(
    user: User, generation_id: int, may_change: MayChange, *, or_deleted: bool = False
) -> Generation:
    """Lock a picture, of its owner. Raises NotFound, for others NotAllowed if it is public."""
    generation = GENERATIONS.lock(generation_id)
    is_there = generation.deleted_at is None or or_deleted
    if is_there and may_change(user, generation):
        return generation
    if generation.is_public:
        raise NotAllowed("Only the owner of a picture can change it.")
    raise NotFound("There is no such picture.")
