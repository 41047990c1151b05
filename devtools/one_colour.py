"""An engine that paints one colour: for all that is about the worker around its engine."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path
from typing import Any

from PIL import Image

from worker.engines.base import Artwork, Engine, OnProgress, TrainedModel


class OneColour(Engine):
    name = "one-colour"
    version = "1"

    def train(
        self,
        artworks: Sequence[Artwork],
        tags: Sequence[str],
        *,
        output: Path,
        on_progress: OnProgress,
        **rest: Any,
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
        **rest: Any,
    ) -> Image.Image:
        on_progress(1, 1)
        return Image.new("RGB", size, (seed % 256, 90, 140))
