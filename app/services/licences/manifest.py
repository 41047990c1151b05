"""What a style was trained on, and with what: its training manifest.

It is JSON, written in one way (keys sorted, no blanks, UTF-8), so that its SHA-256 can be computed
by anybody. The certificates of the style's pictures name that.
"""

from __future__ import annotations

import hashlib
import json
from typing import Any

from app.exceptions import NotFound
from app.models import Style, TrainingManifest


def make(style: Style, metric: dict[str, Any] | None) -> TrainingManifest:
    """Keep that ``style`` was trained on its works as they are now.

    ``metric`` is what the worker told of the training; the base model is in it, and the engine's
    package, if the worker knows them.
    """
    told = metric or {}
    engine = told.get("engine")
    known = engine if isinstance(engine, dict) else {}
    works = style.artworks.order_by("position").values("sha256", "width", "height")
    content: dict[str, Any] = {
        "style_id": style.pk,
        "artist_id": style.artist_id,
        "works": list(works),
        "engine": {**known, **_engine_of(style)},
        "base_model": told.get("base_model"),
        "parameters": {name: told[name] for name in ("epochs", "tags") if name in told},
    }
    digest = hashlib.sha256(canonical(content)).hexdigest()
    made, _ = TrainingManifest.objects.update_or_create(
        style=style, defaults={"content": content, "sha256": digest}
    )
    return made


def _engine_of(style: Style) -> dict[str, str]:
    version = {"version": style.engine_version} if style.engine_version else {}
    return {"name": style.engine, **version}


def of(style_id: int) -> TrainingManifest:
    """That of a style that is offered, or was. Raises NotFound."""
    found = TrainingManifest.objects.filter(pk=style_id, style__is_draft=False).first()
    if found is None:
        raise NotFound("There is no such manifest.")
    return found


def canonical(content: dict[str, Any]) -> bytes:
    """The bytes that the SHA-256 is of."""
    return json.dumps(content, ensure_ascii=False, sort_keys=True, separators=(",", ":")).encode()
