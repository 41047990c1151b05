"""Prometheus's view of the system: figures alone, of nobody in particular."""

from __future__ import annotations

import ipaddress
from collections.abc import Iterator, Mapping

from django.http import HttpRequest, HttpResponse
from django.views.decorators.http import require_safe
from prometheus_client import CollectorRegistry, generate_latest
from prometheus_client.core import CounterMetricFamily, GaugeMetricFamily, Metric
from prometheus_client.exposition import CONTENT_TYPE_PLAIN_0_0_4

from app.http import errors
from app.http.authentication import has_internal_token
from app.services import metrics_service, signature_service
from app.utils import metric_registry

FORWARDED = ("HTTP_X_FORWARDED_FOR", "HTTP_X_REAL_IP", "HTTP_FORWARDED")


@require_safe
def metrics(request: HttpRequest) -> HttpResponse:
    """For scrapers on this machine or in a private network, or with an internal token; hidden
    from all others."""
    if not (has_internal_token(request) or _is_near(request)):
        return errors.for_status(404)
    registry = CollectorRegistry()
    registry.register(_SystemCollector())
    body = generate_latest(metric_registry.of_all_processes()) + generate_latest(registry)
    return HttpResponse(body, content_type=CONTENT_TYPE_PLAIN_0_0_4)


def _is_near(request: HttpRequest) -> bool:
    """Whether a private address asks by itself: what a proxy passes on comes from anywhere."""
    if any(name in request.META for name in FORWARDED):
        return False
    try:
        address = ipaddress.ip_address(request.META.get("REMOTE_ADDR", ""))
    except ValueError:
        return False
    return address.is_loopback or address.is_private


class _SystemCollector:
    def collect(self) -> Iterator[Metric]:
        now = metrics_service.figures()
        yield _by("outbox_messages", "Messages not handed over yet.", "queue", now.outbox_depth)
        waits = now.outbox_wait_seconds
        yield _by("outbox_wait_seconds", "Wait of the longest waiting message.", "queue", waits)
        text = "Messages taken from the outbox in their turn."
        yield _by("outbox_handed_over", text, "queue", now.handed_over)
        yield _gauge(
            "outbox_age_seconds", "Age of the oldest late message.", now.outbox_age_seconds
        )
        yield _gauge(
            "outbox_failing_messages", "Messages that the broker refused.", now.outbox_failing
        )
        checks = now.upload_checks_age_seconds
        yield _gauge("upload_checks_age_seconds", "Age of the oldest check of uploads.", checks)
        yield _gauge("works_held", "Styles whose works wait for a review.", now.works_held)
        age = now.works_held_age_seconds
        yield _gauge("works_held_age_seconds", "For how long the oldest has waited.", age)
        yield _by("queue_messages", "Messages ready in the broker.", "queue", now.queues)
        if now.is_broker_reached is not None:
            yield _gauge("broker_up", "Whether the broker answers.", float(now.is_broker_reached))
        yield _by("generations", "Pictures by state.", "status", now.generations)
        yield _by("trainings", "Styles by state of training.", "status", now.trainings)
        yield _by("workers", "Living workers by engine.", "engine", now.workers)
        text = "Jobs that wait for an engine that no living worker has."
        yield _by("jobs_without_worker", text, "engine", now.jobs_without_worker)
        yield _counter("leases_expired", "Attempts whose lease expired.", now.leases_expired)
        text = "How often each step of what runs again and again broke; the log says why."
        yield _by("broken_steps", text, "step", now.broken_steps)
        yield _counter("refunds", "Pictures refunded.", now.refunds)
        yield _counter("refunded_tokens", "Tokens refunded.", now.refunded_tokens)
        yield _gauge("webhook_messages_due", "Messages to send to webhooks.", now.webhooks_due)
        if now.webhooks_alive_at is not None:
            text = "When a process that sends webhooks was last alive."
            yield _gauge(
                "webhooks_alive_timestamp_seconds", text, now.webhooks_alive_at.timestamp()
            )
        yield _gauge("mail_due", "Users due for an e-mail.", now.mail_due)
        if now.mail_alive_at is not None:
            text = "When a process that sends e-mail was last alive."
            yield _gauge("mail_alive_timestamp_seconds", text, now.mail_alive_at.timestamp())
        if ends := signature_service.days_left():
            text = "Days until a certificate that signs pictures expires."
            yield _by("certificate_days_left", text, "certificate", ends)
        used = now.connections
        if used.in_use is not None and used.idle is not None and used.limit is not None:
            yield _gauge("database_connections_in_use", "Connections at work.", used.in_use)
            yield _gauge("database_connections_idle", "Connections kept for later.", used.idle)
            yield _gauge("database_connections_limit", "How many the server gives.", used.limit)
        if now.audit_findings is not None and now.audited_at is not None:
            yield _gauge(
                "ledger_findings", "Rows that the last audit found wrong.", now.audit_findings
            )
            yield _gauge(
                "ledger_audit_timestamp_seconds",
                "When the books were last audited.",
                now.audited_at.timestamp(),
            )


def _gauge(name: str, text: str, value: float) -> Metric:
    return GaugeMetricFamily(f"style_license_{name}", text, value=value)


def _counter(name: str, text: str, value: float) -> Metric:
    return CounterMetricFamily(f"style_license_{name}", text, value=value)


def _by(name: str, text: str, label: str, values: Mapping[str, float]) -> Metric:
    family = GaugeMetricFamily(f"style_license_{name}", text, labels=[label])
    for key, value in sorted(values.items()):
        family.add_metric([key], value)
    return family
