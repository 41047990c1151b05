"""Bodies in: JSON, by orjson, or a form. Bodies out: JSON in ``{"success": true, "data": …}``."""

import codecs
from collections.abc import Mapping, Sequence
from decimal import Decimal
from typing import IO, Any

import msgspec
import orjson
from django.conf import settings
from django.core.exceptions import RequestDataTooBig
from django.http import HttpResponse, multipartparser
from django.http.multipartparser import MultiPartParserError
from django.utils.functional import Promise
from django.utils.http import parse_header_parameters
from rest_framework import parsers
from rest_framework.exceptions import (
    NotAcceptable,
    ParseError,
    UnsupportedMediaType,
    ValidationError,
)
from rest_framework.negotiation import DefaultContentNegotiation
from rest_framework.renderers import BaseRenderer
from rest_framework.request import Request

from app.utils.names import composed

Context = Mapping[str, Any] | None
OPTIONS = orjson.OPT_UTC_Z | orjson.OPT_NON_STR_KEYS
# For the rows of reads; it writes as orjson does.
_rows = msgspec.json.Encoder()


class JsonParser(parsers.BaseParser):
    media_type = "application/json"

    def parse(
        self, stream: IO[bytes], media_type: str | None = None, parser_context: Context = None
    ) -> Any:
        _require_utf8(media_type)
        limit = settings.DATA_UPLOAD_MAX_MEMORY_SIZE
        body = stream.read(limit + 1)
        if len(body) > limit:
            raise RequestDataTooBig
        if not body.strip():
            return {}
        try:
            given = orjson.loads(body)
        except orjson.JSONDecodeError as error:
            raise ParseError from error
        return given if body.isascii() and b"\\u" not in body else composed(given)


class MultiPartParser(parsers.BaseParser):
    """A form with files, its type in capitals or not. What is wrong with it is said."""

    media_type = "multipart/form-data"

    def parse(
        self, stream: Any, media_type: str | None = None, parser_context: Context = None
    ) -> Any:
        kind, separator, parameters = (media_type or "").partition(";")
        if "boundary" not in parse_header_parameters(media_type or "")[1]:
            raise _malformed("The Content-Type of the form has no boundary. HTTP clients set it.")
        request = (parser_context or {})["request"]
        headers = {**request.META, "CONTENT_TYPE": kind.lower() + separator + parameters}
        try:
            fields, files = _Form(headers, stream, request.upload_handlers, "utf-8").parse()
        except MultiPartParserError as error:
            raise _malformed("The form data does not match its boundary.") from error
        return parsers.DataAndFiles(composed(fields), files)


class _Form(multipartparser.MultiPartParser):
    def sanitize_file_name(self, file_name: str) -> str:
        # Django passes over a file called "..". Ours are known by their content, not by their name.
        return super().sanitize_file_name(file_name) or "file"


def _malformed(message: str) -> ValidationError:
    return ValidationError({"body": [message]})


class FormParser(parsers.FormParser):
    def parse(
        self, stream: IO[bytes], media_type: str | None = None, parser_context: Context = None
    ) -> Any:
        _require_utf8(media_type)
        return composed(super().parse(stream, media_type, parser_context))


def _require_utf8(media_type: str | None) -> None:
    charset = parse_header_parameters(media_type or "")[1].get("charset", "utf-8")
    try:
        is_utf8 = codecs.lookup(charset).name in {"utf-8", "ascii"}
    except LookupError:
        is_utf8 = False
    if not is_utf8:
        raise UnsupportedMediaType(media_type or "")


def to_json(data: object) -> bytes:
    return orjson.dumps(data, default=_plain, option=OPTIONS)


class Answer(HttpResponse):
    """``{"success": true, "data": …}``, with ``warnings`` where there are any; nothing at all with
    status 204.

    What went well is rendered at once. REST framework's own response is for errors: it waits for
    a renderer to be chosen among one.
    """

    def __init__(
        self,
        data: object = None,
        *,
        status: int = 200,
        headers: dict[str, str] | None = None,
        warnings: Sequence[str] = (),
    ) -> None:
        is_empty = status == 204
        envelope = {"success": True, "data": data}
        if warnings:
            envelope["warnings"] = warnings
        body = b"" if is_empty else to_json(envelope)
        super().__init__(body, content_type="application/json", status=status, headers=headers)
        if is_empty:
            del self.headers["Content-Type"]


class JsonRenderer(BaseRenderer):
    """The data as it is."""

    media_type = "application/json"
    format = "json"
    charset = None

    def render(
        self, data: object, accepted_media_type: str | None = None, renderer_context: Context = None
    ) -> bytes:
        return to_json(data)


class EnvelopeRenderer(JsonRenderer):
    def render(
        self, data: object, accepted_media_type: str | None = None, renderer_context: Context = None
    ) -> bytes:
        response = (renderer_context or {}).get("response")
        if response is not None and response.status_code >= 400:
            return to_json(data)
        if response is not None and response.status_code == 204:
            return b""
        return to_json({"success": True, "data": data})


def _plain(value: object) -> object:
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
        self, request: Request, renderers: Sequence[BaseRenderer], format_suffix: str | None = None
    ) -> tuple[BaseRenderer, str]:
        return renderers[0], renderers[0].media_type


class FirstUnlessAsked(DefaultContentNegotiation):
    """The first format unless another is asked for, by ``?format=`` or by the Accept header."""

    def select_renderer(  # type: ignore[override]
        self, request: Request, renderers: Sequence[BaseRenderer], format_suffix: str | None = None
    ) -> tuple[BaseRenderer, str]:
        named = [one for one in renderers if one.format == request.query_params.get("format")]
        try:
            renderer, _ = super().select_renderer(request, named or renderers)
        except NotAcceptable:
            renderer = (named or renderers)[0]
        return renderer, renderer.media_type
