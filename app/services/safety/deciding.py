"""The one door to decisions: of our staff, whose right is checked here, and of checks by machine.

``decide`` is the desk's, on an open case. ``act`` is for every other door (the admin, the author's
own page, commands): it opens a case where there is none. ``decide_by_machine`` and
``hold_for_review`` are for checks. What takes two people is proposed by one and confirmed by
another. All of them run in one transaction: act, decision, statement and notice, or nothing.
"""

from __future__ import annotations

from collections.abc import Mapping
from datetime import datetime
from typing import Any

from django.db import transaction

from app.exceptions import InvalidInput, InvalidTransition, NotAllowed, NotFound
from app.models import (
    Action,
    Decision,
    Ground,
    Licence,
    ModerationCase,
    Proposal,
    ReportReason,
    ThingKind,
    User,
)
from app.services import reversal_service
from app.services.safety import acts, records, rights, suspension
from app.services.safety.records import SOMEBODY_WAS_FASTER, Act, Why
from app.services.safety.rights import Right
from app.utils import clock

# What may be done about a thing of each kind. A warning or a suspension is of its owner.
ALLOWED: dict[str, tuple[Action, ...]] = {
    ThingKind.PICTURE: (Action.HIDE, Action.RESTORE, Action.REVOKE, Action.REFUND),
    ThingKind.STYLE: (Action.HOLD, Action.WITHDRAW, Action.RESTORE),
    ThingKind.COMMENT: (Action.REMOVE, Action.RESTORE),
    ThingKind.PROFILE: (Action.RESTORE,),
}
OF_ACCOUNTS = (Action.WARN, Action.SUSPEND)
ALREADY_PROPOSED = "Somebody has proposed this already. It has to be confirmed."


def actions_for(kind: str) -> tuple[Action, ...]:
    """What the desk offers for a thing of this kind."""
    return (*ALLOWED[kind], *OF_ACCOUNTS, Action.DISMISS)


def may(staff: User, action: str, *, with_refund: bool = False) -> bool:
    """Whether a member of the staff has the rights that an action takes."""
    needed = _rights_for(action, with_refund=with_refund)
    return all(rights.has(staff, right) for right in needed)


def counts(action: str, *, strikes: bool | None) -> bool:
    """Whether an action that is decided with ``strikes`` counts against the account. Holds,
    revocations and refunds never do."""
    may_count = action in {*records.STRIKING, Action.SUSPEND}
    return may_count and records.counts(action, strikes)


@transaction.atomic
def decide(
    *,
    case_id: int,
    staff: User,
    action: str,
    ground: str,
    words: str,
    strikes: bool | None = None,
    until: datetime | None = None,
    further: bool = False,
) -> Decision:
    """Do ``action`` about the thing of a case, and close it.

    ``words`` (at most 500 characters) are read by whom it concerns. ``strikes``: whether it counts
    against the account; None: as usual for the action. ``until``: of a suspension; None: for good.
    ``further``: also where the case is decided already, as for a warning besides. REVOKE takes two
    people: see ``propose``.

    Raises NotFound, NotAllowed, InvalidInput, and InvalidTransition where somebody was faster or
    the thing is not in a state for it. Who has answered a report may not dismiss it when it comes
    again from the same person, either: NotAllowed.
    """
    case = ModerationCase.objects.numbered(case_id)
    if not case.is_open and not further:
        raise InvalidTransition(SOMEBODY_WAS_FASTER)
    if action not in actions_for(case.kind):
        raise InvalidInput.field("action", f"This cannot be done to a {case.kind}.")
    why = _why(staff, action, ground, words)
    decision = _do(Action(action), case.kind, case.thing_id, why, case, strikes, until)
    if case.is_open:
        _end_proposals(decision)
    return decision


@transaction.atomic
def case_of(*, kind: str, thing_id: int, staff: User) -> ModerationCase:
    """The open case of a thing, which is opened for whoever wants to decide about it. Raises
    NotFound, NotAllowed."""
    rights.require(staff, Right.MODERATE)
    return records.open_case(kind, thing_id, subject_id=acts.subject_of(kind, thing_id))


@transaction.atomic
def act(
    *,
    kind: str,
    thing_id: int,
    staff: User,
    action: str,
    words: str,
    ground: str = Ground.RULES,
    strikes: bool | None = None,
    until: datetime | None = None,
) -> Decision:
    """The same without a case: it closes the open one of the thing, or one opened for it."""
    why = _why(staff, action, ground, words)
    decision = _do(Action(action), kind, thing_id, why, None, strikes, until)
    _end_proposals(decision)
    return decision


