"""``python -m tests.faults.worker …``: the worker, with an engine that does as the prompt says.

Tags: ``work 1500`` takes that many milliseconds, ``crash`` kills the process,
``noise`` makes a large file. Each beginning is a
line in the file that FAULT_RUNS names. Trainings take FAULT_TRAIN_MS. The first that gets as far as
the file ``die-at`` beside that one says (``trained``, or ``drawn 3`` pictures after a training)
deletes the file and dies.
"""

from __future__ import annotations

import os
import sys
import time
from pathlib import Path
from typing import Any

from PIL import Image

from devtools.one_colour import OneColour
from worker.__main__ import exit_now, main
from worker.engines.base import Engine, OnProgress, TrainedModel


class FaultEngine(OneColour):
    name = "fault"
    # Pictures since the last training.
    _drawn = 0

    def train(self, artworks: Any, tags: Any, **rest: Any) -> TrainedModel:
        _note("train", ",".join(tags))
        _work(int(os.environ.get("FAULT_TRAIN_MS", "100")), rest["on_progress"])
        model = super().train(artworks, tags, **rest)
        self._drawn = 0
        _die_at("trained")
        return model

    def generate(self, model: Any, prompt: Any, **rest: Any) -> Image.Image:
        size: tuple[int, int] = rest["size"]
        _note("generate", str(rest["seed"]))
        if "crash" in prompt:
            os._exit(9)
        self._drawn += 1
        _die_at(f"drawn {self._drawn}")
        wanted = [tag.split()[1] for tag in prompt if tag.startswith("work ")]
        _work(int(wanted[0]) if wanted else 20, rest["on_progress"])
        if "noise" in prompt:  # a file that no compression makes small
            return Image.frombytes("RGB", size, os.urandom(3 * size[0] * size[1]))
        return super().generate(model, prompt, **rest)


def _note(kind: str, what: str) -> None:
    line = f"{kind} {what} {os.getpid()}\n".encode()
    file = os.open(os.environ["FAULT_RUNS"], os.O_WRONLY | os.O_APPEND | os.O_CREAT, 0o644)
    os.write(file, line)
    os.close(file)


def _die_at(place: str) -> None:
    wanted = Path(os.environ["FAULT_RUNS"]).with_name("die-at")
    if wanted.exists() and wanted.read_text() == place:
        wanted.unlink(missing_ok=True)
        os._exit(9)


def _work(milliseconds: int, on_progress: OnProgress) -> None:
    done_at = time.monotonic() + milliseconds / 1000
    on_progress(0, milliseconds)
    while (left := done_at - time.monotonic()) > 0:
        time.sleep(min(left, 0.1))
        on_progress(min(milliseconds, milliseconds - int(1000 * left)), milliseconds)


def load(name: str) -> Engine:
    return FaultEngine()


if __name__ == "__main__":
    exit_now(main(sys.argv[1:], load=load))
