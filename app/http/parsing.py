"""Bodies in: an object of JSON, by orjson, or a form."""

import codecs
from collections.abc import Mapping
from typing import IO, Any

import orjson
from django.conf import settings
from django.core.exceptions import RequestDataTooBig
from django.http import multipartparser
from django.http.multipartparser import MultiPartParserError
from django.utils.http import parse_header_parameters
from rest_framework import parsers
from rest_framework.exceptions import ParseError, UnsupportedMediaType, ValidationError


class JsonParser(parsers.BaseParser):
    media_type = "application/json"

    def parse(
        self,
        stream: IO[bytes],
        media_type: str | None = None,
        parser_context: Mapping[str, Any] | None = None,
    ) -> Any:
        _require_utf8(media_type)
        limit = settings.DATA_UPLOAD_MAX_MEMORY_SIZE
        body = stream.read(limit + 1)
        if len(body) > limit:
            raise RequestDataTooBig
        if not body.strip():
            return {}
        try:
            return orjson.loads(body)
        except orjson.JSONDecodeError as error:
            raise ParseError from error


class MultiPartParser(parsers.BaseParser):
    """A form with files, its type in capitals or not. What is wrong with it is said."""

    media_type = "multipart/form-data"

    def parse(
        self,
        stream: Any,
        media_type: str | None = None,
        parser_context: Mapping[str, Any] | None = None,
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
        return parsers.DataAndFiles(fields, files)


class _Form(multipartparser.MultiPartParser):
    def sanitize_file_name(self, file_name: str) -> str:
        # Django passes over a file called "..". Ours are known by their content, not by their name.
        return super().sanitize_file_name(file_name) or "file"


def _malformed(message: str) -> ValidationError:
    return ValidationError({"body": [message]})


class FormParser(parsers.FormParser):
    def parse(
        self,
        stream: IO[bytes],
        media_type: str | None = None,
        parser_context: Mapping[str, Any] | None = None,
    ) -> Any:
        _require_utf8(media_type)
        return super().parse(stream, media_type, parser_context)


def _require_utf8(media_type: str | None) -> None:
    charset = parse_header_parameters(media_type or "")[1].get("charset", "utf-8")
    try:
        is_utf8 = codecs.lookup(charset).name in {"utf-8", "ascii"}
    except LookupError:
        is_utf8 = False
    if not is_utf8:
        raise UnsupportedMediaType(media_type or "")
