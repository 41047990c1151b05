"""How often somebody may ask: in memory and in Redis, one at a time and all at once."""

from collections import Counter
from functools import partial

import pytest
import time_machine
from django.core.cache import cache

from app.http.throttling import client_address
from app.services import rate_limit_service
from app.services.rate_limit_service import Limit, MemoryWindows
from app.tests.api import Api
from app.tests.factories import StyleFactory, UserFactory
from app.tests.ordering import order
from app.tests.together import all_at_once

LIMITS = {"sign_in": "2/300", "generate": "3/60", "user": "5/60", "anonymous": "4/60"}


def use_redis(settings, url: str) -> None:
    settings.REDIS_URL = url
    settings.CACHES = {
        "default": {
            "BACKEND": "django_redis.cache.RedisCache",
            "LOCATION": url,
            "OPTIONS": {
                "IGNORE_EXCEPTIONS": True,
                "SOCKET_TIMEOUT": 1,
                "SOCKET_CONNECT_TIMEOUT": 1,
            },
        }
    }


@pytest.fixture(params=["memory", "redis"])
def limits(request, settings, monkeypatch):
    """The limits above, counted from zero."""
    if request.param == "redis":
        use_redis(settings, request.getfixturevalue("redis_url"))
        cache.clear()
    else:
        monkeypatch.setattr(rate_limit_service, "_memory", MemoryWindows())
    settings.RATE_LIMITS = dict(LIMITS)
    return settings.RATE_LIMITS


@pytest.mark.django_db
class TestOneAtATime:
    def test_answers_tell_what_is_left(self, limits, as_buyer):
        answer = as_buyer.get("/api/models")
        assert answer.headers["RateLimit-Limit"] == "5"
        assert answer.headers["RateLimit-Remaining"] == "4"
        assert 59 <= int(answer.headers["RateLimit-Reset"]) <= 60
        assert as_buyer.get("/api/models").headers["RateLimit-Remaining"] == "3"

    def test_one_too_many_is_told_when_to_come_back(self, limits, as_buyer):
        statuses = [as_buyer.get("/api/models").status for _ in range(5)]
        assert statuses == [200] * 5
        answer = as_buyer.get("/api/models")
        assert answer.refusal == (429, "RATE_LIMITED")
        assert 1 <= int(answer.headers["Retry-After"]) <= 60
        assert answer.headers["RateLimit-Remaining"] == "0"

    def test_the_window_slides(self, limits, buyer, monkeypatch):
        now = 1_800_000_000.0
        monkeypatch.setattr(rate_limit_service.time, "time", lambda: now)
        for second in range(5):
            now = 1_800_000_000.0 + second
            assert rate_limit_service.check("user", "somebody").is_allowed
        verdict = rate_limit_service.check("user", "somebody")
        assert (verdict.is_allowed, verdict.remaining, verdict.reset_seconds) == (False, 0, 56)
        now = 1_800_000_060.5
        assert rate_limit_service.check("user", "somebody").is_allowed
        assert not rate_limit_service.check("user", "somebody").is_allowed
        now = 1_800_000_061.5
        assert rate_limit_service.check("user", "somebody").is_allowed

    def test_people_are_counted_apart(self, limits, as_buyer):
        for _ in range(6):
            as_buyer.get("/api/models")
        assert Api(UserFactory()).get("/api/models").status == 200
        assert Api().get("/api/models").status == 200

    def test_addresses_are_counted_apart(self, limits):
        one, other = Api(), Api()
        other.http.defaults["REMOTE_ADDR"] = "10.0.0.2"
        assert [one.get("/api/models").status for _ in range(5)] == [200] * 4 + [429]
        assert other.get("/api/models").status == 200

    def test_ordering_has_a_limit_of_its_own(self, limits, as_buyer):
        style = StyleFactory()
        assert [order(as_buyer, style).status for _ in range(4)] == [202] * 3 + [429]
        assert as_buyer.get("/api/models").headers["RateLimit-Limit"] == "5"

    def test_signing_in_has_a_limit_of_its_own(self, limits, settings):
        settings.DEMO_SIGN_IN = True
        statuses = [
            Api().post("/api/auth/demo", {"username": f"name-{n}"}).status for n in range(3)
        ]
        assert statuses == [200, 200, 429]

    def test_going_to_google_counts_as_signing_in(self, limits, settings):
        answers = [Api().get("/api/auth/google/login") for _ in range(3)]
        assert [answer.status for answer in answers][:2] == [503, 503]
        assert answers[2].refusal == (429, "RATE_LIMITED")
        assert int(answers[2].headers["Retry-After"]) >= 1
        assert answers[2].headers["RateLimit-Limit"] == "2"

    def test_workers_and_health_are_not_limited(self, limits, as_worker, as_anyone):
        for _ in range(8):
            assert as_anyone.get("/api/health").status == 200
            assert as_worker.post("/api/notifications", {}).status == 400

    def test_no_limit_no_headers(self, limits, settings, as_buyer):
        settings.RATE_LIMITS = {"user": "", "anonymous": ""}
        assert "RateLimit-Limit" not in as_buyer.get("/api/models").headers


