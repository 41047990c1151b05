"""The file of a style: safetensors, with the keys and metadata that other programs read.

The keys are those of diffusers or of kohya's trainer; the metadata follow modelspec 1.0.1. The
library writes metadata in another order each time, so the header is written here: the same style
gives the same bytes.
"""

import hashlib
import json
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import diffusers
import torch
from diffusers.utils import convert_state_dict_to_kohya, convert_unet_state_dict_to_peft
from safetensors import SafetensorError, safe_open
from safetensors.torch import load

from worker.engines.base import EngineError
from worker.engines.diffusion.base_models import BaseModel
from worker.engines.diffusion.families import FAMILIES, Family
from worker.engines.diffusion.settings import DrawingSettings, TrainingSettings, as_data, read

Tensors = dict[str, torch.Tensor]
DTYPES = {torch.float32: "F32", torch.float16: "F16", torch.bfloat16: "BF16", torch.int64: "I64"}
# Layers whose weights are a matrix: in Stable Diffusion some are convolutions of one pixel.
CHANGEABLE = (torch.nn.Linear, torch.nn.Conv2d)
HASH = "modelspec.hash_sha256"
OURS = "stylelicense."
# How the readers of foreign files fail.
KNOWN_COMPLAINTS = (
    *(ValueError, KeyError, IndexError, AttributeError, TypeError, RuntimeError),
    ArithmeticError,
)
FOREIGN = "The style's file is not a LoRA that this worker can draw with"
DAMAGED = "The style's file is damaged"


@dataclass(frozen=True)
class Network:
    """What a file must fit: the network's configuration, and the layers that a style may change,
    each with the numbers that go in and come out."""

    family: Family
    config: Any
    layers: dict[str, tuple[int, int]]

    @classmethod
    def of(cls, network: Any, family: Family) -> "Network":
        """Of a network that holds no LoRA yet."""
        layers = {
            name: (module.weight.shape[1], module.weight.shape[0])
            for name, module in network.named_modules()
            if family.is_swapped(name) and isinstance(module, CHANGEABLE)
        }
        return cls(family, network.config, layers)


@dataclass(frozen=True)
class Style:
    """A style as the pipeline takes it: for each layer of the network A and B, which alpha is in.

    ``draw`` are the settings that it says for its pictures.
    """

    weights: dict[str, tuple[torch.Tensor, torch.Tensor]]
    trigger: str
    draw: Mapping[str, object]
    sha256: str


def save(path: Path, tensors: Tensors, metadata: dict[str, str]) -> None:
    """Write a safetensors file: equal arguments give equal bytes."""
    content = {name: _bytes(tensors[name]) for name in sorted(tensors)}
    header: dict[str, object] = {
        "__metadata__": dict(sorted((metadata | {HASH: _digest(content)}).items()))
    }
    end = 0
    for name, values in content.items():
        tensor, begin, end = tensors[name], end, end + len(values)
        header[name] = {
            "dtype": DTYPES[tensor.dtype],
            "shape": list(tensor.shape),
            "data_offsets": [begin, end],
        }
    head = json.dumps(header, ensure_ascii=False, separators=(",", ":")).encode()
    head += b" " * (-len(head) % 8)
    part = path.with_name(f".{path.name}.part")
    try:
        with part.open("wb") as file:
            file.write(len(head).to_bytes(8, "little") + head)
            for values in content.values():
                file.write(values)
        part.replace(path)
    finally:
        part.unlink(missing_ok=True)


def open_file(path: Path) -> tuple[Tensors, dict[str, str]]:
    """Tensors and metadata. Raises EngineError if the file is missing or damaged."""
    try:
        with safe_open(path, framework="pt") as file:
            metadata = file.metadata() or {}
        tensors: Tensors = load(path.read_bytes())
    except OSError as error:
        if not path.is_file():
            raise EngineError(f"There is no model file {path.name}.", retryable=True) from error
        raise EngineError("The style's file cannot be read.") from error
    except SafetensorError as error:
        raise EngineError(f"{DAMAGED}, or is from another engine.") from error
    told = metadata.get(HASH)
    if f"{OURS}base" in metadata and told != _digest({k: _bytes(tensors[k]) for k in tensors}):
        raise EngineError(f"{DAMAGED}: its checksum does not match.")
    if not all(_is_finite(each) for each in tensors.values()):
        raise EngineError(f"{DAMAGED}: it holds values that are no numbers.")
    return tensors, metadata


def write_style(
    path: Path,
    weights: Tensors,
    settings: TrainingSettings,
    base: BaseModel,
    *,
    training_set: str,
) -> None:
    """Write ``weights`` (a LoRA of the network, by peft's names) as a style's file.

    Alpha is multiplied into B, so that all programs agree on it.
    """
    factor = settings.alpha / settings.rank
    scaled = {
        f"unet.{name}": (tensor * factor if ".lora_B." in name else tensor).float().cpu()
        for name, tensor in weights.items()
    }
    if settings.keys == "kohya":
        scaled = convert_state_dict_to_kohya(scaled)
    metadata = {
        "format": "pt",
        "modelspec.sai_model_spec": "1.0.1",
        "modelspec.architecture": FAMILIES[base.family].architecture,
        "modelspec.implementation": "diffusers",
        "modelspec.title": settings.title,
        "modelspec.author": settings.author,
        "modelspec.license": settings.licence,
        "modelspec.trigger_phrase": settings.trigger,
        "ss_network_module": "networks.lora",
        "ss_network_dim": str(settings.rank),
        "ss_network_alpha": str(settings.rank),
        f"{OURS}base": f"{base.name}@{base.revision}",
        f"{OURS}base_sha256": base.sha256,
        f"{OURS}consent_sha256": settings.consent,
        f"{OURS}training_set_sha256": training_set,
        f"{OURS}settings": json.dumps(as_data(settings), sort_keys=True),
    }
    save(path, scaled, {name: text for name, text in metadata.items() if text})


