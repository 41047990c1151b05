"""The file of a style: safetensors, with the keys and metadata that other programs read.

The keys are those of diffusers or of kohya's trainer; the metadata follow modelspec 1.0.1. The
library writes metadata in another order each time, so the header is written here: the same style
gives the same bytes.
"""

import hashlib
import json
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import torch
from diffusers import StableDiffusionXLPipeline
from diffusers.utils import convert_state_dict_to_kohya, convert_unet_state_dict_to_peft
from safetensors import SafetensorError, safe_open
from safetensors.torch import load

from worker.engines.base import EngineError
from worker.engines.diffusion.base_models import BaseModel
from worker.engines.diffusion.pipelines import ARCHITECTURES, is_swapped
from worker.engines.diffusion.settings import DrawingSettings, TrainingSettings, as_data, read

Tensors = dict[str, torch.Tensor]
DTYPES = {torch.float32: "F32", torch.float16: "F16", torch.bfloat16: "BF16", torch.int64: "I64"}
HASH = "modelspec.hash_sha256"
OURS = "stylelicense."
FOREIGN = "The style's file is not a LoRA that this worker can draw with"
DAMAGED = "The style's file is damaged"


@dataclass(frozen=True)
class Network:
    """What a file must fit: the network's configuration, and the layers that a style may change,
    each with the numbers that go in and come out."""

    config: Any
    layers: dict[str, tuple[int, int]]

    @classmethod
    def of(cls, network: Any) -> "Network":
        """Of a network that holds no LoRA yet."""
        layers = {
            name: (module.weight.shape[1], module.weight.shape[0])
            for name, module in network.named_modules()
            if is_swapped(name)
        }
        return cls(network.config, layers)


@dataclass(frozen=True)
class Style:
    """A style as the pipeline takes it: layers of the network, without alpha (it is in B)."""

    weights: Tensors
    trigger: str
    draw: DrawingSettings
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
    with part.open("wb") as file:
        file.write(len(head).to_bytes(8, "little") + head)
        for values in content.values():
            file.write(values)
    part.replace(path)


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
    if not all(torch.isfinite(each).all() for each in tensors.values()):
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
        "modelspec.architecture": ARCHITECTURES[base.family],
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
        ARCHITECTURES[base.family],
    ):
        other = metadata.get(f"{OURS}base") or architecture
        raise EngineError(f"This style is for another base model, {other}: not for {base.name}.")
    weights, layers = _without_alpha(tensors, network), network.layers
    for name, tensor in weights.items():
        layer, _, which = name.removeprefix("unet.").rpartition(".lora_")
        is_first = which == "A.weight"
        if layer not in layers or which not in ("A.weight", "B.weight"):
            raise EngineError(f"{FOREIGN}: it changes {layer or name}.")
        width = tensor.shape[1 if is_first else 0]
        if width != layers[layer][0 if is_first else 1]:
            raise EngineError(f"{FOREIGN}: its layers have other sizes than {base.name}.")
        if tensor.shape[0 if is_first else 1] > rank:
            raise EngineError(f"{FOREIGN}: its rank is above {rank}.")
    ours = json.loads(metadata.get(f"{OURS}settings", "{}"))
    return Style(
        weights,
        metadata.get("modelspec.trigger_phrase", ""),
        read(DrawingSettings, ours.get("draw", {})),
        hashlib.sha256(path.read_bytes()).hexdigest(),
    )


def _without_alpha(tensors: Tensors, network: Network) -> Tensors:
    """By peft's names, whosever they were. Raises EngineError if it is no LoRA of a network."""
    try:
        named, alphas = StableDiffusionXLPipeline.lora_state_dict(
            dict(tensors), unet_config=network.config
        )
        if any(not name.startswith("unet.") for name in named):
            raise EngineError(f"{FOREIGN}: it changes the text encoder, or is no LoRA.")
        weights: Tensors = {
            name: tensor.float() for name, tensor in convert_unet_state_dict_to_peft(named).items()
        }
        for name, alpha in (alphas or {}).items():
            layer = name.removesuffix(".alpha")
            down = layer if layer.endswith(".down.weight") else f"{layer}.lora.down.weight"
            (first,) = convert_unet_state_dict_to_peft({down: None})
            factor = float(alpha) / weights[first].shape[0]
            weights[first.replace(".lora_A.", ".lora_B.")] *= factor
    except (ValueError, KeyError, IndexError, AttributeError, TypeError) as error:
        raise EngineError(f"{FOREIGN}.") from error
    if not weights:
        raise EngineError(f"{FOREIGN}: it is empty.")
    return weights


def _bytes(tensor: torch.Tensor) -> bytes:
    flat = tensor.detach().cpu().contiguous().view(-1)
    return flat.view(torch.uint8).numpy().tobytes() if flat.numel() else b""


def _digest(content: dict[str, bytes]) -> str:
    total = hashlib.sha256()
    for name in sorted(content):
        total.update(content[name])
    return f"0x{total.hexdigest()}"
