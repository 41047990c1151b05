"""A base model in memory: those of all families are used in the same way."""

import contextlib
import hashlib
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

import diffusers
import structlog
import torch
import transformers

from worker.engines.base import EngineUnavailable
from worker.engines.diffusion.base_models import BaseModel
from worker.engines.diffusion.families import FAMILIES
from worker.engines.diffusion.settings import EngineSettings

log = structlog.get_logger()

# Their bars would be between the lines of the log.
diffusers.utils.logging.disable_progress_bar()
transformers.utils.logging.disable_progress_bar()

# A larger network takes a minute a step on a CPU.
MOST_ON_CPU = 50_000_000


@dataclass(frozen=True)
class Conditions:
    """What the text encoders make of captions. ``pooled`` is for SDXL."""

    tokens: torch.Tensor
    pooled: torch.Tensor | None

    def of(self, rows: Sequence[int]) -> "Conditions":
        chosen = list(rows)
        pooled = None if self.pooled is None else self.pooled[chosen]
        return Conditions(self.tokens[chosen], pooled)


class Base:
    """A pipeline on its device. ``model`` says what it is."""

    def __init__(self, settings: EngineSettings, model: BaseModel) -> None:
        """Load the files. Raises EngineUnavailable if that cannot be done on this device."""
        self.model, self.family = model, FAMILIES[model.family]
        self.device = torch.device(settings.device or _best_device())
        self.dtype: torch.dtype = getattr(torch, settings.dtype or _best_dtype(self.device))
        if not settings.model.is_dir():
            # transformers takes what is no folder for a name, and fails in a way of its own.
            raise EngineUnavailable(
                f"The base model {model.name} cannot be loaded: its folder is gone."
            )
        try:
            self.pipe = getattr(diffusers, self.family.pipeline).from_pretrained(
                settings.model,
                dtype=self.dtype,
                use_safetensors=True,  # pickles may run code
                local_files_only=True,
                **({"safety_checker": None} if model.family == "sd1" else {}),
            )
            self.pipe.to(self.device)
        except (OSError, ValueError, RuntimeError, AssertionError) as error:
            raise EngineUnavailable(
                f"The base model {model.name} cannot be loaded on {self.device}: {error}"
            ) from error
        self.pipe.set_progress_bar_config(disable=True)
        for part in self.pipe.components.values():
            if isinstance(part, torch.nn.Module):
                part.requires_grad_(False)
        weights = sum(each.numel() for each in self.network.parameters())
        if self.device.type == "cpu" and settings.device != "cpu" and weights > MOST_ON_CPU:
            raise EngineUnavailable(
                f"There is no graphics card here, and {model.name} takes a minute a step without."
                " To use the CPU all the same, set DIFFUSION_DEVICE=cpu."
            )

        if self.device.type == "cpu":
            log.warning("no_graphics_card", meaning="a CPU is for tests only")

    @property
    def network(self) -> Any:
        """The part of the pipeline that a style changes."""
        return getattr(self.pipe, self.family.network)

    @property
    def native_side(self) -> int:
        return self.family.native_side

    @property
    def card(self) -> str:
        """The kind of device: equal ones draw equal pictures."""
        if self.device.type == "cuda":
            return str(torch.cuda.get_device_name(self.device))
        return str(self.device.type)

    def conditions(self, captions: Sequence[str]) -> Conditions:
        with torch.no_grad():
            found = self.pipe.encode_prompt(
                prompt=list(captions),
                device=self.device,
                num_images_per_prompt=1,
                do_classifier_free_guidance=False,
            )
        return Conditions(found[0], found[2] if self.model.family == "sdxl" else None)

    def predicted(
        self, noisy: torch.Tensor, timesteps: torch.Tensor, conditions: Conditions
    ) -> torch.Tensor:
        """What the network takes for the noise (or velocity) in latents of shape (n, 4, h, w)."""
        added: dict[str, torch.Tensor] | None = None
        if conditions.pooled is not None:
            height, width = noisy.shape[2] * self.scale, noisy.shape[3] * self.scale
            # Size of the original, its crop, size wanted: a picture that nothing was cut from.
            ids = [height, width, 0, 0, height, width]
            times = torch.tensor([ids] * len(noisy), device=self.device, dtype=self.dtype)
            added = {"text_embeds": conditions.pooled, "time_ids": times}
        with self._mixed_precision():
            made: torch.Tensor = self.network(
                noisy, timesteps, conditions.tokens, added_cond_kwargs=added
            ).sample
        return made.float()

    @property
    def scale(self) -> int:
        """Pixels a latent, in each direction."""
        return int(self.pipe.vae_scale_factor)

    def _mixed_precision(self) -> contextlib.AbstractContextManager[Any]:
        if self.dtype is torch.float32:
            return contextlib.nullcontext()
        precision: contextlib.AbstractContextManager[Any] = torch.autocast(
            self.device.type, dtype=self.dtype
        )
        return precision


def generator(*parts: object) -> torch.Generator:
    """Random numbers that depend on ``parts`` alone, wherever and whenever they are drawn.

    On the CPU, so that each device has the same.
    """
    digest = hashlib.sha256(repr(parts).encode()).digest()
    return torch.Generator("cpu").manual_seed(int.from_bytes(digest[:8], "big") >> 1)


def _best_device() -> str:
    return "cuda" if torch.cuda.is_available() else "cpu"


def _best_dtype(device: torch.device) -> str:
    if device.type != "cuda":
        return "float32"
    return "bfloat16" if torch.cuda.is_bf16_supported() else "float16"
