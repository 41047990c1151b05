"""What staff take down and bring back from the admin and from the pages of things. Each act has a
reason, and goes through ``safety.deciding``, as those of the desk do. What each raises is a
DomainError; nothing has changed then."""

from __future__ import annotations

from django.db import transaction

from app.exceptions import InvalidTransition
from app.models import (
    Action,
    Appeal,
    Comment,
    CopyCheck,
    Decision,
    Generation,
    Ground,
    Licence,
    PictureCheck,
    Style,
    ThingKind,
    User,
)
from app.models.ownership import MayChange, is_owner_or_staff
from app.services import community_service
from app.services.checks import people
from app.services.safety import acts, deciding, records, rights
from app.services.safety.records import Why
from app.services.safety.rights import Right
from app.services.uploads import copy_service

MAX_REASON = records.MAX_WORDS
AGAINST_THE_RULES = "It is against the rules of this site."


def hide_picture(picture: Generation, *, staff: User, reason: str) -> None:
    """Let only its owner see it, who cannot publish it."""
    _act(ThingKind.PICTURE, picture.pk, Action.HIDE, staff, reason)


def show_picture(picture: Generation, *, staff: User, reason: str) -> None:
    """Let its owner publish it again."""
    _act(ThingKind.PICTURE, picture.pk, Action.RESTORE, staff, reason)


@transaction.atomic
def rate_general(picture: Generation, *, staff: User, reason: str) -> None:
    """Show to everybody what a check by machine took for nudity."""
    rights.require(staff, Right.MODERATE)
    acts.rate_general(picture.pk, Why(Ground.MISTAKE, records.required(reason), staff=staff))


@transaction.atomic
def lift_check(check: PictureCheck, *, staff: User, reason: str) -> None:
    """Show again a profile picture or signature that a check took down."""
    rights.require(staff, Right.MODERATE)
    # Of what was taken before there were statements, no decision is written that would refuse it.
    records.require_another(staff, check.user_id)
    _require_not_appealed(people.taken(check))
    why = Why(Ground.MISTAKE, records.required(reason), staff=staff)
    people.lift(check, why)
    acts.log(why, check, "Shown again")


@transaction.atomic
def uphold_check(check: PictureCheck, *, staff: User, reason: str) -> None:
    """Do not show a profile picture or signature that a check took down. The file is deleted once
    nobody can appeal."""
    rights.require(staff, Right.MODERATE)
    _require_not_appealed(people.taken(check))
    why = Why(Ground.SEXUAL, records.required(reason), staff=staff)
    people.uphold(check, why)
    acts.log(why, check, "Refused")


def hold_style(style: Style, *, staff: User, reason: str) -> None:
    """Nothing is sold in it, and nothing it earned paid out, until it is decided on."""
    _act(ThingKind.STYLE, style.pk, Action.HOLD, staff, reason)


def withdraw_style(style: Style, *, staff: User, reason: str) -> None:
    """Nobody finds it or orders from it, and its artist cannot offer it. Its pictures stay."""
    _act(ThingKind.STYLE, style.pk, Action.WITHDRAW, staff, reason)


def restore_style(style: Style, *, staff: User, reason: str) -> None:
    """Offer again what staff withdrew or held, unless its artist had withdrawn it, or has since."""
    _act(ThingKind.STYLE, style.pk, Action.RESTORE, staff, reason)


@transaction.atomic
def allow_works(check: CopyCheck, *, staff: User, reason: str) -> None:
    """Train a style on works that are like those of others."""
    rights.require(staff, Right.MODERATE)
    _require_not_appealed(Decision.objects.review(check.style_id))
    why = Why(Ground.NONE, records.required(reason), staff=staff)
    acts.allow_works(check.style_id, why, said=_said(check))


@transaction.atomic
def refuse_works(check: CopyCheck, *, staff: User, reason: str) -> None:
    """Do not train a style on works that are like those of others. Its artist may upload others."""
    rights.require(staff, Right.MODERATE)
    _require_not_appealed(Decision.objects.review(check.style_id))
    why = Why(copy_service.ground_of(check.found), records.required(reason), staff=staff)
    acts.refuse_works(check.style_id, why, said=_said(check))


@transaction.atomic
def delete_comment(
    *,
    user: User,
    comment_id: int,
    reason: str = AGAINST_THE_RULES,
    may_change: MayChange = is_owner_or_staff,
) -> None:
    """Delete a comment with its replies. If ``user`` is not its author, that is an act of staff,
    and it is hidden first: its author may appeal."""
    comment: Comment = community_service.to_change(user, comment_id, may_change)
    if comment.user_id == user.pk:
        community_service.delete_comment(comment)
    else:
        _act(ThingKind.COMMENT, comment_id, Action.REMOVE, user, reason)


def refund(licence: Licence, *, staff: User, reason: str) -> None:
    """Give the buyer the price of a picture back. Its licence ends."""
    _act(ThingKind.PICTURE, licence.pk, Action.REFUND, staff, reason)


def propose_revocation(
    licence: Licence, *, staff: User, reason: str, with_refund: bool = False
) -> None:
    """End a licence because it should not have been sold, once somebody else confirms it."""
    deciding.propose_revocation(
        generation_id=licence.pk,
        staff=staff,
        words=reason,
        ground=Ground.COPYRIGHT,
        with_refund=with_refund,
    )


def _act(kind: ThingKind, thing_id: int, action: Action, staff: User, reason: str) -> None:
    is_ours = action in (Action.RESTORE, Action.REFUND)
    ground = Ground.MISTAKE if is_ours else Ground.RULES
    deciding.act(
        kind=kind, thing_id=thing_id, staff=staff, action=action, words=reason, ground=ground
    )


def _require_not_appealed(decision: Decision | None) -> None:
    """Whoever judges an appeal decides again."""
    if Appeal.objects.against(decision).exists():
        raise InvalidTransition(records.APPEALED)


def _said(check: CopyCheck) -> str:
    """Which works were held, counted from 0, and for what: the row goes with the decision."""
    return "; ".join(f"{each['work']}: {each['kind']} {each['id']}" for each in check.found)
