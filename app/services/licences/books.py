"""The books for all: each day's licences under one root, which nobody can change later.

A leaf is what never changes of a licence; its state is not in it, so a refund changes no root. What
is published of a day also names the day before. So whoever has kept one ``digest`` notices any
licence that was put in, taken out or changed up to that day; ``examples/check_books.py`` does.

Only hashes of the leaves are told, since a list of all numbers would tell what each artist sold.
They are in the order of the hashes, which says nothing of who came first.

No licence is booked into a day that is published: a day waits for whoever may still do so, and a
trigger books what comes later, such as after the database's clock was set back, into the next.
"""

from __future__ import annotations

import hashlib
from dataclasses import dataclass
from datetime import UTC, date, datetime, time, timedelta
from functools import cache as cache_of_process
from functools import partial
from typing import Any

import orjson
import structlog
from django.db import DEFAULT_DB_ALIAS, connection, transaction
from django.db.models import Max

from app.exceptions import NotFound, ServiceUnavailable
from app.models import Licence, LicenceDay
from app.services import guard
from app.services.licences import blocks, merkle, terms

log = structlog.get_logger(__name__)

ONE_DAY = timedelta(days=1)
# ``previous`` of the first day.
NOTHING = "0" * 64
CHUNK = 5000
# After the end of a day. A statement shows in the server's tables a moment after it began, and
# clocks are set back by seconds.
MARGIN = timedelta(minutes=5)

# The database's clock, by which licences are booked, and the last day that has ended.
_LAST_DAY = """
    SELECT (statement_timestamp() AT TIME ZONE 'UTC' - %(seconds)s * interval '1 second')::date - 1
"""
# Whoever may have written a licence before a moment and has not committed it. What begins to write
# later is booked later, so once there is none the day has all its licences. When others of the
# database's roles began is not shown, nor is it of prepared transactions; their locks are.
_STILL_WRITING = """
    SELECT (
        SELECT count(*) FROM pg_stat_activity
        WHERE datname = current_database() AND pid <> pg_backend_pid() AND xact_start < %(end)s
            AND backend_type = 'client backend'
            AND (backend_xid IS NOT NULL OR state = 'active' AND query_start < %(end)s)
    ) + (
        SELECT count(*) FROM pg_locks LEFT JOIN pg_stat_activity USING (pid)
        WHERE database = (SELECT oid FROM pg_database WHERE datname = current_database())
            AND relation = 'app_licence'::regclass AND mode = 'RowExclusiveLock'
            AND xact_start IS NULL
    )
"""
_FACTS = (
    *("number", "issued_at", "file_sha256", "preview_sha256", "generation_id"),
    *("generation__cost", "generation__style_id", "generation__style__artist_id"),
    "generation__terms_id",
)


@dataclass(frozen=True)
class Proof:
    """That a licence is in the books of ``day``."""

    day: LicenceDay
    leaf: dict[str, Any]
    leaf_sha256: str
    index: int
    path: list[str]


def publish_days() -> int:
    """Publish the days that have ended and are not yet published. Returns how many.

    The first is that of the first licence; from then on none is left out. Any number of relays may
    do so at once: they publish the same.
    """
    with connection.cursor() as cursor:
        cursor.execute(_LAST_DAY, {"seconds": MARGIN.total_seconds()})
        (last,) = cursor.fetchone()
    for listed in blocks.are_missing():
        guard.attempt("books", partial(_keep_blocks, listed), day=listed.day.isoformat())
    day, published = _next_day(last), 0
    while day is not None and day <= last:
        if not _publish(day):
            break
        published, day = published + 1, day + ONE_DAY
    return published


def _keep_blocks(listed: LicenceDay) -> None:
    blocks.keep(listed, leaves_of(listed.day))


def leaves_of(day: date, *, using: str = DEFAULT_DB_ALIAS) -> list[bytes]:
    """The hashes of a day's licences, sorted, computed from the licences as they are now."""
    begin, end = _bounds(day)
    booked = Licence.objects.using(using).filter(booked_at__gte=begin, booked_at__lt=end)
    rows = booked.order_by().values_list(*_FACTS).iterator(chunk_size=CHUNK)
    return sorted(merkle.leaf(_canonical(_leaf(*row))) for row in rows)