def read_style(path: Path, base: BaseModel, network: Network, rank: int) -> Style:
    """The style in ``path``, for ``network``.

    Raises EngineError if the file is damaged, is for another base model, changes a layer that
    isn't there, or has a higher rank than ``rank``.
    """
    tensors, metadata = open_file(path)
    made_for = metadata.get(f"{OURS}base_sha256")
    architecture = metadata.get("modelspec.architecture")
    if made_for not in (None, base.sha256) or architecture not in (
        None,
        network.family.architecture,
    ):
        other = metadata.get(f"{OURS}base") or architecture
        raise EngineError(f"This style is for another base model, {other}: not for {base.name}.")
    named = _without_alpha(tensors, network)
    weights = {}
    for layer in {name.rpartition(".lora_")[0] for name in named}:
        pair = [named.get(f"{layer}.lora_{which}.weight") for which in ("A", "B")]
        inside = layer.removeprefix(f"{network.family.network}.")
        weights[inside] = _pair(inside, pair, network, base, rank)
    draw = _settings_of_pictures(metadata)
    return Style(
        weights,
        metadata.get("modelspec.trigger_phrase", ""),
        draw,
        hashlib.sha256(path.read_bytes()).hexdigest(),
    )


def _settings_of_pictures(metadata: Mapping[str, str]) -> Mapping[str, object]:
    """What the file says of its pictures. Raises EngineError."""
    try:
        draw = json.loads(metadata.get(f"{OURS}settings", "{}")).get("draw", {})
        read(DrawingSettings, draw)
    except (ValueError, AttributeError, TypeError) as error:
        raise EngineError(f"{DAMAGED}: its settings cannot be read.") from error
    return dict(draw)


def _pair(
    layer: str,
    pair: Sequence[torch.Tensor | None],
    network: Network,
    base: BaseModel,
    most_rank: int,
) -> tuple[torch.Tensor, torch.Tensor]:
    """A and B of one layer as matrices. Raises EngineError if they don't fit it."""
    first, second = pair
    if layer not in network.layers or first is None or second is None:
        raise EngineError(f"{FOREIGN}: it changes {layer}.")
    if first.dim() not in (2, 4) or second.dim() != first.dim():
        raise EngineError(f"{FOREIGN}: its layers have other sizes than {base.name}.")
    rank = first.shape[0]
    width_in, width_out = network.layers[layer]
    if first.numel() != rank * width_in or second.numel() != width_out * rank:
        raise EngineError(f"{FOREIGN}: its layers have other sizes than {base.name}.")
    if rank > most_rank:
        raise EngineError(f"{FOREIGN}: its rank is above {most_rank}.")
    return first.reshape(rank, width_in), second.reshape(width_out, rank)


def _without_alpha(tensors: Tensors, network: Network) -> Tensors:
    """By peft's names, whosever they were. Raises EngineError if it is no LoRA of a network."""
    family = network.family
    pipeline: Any = getattr(diffusers, family.pipeline)
    try:
        if family.network == "unet":
            weights = _of_unet(tensors, network)
        else:
            found = pipeline.lora_state_dict(dict(tensors), return_lora_metadata=False)
            weights = {name: tensor.float() for name, tensor in found.items()}
    except KNOWN_COMPLAINTS as error:
        raise EngineError(f"{FOREIGN}.") from error
    if any(not name.startswith(f"{family.network}.") for name in weights):
        raise EngineError(f"{FOREIGN}: it changes the text encoder, or is no LoRA.")
    if not weights:
        raise EngineError(f"{FOREIGN}: it is empty.")
    return weights


def _of_unet(tensors: Tensors, network: Network) -> Tensors:
    named, alphas = diffusers.StableDiffusionXLPipeline.lora_state_dict(
        dict(tensors), unet_config=network.config
    )
    if any(not name.startswith("unet.") for name in named):
        return dict(named)
    weights: Tensors = {
        name: tensor.float() for name, tensor in convert_unet_state_dict_to_peft(named).items()
    }
    for name, alpha in (alphas or {}).items():
        layer = name.removesuffix(".alpha")
        down = layer if layer.endswith(".down.weight") else f"{layer}.lora.down.weight"
        (first,) = convert_unet_state_dict_to_peft({down: None})
        factor = float(alpha) / weights[first].shape[0]
        weights[first.replace(".lora_A.", ".lora_B.")] *= factor
    return weights


def _is_finite(tensor: torch.Tensor) -> bool:
    # The smallest formats of numbers know no such question.
    asked = tensor.float() if tensor.is_floating_point() else tensor
    return bool(torch.isfinite(asked).all())


def _bytes(tensor: torch.Tensor) -> bytes:
    flat = tensor.detach().cpu().contiguous().view(-1)
    return flat.view(torch.uint8).numpy().tobytes() if flat.numel() else b""


def _digest(content: dict[str, bytes]) -> str:
    total = hashlib.sha256()
    for name in sorted(content):
        total.update(content[name])
    return f"0x{total.hexdigest()}"
