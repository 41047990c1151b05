"""Jobs for staff: list, retry, cancel. Refunds work as everywhere else."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime

from app.exceptions import InvalidTransition
from app.models import CopyCheck, Generation, Style, TrainingStatus
from app.services import generation_service, training_service
from app.services.generation_service import GENERATIONS
from app.services.training_service import TRAININGS
from app.utils import clock

REFUNDED = "Our staff ended this and gave the tokens back."
RETRIED = "Our staff gave this to another server."
CANCELED = "Our staff canceled this."


@dataclass(frozen=True)
class JobLine:
    """A job that has not ended. ``is_stuck``: its lease has expired and no new attempt began."""

    kind: str
    id: int
    state: str
    attempt: int
    age_seconds: float
    is_stuck: bool
    request_id: str


def jobs_under_way(*, only_stuck: bool = False) -> list[JobLine]:
    """All queued and running jobs, oldest first."""
    now = clock.now()
    pictures = Generation.objects.under_way().order_by("created_at", "pk")
    styles = Style.objects.under_way().select_related("copy_check")
    trainings = styles.order_by("updated_at", "pk")
    lines = [_line("picture", job.status, job.created_at, job, now) for job in pictures]
    lines += [_line("training", _state_of(job), job.updated_at, job, now) for job in trainings]
    lines.sort(key=lambda line: -line.age_seconds)
    return [line for line in lines if line.is_stuck or not only_stuck]


def refund_generation(generation: Generation) -> None:
    """Fail and refund a generation that has not ended. Raises InvalidTransition."""
    _require(GENERATIONS.end(generation, REFUNDED, retryable=False))


def retry_generation(generation: Generation) -> None:
    """Begin the next attempt; after the last one it fails with a refund. Raises
    InvalidTransition."""
    _require(GENERATIONS.end(generation, RETRIED))


def cancel_generation(generation: Generation) -> None:
    """Cancel and refund a queued generation. Raises InvalidTransition."""
    generation_service.cancel(user=generation.user, generation_id=generation.pk)


def retry_training(style: Style) -> None:
    """Start the next attempt, or a new training after a failure. Raises InvalidTransition."""
    if style.training_status == TrainingStatus.FAILED:
        training_service.retrain(user=style.artist.user, style_id=style.pk)
    else:
        _require(TRAININGS.end(style, RETRIED))


def cancel_training(style: Style) -> None:
    """Fail a training permanently; its artist may start another. Raises InvalidTransition."""
    _require(TRAININGS.end(style, CANCELED, retryable=False))


def _line(
    kind: str, state: str, since: datetime, job: Generation | Style, now: datetime
) -> JobLine:
    return JobLine(
        kind=kind,
        id=job.pk,
        state=state,
        attempt=job.attempt,
        age_seconds=(now - since).total_seconds(),
        is_stuck=job.lease_expires_at is not None and job.lease_expires_at < now,
        request_id=job.request_id,
    )


def _state_of(style: Style) -> str:
    """Of a training, and of what comes before: its works are compared with those of others, and
    perhaps held until our staff has looked at them."""
    check: CopyCheck | None = getattr(style, "copy_check", None)
    if check is None:
        return style.training_status
    return "held" if check.held_at else "comparing"


def _require(has_ended_now: bool) -> None:
    if not has_ended_now:
        raise InvalidTransition("This has already ended.")
