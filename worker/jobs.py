"""What a job does with a task: fetch, train or draw, store. Telling the backend is the runner's."""

import re
import time
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

from PIL.Image import Image

from pictures import PictureError, open_picture
from protocol import (
    GenerationProgress,
    GenerationReport,
    GenerationTask,
    Task,
    TrainingProgress,
    TrainingReport,
    TrainingTask,
)
from protocol.previews import WIDTHS, preview_name, reported_name, widths_of
from worker.engines.base import Artwork, Engine, EngineError
from worker.progress import Pace, Progress
from worker.provenance import Provenance, placeholder, save_png, save_preview
from worker.reports import Report
from worker.signature import read_signature, sign
from worker.storage import FileCache, Storage, file_suffix

NO_REASON = "The style engine could not do this."
SMALL_SIDE = 64  # pixels; enough to see that an artwork can be decoded to its end
LONGEST_ESTIMATE = 10_000_000  # seconds; what the protocol allows


@dataclass(frozen=True)
class Workshop:
    """What every job needs; ``files`` keeps models and signatures at hand between jobs."""

    engine: Engine
    storage: Storage
    files: FileCache


def work_out(task: Task, shop: Workshop, progress: Progress, folder: Path) -> Report:
    """Do the job in the empty ``folder``, store what it makes and return the report to send.

    Nothing is stored when the job turns out not to be ours any more. Raises EngineError,
    StorageError, OSError and JobStopped.
    """
    if isinstance(task, GenerationTask):
        return _draw(task, shop, progress, folder)
    return _train(task, shop, progress, folder)


def _draw(
    task: GenerationTask, shop: Workshop, progress: Progress, folder: Path
) -> GenerationReport:
    wanted = task.data
    started_at = time.monotonic()
    model = shop.files.fetch(wanted.lora_path)
    signature = (
        read_signature(shop.files.fetch(wanted.signature_path)) if wanted.signature_path else None
    )
    progress.begin()
    drawn = shop.engine.generate(
        model,
        [tag for tag in wanted.prompt.split(", ") if tag],
        size=(wanted.width, wanted.height),
        seed=wanted.seed,
        on_progress=progress.note,
    )
    picture = sign(drawn, signature=signature, artist_name=wanted.artist_name)
    provenance = Provenance(
        artist=wanted.artist_name,
        style=wanted.style_name,
        license_url=wanted.license_url,
        generation_id=wanted.generation_id,
        prompt=wanted.prompt,
        seed=wanted.seed,
    )
    image = folder / "image.png"
    save_png(picture, image, provenance)
    previews = list(_previews(picture, folder, provenance))
    blurred = placeholder(picture)

    progress.flush()
    for preview in previews:
        shop.storage.store(preview, _under(wanted.output_path, preview.name), "image/webp")
    # The picture last: where it is, everything is.
    image_path = _under(wanted.output_path, image.name)
    shop.storage.store(image, image_path, "image/png")
    return GenerationReport(
        task_id=task.task_id,
        attempt=task.attempt,
        status="completed",
        image_path=image_path,
        metadata={
            "preview_path": _under(wanted.output_path, reported_name("preview", picture.width)),
            "placeholder": blurred,
            "width": picture.width,
            "height": picture.height,
            "engine": shop.engine.name,
            "seconds": round(time.monotonic() - started_at, 3),
        },
    )


def _previews(picture: Image, folder: Path, provenance: Provenance) -> Iterator[Path]:
    for width in widths_of(picture.width):
        path = folder / preview_name("preview", width)
        # The smallest are looked at in dozens: they say nothing but their pixels.
        save_preview(picture, path, provenance if width > WIDTHS[0] else None, width=width)
        yield path


def _train(task: TrainingTask, shop: Workshop, progress: Progress, folder: Path) -> TrainingReport:
    artworks = list(_artworks(task, shop.storage, progress, folder))
    output = folder / "model"
    output.mkdir()
    progress.begin()
    model = shop.engine.train(
        artworks,
        list(dict.fromkeys(tag for artwork in artworks for tag in artwork.tags)),
        output=output,
        num_epochs=task.data.num_epochs,
        on_progress=progress.note,
    )
    progress.flush()
    model_path = _under(task.data.output_path, f"model{file_suffix(model.path.name)}")
    shop.storage.store(model.path, model_path, "application/octet-stream")
    return TrainingReport(
        task_id=task.task_id,
        attempt=task.attempt,
        training_status="completed",
        model_path=model_path,
        training_metric=dict(model.metric),
    )


def _artworks(
    task: TrainingTask, storage: Storage, progress: Progress, folder: Path
) -> Iterator[Artwork]:
    pairs = zip(task.data.image_paths, task.data.image_tags, strict=True)
    for number, (uri, tags) in enumerate(pairs, start=1):
        progress.check()
        path = folder / f"artwork-{number:03d}{file_suffix(uri)}"
        storage.fetch(uri, path)
        try:
            open_picture(path, side=SMALL_SIDE)
        except (PictureError, OSError) as error:
            raise EngineError(f"Artwork {number} cannot be read as a JPEG or PNG image.") from error
        yield Artwork(path, tuple(tag.strip().lower() for tag in tags if tag.strip()))


def _under(folder: str, name: str) -> str:
    return f"{folder.rstrip('/')}/{name}"


def started_report(task: Task, pace: Pace | None) -> Report:
    """The job is being worked on; ``pace`` is None until the engine has begun."""
    left = None
    if pace is not None and pace.estimated_seconds is not None:
        left = min(pace.estimated_seconds, LONGEST_ESTIMATE)
    if isinstance(task, GenerationTask):
        steps = GenerationProgress(pace.done, pace.total, pace.percent, left) if pace else None
        return GenerationReport(task.task_id, task.attempt, "processing", progress=steps)
    epochs = None
    if pace is not None:
        all_epochs = task.data.num_epochs
        # Engines count in steps of their own; people know of epochs.
        done = pace.done * all_epochs // pace.total
        epochs = TrainingProgress(done, all_epochs, pace.percent, left)
    return TrainingReport(task.task_id, task.attempt, "training", progress=epochs)


def failed_report(task: Task, reason: str, *, retryable: bool) -> Report:
    """``reason`` is shown to users as it is."""
    if isinstance(task, GenerationTask):
        return GenerationReport(
            task.task_id, task.attempt, "failed", failure_reason=reason, retryable=retryable
        )
    return TrainingReport(
        task.task_id, task.attempt, "failed", failure_reason=reason, retryable=retryable
    )


def sentence_for_users(error: EngineError) -> str:
    """An engine's own words, unless they hold a path, an address or a stack."""
    text = " ".join(str(error).split())
    if (
        not text
        or len(text) > 300
        or re.search(r"\w[/\\]\w+[/\\]|(^|\s)[~/]\w|://|Traceback", text)
    ):
        return NO_REASON
    return text
