"""The messages: tasks, which workers take from two queues, and reports, which they send with PATCH
to the webhook URL of their task. All are JSON in UTF-8.

The decoders are made at import, in one thread. msgspec inspects a type on first use; if two threads
do that at the same time, the process dies with a segmentation fault.
"""

import re
from collections.abc import Iterable
from typing import Annotated, Any, Literal, Protocol, TypeVar
from uuid import UUID

import msgspec

from protocol.engines import DEFAULT_ENGINE
from protocol.figures import (
    Count,
    Memorisation,
    Pixels,
    Sample,
    Seed,
    StyleScore,
    Uri,
    WorkNearness,
)
from protocol.workers import WorkerAnnouncement

# --- Queues -----------------------------------------------------------------------------------

# Both sides must declare the queues with the same arguments, or the broker refuses.
TRAINING_QUEUE = "model_training"
GENERATION_QUEUE = "image_generation"
QUEUES = (TRAINING_QUEUE, GENERATION_QUEUE)
# How often a message may come back after its first delivery before it becomes a dead letter.
DELIVERY_LIMIT = 2


def queue_for(kind: str, engine: str) -> str:
    """The queue for tasks of ``kind`` that only workers with ``engine`` can do: the kind's own name
    for the default engine, else name, dot, engine."""
    return kind if engine == DEFAULT_ENGINE else f"{kind}.{engine}"


def kind_of(queue: str) -> str:
    """The kind of the tasks on ``queue``."""
    return queue.partition(".")[0]


def engine_of(queue: str) -> str:
    """The engine whose workers do the tasks on ``queue``."""
    return queue.partition(".")[2] or DEFAULT_ENGINE


def queues_of(engines: Iterable[str]) -> tuple[str, ...]:
    """The queues of these engines."""
    return tuple(queue_for(kind, engine) for engine in engines for kind in QUEUES)


def dead_queue_name(queue: str) -> str:
    """The queue for the dead letters of ``queue``."""
    return f"{queue}.dead"


def queue_arguments(queue: str) -> dict[str, object]:
    """Arguments of the durable queue ``queue``.

    It is replicated, and no message is lost on its way to the dead letters (RabbitMQ's
    at-least-once dead lettering, which requires reject-publish).
    """
    return {
        "x-queue-type": "quorum",
        "x-delivery-limit": DELIVERY_LIMIT,
        "x-dead-letter-exchange": "",
        "x-dead-letter-routing-key": dead_queue_name(queue),
        "x-dead-letter-strategy": "at-least-once",
        "x-overflow": "reject-publish",
    }


def dead_queue_arguments() -> dict[str, object]:
    return {"x-queue-type": "quorum"}


class Channel(Protocol):
    """What declares queues: a channel of pika's."""

    def queue_declare(
        self, queue: str, *, durable: bool, arguments: dict[str, object]
    ) -> object: ...


def declare(channel: Channel, queues: Iterable[str] = QUEUES) -> None:
    """Declare the queues, and first the one for the dead letters of each."""
    for queue in queues:
        dead = dead_queue_name(queue)
        channel.queue_declare(dead, durable=True, arguments=dead_queue_arguments())
        channel.queue_declare(queue, durable=True, arguments=queue_arguments(queue))


# How decoders fail: JSON may also be nested too deep for them.
UNREADABLE = (msgspec.MsgspecError, UnicodeDecodeError, RecursionError)

# --- Tasks ------------------------------------------------------------------------------------

Id = Annotated[int, msgspec.Meta(ge=1, le=2**63 - 1)]
# Far more than any engine needs.
MOST_EPOCHS = 10_000
Attempt = Annotated[int, msgspec.Meta(ge=1, le=100)]
MarkId = Annotated[int, msgspec.Meta(ge=0, le=2**32 - 1)]


class InvalidMessage(ValueError):
    """The message is not a task of this protocol. Sending it again does not help."""


