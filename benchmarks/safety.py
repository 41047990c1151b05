"""``python -m benchmarks.safety``: false alarms of the checks by machine, and what they take.

Looks for nudity in what is at hand and shows none: works and photographs, pictures that the engine
draws from them, and pages of this site. Prints the table of docs/safety.md. Nothing is measured on
pictures of the kind to be found; docs/safety.md says why.
"""

from __future__ import annotations

import argparse
import os
import time
from collections.abc import Sequence
from pathlib import Path
from statistics import median
from tempfile import TemporaryDirectory

import django
import skimage.data
from PIL import Image, UnidentifiedImageError

from benchmarks.rights import draw
from pictures import Bounds, PictureError, open_picture

ROOT = Path(__file__).resolve().parent.parent
MATURE, BLOCKED = 0.5, 0.9
ANY = Bounds(("JPEG", "PNG", "WEBP"), max_pixels=200_000_000)


def kinds(drawn: Sequence[Path]) -> dict[str, list[Path]]:
    return {
        "works of the demo artists": sorted((ROOT / "devtools" / "demo" / "works").glob("*/*")),
        "photographs (scikit-image)": sorted(Path(skimage.data.__file__).parent.iterdir()),
        "pictures drawn here": list(drawn),
        "pages of this site, and sheets of words": sorted((ROOT / "docs").rglob("*.webp")),
    }


def scores(paths: Sequence[Path]) -> tuple[list[tuple[float, str]], list[float]]:
    """The score of each picture with its name, and the seconds that looking took."""
    from app.services.checks.nudity import OpenNsfw

    check, found, took = OpenNsfw(), [], []
    for path in paths:
        try:
            image = open_picture(path.open("rb"), ANY, side=512).image
        except (PictureError, UnidentifiedImageError, OSError):
            continue
        begun = time.perf_counter()
        found.append((check.score(image), path.name))
        took.append(time.perf_counter() - begun)
    return sorted(found), took


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--drawn", type=int, default=200, help="How many pictures to draw.")
    options = parser.parse_args()
    Image.MAX_IMAGE_PIXELS = None
    os.environ.setdefault("DJANGO_SETTINGS_MODULE", "config.settings")
    django.setup()
    print("| pictures | number | median | 95th percentile | highest | mature | held | ms |")
    print("|---|---|---|---|---|---|---|---|")
    with TemporaryDirectory(prefix="bench-safety-") as folder:
        for kind, paths in kinds(draw(Path(folder), options.drawn)).items():
            found, took = scores(paths)
            values = [score for score, _ in found]
            figures = (
                len(values),
                f"{median(values):.3f}",
                f"{values[int(0.95 * len(values))]:.3f}",
                f"{values[-1]:.3f} ({found[-1][1]})",
                sum(MATURE <= value < BLOCKED for value in values),
                sum(value >= BLOCKED for value in values),
                round(1000 * median(took)),
            )
            print(f"| {kind} | {' | '.join(map(str, figures))} |")


if __name__ == "__main__":
    main()
