"""What of a balance stands for money, and how each movement changes that.

A balance has three parts. ``bought`` tokens may be given back for money. ``earned`` ones may be
paid out: they are those of an artist's share that a buyer paid for with money. All others are free:
given, or earned from free ones. Who spends, spends bought tokens first and earned ones last.
"""

from __future__ import annotations

from collections.abc import Iterable
from typing import NamedTuple

from django.conf import settings

from app.models import Generation, Purchase, User


class Pots(NamedTuple):
    """Tokens of a user, or a change of them."""

    bought: int = 0
    earned: int = 0

    def __neg__(self) -> Pots:
        return Pots(-self.bought, -self.earned)


def of(user: User) -> Pots:
    """What the user has. The version before this one moves balances alone, so a pot may say more
    than there is."""
    earned = min(user.earned_balance, user.token_balance)
    return Pots(min(user.bought_balance, user.token_balance - earned), earned)


def spent(user: User, amount: int) -> Pots:
    """What ``amount`` is taken from: bought tokens, then free ones, then earned ones."""
    has = of(user)
    bought = min(has.bought, amount)
    free = user.token_balance - has.bought - has.earned
    return Pots(bought, max(0, amount - bought - free))


def taken_back(user: User, amount: int, earned: int) -> Pots:
    """What ``amount`` of a sale is taken from: what was ``earned`` with it, then free tokens, then
    bought ones, then what was earned with others."""
    has = of(user)
    first = min(earned, has.earned, amount)
    free = user.token_balance - has.bought - has.earned
    bought = min(has.bought, max(0, amount - first - free))
    return Pots(bought, first + max(0, amount - first - free - bought))


def pay_for(buyer: User, pictures: Iterable[Generation]) -> None:
    """Note on each picture what it will be paid from. Together they are what ``spent`` says."""
    bought, earned = of(buyer)
    free = buyer.token_balance - bought - earned
    for picture in pictures:
        picture.paid_bought = min(bought, picture.cost)
        of_free = min(free, picture.cost - picture.paid_bought)
        picture.paid_earned = picture.cost - picture.paid_bought - of_free
        bought, free = bought - picture.paid_bought, free - of_free


def given_for(purchase: Purchase | None, amount: int) -> Pots:
    """What a purchase gives. For tokens of the test gateway nobody paid, so a site that comes to
    take money never pays them out; developers may try the whole way with them."""
    is_free = purchase is not None and purchase.gateway == "test" and not settings.DEVELOPMENT
    return Pots() if is_free else Pots(bought=amount)


def paid_for(picture: Generation) -> Pots:
    """What the picture was paid from."""
    return Pots(picture.paid_bought or 0, picture.paid_earned or 0)


def payable(picture: Generation, artist_id: int, share: int) -> int:
    """What of the artist's ``share`` may be paid out: as much of it as was paid with money. Who
    buys from oneself earns nothing that can be."""
    if picture.user_id == artist_id:
        return 0
    return share * sum(paid_for(picture)) // picture.cost
