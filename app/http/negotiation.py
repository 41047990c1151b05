from collections.abc import Sequence
from typing import Any

from rest_framework.exceptions import NotAcceptable
from rest_framework.negotiation import DefaultContentNegotiation
from rest_framework.renderers import BaseRenderer
from rest_framework.request import Request


class AlwaysJson(DefaultContentNegotiation):
    """The API answers in JSON whatever the Accept header says, its errors included."""

    def select_renderer(  # type: ignore[override]
        self, request: Request, renderers: Sequence[Any], format_suffix: str | None = None
    ) -> tuple[BaseRenderer, str]:
        return renderers[0], renderers[0].media_type


class FirstUnlessAsked(DefaultContentNegotiation):
    """The first format unless another is asked for, by ``?format=`` or by the Accept header."""

    def select_renderer(  # type: ignore[override]
        self, request: Request, renderers: Sequence[Any], format_suffix: str | None = None
    ) -> tuple[BaseRenderer, str]:
        named = [one for one in renderers if one.format == request.query_params.get("format")]
        try:
            renderer, _ = super().select_renderer(request, named or renderers)
        except NotAcceptable:
            renderer = (named or renderers)[0]
        return renderer, renderer.media_type
