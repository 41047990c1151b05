"""Where a number of things go, so that none hides another."""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass

import numpy as np

GAP = 0.24
FARTHER = 0.82
MOST_ROWS = 5


@dataclass(frozen=True)
class Item:
    """``height`` in any unit, the same for all; ``proportion`` is width by height."""

    height: float
    proportion: float


@dataclass(frozen=True)
class Place:
    """Of the item ``index``: the middle and the foot in pixels, and the height."""

    index: int
    x: float
    foot: float
    height: float


def pack(
    items: Sequence[Item],
    *,
    left: float,
    right: float,
    back: float,
    front: float,
    alone: float | None = None,
    tallest: float,
    rng: np.random.Generator,
) -> list[Place]:
    """Stand ``items`` in rows between ``left`` and ``right``, as large as they fit.

    The feet of the last row are at ``back``, those of the first at ``front`` (pixel rows, from
    above). Nobody is taller than ``tallest``, or than the distance to the feet behind. The back
    rows come first. If one row is enough, its feet are at ``alone``.
    """
    if not items:
        return []
    best: tuple[float, list[list[int]]] | None = None
    for rows in _ways(items):
        count = len(rows)
        scale = min(
            tallest / max(item.height for item in items),
            *(
                (right - left) / _width(items, row) / _nearness(r, count)
                for r, row in enumerate(rows)
            ),
            *(
                0.84
                * (front - back)
                / (count - 1)
                / max(items[i].height for i in row)
                / _nearness(r, count)
                for r, row in enumerate(rows)
                if r
            ),
        )
        # Another row must be worth it.
        if best is None or scale > best[0] * 1.08:
            best = scale, rows
    assert best is not None
    scale, rows = best
    places: list[Place] = []
    for r, row in enumerate(rows):
        near = scale * _nearness(r, len(rows))
        if len(rows) > 1:
            foot = back + (front - back) * r / (len(rows) - 1)
        else:
            foot = back + (front - back) * 0.62 if alone is None else alone
        room = (right - left) - sum(items[i].height * items[i].proportion for i in row) * near
        space = room / (len(row) + 1)
        x = left + space
        for i in row:
            wide = items[i].height * items[i].proportion * near
            shift = float(rng.uniform(-0.25, 0.25)) * min(space, 0.5 * wide)
            places.append(Place(i, x + wide / 2 + shift, foot, items[i].height * near))
            x += wide + space
    return places


def _ways(items: Sequence[Item]) -> Iterator[list[list[int]]]:
    """The items in one or more rows, the tallest in the last. Two rows are cut anywhere, first of
    all between the tall and the small; more of them are of about the same length."""
    order = sorted(range(len(items)), key=lambda i: -items[i].height)
    yield [sorted(order)]

    def merit(cut: int) -> tuple[float, int]:
        step = items[order[cut - 1]].height / items[order[cut]].height
        return -step if step > 1.3 else 0, abs(2 * cut - len(order))

    for cut in sorted(range(1, len(order)), key=merit):
        yield [sorted(order[:cut]), sorted(order[cut:])]
    for count in range(3, min(MOST_ROWS, len(items)) + 1):
        yield [sorted(part.tolist()) for part in np.array_split(order, count)]


def _width(items: Sequence[Item], row: Sequence[int]) -> float:
    return sum(items[i].height * items[i].proportion * (1 + GAP) for i in row)


def _nearness(row: int, count: int) -> float:
    return float(FARTHER ** (count - 1 - row))
