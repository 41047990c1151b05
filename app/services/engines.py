"""The engines that this site offers to artists, and what their styles take."""

from __future__ import annotations

from django.conf import settings

from app.exceptions import InvalidInput
from protocol.engines import DRAW_KNOWN_WORDS


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
