"""``make rights``: what of a licence survives what people and sites do to a picture.

Draws pictures in the styles of the demo artists, a third of them of the same words as another,
marks them, changes each in twelve ways, and looks for it by each layer among all of them. Foreign
pictures are changed and looked for too: whoever is found then is a false match. Foreign are the
photographs of scikit-image and those in the folders of --folders, such as Debian's package
mate-backgrounds. Prints the table of docs/rights.md.

A thousand pictures take hours. With --folder, pictures and results are kept there: a run that was
stopped goes on where it was, and --so-far prints the table of what is there. Pictures are looked
for in an order that mixes all kinds, so that a part of them says the same as all.
"""

from __future__ import annotations

import argparse
import json
import random
from collections.abc import Iterator, Sequence
from concurrent.futures import ProcessPoolExecutor
from dataclasses import dataclass
from datetime import UTC, datetime
from functools import cache
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any

import numpy as np
import skimage.data
from PIL import Image, ImageOps

from devtools.demo import DEMO_ARTISTS
from pictures import PictureError, open_picture
from provenance.alignment import Part
from provenance.bits import ALIKE_BITS, SAME_BITS
from provenance.features import signs
from provenance.fingerprints import pdq, pdq_of_all_turns
from provenance.mark import MARKER
from provenance.tests.pictures import CHANGES
from worker.engines.base import Artwork
from worker.engines.stylenet import StylenetEngine

SIDE = 512
SUBJECTS = (
    *("castle", "cat", "boat", "mountain", "lake", "forest", "flower", "house", "dog", "horse"),
    *("bird", "tree", "ship", "lighthouse", "city", "bridge", "fish", "river", "apple", "windmill"),
)
MOODS = ("sunset", "night", "morning", "storm", "snow", "autumn", "fog", "rain")
LAYERS = ("mark", "fingerprint", "part", "together")
NEAREST = 10
RESULTS = "results.jsonl"


def draw(folder: Path, count: int) -> list[Path]:
    """``count`` pictures, every third of them of the words of the one before it."""
    engine, chance = StylenetEngine(threads=1), random.Random(15)
    paths = [folder / f"{number:04d}.png" for number in range(count)]
    if all(path.exists() for path in paths):
        return paths
    models = []
    for artist in DEMO_ARTISTS:
        output = folder / artist.username
        output.mkdir(exist_ok=True)
        works = [Artwork(work.path, work.tags) for work in artist.works]
        trained = engine.train(works, [], output=output, num_epochs=3, on_progress=_ignored)
        models.append(trained.path)
    model, prompt = models[0], ["boat", "night"]
    for number, path in enumerate(paths):
        if number % 3 != 2:
            model = chance.choice(models)
            prompt = [chance.choice(SUBJECTS), chance.choice(SUBJECTS), chance.choice(MOODS)]
        if not path.exists():
            size = (SIDE, SIDE)
            image = engine.generate(model, prompt, size=size, seed=number, on_progress=_ignored)
            unfinished = path.with_suffix(".part")
            MARKER.embed(image, _mark_id(number)).save(unfinished, "PNG")
            unfinished.rename(path)
    return paths


def foreign(folders: Sequence[Path], count: int) -> Iterator[Image.Image]:
    """At most ``count`` pictures that were not made here, then parts of them."""
    places = [Path(skimage.data.__file__).parent, *folders]
    found = sorted(
        path
        for place in places
        for path in place.rglob("*")
        if path.suffix.lower() in (".jpg", ".jpeg", ".png") and path.is_file()
    )
    given = 0
    for share in (1.0, 0.6, 0.45):
        for path in found:
            if given == count:
                return
            try:
                image = open_picture(path, side=2 * SIDE, fit="cover").image
            except (PictureError, OSError):
                continue
            width, height = (max(1, round(side * share)) for side in image.size)
            given += 1
            yield ImageOps.fit(image.crop((0, 0, width, height)), (SIDE, SIDE))


@dataclass(frozen=True)
class Result:
    number: int
    ends: dict[str, dict[str, str]]


class Registry:
    """What is kept of the pictures, as the database keeps it."""

    def __init__(self, paths: Sequence[Path]) -> None:
        self.paths = paths
        images = [_opened(path) for path in paths]
        self.fingerprints = np.array([np.frombuffer(pdq(each), np.uint8) for each in images])
        self.signs = np.array([np.frombuffer(signs(each), np.uint8) for each in images])

    def found_by(self, image: Image.Image) -> dict[str, int | None]:
        """By each layer, which picture ``image`` is taken for."""
        mark = MARKER.detect(image)
        found: dict[str, int | None] = {"mark": _number_of(mark.mark_id) if mark else None}
        turns = np.array([np.frombuffer(each, np.uint8) for each in pdq_of_all_turns(image)])
        differing = np.bitwise_count(self.fingerprints[:, None] ^ turns).sum(2, dtype=int).min(1)
        nearest = int(differing.argmin())
        found["fingerprint"] = nearest if differing[nearest] <= SAME_BITS else None
        found["part"] = self._part(image)
        order = (found[layer] for layer in ("mark", "fingerprint", "part"))
        found["together"] = next((each for each in order if each is not None), None)
        return found

    def _part(self, image: Image.Image) -> int | None:
        own = np.frombuffer(signs(image), np.uint8)
        differing = np.bitwise_count(self.signs ^ own).sum(1, dtype=int)
        near = [int(at) for at in differing.argsort()[:NEAREST] if differing[at] <= ALIKE_BITS]
        part = Part(image)
        fits = {at: part.within(_opened(self.paths[at])) for at in near}
        best = max(fits, key=lambda at: fits[at].likeness, default=None)
        return best if best is not None and fits[best].is_part else None


