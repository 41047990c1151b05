"""A bar chart of days, drawn by the server as rectangles, without styles or scripts."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import date, timedelta

WIDTH, HEIGHT, GAP = 600, 160, 4


@dataclass(frozen=True)
class Bar:
    day: date
    amount: int
    x: float
    y: float
    width: float
    height: float


@dataclass(frozen=True)
class Chart:
    bars: tuple[Bar, ...]
    highest: int
    total: int
    width: int = WIDTH
    height: int = HEIGHT

    @classmethod
    def of_days(cls, amounts: Mapping[date, int], *, last: date, count: int) -> Chart:
        """The ``count`` days up to ``last``. Days that are not in ``amounts`` have 0."""
        days = [last - timedelta(days=back) for back in range(count - 1, -1, -1)]
        highest = max((amounts.get(day, 0) for day in days), default=0)
        place = WIDTH / count
        bars = []
        for number, day in enumerate(days):
            amount = amounts.get(day, 0)
            # A day without earnings is a thin line, so that the days can be counted.
            height = max(round(HEIGHT * amount / highest, 1), 1.0) if highest else 1.0
            bars.append(
                Bar(
                    day=day,
                    amount=amount,
                    x=round(number * place, 1),
                    y=round(HEIGHT - height, 1),
                    width=round(place - GAP, 1),
                    height=height,
                )
            )
        return cls(tuple(bars), highest, sum(bar.amount for bar in bars))
