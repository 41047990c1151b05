"""What endpoints are told, in the transaction of the event.

A completed picture is told of by its own statement, ``COMPLETE_GENERATION``, with the same data.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

import orjson

from app.models import (
    Generation,
    Licence,
    LicenceState,
    Order,
    Payout,
    Style,
    WebhookEvent,
)
from app.models.writes import TELL_WEBHOOKS, TELL_WEBHOOKS_OF_EACH, write
from app.utils import clock

OF_STATE = {
    LicenceState.REFUNDED: WebhookEvent.LICENCE_REFUNDED,
    LicenceState.REVOKED: WebhookEvent.LICENCE_REVOKED,
    # It was issued once, by COMPLETE_GENERATION; what is active later was revoked by mistake.
    LicenceState.ACTIVE: WebhookEvent.LICENCE_RESTORED,
}


def tell_of_generation(generation: Generation, event: WebhookEvent) -> None:
    """Of a picture that was not made, to its buyer."""
    _tell(generation.user_id, event, _facts_of(generation), generation.pk)


def tell_of_each(user_id: int, pictures: Sequence[Generation], event: WebhookEvent) -> None:
    """Of many pictures of one buyer, by one statement."""
    write(
        TELL_WEBHOOKS_OF_EACH,
        user_id=user_id,
        type=event.value,
        data=[orjson.dumps(_facts_of(picture)).decode() for picture in pictures],
        generation_ids=[picture.pk for picture in pictures],
        created_at=clock.now(),
    )


def _facts_of(generation: Generation) -> dict[str, object]:
    return {
        "generation_id": generation.pk,
        "style_id": generation.style_id,
        "status": generation.status,
        "cost": generation.cost,
        "licence_number": None,
        "failure_reason": generation.failure_reason,
    }


def tell_of_order(order: Order, facts: Mapping[str, Any]) -> None:
    """Of an order whose pictures have all ended, to its buyer, and to the address it named."""
    data = {
        "order_id": order.pk,
        "item_count": order.item_count,
        "cost": order.cost,
        "refunded": facts["refunded"],
        "counts": facts["counts"],
    }
    named = Generation.objects.filter(order=order).order_by("pk").values_list("pk", flat=True)
    _tell(order.user_id, WebhookEvent.ORDER_COMPLETED, data, named.first())


def tell_of_style(style: Style, event: WebhookEvent) -> None:
    data = {
        "style_id": style.pk,
        "name": style.name,
        "training_status": style.training_status,
        "failure_reason": style.failure_reason,
    }
    _tell(style.artist_id, event, data)


def tell_of_licence(licence: Licence, generation: Generation) -> None:
    """Of a licence that has ended, or is valid again, to the buyer."""
    data = {
        "licence_number": licence.number,
        "generation_id": generation.pk,
        "style_id": generation.style_id,
        "state": licence.state,
        "reason": licence.state_reason,
    }
    _tell(generation.user_id, OF_STATE[LicenceState(licence.state)], data, generation.pk)


def tell_of_payout(payout: Payout, event: WebhookEvent) -> None:
    """Of a payout that is on its way, has arrived or came back, to the artist."""
    data: dict[str, object] = {
        "payout_id": payout.pk,
        "status": payout.status,
        "amount": payout.amount,
        "price": payout.price,
        "currency": payout.currency,
        "failure": payout.failure,
    }
    _tell(payout.artist_id, event, data)


def _tell(
    user_id: int, event: WebhookEvent, data: dict[str, object], generation_id: int | None = None
) -> None:
    write(
        TELL_WEBHOOKS,
        user_id=user_id,
        type=event.value,
        data=orjson.dumps(data).decode(),
        generation_id=generation_id,
        created_at=clock.now(),
    )
