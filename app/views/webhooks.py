"""Reports from the workers: authenticate, parse into a protocol type, one service call."""

from __future__ import annotations

from collections.abc import Callable
from typing import TypeVar

from rest_framework.request import Request
from rest_framework.response import Response

from app.exceptions import InvalidInput
from app.services import generation_service, style_service
from protocol import InvalidReport, decode_generation_report, decode_training_report

Report = TypeVar("Report")
MAX_REPORT_BYTES = 256 * 1024


def record_training_report(request: Request, style_id: int) -> Response:
    """``PATCH /api/models/:id/status``."""
    style = style_service.record_report(style_id, _decode(request, decode_training_report))
    return Response({"id": style.pk, "training_status": style.training_status})


def record_generation_report(request: Request, generation_id: int) -> Response:
    """``PATCH /api/images/:id/status``."""
    report = _decode(request, decode_generation_report)
    generation = generation_service.record_report(generation_id, report)
    return Response({"id": generation.pk, "status": generation.status})


def _decode(request: Request, decode: Callable[[bytes], Report]) -> Report:
    body = request.body
    if len(body) > MAX_REPORT_BYTES:
        raise InvalidInput.field("body", "A report has at most 256 KB.")
    try:
        return decode(body)
    except InvalidReport as error:
        raise InvalidInput.field(error.field, str(error)) from error
