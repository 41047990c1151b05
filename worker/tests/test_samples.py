"""What is drawn after a training, and whether it looks like the artist."""

from __future__ import annotations

import tomllib
from collections.abc import Callable, Sequence
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import numpy as np
import pytest
from PIL import Image

from pictures import open_picture
from protocol import StyleScore
from protocol.samples import SAMPLE_PROMPTS
from provenance.likeness import score
from provenance.nearness import Works, remember
from worker.engines.base import Artwork, EngineError, TrainedModel
from worker.engines.stylenet import StylenetEngine
from worker.runner import JobRunner, Outcome
from worker.samples import FEWEST_HELD_OUT, Sampler, chosen
from worker.tests.helpers import Backend, GateEngine, files_under, last_report, training_task
from worker.tests.test_found_again import replace_data
from worker.training import Parts

pytestmark = pytest.mark.slow

MakeRunner = Callable[..., JobRunner]
PROMPTS = ["castle, sunset", "robot"]


def trained(folder: Path, backend: Backend, runner: JobRunner, **changes: Any) -> dict[str, Any]:
    """The report of a training of four works."""
    task = training_task(folder, backend.url, [["one"], ["two"], ["three"], ["four"]])
    task = replace_data(task, **{"sample_prompts": PROMPTS, **changes})
    assert runner.run(task) is Outcome.DONE
    return last_report(backend, task)


def test_a_picture_of_each_prompt_is_stored_and_reported(
    tmp_path: Path, backend: Backend, make_runner: MakeRunner
) -> None:
    report = trained(tmp_path, backend, make_runner())
    assert [(each["prompt"], each["seed"], each["width"]) for each in report["samples"]] == [
        (0, 1, 256),
        (1, 2, 256),
    ]
    assert "style_score" not in report  # this engine does not say what a picture is without it
    path = tmp_path / "style" / "sample-1.webp"
    assert report["samples"][1]["image_path"] == f"file://{path}"
    with Image.open(path) as picture:
        assert picture.size == (256, 256)
        xmp = picture.info["xmp"].decode()
        below = np.asarray(picture.convert("L"), float)[-40:]
    assert "trainedAlgorithmicMedia" in xmp
    assert "DMI-PROHIBITED" in xmp
    assert "robot" in xmp
    assert "licenses" not in xmp.lower()  # a sample has none
    # The mark is at the left; the rest is one flat colour.
    assert below[:, :60].std() > 20 > below[:, 100:].std()


def test_the_same_training_draws_the_same_samples(
    tmp_path: Path, backend: Backend, make_runner: MakeRunner
) -> None:
    found = []
    for name in ("first", "second"):
        (tmp_path / name).mkdir()
        trained(tmp_path / name, backend, make_runner())
        found.append((tmp_path / name / "style" / "sample-0.webp").read_bytes())
    assert found[0] == found[1]


def test_a_task_that_asks_for_none_gets_none(
    tmp_path: Path, backend: Backend, make_runner: MakeRunner
) -> None:
    report = trained(tmp_path, backend, make_runner(), sample_prompts=[])
    assert not {"samples", "style_score"} & set(report)


def test_drawing_is_the_last_part_of_the_progress() -> None:
    """It was all told as done, with no second left, while a minute of drawing was to come."""
    told: list[float] = []
    parts = Parts(SimpleNamespace(note=lambda done, of: told.append(done / of)), 2)  # type: ignore[arg-type]
    for done in range(5):
        parts.learned(done, 4)
    for _picture in range(2):
        for done in (0, 15, 30):
            parts.drawn(done, 30)
    assert told == [0, 0.2, 0.4, 0.6, 0.8, 0.8, 0.85, 0.9, 0.9, 0.95, 1.0]
    parts.drawn(0, 30)  # one more than was expected
    assert told[-1] == 1.0


class Refusing(GateEngine):
    def generate(self, *args: Any, **rest: Any) -> Image.Image:
        raise EngineError("It cannot draw.")


