"""Reports, which workers send with PATCH to the webhook URL of their task (JSON, UTF-8)."""

import re
from typing import Annotated, Any, Literal, TypeVar
from uuid import UUID

import msgspec

from protocol.messages import Attempt, Uri

Percent = Annotated[float, msgspec.Meta(ge=0, le=100)]
Count = Annotated[int, msgspec.Meta(ge=0, le=2**31 - 1)]
Seconds = Annotated[float, msgspec.Meta(ge=0, le=10_000_000)]
Reason = Annotated[str, msgspec.Meta(max_length=1000)]


class InvalidReport(ValueError):
    """The body is not a report of this protocol. ``field`` is the JSON path of the error."""

    def __init__(self, message: str, field: str) -> None:
        super().__init__(message)
        self.field = field


class TrainingProgress(msgspec.Struct, frozen=True):
    current_epoch: Count
    total_epochs: Count
    progress_percent: Percent
    estimated_seconds: Seconds | None = None


class GenerationProgress(msgspec.Struct, frozen=True):
    current_step: Count
    total_steps: Count
    progress_percent: Percent
    estimated_seconds: Seconds | None = None


class TrainingReport(msgspec.Struct, frozen=True, omit_defaults=True):
    """``model_path`` is required with ``completed``, ``failure_reason`` with ``failed``.

    ``retryable`` says that another attempt may succeed (storage was down, the worker stopped).
    """

    task_id: UUID
    attempt: Attempt
    training_status: Literal["training", "completed", "failed"]
    progress: TrainingProgress | None = None
    model_path: Uri | None = None
    training_metric: dict[str, Any] | None = None
    failure_reason: Reason | None = None
    retryable: bool = False


class GenerationReport(msgspec.Struct, frozen=True, omit_defaults=True):
    """``image_path`` is required with ``completed``, ``failure_reason`` with ``failed``.

    ``metadata`` may have ``preview_path`` (a small WebP under the same output path) and
    ``placeholder`` (a data URI of a few hundred bytes). Other keys are stored unchanged.
    """

    task_id: UUID
    attempt: Attempt
    status: Literal["processing", "completed", "failed"]
    progress: GenerationProgress | None = None
    image_path: Uri | None = None
    metadata: dict[str, Any] | None = None
    failure_reason: Reason | None = None
    retryable: bool = False


Report = TypeVar("Report", TrainingReport, GenerationReport)

# Created at import, in one thread. msgspec inspects a type on first use; if two threads do that at
# the same time, the process dies with a segmentation fault.
_training_decoder = msgspec.json.Decoder(TrainingReport)
_generation_decoder = msgspec.json.Decoder(GenerationReport)

_MISSING = re.compile(r"Object missing required field `([^`]+)`")


def decode_training_report(body: bytes) -> TrainingReport:
    """Parse a training webhook's body. Raises InvalidReport."""
    report = _decode(body, _training_decoder)
    _require_outcome(report, report.training_status, "model_path", report.model_path)
    return report


def decode_generation_report(body: bytes) -> GenerationReport:
    """Parse a generation webhook's body. Raises InvalidReport."""
    report = _decode(body, _generation_decoder)
    _require_outcome(report, report.status, "image_path", report.image_path)
    return report


def _decode(body: bytes, decoder: msgspec.json.Decoder[Report]) -> Report:
    try:
        return decoder.decode(body)
    except (msgspec.MsgspecError, UnicodeDecodeError) as error:
        message = str(error)
        raise InvalidReport(message, _field_in(message)) from error


def _field_in(message: str) -> str:
    """The JSON path that msgspec names: "… required field `task_id`", "… - at `$.status`"."""
    _, found, place = message.rpartition(" - at `$")
    parent = place.strip(".`").split("[")[0] if found else ""
    missing = _MISSING.match(message)
    names = (parent, missing[1] if missing else "")
    return ".".join(filter(None, names)) or "body"


def _require_outcome(
    report: TrainingReport | GenerationReport, status: str, path_field: str, path: str | None
) -> None:
    if status == "completed" and not path:
        raise InvalidReport(f"{path_field} is required when completed", path_field)
    if status == "failed" and not report.failure_reason:
        raise InvalidReport("failure_reason is required when failed", "failure_reason")
