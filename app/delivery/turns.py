"""Whose turn is it: the order in which waiting tasks are handed to the workers.

Start-time fair queueing (Goyal, Vin and Cheng 1996) over people: each queue has a virtual time,
and each task gets the tag at which its share of the work begins. Who orders a thousand pictures
gets tags one after another; who orders one gets the present virtual time, and is before most of
them. Tasks go by tag, then by their number. The same functions run in production and in
``benchmarks/turns.py``; the tags are computed by the SQL of ``TAKE_TURN`` in
``app/models/writes.py``, and a test holds both to each other.

What somebody pays more for (``Priority.HIGH``) has a row of tags of its own, which begins one
picture earlier, and in which each task counts for a part of its work. So it goes before what others
have ordered at the same virtual time; whoever orders many of these takes turns with them soon.

Work is measured in thousandths of a square picture of 512 × 512.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from itertools import accumulate

from protocol import Task, TrainingTask

SQUARE_PIXELS = 512 * 512
PICTURE = 1000
# A task of a warm style may pass this many others, and a task may be passed by this many.
PLACES = 96
# By less than this may its tag be higher than that of the first.
LEAD = PICTURE
# How many styles a worker is taken to hold: those of the tasks that went last.
WARM_STYLES = 4
# How much longer a wait becomes by those who come later and go before: as simulated.
OVERTAKEN = 1.2


@dataclass(frozen=True)
class Waiting:
    """A task that waits for its turn, with its tag. ``go_at``: the number of the hand-over that it
    waits for at most, once others pass it."""

    id: int
    turn: int
    style_id: int | None = None
    go_at: int | None = None


@dataclass(frozen=True)
class Chosen:
    """The tasks that go next, the new ``go_at`` of those that they pass, and what is warm then."""

    tasks: list[Waiting]
    go_at: dict[int, int]
    warm: list[int]


@dataclass(frozen=True)
class Lane:
    """A row of tags that a person has in a queue: how many shares they get there, and by how much
    earlier it begins."""

    name: str
    weight: int = 1
    head_start: int = 0


def lane_of(queue: str, *, is_high: bool, weight: int) -> Lane:
    """That of what is ordered in ``queue``; ``weight`` is the one of a high priority."""
    # Those who have the same virtual time are less than a picture behind it then: no warm style
    # lets them pass.
    return Lane(f"{queue}:high", weight, LEAD) if is_high else Lane(queue)


def work_of(task: Task) -> int:
    """How much work a task is: its pixels; for a training, its works."""
    if isinstance(task, TrainingTask):
        return PICTURE * max(1, len(task.data.image_paths))
    return work_of_pixels(task.data.width, task.data.height)


def work_of_pixels(width: int, height: int) -> int:
    return max(1, width * height * PICTURE // SQUARE_PIXELS)


def share_of(work: int, weight: int) -> int:
    """By how much a task of ``work`` moves its owner's tags."""
    return max(1, work // weight)


def first_tag(virtual_time: int, finish: int, head_start: int = 0) -> int:
    """Where the next task of a person begins whose last one ends at ``finish``."""
    return max(virtual_time, finish) - head_start


def tags_of(first: int, shares: Sequence[int], *, is_bulk: bool = False) -> list[int]:
    """The tags of tasks that one person orders at once; of many, all are behind a single order
    that has the same virtual time."""
    begins = list(accumulate(shares, initial=first))[:-1]
    return [tag + int(is_bulk) for tag in begins]


def choose(
    waiting: Sequence[Waiting], count: int, *, warm: Sequence[int], handed_over: int
) -> Chosen:
    """Choose ``count`` tasks of ``waiting``, which are in the order of their tags.

    A task whose style is warm may pass others. Whoever is passed goes at most ``PLACES`` hand-overs
    later than by the tags alone: hand-overs are numbered, and ``handed_over`` is the last one.
    """
    left, held = list(waiting), list(warm)
    go_at = {task.id: task.go_at for task in waiting if task.go_at is not None}
    chosen, passed = list[Waiting](), dict[int, int]()
    while left and len(chosen) < count:
        number = handed_over + len(chosen) + 1
        at = _next(left[:PLACES], held, go_at, number)
        for place, task in enumerate(left[:at]):
            if task.id not in go_at:
                go_at[task.id] = passed[task.id] = number + place + PLACES
        task = left.pop(at)
        chosen.append(task)
        held = warmed(held, task.style_id)
    gone = {task.id for task in chosen}
    return Chosen(chosen, {id_: at for id_, at in passed.items() if id_ not in gone}, held)


def warmed(styles: Sequence[int], style_id: int | None) -> list[int]:
    """What is warm after a task of ``style_id``, the last first."""
    if style_id is None:
        return list(styles)
    return [style_id, *(style for style in styles if style != style_id)][:WARM_STYLES]


def _next(
    near: Sequence[Waiting], warm: Sequence[int], go_at: Mapping[int, int], number: int
) -> int:
    for at, task in enumerate(near):
        if go_at.get(task.id, number + 1) <= number:
            return at
    for at, task in enumerate(near):
        if task.style_id in warm and task.turn < near[0].turn + LEAD:
            return at
    return 0


def expected_seconds(ahead: int, each: float, workers: int) -> float:
    """Until a picture is made that has ``ahead`` others before it, those in work included.

    ``each`` is how long a worker takes for one.
    """
    return each * (1 + OVERTAKEN * ahead / max(1, workers))
