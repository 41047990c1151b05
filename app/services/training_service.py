"""Trainings: given to a worker, watched, tried again, ended."""

from __future__ import annotations

import uuid
from collections.abc import Collection, Mapping
from dataclasses import dataclass, replace
from datetime import datetime
from typing import Any

from django.db import transaction
from django.db.models import Exists, OuterRef

from app.delivery import outbox
from app.exceptions import InvalidInput, InvalidTransition, NotAllowed, NotFound
from app.models import (
    CopyCheck,
    OutboxMessage,
    ReviewState,
    Style,
    TrainingStatus,
    User,
    WebhookEvent,
)
from app.models.ownership import MayChange, is_owner
from app.services import engines, notification_service, storage, tag_service, training_settings
from app.services.jobs.attempts import JobKind, output_folder, reported_key
from app.services.licences import manifest
from app.services.token_service import lock_open
from app.services.uploads import checkers, upload_service
from app.services.webhooks.events import tell_of_style
from app.utils import caches, clock
from app.utils.request_id import current_request_id
from protocol import TRAINING_QUEUE, TrainingData, TrainingReport, TrainingTask
from protocol.engines import CHECKPOINT
from protocol.samples import SAMPLE_PROMPTS

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

# Of our engines. Others may call theirs what they like.
MODEL_FILES = ("model.npz", "model.safetensors")
NO_WORKS = "This style has no works to train on."


@transaction.atomic
def retrain(
    *,
    user: User,
    style_id: int,
    engine: str | None = None,
    training: Mapping[str, Any] | None = None,
    may_change: MayChange = is_owner,
) -> Style:
    """Train again, as a new task: after a failure, or a draft that is not offered yet. With another
    ``engine`` if one is named, and with other settings if ``training`` has them.

    Raises NotFound, NotAllowed, InvalidTransition, InvalidInput.
    """
    style = lock_own_style(user, style_id, may_change)
    if not style.may_be_trained_again:
        raise InvalidTransition("Only a style whose training failed can be trained again.")
    if engine is not None and engine != style.engine:
        style.engine = engines.chosen(engine)
        # Another engine has other settings.
        style.training_settings = None
    if training is not None:
        style.training_settings = training_settings.checked(style.engine, training)
    if style.review_state == ReviewState.REFUSED:
        raise InvalidTransition("Our staff has refused these works. Upload other works.")
    if not style.artworks.exists():
        # They were uploaded by links, and refused.
        raise InvalidTransition(NO_WORKS)
    begin_again(style)
    checkers.look_for_copies(style)
    return style


def require_untrained(style: Style, otherwise: str) -> None:
    """Raises InvalidTransition, which says ``otherwise``, unless its training failed or waits for a
    review of its works."""
    is_held = style.review_state == ReviewState.WAITING
    if style.training_status != TrainingStatus.FAILED and not is_held:
        raise InvalidTransition(otherwise)


def begin_again(style: Style, *, thumbnail: str | None = None) -> None:
    """Let a locked style wait for a new training, which the caller orders. What the last one made
    is deleted."""
    made = made_files(style)
    if style.thumbnail in made:
        first = style.artworks.order_by("position").first()
        style.thumbnail = first.preview_path if first else ""
    style.model_path = style.nearest_path = ""
    style.training_metric = style.memorisation = style.samples = style.style_score = None
    upload_service.delete_files(user_id=style.artist_id, keys=made)
    style.training_status = TrainingStatus.PENDING
    style.task_id = uuid.uuid4()
    style.attempt = 1
    style.progress = None
    style.failure_reason = ""
    style.lease_expires_at = None
    style.request_id = current_request_id()
    if thumbnail is not None:
        style.thumbnail = thumbnail
    style.save()


def made_files(style: Style) -> list[str]:
    """The keys of what the last training made."""
    files = [str(sample["path"]) for sample in style.samples or []]
    if style.model_path:
        model = storage.key_under(style.model_path, Trainings.folder)
        # What workers keep beside a model: docs/protocol.md.
        files += [model, f"{model.rpartition('/')[0]}/works.npz"]
    return [*files, style.nearest_path] if style.nearest_path else files


