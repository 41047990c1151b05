"""``/api/reports`` and ``/api/moderation``: report, read one's statements of reasons, appeal."""

from __future__ import annotations

from typing import Any

from django.db.models import QuerySet
from rest_framework.exceptions import ValidationError
from rest_framework.permissions import AllowAny
from rest_framework.request import Request

from app.exceptions import InvalidInput
from app.http.bodies import Answer
from app.models import Report, Statement
from app.permissions import IsOwner
from app.serializers.safety import (
    AppealCreateSerializer,
    AppealSerializer,
    ReasonsSerializer,
    ReportCreateSerializer,
    ReportSerializer,
)
from app.services.idempotency_service import MAX_KEY_LENGTH
from app.services.safety import appeals, reporting
from app.utils.error_bodies import IDEMPOTENCY_CODES
from app.views.base import ApiViewSet, ReadOnlyViewSet

SENT_AS = {"is_good_faith": "good_faith", "is_accurate": "accurate"}


class ReportViewSet(ApiViewSet):
    """Reports of pictures, styles, comments and profiles, with an account or without."""

    permission_classes = (AllowAny,)
    output = {"list": ReportSerializer}
    input = {"create": ReportCreateSerializer}
    schema_tag = "safety"
    success = {"create": 201}
    errors = {"create": ("NOT_FOUND", *IDEMPOTENCY_CODES)}
    schema_names = {"create": "report", "retrieve": "report_outcome"}

    @property
    def throttle_scope(self) -> str | None:
        return "reports" if self.action == "create" else None

    def create(self, request: Request) -> Answer:
        """Report something. Reports of one thing are one case; a second one of mine changes
        nothing while it is open, unless its reason is graver."""
        given = self.parse()
        claim = reporting.Claim(
            name=given.pop("name"),
            work=given.pop("work"),
            is_good_faith=given.pop("good_faith"),
            is_accurate=given.pop("accurate"),
            signature=given.pop("signature"),
        )
        told: dict[str, Any] = {"thing_id": given.pop("id"), "claim": claim, **given}
        try:
            return self._report(told)
        except InvalidInput as error:
            # By the names that were sent.
            wrong = (error.details or {}).items()
            sent = {SENT_AS.get(name, name): said for name, said in wrong}
            raise InvalidInput(error.message, details=sent) from error

    def _report(self, told: dict[str, Any]) -> Answer:
        if self.request.user.is_authenticated:
            return self.run_once(
                prepare=lambda: None,
                act=lambda _: reporting.report(user=self.user, **told),
                find=_report,
                finish=reporting.outcome_of,
                status=201,
            )
        key = self.request.META.get("HTTP_IDEMPOTENCY_KEY", "")
        if len(key) > MAX_KEY_LENGTH or not key.isprintable():
            raise ValidationError({"Idempotency-Key": ["At most 255 printable characters."]})
        made = reporting.report(user=self.request.user, key=key, **told)
        return self.show(reporting.outcome_of(made), status=201)

    def retrieve(self, request: Request, token: str) -> Answer:
        """What became of a report, by the token that its receipt has."""
        return self.show(reporting.find(token))


def _report(pk: int) -> Report:
    return Report.objects.select_related("case").get(pk=pk)


class StatementViewSet(ReadOnlyViewSet):
    """What our staff decided about my things, and why."""

    permission_classes = (IsOwner,)
    output = {"list": ReasonsSerializer, "appeal": AppealSerializer}
    input = {"appeal": AppealCreateSerializer}
    schema_tag = "safety"
    success = {"appeal": 201}
    errors = {"appeal": ("INVALID_TRANSITION",)}
    schema_names = {"list": "statements_of_reasons", "retrieve": "statement_of_reasons"}

    def get_queryset(self) -> QuerySet[Statement]:
        return Statement.objects.of(self.user)

    def retrieve(self, request: Request, *args: Any, **kwargs: Any) -> Any:
        """One statement of reasons."""
        return self.show(Statement.objects.one_of(self.user, kwargs["pk"]))

    def appeal(self, request: Request, pk: int) -> Answer:
        """Appeal against a decision, once. Somebody who has not decided before judges it."""
        given = self.parse()
        words, notice = given["words"], appeals.CounterNotice.of(given)
        made = appeals.appeal(user=self.user, statement_id=pk, words=words, counter_notice=notice)
        return self.show(made, status=201)
