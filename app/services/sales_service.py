"""What artists hear of their sales: one notification for each day.

A day's notifications are written in one transaction with its ``SalesDay``, by whichever relay comes
first. So artists are told once, whatever breaks off, and days without a relay are made up for.
"""

from __future__ import annotations

from datetime import date, datetime, time, timedelta
from functools import partial
from itertools import groupby
from operator import itemgetter
from typing import Any

from django.db import transaction
from django.db.models import Max

from app.models import Notification, NotificationType, SalesDay, Transaction
from app.models.notification import TargetType, words_of
from app.services import guard, mail_service
from app.utils import clock

# By then whatever was booked before midnight is committed: the database waits far less for anybody.
SETTLED = timedelta(minutes=10)
ONE_DAY = timedelta(days=1)
BATCH = 500


def tell_of_sales() -> int:
    """Notify artists of the days that have ended since the last call. Returns how many were told.

    The first call ever notifies nobody: the days before are not news.
    """
    last = (clock.now() - SETTLED).astimezone(clock.HOME_ZONE).date() - ONE_DAY
    told_until = SalesDay.objects.aggregate(day=Max("day"))["day"]
    if told_until is None:
        SalesDay.objects.get_or_create(day=last)
        return 0
    days = range((last - told_until).days)
    return sum(_tell_of_day(told_until + (number + 1) * ONE_DAY) for number in days)


@transaction.atomic
def _tell_of_day(day: date) -> int:
    # Another relay that is at it is waited for.
    _, is_mine = SalesDay.objects.get_or_create(day=day)
    if not is_mine:
        return 0
    # Days are those of our home, for all artists. The studio's chart has the reader's.
    days = (day, day + ONE_DAY)
    begin, end = (datetime.combine(each, time.min, clock.HOME_ZONE) for each in days)
    sold = Transaction.objects.sold_between(begin, end)
    by_artist = groupby(sold, itemgetter("receiver_id"))
    lines = [
        guard.attempt("sales", partial(_told, day, artist_id, list(styles)), artist_id=artist_id)
        for artist_id, styles in by_artist
    ]
    told = [line for line in lines if line is not None]
    Notification.objects.bulk_create(told, batch_size=BATCH)
    mail_service.note([each.recipient_id for each in told], NotificationType.SALES)
    return len(told)


def _told(day: date, artist_id: int, styles: list[dict[str, Any]]) -> Notification:
    """What an artist is told of a day. It links to the style that earned most."""
    parameters = {
        "day": day.isoformat(),
        "zone": clock.HOME_ZONE.key,
        "count": sum(style["count"] for style in styles),
        "earned": sum(style["earned"] for style in styles),
        "styles": [
            {"id": each["style_id"], **{name: each[name] for name in ("name", "count", "earned")}}
            for each in styles
        ],
    }
    return Notification(
        recipient_id=artist_id,
        type=NotificationType.SALES,
        message=words_of(NotificationType.SALES, parameters)[:1200],
        parameters=parameters,
        target_type=TargetType.STYLE,
        target_id=styles[0]["style_id"],
    )
