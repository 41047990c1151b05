"""Deliveries: which messages are due, what became of them, and sending them again.

``app/delivery/webhook_deliverer.py`` sends what is claimed here. A claim puts the message off by
``LEASE_SECONDS``. If the process dies, the message is due again after that: it is sent at least
once, with the same id.
"""

from __future__ import annotations

import random
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime, timedelta
from itertools import islice

from django.db import transaction
from django.db.models import F, QuerySet

from app.models import (
    DeliveryState,
    DisabledReason,
    User,
    WebhookDelivery,
    WebhookEndpoint,
)
from app.models.ownership import MayChange, is_owner
from app.models.webhook import DUE_DELIVERIES
from app.models.writes import write
from app.services import measure_service, notification_service
from app.services.webhooks import endpoints
from app.utils import clock
from app.utils import webhook_signing as signing

CHANNEL = "webhooks"
# Longer than an attempt takes.
LEASE_SECONDS = 60.0
_MINUTE, _HOUR = 60.0, 3600.0
# Between the ten attempts: 75 hours and 35 minutes.
DELAYS = (
    *(5.0, 5 * _MINUTE, 30 * _MINUTE),
    *(hours * _HOUR for hours in (2, 5, 10, 14, 20, 24)),
)
MAX_ATTEMPTS = len(DELAYS) + 1
# What was sent at once does not come back at once.
JITTER = 0.1
DISABLED_AFTER = timedelta(days=5)
GONE = 410
KEPT_FOR = timedelta(days=30)
# How many attempts of a message the log keeps, and how much of an answer.
MAX_LOGGED = 20
MAX_ANSWER = 2000
MAX_SENT_AGAIN = 10_000
# Requests under way to all endpoints of one user.
PER_USER = 20
BATCH = 1000


@dataclass(frozen=True)
class Outcome:
    """What became of an attempt. ``status`` is None if there was no answer; ``error`` says why."""

    began_at: datetime
    milliseconds: int
    status: int | None = None
    answer: str = ""
    error: str = ""

    @property
    def is_accepted(self) -> bool:
        return self.status is not None and 200 <= self.status < 300

    @property
    def logged(self) -> dict[str, object]:
        return {
            "at": clock.written(self.began_at),
            "milliseconds": self.milliseconds,
            "status": self.status,
            "answer": self.answer[:MAX_ANSWER],
            "error": self.error[:MAX_ANSWER],
        }


@transaction.atomic
def claim(
    most: int,
    under_way: Mapping[int, int],
    *,
    per_endpoint: int,
    of_users: Mapping[int, int] | None = None,
) -> list[WebhookDelivery]:
    """At most ``most`` messages that are due, the longest first, with their endpoints.

    ``under_way`` says how many each endpoint is being sent already: none gets more than
    ``per_endpoint`` at once, and one that fails gets one. ``of_users`` says the same of their
    owners, who get ``PER_USER``. The attempt is counted.
    """
    chosen = _choose(most, under_way, per_endpoint, of_users or {})
    due = WebhookDelivery.objects.select_for_update(skip_locked=True, no_key=True, of=("self",))
    claimed = list(_due(due).filter(pk__in=chosen).select_related("endpoint").order_by("pk"))
    until = clock.seconds_from_now(LEASE_SECONDS)
    for delivery in claimed:
        delivery.attempt_count += 1
        delivery.due_at = until
    WebhookDelivery.objects.filter(pk__in=[delivery.pk for delivery in claimed]).update(
        attempt_count=F("attempt_count") + 1, due_at=until
    )
    return claimed


def _choose(
    most: int, under_way: Mapping[int, int], per_endpoint: int, of_users: Mapping[int, int]
) -> list[int]:
    rows = write(
        DUE_DELIVERIES,
        now=clock.now(),
        most=most,
        per_endpoint=per_endpoint,
        per_user=PER_USER,
        endpoints=list(under_way),
        of_endpoints=list(under_way.values()),
        users=list(of_users),
        of_users=list(of_users.values()),
    )
    return [pk for (pk,) in rows]


def _due(deliveries: QuerySet[WebhookDelivery]) -> QuerySet[WebhookDelivery]:
    return deliveries.filter(state=DeliveryState.PENDING, due_at__lte=clock.now())


@transaction.atomic
def record(delivery: WebhookDelivery, outcome: Outcome) -> None:
    """Keep what became of an attempt that was claimed. Endpoints are locked before deliveries."""
    endpoint = delivery.endpoint
    if outcome.is_accepted:
        # What another attempt has found meanwhile counts, not what was read at the claim.
        failing = WebhookEndpoint.objects.filter(pk=endpoint.pk, failing_since__isnull=False)
        failing.update(failing_since=None)
        _finish(delivery, outcome, state=DeliveryState.DELIVERED)
        return
    locked = WebhookEndpoint.objects.select_for_update(no_key=True).get(pk=endpoint.pk)
    if locked.is_enabled and locked.url == endpoint.url:
        _count_failure(locked, outcome)
    is_over = delivery.attempt_count >= MAX_ATTEMPTS or not locked.is_enabled
    delay = 0.0 if is_over else DELAYS[delivery.attempt_count - 1]
    delay *= random.uniform(1 - JITTER, 1 + JITTER)  # noqa: S311 (no secret)
    _finish(
        delivery,
        outcome,
        state=DeliveryState.FAILED if is_over else DeliveryState.PENDING,
        due_at=clock.seconds_from_now(delay),
    )


