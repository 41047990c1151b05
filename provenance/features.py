"""1 280 numbers for what a picture shows: alike for crops, mirrored and repainted copies, where
fingerprints of pixels differ.

They are the last numbers but the classes of EfficientNet-Lite0 (Tan and Le, arXiv:1905.11946),
trained on ImageNet. ``features.onnx`` is that network with its weights in eight bits (Apache-2.0);
``devtools/features_network.py`` says where it comes from. It is loaded at the first picture.
"""

from __future__ import annotations

from functools import lru_cache
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray
from PIL import Image

Floats = NDArray[np.float32]

NETWORK = Path(__file__).parent / "features.onnx"
NUMBERS = 1280
SIGN_BYTES = NUMBERS // 8
SIDE = 224  # pixels; what the network takes


class FeaturesUnavailable(RuntimeError):
    """The network cannot run on this machine. The message says what to install."""


def features(image: Image.Image) -> Floats:
    """The numbers of ``image``, as a vector of length 1. How alike two pictures are is the product
    of their vectors, at most 1. Raises FeaturesUnavailable."""
    return _of_length_1(_run("numbers", image))


def signs(image: Image.Image) -> bytes:
    """A bit for each number, whether it is above what pictures have on average: 160 bytes, which
    are enough to find the nearest among very many. Raises FeaturesUnavailable."""
    return np.packbits(_run("centred", image) > 0).tobytes()


def pixels_of(image: Image.Image) -> Floats:
    """What the network sees of ``image``, squeezed into a square: (1, 224, 224, 3) in 0 … 255."""
    small = image.convert("RGB").resize((SIDE, SIDE), Image.Resampling.BICUBIC, reducing_gap=3.0)
    return np.asarray(small, np.float32)[None]


def _run(output: str, image: Image.Image) -> Floats:
    numbers: Floats = _network().run([output], {"pixels": pixels_of(image)})[0][0]
    return numbers


def _of_length_1(numbers: Floats) -> Floats:
    length = float(np.linalg.norm(numbers))
    return numbers / np.float32(max(length, 1e-9))


@lru_cache(maxsize=1)
def _network() -> Any:
    try:
        import onnxruntime
    except ImportError as error:
        raise FeaturesUnavailable("Features need onnxruntime: pip install onnxruntime.") from error
    options = onnxruntime.SessionOptions()
    options.intra_op_num_threads = 1
    options.log_severity_level = 3  # errors
    # The weights are made whole once, not for each picture.
    options.add_session_config_entry("session.disable_quant_qdq", "1")
    return onnxruntime.InferenceSession(NETWORK, options, providers=["CPUExecutionProvider"])
