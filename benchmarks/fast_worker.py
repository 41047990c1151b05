"""``python -m benchmarks.fast_worker …``: the worker, with an engine that paints one colour.

Everything around the engine is the real thing: the queue, signature, provenance, files, reports.
What is left out is half a second of neural network, which is measured by itself.
"""

from __future__ import annotations

import sys
from collections.abc import Sequence
from pathlib import Path

from PIL import Image

from worker.__main__ import exit_now, main
from worker.engines.base import Artwork, Engine, OnProgress, TrainedModel


class OneColour:
    name = "one-colour"

    def train(
        self,
        artworks: Sequence[Artwork],
        tags: Sequence[str],
        *,
        output: Path,
        num_epochs: int,
        on_progress: OnProgress,
    ) -> TrainedModel:
        path = output / "model.npz"
        path.write_bytes(b"nothing was learnt")
        on_progress(1, 1)
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
        on_progress(1, 1)
        return Image.new("RGB", size, (seed % 256, 90, 140))


def load(name: str) -> Engine:
    return OneColour()


if __name__ == "__main__":
    exit_now(main(sys.argv[1:], load=load))
