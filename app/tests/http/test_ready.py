"""What /api/ready and /metrics say, on servers that answer and on addresses where none is."""

from __future__ import annotations

import contextlib
import json
import os
import socket
import time
from typing import Any

import psycopg
import pytest
from django.core.management import call_command
from django.db import connection
from django.test import Client
from django.test.utils import CaptureQueriesContext

from app.models import CopyCheck, GenerationStatus, OutboxMessage, UploadCheck, User
from app.services import metrics_service, readiness_service
from app.services.jobs import lease_service
from app.services.uploads import check_service, checkers
from app.tests.api import Api
from app.tests.factories import GenerationFactory, StyleFactory
from app.utils import clock
from devtools.servers.process import free_port, wait_for

pytestmark = pytest.mark.django_db

NOWHERE = "amqp://guest:guest@127.0.0.1:{}/%2F"


@pytest.fixture(autouse=True)
def _ask_again() -> None:
    readiness_service.forget()


def ready(status: int) -> dict[str, Any]:
    answer = Client().get("/api/ready")
    assert answer.status_code == status, answer.content
    body: dict[str, Any] = json.loads(answer.content)
    assert body["status"] == ("ok" if status == 200 else "error")
    return body


def test_the_embedded_system_is_ready_by_its_database_and_files() -> None:
    body = ready(200)
    connections = body.pop("connections")
    assert connections["idle"] >= 1
    assert connections["in_use"] < connections["limit"]
    assert body == {
        "status": "ok",
        "database": "connected",
        "cache": "unused",
        "broker": "unused",
        "storage": "connected",
        "outbox": "current",
        "outbox_age_seconds": 0.0,
        "upload_checks": "current",
        "upload_checks_age_seconds": 0.0,
    }


def test_a_broker_that_answers_is_connected(settings, amqp_url) -> None:
    settings.AMQP_URL = amqp_url
    assert ready(200)["broker"] == "connected"


def test_a_broker_that_is_away_is_named(settings) -> None:
    settings.AMQP_URL = NOWHERE.format(free_port())
    assert ready(503)["broker"] == "unavailable"


@pytest.mark.slow
def test_a_broker_that_is_silent_is_named_soon(settings) -> None:
    with socket.create_server(("127.0.0.1", 0)) as silent:
        settings.AMQP_URL = NOWHERE.format(silent.getsockname()[1])
        began = time.monotonic()
        assert ready(503)["broker"] == "unavailable"
        assert time.monotonic() - began < 4


def test_a_cache_that_is_away_is_named(settings) -> None:
    url = f"redis://127.0.0.1:{free_port()}/0"
    settings.REDIS_URL = url
    settings.CACHES = {
        "default": {
            "BACKEND": "django_redis.cache.RedisCache",
            "LOCATION": url,
            "OPTIONS": {"IGNORE_EXCEPTIONS": True},
        }
    }
    assert ready(503)["cache"] == "unavailable"


def test_a_storage_that_cannot_be_written_is_named(settings, media) -> None:
    media.parent.mkdir(exist_ok=True)
    media.write_text("a file, where the folder should be")
    assert ready(503)["storage"] == "unavailable"


def test_an_outbox_that_waits_too_long_is_named(settings, amqp_url) -> None:
    GenerationFactory(status=GenerationStatus.QUEUED)
    OutboxMessage.objects.update(available_at=clock.seconds_from_now(-100))
    settings.AMQP_URL = amqp_url
    body = ready(503)
    assert body["outbox"] == "late"
    assert body["outbox_age_seconds"] >= 100
    settings.OUTBOX_MAX_AGE_SECONDS = 1000
    readiness_service.forget()
    assert ready(200)["outbox"] == "current"


def test_works_that_nobody_compares_with_others_are_named() -> None:
    checkers.look_for_copies(StyleFactory(training_status="pending"))
    CopyCheck.objects.update(begun_at=clock.seconds_from_now(-601))
    assert ready(503)["upload_checks"] == "late"
    # Found, they wait for people.
    CopyCheck.objects.update(held_at=clock.seconds_from_now(-99), due_at=None)
    readiness_service.forget()
    assert ready(200)["upload_checks_age_seconds"] == 0
    now = scraped()
    assert now["style_license_works_held"] == 1
    assert 99 <= now["style_license_works_held_age_seconds"] < 200


def test_uploads_that_wait_too_long_for_their_check_are_named() -> None:
    waiting = StyleFactory(training_status="pending")
    check_service.begin(waiting, [])
    later = StyleFactory(training_status="pending")
    check_service.begin(later, [])
    assert ready(200)["upload_checks"] == "current"
    begun = UploadCheck.objects.filter(style=waiting)
    begun.update(begun_at=clock.seconds_from_now(-601))
    # Put off until the storage answers, or leased: it is late all the same.
    UploadCheck.objects.update(due_at=clock.seconds_from_now(60), attempt=3)
    readiness_service.forget()
    with CaptureQueriesContext(connection) as asked:
        body = ready(503)
    assert body["upload_checks"] == "late"
    assert 601 <= body["upload_checks_age_seconds"] < 700
    assert len([query for query in asked if "app_uploadcheck" in query["sql"]]) == 1
    assert 601 <= scraped()["style_license_upload_checks_age_seconds"] < 700
    UploadCheck.objects.get(style=waiting).delete()
    readiness_service.forget()
    assert ready(200)["upload_checks_age_seconds"] < 100


