"""Pictures: one pipeline that stays loaded, in which one style is swapped for another."""

import math
from collections import OrderedDict
from collections.abc import Callable, Mapping, Sequence
from pathlib import Path
from typing import Any

import diffusers
import torch
from PIL import Image

from worker.engines.base import EngineError, OnProgress, Wanted
from worker.engines.base import Settings as Given
from worker.engines.diffusion.failures import told
from worker.engines.diffusion.pipelines import Base
from worker.engines.diffusion.safety import SafetyCheck
from worker.engines.diffusion.settings import DrawingSettings, as_data, read
from worker.engines.diffusion.style_file import Network, Style, Tensors, read_style
from worker.engines.diffusion.works import caption_of

NO_STYLE = Style(weights={}, trigger="", draw={}, sha256="")
STYLE = "style"  # the one LoRA in the pipeline; what it holds is swapped
# A picture with more pixels than 1.5 times those that the base model knows shows things twice. It
# is drawn smaller, and enlarged.
MOST_PIXELS = 1.5
SCHEDULERS: Mapping[str, Callable[[Any], Any]] = {
    "ddim": diffusers.DDIMScheduler.from_config,
    "euler": diffusers.EulerDiscreteScheduler.from_config,
    "dpm": diffusers.DPMSolverMultistepScheduler.from_config,
    "unipc": diffusers.UniPCMultistepScheduler.from_config,
}


