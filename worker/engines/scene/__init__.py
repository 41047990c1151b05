"""Scenes painted from everyday words, without a neural network.

``paint(["night sky", "snowy mountains", "cat"], size=(512, 512), seed=7)`` returns a picture with
light, depth and a recognisable subject. A style engine then renders it in an artist's style.
"""

from collections.abc import Sequence

from PIL import Image

from worker.engines.scene.brief import read_prompt
from worker.engines.scene.composition import compose

__all__ = ["paint"]


def paint(prompt: Sequence[str], *, size: tuple[int, int], seed: int) -> Image.Image:
    """Paint the tags of ``prompt`` as an RGB picture of ``size`` (width, height) in pixels.

    The same arguments give the same pixels. Another seed, or another unknown word, gives another
    picture. Each side must be at least 16 pixels; the scenes are designed for 256 to 1024.
    """
    return compose(read_prompt(prompt, seed), size)
