"""``python -m tests.faults.worker …``: the worker, with an engine that does as the prompt says.

Tags: ``work 1500`` takes that many milliseconds, ``crash`` kills the process,
``noise`` makes a large file. Each beginning is a
line in the file that FAULT_RUNS names. Trainings take FAULT_TRAIN_MS.
"""

from __future__ import annotations

import os
import sys
import time
from collections.abc import Sequence
from pathlib import Path

from PIL import Image

from worker.__main__ import exit_now, main
from worker.engines.base import Artwork, Engine, OnProgress, TrainedModel


class FaultEngine:
    name = "fault"

    def train(
        self,
        artworks: Sequence[Artwork],
        tags: Sequence[str],
        *,
        output: Path,
        num_epochs: int,
        on_progress: OnProgress,
    ) -> TrainedModel:
        _note("train", ",".join(tags))
        _work(int(os.environ.get("FAULT_TRAIN_MS", "100")), on_progress)
        path = output / "model.npz"
        path.write_bytes(b"learnt")
        return TrainedModel(path, {"artworks": len(artworks)})

    def generate(
        self,
        model: Path,
        prompt: Sequence[str],
        *,
        size: tuple[int, int],
        seed: int,
        on_progress: OnProgress,
    ) -> Image.Image:
        _note("generate", str(seed))
        if "crash" in prompt:
            os._exit(9)
        wanted = [tag.split()[1] for tag in prompt if tag.startswith("work ")]
        _work(int(wanted[0]) if wanted else 20, on_progress)
        if "noise" in prompt:  # a file that no compression makes small
            return Image.frombytes("RGB", size, os.urandom(3 * size[0] * size[1]))
        return Image.new("RGB", size, (seed % 256, 90, 140))


def _note(kind: str, what: str) -> None:
    line = f"{kind} {what} {os.getpid()}\n".encode()
    file = os.open(os.environ["FAULT_RUNS"], os.O_WRONLY | os.O_APPEND | os.O_CREAT, 0o644)
    os.write(file, line)
    os.close(file)


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
