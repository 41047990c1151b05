"""By what a picture is found again, and how near it is to the works of its style."""

from collections.abc import Callable, Iterable, Sequence
from pathlib import Path
from typing import TypedDict

import structlog
from PIL import Image

from pictures import open_picture
from protocol import TOO_NEAR, WorkNearness
from provenance.features import FeaturesUnavailable, signs
from provenance.fingerprints import is_plain, pdq
from provenance.nearness import (
    Nearness,
    NotWorks,
    Report,
    Works,
    memorisation,
    nearest,
    remember,
)
from worker.engines.base import EngineError
from worker.storage import FileCache, StorageError

log = structlog.get_logger()

# What is kept of a style's works; it lies beside the model.
WORKS = "works.npz"
WORK_SIDE = 512  # pixels; no more of a work is looked at
# Of a memorisation report: small ones, so that a training takes little longer.
REPORT_PICTURES = 8
REPORT_SIDE = 256  # pixels


class Traces(TypedDict, total=False):
    """What a report says of the picture's pixels, so that it can be found by them."""

    pdq: str
    features: bytes


def traces_of(picture: Image.Image) -> Traces:
    """Nothing of a plain picture, since all of them are alike."""
    if is_plain(picture):
        return {}
    traces: Traces = {"pdq": pdq(picture).hex()}
    try:
        traces["features"] = signs(picture)
    except FeaturesUnavailable as error:
        log.warning("no_features", reason=str(error))
    return traces


def keep_works(paths: Iterable[Path], target: Path) -> Works | None:
    """Write what is kept of the works at ``paths``. Without features, nothing is."""
    try:
        works = remember(open_picture(path, side=WORK_SIDE).image for path in paths)
    except FeaturesUnavailable as error:
        log.warning("no_features", reason=str(error))
        return None
    target.write_bytes(works.packed())
    return works


def memorisation_of(
    prompts: Sequence[Sequence[str]],
    draw: Callable[[Sequence[str], int], Image.Image],
    works: Works,
) -> tuple[Report, Image.Image] | None:
    """How near pictures in a style are to its ``works``, and the one that is the nearest.

    ``prompts`` are the tags of the works; ``draw`` makes a picture of some, with a seed. None if
    the engine cannot draw them, which is no reason to lose a training.
    """
    spread = max(1, len(prompts) // REPORT_PICTURES)
    chosen = prompts[::spread][:REPORT_PICTURES]
    try:
        pictures = [draw(prompt, seed) for seed, prompt in enumerate(chosen)]
    except EngineError as error:
        log.warning("no_memorisation_report", reason=str(error))
        return None
    report = memorisation(pictures, works)
    return report, pictures[report.nearest_picture]


def works_beside(model_uri: str, files: FileCache) -> Works | None:
    """What was kept of the works of a model; None where the training kept nothing, as those of the
    version before. Raises StorageError."""
    folder, _, _ = model_uri.rpartition("/")
    try:
        return Works.read(files.fetch(f"{folder}/{WORKS}").read_bytes())
    except StorageError as error:
        if isinstance(error.__cause__, FileNotFoundError):
            return None
        raise
    except NotWorks as error:
        log.error("works_unreadable", model=model_uri, reason=str(error))
        return None


class TooNear(EngineError):
    """The picture is a copy of a work. No attempt with the same words and seed makes another."""

    def __init__(self, nearness: WorkNearness) -> None:
        super().__init__(TOO_NEAR)
        self.nearness = nearness


def nearness_of(picture: Image.Image, works: Works | None) -> WorkNearness | None:
    """How near ``picture`` is to ``works``. Raises TooNear."""
    if works is None:
        return None
    try:
        found = nearest(picture, works)
    except FeaturesUnavailable as error:
        log.warning("no_features", reason=str(error))
        return None
    nearness = told(found)
    if found.is_copy:
        log.warning("picture_is_copy", **vars(found))
        raise TooNear(nearness)
    return nearness


def told(found: Nearness) -> WorkNearness:
    """In the protocol's words."""
    likeness, bound = round(found.likeness, 3), round(found.bound, 3)
    return WorkNearness(found.work, found.bits, likeness, bound)