def _found(task: tuple[Sequence[Path], Path | Image.Image, int]) -> Result:
    """How one picture fares: for each change and layer right, wrong or missed."""
    paths, given, number = task
    registry = _registry(tuple(paths))
    image = _opened(given) if isinstance(given, Path) else given
    ends = {
        change: {
            layer: "missed" if found is None else "right" if found == number else "wrong"
            for layer, found in registry.found_by(act(image)).items()
        }
        for change, act in CHANGES.items()
    }
    return Result(number, ends)


@cache
def _registry(paths: tuple[Path, ...]) -> Registry:
    return Registry(paths)


def measure(
    own: int, others: int, folders: Sequence[Path], processes: int, folder: Path
) -> list[Result]:
    """Look for each picture that ``folder`` has no result of, and write what becomes of it there.
    Strangers have numbers below 0."""
    paths = draw(folder, own)
    pictures: dict[int, Path | Image.Image] = dict(enumerate(paths))
    pictures |= {-1 - at: image for at, image in enumerate(foreign(folders, others))}
    order = list(pictures)
    random.Random(15).shuffle(order)
    done = {result.number for result in results(folder)}
    tasks = ((paths, pictures[number], number) for number in order if number not in done)
    with ProcessPoolExecutor(processes) as pool, (folder / RESULTS).open("a") as file:
        for result in pool.map(_found, tasks):
            print(json.dumps([result.number, result.ends]), file=file, flush=True)
    return results(folder)


def results(folder: Path) -> list[Result]:
    path = folder / RESULTS
    return [Result(*json.loads(line)) for line in path.open()] if path.exists() else []


def figures_of(found: Sequence[Result], among: int) -> dict[str, Any]:
    own = [result.ends for result in found if result.number >= 0]
    return {
        "date": f"{datetime.now(UTC):%d %B %Y}",
        "among": among,
        "own": len(own),
        "foreign": len(found) - len(own),
        "wrong": sum(
            end == "wrong"
            for result in found
            for ends in result.ends.values()
            for end in ends.values()
        ),
        "recall": {
            change: {
                layer: sum(ends[change][layer] == "right" for ends in own) / max(len(own), 1)
                for layer in LAYERS
            }
            for change in CHANGES
        },
    }


def table(figures: dict[str, Any]) -> str:
    lines = [
        f"Measured on {figures['date']}: {figures['own']} of {figures['among']} pictures "
        f"made here, {figures['foreign']} others, each changed in {len(CHANGES)} ways; "
        f"{figures['wrong']} false matches of any layer.",
        "",
        f"| change | {' | '.join(LAYERS)} |",
        "|---|" + "---|" * len(LAYERS),
    ]
    for change, recall in figures["recall"].items():
        cells = " | ".join(f"{100 * recall[layer]:.1f} %" for layer in LAYERS)
        lines.append(f"| {change} | {cells} |")
    return "\n".join(lines)


@cache
def _opened(path: Path) -> Image.Image:
    """All of them fit into memory, and each is compared with many others."""
    return Image.open(path).convert("RGB")


def _mark_id(number: int) -> int:
    return (number * 2_654_435_761 + 0x5EED) % 2**32


def _number_of(mark_id: int) -> int:
    """Which picture carries the mark; a number that none has for one that nobody gave."""
    return (mark_id - 0x5EED) * pow(2_654_435_761, -1, 2**32) % 2**32


def _ignored(done: int, total: int) -> None:
    pass


if __name__ == "__main__":
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--own", type=int, default=1000)
    parser.add_argument("--foreign", type=int, default=200)
    parser.add_argument("--folders", type=Path, nargs="*", default=[])
    parser.add_argument("--processes", type=int, default=2)
    parser.add_argument("--folder", type=Path, help="keeps pictures and results, to go on later")
    parser.add_argument("--so-far", action="store_true", help="print what --folder has")
    parser.add_argument("--json", action="store_true")
    options = parser.parse_args()
    with TemporaryDirectory(prefix="rights-") as temporary:
        kept = options.folder or Path(temporary)
        kept.mkdir(exist_ok=True)
        found = (
            results(kept)
            if options.so_far
            else measure(options.own, options.foreign, options.folders, options.processes, kept)
        )
    figures = figures_of(found, options.own)
    print(json.dumps(figures) if options.json else table(figures))