@pytest.mark.django_db(transaction=True)
def test_at_once_exactly_the_limit_passes(limits, settings):
    settings.RATE_LIMITS = {"user": "40/60"}
    client = Api(UserFactory())
    answers = all_at_once([partial(client.twin().get, "/api/tags") for _ in range(120)], threads=16)
    assert Counter(answer.status for answer in answers) == {200: 40, 429: 80}


class TestAddresses:
    @pytest.mark.parametrize(
        ("proxies", "forwarded", "counted"),
        [
            (0, "6.6.6.6", "127.0.0.1"),
            (1, "6.6.6.6, 10.0.0.9", "10.0.0.9"),
            (2, "6.6.6.6, 10.0.0.9, 10.0.0.1", "10.0.0.9"),
            (2, "10.0.0.9", "127.0.0.1"),
            (1, "", "127.0.0.1"),
        ],
    )
    def test_what_a_client_claims_is_not_believed(self, settings, rf, proxies, forwarded, counted):
        settings.TRUSTED_PROXIES = proxies
        request = rf.get("/", headers={"X-Forwarded-For": forwarded})
        assert client_address(request) == counted

    @pytest.mark.parametrize(
        ("address", "counted"),
        [
            ("2001:db8:1:2::1", "2001:db8:1:2::/64"),
            ("2001:DB8:1:2:ffff:0:0:9", "2001:db8:1:2::/64"),
            ("2001:0db8:0001:0002:0000:0000:0000:0001", "2001:db8:1:2::/64"),
            ("[2001:db8:1:2::1]", "2001:db8:1:2::/64"),
            ("[2001:db8:1:2::1]:4711", "2001:db8:1:2::/64"),
            ("fe80::1%eth0", "fe80::/64"),
            ("2001:db8:1:3::1", "2001:db8:1:3::/64"),
            ("::ffff:10.0.0.9", "10.0.0.9"),
            ("::ffff:0a00:0009", "10.0.0.9"),
            ("10.0.0.9", "10.0.0.9"),
            ("10.0.0.9:4711", "10.0.0.9"),
            ("unix", "unix"),
            ("", ""),
        ],
    )
    def test_a_household_is_one_however_it_is_written(self, rf, settings, address, counted):
        assert client_address(rf.get("/", REMOTE_ADDR=address)) == counted
        settings.TRUSTED_PROXIES = 1
        forwarded = rf.get("/", REMOTE_ADDR=address, headers={"X-Forwarded-For": address})
        assert client_address(forwarded) == counted

    @pytest.mark.django_db
    def test_more_addresses_of_one_network_are_no_more_visitors(self, limits):
        statuses = []
        for number in range(6):
            client = Api()
            client.http.defaults["REMOTE_ADDR"] = f"2001:db8::{number:x}:1"
            statuses.append(client.get("/api/models").status)
        assert statuses == [200] * 4 + [429] * 2


@pytest.mark.django_db
def test_without_redis_nobody_is_limited_and_sessions_hold(settings, buyer):
    as_buyer = Api(buyer)
    use_redis(settings, "redis://127.0.0.1:1/0")
    settings.RATE_LIMITS = {"user": "1/60"}
    answers = [as_buyer.get("/api/auth/me") for _ in range(3)]
    assert [answer.status for answer in answers] == [200] * 3
    assert "RateLimit-Limit" not in answers[0].headers


def test_memory_forgets_who_has_not_come_for_long(settings):
    settings.RATE_LIMITS = {"user": "5/60"}
    windows = MemoryWindows()
    windows.MAX_KEYS = 10
    limit = Limit.parse("5/60")
    for number in range(11):
        windows.enter(f"early-{number}", limit, 1000.0)
    windows.enter("late", limit, 1050.0)
    assert len(windows._times) == 12
    windows.enter("last", limit, 1061.0)
    assert set(windows._times) == {"late", "last"}


def test_a_limit_is_read_from_its_setting():
    assert Limit.parse("6/60") == Limit(6, 60)


@pytest.mark.django_db
def test_limits_are_counted_by_the_clock_of_the_wall(settings, monkeypatch, buyer):
    monkeypatch.setattr(rate_limit_service, "_memory", MemoryWindows())
    settings.RATE_LIMITS = {"user": "1/60"}
    with time_machine.travel("2026-11-22T12:00:00Z", tick=False) as now:
        client = Api(buyer)
        assert [client.get("/api/tags").status for _ in range(2)] == [200, 429]
        now.shift(61)
        assert client.get("/api/tags").status == 200
