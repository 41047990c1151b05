"""Base models of the newer families with random weights, of about a megabyte each."""

from pathlib import Path

import torch
from diffusers import (
    AutoencoderKL,
    AutoencoderKLFlux2,
    AutoencoderKLQwenImage,
    DiffusionPipeline,
    FlowMatchEulerDiscreteScheduler,
    Flux2KleinPipeline,
    Flux2Transformer2DModel,
    FluxPipeline,
    FluxTransformer2DModel,
    QwenImagePipeline,
    QwenImageTransformer2DModel,
    ZImagePipeline,
    ZImageTransformer2DModel,
)
from transformers import (
    CLIPTextModel,
    Qwen2_5_VLConfig,
    Qwen2_5_VLForConditionalGeneration,
    Qwen2Tokenizer,
    Qwen3Config,
    Qwen3ForCausalLM,
    Qwen3Model,
    T5Config,
    T5EncoderModel,
    T5TokenizerFast,
)

from worker.engines.diffusion.base_models import register
from worker.engines.diffusion.tests.tiny import WIDTH, letters, text_config, tokenizer

CHAT = (
    "{% for each in messages %}<|im_start|>{{ each.role }}\n"
    "{{ each.content }}<|im_end|>\n{% endfor %}"
)


def flux(folder: Path) -> Path:
    words = tokenizer(folder / "words")
    return _saved(
        folder,
        "flux",
        FluxPipeline(
            scheduler=FlowMatchEulerDiscreteScheduler(),
            vae=_decoder(latent_channels=4),
            text_encoder=CLIPTextModel(text_config(words)).eval(),
            tokenizer=words,
            text_encoder_2=T5EncoderModel(
                T5Config(vocab_size=300, d_model=32, d_kv=8, d_ff=37, num_layers=1, num_heads=4)
            ).eval(),
            tokenizer_2=T5TokenizerFast(
                vocab=[
                    ("<pad>", 0.0),
                    ("</s>", 0.0),
                    ("<unk>", 0.0),
                    *((c, -1.0) for c in letters()),
                ],
                extra_ids=0,
            ),
            transformer=FluxTransformer2DModel(
                patch_size=1,
                in_channels=16,
                num_layers=1,
                num_single_layers=1,
                attention_head_dim=16,
                num_attention_heads=2,
                joint_attention_dim=32,
                pooled_projection_dim=WIDTH,
                axes_dims_rope=[4, 4, 8],
            ),
        ),
    )


def flux2_klein(folder: Path) -> Path:
    words = _qwen_words(folder / "words")
    encoder = Qwen3ForCausalLM(_qwen3(words, layers=28)).eval()
    return _saved(
        folder,
        "flux2-klein",
        Flux2KleinPipeline(
            scheduler=FlowMatchEulerDiscreteScheduler(use_dynamic_shifting=True),
            vae=AutoencoderKLFlux2(
                sample_size=32,
                down_block_types=("DownEncoderBlock2D",) * 2,
                up_block_types=("UpDecoderBlock2D",) * 2,
                block_out_channels=(4, 4),
                layers_per_block=1,
                latent_channels=4,
                norm_num_groups=1,
            ),
            text_encoder=encoder,
            tokenizer=words,
            transformer=Flux2Transformer2DModel(
                in_channels=16,
                num_layers=1,
                num_single_layers=1,
                attention_head_dim=16,
                num_attention_heads=2,
                joint_attention_dim=3 * WIDTH,
                axes_dims_rope=(4, 4, 4, 4),
                guidance_embeds=False,
            ),
            is_distilled=True,
        ),
    )


