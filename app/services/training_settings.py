"""What an artist tells the engine of a training, and what the engine is told then."""

from __future__ import annotations

import hashlib
from collections.abc import Mapping
from typing import Any

import msgspec
from django.conf import settings

from app.exceptions import InvalidInput
from app.models import Style
from protocol.training import FILES_SAY, OF_ENGINES, USUAL_EPOCHS


def checked(engine: str, given: Mapping[str, Any] | None) -> dict[str, Any] | None:
    """What is ``given``, which ``engine`` has to know. Raises InvalidInput."""
    if not given:
        return None
    kind = OF_ENGINES.get(engine)
    known = kind.__struct_fields__ if kind else ()
    if unknown := [name for name in given if name not in known]:
        raise InvalidInput.field(
            "training",
            f"The engine {engine} does not know {', '.join(unknown)[:200]}."
            f" It knows: {', '.join(known) or 'nothing'}.",
        )
    try:
        msgspec.convert(given, kind or dict)
    except msgspec.ValidationError as error:
        raise InvalidInput.field("training", f"{error}.") from error
    if (given.get("rank") or 0) > settings.DIFFUSION_MAX_RANK:
        raise InvalidInput.field(
            "training", f"Expected `int` <= {settings.DIFFUSION_MAX_RANK} - at `$.rank`."
        )
    return {name: value for name, value in given.items() if value is not None} or None


def epochs_of(style: Style) -> int:
    usual = USUAL_EPOCHS.get(style.engine, settings.TRAINING_EPOCHS)
    return int((style.training_settings or {}).get("epochs") or usual)


def of_task(style: Style) -> dict[str, Any]:
    """The settings of a task; where the engine writes them down, with whose style it is and the
    SHA-256 of what its artist declared."""
    told = {
        name: value for name, value in (style.training_settings or {}).items() if name != "epochs"
    }
    if style.engine in FILES_SAY:
        told |= {"title": style.name, "author": style.artist.artist_name}
        told |= {"licence": str(style.terms_id)}
        if declared := style.declaration:
            told["consent"] = hashlib.sha256(declared.text_en.encode()).hexdigest()
    return told
