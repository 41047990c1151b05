"""How addresses are matched: ids in them, and the index of the API's routes.

Importing this module registers the converter ``id``.
"""

from __future__ import annotations

import re
from functools import cached_property
from typing import Any

from django.urls import ResolverMatch, URLResolver, register_converter
from django.urls.converters import IntConverter

MAX_ID = 2**63 - 1


class IdConverter(IntConverter):
    """A database id; larger numbers match nothing, like any other unknown address."""

    regex = "[0-9]{1,19}"

    def to_python(self, value: str) -> int:
        number = int(value)
        if number > MAX_ID:
            raise ValueError
        return number


register_converter(IdConverter, "id")


class RoutesByShape(URLResolver):
    """Looks a route up by the address with its ids left out, where Django tries all in turn.

    For routes whose only parameters are ids named ``pk``. What is not found so, Django is asked:
    it knows what to say of it.
    """

    _ID = re.compile(r"(?<=/)[0-9]+")

    @cached_property
    def _by_shape(self) -> dict[str, Any]:
        return {str(pattern.pattern): pattern for pattern in self.url_patterns}

    def resolve(self, path: Any) -> ResolverMatch:
        prefix = str(self.pattern)
        if path.startswith(prefix):
            rest = path[len(prefix) :]
            pattern = self._by_shape.get(self._ID.sub("<id:pk>", rest))
            match = pattern.resolve(rest) if pattern is not None else None
            if match is not None:
                return match
        return super().resolve(path)
