"""Base models with random weights, small enough for one core: 5 MB, a picture in 0.1 s.

``python -m worker.engines.diffusion.tests.tiny FOLDER`` makes one, to try the engine with.
"""

import json
import sys
from pathlib import Path
from typing import Any

import torch
from diffusers import (
    AutoencoderKL,
    DDIMScheduler,
    EulerDiscreteScheduler,
    StableDiffusionPipeline,
    StableDiffusionXLPipeline,
    UNet2DConditionModel,
)
from transformers import (
    CLIPTextConfig,
    CLIPTextModel,
    CLIPTextModelWithProjection,
    CLIPTokenizer,
)

from worker.engines.base import Artwork
from worker.engines.diffusion.base_models import register
from worker.engines.diffusion.settings import EngineSettings

WIDTH = 32  # of the text encoders
NOISE = {"beta_start": 0.00085, "beta_end": 0.012, "beta_schedule": "scaled_linear"}


def settings(folder: Path, **changes: object) -> EngineSettings:
    values: dict[str, Any] = {
        "model": folder,
        "dtype": None,
        "device": "",
        "is_production": True,
        "allowed": frozenset(),
        "max_rank": 8,
        "checkpoint_seconds": 0.0,
        "styles_in_memory": 3,
    }
    return EngineSettings(**values | changes)


def sd1(folder: Path, *, seed: int = 0, licence: str = "creativeml-openrail-m") -> Path:
    """A Stable Diffusion 1.x. Other seeds are other base models."""
    torch.manual_seed(seed)
    words = tokenizer(folder / "words")
    StableDiffusionPipeline(
        vae=_decoder(),
        text_encoder=CLIPTextModel(text_config(words)),
        tokenizer=words,
        unet=_network(WIDTH),
        scheduler=DDIMScheduler(**NOISE, clip_sample=False, steps_offset=1),
        safety_checker=None,
        feature_extractor=None,
        requires_safety_checker=False,
    ).save_pretrained(folder / "sd1")
    return _registered(folder / "sd1", "tiny-sd1", licence)


def sdxl(folder: Path) -> Path:
    torch.manual_seed(0)
    words = tokenizer(folder / "words")
    StableDiffusionXLPipeline(
        vae=_decoder(),
        text_encoder=CLIPTextModel(text_config(words)),
        text_encoder_2=CLIPTextModelWithProjection(text_config(words)),
        tokenizer=words,
        tokenizer_2=words,
        unet=_network(
            2 * WIDTH,
            addition_embed_type="text_time",
            addition_time_embed_dim=8,
            projection_class_embeddings_input_dim=6 * 8 + WIDTH,
            use_linear_projection=True,
        ),
        scheduler=EulerDiscreteScheduler(**NOISE),
    ).save_pretrained(folder / "sdxl")
    return _registered(folder / "sdxl", "tiny-sdxl", "openrail++")


def artworks(folder: Path, count: int = 5) -> list[Artwork]:
    """Pictures of one colour each with a square in them; the last one is twice as wide as high."""
    from PIL import Image, ImageDraw

    made = []
    for number in range(count):
        size = (256, 128) if number == count - 1 else (128, 128)
        picture = Image.new("RGB", size, (40 * number % 256, 90, 160))
        ImageDraw.Draw(picture).rectangle((20, 20, 60, 70), fill=(250, 200, 30 * number % 256))
        path = folder / f"work-{number}.png"
        picture.save(path)
        made.append(Artwork(path, ("boat", f"tag {number}")))
    return made


def _registered(folder: Path, name: str, licence: str) -> Path:
    register(folder, name=name, revision="r1", licence=licence, trained_on=["nothing"])
    return folder


def letters() -> list[str]:
    """One for each byte, as tokenizers write them."""
    shown = [*range(ord("!"), ord("~") + 1), *range(0xA1, 0xAD), *range(0xAE, 0x100)]
    others = [256 + number for number in range(256 - len(shown))]
    return [chr(code) for code in shown + others]


def tokenizer(folder: Path) -> CLIPTokenizer:
    """CLIP's, with its bytes for an alphabet and no merges."""
    names = [*letters(), *(f"{letter}</w>" for letter in letters())]
    names += ["<|startoftext|>", "<|endoftext|>"]
    folder.mkdir(parents=True, exist_ok=True)
    vocabulary = {name: place for place, name in enumerate(names)}
    (folder / "vocab.json").write_text(json.dumps(vocabulary))
    (folder / "merges.txt").write_text("#version: 0.2\n")
    return CLIPTokenizer.from_pretrained(folder, model_max_length=77)


def text_config(words: CLIPTokenizer) -> CLIPTextConfig:
    return CLIPTextConfig(
        hidden_size=WIDTH,
        intermediate_size=2 * WIDTH,
        num_attention_heads=4,
        num_hidden_layers=2,
        vocab_size=len(words),
        projection_dim=WIDTH,
        bos_token_id=words.bos_token_id,
        eos_token_id=words.eos_token_id,
        pad_token_id=words.eos_token_id,
        max_position_embeddings=77,
    )


def _decoder() -> AutoencoderKL:
    return AutoencoderKL(
        block_out_channels=(16, 32, 32, 32),
        down_block_types=("DownEncoderBlock2D",) * 4,
        up_block_types=("UpDecoderBlock2D",) * 4,
        latent_channels=4,
        norm_num_groups=8,
        sample_size=128,
    )


def _network(width: int, **more: object) -> UNet2DConditionModel:
    return UNet2DConditionModel(
        sample_size=16,
        block_out_channels=(32, 64),
        layers_per_block=1,
        cross_attention_dim=width,
        down_block_types=("CrossAttnDownBlock2D", "DownBlock2D"),
        up_block_types=("UpBlock2D", "CrossAttnUpBlock2D"),
        attention_head_dim=8,
        norm_num_groups=8,
        **more,
    )


if __name__ == "__main__":
    sd1(Path(sys.argv[1]))
