"""Artworks as a training sees them: scaled, encoded once, and some of them held out."""

import hashlib
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass

import numpy as np
import torch
from PIL import Image, ImageOps

from pictures import PictureError, open_picture
from worker.engines.base import Artwork, EngineError
from worker.engines.diffusion.pipelines import Base, Conditions, generator
from worker.engines.diffusion.settings import TrainingSettings

# Sides of pictures are multiples of this: the network halves them six times.
STEP = 64
MOST_STRETCHED = 2.0  # longer pictures are cut
FEWEST_TO_HOLD_OUT = 4


@dataclass(frozen=True)
class Work:
    """What the encoder makes of one work: a normal distribution for each latent number."""

    mean: torch.Tensor
    deviation: torch.Tensor

    def drawn(self, source: torch.Generator) -> torch.Tensor:
        noise = torch.randn(self.mean.shape, generator=source)
        return self.mean + self.deviation * noise

    @property
    def shape(self) -> tuple[int, ...]:
        return tuple(self.mean.shape)


@dataclass(frozen=True)
class Works:
    """``conditions`` has a row for each work, and as its last one that of no caption."""

    all: list[Work]
    conditions: Conditions
    learned: list[int]
    held_out: list[int]

    def batches(self, epoch: int, steps: int, settings: TrainingSettings) -> list[list[int]]:
        """Which works are shown together in the steps of ``epoch``: those of a batch have one
        size."""
        made = []
        for shape, members in self._by_shape().items():
            shown = members * settings.repeats
            source = generator(settings.seed, "order", epoch, shape)
            shuffled = [shown[i] for i in torch.randperm(len(shown), generator=source).tolist()]
            made += list(_chunks(shuffled, settings.batch_size))
        source = generator(settings.seed, "batches", epoch)
        return [made[i] for i in torch.randperm(len(made), generator=source).tolist()][:steps]

    def steps_an_epoch(self, num_epochs: int, settings: TrainingSettings) -> int:
        size = settings.batch_size
        groups = self._by_shape().values()
        steps = sum(-(-len(members) * settings.repeats // size) for members in groups)
        return max(1, min(steps, settings.max_steps // num_epochs))

    def _by_shape(self) -> dict[tuple[int, ...], list[int]]:
        groups: dict[tuple[int, ...], list[int]] = {}
        for number in self.learned:
            groups.setdefault(self.all[number].shape, []).append(number)
        return groups


def prepare(
    base: Base,
    artworks: Sequence[Artwork],
    settings: TrainingSettings,
    on_encoded: Callable[[int], None],
) -> Works:
    """Encode all works and captions. Raises EngineError if a work cannot be read."""
    if not artworks:
        raise EngineError("There is no artwork to learn from.")
    side = settings.resolution or base.native_side
    encoded = []
    # In half precision, the encoder of SDXL makes no numbers.
    if base.dtype is torch.float16:
        base.pipe.vae.to(torch.float32)
    for number, artwork in enumerate(artworks):
        encoded.append(_encode(base, _opened(artwork, side)))
        on_encoded(number + 1)
    if base.dtype is torch.float16:
        base.pipe.vae.to(base.dtype)
    captions = [caption_of(settings.trigger, artwork.tags) for artwork in artworks]
    learned, held_out = split(len(artworks), settings)
    return Works(encoded, base.conditions([*captions, ""]), learned, held_out)


def caption_of(trigger: str, words: Sequence[str]) -> str:
    return ", ".join([trigger, *words])


def split(count: int, settings: TrainingSettings) -> tuple[list[int], list[int]]:
    """The works to learn from, and those that are held out to choose the epoch by."""
    if count < FEWEST_TO_HOLD_OUT or not settings.held_out:
        return list(range(count)), []
    source = generator(settings.seed, "held out", count)
    kept = max(1, round(count * settings.held_out))
    order = torch.randperm(count, generator=source).tolist()
    return sorted(order[kept:]), sorted(order[:kept])


def digest_of(artworks: Sequence[Artwork]) -> str:
    """SHA-256 of the training set: its files and their tags, in their order."""
    total = hashlib.sha256()
    for artwork in artworks:
        total.update(hashlib.sha256(artwork.path.read_bytes()).digest())
        total.update(repr(artwork.tags).encode())
    return total.hexdigest()


def size_for(width: int, height: int, side: int) -> tuple[int, int]:
    """Width and height of about ``side`` × ``side`` pixels, near to the shape that is given."""
    ratio = min(max(width / height, 1 / MOST_STRETCHED), MOST_STRETCHED)
    return _to_step(side * ratio**0.5), _to_step(side / ratio**0.5)


def _to_step(length: float) -> int:
    return max(STEP, round(length / STEP) * STEP)


def _opened(artwork: Artwork, side: int) -> Image.Image:
    try:
        opened = open_picture(artwork.path, side=2 * side, fit="cover").image
    except (PictureError, OSError) as error:
        raise EngineError(f"The artwork {artwork.path.name} cannot be read.") from error
    size = size_for(opened.width, opened.height, side)
    return ImageOps.fit(opened, size, Image.Resampling.LANCZOS)


def _encode(base: Base, picture: Image.Image) -> Work:
    values = torch.from_numpy(np.asarray(picture, np.float32) / 127.5 - 1)
    with torch.no_grad():
        found = base.pipe.vae.encode(
            values.permute(2, 0, 1)[None].to(base.device, base.pipe.vae.dtype)
        ).latent_dist
    factor = base.pipe.vae.config.scaling_factor
    work = Work((found.mean[0] * factor).float().cpu(), (found.std[0] * factor).float().cpu())
    if not torch.isfinite(work.mean).all():
        raise EngineError("The base model cannot read one of the artworks.")
    return work


def _chunks(items: list[int], size: int) -> Iterator[list[int]]:
    for start in range(0, len(items), size):
        yield items[start : start + size]
