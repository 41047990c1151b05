"""What a style shows before it sells: samples, and how like its artist's works they look."""

import random
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

import structlog
from PIL import Image, ImageDraw, ImageFont

from pictures import preview
from protocol import Sample, StyleScore
from provenance.features import FeaturesUnavailable
from provenance.likeness import score
from provenance.metadata import sample_packet
from provenance.nearness import Works
from worker.engines.base import Engine, EngineError, OnProgress, TrainedModel

log = structlog.get_logger()

# Of the prompts that are asked for: those of the artist's own, which may suit one style only, come
# later.
SCORED = 6
FEWEST_HELD_OUT = 3  # less would say little
MARK = "sample"
DARK, LIGHT = (22, 20, 24), (252, 250, 246)


@dataclass(frozen=True)
class Prompt:
    """One of the prompts that are asked for: its place, its text, and the seed that it gets."""

    place: int
    text: str

    @property
    def seed(self) -> int:
        return self.place + 1

    @property
    def tags(self) -> list[str]:
        return [tag for tag in self.text.split(", ") if tag]


class Sampler:
    """Draws with a new model; ``on_progress`` is told of each picture, and may end the job."""

    def __init__(self, engine: Engine, prompts: Sequence[str], on_progress: OnProgress) -> None:
        self._engine = engine
        self._prompts = [Prompt(place, text) for place, text in enumerate(prompts)]
        self._on_progress = on_progress

    def draw(self, model: Path) -> list[tuple[Prompt, Image.Image]]:
        """A picture of each prompt; none at all if the engine cannot draw them, which is no reason
        to lose a training."""
        try:
            return [(each, self._drawn(model, each)) for each in self._prompts]
        except EngineError as error:
            log.warning("no_samples", reason=str(error))
            return []

    def score(
        self,
        model: TrainedModel,
        drawn: Sequence[tuple[Prompt, Image.Image]],
        works: Works,
        folder: Path,
    ) -> StyleScore | None:
        """How like the ``works`` the pictures look; ``drawn`` are those of ``draw``. None if the
        engine cannot tell, or there are too few works."""
        if not drawn:
            return None
        try:
            return self._score(model, drawn[:SCORED], works, folder)
        except (EngineError, FeaturesUnavailable) as error:
            log.warning("no_style_score", reason=str(error))
            return None

    def _score(
        self,
        model: TrainedModel,
        drawn: Sequence[tuple[Prompt, Image.Image]],
        works: Works,
        folder: Path,
    ) -> StyleScore | None:
        prompts = [prompt for prompt, _ in drawn]
        pictures: list[Image.Image] = [picture for _, picture in drawn]
        held_out = model.held_out
        if not held_out:
            held_out = chosen(len(works.features))
            partial = (
                self._engine.without(model.path, held_out, output=folder) if held_out else None
            )
            if partial is None:
                return None
            pictures = [self._drawn(partial, each) for each in prompts]
        plain = [each for prompt in prompts if (each := self._plain(prompt)) is not None]
        if not plain:
            return None
        of = score(pictures, plain, works, held_out)
        return StyleScore(len(held_out), of.samples, of.plain, of.works)

    def _drawn(self, model: Path, prompt: Prompt) -> Image.Image:
        return self._engine.generate(
            model,
            prompt.tags,
            size=self._size,
            seed=prompt.seed,
            on_progress=self._on_progress,
        )

    def _plain(self, prompt: Prompt) -> Image.Image | None:
        return self._engine.plain(
            prompt.tags,
            size=self._size,
            seed=prompt.seed,
            on_progress=self._on_progress,
        )

    @property
    def _size(self) -> tuple[int, int]:
        return (self._engine.sample_side, self._engine.sample_side)


def chosen(count: int) -> tuple[int, ...]:
    """Which of ``count`` works are held out: a random tenth, the same ones each time."""
    kept = max(FEWEST_HELD_OUT, count // 10)
    if count <= kept:
        return ()
    return tuple(sorted(random.Random(count).sample(range(count), kept)))  # noqa: S311 (no secret)


def file_of(picture: Image.Image, prompt: Prompt, *, style: str, engine: Engine) -> bytes:
    """A WebP with a mark that can be seen, and metadata that say that a model made it."""
    xmp = sample_packet(
        style=style, prompt=prompt.text, system=engine.name, system_version=engine.version
    )
    return preview(_marked(picture), picture.width, xmp=xmp)


def told(prompt: Prompt, picture: Image.Image, image_path: str) -> Sample:
    """In the protocol's words."""
    return Sample(prompt.place, prompt.seed, picture.width, picture.height, image_path)


def _marked(picture: Image.Image) -> Image.Image:
    """With a small word at the lower left, dark on light: no signature stands there."""
    marked = picture.convert("RGB")
    pen = ImageDraw.Draw(marked)
    font = ImageFont.load_default(max(10, picture.height / 22))
    margin = picture.height // 40
    place = (margin, picture.height - margin)
    left, top, right, bottom = pen.textbbox(place, MARK, font, anchor="ld")
    pen.rectangle((left - 3, top - 2, right + 3, bottom + 2), LIGHT)
    pen.text(place, MARK, DARK, font, anchor="ld")
    return marked
