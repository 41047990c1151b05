"""Appeals: once, judged by somebody who has not decided before. Who wins gets content, rank and
money back.

DSA Art. 20: for ``APPEAL_DAYS`` (183) after the statement, free of charge, and not by machine
alone. DMCA 512(g): a counter-notice is an appeal against a decision for copyright.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, fields, replace
from typing import Any

from django.db import IntegrityError, transaction

from app.exceptions import InvalidInput, InvalidTransition, NotAllowed, NotFound
from app.models import (
    Action,
    Appeal,
    AppealState,
    CopyCheck,
    Decision,
    Ground,
    Licence,
    LicenceState,
    ModerationCase,
    NotificationType,
    Statement,
    Strike,
    ThingKind,
    User,
    Visibility,
    names,
)
from app.models.decision import TAKING
from app.services import reversal_service
from app.services.checks import people
from app.services.generation_service import GENERATIONS
from app.services.licences import states
from app.services.notification_service import tell_of_account
from app.services.pots import Pots
from app.services.safety import acts, records, rights, suspension
from app.services.safety.records import SOMEBODY_WAS_FASTER, Act, Why
from app.services.safety.rights import Right
from app.services.token_service import TokenService, lock_users
from app.utils import clock

MAX_WORDS = 2000
PRICE_IS_BACK = "The buyer was given the price back, and can order it again: deny this."
NEEDED = "A counter-notice needs this."


@dataclass(frozen=True)
class CounterNotice:
    """Of DMCA 512(g)(3): who says under penalty of perjury that it was a mistake, agrees to the
    court of the address, and signs. All three are needed."""

    name: str
    address: str
    signature: str

    @classmethod
    def of(cls, given: Mapping[str, str]) -> CounterNotice | None:
        """The one that somebody wants to give; None where nothing of it is given. One that lacks
        something is no plain appeal: that would use up the only one."""
        said = cls(**{each.name: given.get(each.name, "") for each in fields(cls)})
        return said if any(vars(said).values()) else None


@transaction.atomic
def appeal(
    *, user: User, statement_id: int, words: str, counter_notice: CounterNotice | None = None
) -> Appeal:
    """Appeal against a decision that one was given a statement of. Suspended users may.

    Raises NotFound for another user's statement, InvalidInput, whose details name every field that
    a counter-notice lacks, and InvalidTransition where it is too late, was appealed against before,
    or is taken back already.
    """
    words = _words(words)
    statement = Statement.objects.one_of(user, statement_id)
    decision = statement.of_decision
    if statement.appeal_until < clock.now():
        raise InvalidTransition("The time to appeal is over.")
    if hasattr(statement, "appeal"):
        raise InvalidTransition("You have appealed against this already.")
    if is_over(decision):
        raise InvalidTransition("This decision does not hold any more.")
    signed: dict[str, Any] = {}
    if counter_notice is not None:
        if statement.ground != Ground.COPYRIGHT:
            raise InvalidInput("A counter-notice is against decisions for copyright.")
        signed = {"is_counter_notice": True, **_signed(counter_notice)}
    try:
        with transaction.atomic():
            return Appeal.objects.create(
                statement=statement,
                words=words,
                first_id=decision.staff_id,
                second_id=decision.second_id,
                created_at=clock.now(),
                **signed,
            )
    except IntegrityError as error:
        raise InvalidTransition("You have appealed against this already.") from error


def is_over(decision: Decision) -> bool:
    """Whether it restricts nobody any more: it was taken back, or another took its place."""
    if decision.action in (Action.REVOKE, Action.REFUND):
        # Of two who lose by it, one may have won.
        return False
    if decision.action == Action.REVIEW:
        return not CopyCheck.objects.filter(pk=decision.after["check"]).exists()
    if decision.action == Action.TAKE and _is_upheld(decision):
        return True
    if decision.action not in TAKING:
        return Decision.objects.filter(reverses=decision).exists()
    now = Decision.objects.restriction(decision.kind, decision.thing_id)
    return now is None or now.pk != decision.pk


def _is_upheld(decision: Decision) -> bool:
    """Whether our staff has refused the same file since: that is appealed against, then."""
    about = Decision.objects.about(decision.kind, decision.thing_id).filter(pk__gt=decision.pk)
    return about.filter(action=Action.TAKE, after__check=decision.after["check"]).exists()


@transaction.atomic
def judge(*, appeal_id: int, staff: User, is_granted: bool, words: str) -> Appeal:
    """Grant an appeal, which undoes the decision, or deny it. Whoever appealed reads ``words``.

    Raises NotFound, NotAllowed for who has decided before, InvalidInput and InvalidTransition.
    """
    rights.require(staff, Right.MODERATE)
    found = Appeal.objects.select_related("statement").filter(pk=appeal_id).first()
    if found is None:
        raise NotFound("There is no such appeal.")
    if staff.pk in (found.first_id, found.second_id):
        raise NotAllowed(records.ANOTHER)
    records.require_another(
        staff, found.statement.recipient_id, found.statement.of_decision.subject_id
    )
    why = Why(Ground.APPEAL, records.required(words), staff=staff)
    if found.state != AppealState.OPEN:
        raise InvalidTransition(SOMEBODY_WAS_FASTER)
    if is_granted:
        undo(found.statement, why)
    else:
        _leave(found.statement.of_decision, why)
    state = AppealState.GRANTED if is_granted else AppealState.DENIED
    # Things and balances are locked before it.
    open_one = Appeal.objects.filter(pk=appeal_id, state=AppealState.OPEN)
    answered = {"state": state, "judge": staff, "answer": why.words, "decided_at": clock.now()}
    if not open_one.update(**answered):
        raise InvalidTransition(SOMEBODY_WAS_FASTER)
    kind = NotificationType.APPEAL_GRANTED if is_granted else NotificationType.APPEAL_DENIED
    said = {"why": why.words, "statement": found.statement_id}
    tell_of_account(found.statement.recipient_id, kind, said)
    found.refresh_from_db()
    return found


def may_be_granted(statement: Statement) -> bool:
    """Whether there is something to give back. A buyer who has the price back has it instead of the
    licence, and can order the picture again."""
    decision = statement.of_decision
    is_sale = decision.action in (Action.REVOKE, Action.REFUND)
    if not is_sale or statement.pk == decision.statement_to_artist_id:
        return True
    licence = Licence.objects.get(pk=decision.thing_id)
    return licence.state == LicenceState.REVOKED and not reversal_service.is_refunded(licence)


def undo(statement: Statement, why: Why) -> None:
    """Give back what the decision of a statement took from its recipient, and its strike."""
    decision = statement.of_decision
    Strike.objects.filter(decision=decision, lifted_at=None).update(lifted_at=clock.now())
    if decision.action in (Action.REVOKE, Action.REFUND):
        _undo_sale(statement, decision, why)
    elif is_over(decision):
        # Our staff has taken it back meanwhile.
        return
    elif decision.action == Action.HIDE:
        acts.show_picture(decision.thing_id, why, case=_case_of(decision), as_before=True)
    elif decision.action in (Action.HOLD, Action.WITHDRAW):
        acts.restore_style(decision.thing_id, why, case=decision.case)
    elif decision.action == Action.REMOVE:
        acts.restore_comment(decision.thing_id, why, case=decision.case)
    elif decision.action == Action.SUSPEND:
        suspension.lift(decision.thing_id, why, case=decision.case)
    elif decision.action == Action.RATE:
        acts.rate_general(decision.thing_id, why)
    elif decision.action == Action.TAKE:
        people.restore(decision, why)
    elif decision.action == Action.REVIEW:
        acts.allow_works(decision.thing_id, why)
    elif decision.action != Action.REFUSE or not acts.allow_refused_works(decision, why):
        # A warning, or refused works that are not there any more.
        _pardon(decision, why, {})


def _leave(decision: Decision, why: Why) -> None:
    """Our staff has looked at what a check had hidden, held or taken down: nobody has to look at it
    again. Works and images are refused, and everything else stays as it is."""
    because = replace(why, ground=Ground(decision.ground))
    case = _case_of(decision)
    if decision.action == Action.HIDE and case.is_open:
        act = Act(Action.DISMISS, decision.kind, decision.thing_id, decision.subject_id)
        records.record(act, because, case=case)
    elif decision.action == Action.REVIEW and not is_over(decision):
        acts.refuse_works(decision.thing_id, because)
    elif decision.action == Action.TAKE:
        people.refuse(decision, because)


def _case_of(decision: Decision) -> ModerationCase:
    """The one that a check has opened for our staff, who has looked by this; or its own."""
    about = ModerationCase.objects.about(decision.kind, decision.thing_id)
    waiting = about.open().filter(report_count=0).first() if decision.is_automated else None
    return waiting or decision.case


def _undo_sale(statement: Statement, decision: Decision, why: Why) -> None:
    """The artist has again what was taken; the platform bears it, for the buyer keeps the refund.
    The buyer has the licence again, unless the price was given back: it can be ordered again."""
    picture = GENERATIONS.lock(decision.thing_id)
    people = lock_users(picture.user_id, picture.style.artist_id)
    artist = people[picture.style.artist_id]
    if statement.pk == decision.statement_to_artist_id:
        taken = int(statement.money.get("taken", 0))
        if taken and not artist.is_closed:
            payable = Pots(earned=int(statement.money.get("taken_payable", 0)))
            TokenService.give_back(artist, taken, picture, moved=payable)
        _pardon(decision, why, {"given_back": taken})
        return
    if not may_be_granted(statement):
        raise InvalidTransition(PRICE_IS_BACK)
    hidden_before = str(decision.before.get("hidden_reason", ""))
    buyer = people[picture.user_id]
    was_public = decision.before.get("visibility") == Visibility.PUBLIC
    is_due = was_public and not buyer.is_closed
    is_public = is_due and not buyer.is_suspended
    states.restore(picture, hidden_reason=hidden_before, is_public=is_public)
    after: dict[str, Any] = {"licence": LicenceState.ACTIVE.value, "visibility": picture.visibility}
    after |= {"returns": True} if is_due and buyer.is_suspended else {}
    if hidden_before:
        # It was hidden before, which was another decision.
        _pardon(decision, why, after)
    else:
        act = Act(*(Action.RESTORE, ThingKind.PICTURE, picture.pk, picture.user_id), after=after)
        records.record(act, why, case=decision.case, reverses=decision)
    said = {"why": why.words, "name": picture.style.name}
    tell_of_account(picture.user_id, NotificationType.LICENCE_RESTORED, said)


def _pardon(decision: Decision, why: Why, after: dict[str, Any]) -> None:
    kind = ThingKind(decision.kind)
    act = Act(Action.PARDON, kind, decision.thing_id, decision.subject_id, after=after)
    records.record(act, why, case=decision.case, reverses=decision)


def _words(words: str) -> str:
    return names.readable(words, field="words", is_required=True)


def _signed(given: CounterNotice) -> dict[str, str]:
    if missing := [name for name, value in vars(given).items() if not value.strip()]:
        raise InvalidInput(details={name: [NEEDED] for name in missing})
    return {
        name: names.readable(value, field=name, is_required=True)
        for name, value in vars(given).items()
    }
