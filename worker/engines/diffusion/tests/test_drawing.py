from pathlib import Path

import msgspec
import numpy as np
import pytest
import torch
from PIL import Image

from protocol.engines import DRAWN_WITH
from worker.engines.base import Artwork, EngineError, Wanted
from worker.engines.diffusion import drawing
from worker.engines.diffusion.engine import DiffusionEngine
from worker.engines.diffusion.settings import DrawingSettings
from worker.engines.diffusion.tests import tiny
from worker.engines.diffusion.tests.doing import draw, ignore, train


def test_a_style_changes_the_picture_and_the_same_order_gives_the_same(
    engine: DiffusionEngine, styles: dict[str, Path]
) -> None:
    ann = draw(engine, styles["ann"])
    assert (ann.mode, ann.size) == ("RGB", (64, 64))
    assert ann.tobytes() == draw(engine, styles["ann"]).tobytes()
    others = {
        "style": draw(engine, styles["bo"]),
        "seed": draw(engine, styles["ann"], seed=4),
        "prompt": draw(engine, styles["ann"], prompt=["등대", "푸른 바다", "🌊"]),
        "guidance": draw(engine, styles["ann"], guidance=1.0),
        "negative": draw(engine, styles["ann"], negative_prompt="boat"),
        "scheduler": draw(engine, styles["ann"], scheduler="dpm"),
        "steps": draw(engine, styles["ann"], steps=5),
    }
    equal = [name for name, other in others.items() if other.tobytes() == ann.tobytes()]
    assert not equal


def test_swapping_styles_is_exact_and_nothing_grows(
    engine: DiffusionEngine, styles: dict[str, Path]
) -> None:
    first = {name: draw(engine, path).tobytes() for name, path in styles.items()}
    assert first["ann"] != first["bo"]
    assert engine._drawer is not None
    network = engine._drawer._base.pipe.unet
    held = sum(tensor.numel() for tensor in network.state_dict().values())
    names = list(network.state_dict())
    for number in range(50):
        name = ("ann", "bo")[number % 2]
        engine._drawer._hold(engine._drawer._style(styles[name]))
    assert list(network.state_dict()) == names
    assert sum(tensor.numel() for tensor in network.state_dict().values()) == held
    assert {name: draw(engine, path).tobytes() for name, path in styles.items()} == first


def test_the_plain_picture_is_that_of_the_base_model_alone(
    engine: DiffusionEngine, sd1: Path, styles: dict[str, Path]
) -> None:
    def plain(of: DiffusionEngine) -> bytes:
        return of.plain(["boat"], size=(64, 64), seed=3, on_progress=ignore).tobytes()

    styled = draw(engine, styles["ann"], prompt=["boat"], seed=3).tobytes()
    assert plain(engine) != styled
    # Nothing of the style is left in it, and the style is whole afterwards.
    assert plain(engine) == plain(DiffusionEngine(tiny.settings(sd1)))
    assert draw(engine, styles["ann"], prompt=["boat"], seed=3).tobytes() == styled


def test_a_new_process_draws_what_the_old_one_drew(
    engine: DiffusionEngine, sd1: Path, styles: dict[str, Path]
) -> None:
    draw(engine, styles["bo"])
    fresh = DiffusionEngine(tiny.settings(sd1))
    assert draw(fresh, styles["ann"]).tobytes() == draw(engine, styles["ann"]).tobytes()


def test_styles_used_long_ago_are_forgotten(
    engine: DiffusionEngine, styles: dict[str, Path], tmp_path: Path
) -> None:
    first = draw(engine, styles["ann"])
    for number in range(4):
        copy = tmp_path / f"{number}.safetensors"
        copy.write_bytes(styles["bo"].read_bytes())
        draw(engine, copy, steps=1)
    assert engine._drawer is not None
    kept = [key[0].name for key in engine._drawer._styles]
    assert kept == ["1.safetensors", "2.safetensors", "3.safetensors"]
    assert draw(engine, styles["ann"]).tobytes() == first.tobytes()


def test_pictures_of_one_style_are_drawn_together(
    engine: DiffusionEngine, styles: dict[str, Path]
) -> None:
    seen: list[tuple[int, int]] = []
    wanted = [
        Wanted(["boat"], (64, 64), 1),
        Wanted(["sea"], (64, 128), 2),
        Wanted(["tree"], (64, 64), 3),
    ]
    together = engine.generate_batch(
        styles["ann"],
        wanted,
        on_progress=lambda done, total: seen.append((done, total)),
        settings={"steps": 4},
    )
    assert seen == [(0, 8), *((step, 8) for step in range(1, 9))]
    for picture, each in zip(together, wanted, strict=True):
        alone = draw(engine, styles["ann"], prompt=each.prompt, size=each.size, seed=each.seed)
        assert picture.size == each.size
        apart = np.asarray(picture, np.int16) - np.asarray(alone, np.int16)
        assert np.abs(apart).max() <= 1


def test_progress_is_told_at_each_step(engine: DiffusionEngine, styles: dict[str, Path]) -> None:
    seen: list[tuple[int, int]] = []
    engine.generate(
        styles["ann"],
        ["boat"],
        size=(64, 128),
        seed=1,
        on_progress=lambda done, total: seen.append((done, total)),
        settings={"steps": 4},
    )
    assert seen == [(n, 4) for n in range(5)]


