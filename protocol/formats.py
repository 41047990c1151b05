"""The aspect ratios that can be ordered, each with width and height in pixels."""

from collections.abc import Mapping

# What every engine draws.
COMMON: Mapping[str, tuple[int, int]] = {
    "1:1": (512, 512),
    "2:2": (1024, 1024),
    "1:2": (512, 1024),
    "3:2": (768, 512),
    "2:1": (1024, 512),
}
OF_STYLENET: Mapping[str, tuple[int, int]] = {**COMMON, "4:3": (768, 576), "3:4": (576, 768)}
FORMATS: Mapping[str, tuple[int, int]] = {
    **OF_STYLENET,
    "16:9": (1024, 576),
    "9:16": (576, 1024),
}
# What each engine draws; one that is not listed draws what every engine does.
BY_ENGINE: Mapping[str, Mapping[str, tuple[int, int]]] = {
    "stylenet": OF_STYLENET,
    "diffusion": FORMATS,
}