def scraped(**headers: str) -> dict[str, float]:
    metrics_service.figures(max_age=0)
    answer = Client().get("/metrics", headers=headers)
    assert answer.status_code == 200
    assert answer["Content-Type"].startswith("text/plain; version=0.0.4")
    lines = answer.content.decode().splitlines()
    pairs = (line.rsplit(" ", 1) for line in lines if line and not line.startswith("#"))
    return {name: float(value) for name, value in pairs}


def test_metrics_count_requests_jobs_outbox_refunds_and_the_audit(buyer, settings) -> None:
    GenerationFactory(user=buyer, status=GenerationStatus.QUEUED)
    failed = GenerationFactory(user=buyer, status=GenerationStatus.FAILED)
    lost = GenerationFactory(user=buyer, status=GenerationStatus.PROCESSING)
    lost.lease_expires_at = clock.seconds_from_now(-1)
    lost.save()
    lease_service.sweep()
    call_command("audit_ledger", verbosity=0)
    Api().get("/api/models/999999")
    found = scraped()
    assert found['style_license_generations{status="queued"}'] == 2
    assert found['style_license_generations{status="failed"}'] == 1
    assert found['style_license_outbox_messages{queue="image_generation"}'] >= 2
    assert found["style_license_outbox_age_seconds"] >= 0
    assert found["style_license_leases_expired_total"] == 1
    assert found["style_license_refunds_total"] == 1
    assert found["style_license_refunded_tokens_total"] == failed.cost
    assert found["style_license_ledger_findings"] == 0
    assert found["style_license_ledger_audit_timestamp_seconds"] > 1e9
    counted = (
        'style_license_request_seconds_count{method="GET",route="api/models/<id:pk>",status="404"}'
    )
    assert found[counted] >= 1


def test_metrics_show_the_depth_of_queues(settings, amqp_url) -> None:
    settings.AMQP_URL = amqp_url
    found = scraped()
    assert found["style_license_broker_up"] == 1
    assert 'style_license_queue_messages{queue="image_generation.dead"}' in found
    settings.AMQP_URL = NOWHERE.format(free_port())
    assert scraped()["style_license_broker_up"] == 0


# Within a transaction the server goes on telling what it told first.
@pytest.mark.django_db(transaction=True)
def test_metrics_and_readiness_show_how_many_connections_are_used() -> None:
    used = "style_license_database_connections"

    def more() -> tuple[float, float, dict[str, float], dict[str, int]]:
        """How many more are in use and idle with eight connections, three of them in use."""
        before = scraped()
        with contextlib.ExitStack() as stack:
            for number in range(8):
                other = stack.enter_context(psycopg.connect(os.environ["DATABASE_URL"]))
                if number < 3:
                    other.execute("SELECT 1")  # and its transaction goes on
            during, now = scraped(), ready(200)["connections"]
        in_use, idle = (during[f"{used}_{n}"] - before[f"{used}_{n}"] for n in ("in_use", "idle"))
        return in_use, idle, during, now

    def is_counted() -> bool:
        """Tests that run beside this one come and go on the same server."""
        in_use, idle, during, now = more()
        return (in_use, idle) == (3, 5) and all(
            now[name] == during[f"{used}_{name}"] for name in ("in_use", "idle", "limit")
        )

    assert wait_for(is_counted, 60)
    _, _, during, now = more()
    assert (now["waiting"], now["timed_out"]) == (
        during[f'{used}_waiting{{database="default"}}'],
        during[f'{used}_timed_out_total{{database="default"}}'],
    )
    with connection.cursor() as cursor:
        cursor.execute("SHOW max_connections")
        assert now["limit"] == int(cursor.fetchone()[0])


def test_the_audit_leaves_what_it_found(buyer) -> None:
    User.objects.filter(pk=buyer.pk).update(token_balance=1)
    with pytest.raises(SystemExit):
        call_command("audit_ledger", verbosity=0)
    assert scraped()["style_license_ledger_findings"] >= 1


@pytest.mark.parametrize(
    ("address", "headers", "status"),
    [
        ("127.0.0.1", {}, 200),
        ("10.1.2.3", {}, 200),
        ("8.8.8.8", {}, 404),
        # Passed on by a proxy on this machine.
        ("127.0.0.1", {"x-forwarded-for": "8.8.8.8"}, 404),
        ("127.0.0.1", {"x-forwarded-for": "127.0.0.1"}, 404),
        ("8.8.8.8", {"authorization": "Bearer scraper"}, 200),
        ("8.8.8.8", {"authorization": "Bearer guessed"}, 404),
    ],
)
def test_metrics_are_for_near_scrapers_and_token_holders(
    settings, address: str, headers: dict[str, str], status: int
) -> None:
    settings.INTERNAL_API_TOKENS = ["scraper"]
    answer = Client(REMOTE_ADDR=address).get("/metrics", headers=headers)
    assert answer.status_code == status