def test_an_order_can_be_stopped_between_steps(
    engine: DiffusionEngine, styles: dict[str, Path]
) -> None:
    class Stopped(BaseException):
        pass

    def stop(done: int, total: int) -> None:
        if done == 2:
            raise Stopped

    before = draw(engine, styles["ann"]).tobytes()
    with pytest.raises(Stopped):
        draw(engine, styles["bo"], on_progress=stop)
    assert draw(engine, styles["ann"]).tobytes() == before


def test_the_settings_of_style_and_order_are_kept_with_the_picture(
    engine: DiffusionEngine, works: list[Artwork], tmp_path: Path
) -> None:
    model = train(
        engine,
        works[:1],
        tmp_path,
        trigger="mira style",
        draw={"steps": 3, "guidance": 2.5, "negative_prompt": "text"},
    ).path
    picture = draw(engine, model, steps=2)
    kept = picture.info["settings"]
    assert msgspec.json.decode(msgspec.json.encode(kept)) == kept  # it is reported
    assert kept["steps"] == 2
    assert (kept["guidance"], kept["negative_prompt"]) == (2.5, "text")
    assert (kept["trigger"], kept["base_model"]) == ("mira style", "tiny-sd1@r1")
    assert (kept["device"], kept["dtype"], kept["safety"]) == ("cpu", "float32", "none")
    # What the backend sends with an order that says "again", whatever the defaults are by then.
    asked = DRAWN_WITH["diffusion"]
    assert set(asked) == set(DrawingSettings.__struct_fields__)
    again = draw(engine, model, **{name: kept[name] for name in asked})
    assert again.tobytes() == picture.tobytes()


@pytest.mark.parametrize(
    ("size", "drawn"),
    [((64, 64), (64, 64)), ((100, 70), (104, 72)), ((512, 768), (512, 768))],
)
def test_small_sizes_are_drawn_in_whole_steps(
    engine: DiffusionEngine, size: tuple[int, int], drawn: tuple[int, int]
) -> None:
    assert engine._drawer is not None
    assert engine._drawer._fitted(size) == drawn


def test_large_pictures_are_drawn_smaller_and_enlarged(
    engine: DiffusionEngine, styles: dict[str, Path], monkeypatch: pytest.MonkeyPatch
) -> None:
    assert engine._drawer is not None
    for size in engine.sizes().values():
        width, height = engine._drawer._fitted(size)
        assert width * height <= 1.5 * 512**2
        assert width / height == pytest.approx(size[0] / size[1], rel=0.03)
    monkeypatch.setattr(drawing, "MOST_PIXELS", 1 / 64)
    assert engine._drawer._fitted((128, 256)) == (40, 88)
    assert draw(engine, styles["ann"], size=(128, 256)).size == (128, 256)


def test_settings_that_make_no_sense_are_refused(
    engine: DiffusionEngine, styles: dict[str, Path]
) -> None:
    for wrong in ({"steps": 0}, {"steps": "many"}, {"scheduler": "magic"}, {"stepz": 3}):
        with pytest.raises(EngineError, match="settings are not valid"):
            draw(engine, styles["ann"], **wrong)


def test_a_picture_of_no_numbers_is_not_delivered(
    engine: DiffusionEngine, styles: dict[str, Path]
) -> None:
    assert engine._drawer is not None
    decoder = engine._drawer._base.pipe.vae.decoder
    weight = next(decoder.parameters())
    before = weight.data.clone()
    weight.data.fill_(torch.nan)
    with pytest.raises(EngineError, match="no numbers") as refused:
        draw(engine, styles["ann"])
    assert refused.value.retryable
    weight.data.copy_(before)
    draw(engine, styles["ann"])


def test_a_picture_that_the_safety_check_objects_to_is_not_delivered(
    sd1: Path, styles: dict[str, Path]
) -> None:
    class NoBlue:
        name = "no-blue"

        def objection(self, picture: Image.Image) -> str | None:
            return "It is too blue." if picture.size == (64, 128) else None

    careful = DiffusionEngine(tiny.settings(sd1), NoBlue())
    assert draw(careful, styles["ann"]).info["settings"]["safety"] == "no-blue"
    with pytest.raises(EngineError, match="too blue") as refused:
        draw(careful, styles["ann"], size=(64, 128))
    assert not refused.value.retryable


def test_sdxl_learns_and_draws_too(sdxl: Path, works: list[Artwork], tmp_path: Path) -> None:
    engine = DiffusionEngine(tiny.settings(sdxl))
    model = train(engine, works[:2], tmp_path / "one").path
    picture = draw(engine, model)
    assert picture.tobytes() == draw(engine, model).tobytes()
    assert picture.tobytes() != draw(engine, model, seed=4).tobytes()
    pair = engine.generate_batch(
        model,
        [Wanted(["boat"], (64, 64), 1), Wanted(["sea"], (64, 64), 2)],
        on_progress=ignore,
        settings={"steps": 2},
    )
    assert pair[0].tobytes() != pair[1].tobytes()