def z_image(folder: Path) -> Path:
    words = _qwen_words(folder / "words")
    return _saved(
        folder,
        "z-image",
        ZImagePipeline(
            scheduler=FlowMatchEulerDiscreteScheduler(),
            vae=_decoder(latent_channels=16),
            text_encoder=Qwen3Model(_qwen3(words, layers=2)).eval(),
            tokenizer=words,
            transformer=ZImageTransformer2DModel(
                dim=32,
                n_layers=2,
                n_refiner_layers=1,
                n_heads=2,
                n_kv_heads=2,
                cap_feat_dim=WIDTH,
                axes_dims=[8, 4, 4],
                axes_lens=[1024, 64, 64],
            ),
        ),
    )


def qwen_image(folder: Path) -> Path:
    words = _qwen_words(folder / "words")
    shape = {
        "hidden_size": WIDTH,
        "intermediate_size": WIDTH,
        "num_hidden_layers": 2,
        "num_attention_heads": 2,
        "num_key_value_heads": 2,
        "vocab_size": len(words),
        "rope_scaling": {"mrope_section": [2, 2, 4], "rope_type": "default", "type": "default"},
        "rope_theta": 1e6,
    }
    sight = {
        "depth": 1,
        "hidden_size": WIDTH,
        "intermediate_size": WIDTH,
        "num_heads": 2,
        "out_hidden_size": WIDTH,
    }
    return _saved(
        folder,
        "qwen-image",
        QwenImagePipeline(
            scheduler=FlowMatchEulerDiscreteScheduler(use_dynamic_shifting=True),
            vae=AutoencoderKLQwenImage(
                base_dim=8,
                z_dim=4,
                dim_mult=[1, 2, 4],
                num_res_blocks=1,
                temperal_downsample=[False, True],
                latents_mean=[0.0] * 4,
                latents_std=[1.0] * 4,
            ),
            text_encoder=Qwen2_5_VLForConditionalGeneration(
                Qwen2_5_VLConfig(text_config=shape, vision_config=sight)
            ).eval(),
            tokenizer=words,
            transformer=QwenImageTransformer2DModel(
                in_channels=16,
                out_channels=4,
                num_layers=2,
                attention_head_dim=16,
                num_attention_heads=2,
                joint_attention_dim=WIDTH,
                axes_dims_rope=(8, 4, 4),
            ),
        ),
    )


BUILDS = {"flux": flux, "flux2-klein": flux2_klein, "z-image": z_image, "qwen-image": qwen_image}


def build(family: str, folder: Path) -> Path:
    torch.manual_seed(0)
    return BUILDS[family](folder)


def _saved(folder: Path, family: str, pipeline: DiffusionPipeline) -> Path:
    pipeline.save_pretrained(folder / family)
    register(
        folder / family,
        name=f"tiny-{family}",
        revision="r1",
        licence="apache-2.0",
        trained_on=["nothing"],
    )
    return folder / family


def _decoder(latent_channels: int) -> AutoencoderKL:
    return AutoencoderKL(
        down_block_types=("DownEncoderBlock2D",) * 2,
        up_block_types=("UpDecoderBlock2D",) * 2,
        block_out_channels=(8, 8),
        latent_channels=latent_channels,
        norm_num_groups=2,
        use_quant_conv=False,
        use_post_quant_conv=False,
        shift_factor=0.06,
        scaling_factor=1.5,
        sample_size=32,
    )


def _qwen_words(folder: Path) -> Qwen2Tokenizer:
    """Qwen's, with its bytes for an alphabet and no merges."""
    special = ["<|endoftext|>", "<|im_start|>", "<|im_end|>"]
    words = Qwen2Tokenizer(
        vocab={name: place for place, name in enumerate([*letters(), *special])},
        merges=[],
        additional_special_tokens=special[1:],
        pad_token=special[0],
    )
    words.chat_template = CHAT
    return words


def _qwen3(words: Qwen2Tokenizer, *, layers: int) -> Qwen3Config:
    return Qwen3Config(
        hidden_size=WIDTH,
        intermediate_size=WIDTH,
        num_hidden_layers=layers,
        num_attention_heads=2,
        num_key_value_heads=2,
        head_dim=16,
        vocab_size=len(words),
    )
