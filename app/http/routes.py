"""How ids in addresses are matched.

Importing this module registers the converter ``id``.
"""

from __future__ import annotations

from django.urls import register_converter
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
