"""How orders end: what misses its deadline is refunded, and what has ended is told, once."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from functools import partial
from typing import Any

import structlog
from django.conf import settings
from django.db import transaction
from django.db.models import Count, Exists, OuterRef, QuerySet, Sum

from app.models import Generation, GenerationStatus, Order, Transaction, TransactionType
from app.services import guard, notification_service
from app.services.generation_service import GENERATIONS
from app.services.webhooks.events import tell_of_order
from app.utils import clock

log = structlog.get_logger(__name__)

BATCH = 500


def end_overdue() -> int:
    """End and refund the pictures whose order's deadline is over. Returns how many.

    Each has a transaction of its own and is judged again under its lock: a report that came first
    stays.
    """
    orders = Order.objects.filter(ended_at=None, deadline__lte=clock.now())
    late = Generation.objects.under_way().filter(order__in=orders).order_by("pk")
    ended = 0
    for picture_id in list(late.values_list("pk", flat=True)[:BATCH]):
        end = partial(GENERATIONS.end_late, picture_id)
        if guard.attempt("deadlines", end, generation_id=picture_id):
            ended += 1
    if ended:
        log.warning("deadline_missed", pictures=ended)
    return ended


def tell_of_ended() -> int:
    """Note which orders have no picture under way any more, and tell of them. Returns how many.

    If one of them breaks it, each is told of by itself.
    """
    told = guard.attempt("ended orders", partial(_tell_of, _ended()[:BATCH]))
    if told is not None:
        return told
    ids = list(_ended().values_list("pk", flat=True)[:BATCH])
    each = (partial(_tell_of, _ended().filter(pk=pk)) for pk in ids)
    return sum(
        guard.attempt("ended orders", tell, order_id=pk) or 0
        for pk, tell in zip(ids, each, strict=True)
    )


def _ended() -> QuerySet[Order]:
    under_way = Generation.objects.under_way().filter(order=OuterRef("pk"))
    return Order.objects.filter(~Exists(under_way), ended_at=None).order_by("pk")


@transaction.atomic
def _tell_of(ended: QuerySet[Order]) -> int:
    """A picture that has ended stays so. Of two that look at once, the second leaves out what the
    first has locked."""
    locked = ended.select_for_update(no_key=True, skip_locked=True, of=("self",))
    orders = list(locked.select_related("user"))
    if not orders:
        return 0
    now, facts = clock.now(), facts_of(orders)
    for order in orders:
        order.ended_at = now
        tell_of_order(order, facts[order.pk])
        _tell_buyer(order, **facts[order.pk])
    Order.objects.filter(pk__in=[order.pk for order in orders]).update(ended_at=now)
    return len(orders)


def _tell_buyer(order: Order, *, counts: Mapping[str, int], refunded: int) -> None:
    """Nothing is new to a buyer who has canceled all of it, or has left."""
    is_canceled = counts[GenerationStatus.CANCELED] == order.item_count
    if not is_canceled and not order.user.is_closed:
        ready = counts[GenerationStatus.COMPLETED]
        notification_service.tell_order_ended(order, ready=ready, refunded=refunded)


def page_of(order: Order) -> str:
    """Where it is watched."""
    return f"{settings.SITE_URL}/orders/{order.pk}"


def facts_of(orders: Sequence[Order]) -> dict[int, dict[str, Any]]:
    """Of each order how many pictures are in which state (``counts``), and what was ``refunded``.
    Two statements, however many there are."""
    ids = [order.pk for order in orders]
    counts = dict.fromkeys(GenerationStatus.values, 0)
    facts: dict[int, dict[str, Any]] = {pk: {"counts": counts.copy(), "refunded": 0} for pk in ids}
    items = Generation.objects.filter(order__in=ids).order_by()
    for row in items.values("order_id", "status").annotate(count=Count("pk")):
        facts[row["order_id"]]["counts"][row["status"]] = row["count"]
    refunds = Transaction.objects.filter(type=TransactionType.REFUND, generation__order__in=ids)
    totals = refunds.order_by().values("generation__order_id").annotate(total=Sum("amount"))
    for order_id, total in totals.values_list("generation__order_id", "total"):
        facts[order_id]["refunded"] = total
    return facts
