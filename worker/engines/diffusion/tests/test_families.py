"""A picture with a base model of each family that only draws: with a style, without, swapped."""

from pathlib import Path

import pytest
import torch
from safetensors.torch import save_file

from worker.engines.base import Artwork, EngineError, Wanted
from worker.engines.diffusion.base_models import main
from worker.engines.diffusion.engine import DiffusionEngine
from worker.engines.diffusion.families import FAMILIES
from worker.engines.diffusion.tests import tiny
from worker.engines.diffusion.tests.doing import draw, train
from worker.engines.diffusion.tests.tiny_families import BUILDS, build

# A layer that files of other programs change.
LAYERS = {
    "flux": "single_transformer_blocks.0.attn.to_q",
    "flux2-klein": "transformer_blocks.0.attn.to_q",
    "z-image": "layers.0.attention.to_q",
    "qwen-image": "transformer_blocks.0.attn.to_q",
}


@pytest.fixture(scope="module", params=BUILDS)
def family(
    request: pytest.FixtureRequest, tmp_path_factory: pytest.TempPathFactory
) -> tuple[str, DiffusionEngine]:
    folder = build(request.param, tmp_path_factory.mktemp(request.param))
    return request.param, DiffusionEngine(tiny.settings(folder))


def style(folder: Path, layer: str, seed: int, rank: int = 4) -> Path:
    """A file as diffusers and peft write them, strong enough to be seen."""
    torch.manual_seed(seed)
    path = folder / f"{seed}.safetensors"
    tensors = {
        f"transformer.{layer}.lora_A.weight": 3 * torch.randn(rank, 32),
        f"transformer.{layer}.lora_B.weight": 3 * torch.randn(32, rank),
    }
    save_file(tensors, path)
    return path


def test_every_family_that_only_draws_is_drawn_with_here() -> None:
    assert {name for name, family in FAMILIES.items() if not family.trains} == set(BUILDS)


def test_it_draws_with_styles_that_are_swapped(
    family: tuple[str, DiffusionEngine], tmp_path: Path
) -> None:
    name, engine = family
    one, two = (style(tmp_path, LAYERS[name], seed, rank) for seed, rank in ((1, 4), (2, 8)))
    first = draw(engine, one, steps=2)
    assert (first.mode, first.size) == ("RGB", (64, 64))
    others = [draw(engine, two, steps=2), draw(engine, one, steps=2, seed=9)]
    others.append(draw(engine, one, steps=2, prompt=["푸른 바다"]))
    assert first.tobytes() not in [other.tobytes() for other in others]
    assert draw(engine, one, steps=2).tobytes() == first.tobytes()
    assert first.info["settings"]["base_model"] == f"tiny-{name}@r1"


def test_settings_are_those_that_its_makers_advise(
    family: tuple[str, DiffusionEngine], tmp_path: Path
) -> None:
    name, engine = family
    advised = FAMILIES[name].draw
    picture = draw(engine, style(tmp_path, LAYERS[name], 1), steps=1)
    assert picture.info["settings"]["guidance"] == advised["guidance"]
    with pytest.raises(EngineError, match="one scheduler only"):
        draw(engine, style(tmp_path, LAYERS[name], 1), steps=1, scheduler="dpm")
    if not FAMILIES[name].takes_negative_prompt:
        with pytest.raises(EngineError, match="no negative prompt"):
            draw(engine, style(tmp_path, LAYERS[name], 1), steps=1, negative_prompt="text")


def test_pictures_are_drawn_together_in_any_size(
    family: tuple[str, DiffusionEngine], tmp_path: Path
) -> None:
    name, engine = family
    path = style(tmp_path, LAYERS[name], 1)
    seen: list[tuple[int, int]] = []
    wanted = [Wanted(["boat"], (100, 68), 1), Wanted(["a longer prompt"], (100, 68), 2)]
    pictures = engine.generate_batch(
        path,
        wanted,
        on_progress=lambda done, total: seen.append((done, total)),
        settings={"steps": 2},
    )
    assert [each.size for each in pictures] == [(100, 68)] * 2
    assert pictures[0].tobytes() != pictures[1].tobytes()
    assert seen == [(0, 2), (1, 2), (2, 2)]


def test_it_does_not_train_and_says_so(
    family: tuple[str, DiffusionEngine], works: list[Artwork], tmp_path: Path
) -> None:
    with pytest.raises(EngineError, match="draws, but does not learn styles here") as refused:
        train(family[1], works, tmp_path)
    assert refused.value.retryable


def test_a_style_of_another_family_is_refused(
    family: tuple[str, DiffusionEngine], styles: dict[str, Path], tmp_path: Path
) -> None:
    with pytest.raises(EngineError, match="another base model"):
        draw(family[1], styles["ann"])
    foreign = tmp_path / "foreign.safetensors"
    save_file({"transformer.no_such.0.lora_A.weight": torch.ones(2, 3)}, foreign)
    with pytest.raises(EngineError, match="not a LoRA that this worker can draw with"):
        draw(family[1], foreign)


def test_registering_says_that_it_does_not_train(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    folder = build("z-image", tmp_path)
    about = ["--name", "x", "--revision", "1", "--licence", "apache-2.0", "--trained-on", "x"]
    assert main([str(folder), *about]) == 0
    assert "draws with a z-image, and does not train" in capsys.readouterr().out
