"""JSON out, by orjson, in the envelope ``{"success": true, "data": …}``; which format is wanted."""

from collections.abc import Mapping, Sequence
from decimal import Decimal
from typing import Any

import msgspec
import orjson
from django.http import HttpResponse
from django.utils.functional import Promise
from rest_framework.exceptions import NotAcceptable
from rest_framework.negotiation import DefaultContentNegotiation
from rest_framework.renderers import BaseRenderer
from rest_framework.request import Request

OPTIONS = orjson.OPT_UTC_Z | orjson.OPT_NON_STR_KEYS
# For the rows of reads; it writes as orjson does.
_rows = msgspec.json.Encoder()


def to_json(data: Any) -> bytes:
    return orjson.dumps(data, default=_plain, option=OPTIONS)


class Answer(HttpResponse):
    """``{"success": true, "data": …}``; nothing at all with status 204.

    What went well is rendered at once. REST framework's own response is for errors: it waits for
    a renderer to be chosen among one.
    """

    def __init__(
        self, data: Any = None, *, status: int = 200, headers: dict[str, str] | None = None
    ) -> None:
        is_empty = status == 204
        body = b"" if is_empty else to_json({"success": True, "data": data})
        super().__init__(body, content_type="application/json", status=status, headers=headers)
        if is_empty:
            del self.headers["Content-Type"]


class JsonRenderer(BaseRenderer):
    """The data as it is."""

    media_type = "application/json"
    format = "json"
    charset = None

    def render(
        self,
        data: Any,
        accepted_media_type: str | None = None,
        renderer_context: Mapping[str, Any] | None = None,
    ) -> bytes:
        return to_json(data)


class EnvelopeRenderer(JsonRenderer):
    def render(
        self,
        data: Any,
        accepted_media_type: str | None = None,
        renderer_context: Mapping[str, Any] | None = None,
    ) -> bytes:
        response = (renderer_context or {}).get("response")
        if response is not None and response.status_code >= 400:
            return to_json(data)
        if response is not None and response.status_code == 204:
            return b""
        return to_json({"success": True, "data": data})


def _plain(value: Any) -> Any:
    if isinstance(value, msgspec.Struct | msgspec.Raw):
        return orjson.Fragment(_rows.encode(value))
    if isinstance(value, Promise):
        return str(value)
    if isinstance(value, Decimal):
        return float(value)
    if isinstance(value, Mapping):
        return dict(value)
    if isinstance(value, list | tuple):
        return list(value)
    raise TypeError(f"{type(value).__name__} is no JSON")


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
