"""What tokens cost: packs, and any other hundred. Amounts of money are whole numbers of the
currency's smallest unit."""

from __future__ import annotations

from dataclasses import dataclass

from django.conf import settings

from app.utils.money import chargeable, written

# In hundreds of tokens; TOKEN_PACKS names others.
USUAL_PACKS = (100, 500, 1_000, 5_000)


@dataclass(frozen=True)
class Pack:
    """So many tokens at one price."""

    amount: int
    price: int
    currency: str

    @property
    def written(self) -> str:
        return written(self.price, self.currency)


def packs() -> list[Pack]:
    """What is offered, the smallest first."""
    amounts = sorted(settings.TOKEN_PACKS) or USUAL_PACKS
    return [Pack(amount, price_of(amount), settings.CURRENCY) for amount in amounts]


def price_of(tokens: int) -> int:
    """The price of a pack, or else that of so many hundreds."""
    price: int = settings.TOKEN_PACKS.get(tokens) or tokens * settings.TOKEN_PRICE // 100
    return chargeable(price, settings.CURRENCY)


def share_of(price: int, part: int, whole: int, currency: str) -> int:
    """What ``part`` of ``whole`` tokens cost that were bought for ``price``."""
    return price if part == whole else chargeable(price * part // whole, currency)
