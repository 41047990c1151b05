"""What REST framework makes for each request, made once for each view.

Parsers, authenticators, renderers and permissions keep nothing of a request: one of each is enough.
"""

from __future__ import annotations

from collections.abc import Iterable
from functools import cache
from typing import Any, TypeVar

from rest_framework.authentication import BaseAuthentication
from rest_framework.negotiation import BaseContentNegotiation
from rest_framework.parsers import BaseParser
from rest_framework.renderers import BaseRenderer
from rest_framework.viewsets import GenericViewSet

Part = TypeVar("Part")


class SharedParts(GenericViewSet[Any]):
    def get_parsers(self) -> list[BaseParser]:
        return one_of_each(self.parser_classes)

    def get_authenticators(self) -> list[BaseAuthentication]:
        return one_of_each(self.authentication_classes)

    def get_renderers(self) -> list[BaseRenderer]:
        return one_of_each(self.renderer_classes)

    def get_content_negotiator(self) -> BaseContentNegotiation:
        return one_of_each((self.content_negotiation_class,))[0]

    @property
    def default_response_headers(self) -> dict[str, str]:
        key = (type(self), *self.action_map)
        if key not in _headers:
            _headers[key] = super().default_response_headers
        return dict(_headers[key])


# By view and methods: the header Allow.
_headers: dict[tuple[object, ...], dict[str, str]] = {}


def one_of_each(classes: Iterable[type[Part]]) -> list[Part]:
    """The one instance of each class. Nobody may change the list."""
    shared: list[Part] = _one_of_each(tuple(classes))
    return shared


@cache
def _one_of_each(classes: tuple[type, ...]) -> list[Any]:
    return [one() for one in classes]
