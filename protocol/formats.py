"""The aspect ratios that can be ordered, each with width and height in pixels."""

from collections.abc import Mapping

FORMATS: Mapping[str, tuple[int, int]] = {
    "1:1": (512, 512),
    "2:2": (1024, 1024),
    "1:2": (512, 1024),
    "3:2": (768, 512),
    "2:1": (1024, 512),
}
