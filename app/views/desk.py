"""``/api/moderation`` for our staff: the queue, decisions, what takes two people, appeals."""

from __future__ import annotations

from typing import Any

from django.db.models import QuerySet
from rest_framework.request import Request

from app.http.bodies import Answer
from app.models import Appeal, Decision, ModerationCase, Proposal
from app.permissions import MayModerate
from app.serializers.safety import (
    CaseSerializer,
    CasesQuerySerializer,
    DecideSerializer,
    DecisionSerializer,
    JudgeSerializer,
    ProposalSerializer,
    ProposeSerializer,
    QueuedAppealSerializer,
)
from app.services.safety import appeals, deciding
from app.views.base import ReadOnlyViewSet

MOVED = ("INVALID_TRANSITION",)


class CaseViewSet(ReadOnlyViewSet):
    """Cases: one for each thing, whoever reported it and however often."""

    permission_classes = (MayModerate,)
    output = {
        "list": CaseSerializer,
        "decide": DecisionSerializer,
        "decisions": DecisionSerializer,
        "propose": ProposalSerializer,
        "confirm": DecisionSerializer,
        "turn_down": ProposalSerializer,
    }
    input = {"decide": DecideSerializer, "propose": ProposeSerializer}
    query = {"list": CasesQuerySerializer}
    schema_tag = "desk"
    paged = ("list", "decisions")
    schema_names = {"list": "cases", "retrieve": "case"}
    success = {"decide": 201, "propose": 201, "confirm": 201, "turn_down": 204}
    errors = {"decide": MOVED, "propose": MOVED, "confirm": MOVED}

    def list(self, request: Request, *args: Any, **kwargs: Any) -> Any:
        """Those that are open: the gravest first, then what has waited longest."""
        return super().list(request, *args, **kwargs)

    def get_queryset(self) -> QuerySet[ModerationCase]:
        kind = self.parse_query()["kind"]
        cases = ModerationCase.objects.queue()
        return cases.filter(kind=kind) if kind else cases

    def retrieve(self, request: Request, *args: Any, **kwargs: Any) -> Any:
        """One case."""
        return self.show(ModerationCase.objects.numbered(kwargs["pk"]))

    def decide(self, request: Request, pk: int) -> Answer:
        """Decide on a case: whom it concerns gets a statement of reasons with it."""
        made = deciding.decide(case_id=pk, staff=self.user, **self.parse())
        return self.show(made, status=201)

    def decisions(self, request: Request, pk: int) -> Answer:
        """What was decided about the thing of a case, newest first."""
        case = ModerationCase.objects.numbered(pk)
        found: QuerySet[Decision] = Decision.objects.about(case.kind, case.thing_id)
        return self.page_of(found.order_by("-created_at", "-pk"))

    def propose(self, request: Request, pk: int) -> Answer:
        """Propose that the licence of a picture is revoked. Somebody else confirms it."""
        made: Proposal = deciding.propose(case_id=pk, staff=self.user, **self.parse())
        return self.show(made, status=201)

    def confirm(self, request: Request, pk: int) -> Answer:
        """Do what somebody else has proposed."""
        return self.show(deciding.confirm(proposal_id=pk, staff=self.user), status=201)

    def turn_down(self, request: Request, pk: int) -> Answer:
        """End a proposal. The case stays open."""
        deciding.turn_down(proposal_id=pk, staff=self.user)
        return Answer(status=204)


class QueuedAppealViewSet(ReadOnlyViewSet):
    """Appeals that wait to be judged."""

    permission_classes = (MayModerate,)
    output = {"list": QueuedAppealSerializer}
    input = {"judge": JudgeSerializer}
    schema_tag = "desk"
    schema_names = {"list": "appeals"}
    errors = {"judge": MOVED}

    def list(self, request: Request, *args: Any, **kwargs: Any) -> Any:
        """Those that wait, oldest first."""
        return super().list(request, *args, **kwargs)

    def get_queryset(self) -> QuerySet[Appeal]:
        return Appeal.objects.queue()

    def judge(self, request: Request, pk: int) -> Answer:
        """Grant an appeal, which undoes the decision, or deny it. Not by who decided before."""
        return self.show(appeals.judge(appeal_id=pk, staff=self.user, **self.parse()))
