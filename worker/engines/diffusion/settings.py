"""What the environment says of the engine, and what a task may say of a training or a picture."""

from collections.abc import Mapping
from pathlib import Path
from typing import Annotated, Any, Literal, TypeVar

import msgspec
from msgspec import Meta

from protocol import training as protocol
from worker.engines.base import EngineError, EngineUnavailable
from worker.engines.base import Settings as Given
from worker.engines.diffusion.base_models import HUB_MODEL, folder_of, models_folder

Text = Annotated[str, Meta(max_length=500)]
Schedule = Literal["base", "ddim", "euler", "dpm", "unipc"]


class DrawingSettings(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """What a picture is made with, beside base model, style, prompt, size and seed.

    ``scheduler`` "base" is the base model's own.
    """

    steps: Annotated[int, Meta(ge=1, le=150)] = 30
    guidance: Annotated[float, Meta(ge=0, le=30)] = 7.0
    scheduler: Schedule = "base"
    negative_prompt: Text = ""


class TrainingSettings(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """What a training may be told; the defaults are those that trainers of styles begin with.

    An epoch shows each work ``repeats`` times, fewer if all epochs together would take more than
    ``max_steps`` steps. ``resolution`` is the side of a square with as many pixels as each work is
    scaled to; None is the base model's. ``held_out`` is the share of works that are not learned
    from, but choose the epoch. ``trigger`` begins each caption and each prompt. ``title``,
    ``author``, ``licence`` and ``consent`` (the SHA-256 of what the artist agreed to) are for the
    file. ``draw`` is what pictures of this style are made with, unless an order says otherwise.
    """

    rank: protocol.Rank = protocol.USUAL_RANK
    alpha: protocol.Alpha = 16.0
    learning_rate: protocol.LearningRate = 1e-4
    batch_size: protocol.BatchSize = 1
    repeats: protocol.Repeats = 4
    max_steps: protocol.MaxSteps = 2_000
    resolution: protocol.Resolution | None = None
    caption_dropout: protocol.Share = 0.05
    min_snr: protocol.MinSnr | None = 5.0
    held_out: Annotated[float, Meta(ge=0, le=0.5)] = 0.1
    trigger: protocol.Trigger = "slx style"
    seed: protocol.TrainingSeed = 0
    keys: Literal["diffusers", "kohya"] = "diffusers"
    title: Text = ""
    author: Text = ""
    licence: Text = ""
    consent: Text = ""
    draw: DrawingSettings = DrawingSettings()


class EngineSettings(msgspec.Struct, frozen=True):
    """What the environment says; ``device`` is empty where the engine is to choose."""

    model: Path
    dtype: Literal["float32", "bfloat16", "float16"] | None
    device: str
    is_production: bool
    allowed: frozenset[str]
    max_rank: int
    checkpoint_seconds: float
    styles_in_memory: int


Kind = TypeVar("Kind", DrawingSettings, TrainingSettings)


def read(kind: type[Kind], *given: Given) -> Kind:
    """The settings in ``given``, where later ones win. Raises EngineError with the one at fault."""
    merged: dict[str, Any] = {}
    for each in given:
        merged |= each
    try:
        return msgspec.convert(merged, kind)
    except msgspec.ValidationError as error:
        raise EngineError(f"The settings are not valid: {error}.") from error


def as_data(settings: msgspec.Struct) -> dict[str, Any]:
    data: dict[str, Any] = msgspec.to_builtins(settings)
    return data


def read_environment(environ: Mapping[str, str]) -> EngineSettings:
    """Raises EngineUnavailable if a variable is missing or makes no sense."""
    return EngineSettings(
        model=_model(environ.get("DIFFUSION_MODEL", ""), models_folder(environ)),
        dtype=_dtype(environ.get("DIFFUSION_DTYPE", "")),
        device=environ.get("DIFFUSION_DEVICE", ""),
        is_production=environ.get("DJANGO_ENV") != "development",
        allowed=frozenset(name.strip() for name in environ.get("DIFFUSION_ALLOWED", "").split(",")),
        max_rank=_number(
            environ, "DIFFUSION_MAX_RANK", protocol.HIGHEST_RANK, least=protocol.USUAL_RANK
        ),
        checkpoint_seconds=_number(environ, "DIFFUSION_CHECKPOINT_SECONDS", 180),
        styles_in_memory=_number(environ, "DIFFUSION_STYLES_IN_MEMORY", 16),
    )


def _model(reference: str, models: Path) -> Path:
    folder = folder_of(reference, models)
    if reference and folder.is_dir():
        return folder
    if HUB_MODEL.fullmatch(reference):
        raise EngineUnavailable(
            f"{reference} is not in {models}: python -m worker.engines.diffusion.download"
            f" {reference} fetches it."
        )
    raise EngineUnavailable(
        "DIFFUSION_MODEL must name a base model: owner/name@commit, as"
        " python -m worker.engines.diffusion.download prints it, or a folder as diffusers saves it."
    )


def _dtype(name: str) -> Literal["float32", "bfloat16", "float16"] | None:
    if name in ("float32", "bfloat16", "float16"):
        return name  # type: ignore[return-value]
    if name:
        raise EngineUnavailable(f"DIFFUSION_DTYPE cannot be {name!r}: float32, bfloat16, float16.")
    return None


def _number(environ: Mapping[str, str], name: str, default: int, *, least: int = 1) -> int:
    text = environ.get(name) or str(default)
    if not text.isascii() or not text.isdigit() or not least <= int(text) <= 100_000:
        raise EngineUnavailable(f"{name} must be a number from {least} to 100000, not {text!r}.")
    return int(text)