def published(day: date) -> LicenceDay:
    """Raises NotFound."""
    found = LicenceDay.objects.filter(day=day).first()
    if found is None:
        raise NotFound("This day is not in the books. A day is published when it has ended.")
    return found


def proof(licence: Licence) -> Proof:
    """Raises NotFound for a licence whose day has not ended, and for one that is not in its day's
    books. Raises ServiceUnavailable."""
    day = published(_booked_on(licence))
    leaf = _leaf(*Licence.objects.filter(pk=licence.pk).values_list(*_FACTS).get())
    digest = merkle.leaf(_canonical(leaf))
    place = blocks.place(day, digest)
    if place is None:
        raise NotFound("This licence is not in the books of its day.")
    index, path = place
    return Proof(day, leaf, digest.hex(), index, [each.hex() for each in path])


def day_of(licence: Licence) -> date | None:
    """The day whose books have a licence; None before it is published."""
    try:
        return proof(licence).day.day
    except (NotFound, ServiceUnavailable):
        return None


def digest_of(day: date, count: int, root: str, previous: str) -> str:
    """What the next day names as its predecessor's."""
    said = {"day": day.isoformat(), "count": count, "root": root, "previous": previous}
    return hashlib.sha256(_canonical(said)).hexdigest()


def _next_day(last: date) -> date | None:
    """The first day that is not published; None while there is no licence up to ``last``."""
    latest: date | None = LicenceDay.objects.aggregate(day=Max("day"))["day"]
    if latest is not None:
        return latest + ONE_DAY
    booked = Licence.objects.filter(booked_at__lt=_bounds(last)[1]).order_by("booked_at")
    first = booked.values_list("booked_at", flat=True).first()
    return None if first is None else first.astimezone(UTC).date()


@transaction.atomic
def _publish(day: date) -> bool:
    """Returns False while somebody may still book a licence of that day."""
    _, end = _bounds(day)
    with connection.cursor() as cursor:
        cursor.execute(_STILL_WRITING, {"end": end})
        (writing,) = cursor.fetchone()
    if writing:
        log.info("books_wait_for_transactions", day=str(day), transactions=writing)
        return False
    before = LicenceDay.objects.filter(day=day - ONE_DAY).first()
    leaves = leaves_of(day)
    root, previous = merkle.root(leaves).hex(), before.digest if before else NOTHING
    row = LicenceDay(
        day=day,
        count=len(leaves),
        root=root,
        previous=previous,
        digest=digest_of(day, len(leaves), root, previous),
    )
    # Another relay may have been faster.
    LicenceDay.objects.bulk_create([row], ignore_conflicts=True)
    blocks.keep(row, leaves)
    return True


def _booked_on(licence: Licence) -> date:
    return licence.booked_at.astimezone(UTC).date()


def _leaf(
    number: str,
    issued_at: datetime,
    file_sha256: str | None,
    preview_sha256: str | None,
    picture_id: int,
    price_tokens: int,
    style_id: int,
    artist_id: int,
    terms_id: str | None,
) -> dict[str, Any]:
    """What never changes of a licence. All of it is public."""
    name, terms_sha256 = _terms(terms_id)
    return {
        "number": number,
        "issued_at": issued_at.astimezone(UTC).strftime("%Y-%m-%dT%H:%M:%S.%fZ"),
        "picture_id": picture_id,
        "style_id": style_id,
        "artist_id": artist_id,
        "price_tokens": price_tokens,
        "terms": name,
        "terms_sha256": terms_sha256,
        "file_sha256": file_sha256,
        "preview_sha256": preview_sha256,
    }


@cache_of_process
def _terms(terms_id: str | None) -> tuple[str, str]:
    found = terms.of_order(terms_id)
    return found.id, found.sha256


def _canonical(said: dict[str, Any]) -> bytes:
    """JSON in one way: keys sorted, no blanks."""
    return orjson.dumps(said, option=orjson.OPT_SORT_KEYS)


def _bounds(day: date) -> tuple[datetime, datetime]:
    begin = datetime.combine(day, time.min, UTC)
    return begin, begin + ONE_DAY
