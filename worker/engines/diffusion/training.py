"""Learning a style: LoRA on the attention layers of the base model's network.

All that is random in a step depends on the seed and the step's number alone. So a training that
goes on from a checkpoint makes the same file, bit for bit, as one that was never interrupted.
"""

import hashlib
import json
import math
import time
from collections.abc import Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import diffusers
import peft
import structlog
import torch
from diffusers import DDPMScheduler
from peft import LoraConfig, get_peft_model_state_dict, set_peft_model_state_dict
from torch.nn.functional import mse_loss

from worker.engines.base import EngineError, OnProgress, SaveCheckpoint
from worker.engines.diffusion.families import ATTENTION
from worker.engines.diffusion.pipelines import Base, generator
from worker.engines.diffusion.settings import TrainingSettings, as_data
from worker.engines.diffusion.style_file import Tensors, open_file, save
from worker.engines.diffusion.works import Works

log = structlog.get_logger()

CHECKPOINT = "checkpoint.safetensors"
# Where in the noise held-out works are looked at: shares of all timesteps.
LOOKED_AT = (0.1, 0.3, 0.5, 0.7, 0.9)
LONGEST_GRADIENT = 1.0
NO_NUMBER = (
    "The training did not succeed: its loss became no number. A lower learning rate may help."
)


@dataclass
class Learned:
    """How far a training is. ``losses`` and ``held_out`` (None: nothing is) have one number an
    epoch; ``weights`` are those of ``epoch``, the best one so far (from 1)."""

    step: int = 0
    losses: list[float] = field(default_factory=list)
    held_out: list[float] = field(default_factory=list)
    epoch: int = 0
    weights: Tensors = field(default_factory=dict)
    running: float = 0.0


def identity_of(
    base: Base, settings: TrainingSettings, num_epochs: int, works: str, version: str
) -> str:
    """What a checkpoint must be of, to go on from it. ``version`` is the engine's: together with
    those of its libraries it says what the numbers in a checkpoint mean."""
    made_by = [version, diffusers.__version__, peft.__version__, str(torch.__version__)]
    told = [base.model.sha256, str(base.dtype), as_data(settings), num_epochs, works, made_by]
    return hashlib.sha256(json.dumps(told, sort_keys=True).encode()).hexdigest()


