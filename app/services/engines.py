"""The engines that this site offers to artists, and what their styles take."""

from __future__ import annotations

from collections.abc import Collection

from django.conf import settings

from app.exceptions import InvalidInput
from app.models import Generation, GenerationStatus, Style, User
from protocol.engines import DRAW_KNOWN_WORDS, DRAWN_WITH


def chosen(engine: str | None) -> str:
    """The engine of that name, or the usual one. Raises InvalidInput for what is not offered."""
    offered = settings.ENGINES
    if engine is None:
        return str(offered[0])
    if engine not in offered:
        raise InvalidInput.field("engine", f"Choose one of these engines: {', '.join(offered)}.")
    return engine


def require_text(engine: str) -> None:
    """Raises InvalidInput if it draws some words only, which are ordered as tags."""
    if engine in DRAW_KNOWN_WORDS:
        said = "This style is drawn from single words and phrases: send them as `prompt_tags`."
        raise InvalidInput.field("prompt", said)


def drawn_before(buyer: User, picture_ids: Collection[int]) -> dict[int, Generation]:
    """Pictures of the buyer that may be drawn again, by their ids."""
    if not picture_ids:
        return {}
    own = Generation.objects.kept_by(buyer.pk).filter(status=GenerationStatus.COMPLETED)
    return own.in_bulk(picture_ids)


def settings_like(picture: Generation | None, style: Style) -> dict[str, object] | None:
    """What the engine is to be told to draw as it drew ``picture``, one of ``drawn_before``. Raises
    InvalidInput if there is none such of this style."""
    if picture is None or picture.style_id != style.pk:
        raise InvalidInput.field("again", "You have no such picture of this style.")
    known = picture.settings or {}
    return {name: known[name] for name in DRAWN_WITH.get(style.engine, ()) if name in known} or None
