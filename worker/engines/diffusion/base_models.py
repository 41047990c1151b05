"""Base models: what they are, under which licence, and what they were trained on.

A base model is a folder as diffusers saves it. ``python -m worker.engines.diffusion.base_models``
writes ``base-model.json`` into it; the engine takes no folder without, and none that has changed.
"""

import argparse
import hashlib
import json
import re
import sys
from collections.abc import Collection, Mapping, Sequence
from pathlib import Path

import msgspec

from worker.engines.base import EngineUnavailable
from worker.engines.diffusion.families import FAMILIES, OF_PIPELINE

REGISTRATION = "base-model.json"
# Whether pictures may be sold that a model under this licence has made. What isn't listed, may not.
COMMERCIAL = {
    "apache-2.0": True,
    "mit": True,
    "creativeml-openrail-m": True,
    "openrail++": True,
    "cc-by-nc-4.0": False,
    "flux-1-dev-non-commercial": False,
    "flux-non-commercial": False,
}
READ_BYTES = 2**20
# As the hub names a model, with the commit that was downloaded.
HUB_MODEL = re.compile(r"(?P<owner>[\w.-]+)/(?P<name>[\w.-]+)@(?P<commit>[0-9a-f]{40})")


class BaseModel(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """What is known of a base model. ``sha256`` is over all its files; ``trained_on`` is the
    provenance of its data, as its makers tell it."""

    name: str
    revision: str
    family: str
    sha256: str
    licence: str
    trained_on: list[str]

    @property
    def is_commercial(self) -> bool:
        return COMMERCIAL.get(self.licence.lower(), False)

    def public(self) -> dict[str, object]:
        """For the training manifest of a style."""
        return {
            "name": self.name,
            "revision": self.revision,
            "sha256": self.sha256,
            "licence": self.licence,
            "trained_on": list(self.trained_on),
        }


def models_folder(environ: Mapping[str, str]) -> Path:
    """Where downloaded base models lie."""
    return Path(environ.get("DIFFUSION_MODELS") or ".data/models").absolute()


def folder_of(reference: str, models: Path) -> Path:
    """The folder of a base model: ``reference`` itself, or that of ``owner/name@commit``."""
    found = HUB_MODEL.fullmatch(reference)
    return models / "--".join(found.groups()) if found else Path(reference)


def known_base_model(
    folder: Path, *, is_production: bool, allowed: Collection[str] = ()
) -> BaseModel:
    """The registered base model in ``folder``; reads all of its files.

    In production, its licence must permit commercial use, or its name must be ``allowed``. Raises
    EngineUnavailable.
    """
    try:
        model = msgspec.json.decode((folder / REGISTRATION).read_bytes(), type=BaseModel)
    except OSError as error:
        raise EngineUnavailable(
            f"{folder} is not registered as a base model: register it with"
            f" python -m worker.engines.diffusion.base_models {folder} --help."
        ) from error
    except (msgspec.DecodeError, msgspec.ValidationError) as error:
        raise EngineUnavailable(f"{folder / REGISTRATION} cannot be read: {error}.") from error
    if model.family not in FAMILIES:
        raise EngineUnavailable(f"This engine knows no base models of the family {model.family}.")
    if is_production and not model.is_commercial and model.name not in allowed:
        raise EngineUnavailable(
            f"The licence of {model.name}, {model.licence}, is not known to permit selling"
            " pictures. If you have other terms, name the model in DIFFUSION_ALLOWED."
        )
    if digest_of(folder) != model.sha256:
        raise EngineUnavailable(
            f"The files of {model.name} in {folder} are not those that were registered."
        )
    return model


def register(
    folder: Path, *, name: str, revision: str, licence: str, trained_on: Sequence[str]
) -> BaseModel:
    """Write down what is in ``folder``. Raises EngineUnavailable if it holds no base model."""
    try:
        pipeline = json.loads((folder / "model_index.json").read_bytes())["_class_name"]
    except (OSError, ValueError, KeyError, TypeError) as error:
        raise EngineUnavailable(f"{folder} holds no pipeline as diffusers saves it.") from error
    if pipeline not in OF_PIPELINE:
        raise EngineUnavailable(f"This engine cannot use a {pipeline}.")
    digest = digest_of(folder)
    model = BaseModel(name, revision, OF_PIPELINE[pipeline], digest, licence, list(trained_on))
    content = msgspec.json.format(msgspec.json.encode(model))
    (folder / REGISTRATION).write_bytes(content + b"\n")
    return model


def digest_of(folder: Path) -> str:
    """SHA-256 of all files under ``folder``, but the registration and hidden ones."""
    total = hashlib.sha256()
    for path in sorted(folder.rglob("*")):
        inside = path.relative_to(folder)
        is_hidden = any(part.startswith(".") for part in inside.parts)
        if is_hidden or inside.name == REGISTRATION or not path.is_file():
            continue
        one = hashlib.sha256()
        with path.open("rb") as file:
            while content := file.read(READ_BYTES):
                one.update(content)
        total.update(f"{one.hexdigest()}  {inside.as_posix()}\n".encode())
    return total.hexdigest()


def main(arguments: Sequence[str]) -> int:
    parser = argparse.ArgumentParser(
        prog="python -m worker.engines.diffusion.base_models",
        description="Register a base model, so that the engine takes it.",
    )
    parser.add_argument("folder", type=Path, help="a pipeline as diffusers saves it")
    parser.add_argument("--name", required=True, help="as its makers call it")
    parser.add_argument("--revision", required=True, help="the commit that was downloaded")
    parser.add_argument("--licence", required=True, help=f"such as {', '.join(COMMERCIAL)}")
    parser.add_argument(
        "--trained-on",
        required=True,
        action="append",
        help="where its data come from, or 'undisclosed'; may be given more than once",
    )
    given = parser.parse_args(arguments)
    try:
        model = register(
            given.folder,
            name=given.name,
            revision=given.revision,
            licence=given.licence,
            trained_on=given.trained_on,
        )
    except EngineUnavailable as error:
        print(error, file=sys.stderr)  # noqa: T201
        return 2
    terms = "permits" if model.is_commercial else "is not known to permit"
    print(f"{model.name}: SHA-256 {model.sha256}. {model.licence} {terms} selling pictures.")  # noqa: T201
    if not FAMILIES[model.family].trains:
        print(f"This engine draws with a {model.family}, and does not train styles for it.")  # noqa: T201
    return 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
