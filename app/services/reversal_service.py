"""What staff take back after a picture was delivered: its price, its licence, or both.

The status stays ``completed``: the picture was made. Each act is one transaction, whose locks and
unique entries make it happen once.
"""

from __future__ import annotations

from django.db import transaction

from app.exceptions import InvalidTransition
from app.models import (
    Generation,
    Licence,
    LicenceState,
    NotificationType,
    Transaction,
    TransactionType,
    User,
)
from app.models.token import REVERSED_MEMO
from app.services import moderation_service
from app.services.generation_service import GENERATIONS
from app.services.licences import states
from app.services.notification_service import tell_of_sale
from app.services.token_service import TokenService, lock_users


@transaction.atomic
def refund(licence: Licence, *, staff: User, reason: str) -> None:
    """Give the buyer the price back, and take back from the artist what is left of the payout.

    The licence ends. If it was revoked already, it stays so. Raises InvalidInput, and
    InvalidTransition if the sale was reversed before.
    """
    reason, picture, people = _begin(licence, reason)
    if is_refunded(licence):
        raise InvalidTransition("This picture was refunded already.")
    if Licence.objects.get(pk=picture.pk).is_valid:
        states.end(picture, LicenceState.REFUNDED, reason)
    _refund(picture, people, staff, reason, "Refunded")


@transaction.atomic
def revoke(licence: Licence, *, staff: User, reason: str, with_refund: bool = False) -> None:
    """End the licence because it should not have been sold; with the buyer's money back or without.

    Raises InvalidInput, and InvalidTransition if the licence has ended already.
    """
    reason, picture, people = _begin(licence, reason)
    states.end(picture, LicenceState.REVOKED, reason)
    if with_refund:
        _refund(picture, people, staff, reason, "Revoked and refunded")
        return
    moderation_service.note(staff, licence, "Revoked", reason)
    said = {"name": picture.style.name, "why": reason}
    tell_of_sale(picture, NotificationType.LICENCE_REVOKED, NotificationType.SALE_REVOKED, said)


def is_refunded(licence: Licence) -> bool:
    """Whether the sale was reversed. A revoked licence may be, and stays revoked."""
    return Transaction.objects.filter(generation_id=licence.pk, memo=REVERSED_MEMO).exists()


def _begin(licence: Licence, reason: str) -> tuple[str, Generation, dict[int, User]]:
    """The reason, and what is changed: locked as always, the picture before the balances."""
    reason = moderation_service.required(reason)
    picture = GENERATIONS.lock(licence.pk)
    return reason, picture, lock_users(picture.user_id, picture.style.artist_id)


def _refund(
    picture: Generation, people: dict[int, User], staff: User, reason: str, done: str
) -> None:
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
    if taken := min(earned, artist.token_balance):
        TokenService.take_back_tokens(
            *(artist.pk, taken, REVERSED_MEMO),
            locked=artist,
            generation=picture,
            earned=(sale and sale.earned) or 0,
        )
    back = f"{done}: {paid} tokens to the buyer, {taken} of {earned} from the artist"
    moderation_service.note(staff, picture.licence, back, reason)
    said = {"name": picture.style.name, "cost": paid, "taken": taken, "why": reason}
    tell_of_sale(picture, NotificationType.LICENCE_REFUNDED, NotificationType.SALE_REFUNDED, said)
