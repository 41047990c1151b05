"""The limit on orders counts pictures that are made: neither mistakes nor answers given again."""

import pytest
from django.core.cache import cache

from app.models import Generation
from app.services import rate_limit_service
from app.services.rate_limit_service import MemoryWindows
from app.tests.api import Api
from app.tests.factories import StyleFactory, UserFactory
from app.tests.http.test_rate_limits import use_redis
from app.tests.ordering import order

pytestmark = pytest.mark.django_db


@pytest.fixture(params=["memory", "redis"], autouse=True)
def limits(request, settings, monkeypatch):
    if request.param == "redis":
        use_redis(settings, request.getfixturevalue("redis_url"))
        cache.clear()
    monkeypatch.setattr(rate_limit_service, "_memory", MemoryWindows())
    settings.RATE_LIMITS = {"generate": "2/60", "user": "100/60", "anonymous": "100/60"}


def test_mistakes_count_for_nothing(buyer):
    client, style, dear = Api(buyer), StyleFactory(), StyleFactory(price=5000)
    for _ in range(3):
        assert order(client, style, aspect_ratio="9:9").code == "VALIDATION_ERROR"
        assert order(client, dear).code == "INSUFFICIENT_TOKENS"
        assert order(client, style, expected_cost=7).code == "PRICE_CHANGED"
        assert order(client, style, prompt_tags=[]).code == "VALIDATION_ERROR"
        assert client.post("/api/images/generate", "{").code == "INVALID_JSON"
    assert [order(client, style).status for _ in range(3)] == [202, 202, 429]


def test_an_answer_is_given_again_even_beyond_the_limit(as_buyer):
    style = StyleFactory()
    first = [order(as_buyer, style, key=key) for key in ("a", "b")]
    again = [order(as_buyer, style, key=key) for key in ("a", "b", "a", "b")]
    assert [answer.status for answer in first + again] == [202] * 6
    refused = order(as_buyer, style, key="c")
    assert refused.refusal == (429, "RATE_LIMITED")
    assert 1 <= int(refused.headers["Retry-After"]) <= 60
    assert str(refused.details["seconds"]) == refused.headers["Retry-After"]
    assert refused.headers["RateLimit-Limit"] == "2"
    assert Generation.objects.count() == 2


def test_a_key_that_was_too_early_is_free_later(as_buyer, settings):
    style = StyleFactory()
    for _ in range(2):
        order(as_buyer, style)
    assert order(as_buyer, style, key="k").status == 429
    settings.RATE_LIMITS = {}
    assert order(as_buyer, style, key="k").status == 202


def test_mistakes_are_limited_as_all_requests_are(settings):
    settings.RATE_LIMITS = {"generate": "2/60", "user": "3/60"}
    client, style = Api(UserFactory()), StyleFactory()
    answers = [order(client, style, aspect_ratio="9:9").status for _ in range(4)]
    assert answers == [400, 400, 400, 429]


def test_the_sites_form_stays_filled_and_says_when(buyer, client):
    style = StyleFactory()
    client.force_login(buyer)
    form = {"words": "castle, sea", "aspect_ratio": "1:2", "seed": "7"}
    for _ in range(3):
        client.post(f"/styles/{style.pk}/make", {**form, "words": ""})
    statuses = [client.post(f"/styles/{style.pk}/make", form).status_code for _ in range(2)]
    refused = client.post(f"/styles/{style.pk}/make", form)
    page = refused.content.decode()
    assert [*statuses, refused.status_code] == [302, 302, 429]
    assert int(refused["Retry-After"]) >= 1
    assert f"Try again in {refused['Retry-After']} seconds" in page
    assert 'value="castle, sea"' in page
    assert 'value="7"' in page


def test_without_redis_nothing_breaks(settings, buyer):
    client = Api(buyer)
    use_redis(settings, "redis://127.0.0.1:1/0")
    dear = StyleFactory(price=5000)
    assert order(client, dear).code == "INSUFFICIENT_TOKENS"
    assert order(client, StyleFactory()).status == 202
