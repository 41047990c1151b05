"""Tasks: the messages on the queues (JSON, UTF-8)."""

from typing import Annotated
from uuid import UUID

import msgspec

TRAINING_QUEUE = "model_training"
GENERATION_QUEUE = "image_generation"

Id = Annotated[int, msgspec.Meta(ge=1)]
Attempt = Annotated[int, msgspec.Meta(ge=1, le=100)]
Pixels = Annotated[int, msgspec.Meta(ge=64, le=4096)]
Seed = Annotated[int, msgspec.Meta(ge=0, le=2**32 - 1)]
Uri = Annotated[str, msgspec.Meta(min_length=1, max_length=2000)]


class InvalidMessage(ValueError):
    """The message is not a task of this protocol. Sending it again does not help."""


class TrainingData(msgspec.Struct, frozen=True):
    """One style to train. ``image_tags`` has one list of tags for each of ``image_paths``."""

    style_id: Id
    name: str
    image_paths: list[Uri]
    image_tags: list[list[str]]
    num_epochs: Annotated[int, msgspec.Meta(ge=1)]
    output_path: Uri


class GenerationData(msgspec.Struct, frozen=True):
    """One picture to draw, ``width`` x ``height`` pixels.

    ``prompt`` is the tags joined by ``", "``. ``lora_path`` is the trained model file; every
    engine uses this name. The worker writes only under the folder ``output_path``.
    ``artist_name``, ``style_name`` and ``license_url`` go into the file's metadata.
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
    except (msgspec.MsgspecError, UnicodeDecodeError) as error:
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
