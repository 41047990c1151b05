"""What staff take back after a picture was delivered: its price, its licence, or both.

The status stays ``completed``: the picture was made. Each act is one transaction, whose locks and
unique entries make it happen once. It is a decision: buyer and artist get statements of reasons.
"""

from __future__ import annotations

from typing import Any

from django.db import transaction

from app.exceptions import InvalidInput, InvalidTransition
from app.models import (
    Action,
    Decision,
    Generation,
    Ground,
    Licence,
    LicenceState,
    ModerationCase,
    NotificationType,
    ThingKind,
    Transaction,
    TransactionType,
    User,
)
from app.models.token import REVERSED_MEMO
from app.services.generation_service import GENERATIONS
from app.services.licences import states
from app.services.notification_service import tell_of_sale
from app.services.safety import acts, records
from app.services.safety.records import Act, Why
from app.services.token_service import TokenService, lock_users

TWO_PEOPLE = "Somebody else has to confirm that a licence is revoked."


@transaction.atomic
def refund(
    licence: Licence,
    *,
    staff: User,
    reason: str,
    ground: Ground = Ground.MISTAKE,
    case: ModerationCase | None = None,
) -> Decision:
    """Give the buyer the price back, and take back from the artist what is left of the payout.

    The licence ends. If it was revoked already, it stays so. Raises InvalidInput, and
    InvalidTransition if the sale was reversed before.
    """
    why = Why(ground, records.required(reason), staff=staff)
    picture, people, before = _begin(licence)
    if is_refunded(licence):
        raise InvalidTransition("This picture was refunded already.")
    if Licence.objects.get(pk=picture.pk).is_valid:
        states.end(picture, LicenceState.REFUNDED, why.words)
    money = _refund(picture, people)
    return _end(Action.REFUND, picture, why, before, money, case, "Refunded")


@transaction.atomic
def revoke(
    licence: Licence,
    *,
    staff: User,
    second: User | None,
    reason: str,
    with_refund: bool = False,
    ground: Ground = Ground.COPYRIGHT,
    case: ModerationCase | None = None,
) -> Decision:
    """End the licence because it should not have been sold; with the buyer's money back or without.
    ``second`` has confirmed it.

    Raises InvalidInput, and InvalidTransition if the licence has ended already.
    """
    if second is None or second.pk == staff.pk:
        raise InvalidInput(TWO_PEOPLE)
    why = Why(ground, records.required(reason), staff=staff, second=second)
    picture, people, before = _begin(licence)
    states.end(picture, LicenceState.REVOKED, why.words)
    money = _refund(picture, people) if with_refund else {"effect": "none"}
    done = "Revoked and refunded" if with_refund else "Revoked"
    return _end(Action.REVOKE, picture, why, before, money, case, done)


def is_refunded(licence: Licence) -> bool:
    """Whether the sale was reversed. A revoked licence may be, and stays revoked."""
    return Transaction.objects.filter(generation_id=licence.pk, memo=REVERSED_MEMO).exists()


def _begin(licence: Licence) -> tuple[Generation, dict[int, User], dict[str, Any]]:
    """What is changed, and what it was: locked as always, the picture before the balances."""
    picture = GENERATIONS.lock(licence.pk)
    people = lock_users(picture.user_id, picture.style.artist_id)
    before = {
        "visibility": Decision.objects.visibility_of(picture),
        "hidden_reason": picture.hidden_reason,
        "licence": Licence.objects.get(pk=picture.pk).state,
    }
    return picture, people, before


def _refund(picture: Generation, people: dict[int, User]) -> dict[str, Any]:
    """A balance is never negative. What the artist has spent already, the platform bears; the
    entries show how much: the payout less the reversal."""
    buyer, artist = people[picture.user_id], people[picture.style.artist_id]
    entries = {entry.type: entry for entry in Transaction.objects.filter(generation=picture)}
    # The charge of an order of many is one for all its pictures.
    charge, sale = entries.get(TransactionType.CONSUME), entries.get(TransactionType.EARN)
    paid = charge.amount if charge else picture.cost
    earned = sale.amount if sale else 0
    TokenService.refund_tokens(buyer.pk, paid, REVERSED_MEMO, locked=buyer, generation=picture)
    # Asked after the refund: artists buy pictures in their own styles, too.
    payable_before = artist.earned_balance
    if taken := min(earned, artist.token_balance):
        TokenService.take_back_tokens(
            *(artist.pk, taken, REVERSED_MEMO),
            locked=artist,
            generation=picture,
            earned=(sale and sale.earned) or 0,
        )
    return {
        "effect": "refunded",
        "refunded": paid,
        "taken": taken,
        "taken_payable": payable_before - artist.earned_balance,
        "earned": earned,
    }


def _end(
    action: Action,
    picture: Generation,
    why: Why,
    before: dict[str, Any],
    money: dict[str, Any],
    case: ModerationCase | None,
    done: str,
) -> Decision:
    licence = Licence.objects.get(pk=picture.pk)
    act = Act(
        action,
        ThingKind.PICTURE,
        picture.pk,
        picture.user_id,
        before=before,
        after={"licence": licence.state, **money},
        money=money,
        artist_id=picture.style.artist_id if money.get("taken") else None,
    )
    decision = records.record(act, why, case=case, strikes=False)
    said: dict[str, object] = {"name": picture.style.name, "why": why.words}
    if money["effect"] == "none":
        acts.log(why, licence, done)
        kinds = (NotificationType.LICENCE_REVOKED, NotificationType.SALE_REVOKED)
    else:
        taken = f"{money['taken']} of {money['earned']} from the artist"
        acts.log(why, licence, f"{done}: {money['refunded']} tokens to the buyer, {taken}")
        kinds = (NotificationType.LICENCE_REFUNDED, NotificationType.SALE_REFUNDED)
        said |= {"cost": money["refunded"], "taken": money["taken"]}
    tell_of_sale(picture, *kinds, said, statements=decision.statement_ids)
    return decision
