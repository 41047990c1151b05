"""What endpoints are told, in the transaction of the event.

A completed picture is told of by its own statement, ``COMPLETE_GENERATION``, with the same data.
"""

from __future__ import annotations

import orjson

from app.models import Generation, Licence, LicenceState, Style, WebhookEvent
from app.models.writes import TELL_WEBHOOKS, write
from app.utils import clock

OF_STATE = {
    LicenceState.REFUNDED: WebhookEvent.LICENCE_REFUNDED,
    LicenceState.REVOKED: WebhookEvent.LICENCE_REVOKED,
}


def tell_of_generation(generation: Generation, event: WebhookEvent) -> None:
    """Of a picture that was not made, to its buyer."""
    data = {
        "generation_id": generation.pk,
        "style_id": generation.style_id,
        "status": generation.status,
        "cost": generation.cost,
        "licence_number": None,
        "failure_reason": generation.failure_reason,
    }
    _tell(generation.user_id, event, data, generation.pk)


def tell_of_style(style: Style, event: WebhookEvent) -> None:
    data = {
        "style_id": style.pk,
        "name": style.name,
        "training_status": style.training_status,
        "failure_reason": style.failure_reason,
    }
    _tell(style.artist_id, event, data)


def tell_of_licence(licence: Licence, generation: Generation) -> None:
    """Of a licence that has ended, to the buyer."""
    data = {
        "licence_number": licence.number,
        "generation_id": generation.pk,
        "style_id": generation.style_id,
        "state": licence.state,
        "reason": licence.state_reason,
    }
    _tell(generation.user_id, OF_STATE[LicenceState(licence.state)], data, generation.pk)


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