class TrainingData(msgspec.Struct, frozen=True, omit_defaults=True):
    """One style to train. ``image_tags`` has one list of tags for each of ``image_paths``.

    ``sample_prompts`` are those of pictures that are to be drawn with the new model, each its tags
    joined by ``", "``. ``settings`` are for the engine, which has its own names for them.
    ``engine`` is the one to learn it with, as for a generation.
    """

    style_id: Id
    name: str
    image_paths: list[Uri]
    image_tags: list[list[str]]
    num_epochs: Annotated[int, msgspec.Meta(ge=1, le=MOST_EPOCHS)]
    output_path: Uri
    sample_prompts: list[str] = []
    settings: dict[str, Any] = {}
    engine: str = DEFAULT_ENGINE


class TermsData(msgspec.Struct, frozen=True):
    """A version of the terms of a licence. ``sha256`` is that of their text, in hex."""

    key: str
    version: int
    url: str
    sha256: str


class LicenceData(msgspec.Struct, frozen=True, omit_defaults=True):
    """The licence that the picture gets, for its metadata, its mark and its signature.

    ``chain`` is the certificate that signs the picture and its intermediate, in PEM. The key stays
    with the backend: what is to be signed goes to ``signatures_url`` (see ``SignatureRequest``).
    """

    number: str
    terms: TermsData
    artist: str
    style: str
    mark_id: MarkId
    verify_url: str
    chain: list[str]
    signatures_url: str
    prompt_writer: str | None = None


class GenerationData(msgspec.Struct, frozen=True, omit_defaults=True):
    """One picture to draw, ``width`` x ``height`` pixels.

    ``prompt`` is the tags joined by ``", "``, or a text. ``lora_path`` is the trained model file;
    every engine uses this name. The worker writes only under the folder ``output_path``.
    ``artist_name``, ``style_name`` and ``license_url`` go into the file's metadata. A picture with
    a ``licence`` is signed. Only workers with ``engine`` can read the model file. ``settings`` are
    for that engine, as those of a training.
    """

    generation_id: Id
    style_id: Id
    lora_path: Uri
    prompt: str
    aspect_ratio: str
    width: Pixels
    height: Pixels
    seed: Seed
    signature_path: Uri | None
    output_path: Uri
    artist_name: str
    style_name: str
    license_url: str
    licence: LicenceData | None = None
    engine: str = DEFAULT_ENGINE
    settings: dict[str, Any] = {}


class TrainingTask(msgspec.Struct, frozen=True, tag_field="type", tag="model_training"):
    task_id: UUID
    attempt: Attempt
    request_id: str
    data: TrainingData
    webhook_url: str


class GenerationTask(msgspec.Struct, frozen=True, tag_field="type", tag="image_generation"):
    task_id: UUID
    attempt: Attempt
    request_id: str
    data: GenerationData
    webhook_url: str


Task = TrainingTask | GenerationTask

_decoder: msgspec.json.Decoder[Task] = msgspec.json.Decoder(Task)


def decode_task(body: bytes | str) -> Task:
    """Parse a message. Raises InvalidMessage if it is not JSON or not a known task."""
    try:
        task = _decoder.decode(body)
    except UNREADABLE as error:
        raise InvalidMessage(str(error)) from error
    if isinstance(task, TrainingTask) and len(task.data.image_paths) != len(task.data.image_tags):
        raise InvalidMessage("image_paths and image_tags differ in length")
    return task


def encode(message: msgspec.Struct) -> bytes:
    return msgspec.json.encode(message)


def encode_over(task: Task, written: bytes) -> bytes:
    """``task`` as JSON, plus the unknown fields of ``written``, the JSON it was read from.

    During an upgrade, an old relay thus passes on fields that only the new version knows.
    """
    known, found = msgspec.to_builtins(task), msgspec.json.decode(written)
    return msgspec.json.encode(found | known | {"data": found["data"] | known["data"]})


# --- Reports ----------------------------------------------------------------------------------

