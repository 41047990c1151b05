"""``python -m worker.engines.diffusion.tests.worker_main KILLS …``: a worker with a base model of
random numbers and short trainings.

The worker is a child of this process, which has imported what takes long. The first KILLS children
kill themselves after the second checkpoint of a training; each is followed by another.
"""

import multiprocessing
import os
import signal
import sys
import tempfile
from collections.abc import Sequence
from pathlib import Path
from typing import Any

os.environ |= {"HF_HUB_OFFLINE": "1", "TRANSFORMERS_OFFLINE": "1"}

import torch
from PIL import Image

from worker.__main__ import exit_now, main
from worker.engines.base import TrainedModel
from worker.engines.diffusion.engine import DiffusionEngine
from worker.engines.diffusion.tests import tiny

QUICK_TRAINING = {"resolution": 64, "repeats": 1, "rank": 4, "alpha": 4.0, "learning_rate": 0.02}
QUICK_PICTURE = {"steps": 2}
CHECKPOINTS_BEFORE_KILL = 2
LONGEST_LIFE = 600  # seconds


class QuickEngine(DiffusionEngine):
    is_killed = False

    def train(self, *arguments: Any, save_checkpoint: Any, **rest: Any) -> TrainedModel:
        saved = 0

        def save(path: Path) -> None:
            nonlocal saved
            save_checkpoint(path)
            saved += 1
            if self.is_killed and saved == CHECKPOINTS_BEFORE_KILL:
                os.kill(os.getpid(), signal.SIGKILL)

        rest["settings"] = {**rest.get("settings", {}), **QUICK_TRAINING}
        return super().train(*arguments, save_checkpoint=save, **rest)

    def generate_batch(self, *arguments: Any, **rest: Any) -> list[Image.Image]:
        rest["settings"] = {**rest.get("settings", {}), **QUICK_PICTURE}
        return super().generate_batch(*arguments, **rest)


def run(arguments: Sequence[str], *, model: Path, is_killed: bool) -> int:
    """The worker, in this process."""

    def load(name: str) -> QuickEngine:
        engine = QuickEngine(tiny.settings(model))
        engine.is_killed = is_killed
        return engine

    return main(arguments, load=load)


def supervise(kills: int, arguments: Sequence[str], model: Path) -> int:
    forking = multiprocessing.get_context("fork")
    while True:

        def live(is_killed: bool = kills > 0) -> None:
            exit_now(run(arguments, model=model, is_killed=is_killed))

        child = forking.Process(target=live)
        child.start()
        signal.signal(signal.SIGTERM, lambda *_, child=child: child.terminate())
        child.join(timeout=LONGEST_LIFE)
        if child.exitcode is None:
            child.kill()
            return 1
        if child.exitcode >= 0:
            return child.exitcode
        print(f"killed by signal {-child.exitcode}", flush=True)  # noqa: T201
        kills -= 1


if __name__ == "__main__":
    torch.set_num_threads(1)
    with tempfile.TemporaryDirectory() as folder:
        code = supervise(int(sys.argv[1]), sys.argv[2:], tiny.sd1(Path(folder)))
    sys.exit(code)
