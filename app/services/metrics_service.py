"""Metrics of the whole system, from the database and the broker."""

from __future__ import annotations

import threading
import time
from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import datetime

from django.conf import settings
from django.db.models import Count, Min, Sum

from app.delivery import outbox
from app.delivery.broker import BrokerAway
from app.models import Generation, OutboxMessage, QueueClock, Style, Transaction, TransactionType
from app.models.outbox import FIRST_DUE
from app.services import connection_service, mail_service, measure_service, worker_service
from app.services.connection_service import Connections
from app.services.rabbitmq_service import RabbitMQService
from app.services.uploads import check_service
from app.services.webhooks import deliveries
from app.utils import clock

# Counting all rows takes a while where there are many; several scrapers share one count.
KEPT_SECONDS = 10.0
BROKER_PATIENCE_SECONDS = 1.0


@dataclass(frozen=True)
class Figures:
    """``queues`` is empty while the broker is away, or where there is none."""

    outbox_depth: Mapping[str, int]
    outbox_wait_seconds: Mapping[str, float]
    handed_over: Mapping[str, int]
    outbox_age_seconds: float
    outbox_failing: int
    upload_checks_age_seconds: float
    works_held: int
    works_held_age_seconds: float
    generations: Mapping[str, int]
    trainings: Mapping[str, int]
    leases_expired: int
    broken_steps: Mapping[str, int]
    refunds: int
    refunded_tokens: int
    audit_findings: int | None
    audited_at: datetime | None
    connections: Connections
    workers: Mapping[str, int]
    jobs_without_worker: Mapping[str, int]
    webhooks_due: int
    webhooks_alive_at: datetime | None
    mail_due: int
    mail_alive_at: datetime | None
    queues: Mapping[str, int] = field(default_factory=dict)
    is_broker_reached: bool | None = None


_lock = threading.Lock()
_last: tuple[float, Figures] | None = None


def figures(*, max_age: float = KEPT_SECONDS) -> Figures:
    """The current figures, at most ``max_age`` seconds old."""
    global _last
    with _lock:
        if _last is None or time.monotonic() - _last[0] >= max_age:
            _last = (time.monotonic(), _count())
        return _last[1]


def _count() -> Figures:
    unsent = OutboxMessage.objects.filter(sent_at__isnull=True)
    of_queue = unsent.order_by().values_list("queue")
    depth = list(of_queue.annotate(n=Count("pk"), since=Min(FIRST_DUE)))
    refunds = Transaction.objects.filter(type=TransactionType.REFUND).aggregate(
        n=Count("pk"), tokens=Sum("amount")
    )
    audit = measure_service.last(measure_service.LEDGER_FINDINGS)
    leases = measure_service.last(measure_service.LEASES_EXPIRED)
    alive = measure_service.last(measure_service.WEBHOOKS_KEPT)
    mailing = measure_service.last(measure_service.MAIL_KEPT)
    queues, is_reached = _queues()
    held, held_for = check_service.held()
    return Figures(
        outbox_depth={queue: count for queue, count, _ in depth},
        outbox_wait_seconds={
            queue: max(0.0, (clock.now() - since).total_seconds()) for queue, _, since in depth
        },
        handed_over=dict(QueueClock.objects.values_list("queue", "handed_over")),
        outbox_age_seconds=outbox.oldest_age(),
        upload_checks_age_seconds=check_service.oldest_age(),
        works_held=held,
        works_held_age_seconds=held_for,
        outbox_failing=unsent.exclude(last_error="").count(),
        generations=_by_state(Generation.objects.order_by().values_list("status")),
        trainings=_by_state(Style.objects.order_by().values_list("training_status")),
        leases_expired=leases[0] if leases else 0,
        broken_steps=measure_service.broken_by_step(),
        refunds=refunds["n"],
        refunded_tokens=refunds["tokens"] or 0,
        audit_findings=audit[0] if audit else None,
        audited_at=audit[1] if audit else None,
        connections=connection_service.used(),
        workers=worker_service.living_by_engine(),
        jobs_without_worker=worker_service.jobs_without_worker(),
        webhooks_due=deliveries.due_count(),
        webhooks_alive_at=alive[1] if alive else None,
        mail_due=mail_service.due().count(),
        mail_alive_at=mailing[1] if mailing else None,
        queues=queues,
        is_broker_reached=is_reached,
    )


def _by_state(states: object) -> dict[str, int]:
    counted = states.annotate(n=Count("pk"))  # type: ignore[attr-defined]
    return dict(counted)


def _queues() -> tuple[dict[str, int], bool | None]:
    if not settings.AMQP_URL:
        return {}, None
    broker = RabbitMQService.shared(settings.AMQP_URL)
    try:
        return broker.depths(patience=BROKER_PATIENCE_SECONDS), True
    except BrokerAway:
        return {}, False