def record_lost(delivery: WebhookDelivery) -> None:
    """What became of an attempt cannot be kept: it has failed, or it would be sent for ever."""
    is_over = delivery.attempt_count >= MAX_ATTEMPTS
    delay = 0.0 if is_over else DELAYS[delivery.attempt_count - 1]
    ours = WebhookDelivery.objects.filter(pk=delivery.pk, attempt_count=delivery.attempt_count)
    ours.filter(state=DeliveryState.PENDING).update(
        state=DeliveryState.FAILED if is_over else DeliveryState.PENDING,
        due_at=clock.seconds_from_now(delay),
    )


def _count_failure(endpoint: WebhookEndpoint, outcome: Outcome) -> None:
    now = clock.now()
    endpoint.failing_since = endpoint.failing_since or now
    is_gone = outcome.status == GONE
    if is_gone or now - endpoint.failing_since >= DISABLED_AFTER:
        endpoints.disable(endpoint, DisabledReason.GONE if is_gone else DisabledReason.FAILING)
        notification_service.tell_webhook_disabled(endpoint.user_id, endpoint.url)
    endpoint.save(update_fields=["failing_since", "is_enabled", "disabled_reason"])


def _finish(delivery: WebhookDelivery, outcome: Outcome, **changes: object) -> None:
    """An acceptance counts whoever else has claimed the message since, a failure does not."""
    current = WebhookDelivery.objects.select_for_update(no_key=True).filter(pk=delivery.pk).first()
    if current is None or current.state == DeliveryState.DELIVERED:
        return
    current.attempts = [*current.attempts, outcome.logged][-MAX_LOGGED:]
    if outcome.is_accepted or current.attempt_count == delivery.attempt_count:
        for name, value in changes.items():
            setattr(current, name, value)
    current.save()


def log_of(endpoint: WebhookEndpoint) -> QuerySet[WebhookDelivery]:
    """Newest first."""
    return endpoint.deliveries.order_by("-created_at", "-pk")


@transaction.atomic
def send_again(
    *, user: User, delivery_id: int, may_change: MayChange = is_owner
) -> WebhookDelivery:
    """Send one message once more, with its id. Raises NotFound, Conflict."""
    found = WebhookDelivery.objects.filter(pk=delivery_id)
    endpoint_id = found.values_list("endpoint_id", flat=True).first()
    endpoint = endpoints.lock(user, endpoint_id or 0, may_change)
    endpoints.require_enabled(endpoint)
    # One that waits keeps the count of its attempts, by which one that is under way is known.
    found.filter(state=DeliveryState.PENDING).update(due_at=clock.now())
    _requeue(found.exclude(state=DeliveryState.PENDING))
    return found.get()


@transaction.atomic
def send_range_again(
    *,
    user: User,
    endpoint_id: int,
    since: datetime,
    until: datetime | None = None,
    only_failed: bool = True,
    may_change: MayChange = is_owner,
) -> int:
    """Send the messages of a time once more, the oldest first. Returns how many: at most
    ``MAX_SENT_AGAIN``. Raises NotFound, Conflict."""
    endpoint = endpoints.lock(user, endpoint_id, may_change)
    endpoints.require_enabled(endpoint)
    within = endpoint.deliveries.filter(created_at__gte=since)
    if until is not None:
        within = within.filter(created_at__lt=until)
    states = [DeliveryState.FAILED, *([] if only_failed else [DeliveryState.DELIVERED])]
    oldest = within.filter(state__in=states).order_by("created_at", "pk")
    return _requeue(endpoint.deliveries.filter(pk__in=oldest.values("pk")[:MAX_SENT_AGAIN]))


def _requeue(deliveries: QuerySet[WebhookDelivery]) -> int:
    return deliveries.update(state=DeliveryState.PENDING, due_at=clock.now(), attempt_count=0)


def keep_house() -> None:
    """Say that somebody delivers, and delete what is old."""
    measure_service.record(measure_service.WEBHOOKS_KEPT, WebhookEndpoint.objects.count())
    while forget_old() >= BATCH:
        continue


def forget_old() -> int:
    """Delete what is older than ``KEPT_FOR``, at most ``BATCH`` messages, and deleted endpoints
    that have none left. Returns how many messages."""
    settled = WebhookDelivery.objects.exclude(state=DeliveryState.PENDING)
    old = settled.filter(created_at__lt=clock.now() - KEPT_FOR)
    deleted = settled.filter(endpoint__deleted_at__isnull=False)
    ids = [*islice(_ids(old), BATCH)] or [*islice(_ids(deleted), BATCH)]
    count, _ = WebhookDelivery.objects.filter(pk__in=ids).delete()
    gone = WebhookEndpoint.objects.filter(deleted_at__lt=clock.now() - timedelta(hours=1))
    gone.filter(deliveries=None).delete()
    return count


def _ids(deliveries: QuerySet[WebhookDelivery]) -> QuerySet[WebhookDelivery, int]:
    return deliveries.order_by("created_at", "pk").values_list("pk", flat=True)[:BATCH]


def reseal_secrets() -> int:
    """Seal with today's SECRET_KEY what is sealed with a former one. Returns how many endpoints."""
    count = 0
    for endpoint in WebhookEndpoint.objects.filter(deleted_at=None).iterator():
        if signing.needs_resealing(endpoint.secrets):
            with transaction.atomic():
                locked = WebhookEndpoint.objects.select_for_update(no_key=True).get(pk=endpoint.pk)
                locked.secrets = signing.resealed(locked.secrets)
                locked.save(update_fields=["secrets"])
            count += 1
    return count


def due_count() -> int:
    """How many messages wait to be sent now."""
    return _due(WebhookDelivery.objects.all()).count()
