"""Which messages are sent next: some of each endpoint, at the same cost however many wait."""

from __future__ import annotations

import json
from collections import Counter
from collections.abc import Iterator
from datetime import timedelta
from typing import Any

import pytest
from django.db import connection

from app.models import User, WebhookDelivery, WebhookEndpoint
from app.models.webhook import DUE_DELIVERIES
from app.services.webhooks import deliveries
from app.tests.factories import UserFactory
from app.utils import clock
from app.utils import webhook_signing as signing

pytestmark = pytest.mark.django_db

PER_ENDPOINT = 4
MANY = 100_000


def endpoint_of(user: User, **columns: Any) -> WebhookEndpoint:
    return WebhookEndpoint.objects.create(
        user=user, url="https://example.com/", secrets=signing.new_secrets(), **columns
    )


def wait_for(endpoint: WebhookEndpoint, count: int, *, seconds_ago: int = 0) -> None:
    """Write messages that have been due for so long."""
    with connection.cursor() as cursor:
        cursor.execute(
            """
            INSERT INTO app_webhookdelivery (endpoint_id, type, body, due_at)
            SELECT %s, 'webhook.test', '{}', now() - make_interval(secs => %s + number * 0.0001)
            FROM generate_series(1, %s) number
            """,
            [endpoint.pk, seconds_ago, count],
        )


def claimed(most: int = 400, **under_way: Any) -> Counter[int]:
    """How many of each endpoint."""
    given = {"under_way": {}, **under_way}
    sent = deliveries.claim(most, given.pop("under_way"), per_endpoint=PER_ENDPOINT, **given)
    return Counter(one.endpoint_id for one in sent)


def test_some_of_each_endpoint_and_the_longest_due_first(buyer: User, artist: User) -> None:
    full, other, failing = endpoint_of(buyer), endpoint_of(artist), endpoint_of(UserFactory())
    WebhookEndpoint.objects.filter(pk=failing.pk).update(failing_since=clock.now())
    wait_for(full, 30, seconds_ago=100)
    wait_for(other, 2, seconds_ago=10)
    wait_for(failing, 5, seconds_ago=50)
    assert claimed(most=1) == {full.pk: 1}
    assert claimed(under_way={full.pk: 1}) == {full.pk: 3, failing.pk: 1, other.pk: 2}
    # All that is left is of those who are full.
    assert claimed(under_way={full.pk: 4, failing.pk: 1}) == {}
    assert claimed(under_way={full.pk: 2}) == {full.pk: 2, failing.pk: 1}


def test_what_is_not_due_and_what_has_ended_stays(buyer: User) -> None:
    endpoint = endpoint_of(buyer)
    wait_for(endpoint, 3)
    first, second, _ = WebhookDelivery.objects.order_by("pk")
    WebhookDelivery.objects.filter(pk=first.pk).update(due_at=clock.now() + timedelta(hours=1))
    WebhookDelivery.objects.filter(pk=second.pk).update(state="delivered")
    assert claimed() == {endpoint.pk: 1}
    assert claimed() == {}


def test_what_is_not_due_is_not_even_chosen(buyer: User) -> None:
    """Else each look would lock and throw away what waits for its next attempt."""
    wait_for(endpoint_of(buyer), 3, seconds_ago=-60)
    values = {"most": 9, "per_endpoint": 9, "per_user": 9, "endpoints": [], "of_endpoints": []}
    values |= {"users": [], "of_users": []}
    with connection.cursor() as cursor:
        found = []
        for later in (timedelta(), timedelta(minutes=2)):
            cursor.execute(DUE_DELIVERIES, {"now": clock.now() + later, **values})
            found.append(len(cursor.fetchall()))
    assert found == [0, 3]


def test_a_user_with_many_endpoints_has_bounds(buyer: User, artist: User) -> None:
    for _ in range(7):
        wait_for(endpoint_of(buyer), 10, seconds_ago=10)
    other = endpoint_of(artist)
    wait_for(other, 1)
    found = claimed(of_users={buyer.pk: 5})
    assert found.pop(other.pk) == 1
    assert sum(found.values()) == deliveries.PER_USER - 5
    assert max(found.values()) <= PER_ENDPOINT


class TestAHundredThousandWaiting:
    @pytest.fixture
    def endpoints(self) -> list[WebhookEndpoint]:
        """One has nearly all of them, due for longest, and twenty others have one each."""
        made = [endpoint_of(UserFactory()) for _ in range(21)]
        wait_for(made[0], MANY, seconds_ago=1000)
        for each in made[1:]:
            wait_for(each, 1)
        with connection.cursor() as cursor:
            cursor.execute("ANALYZE app_webhookdelivery")
        return made

    def test_the_server_reads_a_few_rows(self, endpoints: list[WebhookEndpoint]) -> None:
        values = {
            "now": clock.now(),
            "most": 400,
            "per_endpoint": PER_ENDPOINT,
            "per_user": deliveries.PER_USER,
            "endpoints": [endpoints[0].pk],
            "of_endpoints": [PER_ENDPOINT],
            "users": [endpoints[0].user_id],
            "of_users": [PER_ENDPOINT],
        }
        with connection.cursor() as cursor:
            cursor.execute(f"EXPLAIN (ANALYZE, FORMAT JSON) {DUE_DELIVERIES}", values)
            [(said,)] = cursor.fetchall()
        [plan] = said if isinstance(said, list) else json.loads(said)
        read = sum(rows_of(plan["Plan"]))
        assert claimed(under_way={endpoints[0].pk: PER_ENDPOINT}) == {
            each.pk: 1 for each in endpoints[1:]
        }
        # Of each endpoint a step to the next, and its messages.
        assert read <= 5 * len(endpoints)


def rows_of(plan: dict[str, Any]) -> Iterator[float]:
    """What each scan of the table of deliveries has read, with what it threw away."""
    if plan.get("Relation Name") == "app_webhookdelivery":
        removed = plan.get("Rows Removed by Filter", 0)
        yield (plan["Actual Rows"] + removed) * plan["Actual Loops"]
    for each in plan.get("Plans", []):
        yield from rows_of(each)
