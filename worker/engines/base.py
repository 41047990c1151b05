"""The interface of style engines."""

from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Protocol

from PIL import Image


class EngineUnavailable(RuntimeError):
    """The engine cannot load on this machine. The message says why and what to install."""


class EngineError(RuntimeError):
    """The engine cannot do this job. ``retryable``: another attempt may succeed."""

    def __init__(self, message: str, *, retryable: bool = False) -> None:
        super().__init__(message)
        self.retryable = retryable


@dataclass(frozen=True)
class Artwork:
    """A training image on local disk and the artist's tags for it (lower case)."""

    path: Path
    tags: tuple[str, ...] = ()


@dataclass(frozen=True)
class TrainedModel:
    """The result of a training: a local file, and figures to show (loss, artworks used …)."""

    path: Path
    metric: dict[str, object] = field(default_factory=dict)


# Called with (steps done, total steps). An engine calls it at least once a second while it works.
# It may raise to abort the job; engines must not catch that.
OnProgress = Callable[[int, int], None]


class Engine(Protocol):
    """One way to learn a style from artworks and to draw with it.

    Both methods are deterministic: on one machine, the same arguments give the same result. They
    are called from one thread at a time. ``name`` and ``version`` are in the metadata of each
    picture.
    """

    name: str
    version: str

    def train(
        self,
        artworks: Sequence[Artwork],
        tags: Sequence[str],
        *,
        output: Path,
        num_epochs: int,
        on_progress: OnProgress,
    ) -> TrainedModel:
        """Learn from ``artworks`` and write the model into the existing folder ``output``.

        Raises EngineError if an artwork cannot be read.
        """
        ...

    def generate(
        self,
        model: Path,
        prompt: Sequence[str],
        *,
        size: tuple[int, int],
        seed: int,
        on_progress: OnProgress,
    ) -> Image.Image:
        """Draw ``prompt`` (tags) as an RGB image of ``size`` (width, height) in pixels.

        ``model`` is a file that ``train`` of the same engine wrote. Raises EngineError if it
        cannot be read.
        """
        ...
