"""The interface of style engines. README.md in this folder says how to add one."""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Protocol

from PIL import Image

from protocol.formats import BY_ENGINE, COMMON


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
    """The result of a training: a local file, and figures to show (loss, artworks used …).

    ``held_out`` are the places of the artworks (from 0) that it was not learned from.
    """

    path: Path
    metric: dict[str, object] = field(default_factory=dict)
    held_out: tuple[int, ...] = ()


@dataclass(frozen=True)
class Wanted:
    """One picture of a batch: the prompt's tags, its size (width, height) in pixels, its seed."""

    prompt: Sequence[str]
    size: tuple[int, int]
    seed: int


# Called with (steps done, total steps). An engine calls it at least once a second while it works.
# It may raise to abort the job; engines must not catch that.
OnProgress = Callable[[int, int], None]
# Called with a file of the engine's own, from which an aborted training can go on. The file belongs
# to the engine again once the call has returned.
SaveCheckpoint = Callable[[Path], None]
# What a task may say besides. Each engine has its own names, and refuses what it doesn't know.
Settings = Mapping[str, object]
NO_SETTINGS: Settings = {}


class Engine(Protocol):
    """One way to learn a style from artworks and to draw with it.

    ``train`` and ``generate`` are deterministic: on one machine, the same arguments give the same
    result. All methods are called from one thread at a time. ``name`` and ``version`` are in the
    metadata of each picture. ``makes_checkpoints`` says whether a training can go on from where it
    was interrupted. ``sample_side`` is that of the square pictures (in pixels) that are drawn to
    look at after a training. Subclasses inherit what an engine can do without.
    """

    name: str
    version: str
    makes_checkpoints: bool = False
    sample_side: int = 256
    # For operators: what it is built on, and what it runs on.
    base_model: str = ""
    device: str = ""

    def vocabulary(self) -> frozenset[str] | None:
        """The words that the engine can draw, in lower case; None if it is not limited to any."""
        return None

    def sizes(self) -> Mapping[str, tuple[int, int]]:
        """The aspect ratios that can be ordered from it, each with width and height in pixels."""
        return BY_ENGINE.get(self.name, COMMON)

    def train(
        self,
        artworks: Sequence[Artwork],
        tags: Sequence[str],
        *,
        output: Path,
        num_epochs: int,
        on_progress: OnProgress,
        settings: Settings = NO_SETTINGS,
        resume_from: Path | None = None,
        save_checkpoint: SaveCheckpoint | None = None,
    ) -> TrainedModel:
        """Learn from ``artworks`` and write the model into the existing folder ``output``.

        ``resume_from`` is a file that an earlier attempt at the same training gave to
        ``save_checkpoint``, or a damaged copy of it; the result is the same as without. An engine
        that makes no checkpoints ignores both. Raises EngineError if an artwork cannot be read.
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
        settings: Settings = NO_SETTINGS,
    ) -> Image.Image:
        """Draw ``prompt`` (tags) as an RGB image of ``size`` (width, height) in pixels.

        ``model`` is a file that ``train`` of the same engine wrote. The image's
        ``info["settings"]``, if there, is what else is needed to make it again. Raises EngineError
        if ``model`` cannot be read.
        """
        ...

    def plain(
        self, prompt: Sequence[str], *, size: tuple[int, int], seed: int, on_progress: OnProgress
    ) -> Image.Image | None:
        """What ``generate`` would draw without any style; None if there is no such picture."""
        return None

    def without(self, model: Path, works: Sequence[int], *, output: Path) -> Path | None:
        """Write ``model``, as if it had not been learned from ``works`` (their places, from 0),
        into the folder ``output``; None if that would take another training."""
        return None

    def generate_batch(
        self,
        model: Path,
        wanted: Sequence[Wanted],
        *,
        on_progress: OnProgress,
        settings: Settings = NO_SETTINGS,
    ) -> list[Image.Image]:
        """Draw several pictures of one style, in the order of ``wanted``."""
        pictures = []
        for number, each in enumerate(wanted):

            def count(done: int, total: int, before: int = number) -> None:
                on_progress(before * total + done, len(wanted) * total)

            pictures.append(
                self.generate(
                    model,
                    each.prompt,
                    size=each.size,
                    seed=each.seed,
                    on_progress=count,
                    settings=settings,
                )
            )
        return pictures
