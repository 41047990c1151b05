"""``python -m worker.engines.diffusion.download OWNER/NAME``: fetch a base model from the hub.

It shows the licence and where the data come from, and asks before it fetches anything large. This
is the only part of the engine that uses the network: the worker reads what is in DIFFUSION_MODELS.
"""

import argparse
import json
import os
import shutil
import sys
from collections.abc import Callable, Mapping, Sequence
from functools import partial
from pathlib import Path
from typing import Any

# The package says no to the network; it has to be said before the library looks.
os.environ["HF_HUB_OFFLINE"] = "0"
if not os.environ.get("HF_ENDPOINT"):  # another hub; empty as compose files pass it
    os.environ.pop("HF_ENDPOINT", None)
os.environ.setdefault("HF_HUB_DISABLE_TELEMETRY", "1")

import httpx2
from huggingface_hub import HfApi, hf_hub_download
from huggingface_hub.errors import GatedRepoError, HfHubHTTPError

from worker.engines.base import EngineUnavailable
from worker.engines.diffusion.base_models import (
    COMMERCIAL,
    folder_of,
    models_folder,
    register,
)
from worker.engines.diffusion.families import FAMILIES, OF_PIPELINE

INDEX = "model_index.json"
# What a pipeline is made of. Pickled weights are left: they may run code.
KINDS = (".json", ".txt", ".model", ".safetensors", ".jinja")
# Of the whole repository, kept with the model.
PAPERS = ("LICENSE", "LICENSE.md", "LICENSE.txt", "README.md")
LEFT_OUT = ("safety_checker", "feature_extractor", "image_encoder")
# What the makers say of their data.
TRAINED_ON = {
    "stable-diffusion-v1-5/stable-diffusion-v1-5": ["LAION-2B (en) and subsets of it"],
}
UNDISCLOSED = ["undisclosed"]
VARIANTS = ("fp16", "bf16", "non_ema", "ema_only")
GIGABYTE = 10**9


say = partial(print, flush=True)


class Refused(Exception):
    """The model is not downloaded; the message says why."""


def download(
    name: str,
    revision: str | None,
    models: Path,
    agree: Callable[[str, str], bool],
    *,
    trained_on: Sequence[str] = (),
) -> str:
    """Fetch the model ``name`` at ``revision`` (None: today's) and register it.

    ``agree`` is given what there is to know and the licence's name. Returns what DIFFUSION_MODEL is
    to be. Raises Refused.
    """
    told = HfApi().model_info(name, revision=revision, files_metadata=True)
    commit = str(told.sha)
    reference = f"{name}@{commit}"
    target = folder_of(reference, models)
    part = target.with_name(f".{target.name}.part")
    if target.exists():
        say(f"{target} is there already.")
        return reference
    index = json.loads(
        Path(hf_hub_download(name, INDEX, revision=commit, local_dir=part)).read_bytes()
    )
    if (family := OF_PIPELINE.get(index.get("_class_name"))) is None:
        raise Refused(f"This engine cannot use a {index.get('_class_name')}.")
    sizes = {file.rfilename: file.size or 0 for file in told.siblings or []}
    files = wanted_files(index, sizes)
    size = sum(sizes[file] for file in files)
    licence = licence_of(told)
    data = list(trained_on) or TRAINED_ON.get(name, UNDISCLOSED)
    free = shutil.disk_usage(models).free
    if free < size:
        raise Refused(
            f"{models} has {free / GIGABYTE:.1f} GB left, and the model has {size / GIGABYTE:.1f}."
        )
    if not agree(_shown(name, commit, family, licence, data, size), licence):
        raise Refused("Nothing was downloaded: the licence was not accepted.")
    # One by one: snapshot_download returns what is there when the hub fails half-way.
    for file in files:
        say(f"{file} ({sizes[file] / GIGABYTE:.2f} GB)")
        hf_hub_download(name, file, revision=commit, local_dir=part)
        if (part / file).stat().st_size != sizes[file]:
            raise Refused(f"{file} has not the size that the hub tells. Try it again.")
    shutil.rmtree(part / ".cache", ignore_errors=True)
    register(part, name=name, revision=commit, licence=licence, trained_on=data)
    part.rename(target)
    return reference


def wanted_files(index: Mapping[str, Any], names: Mapping[str, int]) -> list[str]:
    """Those of ``names`` that the pipeline of ``index`` is loaded from, in full precision."""
    parts = {name for name, value in index.items() if isinstance(value, list) and value[0]}
    chosen = [INDEX, *(paper for paper in PAPERS if paper in names)]
    for name in sorted(names):
        folder, _, file = name.partition("/")
        is_variant = any(f".{word}." in file or f".{word}-" in file for word in VARIANTS)
        if folder in parts and folder not in LEFT_OUT and file.endswith(KINDS) and not is_variant:
            chosen.append(name)
    return chosen


def licence_of(told: Any) -> str:
    card = told.card_data or {}
    named = str(card.get("license") or "unknown")
    return str(card.get("license_name") or "unknown") if named == "other" else named


def _shown(
    name: str, commit: str, family: str, licence: str, data: Sequence[str], size: int
) -> str:
    use = "trains styles and draws" if FAMILIES[family].trains else "draws, does not train styles"
    terms = "permits" if COMMERCIAL.get(licence.lower()) else "is not known to permit"
    return (
        f"model       {name}\nrevision    {commit}\n"
        f"family      {family}: {use}\n"
        f"licence     {licence} ({terms} selling pictures)\n"
        f"its text    {HfApi().endpoint}/{name}/blob/{commit}/README.md\n"
        f"trained on  {'; '.join(data)}\nsize        {size / GIGABYTE:.1f} GB"
    )


def _agreement(accepted: str | None) -> Callable[[str, str], bool]:
    def agree(shown: str, licence: str) -> bool:
        say(shown)
        if accepted is not None:
            return accepted == licence
        if not sys.stdin.isatty():
            say(f"To accept, run it in a terminal, or with --accept {licence}.")
            return False
        return input("Do you accept the licence? [y/N] ").strip().lower() in ("y", "yes")

    return agree


def main(arguments: Sequence[str]) -> int:
    parser = argparse.ArgumentParser(
        prog="python -m worker.engines.diffusion.download",
        description="Download a base model. HF_TOKEN opens models that ask for an account.",
    )
    parser.add_argument("model", metavar="OWNER/NAME[@COMMIT]")
    parser.add_argument(
        "--accept", metavar="LICENCE", help="the licence's name, to be asked nothing"
    )
    parser.add_argument(
        "--trained-on", action="append", default=[], help="where its data come from, if you know"
    )
    given = parser.parse_args(arguments)
    name, _, commit = given.model.partition("@")
    models = models_folder(os.environ)
    try:
        models.mkdir(parents=True, exist_ok=True)
        reference = download(
            name, commit or None, models, _agreement(given.accept), trained_on=given.trained_on
        )
    except GatedRepoError:
        say(f"{name} asks for an account: accept its terms on the hub, then set HF_TOKEN.")
        return 2
    except (Refused, EngineUnavailable) as error:
        say(error, file=sys.stderr)
        return 2
    except (HfHubHTTPError, httpx2.HTTPError, OSError, ValueError) as error:
        say(f"{name} cannot be downloaded: {error}", file=sys.stderr)
        return 1
    say(f"Set DIFFUSION_MODEL={reference}")
    return 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