@transaction.atomic
def decide_by_machine(
    *,
    kind: str,
    thing_id: int,
    action: str,
    ground: str,
    words: str,
    evidence: Mapping[str, Any],
    done: Act | None = None,
) -> Decision:
    """An automated decision: a statement that says so, and an appeal that a person judges.

    Without ``done``, the act is done here (HIDE, REMOVE or HOLD). A check that has done it itself
    in this transaction, as RATE, hands it over as ``done`` and tells of it. It never strikes.
    """
    why = Why(Ground(ground), records.required(words), evidence=evidence)
    if done is not None:
        return records.record(done, why, strikes=False)
    return _do(Action(action), kind, thing_id, why, None, False, None)


@transaction.atomic
def hold_for_review(
    *, kind: str, thing_id: int, reason: str, finding: Mapping[str, Any]
) -> ModerationCase:
    """Let our staff look at what a check found. Nothing is restricted, so nobody is told.

    ``finding`` is JSON: ``check`` (its name), ``version``, and what makes it plain to people.
    """
    subject_id = acts.subject_of(kind, thing_id)
    return records.open_case(
        kind, thing_id, subject_id=subject_id, reason=ReportReason(reason), finding=finding
    )


# --- What takes two people ------------------------------------------------------------------------


@transaction.atomic
def propose(
    *, case_id: int, staff: User, ground: str, words: str, with_refund: bool = False
) -> Proposal:
    """Propose that the licence of a picture is revoked. Raises as ``decide`` does."""
    case = ModerationCase.objects.select_for_update(no_key=True).filter(pk=case_id).first()
    if case is None:
        raise NotFound("There is no such case.")
    rights.require(staff, *_rights_for(Action.REVOKE, with_refund=with_refund))
    records.require_another(staff, case.subject_id)
    licence = _licence_of(case.kind, case.thing_id)
    if not licence.is_valid:
        raise InvalidTransition(f"The licence of this picture is {licence.state}, not active.")
    if case.proposals.filter(ended_at=None).exists():
        raise InvalidTransition(ALREADY_PROPOSED)
    return Proposal.objects.create(
        case=case,
        ground=_ground(ground),
        words=records.required(words),
        with_refund=with_refund,
        proposed_by=staff,
        created_at=clock.now(),
    )


@transaction.atomic
def propose_revocation(
    *, generation_id: int, staff: User, words: str, ground: str, with_refund: bool = False
) -> Proposal:
    """The same by the id of the picture."""
    subject_id = acts.subject_of(ThingKind.PICTURE, generation_id)
    case = records.open_case(ThingKind.PICTURE, generation_id, subject_id=subject_id)
    return propose(
        case_id=case.pk, staff=staff, ground=ground, words=words, with_refund=with_refund
    )


def is_proposed(kind: str, thing_id: int) -> bool:
    """Whether somebody has proposed something about it, which waits for somebody else."""
    of_thing = Proposal.objects.filter(case__kind=kind, case__thing_id=thing_id)
    return of_thing.filter(ended_at=None).exists()


@transaction.atomic
def confirm(*, proposal_id: int, staff: User) -> Decision:
    """Do what somebody else has proposed. Raises NotFound, NotAllowed, InvalidTransition."""
    proposal = Proposal.objects.select_related("case", "proposed_by").filter(pk=proposal_id).first()
    if proposal is None or proposal.ended_at is not None:
        raise NotFound("There is no such proposal.")
    rights.require(staff, *_rights_for(Action.REVOKE, with_refund=proposal.with_refund))
    if proposal.proposed_by_id == staff.pk:
        raise NotAllowed(reversal_service.TWO_PEOPLE)
    decision = reversal_service.revoke(
        _licence_of(proposal.case.kind, proposal.case.thing_id),
        staff=proposal.proposed_by,
        second=staff,
        reason=proposal.words,
        with_refund=proposal.with_refund,
        ground=Ground(proposal.ground),
        case=proposal.case,
    )
    _end(proposal)
    return decision


@transaction.atomic
def turn_down(*, proposal_id: int, staff: User) -> None:
    """End a proposal, one's own or another's; the case stays open. Raises NotFound, NotAllowed."""
    rights.require(staff, Right.MODERATE)
    waiting = Proposal.objects.select_related("case").filter(ended_at=None)
    proposal = waiting.filter(pk=proposal_id).first()
    if proposal is None:
        raise NotFound("There is no such proposal.")
    records.require_another(staff, proposal.case.subject_id)
    _end(proposal)


