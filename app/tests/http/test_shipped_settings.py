"""What the settings are when nothing is set: the plan's and the contract's figures, in effect."""

from __future__ import annotations

from typing import Any

import pytest
import time_machine

from app.services import rate_limit_service
from app.services.rate_limit_service import MemoryWindows
from app.tests.api import Api
from app.tests.factories import StyleFactory, UserFactory
from app.tests.ordering import order
from config import settings as shipped


@pytest.fixture
def clock(settings: Any, monkeypatch: pytest.MonkeyPatch):
    """The limits as shipped, counted from zero, at a moment that stands still."""
    monkeypatch.setattr(rate_limit_service, "_memory", MemoryWindows())
    settings.RATE_LIMITS = shipped.RATE_LIMITS
    with time_machine.travel("2026-11-22T12:00:00Z", tick=False) as now:
        yield now


@pytest.mark.django_db
class TestRateLimits:
    def test_six_orders_a_minute(self, clock) -> None:
        client, style = Api(UserFactory(tokens=1000)), StyleFactory()
        assert [order(client, style).status for _ in range(7)] == [202] * 6 + [429]
        clock.shift(59)
        assert order(client, style).status == 429
        clock.shift(2)
        assert order(client, style).status == 202

    def test_five_sign_ins_in_five_minutes(self, clock) -> None:
        # Not set up, which counts as well.
        statuses = [Api().get("/api/auth/google/login").status for _ in range(6)]
        assert statuses == [503] * 5 + [429]
        clock.shift(299)
        assert Api().get("/api/auth/google/login").status == 429
        clock.shift(2)
        assert Api().get("/api/auth/google/login").status == 503

    @pytest.mark.parametrize(("is_signed_in", "count"), [(True, 100), (False, 50)])
    def test_other_requests_a_minute(self, clock, is_signed_in: bool, count: int) -> None:
        client = Api(UserFactory() if is_signed_in else None)
        statuses = [client.get("/api/tags").status for _ in range(count + 1)]
        assert statuses == [200] * count + [429]
        clock.shift(59)
        assert client.get("/api/tags").status == 429
        clock.shift(2)
        assert client.get("/api/tags").status == 200


def test_jobs_are_taken_to_be_lost_and_tried_again_as_the_contract_says() -> None:
    assert shipped.JOB_LEASE_SECONDS == 300
    assert shipped.QUEUE_LEASE_SECONDS == 3600
    assert shipped.JOB_MAX_ATTEMPTS == 3
    assert shipped.JOB_RETRY_DELAYS == [0, 30, 120]


def test_money_and_links_are_as_the_contract_says() -> None:
    assert shipped.WELCOME_BONUS_TOKENS == 100
    assert shipped.PLATFORM_FEE_PERCENT == 0
    assert shipped.MEDIA_LINK_SECONDS == 3600


def test_a_connection_is_kept_for_ten_minutes_and_looked_at_before_it_is_used() -> None:
    database = shipped.DATABASES["default"]
    assert database["CONN_MAX_AGE"] == 600
    assert database["CONN_HEALTH_CHECKS"] is True
