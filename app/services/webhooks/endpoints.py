"""Endpoints: where a user's events are sent to, and the secrets that sign them."""

from __future__ import annotations

from collections.abc import Iterable, Sequence

import orjson
from django.conf import settings
from django.db import transaction
from django.db.models import QuerySet

from app.exceptions import Conflict, InvalidInput, NotFound
from app.models import (
    DeliveryState,
    DisabledReason,
    Generation,
    OrderWebhook,
    User,
    WebhookDelivery,
    WebhookEndpoint,
    names,
)
from app.models.ownership import MayChange, is_owner
from app.models.webhook import TEST_EVENT
from app.services.token_service import lock_open
from app.utils import clock
from app.utils import webhook_signing as signing
from app.utils.public_addresses import Refused, Target, target_of

MAX_ENDPOINTS = 10
# Addresses that orders have named, and that are not deleted.
MAX_OF_ORDERS = 50
NONE = "You have no such webhook."


def target(url: str) -> Target:
    """Raises Refused."""
    return target_of(
        url,
        allow_http=settings.WEBHOOK_ALLOW_HTTP,
        allow_loopback=settings.WEBHOOK_ALLOW_LOOPBACK,
    )


def checked_url(url: str, *, field: str) -> str:
    """``url`` as it is kept. Raises InvalidInput, for ``field``."""
    try:
        return target(url).url
    except Refused as error:
        raise InvalidInput.field(field, str(error)) from error


@transaction.atomic
def create(
    *, user: User, url: str, events: Iterable[str] = (), description: str = ""
) -> WebhookEndpoint:
    """Raises InvalidInput for a bad address, Conflict if the user has too many."""
    address = checked_url(url, field="url")
    lock_open(user.pk)
    if WebhookEndpoint.objects.of(user).filter(is_for_orders=False).count() >= MAX_ENDPOINTS:
        raise Conflict(f"You have {MAX_ENDPOINTS} webhooks. Delete one first.")
    return WebhookEndpoint.objects.create(
        user=user,
        url=address,
        events=sorted(set(events)),
        description=names.readable(description, field="description"),
        secrets=signing.new_secrets(),
    )


def name_in_order(generation: Generation, url: str) -> None:
    """Let ``url`` be told of this order. Joins the transaction, which has locked the buyer.

    Raises InvalidInput.
    """
    name_in_orders(generation.user, [generation], url)


def name_in_orders(user: User, pictures: Sequence[Generation], url: str) -> None:
    """The same of several pictures of ``user``."""
    field = "webhook_url"
    address = checked_url(url, field=field)
    of_orders = WebhookEndpoint.objects.of(user).filter(is_for_orders=True)
    endpoint = of_orders.filter(url=address).first()
    if endpoint is None:
        if of_orders.count() >= MAX_OF_ORDERS:
            raise InvalidInput.field(
                field, f"Your orders have named {MAX_OF_ORDERS} addresses. Delete one first."
            )
        endpoint = WebhookEndpoint.objects.create(
            user=user, url=address, is_for_orders=True, secrets=signing.new_secrets()
        )
    OrderWebhook.objects.bulk_create(
        OrderWebhook(generation_id=picture.pk, endpoint=endpoint) for picture in pictures
    )


def find(user: User, endpoint_id: int, *, may_change: MayChange = is_owner) -> WebhookEndpoint:
    """Raises NotFound for another user's endpoint."""
    return _own(WebhookEndpoint.objects.all(), user, endpoint_id, may_change)


def lock(user: User, endpoint_id: int, may_change: MayChange) -> WebhookEndpoint:
    """Lock an endpoint, before its deliveries. Raises NotFound for another user's."""
    endpoints = WebhookEndpoint.objects.select_for_update(no_key=True)
    return _own(endpoints, user, endpoint_id, may_change)


@transaction.atomic
def change(
    *,
    user: User,
    endpoint_id: int,
    url: str | None = None,
    events: Iterable[str] | None = None,
    description: str | None = None,
    is_enabled: bool | None = None,
    may_change: MayChange = is_owner,
) -> WebhookEndpoint:
    """Change the given fields. Raises NotFound, InvalidInput.

    Once switched off, it is told of nothing, and what waited is given up.
    """
    endpoint = lock(user, endpoint_id, may_change)
    if endpoint.is_for_orders and (url is not None or events is not None):
        name = "url" if url is not None else "events"
        raise InvalidInput.field(name, "This is the address of orders. It stays as it is.")
    if url is not None:
        endpoint.url, endpoint.failing_since = checked_url(url, field="url"), None
    if events is not None:
        endpoint.events = sorted(set(events))
    if description is not None:
        endpoint.description = names.readable(description, field="description")
    if is_enabled and not endpoint.is_enabled:
        endpoint.is_enabled, endpoint.disabled_reason = True, ""
        endpoint.failing_since = None
    if is_enabled is False and endpoint.is_enabled:
        disable(endpoint, DisabledReason.OWNER)
    endpoint.save()
    return endpoint


@transaction.atomic
def rotate_secret(
    *, user: User, endpoint_id: int, may_change: MayChange = is_owner
) -> WebhookEndpoint:
    """Sign with a new secret, and for ``signing.OVERLAP`` with the former one too."""
    endpoint = lock(user, endpoint_id, may_change)
    endpoint.secrets = signing.rotated(endpoint.secrets)
    endpoint.save(update_fields=["secrets"])
    return endpoint


@transaction.atomic
def delete(*, user: User, endpoint_id: int, may_change: MayChange = is_owner) -> None:
    """It is told of nothing from now on. Its log goes with the next housekeeping."""
    endpoint = lock(user, endpoint_id, may_change)
    disable(endpoint, DisabledReason.OWNER)
    endpoint.deleted_at = clock.now()
    endpoint.save()


def disable(endpoint: WebhookEndpoint, reason: DisabledReason) -> None:
    """Switch off an endpoint that the caller has locked and saves; give up what waits for it."""
    endpoint.is_enabled, endpoint.disabled_reason = False, reason
    waiting = WebhookDelivery.objects.filter(endpoint=endpoint, state=DeliveryState.PENDING)
    waiting.update(state=DeliveryState.FAILED)


@transaction.atomic
def send_test(*, user: User, endpoint_id: int, may_change: MayChange = is_owner) -> WebhookDelivery:
    """Send a message that says nothing. Raises NotFound, Conflict while it is switched off."""
    endpoint = lock(user, endpoint_id, may_change)
    require_enabled(endpoint)
    now = clock.now()
    about = {"webhook_id": endpoint.pk}
    said = {"type": TEST_EVENT, "timestamp": clock.written(now), "data": about}
    delivery = WebhookDelivery.objects.create(
        endpoint=endpoint, type=TEST_EVENT, body=orjson.dumps(said).decode(), created_at=now
    )
    delivery.refresh_from_db()
    return delivery


def require_enabled(endpoint: WebhookEndpoint) -> None:
    if not endpoint.is_enabled:
        raise Conflict("This webhook is switched off. Switch it on first.")


def _own(
    endpoints: QuerySet[WebhookEndpoint], user: User, endpoint_id: int, may_change: MayChange
) -> WebhookEndpoint:
    endpoint = endpoints.filter(pk=endpoint_id, deleted_at=None).first()
    if endpoint is None or not may_change(user, endpoint):
        raise NotFound(NONE)
    return endpoint
