"""Rows of cases, reports, decisions and appeals that the database refuses."""

from __future__ import annotations

from collections.abc import Callable
from datetime import timedelta
from typing import Any

from app.models import (
    Appeal,
    Decision,
    ModerationCase,
    Proposal,
    Report,
    Statement,
    Strike,
    User,
)
from app.utils import clock


def case(user: User, **changes: Any) -> ModerationCase:
    given = {"kind": "picture", "thing_id": 1, "subject": user, "opened_at": clock.now()}
    return ModerationCase.objects.create(**{**given, **changes})


def report(user: User, **changes: Any) -> Report:
    given = {"reporter": user, "reason": "hate", "created_at": clock.now()}
    of_case = changes.pop("case", None) or case(user, thing_id=ModerationCase.objects.count() + 2)
    return Report.objects.create(case=of_case, **{**given, **changes})


def statement(user: User, **changes: Any) -> Statement:
    now = clock.now()
    given = {"kind": "picture", "thing_id": 1, "action": "hide", "ground": "hate", "facts": "So."}
    times = {"created_at": now, "appeal_until": now}
    return Statement.objects.create(recipient=user, **{**given, **times, **changes})


def decision(user: User, **changes: Any) -> Decision:
    given = {
        "kind": "picture",
        "thing_id": 1,
        "action": "dismiss",
        "ground": "hate",
        "words": "So.",
    }
    of_case = case(user, thing_id=ModerationCase.objects.count() + 2)
    made = {"case": of_case, "subject": user, "created_at": clock.now()}
    return Decision.objects.create(**{**given, **made, **changes})


def appeal(user: User, **changes: Any) -> Appeal:
    given = {"statement": statement(user), "words": "No.", "created_at": clock.now()}
    return Appeal.objects.create(**{**given, **changes})


def two_reports(user: User) -> None:
    of_case = case(user)
    for _ in range(2):
        report(user, case=of_case)


def two_proposals(user: User) -> None:
    of_case = case(user)
    for _ in range(2):
        Proposal.objects.create(
            case=of_case, ground="hate", words="So.", proposed_by=user, created_at=clock.now()
        )


def strike(user: User) -> None:
    now = clock.now()
    before = now - timedelta(days=1)
    Strike.objects.create(user=user, decision=decision(user), created_at=now, expires_at=before)


def judged(user: User, **changes: Any) -> None:
    appeal(user, state="granted", judge=user, decided_at=clock.now(), **changes)


BREAKS: dict[str, tuple[Callable[[User], object], ...]] = {
    "case_kind_known": (lambda u: case(u, kind="tag"),),
    "case_decided_has_time": (
        lambda u: case(u, state="decided"),
        lambda u: case(u, decided_at=clock.now()),
    ),
    "case_open_once": (lambda u: [case(u) for _ in range(2)],),
    "report_reason_known": (lambda u: report(u, reason="taste"),),
    "report_once_each": (two_reports,),
    "report_request_once": (
        lambda u: [report(u, reporter=None, request_digest="d") for _ in range(2)],
    ),
    "report_claim_is_signed": (
        lambda u: report(u, reason="copy", is_good_faith=True, is_accurate=True),
        lambda u: report(u, reason="likeness", is_accurate=True, signature="Bo"),
    ),
    "statement_has_facts": (lambda u: statement(u, facts=""),),
    "decision_restriction_has_statement": (lambda u: decision(u, action="hide"),),
    "decision_automated_has_no_staff": (lambda u: decision(u, is_automated=True, staff=u),),
    "decision_revocation_by_two": (
        lambda u: decision(u, action="revoke", statement=statement(u), staff=u),
        lambda u: decision(u, action="revoke", statement=statement(u), staff=u, second=u),
    ),
    "decision_has_words": (lambda u: decision(u, words=""),),
    "proposal_open_once": (two_proposals,),
    "appeal_judged_by_another": (
        lambda u: judged(u, first=u),
        lambda u: judged(u, second=u),
    ),
    "appeal_decided_has_judge": (
        lambda u: appeal(u, state="denied"),
        lambda u: appeal(u, judge=u),
    ),
    "appeal_counter_notice_is_signed": (lambda u: appeal(u, is_counter_notice=True, name="Bo"),),
    "strike_expires": (strike,),
}
