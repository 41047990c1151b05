"""The statement of an artist: what each picture of a month cost, and whom it paid.

It is read from the ledger alone, so its totals are the ledger's.
"""

from __future__ import annotations

import csv
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from datetime import UTC, date, datetime, time, tzinfo

from django.db.models import Count, Sum

from app.exceptions import InvalidInput, NotFound
from app.models import Transaction, TransactionType, User
from app.models.token import PARTY, TransactionQuerySet
from app.utils import clock

COLUMNS = [
    *("time", "type", "picture", "style", "licence", "licence_state"),
    *("price", "fee", "share", "payable"),
]
# A cell that begins so is a formula to a spreadsheet.
_FORMULA = ("=", "+", "-", "@", "\t", "\r")


@dataclass(frozen=True)
class Line:
    """An entry of the artist's ledger. Amounts are tokens. ``share`` is what the artist got, or
    lost if it is negative; ``payable`` is what of it stands for money."""

    at: datetime
    kind: str
    picture: int | None
    style: str
    licence: str
    licence_state: str
    price: int
    fee: int
    share: int
    payable: int


@dataclass(frozen=True)
class Totals:
    """Of all lines: sales, what was taken back of them and not given back, and what was paid out in
    money. Of a month in which more came back than left, the last two are negative."""

    sales: int = 0
    price: int = 0
    fee: int = 0
    earned: int = 0
    taken_back: int = 0
    paid_out: int = 0


@dataclass(frozen=True)
class Statement:
    artist: User
    month: date
    lines: list[Line]
    totals: Totals
    lifetime: Totals


# What leaves, and what comes back.
REVERSALS = (TransactionType.REVERSAL, TransactionType.REVERSAL_RETURN)
PAYOUTS = (TransactionType.PAYOUT, TransactionType.PAYOUT_RETURN)
OF_STATEMENT = [TransactionType.EARN, *REVERSALS, *PAYOUTS]


def month_of(text: str) -> date:
    """The first day of a month such as ``2026-11``. Raises InvalidInput."""
    try:
        return datetime.strptime(text, "%Y-%m").date()  # noqa: DTZ007 (a day has no zone)
    except ValueError as error:
        raise InvalidInput.field("month", "Must be a month such as 2026-11.") from error


def of(artist: User, month: date, zone: tzinfo = UTC) -> Statement:
    """The statement of a month in ``zone``. Raises NotFound for one that has not begun."""
    begin, end = _span(month, zone)
    lines = list(_lines(artist.pk, begin, end))
    return Statement(artist, month, lines, add_up(lines), lifetime(artist))


def lifetime(artist: User) -> Totals:
    """Of all that the artist ever sold."""
    of_type = {
        row["type"]: row
        for row in _entries(artist.pk)
        .order_by()
        .values("type")
        .annotate(count=Count("pk"), amount=Sum("amount"), price=Sum("generation__cost"))
    }
    none = {"count": 0, "amount": 0, "price": 0}
    sold = of_type.get(TransactionType.EARN, none)
    taken, given = (of_type.get(kind, none) for kind in REVERSALS)
    out, back = (of_type.get(kind, none) for kind in PAYOUTS)
    return Totals(
        sales=sold["count"],
        price=sold["price"],
        fee=sold["price"] - sold["amount"],
        earned=sold["amount"],
        taken_back=taken["amount"] - given["amount"],
        paid_out=out["amount"] - back["amount"],
    )


def add_up(lines: Iterable[Line]) -> Totals:
    sums = dict.fromkeys(("sales", "price", "fee", "earned", "taken_back", "paid_out"), 0)
    for line in lines:
        if line.kind == "earn":
            sums["sales"] += 1
            sums["price"] += line.price
            sums["fee"] += line.fee
            sums["earned"] += line.share
        elif line.kind in {"reversal", "reversal_return"}:
            sums["taken_back"] -= line.share
        else:
            sums["paid_out"] -= line.share
    return Totals(**sums)


def name_of(statement: Statement) -> str:
    """Of its file."""
    return f"statement-{statement.month:%Y-%m}"


def as_csv(statement: Statement) -> Iterator[str]:
    """The lines with a header, safe to open in a spreadsheet; the totals are not among them."""
    writer = csv.writer(_Echo())
    yield writer.writerow(COLUMNS)
    for line in statement.lines:
        yield writer.writerow(
            [
                line.at.isoformat(),
                line.kind,
                line.picture or "",
                _plain(line.style),
                line.licence,
                line.licence_state,
                *(line.price, line.fee, line.share, line.payable),
            ]
        )


class _Echo:
    """``csv`` writes to it, and gets each row back."""

    def write(self, row: str) -> str:
        return row


def _plain(text: str) -> str:
    return f"'{text}" if text.startswith(_FORMULA) else text


def _span(month: date, zone: tzinfo) -> tuple[datetime, datetime]:
    if datetime.combine(month, time.min, zone) > clock.now():
        raise NotFound("This month has not begun.")
    after = date(month.year + month.month // 12, month.month % 12 + 1, 1)
    begin, end = (datetime.combine(day, time.min, zone) for day in (month, after))
    return begin, end


def _entries(artist_id: int) -> TransactionQuerySet:
    """The welcome bonus is no earning."""
    entries = Transaction.objects.alias(party=PARTY).filter(party=artist_id, type__in=OF_STATEMENT)
    return entries.exclude(type=TransactionType.EARN, generation=None)


def _lines(artist_id: int, begin: datetime, end: datetime) -> Iterator[Line]:
    """Oldest first."""
    entries = (
        _entries(artist_id)
        .filter(created_at__gte=begin, created_at__lt=end)
        .select_related("generation__style", "generation__licence")
        .order_by("created_at", "pk")
    )
    for entry in entries.iterator():
        picture = entry.generation
        licence = getattr(picture, "licence", None) if picture else None
        is_sale = entry.type == TransactionType.EARN
        price = picture.cost if picture and is_sale else 0
        share = entry.amount if entry.receiver_id else -entry.amount
        yield Line(
            at=entry.created_at,
            kind=entry.public_type,
            picture=picture.pk if picture else None,
            style=picture.style.name if picture else "",
            licence=licence.number if licence else "",
            licence_state=licence.state if licence else "",
            price=price,
            fee=price - entry.amount if is_sale else 0,
            share=share,
            payable=entry.earned or 0,
        )
