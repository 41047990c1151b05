"""A short training and a small picture, as the tests of this engine need them."""

from collections.abc import Sequence
from pathlib import Path

from PIL import Image

from worker.engines.base import Artwork, OnProgress, SaveCheckpoint, TrainedModel
from worker.engines.diffusion.engine import DiffusionEngine

PROMPT = ["boat", "sea"]
EPOCHS = 2


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
