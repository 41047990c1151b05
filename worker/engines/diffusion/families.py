"""The kinds of base models that the engine can use, and how they differ.

A family is here if a test draws with it: ``tests/test_families.py`` does, with random numbers in
place of weights. Only two are also trained.
"""

from collections.abc import Mapping
from dataclasses import dataclass, field
from types import MappingProxyType

# What a training changes in SD 1.x and SDXL, and what other programs' files may change besides.
ATTENTION = ("to_q", "to_k", "to_v", "to_out.0")
SWAPPED = (*ATTENTION, "ff.net.0.proj", "ff.net.2", "proj_in", "proj_out")


@dataclass(frozen=True)
class Family:
    """``pipeline`` is diffusers' class, ``network`` the part of it that a style changes.

    ``trains`` says whether this engine trains it; ``native_side`` is the side in pixels of the
    square that it draws best; ``step`` is how many latents sides are a multiple of; ``draw`` has
    the settings that its makers advise. ``guidance`` is the name of that argument of the pipeline.
    """

    name: str
    pipeline: str
    architecture: str
    network: str = "transformer"
    trains: bool = False
    native_side: int = 1024
    step: int = 2
    draw: Mapping[str, object] = field(default_factory=lambda: MappingProxyType({}))
    guidance: str = "guidance_scale"
    takes_negative_prompt: bool = True
    takes_schedulers: bool = False

    def is_swapped(self, layer: str) -> bool:
        """Whether a style may change the layer of this name."""
        if self.network == "unet":
            inside = ".attentions." in layer or layer.startswith("attentions.")
            return inside and layer.endswith(tuple(f".{name}" for name in SWAPPED))
        return any(part.endswith(("blocks", "layers", "refiner")) for part in layer.split("."))


ALL = (
    Family(
        "sd1",
        "StableDiffusionPipeline",
        "stable-diffusion-v1/lora",
        network="unet",
        trains=True,
        native_side=512,
        step=1,
        takes_schedulers=True,
    ),
    Family(
        "sdxl",
        "StableDiffusionXLPipeline",
        "stable-diffusion-xl-v1-base/lora",
        network="unet",
        trains=True,
        step=1,
        takes_schedulers=True,
    ),
    # FLUX.1-schnell, which needs no guidance and few steps.
    Family(
        "flux",
        "FluxPipeline",
        "flux-1/lora",
        draw={"steps": 4, "guidance": 0.0},
        takes_negative_prompt=False,
    ),
    Family(
        "flux2-klein",
        "Flux2KleinPipeline",
        "flux-2/lora",
        draw={"steps": 4, "guidance": 1.0},
        takes_negative_prompt=False,
    ),
    Family("z-image", "ZImagePipeline", "z-image/lora", draw={"steps": 50, "guidance": 5.0}),
    Family(
        "qwen-image",
        "QwenImagePipeline",
        "qwen-image/lora",
        guidance="true_cfg_scale",
        draw={"steps": 50, "guidance": 4.0},
    ),
)
FAMILIES = {family.name: family for family in ALL}
OF_PIPELINE = {family.pipeline: family.name for family in ALL}
