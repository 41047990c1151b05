"""The id that links everything one request causes: log lines, messages, webhooks."""

import re
import secrets
from contextvars import ContextVar

from structlog.typing import EventDict, WrappedLogger

_current: ContextVar[str] = ContextVar("request_id", default="")
_SANE = re.compile(r"^[A-Za-z0-9._-]{1,64}$")


def choose(given: str | None) -> str:
    """The client's id if it is valid, else a new one."""
    return given if given and _SANE.match(given) else _new()


def set_current(request_id: str) -> None:
    _current.set(request_id)


def known() -> str:
    """The id of the current request; "" outside of a request."""
    return _current.get()


def current_request_id() -> str:
    """The id of the current request; outside of a request, a new id."""
    return _current.get() or _new()


def add_to_event(logger: WrappedLogger, method: str, event: EventDict) -> EventDict:
    """A processor of structlog: log lines carry the id of their request."""
    if current := known():
        event.setdefault("request_id", current)
    return event


def _new() -> str:
    return secrets.token_hex(16)