@dataclass(frozen=True)
class Model:
    """What a worker learned: the model's address, figures of how well, and the version of the
    engine that did.

    ``memorisation`` says how near pictures of it are to its works; ``nearest_path`` is the storage
    key of the nearest one. ``samples`` are pictures that were drawn with it, ``style_score`` says
    how like the artist's works they look.
    """

    path: str
    metric: dict[str, object] | None
    engine_version: str = ""
    memorisation: dict[str, object] | None = None
    nearest_path: str = ""
    samples: list[dict[str, object]] | None = None
    style_score: dict[str, object] | None = None


class Trainings(JobKind[Style, TrainingReport, Model]):
    """Completed, a training makes its style ready for buyers."""

    noun = "style"
    queue = TRAINING_QUEUE
    folder = "models"
    state_field = "training_status"
    waiting = TrainingStatus.PENDING
    working = accepted = TrainingStatus.TRAINING
    completed = TrainingStatus.COMPLETED
    failed = TrainingStatus.FAILED
    moves = ALLOWED_MOVES

    def lock(self, job_id: int, *, to_complete: bool = False) -> Style:
        return lock_style(job_id)

    def task_of(self, job: Style) -> TrainingTask:
        artworks = list(job.artworks.order_by("position").prefetch_related("artwork_tags__tag"))
        if not artworks:
            # They are still to be checked.
            raise InvalidTransition(NO_WORKS)
        if CopyCheck.objects.filter(style=job).exists():
            raise InvalidTransition("The works of this style are not cleared for training yet.")
        return TrainingTask(
            task_id=job.task_id,
            attempt=job.attempt,
            request_id=job.request_id,
            data=TrainingData(
                style_id=job.pk,
                name=job.name,
                image_paths=[storage.uri(artwork.image_path) for artwork in artworks],
                image_tags=[
                    [link.tag.name for link in artwork.artwork_tags.all()] for artwork in artworks
                ],
                num_epochs=training_settings.epochs_of(job),
                output_path=storage.uri(output_folder(self.folder, job)),
                engine=job.engine,
                sample_prompts=sample_prompts_of(job),
                settings=training_settings.of_task(job),
            ),
            webhook_url=outbox.webhook_url(f"/api/models/{job.pk}/status"),
        )

    def engine_of(self, job: Style) -> str:
        return job.engine

    def owner_of(self, job: Style) -> int:
        return int(job.artist_id)

    def names_of(self, job: Style) -> list[str]:
        samples = [f"sample-{place}.webp" for place in range(len(sample_prompts_of(job)))]
        return [*samples, "nearest.webp", "works.npz", *MODEL_FILES]

    def result_of(self, report: TrainingReport) -> Model:
        folder = output_folder(self.folder, report)
        key = reported_key(report.model_path or "", folder, field="model_path")
        model = Model(storage.uri(key), report.training_metric, report.engine_version or "")
        model = replace(model, samples=_samples_in(report, folder), style_score=_score_in(report))
        told = report.memorisation
        if told is None:
            return model
        if told.nearest >= len(told.pictures):
            raise InvalidInput.field("memorisation.nearest", "There is no such picture.")
        nearest_path = reported_key(told.image_path, folder, field="memorisation.image_path")
        figures = {
            "pictures": [
                {"work": each.work, "bits": each.bits, "likeness": each.likeness}
                for each in told.pictures
            ],
            "nearest": told.nearest,
            "copies": told.copies,
            "bound": told.pictures[told.nearest].bound,
        }
        return replace(model, memorisation=figures, nearest_path=nearest_path)

    def has_result(self, job: Style, result: Model) -> bool:
        return job.model_path == result.path

    def save_progress(self, job: Style, *, begins: bool) -> None:
        job.save()

    def complete(self, job: Style, result: Model) -> None:
        """What it was trained on is kept, its tags count it from now on, and the artist is told."""
        job.model_path = result.path
        job.training_metric = result.metric
        job.engine_version = result.engine_version
        job.memorisation, job.nearest_path = result.memorisation, result.nearest_path
        job.samples, job.style_score = _with_prompts(job, result.samples), result.style_score
        job.trained_at = clock.now()
        job.save()
        _forget_checkpoints(job)
        manifest.make(job, result.metric)
        caches.forget(caches.POPULAR_STYLES)
        tag_service.move_counts([], tag_service.counted_in(job))
        notification_service.tell_training_complete(job)
        tell_of_style(job, WebhookEvent.STYLE_TRAINED)

    def fail(self, job: Style) -> None:
        checkers.forget_copies(job)
        job.save()
        _forget_checkpoints(job)
        notification_service.tell_training_failed(job)
        tell_of_style(job, WebhookEvent.STYLE_FAILED)

    def leave_queue(self, job: Style) -> None:
        outbox.leave_training(job)

    def waiting_since(self, before: datetime, engines: Collection[str], limit: int) -> list[Style]:
        # A style without a task waits for a check of its works.
        unsent = OutboxMessage.objects.filter(
            task_id=OuterRef("task_id"), attempt=OuterRef("attempt"), sent_at=None
        )
        pending = Style.objects.filter(training_status=self.waiting, lease_expires_at=None)
        waiting = pending.filter(Exists(unsent.filter(created_at__lt=before)), engine__in=engines)
        return list(waiting.order_by("pk")[:limit])


