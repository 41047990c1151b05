import json
import shutil
from pathlib import Path

import pytest
import torch
from diffusers import StableDiffusionPipeline
from safetensors.torch import load_file, safe_open, save_file

from worker.engines.base import Artwork, EngineError
from worker.engines.diffusion.engine import DiffusionEngine
from worker.engines.diffusion.failures import told
from worker.engines.diffusion.tests import tiny
from worker.engines.diffusion.tests.doing import draw, train

LAYER = "unet.down_blocks.0.attentions.0.transformer_blocks.0.attn1.to_q"
KOHYA = "lora_unet_down_blocks_0_attentions_0_transformer_blocks_0_attn1_to_q"
FEED_FORWARD = "lora_unet_down_blocks_0_attentions_0_transformer_blocks_0_ff_net_2"


def metadata_of(path: Path) -> dict[str, str]:
    with safe_open(path, "pt") as file:
        return dict(file.metadata())


def test_the_file_says_what_it_is(
    engine: DiffusionEngine, works: list[Artwork], tmp_path: Path
) -> None:
    path = train(
        engine,
        works[:1],
        tmp_path,
        title="Tide",
        author="Mina",
        licence="SL commercial 1",
        consent="ab" * 32,
        trigger="tide style",
    ).path
    told = metadata_of(path)
    assert told["modelspec.sai_model_spec"] == "1.0.1"
    assert told["modelspec.architecture"] == "stable-diffusion-v1/lora"
    assert (told["modelspec.title"], told["modelspec.author"]) == ("Tide", "Mina")
    assert told["modelspec.license"] == "SL commercial 1"
    assert told["modelspec.trigger_phrase"] == "tide style"
    assert told["modelspec.hash_sha256"].startswith("0x")
    assert told["stylelicense.consent_sha256"] == "ab" * 32
    assert len(told["stylelicense.training_set_sha256"]) == 64
    assert told["stylelicense.base"] == "tiny-sd1@r1"
    assert json.loads(told["stylelicense.settings"])["rank"] == 4
    content = path.read_bytes()
    for folder in (tmp_path, works[0].path.parent, Path.cwd()):
        assert str(folder).encode() not in content


def test_diffusers_alone_draws_the_same_with_it(
    engine: DiffusionEngine, sd1: Path, styles: dict[str, Path]
) -> None:
    pipe = StableDiffusionPipeline.from_pretrained(sd1, safety_checker=None, local_files_only=True)
    pipe.load_lora_weights(styles["bo"], adapter_name="bo")
    drawn = pipe(
        "slx style, boat, sea",
        num_inference_steps=4,
        guidance_scale=7.0,
        height=64,
        width=64,
        generator=torch.Generator("cpu").manual_seed(3),
    ).images[0]
    _assert_near(drawn, draw(engine, styles["bo"]))


def test_kohyas_keys_give_the_same_picture(
    engine: DiffusionEngine, works: list[Artwork], styles: dict[str, Path], tmp_path: Path
) -> None:
    path = train(engine, works[::-1], tmp_path, seed=2, rank=2, alpha=6.0, keys="kohya").path
    assert f"{KOHYA}.lora_down.weight" in load_file(path)
    assert f"{LAYER}.lora_A.weight" in load_file(styles["bo"])
    _assert_near(draw(engine, path), draw(engine, styles["bo"]))


def test_a_file_of_another_trainer_is_drawn_with(
    engine: DiffusionEngine, styles: dict[str, Path], tmp_path: Path
) -> None:
    """Kohya's keys, half precision, alpha of its own, a layer that ours leaves alone."""
    first = draw(engine, styles["ann"]).tobytes()
    torch.manual_seed(1)
    tensors = {
        f"{FEED_FORWARD}.lora_down.weight": torch.randn(4, 128).half(),
        f"{FEED_FORWARD}.lora_up.weight": torch.randn(32, 4).half(),
        f"{FEED_FORWARD}.alpha": torch.tensor(1.0),
    }
    pictures = []
    for alpha in (1.0, 2.0):
        path = tmp_path / f"foreign-{alpha}.safetensors"
        save_file(tensors | {f"{FEED_FORWARD}.alpha": torch.tensor(alpha)}, path)
        pictures.append(draw(engine, path).tobytes())
    assert len({*pictures, first}) == 3
    # And none of it is left in the next style's picture.
    assert draw(engine, styles["ann"]).tobytes() == first


def test_the_same_training_gives_the_same_bytes(
    engine: DiffusionEngine, works: list[Artwork], tmp_path: Path
) -> None:
    one, two = (train(engine, works[:1], tmp_path / name).path for name in ("one", "two"))
    assert one.read_bytes() == two.read_bytes()
    names = [name for name in json.loads(_header(one)) if name != "__metadata__"]
    assert names == sorted(names)
    told = list(json.loads(_header(one))["__metadata__"])
    assert told == sorted(told)


