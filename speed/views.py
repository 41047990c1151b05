"""What REST framework makes for each request, made once for each view.

Parsers, authenticators, renderers and permissions keep nothing of a request: one of each is enough.
"""

from __future__ import annotations

from collections.abc import Iterable
from functools import cache
from typing import Any

from rest_framework.viewsets import GenericViewSet


class SharedParts(GenericViewSet[Any]):
    def get_parsers(self) -> list[Any]:
        return one_of_each(self.parser_classes)

    def get_authenticators(self) -> list[Any]:
        return one_of_each(self.authentication_classes)

    def get_renderers(self) -> list[Any]:
        return one_of_each(self.renderer_classes)

    def get_content_negotiator(self) -> Any:
        return one_of_each((self.content_negotiation_class,))[0]

    @property
    def default_response_headers(self) -> dict[str, str]:
        key = (type(self), *self.action_map)
        if key not in _headers:
            _headers[key] = super().default_response_headers
        return dict(_headers[key])


# By view and methods: the header Allow.
_headers: dict[tuple[Any, ...], dict[str, str]] = {}


def one_of_each(classes: Iterable[type]) -> list[Any]:
    """The one instance of each class. Nobody may change the list."""
    return _one_of_each(tuple(classes))


@cache
def _one_of_each(classes: tuple[type, ...]) -> list[Any]:
    return [one() for one in classes]
