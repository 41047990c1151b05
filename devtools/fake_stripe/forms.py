"""Form parameters with brackets, and what a parameter may be."""

from __future__ import annotations

import re
from collections.abc import Collection
from typing import Any
from urllib.parse import parse_qsl

from devtools.fake_stripe.errors import InvalidParameterError

Params = dict[str, Any]

_PART = re.compile(r"\[([^\]]*)\]")


def parse_form(text: str) -> Params:
    """``a[b]=1&c[0]=2`` as ``{"a": {"b": "1"}, "c": ["2"]}``. All values are text."""
    root: Params = {}
    for key, value in parse_qsl(text, keep_blank_values=True):
        first = key.partition("[")[0]
        parts = [first, *_PART.findall(key[len(first) :])]
        place = root
        for part in parts[:-1]:
            inner = place.setdefault(part, {})
            if not isinstance(inner, dict):
                raise InvalidParameterError(f"Invalid parameter: {key}", param=key)
            place = inner
        # `a[]=1&a[]=2` has no numbers.
        place[parts[-1] or str(len(place))] = value
    return {name: _with_lists(value) for name, value in root.items()}


def _with_lists(value: Any) -> Any:
    if not isinstance(value, dict):
        return value
    inner = {name: _with_lists(part) for name, part in value.items()}
    if inner and all(name.isdigit() for name in inner):
        return [inner[name] for name in sorted(inner, key=int)]
    return inner


def check_known(params: Params, known: Collection[str]) -> None:
    """Raise InvalidParameterError for a parameter that the endpoint does not have."""
    for name in params:
        if name not in known:
            raise InvalidParameterError(
                f"Received unknown parameter: {name}", param=name, code="parameter_unknown"
            )


def required(params: Params, name: str) -> Any:
    """The parameter, which has to be there."""
    value = params.get(name)
    if value in (None, ""):
        raise InvalidParameterError(
            f"Missing required param: {name}.", param=name, code="parameter_missing"
        )
    return value


def integer(params: Params, name: str, *, least: int | None = None) -> int:
    """A whole number, which has to be there."""
    value = required(params, name)
    if not isinstance(value, str) or not re.fullmatch(r"-?[0-9]{1,15}", value):
        raise InvalidParameterError(
            f"Invalid integer: {value}", param=name, code="parameter_invalid_integer"
        )
    if least is not None and int(value) < least:
        raise InvalidParameterError(
            f"This value must be greater than or equal to {least}.",
            param=name,
            code="parameter_invalid_integer",
        )
    return int(value)


def choice(params: Params, name: str, allowed: Collection[str]) -> str:
    """One of a few words, which has to be there."""
    value = required(params, name)
    if value not in allowed:
        raise InvalidParameterError(
            f"Invalid {name}: must be one of {', '.join(sorted(allowed))}", param=name
        )
    return str(value)


def mapping(params: Params, name: str) -> Params:
    """A parameter with parameters of its own; empty if it is not there."""
    value = params.get(name) or {}
    if not isinstance(value, dict):
        raise InvalidParameterError("Invalid object", param=name)
    return value


def items(params: Params, name: str) -> list[Any]:
    """A list; empty if it is not there."""
    value = params.get(name) or []
    if not isinstance(value, list):
        raise InvalidParameterError("Invalid array", param=name)
    return value


def flag(params: Params, name: str, *, default: bool = False) -> bool:
    """Yes or no."""
    if name not in params:
        return default
    return choice(params, name, ("true", "false")) == "true"
