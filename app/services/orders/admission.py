"""Handing held pictures to the workers, when others of their buyer have ended."""

from __future__ import annotations

from functools import partial

from django.db import transaction

from app.models import Generation
from app.models.writes import HELD_TO_HAND_OVER, limits_of_work, write
from app.services import guard
from app.services.generation_service import GENERATIONS

BATCH = 500


def hand_over() -> int:
    """Hand over the held pictures for which there is room now. Returns how many.

    Any number of processes may call it at once: all choose the oldest of a buyer, and look again
    under the lock. If a picture breaks it, each is handed over by itself.
    """
    rows = write(HELD_TO_HAND_OVER, batch=BATCH, **limits_of_work())
    ids = [picture_id for (picture_id,) in rows]
    if not ids:
        return 0
    handed_over = guard.attempt("held pictures", partial(_hand_over, ids))
    if handed_over is not None:
        return handed_over
    return sum(
        guard.attempt("held pictures", partial(_hand_over, [each]), generation_id=each) or 0
        for each in ids
    )


@transaction.atomic
def _hand_over(ids: list[int]) -> int:
    # Another relay or a cancellation may have been faster.
    held = Generation.objects.waiting().filter(pk__in=ids)
    pictures = list(held.to_lock().order_by("pk"))
    Generation.objects.filter(pk__in=[picture.pk for picture in pictures]).update(is_held=False)
    GENERATIONS.enqueue_all(pictures)
    return len(pictures)
