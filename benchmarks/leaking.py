"""The application with a planted leak: ``soak`` has to see it."""

from __future__ import annotations

from collections.abc import Callable, Iterable
from typing import Any

from config.wsgi import application as sound

LEAKED_BYTES = 20_000
_leaked: list[bytearray] = []


def application(environ: dict[str, Any], start: Callable[..., Any]) -> Iterable[bytes]:
    _leaked.append(bytearray(LEAKED_BYTES))
    answer: Iterable[bytes] = sound(environ, start)
    return answer