Percent = Annotated[float, msgspec.Meta(ge=0, le=100)]
Seconds = Annotated[float, msgspec.Meta(ge=0, le=10_000_000)]
Reason = Annotated[str, msgspec.Meta(max_length=1000)]
Sha256 = Annotated[str, msgspec.Meta(pattern="^[0-9a-f]{64}$")]
Pdq = Annotated[str, msgspec.Meta(pattern="^[0-9a-f]{64}$")]
# In base64.
Features = Annotated[bytes, msgspec.Meta(min_length=160, max_length=160)]


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
    ``engine_version``, ``memorisation``, ``samples`` and ``style_score`` may come with
    ``completed``.
    """

    task_id: UUID
    attempt: Attempt
    training_status: Literal["training", "completed", "failed"]
    progress: TrainingProgress | None = None
    model_path: Uri | None = None
    training_metric: dict[str, Any] | None = None
    engine_version: Annotated[str, msgspec.Meta(max_length=50)] | None = None
    memorisation: Memorisation | None = None
    samples: Annotated[list[Sample], msgspec.Meta(max_length=20)] = []
    style_score: StyleScore | None = None
    failure_reason: Reason | None = None
    retryable: bool = False


# The reason of a failure that the site tells in the reader's language.
TOO_NEAR = (
    "The picture came out nearly the same as one of the artist's own works, so it is not delivered."
    " Other words or another seed give another picture."
)


class GenerationReport(msgspec.Struct, frozen=True, omit_defaults=True):
    """``image_path`` is required with ``completed``, ``failure_reason`` with ``failed``.

    ``metadata`` may have ``preview_path`` (a small WebP under the same output path) and
    ``placeholder`` (a data URI of a few hundred bytes). Other keys are stored unchanged.
    ``file_sha256`` is that of the picture's file, ``preview_sha256`` that of the reported preview.
    ``pdq`` and ``features`` are fingerprints of the picture; the licence keeps them. ``nearness``
    is how near it is to the nearest work of its style. With ``failed`` it says that the picture is
    not delivered for being that near; its artist is told.
    """

    task_id: UUID
    attempt: Attempt
    status: Literal["processing", "completed", "failed"]
    progress: GenerationProgress | None = None
    image_path: Uri | None = None
    metadata: dict[str, Any] | None = None
    file_sha256: Sha256 | None = None
    preview_sha256: Sha256 | None = None
    pdq: Pdq | None = None
    features: Features | None = None
    nearness: WorkNearness | None = None
    failure_reason: Reason | None = None
    retryable: bool = False


Message = TypeVar("Message", bound=msgspec.Struct)

# --- Signatures -------------------------------------------------------------------------------

# Bytes; a claim of C2PA with its certificates has about 2,000.
MAX_TO_SIGN = 8192
ToSign = Annotated[bytes, msgspec.Meta(min_length=1, max_length=MAX_TO_SIGN)]


class SignatureRequest(msgspec.Struct, frozen=True):
    """What a worker wants signed for an attempt that is under way.

    ``to_sign`` is the Sig_structure (RFC 9052, 4.4) of a C2PA claim, ``licence`` the JUMBF box of
    its assertion org.stylelicense.licence, both in base64.
    """

    task_id: UUID
    attempt: Attempt
    to_sign: ToSign
    licence: ToSign
    algorithm: Literal["es256"] = "es256"


class SignatureAnswer(msgspec.Struct, frozen=True):
    """The signature, r and s of 32 bytes each, in base64."""

    signature: bytes


_training_decoder = msgspec.json.Decoder(TrainingReport)
_generation_decoder = msgspec.json.Decoder(GenerationReport)
_announcement_decoder = msgspec.json.Decoder(WorkerAnnouncement)
_request_decoder = msgspec.json.Decoder(SignatureRequest)

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


def decode_signature_request(body: bytes) -> SignatureRequest:
    """Parse the body of a request for a signature. Raises InvalidReport."""
    return _decode(body, _request_decoder)


def decode_announcement(body: bytes) -> WorkerAnnouncement:
    """Parse the body of a worker's announcement. Raises InvalidReport."""
    return _decode(body, _announcement_decoder)


def _decode(body: bytes, decoder: msgspec.json.Decoder[Message]) -> Message:
    try:
        return decoder.decode(body)
    except UNREADABLE as error:
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