TRAININGS = Trainings(Style)


def sample_prompts_of(style: Style) -> list[str]:
    """What is drawn with it once it is trained: the same for every style, then its artist's own."""
    return [*SAMPLE_PROMPTS, *(style.sample_prompts or [])]


def _samples_in(report: TrainingReport, folder: str) -> list[dict[str, object]] | None:
    """Each with the place of its prompt. Raises InvalidInput."""
    places = [sample.prompt for sample in report.samples]
    if len(set(places)) < len(places):
        raise InvalidInput.field("samples", "One sample for each prompt.")
    samples: list[dict[str, object]] = [
        {
            "prompt": sample.prompt,
            "seed": sample.seed,
            "width": sample.width,
            "height": sample.height,
            "path": reported_key(sample.image_path, folder, field="samples.image_path"),
        }
        for sample in sorted(report.samples, key=lambda each: each.prompt)
    ]
    return samples or None


def _with_prompts(
    style: Style, samples: list[dict[str, object]] | None
) -> list[dict[str, object]] | None:
    """With the words of each prompt in place of its number; samples of others are left out."""
    asked = dict(enumerate(sample_prompts_of(style)))
    known = [each for each in samples or [] if each["prompt"] in asked]
    return [{**each, "prompt": asked[each["prompt"]]} for each in known] or None  # type: ignore[index]


def _score_in(report: TrainingReport) -> dict[str, object] | None:
    told = report.style_score
    return None if told is None else {name: getattr(told, name) for name in told.__struct_fields__}


def _forget_checkpoints(style: Style) -> None:
    """Delete what its attempts would have gone on from, once it has ended."""
    upload_service.delete_files(user_id=style.artist_id, keys=checkpoints_of(style))


def checkpoints_of(style: Style) -> list[str]:
    folder = f"{TRAININGS.folder}/{style.task_id}"
    return [f"{folder}/{attempt}/{CHECKPOINT}" for attempt in range(1, style.attempt + 1)]


def lock_style(style_id: int) -> Style:
    style = Style.objects.select_for_update(no_key=True).filter(pk=style_id).first()
    if style is None:
        raise NotFound("There is no such style.")
    return style


def lock_own_style(user: User, style_id: int, may_change: MayChange = is_owner) -> Style:
    """Raises NotAllowed for another artist's style, NotFound for one the user cannot see, and
    AccountSuspended: nobody is suspended meanwhile, whose styles are on hold then."""
    lock_open(user.pk)
    style = lock_style(style_id)
    if may_change(user, style):
        return style
    if style.is_ready:
        raise NotAllowed("Only the artist of a style can change it.")
    raise NotFound("There is no such style.")
