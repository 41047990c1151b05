"""The fee changes with a month's notice to each artist, and never in arrears."""

from __future__ import annotations

from datetime import datetime, timedelta

from django.db import transaction

from app.exceptions import InvalidInput
from app.models import FeeChange, Notification, NotificationType, Role, User
from app.models.notification import words_of
from app.services import fees, mail_service
from app.utils import clock

NOTICE = timedelta(days=30)
BATCH = 500


@transaction.atomic
def announce(percent: int, effective_at: datetime) -> tuple[FeeChange, int]:
    """Tell each artist that the fee is ``percent`` from then on. Returns the change, and how many
    were told. Raises InvalidInput."""
    if not 0 <= percent <= 100:
        raise InvalidInput.field("percent", "Must be from 0 to 100.")
    now = clock.now()
    if effective_at < now + NOTICE:
        raise InvalidInput.field("from", "Artists have to know 30 days before.")
    if FeeChange.objects.filter(effective_at=effective_at).exists():
        raise InvalidInput.field("from", "There is a change on that day already.")
    before = fees.percent_at(effective_at)
    change = FeeChange.objects.create(percent=percent, effective_at=effective_at)
    artists = User.objects.open().filter(role=Role.ARTIST).order_by("pk")
    ids = list(artists.values_list("pk", flat=True))
    said = {
        "before": before,
        "percent": percent,
        "share": 100 - percent,
        "day": effective_at.astimezone(clock.HOME_ZONE).date().isoformat(),
    }
    message = words_of(NotificationType.FEE_CHANGED, said)
    told = [
        Notification(
            recipient_id=user_id,
            type=NotificationType.FEE_CHANGED,
            message=message,
            parameters=said,
        )
        for user_id in ids
    ]
    Notification.objects.bulk_create(told, batch_size=BATCH)
    mail_service.note(ids, NotificationType.FEE_CHANGED)
    transaction.on_commit(fees.forget)
    return change, len(ids)