class Drawer:
    """Draws with ``base``, which it may change as it likes."""

    def __init__(
        self, base: Base, safety: SafetyCheck, *, max_rank: int, styles_in_memory: int
    ) -> None:
        self._base, self._safety = base, safety
        self._max_rank, self._most_styles = max_rank, styles_in_memory
        self._scheduler = base.pipe.scheduler
        self._network = Network.of(base.network, base.family)
        self._styles: OrderedDict[tuple[Path, int, int], Style] = OrderedDict()
        self._held: str | None = None
        self._slots = self._add_layers()

    def draw(
        self,
        model: Path | None,
        wanted: Sequence[Wanted],
        given: Given,
        *,
        on_progress: OnProgress,
    ) -> list[Image.Image]:
        """The pictures in the order of ``wanted``; those of one size are drawn together. Without a
        model they are the base model's own."""
        style = self._style(model) if model else NO_STYLE
        settings = read(DrawingSettings, self._base.family.draw, style.draw, given)
        groups: dict[tuple[int, int], list[int]] = {}
        for place, each in enumerate(wanted):
            groups.setdefault(each.size, []).append(place)
        total = settings.steps * len(groups)
        on_progress(0, total)
        pictures: dict[int, Image.Image] = {}
        with told():
            self._hold(style)
            for number, places in enumerate(groups.values()):
                begun = number * settings.steps

                def on_step(step: int, *, begun: int = begun) -> None:
                    on_progress(begun + step, total)

                chosen = [wanted[place] for place in places]
                drawn = self._together(chosen, style, settings, on_step)
                pictures.update(zip(places, drawn, strict=True))
        return [self._finished(pictures[place], style, settings) for place in range(len(wanted))]

    def _together(
        self,
        wanted: Sequence[Wanted],
        style: Style,
        settings: DrawingSettings,
        on_step: Callable[[int], None],
    ) -> list[Image.Image]:
        size = wanted[0].size
        width, height = self._fitted(size)
        pipe, schedule = self._base.pipe, self._scheduler
        guided = self._guidance(settings, len(wanted))
        make = SCHEDULERS.get(settings.scheduler, type(schedule).from_config)
        pipe.scheduler = make(schedule.config)

        def at_end_of_step(
            _: object, step: int, __: object, state: dict[str, torch.Tensor]
        ) -> dict[str, torch.Tensor]:
            on_step(step + 1)
            return state

        with torch.no_grad():
            drawn = pipe(
                prompt=[_prompt(style, each) for each in wanted],
                num_inference_steps=settings.steps,
                width=width,
                height=height,
                # Drawn one by one or together, each picture begins with the noise of its own seed.
                generator=[torch.Generator("cpu").manual_seed(each.seed) for each in wanted],
                output_type="pt",
                callback_on_step_end=at_end_of_step,
                **guided,
            ).images
        if not torch.isfinite(drawn).all():
            raise EngineError(
                "The picture came out as no numbers: this worker should use another number format.",
                retryable=True,
            )
        values = (drawn.float().clamp(0, 1) * 255).round().to(torch.uint8).cpu()
        pictures = [Image.fromarray(each.permute(1, 2, 0).numpy()) for each in values]
        if size == (width, height):
            return pictures
        return [each.resize(size, Image.Resampling.LANCZOS) for each in pictures]

    def _guidance(self, settings: DrawingSettings, count: int) -> dict[str, object]:
        """What a family calls it. Raises EngineError for what it has not."""
        family = self._base.family
        if settings.scheduler != "base" and not family.takes_schedulers:
            raise EngineError(f"The base model {self._base.model.name} has one scheduler only.")
        told: dict[str, object] = {family.guidance: settings.guidance}
        if family.takes_negative_prompt:
            return told | {"negative_prompt": [settings.negative_prompt] * count}
        if settings.negative_prompt:
            raise EngineError(f"The base model {self._base.model.name} takes no negative prompt.")
        return told

    def _finished(
        self, picture: Image.Image, style: Style, settings: DrawingSettings
    ) -> Image.Image:
        if objection := self._safety.objection(picture):
            raise EngineError(objection)
        base = self._base
        picture.info["settings"] = as_data(settings) | {
            "base_model": f"{base.model.name}@{base.model.revision}",
            "base_sha256": base.model.sha256,
            "style_sha256": style.sha256,
            "trigger": style.trigger,
            "dtype": str(base.dtype).removeprefix("torch."),
            "device": base.card,
            "diffusers": diffusers.__version__,
            # Not the class that it is: no encoder of JSON knows that.
            "torch": str(torch.__version__),
            "safety": self._safety.name,
        }
        return picture

    def _style(self, path: Path) -> Style:
        """The style in ``path``; those used last are kept in memory."""
        try:
            about = path.stat()
        except OSError as error:
            raise EngineError(f"There is no model file {path.name}.", retryable=True) from error
        key = (path, about.st_size, about.st_ino)
        if key not in self._styles:
            self._styles[key] = read_style(path, self._base.model, self._network, self._max_rank)
            if len(self._styles) > self._most_styles:
                self._styles.popitem(last=False)
        self._styles.move_to_end(key)
        return self._styles[key]

    def _add_layers(self) -> dict[str, tuple[torch.Tensor, torch.Tensor]]:
        """Room for a style in all layers that any may change; A and B of each. What they hold then
        changes nothing."""
        network = self._base.network
        nothing: Tensors = {}
        for layer, (width_in, width_out) in self._network.layers.items():
            nothing[f"{layer}.lora_A.weight"] = torch.zeros(self._max_rank, width_in)
            nothing[f"{layer}.lora_B.weight"] = torch.zeros(width_out, self._max_rank)
            if network.get_submodule(layer).weight.dim() == 4:
                for which in ("A", "B"):
                    name = f"{layer}.lora_{which}.weight"
                    nothing[name] = nothing[name][..., None, None]
        network.load_lora_adapter(nothing, prefix=None, adapter_name=STYLE)
        network.eval()
        slots = {}
        for layer in self._network.layers:
            module = network.get_submodule(layer)
            first, second = module.lora_A[STYLE].weight, module.lora_B[STYLE].weight
            slots[layer] = (first.detach().flatten(1), second.detach().flatten(1))
        return slots

    def _hold(self, style: Style) -> None:
        """Write the style into the network's layers, and empty those that it leaves alone.

        diffusers' own hot swap does the same, and takes ten times as long to find the layers.
        """
        if self._held == style.sha256:
            return
        self._held = None  # a swap that fails half-way leaves a mixture
        for layer, (first, second) in self._slots.items():
            second.zero_()
            if layer in style.weights:
                changed, back = style.weights[layer]
                rank = changed.shape[0]
                first.zero_()
                first[:rank].copy_(changed)
                second[:, :rank].copy_(back)
        self._held = style.sha256

    def _fitted(self, size: tuple[int, int]) -> tuple[int, int]:
        """The size to draw at: of that shape, no larger than the base model can, in its steps."""
        step = self._base.scale * self._base.family.step
        width, height = size
        most = MOST_PIXELS * self._base.native_side**2
        shrink = min(1.0, (most / (width * height)) ** 0.5)
        to_step = math.ceil if shrink == 1.0 else math.floor
        return (
            max(1, to_step(width * shrink / step)) * step,
            max(1, to_step(height * shrink / step)) * step,
        )


def _prompt(style: Style, wanted: Wanted) -> str:
    return caption_of(style.trigger, wanted.prompt) if style.trigger else ", ".join(wanted.prompt)
