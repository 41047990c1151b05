"""The engine: what the worker calls."""

import hashlib
import os
from collections.abc import Sequence
from pathlib import Path

import diffusers
import structlog
import torch
from PIL import Image

from worker.engines.base import (
    NO_SETTINGS,
    Artwork,
    Engine,
    EngineError,
    OnProgress,
    SaveCheckpoint,
    Settings,
    TrainedModel,
    Wanted,
)
from worker.engines.diffusion.base_models import known_base_model
from worker.engines.diffusion.drawing import Drawer
from worker.engines.diffusion.failures import told
from worker.engines.diffusion.families import FAMILIES
from worker.engines.diffusion.pipelines import Base
from worker.engines.diffusion.safety import AllowAll, SafetyCheck
from worker.engines.diffusion.settings import (
    EngineSettings,
    TrainingSettings,
    as_data,
    read,
    read_environment,
)
from worker.engines.diffusion.style_file import write_style
from worker.engines.diffusion.training import Training, identity_of
from worker.engines.diffusion.works import digest_of, prepare

log = structlog.get_logger()

MODEL_FILE = "model.safetensors"
SIDE_ON_CPU = 64


class DiffusionEngine(Engine):
    """A base model of one of the families, with a LoRA for each style."""

    name = "diffusion"
    version = "1"
    makes_checkpoints = True

    def __init__(self, settings: EngineSettings, safety: SafetyCheck | None = None) -> None:
        """Check the base model and load it. Raises EngineUnavailable."""
        # Without this, equal tasks give pictures that are nearly equal.
        os.environ.setdefault("CUBLAS_WORKSPACE_CONFIG", ":4096:8")
        torch.use_deterministic_algorithms(True, warn_only=True)
        torch.backends.cudnn.benchmark = False
        self._settings = settings
        self._model = known_base_model(
            settings.model, is_production=settings.is_production, allowed=settings.allowed
        )
        self.base_model = f"{self._model.name}@{self._model.revision}"
        has_card = torch.cuda.is_available() and settings.device != "cpu"
        self.device = torch.cuda.get_device_name() if has_card else "cpu"
        # Smaller pictures than those that the base model knows come out poor. A CPU, which is for
        # tests alone, would take minutes for one.
        native_side = FAMILIES[self._model.family].native_side
        self.sample_side = native_side if self.device != "cpu" else SIDE_ON_CPU
        self._safety = safety or AllowAll()
        if isinstance(self._safety, AllowAll):
            log.warning("no_safety_check", meaning="every picture is delivered, whatever it shows")
        self._drawer: Drawer | None = self._new_drawer()

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
        """Write a LoRA as one safetensors file. An epoch shows each work ``repeats`` times.

        ``settings`` are those of TrainingSettings. The metric has ``engine`` and ``base_model`` for
        the training manifest, the numbers used, the loss of each epoch on the works and on those
        held out, and the epoch that was kept. Raises EngineError.
        """
        asked = read(TrainingSettings, settings)
        num_epochs = min(num_epochs, asked.max_steps)  # each has a step
        if asked.rank > self._settings.max_rank:
            # It would be trained, and no worker like this one could draw with it.
            raise EngineError(f"rank is {self._settings.max_rank} at most here, not {asked.rank}.")
        if not FAMILIES[self._model.family].trains:
            raise EngineError(
                f"The base model {self._model.name} draws, but does not learn styles here.",
                retryable=True,
            )
        self._drawer = None  # its network has layers for styles, and its memory is needed
        with told():
            base = Base(self._settings, self._model)
            count = len(artworks)
            on_progress(0, count + 1)
            works = prepare(base, artworks, asked, lambda done: on_progress(done, 10 * count))
            training_set = digest_of(artworks)
            identity = identity_of(base, asked, num_epochs, training_set, self.version)
            training = Training(base, works, asked, num_epochs, identity=identity)
            begun_at = 0
            if resume_from is not None and training.go_on_from(resume_from):
                begun_at = training.learned.step
            learned = training.run(
                lambda done, total: on_progress(count + done, count + total),
                folder=output,
                save_checkpoint=save_checkpoint,
                checkpoint_seconds=self._settings.checkpoint_seconds,
            )
        path = output / MODEL_FILE
        write_style(path, learned.weights, asked, self._model, training_set=training_set)
        metric: dict[str, object] = {
            "engine": {"name": self.name, "package": f"diffusers {diffusers.__version__}"},
            "base_model": self._model.public(),
            "artworks": len(artworks),
            "held_out": len(works.held_out),
            "tags": len(set(tags)),
            "epochs": num_epochs,
            "steps": training.steps,
            "begun_at_step": begun_at,
            "loss": round(learned.losses[learned.epoch - 1], 6),
            "losses": [round(loss, 6) for loss in learned.losses],
            "held_out_losses": [round(loss, 6) for loss in learned.held_out],
            "epoch_kept": learned.epoch,
            "settings": as_data(asked),
            "sha256": hashlib.sha256(path.read_bytes()).hexdigest(),
        }
        return TrainedModel(path, metric, tuple(works.held_out))

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
        """Draw one picture. ``settings`` are those of DrawingSettings."""
        (picture,) = self.generate_batch(
            model,
            [Wanted(prompt, size, seed)],
            on_progress=on_progress,
            settings=settings,
        )
        return picture

    def generate_batch(
        self,
        model: Path,
        wanted: Sequence[Wanted],
        *,
        on_progress: OnProgress,
        settings: Settings = NO_SETTINGS,
    ) -> list[Image.Image]:
        """Draw pictures of one size together. Next to one drawn alone, a pixel may differ by a
        rounding: sums are taken in another order."""
        drawer = self._ready()
        return drawer.draw(model, wanted, settings, on_progress=on_progress)

    def plain(
        self, prompt: Sequence[str], *, size: tuple[int, int], seed: int, on_progress: OnProgress
    ) -> Image.Image:
        """The base model's own picture."""
        wanted = [Wanted(prompt, size, seed)]
        (picture,) = self._ready().draw(None, wanted, NO_SETTINGS, on_progress=on_progress)
        return picture

    def _ready(self) -> Drawer:
        if self._drawer is None:
            with told():
                self._drawer = self._new_drawer()
        return self._drawer

    def _new_drawer(self) -> Drawer:
        return Drawer(
            Base(self._settings, self._model),
            self._safety,
            max_rank=self._settings.max_rank,
            styles_in_memory=self._settings.styles_in_memory,
        )


def load() -> DiffusionEngine:
    """The engine that the environment describes. Raises EngineUnavailable."""
    return DiffusionEngine(read_environment(os.environ))