class TestAnEngineThatCannotDraw:
    @pytest.fixture
    def engine(self) -> GateEngine:
        return Refusing()

    def test_a_training_is_not_lost(
        self, tmp_path: Path, backend: Backend, make_runner: MakeRunner
    ) -> None:
        report = trained(tmp_path, backend, make_runner())
        assert report["training_status"] == "completed"
        assert "samples" not in report
        assert "sample-0.webp" not in list(files_under(tmp_path / "style"))


def test_a_tenth_of_the_works_is_held_out_and_always_the_same_one() -> None:
    assert chosen(FEWEST_HELD_OUT) == ()
    for count in (4, 12, 100):
        held_out = chosen(count)
        assert held_out == chosen(count)
        assert len(set(held_out)) == len(held_out) == max(FEWEST_HELD_OUT, count // 10)
        assert set(held_out) < set(range(count))
    assert chosen(100) != tuple(range(10))


DEMO = Path(__file__).parents[2] / "devtools" / "demo"


def works_of(name: str) -> list[Artwork]:
    """Those of a demo artist."""
    artists = tomllib.loads((DEMO / "artists.toml").read_text())["artists"]
    artist = next(each for each in artists if each["username"] == name)
    folder = DEMO / "works" / name
    return [Artwork(folder / work["file"], tuple(work["tags"])) for work in artist["works"]]


class Learned:
    """A demo artist's style, trained for real, with what was drawn with it."""

    def __init__(self, name: str, engine: StylenetEngine, folder: Path) -> None:
        artworks = works_of(name)
        paths = [work.path for work in artworks]
        self.engine, self.folder = engine, folder
        self.model: TrainedModel = engine.train(
            artworks, [], output=folder, num_epochs=1, on_progress=nothing
        )
        self.works: Works = remember(open_picture(path, side=256).image for path in paths)
        self.sampler = Sampler(engine, SAMPLE_PROMPTS, lambda done, total: None)
        self.drawn = self.sampler.draw(self.model.path)

    def score(self) -> StyleScore:
        found = self.sampler.score(self.model, self.drawn, self.works, self.folder)
        assert found is not None
        return found


def nothing(done: int, total: int) -> None:
    pass


def share(of: Any) -> float:
    return float((of.samples - of.plain) / (of.works - of.plain))


@pytest.fixture(scope="module")
def styles(tmp_path_factory: pytest.TempPathFactory) -> tuple[Learned, Learned]:
    engine = StylenetEngine(threads=1)
    mira, jun = (Learned(name, engine, tmp_path_factory.mktemp(name)) for name in ("mira", "jun"))
    return mira, jun


def test_pictures_look_like_their_artist_and_less_like_another(
    styles: tuple[Learned, Learned],
) -> None:
    """The figures behind the words that artists are told: docs/rights.md."""
    prompts: Sequence[Any] = [prompt for prompt, _ in styles[0].drawn]
    plain = [
        styles[0].engine.plain(p.tags, size=(256, 256), seed=p.seed, on_progress=nothing)
        for p in prompts
    ]
    for own, other in (styles, styles[::-1]):
        told = own.score()
        assert told.held_out == FEWEST_HELD_OUT
        assert share(told) >= 0.17  # "clearly like your works"
        pictures = [picture for _, picture in own.drawn]
        swapped = score(pictures, plain, other.works, chosen(len(other.works.features)))
        assert share(swapped) < 0.12
        # Without any style, nothing looks like anybody.
        assert share(score(plain, plain, own.works, chosen(len(own.works.features)))) == 0


def test_held_out_works_are_not_learned_from(styles: tuple[Learned, Learned]) -> None:
    """The model without them is that of a training without them."""
    own = styles[0]
    held_out = chosen(len(own.works.features))
    kept = [work for place, work in enumerate(works_of("mira")) if place not in held_out]
    folder = own.folder / "kept"
    folder.mkdir()
    trained = own.engine.train(kept, [], output=folder, num_epochs=1, on_progress=nothing)
    partial = own.engine.without(own.model.path, held_out, output=own.folder)
    assert partial.read_bytes() == trained.path.read_bytes()
