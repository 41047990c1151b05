"""What is kept for everybody who is not signed in, and for whom it is not."""

from __future__ import annotations

import pytest
from django.db import connection
from django.test.utils import CaptureQueriesContext
from rest_framework.test import APIClient

from app.http import page_cache
from app.models import Generation
from app.services import api_key_service
from app.tests.factories import PublicPictureFactory, StyleFactory, UserFactory

pytestmark = pytest.mark.django_db
FEED = "/api/community/feed"


@pytest.fixture(autouse=True)
def _kept_for_a_minute(settings) -> None:
    settings.PAGE_CACHE_SECONDS = 60


@pytest.fixture
def picture() -> Generation:
    return PublicPictureFactory()


def statements(client: APIClient, path: str = FEED, **headers: str):
    with CaptureQueriesContext(connection) as queries:
        answer = client.get(path, **headers)
    return answer, len(queries)


def test_the_second_visitor_costs_no_statement(picture) -> None:
    client = APIClient()
    first, asked = statements(client)
    second, asked_again = statements(client)
    assert (asked, asked_again) == (1, 0)
    assert second.content == first.content
    assert second["Content-Type"] == "application/json"
    assert second["X-Request-ID"] != first["X-Request-ID"]
    assert second["Content-Security-Policy"]


def test_who_has_it_already_gets_304_and_no_body(picture) -> None:
    client = APIClient()
    tag = client.get(FEED)["ETag"]
    answer, asked = statements(client, HTTP_IF_NONE_MATCH=f'"other", {tag}')
    assert (answer.status_code, answer.content, asked) == (304, b"", 0)
    assert answer["ETag"] == tag
    assert client.get(FEED, HTTP_IF_NONE_MATCH='"other"').status_code == 200


def test_after_its_time_it_is_made_again(picture, monkeypatch) -> None:
    client = APIClient()
    tag = client.get(FEED)["ETag"]
    PublicPictureFactory()
    assert client.get(FEED)["ETag"] == tag
    later = page_cache.time.monotonic() + 61
    monkeypatch.setattr(page_cache.time, "monotonic", lambda: later)
    assert client.get(FEED, HTTP_IF_NONE_MATCH=tag).status_code == 200
    assert len(client.get(FEED).json()["data"]["results"]) == 2


def test_addresses_are_kept_apart(picture) -> None:
    PublicPictureFactory()
    client = APIClient()
    assert len(client.get(FEED).json()["data"]["results"]) == 2
    assert len(client.get(f"{FEED}?limit=1").json()["data"]["results"]) == 1
    elsewhere = client.get(f"{FEED}?limit=1", HTTP_HOST="localhost").json()["data"]["next"]
    assert elsewhere.startswith("http://localhost/")


def test_who_is_signed_in_gets_their_own_and_leaves_nothing(picture) -> None:
    fan, key_client, nobody = APIClient(), APIClient(), APIClient()
    user = UserFactory()
    fan.force_login(user)
    key = api_key_service.create_key(user=user, name="k", scopes=["read"])
    key_client.credentials(HTTP_AUTHORIZATION=f"Api-Key {key.secret}")
    for client in (fan, key_client):
        answer = client.get(FEED)
        assert "ETag" not in answer
        assert statements(client)[1] > 0
    assert statements(nobody)[1] == 1


def test_neither_errors_nor_other_views_are_kept(picture) -> None:
    client = APIClient()
    for path in (f"{FEED}?limit=0", "/api/models/999999", f"/api/images/{picture.pk}"):
        client.get(path)
        answer, asked = statements(client, path)
        assert "ETag" not in answer
        assert asked > 0 or answer.status_code == 400


def test_styles_and_tags_are_kept() -> None:
    style = StyleFactory(training_status="completed", model_path="file:///m")
    client = APIClient()
    for path in ("/api/models", f"/api/models/{style.pk}", "/api/tags"):
        assert client.get(path).status_code == 200
        assert statements(client, path)[1] == 0


def test_kept_pages_count_against_the_limit(picture, settings) -> None:
    settings.RATE_LIMITS = {**settings.RATE_LIMITS, "anonymous": "2/60"}
    client = APIClient()
    answers = [client.get(FEED) for _ in range(3)]
    assert [answer.status_code for answer in answers] == [200, 200, 429]
    assert [answer["RateLimit-Remaining"] for answer in answers] == ["1", "0", "0"]
    assert answers[-1].json()["error"]["code"] == "RATE_LIMITED"


def test_no_more_than_a_number_of_pages_is_kept(picture, monkeypatch, settings) -> None:
    monkeypatch.setattr(page_cache, "MAX_PAGES", 2)
    settings.RATE_LIMITS = {}
    client = APIClient()
    for limit in (1, 2, 3):
        client.get(f"{FEED}?limit={limit}")
    assert [statements(client, f"{FEED}?limit={n}")[1] for n in (3, 2, 1)] == [0, 0, 1]


def test_without_the_setting_nothing_is_kept(picture, settings) -> None:
    settings.PAGE_CACHE_SECONDS = 0
    client = APIClient()
    assert "ETag" not in client.get(FEED)
    assert statements(client)[1] == 1
