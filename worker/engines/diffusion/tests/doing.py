"""A short training and a small picture, as the tests of this engine need them."""

from collections.abc import Callable, Sequence
from pathlib import Path
from typing import Any

from PIL import Image

from worker.engines.base import Artwork, OnProgress, SaveCheckpoint, TrainedModel
from worker.engines.diffusion.engine import DiffusionEngine
from worker.runner import JobRunner

MakeRunner = Callable[..., JobRunner]
PROMPT = ["boat", "sea"]
EPOCHS = 2


class Quick(DiffusionEngine):
    """Learns from small works, and draws in two steps, unless a task says otherwise."""

    def train(self, *arguments: Any, settings: Any = (), **named: Any) -> TrainedModel:
        quick = {"resolution": 64, "repeats": 1, "rank": 4, "alpha": 4.0}
        return super().train(*arguments, settings={**quick, **dict(settings)}, **named)

    def generate_batch(self, *arguments: Any, settings: Any = (), **named: Any) -> list[Any]:
        return super().generate_batch(*arguments, settings={"steps": 2, **dict(settings)}, **named)


def ignore(done: int, total: int) -> None:
    pass


def train(
    engine: DiffusionEngine,
    works: Sequence[Artwork],
    output: Path,
    *,
    on_progress: OnProgress = ignore,
    resume_from: Path | None = None,
    save_checkpoint: SaveCheckpoint | None = None,
    **settings: object,
) -> TrainedModel:
    """A training of eight steps or so, with a learning rate that shows at once."""
    output.mkdir(exist_ok=True)
    quick = {"resolution": 64, "repeats": 1, "rank": 4, "alpha": 4.0, "learning_rate": 0.02}
    return engine.train(
        works,
        ["boat"],
        output=output,
        num_epochs=EPOCHS,
        on_progress=on_progress,
        settings={**quick, **settings},
        resume_from=resume_from,
        save_checkpoint=save_checkpoint,
    )


def draw(
    engine: DiffusionEngine,
    model: Path,
    *,
    seed: int = 3,
    size: tuple[int, int] = (64, 64),
    prompt: Sequence[str] = PROMPT,
    on_progress: OnProgress = ignore,
    **settings: object,
) -> Image.Image:
    return engine.generate(
        model,
        prompt,
        size=size,
        seed=seed,
        on_progress=on_progress,
        settings={"steps": 4, **settings},
    )