class Training:
    """One training. It changes the network of ``base``, which is of no other use afterwards."""

    def __init__(
        self,
        base: Base,
        works: Works,
        settings: TrainingSettings,
        num_epochs: int,
        *,
        identity: str,
    ) -> None:
        self._base, self._works, self._settings = base, works, settings
        self._identity = identity
        self._epochs = num_epochs
        self.steps_an_epoch = works.steps_an_epoch(num_epochs, settings)
        self.steps = self.steps_an_epoch * num_epochs
        self._noise = DDPMScheduler.from_config(base.pipe.scheduler.config)
        self._alphas = self._noise.alphas_cumprod.to(base.device)
        self._network = base.network
        self._add_layers()
        self._parameters = dict(
            sorted((n, p) for n, p in self._network.named_parameters() if p.requires_grad)
        )
        self._optimizer = torch.optim.AdamW(
            list(self._parameters.values()), lr=settings.learning_rate
        )
        self.learned = Learned()

    def run(
        self,
        on_step: OnProgress,
        *,
        folder: Path,
        save_checkpoint: SaveCheckpoint | None,
        checkpoint_seconds: float,
    ) -> Learned:
        """Train to the end. Raises EngineError if the loss becomes no number."""
        learned = self.learned
        saved_at = time.monotonic()
        while learned.step < self.steps:
            on_step(learned.step, self.steps)
            epoch, place = divmod(learned.step, self.steps_an_epoch)
            batches = self._works.batches(epoch, self.steps_an_epoch, self._settings)
            learned.running += self._step(batches[place])
            learned.step += 1
            if place + 1 == self.steps_an_epoch:
                self._end_epoch()
            if save_checkpoint and time.monotonic() - saved_at >= checkpoint_seconds:
                self._keep(folder / CHECKPOINT, save_checkpoint)
                saved_at = time.monotonic()
        on_step(self.steps, self.steps)
        (folder / CHECKPOINT).unlink(missing_ok=True)
        return learned

    def _keep(self, path: Path, save_checkpoint: SaveCheckpoint) -> None:
        """Save a checkpoint. Where the disk has no room, the training goes on without."""
        try:
            self.save(path)
        except OSError as error:
            log.warning("checkpoint_not_written", reason=str(error))
            return
        save_checkpoint(path)

    def save(self, path: Path) -> None:
        """Write a checkpoint."""
        learned = self.learned
        tensors: Tensors = {f"best/{name}": each for name, each in learned.weights.items()}
        for name, parameter in self._parameters.items():
            tensors[f"now/{name}"] = parameter
            for part, value in self._optimizer.state[parameter].items():
                tensors[f"{part}/{name}"] = value
        numbers = [learned.step, learned.losses, learned.held_out, learned.epoch, learned.running]
        # The prefix lets the reader insist on the checksum.
        told = {"stylelicense.base": self._base.model.name, "identity": self._identity}
        save(path, tensors, told | {"learned": json.dumps(numbers)})

    def go_on_from(self, path: Path) -> bool:
        """Whether ``path`` is a checkpoint of this training; if so, go on from it.

        A damaged file, or one of other works or settings, is left: the training begins anew.
        """
        try:
            tensors, told = open_file(path)
            if told.get("identity") != self._identity:
                raise EngineError("The checkpoint is of another training.")
            learned = self._learned_of(json.loads(told["learned"]), tensors)
            parts = {name: self._parts_of(name, tensors) for name in self._parameters}
        except (EngineError, OSError, ValueError, KeyError, TypeError) as error:
            log.warning("checkpoint_left", reason=str(error))
            return False
        # Nothing is changed before all of it is known to be there.
        for name, parameter in self._parameters.items():
            parameter.data.copy_(parts[name].pop("now"))
            self._optimizer.state[parameter] = parts[name]
        self.learned = learned
        return True

    def _parts_of(self, name: str, tensors: Tensors) -> Tensors:
        """Of one parameter: its value as ``now``, and the optimizer's state of it. Raises KeyError
        or ValueError."""
        parts = {
            part: tensors[f"{part}/{name}"].to(self._base.device)
            for part in ("now", "exp_avg", "exp_avg_sq")
        }
        if any(each.shape != self._parameters[name].shape for each in parts.values()):
            raise ValueError(f"{name} has another size")
        # The optimizer counts on the CPU.
        return {**parts, "step": tensors[f"step/{name}"]}

    def _learned_of(self, numbers: Sequence[Any], tensors: Tensors) -> Learned:
        """Raises ValueError or TypeError unless ``numbers`` are of a step of this training."""
        step, losses, held_out, epoch, running = numbers
        ended = step // self.steps_an_epoch
        counts = (len(losses), len(held_out) if self._works.held_out else ended)
        if not 0 < step <= self.steps or counts != (ended, ended) or not 0 <= epoch <= ended:
            raise ValueError("its numbers are of no step of this training")
        best = {
            name.removeprefix("best/"): each
            for name, each in tensors.items()
            if name.startswith("best/")
        }
        if bool(best) != bool(epoch):
            raise ValueError("the weights of its best epoch are missing")
        return Learned(step, losses, held_out, epoch, best, running)

    def _add_layers(self) -> None:
        settings = self._settings
        self._network.add_adapter(
            LoraConfig(r=settings.rank, lora_alpha=settings.alpha, target_modules=list(ATTENTION))
        )
        if self._base.device.type == "cuda":
            self._network.enable_gradient_checkpointing()
        self._network.train()
        fresh: Tensors = {}
        for name, tensor in sorted(get_peft_model_state_dict(self._network).items()):
            source = generator(settings.seed, "layer", name)
            random = torch.randn(tensor.shape, generator=source) / settings.rank
            fresh[name] = random if ".lora_A." in name else torch.zeros(tensor.shape)
        for parameter in self._network.parameters():
            if parameter.requires_grad:
                parameter.data = parameter.data.float()
        set_peft_model_state_dict(self._network, fresh)

    def _step(self, numbers: Sequence[int]) -> float:
        settings, step = self._settings, self.learned.step
        source = generator(settings.seed, "step", step)
        latents = torch.stack([self._works.all[i].drawn(source) for i in numbers])
        noise = torch.randn(latents.shape, generator=source)
        most = self._noise.config.num_train_timesteps
        times = torch.randint(0, most, (len(numbers),), generator=source)
        dropped = torch.rand(len(numbers), generator=source) < settings.caption_dropout
        rows = [-1 if drop else i for i, drop in zip(numbers, dropped.tolist(), strict=True)]
        loss = self._loss(latents, noise, times, rows, weighted=True)
        value = float(loss.item())
        if not math.isfinite(value):
            raise EngineError(NO_NUMBER)
        loss.backward()
        torch.nn.utils.clip_grad_norm_(self._parameters.values(), LONGEST_GRADIENT)
        for group in self._optimizer.param_groups:
            group["lr"] = settings.learning_rate * (1 + math.cos(math.pi * step / self.steps)) / 2
        self._optimizer.step()
        self._optimizer.zero_grad()
        return value

    def _loss(
        self,
        latents: torch.Tensor,
        noise: torch.Tensor,
        times: torch.Tensor,
        rows: Sequence[int],
        *,
        weighted: bool,
    ) -> torch.Tensor:
        device = self._base.device
        latents, noise, times = latents.to(device), noise.to(device), times.to(device)
        noisy = self._noise.add_noise(latents, noise, times)
        predicted = self._base.predicted(noisy, times, self._works.conditions.of(rows))
        is_velocity = self._noise.config.prediction_type == "v_prediction"
        target = self._noise.get_velocity(latents, noise, times) if is_velocity else noise
        losses = mse_loss(predicted, target, reduction="none").mean(dim=(1, 2, 3))
        if weighted and self._settings.min_snr:
            # Hang et al., "Efficient Diffusion Training via Min-SNR Weighting Strategy" (2023).
            alphas = self._alphas[times]
            ratio = alphas / (1 - alphas)
            weights = ratio.clamp(max=self._settings.min_snr) / (ratio + int(is_velocity))
            losses = losses * weights
        return losses.mean()

    def _end_epoch(self) -> None:
        learned = self.learned
        learned.losses.append(learned.running / self.steps_an_epoch)
        learned.running = 0.0
        epoch = len(learned.losses)
        found = self._held_out_loss()
        if found is not None:
            if not math.isfinite(found):
                raise EngineError(NO_NUMBER)
            learned.held_out.append(found)
        if found is None or found <= min(learned.held_out):
            learned.epoch = epoch
            learned.weights = {
                name: tensor.detach().float().cpu().clone()
                for name, tensor in get_peft_model_state_dict(self._network).items()
            }

    def _held_out_loss(self) -> float | None:
        """The mean loss on works that were not learned from; the same noise each time."""
        works, total = self._works, 0.0
        if not works.held_out:
            return None
        most = self._noise.config.num_train_timesteps
        with torch.no_grad():
            for number in works.held_out:
                for share in LOOKED_AT:
                    source = generator(self._settings.seed, "held out", number, share)
                    latents = works.all[number].mean[None]
                    noise = torch.randn(latents.shape, generator=source)
                    times = torch.tensor([int(share * most)])
                    total += self._loss(latents, noise, times, [number], weighted=False).item()
        return total / (len(works.held_out) * len(LOOKED_AT))
