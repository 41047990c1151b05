"""``python -m benchmarks.drawing``: a picture by the engine beside its two networks alone.

Bare has the pictures ready as numbers, runs both networks once on them and packs what comes out as
PNG: no model file, no scene, no detail brought back. In turn, in one process; prints JSON.
"""

from __future__ import annotations

import argparse
import io
import json
import sys
import tempfile
import time
from collections.abc import Callable
from dataclasses import asdict, dataclass
from pathlib import Path
from statistics import median
from typing import Any

import numpy as np
from PIL import Image

from benchmarks.figures import ratio
from worker.engines.stylenet import PREDICT_SIDE, STYLE_NUMBERS, StyleModel, StylenetEngine

SIDE = 512
MARK = 0.8
ARTWORKS = 20
PROMPT = ("sea", "boat", "sunset")


@dataclass(frozen=True)
class Took:
    seconds: float
    cpu: float


def timed(act: Callable[[], Image.Image]) -> Took:
    """For making the picture and packing it."""
    began, cpu = time.perf_counter(), time.process_time()
    act().save(io.BytesIO(), format="PNG")
    return Took(time.perf_counter() - began, time.process_time() - cpu)


def compare(rounds: int) -> dict[str, Any]:
    began = time.perf_counter()
    engine = StylenetEngine()
    loaded = time.perf_counter() - began
    with tempfile.TemporaryDirectory(prefix="bench-drawing-") as folder:
        model = Path(folder) / "model.npz"
        chance = np.random.default_rng(1)
        vectors = chance.normal(0, 0.3, (ARTWORKS, STYLE_NUMBERS)).astype(np.float32)
        StyleModel(vectors, tuple((f"tag{n}",) for n in range(ARTWORKS))).save(model)

        def ours() -> Image.Image:
            return engine.generate(
                model, PROMPT, size=(SIDE, SIDE), seed=1, on_progress=lambda step, steps: None
            )

        bare = _bare(engine, ours())
        for act in (ours, bare):
            timed(act)
        turns = [(timed(ours), timed(bare)) for _ in range(rounds)]
    mine, its = zip(*turns, strict=True)
    return {
        "side": SIDE,
        "rounds": rounds,
        "mark": MARK,
        "loaded_seconds": round(loaded, 2),
        "ours": _middle(mine),
        "bare": _middle(its),
        "share": ratio([b.seconds / a.seconds for a, b in turns]),
        "cpu": ratio([b.cpu / a.cpu for a, b in turns]),
    }


def _bare(engine: StylenetEngine, picture: Image.Image) -> Callable[[], Image.Image]:
    networks = engine._networks
    small = picture.resize((PREDICT_SIDE, PREDICT_SIDE))
    style = np.asarray(small, np.float32)[None] / 255
    content = np.asarray(picture, np.float32)[None] / 255

    def draw() -> Image.Image:
        vector = networks.predict(style).reshape(STYLE_NUMBERS)
        painted = networks.transform(content, vector)[0]
        return Image.fromarray((painted.clip(0, 1) * 255).astype(np.uint8))

    return draw


def _middle(taken: tuple[Took, ...]) -> dict[str, float]:
    return {
        name: round(median(asdict(each)[name] for each in taken), 4) for name in asdict(taken[0])
    }


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--rounds", type=int, default=10)
    sys.stdout.write(json.dumps(compare(parser.parse_args().rounds)))


if __name__ == "__main__":
    main()
