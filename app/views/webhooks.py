"""What workers send, reports and what is to be signed: authenticate, parse, one service call."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any, TypeVar

import msgspec
from rest_framework.request import Request

from app.exceptions import InvalidInput
from app.http.authentication import require_internal_token
from app.http.bodies import Answer
from app.serializers.generation import SignatureSerializer
from app.serializers.system import WorkerSeenSerializer
from app.services import signature_service, worker_service
from app.services.generation_service import GENERATIONS
from app.services.training_service import TRAININGS
from app.views.base import ApiViewSet
from protocol import (
    GenerationReport,
    InvalidReport,
    SignatureRequest,
    TrainingReport,
    decode_announcement,
    decode_generation_report,
    decode_signature_request,
    decode_training_report,
)
from protocol.workers import WorkerAnnouncement

Report = TypeVar("Report", bound=msgspec.Struct)
MAX_REPORT_BYTES = 256 * 1024
# Of what workers may report freely (metadata, metrics).
MAX_DEPTH = 50
TOO_DEEP = f"At most {MAX_DEPTH} lists and objects within each other."
REPORT_CODES = ("INVALID_INTERNAL_TOKEN", "STALE_ATTEMPT", "INVALID_TRANSITION")
# For the OpenAPI schema: the types that the bodies are parsed into.
TRAINING_REPORT = TrainingReport
GENERATION_REPORT = GenerationReport


class TrainingWebhook(ApiViewSet):
    """``PATCH /api/models/:id/status``."""

    @require_internal_token
    def report(self, request: Request, pk: int) -> Answer:
        """A worker's report about a training."""
        report = _decode(request, decode_training_report)
        return self.show(TRAININGS.record_report(pk, report))


class GenerationWebhook(ApiViewSet):
    """``PATCH /api/images/:id/status``, whose GET is there for those who poll."""

    @require_internal_token
    def report(self, request: Request, pk: int) -> Answer:
        """A worker's report about a picture."""
        report = _decode(request, decode_generation_report)
        return self.show(GENERATIONS.record_report(pk, report))


class SignatureViewSet(ApiViewSet):
    """``POST /api/internal/signatures``."""

    output = {"create": SignatureSerializer}
    input = {"create": SignatureRequest}
    schema_tag = "images"
    errors = {"create": (*REPORT_CODES, "SERVICE_UNAVAILABLE")}
    internal = ("create",)
    permission_classes = ()

    @require_internal_token
    def create(self, request: Request) -> Answer:
        """A signature for the picture that a worker is making."""
        return self.show(signature_service.sign(_decode(request, decode_signature_request)))


class WorkerViewSet(ApiViewSet):
    """``POST /api/internal/workers``."""

    output = {"announce": WorkerSeenSerializer}
    input = {"announce": WorkerAnnouncement}
    schema_tag = "models"
    errors = {"announce": ("INVALID_INTERNAL_TOKEN",)}
    internal = ("announce",)
    permission_classes = ()

    @require_internal_token
    def announce(self, request: Request) -> Answer:
        """A worker tells that it lives."""
        return self.show(worker_service.note(_decode(request, decode_announcement)))


def _decode(request: Request, decode: Callable[[bytes], Report]) -> Report:
    body = request.body
    if len(body) > MAX_REPORT_BYTES:
        raise InvalidInput.field("body", "A report has at most 256 KB.")
    try:
        report = decode(body)
    except InvalidReport as error:
        raise InvalidInput.field(error.field, str(error)) from error
    except RecursionError as error:
        raise InvalidInput.field("body", TOO_DEEP) from error
    for field, value in msgspec.structs.asdict(report).items():
        _require_storable(field, value)
    return report


def _require_storable(field: str, value: Any) -> None:
    """Raise InvalidInput for what the database cannot keep, at any depth of ``value``."""
    rest = [(value, 0)]
    while rest:
        item, depth = rest.pop()
        if depth > MAX_DEPTH:
            raise InvalidInput.field(field, TOO_DEEP)
        if isinstance(item, str) and "\x00" in item:
            raise InvalidInput.field(field, "Null characters are not allowed.")
        inner = [*item, *item.values()] if isinstance(item, dict) else item
        if isinstance(inner, list):
            rest += [(each, depth + 1) for each in inner]
