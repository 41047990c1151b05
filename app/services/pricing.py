"""What a picture costs its buyer, and what its artist earns. Amounts are whole tokens."""

from __future__ import annotations

import math
from dataclasses import dataclass
from decimal import Decimal

from django.conf import settings

from app.models import AspectRatio
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
}


def cost_of(price: int, aspect_ratio: str) -> int:
    """The cost of one picture: the artist's price times the format's factor, rounded up."""
    return math.ceil(price * FORMATS[AspectRatio(aspect_ratio)].price_factor)


def quote(price: int) -> dict[str, int]:
    """The cost of a picture in each format, by aspect ratio."""
    return {ratio.value: cost_of(price, ratio) for ratio in FORMATS}


def artist_share(cost: int) -> int:
    """What the artist is paid of ``cost``. The platform's fee is rounded in their favour."""
    return cost - cost * settings.PLATFORM_FEE_PERCENT // 100
