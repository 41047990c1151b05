"""The engines that this site offers to artists."""

from __future__ import annotations

from django.conf import settings

from app.exceptions import InvalidInput


def chosen(engine: str | None) -> str:
    """The engine of that name, or the usual one. Raises InvalidInput for what is not offered."""
    offered = settings.ENGINES
    if engine is None:
        return str(offered[0])
    if engine not in offered:
        raise InvalidInput.field("engine", f"Choose one of these engines: {', '.join(offered)}.")
    return engine
