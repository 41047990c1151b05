"""What a picture costs its buyer, and what its artist earns. Amounts are whole tokens."""

from __future__ import annotations

import math
from dataclasses import dataclass
from decimal import Decimal

from django.conf import settings

from app.exceptions import InvalidInput
from app.models import AspectRatio, Priority
from app.services import fees
from app.utils import clock
from protocol.formats import BY_ENGINE, COMMON
from protocol.formats import FORMATS as SIZES


@dataclass(frozen=True)
class Format:
    """What an aspect ratio means: pixels, and the factor on the artist's price."""

    width: int
    height: int
    price_factor: Decimal


FORMATS = {
    AspectRatio.SQUARE: Format(*SIZES["1:1"], Decimal("1.0")),
    AspectRatio.LARGE: Format(*SIZES["2:2"], Decimal("1.5")),
    AspectRatio.TALL: Format(*SIZES["1:2"], Decimal("1.2")),
    AspectRatio.WIDE: Format(*SIZES["3:2"], Decimal("1.1")),
    AspectRatio.PANORAMA: Format(*SIZES["2:1"], Decimal("1.2")),
    AspectRatio.PHOTO: Format(*SIZES["4:3"], Decimal("1.1")),
    AspectRatio.UPRIGHT: Format(*SIZES["3:4"], Decimal("1.1")),
    AspectRatio.SCREEN: Format(*SIZES["16:9"], Decimal("1.3")),
    AspectRatio.PHONE: Format(*SIZES["9:16"], Decimal("1.3")),
}


def formats_of(engine: str) -> list[AspectRatio]:
    """What can be ordered of a style with this engine, in the order of ``FORMATS``."""
    drawn = BY_ENGINE.get(engine, COMMON)
    return [ratio for ratio in FORMATS if ratio in drawn]


def format_of(engine: str, aspect_ratio: str) -> Format:
    """What an order means that is to be drawn by this engine. Raises InvalidInput if it draws no
    such format."""
    drawn = formats_of(engine)
    if aspect_ratio not in drawn:
        names = ", ".join(ratio.value for ratio in drawn)
        raise InvalidInput.field("aspect_ratio", f"This style has the formats {names}.")
    return FORMATS[AspectRatio(aspect_ratio)]


def cost_of(
    price: int,
    aspect_ratio: str,
    priority: str = Priority.NORMAL,
    *,
    factor: Decimal | None = None,
) -> int:
    """The cost of one picture: the artist's price times the format's factor, rounded up; of a high
    priority, that times its factor, rounded up again. ``factor`` is one that a buyer has seen, if
    it is not the one of now."""
    cost = math.ceil(price * FORMATS[AspectRatio(aspect_ratio)].price_factor)
    if priority == Priority.HIGH:
        return math.ceil(cost * (factor or settings.PRIORITY_PRICE_FACTOR))
    return cost


def quote(price: int, engine: str, priority: str = Priority.NORMAL) -> dict[str, int]:
    """The cost of a picture in each format that the engine draws, by aspect ratio."""
    return {ratio.value: cost_of(price, ratio, priority) for ratio in formats_of(engine)}


def artist_share(cost: int) -> int:
    """What the artist is paid of ``cost`` now. The platform's fee is rounded in their favour."""
    return cost - cost * fees.percent_at(clock.now()) // 100
