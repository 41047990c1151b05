"""What is written of a decision: the case, the statement of reasons, the audit entry, the strike.

It runs in the transaction of the act. Locks come in this order: the thing, balances, the case.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import timedelta
from typing import Any

from django.conf import settings
from django.db.models import Exists, OuterRef, Q

from app.exceptions import InvalidInput, InvalidTransition, NotAllowed
from app.models import (
    Action,
    Decision,
    Ground,
    ModerationCase,
    Report,
    ReportReason,
    Statement,
    Strike,
    User,
)
from app.models.case import LEAST_SEVERE, SEVERITY, CaseState
from app.models.decision import FREE
from app.models.writes import COUNT_CASE, write
from app.utils import clock
from app.utils.names import is_seen, readable

MAX_WORDS = 500
MAX_FINDINGS = 20
# What counts against an account, where our staff does not say otherwise.
STRIKING = frozenset({Action.HIDE, Action.REMOVE, Action.WITHDRAW, Action.WARN})
NO_MONEY: Mapping[str, Any] = {"effect": "none"}
ANOTHER = "Somebody else has to judge this: you have decided before."
APPEALED = "There is an appeal against this: answer that."
SOMEBODY_WAS_FASTER = "Somebody else has decided this case."
ONES_OWN = "This is about yourself: somebody else has to decide it."


@dataclass(frozen=True)
class Act:
    """What was done to a thing, in the caller's transaction. ``subject_id`` is whose thing it is.
    ``money`` says what follows for money; ``artist_id`` who lost earnings by it, and is given a
    statement too."""

    action: Action
    kind: str
    thing_id: int
    subject_id: int
    before: Mapping[str, Any] = field(default_factory=dict)
    after: Mapping[str, Any] = field(default_factory=dict)
    money: Mapping[str, Any] = field(default_factory=lambda: NO_MONEY)
    artist_id: int | None = None


@dataclass(frozen=True)
class Why:
    """Who decided and why. Without ``staff``, a machine did; ``second`` confirmed it."""

    ground: Ground
    words: str
    staff: User | None = None
    second: User | None = None
    evidence: Mapping[str, Any] | None = None

    @property
    def is_automated(self) -> bool:
        return self.staff is None


def required(words: str) -> str:
    """The words of a decision, which the person concerned reads. Raises InvalidInput."""
    words = readable(words).strip()
    if not is_seen(words) or len(words) > MAX_WORDS:
        raise InvalidInput(f"Give a reason of at most {MAX_WORDS} characters.")
    return words


def lock_case(
    kind: str,
    thing_id: int,
    *,
    subject_id: int,
    reason: ReportReason | None = None,
    is_report: bool = False,
) -> int:
    """The id of what ``open_case`` returns."""
    [(case_id,)] = write(
        COUNT_CASE,
        kind=str(kind),
        thing_id=thing_id,
        subject_id=subject_id,
        severity=SEVERITY[reason] if reason else LEAST_SEVERE,
        reasons=[reason.value] if reason else [],
        reports=int(is_report),
        now=clock.now(),
    )
    return int(case_id)


def open_case(
    kind: str,
    thing_id: int,
    *,
    subject_id: int,
    reason: ReportReason | None = None,
    finding: Mapping[str, Any] | None = None,
    is_report: bool = False,
) -> ModerationCase:
    """The open case of a thing, which is opened if there is none; ``reason``, ``finding`` and one
    report more are added to it. Its row is locked until the transaction ends."""
    case_id = lock_case(kind, thing_id, subject_id=subject_id, reason=reason, is_report=is_report)
    case = ModerationCase.objects.get(pk=case_id)
    if finding is not None:
        case.findings = [*case.findings, dict(finding)][-MAX_FINDINGS:]
        case.save(update_fields=["findings"])
    return case


def case_apart(act: Act) -> ModerationCase:
    """A decided case of its own, for what is done by a program, or because of another decision.
    Nobody has judged what the open case of the thing is about: that still waits for a person."""
    now = clock.now()
    return ModerationCase.objects.create(
        kind=act.kind,
        thing_id=act.thing_id,
        subject_id=act.subject_id,
        state=CaseState.DECIDED,
        opened_at=now,
        decided_at=now,
    )


def require_another(staff: User, *people: int | None) -> None:
    """Raises NotAllowed where a member of the staff is one of those whom it is about."""
    if staff.pk in people:
        raise NotAllowed(ONES_OWN)


def record(
    act: Act,
    why: Why,
    *,
    case: ModerationCase | None = None,
    strikes: bool | None = None,
    reverses: Decision | None = None,
) -> Decision:
    """Write the decision with its statement, close its case, and count the strike.

    Without ``case``, it is the open one of the thing, or for a machine ``case_apart``. ``strikes``
    says whether it counts against the account; None: as ``STRIKING`` says. Raises NotAllowed where
    it is about who decides. A given case that somebody else has decided meanwhile raises
    InvalidTransition, unless it was decided when it was read.
    """
    now = clock.now()
    for member in (why.staff, why.second):
        if member is not None:
            require_another(member, act.subject_id)
    of_case = case or _case_of(act, why)
    if of_case.is_open:
        _close(of_case)
    if act.action == Action.RESTORE:
        reverses = reverses or Decision.objects.restriction(act.kind, act.thing_id)
        # Nobody can appeal against what is taken back already.
        Strike.objects.filter(decision=reverses, lifted_at=None).update(lifted_at=now)
    stated = {} if act.action in FREE else {"statement": _state(act, why, act.subject_id)}
    if act.artist_id is not None:
        stated["statement_to_artist"] = _state(act, why, act.artist_id)
    decision = Decision.objects.create(
        case=of_case,
        kind=act.kind,
        thing_id=act.thing_id,
        subject_id=act.subject_id,
        action=act.action,
        ground=why.ground,
        words=why.words,
        is_automated=why.is_automated,
        staff=why.staff,
        second=why.second,
        before=dict(act.before),
        after=dict(act.after),
        evidence=dict(why.evidence) if why.evidence is not None else None,
        reverses=reverses,
        created_at=now,
        **stated,
    )
    if counts(act.action, strikes):
        Strike.objects.create(
            user_id=act.subject_id,
            decision=decision,
            created_at=now,
            expires_at=now + timedelta(days=settings.STRIKE_DAYS),
        )
    return decision


def counts(action: str, strikes: bool | None) -> bool:
    """Whether an action counts against the account: as ``strikes`` says, or as usual for None."""
    return action in STRIKING if strikes is None else strikes


def has_answered(staff_id: int, case: ModerationCase) -> bool:
    """Whether it was this member of the staff who decided what was reported of the thing last time,
    and somebody who reported it then has done so again: that is a complaint, which somebody else
    looks at (DSA Art. 20). People without an account are known by their address."""
    about = ModerationCase.objects.about(case.kind, case.thing_id)
    former = about.filter(pk__lt=case.pk, report_count__gt=0).first()
    by_people = Decision.objects.filter(case=former, staff__isnull=False).order_by("-pk")
    last = by_people.answer() if former is not None else None
    if last is None or staff_id not in (last.staff_id, last.second_id):
        return False
    same = Q(reporter=OuterRef("reporter")) | Q(email=OuterRef("email")) & ~Q(email="")
    before = Report.objects.filter(same, case=former)
    return Report.objects.filter(Exists(before), case=case).exists()


def strikes_of(user_id: int) -> int:
    """How many count against the account now."""
    return Strike.objects.counting(user_id, clock.now()).count()


def _case_of(act: Act, why: Why) -> ModerationCase:
    if why.is_automated:
        return case_apart(act)
    return open_case(act.kind, act.thing_id, subject_id=act.subject_id)


def _close(case: ModerationCase) -> None:
    locked = ModerationCase.objects.select_for_update(no_key=True).get(pk=case.pk)
    if not locked.is_open:
        raise InvalidTransition(SOMEBODY_WAS_FASTER)
    locked.state, locked.decided_at = CaseState.DECIDED, clock.now()
    locked.save(update_fields=["state", "decided_at"])


def _state(act: Act, why: Why, recipient_id: int) -> Statement:
    now = clock.now()
    return Statement.objects.create(
        recipient_id=recipient_id,
        kind=act.kind,
        thing_id=act.thing_id,
        action=act.action,
        ground=why.ground,
        facts=why.words,
        is_automated=why.is_automated,
        money=dict(act.money),
        appeal_until=now + timedelta(days=settings.APPEAL_DAYS),
        created_at=now,
    )