def test_a_style_of_another_base_model_is_refused(
    engine: DiffusionEngine, styles: dict[str, Path], sdxl: Path, tmp_path: Path
) -> None:
    other = DiffusionEngine(tiny.settings(tiny.sd1(tmp_path, seed=7)))
    with pytest.raises(EngineError, match="another base model, tiny-sd1@r1") as refused:
        draw(other, styles["ann"])
    assert not refused.value.retryable
    foreign = tmp_path / "foreign.safetensors"
    save_file(
        load_file(styles["ann"]),
        foreign,
        metadata={"modelspec.architecture": "stable-diffusion-xl-v1-base/lora"},
    )
    with pytest.raises(EngineError, match="another base model"):
        draw(engine, foreign)
    save_file(load_file(styles["ann"]), foreign)
    with pytest.raises(EngineError, match="other sizes"):
        draw(DiffusionEngine(tiny.settings(sdxl)), foreign)


@pytest.mark.parametrize(
    ("name", "message"),
    [
        ("missing", "no model file"),
        ("empty", "damaged, or is from another engine"),
        ("cut", "damaged, or is from another engine"),
        ("flipped", "checksum"),
        ("stylenet", "damaged, or is from another engine"),
        ("no numbers", "no numbers"),
        ("no LoRA", "not a LoRA"),
        ("text encoder", "text encoder"),
        ("other layer", "it changes time_embedding"),
        ("high rank", "rank is above 8"),
        ("no rank", "not a LoRA"),
        ("cut settings", "settings cannot be read"),
        ("settings of another kind", "settings cannot be read"),
        ("no settings of pictures", "settings cannot be read"),
    ],
)
def test_a_file_that_is_no_use_is_refused(
    engine: DiffusionEngine, styles: dict[str, Path], tmp_path: Path, name: str, message: str
) -> None:
    path = tmp_path / "model.safetensors"
    content = styles["ann"].read_bytes()
    flipped = bytearray(content)
    flipped[-9] ^= 4
    raw = {"empty": b"", "cut": content[:-40], "flipped": bytes(flipped), "stylenet": b"PK" * 90}
    pair = {
        f"{LAYER}.lora_A.weight": torch.ones(4, 32),
        f"{LAYER}.lora_B.weight": torch.ones(32, 4),
    }
    tensors = {
        "no numbers": pair | {f"{LAYER}.lora_A.weight": torch.full((4, 32), torch.nan)},
        "no LoRA": {"unet.conv_in.weight": torch.ones(3)},
        "text encoder": pair | {f"text_encoder.{LAYER}.lora_A.weight": torch.ones(4, 32)},
        "other layer": {"unet.time_embedding.linear_1.lora_A.weight": torch.ones(4, 32)},
        "high rank": {
            f"{LAYER}.lora_A.weight": torch.ones(9, 32),
            f"{LAYER}.lora_B.weight": torch.ones(32, 9),
        },
        "no rank": {
            f"{KOHYA}.lora_down.weight": torch.ones(0, 32),
            f"{KOHYA}.lora_up.weight": torch.ones(32, 0),
            f"{KOHYA}.alpha": torch.tensor(1.0),
        },
    }
    settings = {
        "cut settings": '{"draw"',
        "settings of another kind": "[]",
        "no settings of pictures": '{"draw": null}',
    }
    if name in raw:
        path.write_bytes(raw[name])
    elif name in tensors:
        save_file(tensors[name], path)
    elif name in settings:
        save_file(pair, path, metadata={"stylelicense.settings": settings[name]})
    before = draw(engine, styles["ann"]).tobytes()
    with pytest.raises(EngineError, match=message) as refused:
        draw(engine, path)
    assert refused.value.retryable is (name == "missing")
    assert draw(engine, styles["ann"]).tobytes() == before


def test_a_file_of_small_numbers_is_drawn_with(engine: DiffusionEngine, tmp_path: Path) -> None:
    """float8, which some trainers write."""
    path = tmp_path / "model.safetensors"
    pair = {f"{LAYER}.lora_A.weight": (4, 32), f"{LAYER}.lora_B.weight": (32, 4)}
    save_file({name: torch.ones(size).to(torch.float8_e4m3fn) for name, size in pair.items()}, path)
    assert draw(engine, path).size == (64, 64)


def test_a_lack_of_memory_is_a_failure_that_may_pass() -> None:
    with pytest.raises(EngineError, match="ran out of memory") as refused, told():
        torch.empty(2**50)
    assert refused.value.retryable
    for error in (MemoryError(), RuntimeError("CUBLAS_STATUS_ALLOC_FAILED when calling it")):
        with pytest.raises(EngineError, match="ran out of memory"), told():
            raise error
    with pytest.raises(RuntimeError, match="must match"), told():
        torch.ones(2) + torch.ones(3)
    with pytest.raises(EngineError, match="as it was"), told():
        raise EngineError("It stays as it was.")


def test_a_base_model_that_is_gone_is_a_failure_that_may_pass(
    works: list[Artwork], tmp_path: Path
) -> None:
    folder = tiny.sd1(tmp_path)
    engine = DiffusionEngine(tiny.settings(folder))
    path = train(engine, works[:1], tmp_path / "style").path
    shutil.rmtree(folder)
    for work in (lambda: draw(engine, path), lambda: train(engine, works, tmp_path / "more")):
        with pytest.raises(EngineError, match="cannot be loaded") as refused:
            work()
        assert refused.value.retryable


def _header(path: Path) -> bytes:
    content = path.read_bytes()
    return content[8 : 8 + int.from_bytes(content[:8], "little")]


def _assert_near(one: object, two: object) -> None:
    import numpy as np

    apart = np.asarray(one, np.int16) - np.asarray(two, np.int16)
    assert np.abs(apart).max() <= 1
