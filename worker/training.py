"""Training: the model of a style, samples of it, and how near its pictures are to the works."""

from collections.abc import Iterator, Sequence
from pathlib import Path

from PIL import Image

from pictures import PictureError, open_picture, preview
from protocol import Memorisation, Sample, TrainingProgress, TrainingReport, TrainingTask
from provenance.nearness import Works
from worker.checkpoints import Checkpoints
from worker.engines.base import Artwork, EngineError
from worker.found_again import (
    REPORT_PICTURES,
    REPORT_SIDE,
    WORKS,
    keep_works,
    memorisation_of,
    told,
)
from worker.jobs import Job, Pace, Progress, Workshop, seconds_left, under
from worker.samples import SCORED, Sampler, file_of
from worker.samples import told as sample_of
from worker.storage import file_suffix

SMALL_SIDE = 64  # pixels; enough to see that an artwork can be decoded to its end
NEAREST = "nearest.webp"  # of a memorisation report
# How much of the progress, in percent, is that of learning. Drawing comes after it, and may take
# minutes too.
LEARNING = 80


class Parts:
    """The progress of a training in two parts: it learns, then it draws ``pictures``."""

    def __init__(self, progress: Progress, pictures: int) -> None:
        self._progress, self._pictures = progress, max(1, pictures)
        self._begun, self._last = 0, 1.0

    def learned(self, done: int, total: int) -> None:
        self._note(LEARNING * done / max(1, total))

    def drawn(self, done: int, total: int) -> None:
        share = done / max(1, total)
        self._begun += share < self._last  # the next picture
        self._last = share
        whole = min(1.0, (max(0, self._begun - 1) + share) / self._pictures)
        self._note(LEARNING + (100 - LEARNING) * whole)

    def _note(self, percent: float) -> None:
        self._progress.note(round(100 * percent), 10_000)


class TrainingJob(Job):
    """The model of a style."""

    def __init__(self, task: TrainingTask, shop: Workshop) -> None:
        super().__init__(shop)
        self._task = task
        self._checkpoints = Checkpoints(task, shop.storage, shop.engine)

    def fetch(self, folder: Path, progress: Progress) -> None:
        self._artworks = []
        pairs = zip(self._task.data.image_paths, self._task.data.image_tags, strict=True)
        for number, (uri, tags) in enumerate(pairs, start=1):
            progress.check()
            path = folder / f"artwork-{number:03d}{file_suffix(uri)}"
            self._shop.storage.fetch(uri, path)
            try:
                open_picture(path, side=SMALL_SIDE)
            except (PictureError, OSError) as error:
                raise EngineError(
                    f"Artwork {number} cannot be read as a JPEG or PNG image."
                ) from error
            words = tuple(tag.strip().lower() for tag in tags if tag.strip())
            self._artworks.append(Artwork(path, words))

    def make(self, folder: Path, progress: Progress) -> None:
        output = folder / "model"
        output.mkdir()

        def save_checkpoint(path: Path) -> None:
            # One that comes after the end, by another worker with the same task, nobody deletes.
            progress.flush()
            self._checkpoints.save(path)

        prompts = len(self._task.data.sample_prompts)
        most = min(REPORT_PICTURES, len(self._artworks)) + prompts + min(SCORED, prompts)
        parts = Parts(progress, most)
        self._model = self._shop.engine.train(
            self._artworks,
            list(dict.fromkeys(tag for artwork in self._artworks for tag in artwork.tags)),
            output=output,
            num_epochs=self._task.data.num_epochs,
            on_progress=parts.learned,
            settings=self._task.data.settings,
            resume_from=self._checkpoints.last(folder),
            save_checkpoint=save_checkpoint,
        )
        self._works = folder / WORKS
        works = keep_works(self._watched(progress), self._works)
        self._memorisation = self._compare(works, folder, parts) if works else None
        self._draw_samples(works, folder, parts)
        progress.note(1, 1)

    def _draw_samples(self, works: Works | None, folder: Path, parts: Parts) -> None:
        """Samples, and how like the works they look."""
        data, engine = self._task.data, self._shop.engine
        sampler = Sampler(engine, data.sample_prompts, parts.drawn)
        drawn = sampler.draw(self._model.path)
        self._samples: list[tuple[Sample, Path]] = []
        for prompt, picture in drawn:
            name = f"sample-{prompt.place}.webp"
            (folder / name).write_bytes(file_of(picture, prompt, style=data.name, engine=engine))
            told = sample_of(prompt, picture, under(data.output_path, name))
            self._samples.append((told, folder / name))
        self._score = sampler.score(self._model, drawn, works, folder) if works else None

    def _compare(self, works: Works, folder: Path, parts: Parts) -> Memorisation | None:
        """How near pictures of the new model are to its works. The nearest one is kept."""

        def draw(prompt: Sequence[str], seed: int) -> Image.Image:
            return self._shop.engine.generate(
                self._model.path,
                prompt,
                size=(REPORT_SIDE, REPORT_SIDE),
                seed=seed,
                on_progress=parts.drawn,
            )

        made = memorisation_of([artwork.tags for artwork in self._artworks], draw, works)
        if made is None:
            return None
        report, picture = made
        self._nearest = folder / NEAREST
        self._nearest.write_bytes(preview(picture, REPORT_SIDE))
        return Memorisation(
            pictures=[told(found) for found in report.pictures],
            nearest=report.nearest_picture,
            copies=report.copies,
            image_path=under(self._task.data.output_path, NEAREST),
        )

    def _watched(self, progress: Progress) -> Iterator[Path]:
        for artwork in self._artworks:
            progress.check()
            yield artwork.path

    def deliver(self) -> TrainingReport:
        task, model = self._task, self._model
        if self._works.exists():
            works_path = under(task.data.output_path, WORKS)
            self._shop.storage.store(self._works, works_path, "application/octet-stream")
        if self._memorisation:
            nearest_path = self._memorisation.image_path
            self._shop.storage.store(self._nearest, nearest_path, "image/webp")
        for sample, path in self._samples:
            self._shop.storage.store(path, sample.image_path, "image/webp")
        name = f"model{file_suffix(model.path.name)}"
        model_path = under(task.data.output_path, name)
        self._shop.storage.store(model.path, model_path, "application/octet-stream")
        return TrainingReport(
            task_id=task.task_id,
            attempt=task.attempt,
            training_status="completed",
            model_path=model_path,
            training_metric=dict(model.metric),
            engine_version=self._shop.engine.version,
            memorisation=self._memorisation,
            samples=[sample for sample, _ in self._samples],
            style_score=self._score,
        )

    def started(self, pace: Pace | None) -> TrainingReport:
        task = self._task
        epochs = None
        if pace is not None:
            all_epochs = task.data.num_epochs
            # Engines count in steps of their own; people know of epochs.
            done = min(all_epochs, 100 * all_epochs * pace.done // (LEARNING * pace.total))
            epochs = TrainingProgress(done, all_epochs, pace.percent, seconds_left(pace))
        return TrainingReport(task.task_id, task.attempt, "training", progress=epochs)

    def failed(self, reason: str, *, retryable: bool) -> TrainingReport:
        task = self._task
        return TrainingReport(
            task.task_id, task.attempt, "failed", failure_reason=reason, retryable=retryable
        )
