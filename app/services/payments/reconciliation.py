"""Our books against the provider's, day by day of UTC: every difference has a name.

Things are compared by their ids. The two may date them differently, so the provider is asked for
a month more on either side, and what is ours is looked for whatever its day.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from datetime import UTC, date, datetime, time, timedelta

from django.conf import settings
from django.db.models import F, Q
from django.db.models.functions import Coalesce

from app.models import Dispute, Payout, Purchase, PurchaseRefund
from app.models.payment import NOT_PAID
from app.services.payments.gateways.books import Movement, ProviderBooks
from app.services.payments.gateways.outcomes import NotYet as NotYet
from app.services.payments.payment_gateway import STRIPES

MARGIN = timedelta(days=31)
# Whose money is where it was before.
_CAME_BACK = ("failed", "won", "reversed")
# How each status of ours looks at the provider, where it differs.
_SEEN = {
    "purchase": {},
    "refund": {"requested": "sent", "reversed": "failed"},
    "dispute": {},
    "transfer": {"paid": "sent", "failed": "reversed"},
    "bank": {"requested": "sent", "reversed": "failed"},
}


@dataclass(frozen=True)
class Ours:
    """A row of ours, as the provider should have it."""

    kind: str
    row: str
    id: str
    amount: int
    currency: str
    status: str
    at: datetime
    reference: str


@dataclass(frozen=True)
class Difference:
    """``problem`` is missing here, missing there, twice, amount, currency or state."""

    day: date
    kind: str
    problem: str
    text: str

    def __str__(self) -> str:
        return f"{self.day} {self.kind}: {self.problem}: {self.text}"


@dataclass
class Report:
    differences: list[Difference]
    # By day and kind: the sum at the provider of what did not come back; fees, which are kept,
    # under the kind "fee".
    sums: Counter[tuple[date, str, str]]


def compare(books: ProviderBooks, first: date, last: date) -> Report:
    """Days from ``first`` to ``last``, both of them. Raises NotYet."""
    begin = datetime.combine(first, time.min, UTC)
    end = datetime.combine(last, time.min, UTC) + timedelta(days=1)
    found = books.movements(begin - MARGIN, end + MARGIN)
    report = Report([], Counter())
    seen = set[tuple[str, str]]()
    for movement in found:
        if begin <= movement.at < end:
            _add_up(report.sums, movement)
            report.differences += _judge(movement)
        else:
            # What was done long ago may change late: a refund or a payment that comes back.
            late = (each for each in _judge(movement) if each.problem == "state")
            report.differences += late
        names = filter(None, (movement.id, movement.reference))
        seen |= {(movement.kind, name) for name in names}
    for row in _rows_between(begin, end):
        if (row.kind, row.id) not in seen and (row.kind, row.reference) not in seen:
            text = f"{row.row} is {row.status}, and {row.id or 'nothing'} is not at the provider"
            report.differences.append(Difference(row.at.date(), row.kind, "missing there", text))
    report.differences.sort(key=lambda each: (each.day, each.kind, each.text))
    return report


def _add_up(sums: Counter[tuple[date, str, str]], movement: Movement) -> None:
    day = movement.at.date()
    if movement.status not in _CAME_BACK:
        sums[day, movement.kind, movement.currency] += movement.amount
    if movement.fee:
        sums[day, "fee", movement.currency] += movement.fee


def _judge(movement: Movement) -> Iterator[Difference]:
    day, kind = movement.at.date(), movement.kind
    mine = _find(movement)
    if mine is None and movement.status == "failed":
        # Somebody else's, that came back before we heard of it: nothing has moved.
        return
    if mine is None or (mine.id and mine.id != movement.id):
        # Ours has one already, under another id.
        problem = "twice" if mine else "missing here"
        text = f"{movement.id} of {movement.amount} {movement.currency}"
        yield Difference(day, kind, problem, text)
        return
    about = f"{mine.row} ({movement.id})"
    # Taxes come on top of the price.
    is_more = movement.amount > mine.amount
    if mine.amount != movement.amount and not (
        kind == "purchase" and settings.STRIPE_AUTOMATIC_TAX and is_more
    ):
        told = f"{about} is {mine.amount} here and {movement.amount} there"
        yield Difference(day, kind, "amount", told)
    if mine.currency != movement.currency:
        told = f"{about} is in {mine.currency} here and in {movement.currency} there"
        yield Difference(day, kind, "currency", told)
    if _SEEN[kind].get(mine.status, mine.status) != movement.status:
        told = f"{about} is {mine.status} here and {movement.status} there"
        yield Difference(day, kind, "state", told)


def _find(movement: Movement) -> Ours | None:
    """By the provider's id, else by our own name of it."""
    name = movement.reference
    if movement.kind == "purchase":
        rows: Iterable[Ours] = [
            *_purchases(payment_id=movement.id),
            *_purchases(gateway_reference=name),
        ]
    elif movement.kind == "refund":
        rows = [*_refunds(provider_id=movement.id), *_refunds(reference=name)]
    elif movement.kind == "dispute":
        rows = _disputes(provider_id=movement.id)
    else:
        by_id = {"transfer_id" if movement.kind == "transfer" else "payout_id": movement.id}
        rows = [*_payouts(movement.kind, **by_id), *_payouts(movement.kind, reference=name)]
    return next(iter(rows), None)


def _rows_between(begin: datetime, end: datetime) -> Iterator[Ours]:
    """What of ours the provider must have."""
    span = (begin, end - timedelta(microseconds=1))
    paid = Coalesce(F("paid_at"), F("created_at"))
    ids = Purchase.objects.alias(paid=paid).filter(paid__range=span).exclude(status__in=NOT_PAID)
    yield from _purchases(pk__in=ids.values("pk"))
    yield from _refunds(created_at__range=span, status__in=["sent", "paid"])
    yield from _disputes(created_at__range=span)
    yield from _payouts("transfer", sent_at__range=span)
    is_paid = Q(status="paid") | ~Q(payout_id="")
    yield from _payouts("bank", pk__in=Payout.objects.filter(is_paid, sent_at__range=span))


def _purchases(**which: object) -> Iterator[Ours]:
    for each in Purchase.objects.filter(gateway__in=STRIPES, **which):
        yield Ours(
            *("purchase", f"purchase {each.pk}", each.payment_id, each.price or 0, each.currency),
            status="paid" if each.is_paid else each.status,
            at=each.paid_at or each.created_at,
            reference=each.gateway_reference,
        )


def _refunds(**which: object) -> Iterator[Ours]:
    rows = PurchaseRefund.objects.filter(purchase__gateway__in=STRIPES, **which)
    for each in rows.select_related("purchase"):
        yield Ours(
            *("refund", f"refund {each.pk}", each.provider_id, each.price),
            *(each.purchase.currency, each.status, each.created_at, each.reference),
        )


def _disputes(**which: object) -> Iterator[Ours]:
    rows = Dispute.objects.filter(purchase__gateway__in=STRIPES, **which)
    for each in rows.select_related("purchase"):
        yield Ours(
            *("dispute", f"dispute {each.pk}", each.provider_id, each.price),
            *(each.purchase.currency, each.status, each.created_at, ""),
        )


def _payouts(kind: str, **which: object) -> Iterator[Ours]:
    """As a ``transfer``, or as a payment to a ``bank``."""
    for each in Payout.objects.filter(gateway__in=STRIPES, **which):
        its_id = each.transfer_id if kind == "transfer" else each.payout_id
        yield Ours(
            *(kind, f"payout {each.pk}", its_id, each.price, each.currency),
            *(each.status, each.sent_at or each.created_at, each.reference),
        )
