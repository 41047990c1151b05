"""Reports from the workers: authenticate, parse into a protocol type, one service call."""

from __future__ import annotations

from collections.abc import Callable
from typing import TypeVar

from rest_framework.request import Request

from app.exceptions import InvalidInput
from app.models import Generation, Style
from app.services import generation_service, style_service
from protocol import (
    GenerationReport,
    InvalidReport,
    TrainingReport,
    decode_generation_report,
    decode_training_report,
)

Report = TypeVar("Report")
MAX_REPORT_BYTES = 256 * 1024
REPORT_CODES = ("INVALID_INTERNAL_TOKEN", "STALE_ATTEMPT", "INVALID_TRANSITION")
# For the OpenAPI schema: the types that the bodies are parsed into.
TRAINING_REPORT = TrainingReport
GENERATION_REPORT = GenerationReport


def record_training_report(request: Request, style_id: int) -> Style:
    """``PATCH /api/models/:id/status``."""
    return style_service.record_report(style_id, _decode(request, decode_training_report))


def record_generation_report(request: Request, generation_id: int) -> Generation:
    """``PATCH /api/images/:id/status``."""
    report = _decode(request, decode_generation_report)
    return generation_service.record_report(generation_id, report)


def _decode(request: Request, decode: Callable[[bytes], Report]) -> Report:
    body = request.body
    if len(body) > MAX_REPORT_BYTES:
        raise InvalidInput.field("body", "A report has at most 256 KB.")
    try:
        return decode(body)
    except InvalidReport as error:
        raise InvalidInput.field(error.field, str(error)) from error
