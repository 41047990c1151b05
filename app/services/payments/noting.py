"""Which events of a gateway have had their effect: each has it once."""

from __future__ import annotations

from datetime import timedelta

from django.db import connection

from app.models import PaymentEvent
from app.services.payments.gateways.paying import Event
from app.utils import clock

# Stripe sends an event again for three days by itself, and for thirty by hand. One that comes later
# changes nothing either: it only says that it is time to look.
KEPT_FOR = timedelta(days=90)
BATCH = 1000

NOTE = """
INSERT INTO app_paymentevent (gateway, event_id, type, object_id, created_at, received_at)
VALUES (%s, %s, %s, %s, %s, %s) ON CONFLICT (gateway, event_id) DO NOTHING
"""


def is_noted(event: Event) -> bool:
    return PaymentEvent.objects.filter(gateway=event.gateway, event_id=event.id).exists()


def note(event: Event | None) -> bool:
    """Write the event down in the transaction of its effect. Whether that is still to come: no
    event at all may always have one."""
    if event is None:
        return True
    with connection.cursor() as cursor:
        # Who comes second waits here until the first is done, and finds it noted.
        cursor.execute(
            NOTE,
            [event.gateway, event.id, event.type, event.object_id, event.created_at, clock.now()],
        )
        return bool(cursor.rowcount)


def forget_old() -> int:
    """Delete what was noted longer than ``KEPT_FOR`` ago, at most ``BATCH``. Returns how many."""
    old = PaymentEvent.objects.filter(received_at__lt=clock.now() - KEPT_FOR)
    ids = list(old.order_by("received_at").values_list("pk", flat=True)[:BATCH])
    return PaymentEvent.objects.filter(pk__in=ids).delete()[0] if ids else 0
