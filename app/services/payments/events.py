"""What a gateway tells by itself. An event only says that it is time to look: what it holds is not
believed, so that forged, old and doubled ones change nothing."""

from __future__ import annotations

from collections.abc import Callable

import structlog
from django.conf import settings

from app.exceptions import InvalidSignature, NotFound, ServiceUnavailable
from app.models import Purchase
from app.services.payments import buying, disputes, payout_events, refunds
from app.services.payments.gateways import outcomes
from app.services.payments.gateways.paying import Event
from app.services.payments.noting import is_noted, note
from app.services.payments.payment_gateway import STRIPES, gateway

log = structlog.get_logger(__name__)


def on_purchase(event: Event) -> None:
    """Something happened to a payment. Raises NotYet."""
    purchase = Purchase.objects.filter(
        gateway=event.gateway, gateway_reference=event.reference
    ).first()
    if purchase is not None:
        buying.settle(purchase, event=event)


# By the kind of thing that an event is about.
HANDLERS: dict[str, Callable[[Event], None]] = {
    "purchase": on_purchase,
    "refund": refunds.on_event,
    "dispute": disputes.on_event,
    **payout_events.HANDLERS,
}


def take_in(body: bytes, signature: str) -> None:
    """Take in what Stripe sent. Raises NotFound where Stripe is not used, InvalidSignature, and
    ServiceUnavailable: then it is sent again later."""
    name = settings.PAYMENT_GATEWAY
    if name not in STRIPES:
        raise NotFound
    try:
        event = gateway(name).read_event(body, signature)
    except outcomes.InvalidSignature as error:
        raise InvalidSignature(str(error)) from error
    if is_noted(event):
        return
    handle = HANDLERS.get(event.kind)
    try:
        if handle is not None:
            handle(event)
    except outcomes.NotYet as error:
        log.warning("event_put_off", event_id=event.id, type=event.type, reason=str(error))
        raise ServiceUnavailable from error
    # What had no effect is not looked at again either.
    note(event)