def _end_proposals(decision: Decision) -> None:
    """Of the case that this has decided. Who still wants what was proposed proposes it again."""
    waiting = Proposal.objects.filter(case=decision.case_id, ended_at=None)
    waiting.update(ended_at=decision.created_at)


def _end(proposal: Proposal) -> None:
    if not Proposal.objects.filter(pk=proposal.pk, ended_at=None).update(ended_at=clock.now()):
        raise InvalidTransition(SOMEBODY_WAS_FASTER)


def _licence_of(kind: str, thing_id: int) -> Licence:
    licence = Licence.objects.filter(pk=thing_id).first() if kind == ThingKind.PICTURE else None
    if licence is None:
        raise InvalidInput.field("action", "This has no licence.")
    return licence


# --- What each action is --------------------------------------------------------------------------


def _rights_for(action: str, *, with_refund: bool = False) -> tuple[Right, ...]:
    if action == Action.REFUND:
        return (Right.MONEY,)
    return (Right.MODERATE, Right.MONEY) if with_refund else (Right.MODERATE,)


def _why(staff: User, action: str, ground: str, words: str) -> Why:
    rights.require(staff, *_rights_for(action))
    if action == Action.DISMISS:
        # Nothing is broken where nothing is done.
        ground = Ground.NONE
    return Why(_ground(ground), records.required(words), staff=staff)


def _ground(ground: str) -> Ground:
    if ground not in Ground.values:
        raise InvalidInput.field("ground", "There is no such ground.")
    return Ground(ground)


def _do(
    action: Action,
    kind: str,
    thing_id: int,
    why: Why,
    case: ModerationCase | None,
    strikes: bool | None,
    until: datetime | None,
) -> Decision:
    striking: dict[str, Any] = {"case": case, "strikes": strikes}
    if action == Action.DISMISS:
        return _dismiss(kind, thing_id, why, case)
    if action in OF_ACCOUNTS:
        subject_id = case.subject_id if case else acts.subject_of(kind, thing_id)
        if action == Action.WARN:
            return suspension.warn(subject_id, why, **striking)
        return suspension.suspend(subject_id, why, until=until, **striking)
    match kind, action:
        case ThingKind.PICTURE, Action.HIDE:
            return acts.hide_picture(thing_id, why, **striking)
        case ThingKind.PICTURE, Action.RESTORE:
            return acts.show_picture(thing_id, why, case=case)
        case ThingKind.PICTURE, Action.REFUND:
            licence = _licence_of(kind, thing_id)
            staff: Any = why.staff
            if case is None and not rights.has(staff, Right.MODERATE):
                # Who may only move money has judged no report.
                owner_id = acts.subject_of(kind, thing_id)
                case = records.case_apart(Act(action, kind, thing_id, owner_id))
            return reversal_service.refund(
                licence, staff=staff, reason=why.words, ground=why.ground, case=case
            )
        case ThingKind.STYLE, Action.HOLD:
            return acts.hold_style(thing_id, why, case=case)
        case ThingKind.STYLE, Action.WITHDRAW:
            return acts.withdraw_style(thing_id, why, **striking)
        case ThingKind.STYLE, Action.RESTORE:
            return acts.restore_style(thing_id, why, case=case)
        case ThingKind.COMMENT, Action.REMOVE:
            return acts.remove_comment(thing_id, why, **striking)
        case ThingKind.COMMENT, Action.RESTORE:
            return acts.restore_comment(thing_id, why, case=case)
        case ThingKind.PROFILE, Action.RESTORE:
            return suspension.lift(thing_id, why, case=case)
    if action == Action.REVOKE:
        raise InvalidInput.field("action", reversal_service.TWO_PEOPLE)
    raise InvalidInput.field("action", f"This cannot be done to a {kind}.")


def _dismiss(kind: str, thing_id: int, why: Why, case: ModerationCase | None) -> Decision:
    """Nothing is done. The thing may be gone."""
    subject_id = case.subject_id if case else acts.subject_of(kind, thing_id)
    case = case or ModerationCase.objects.about(kind, thing_id).open().first()
    if case is not None and why.staff is not None and records.has_answered(why.staff.pk, case):
        raise NotAllowed(records.ANOTHER)
    return records.record(Act(Action.DISMISS, kind, thing_id, subject_id), why, case=case)
