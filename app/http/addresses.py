"""Addresses: which of them answer data, and how ids in them are matched.

Importing this module registers the path converter ``id``.
"""

from __future__ import annotations

from django.urls import register_converter
from django.urls.converters import IntConverter

MAX_ID = 2**63 - 1
_DATA = ("/api/", "/media/", "/static/", "/uploads/", "/metrics", "/.well-known/", "/credentials/")
# Pages and redirects for browsers, though they stand below /api.
_PAGES = ("/api/docs", "/api/auth/google/")


def answers_data(path: str) -> bool:
    return path.startswith(_DATA) and not path.startswith(_PAGES)


def is_for_programs(path: str) -> bool:
    """Whether errors there have the API's shape."""
    return f"/{path.strip('/')}/".startswith(("/api/", "/media/", "/uploads/"))


class IdConverter(IntConverter):
    """A database id; larger numbers match nothing, like any other unknown address."""

    regex = "[0-9]{1,19}"

    def to_python(self, value: str) -> int:
        number = int(value)
        if number > MAX_ID:
            raise ValueError
        return number


register_converter(IdConverter, "id")
