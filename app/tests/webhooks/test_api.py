"""``/api/webhooks``, and the address in an order."""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable
from typing import Any

import pytest
from django.db import connection
from django.test.utils import CaptureQueriesContext

from app.models import Generation, User, WebhookDelivery, WebhookEndpoint
from app.services import api_key_service
from app.services.user_service import close_account
from app.services.webhooks import endpoints
from app.tests import ledger
from app.tests.api import Api
from app.tests.factories import GenerationFactory, StyleFactory
from app.tests.ordering import order, order_of, report
from app.tests.webhooks.receiver import Receiver

pytestmark = pytest.mark.django_db
WEBHOOKS = "/api/webhooks"
URL = "https://hooks.example.com/style-license"


def test_an_endpoint_is_made_shown_changed_and_deleted(as_buyer: Api) -> None:
    made = as_buyer.post(WEBHOOKS, {"url": URL.upper(), "events": ["generation.failed"] * 2})
    assert made.status == 201
    secret = made.data["secret"]
    assert secret.startswith("whsec_")
    shown = {name: value for name, value in made.data.items() if name != "secret"}
    assert shown | {"created_at": None} == {
        "id": shown["id"],
        "url": "https://hooks.example.com/STYLE-LICENSE",
        "description": "",
        "events": ["generation.failed"],
        "is_for_orders": False,
        "is_enabled": True,
        "disabled_reason": "",
        "failing_since": None,
        "created_at": None,
    }
    one = f"{WEBHOOKS}/{shown['id']}"
    assert as_buyer.get(one).data == shown == as_buyer.get(WEBHOOKS).results[0]
    assert as_buyer.get(f"{one}/secret").data == {"secret": secret}
    changes = {"url": URL, "events": [], "description": "The shop", "is_enabled": False}
    changed = as_buyer.patch(one, changes).data
    assert changed == shown | changes | {"disabled_reason": "owner"}
    assert as_buyer.patch(one, {"is_enabled": True}).data["disabled_reason"] == ""
    assert as_buyer.post(f"{one}/rotate").data["secret"] != secret
    assert as_buyer.delete(one).status == 204
    assert as_buyer.get(one).refusal == (404, "NOT_FOUND")
    assert as_buyer.get(WEBHOOKS).results == []


def test_the_same_key_makes_one_and_shows_its_secret_again(as_buyer: Api) -> None:
    answers = [
        as_buyer.post(WEBHOOKS, {"url": URL}, headers={"Idempotency-Key": "a"}) for _ in range(2)
    ]
    assert answers[0].data == answers[1].data
    assert WebhookEndpoint.objects.count() == 1


@pytest.mark.parametrize(
    "body",
    [
        {},
        {"url": ""},
        {"url": "https://10.0.0.1/"},
        {"url": URL, "events": ["no.event"]},
        {"url": URL, "description": "\u2060"},
        {"url": "https://hooks.example.com/" + "a" * 500},
    ],
)
def test_bad_ones_are_refused(as_buyer: Api, body: dict[str, Any]) -> None:
    assert as_buyer.post(WEBHOOKS, body).refusal == (400, "VALIDATION_ERROR")
    assert not WebhookEndpoint.objects.exists()


def test_there_are_at_most_ten(as_buyer: Api, buyer: User) -> None:
    for number in range(10):
        assert as_buyer.post(WEBHOOKS, {"url": f"{URL}/{number}"}).status == 201
    assert as_buyer.post(WEBHOOKS, {"url": URL}).refusal == (409, "CONFLICT")


def test_others_see_and_change_nothing(
    as_artist: Api, as_anyone: Api, buyer: User, receiver: Receiver
) -> None:
    endpoint = endpoints.create(user=buyer, url=receiver.url)
    delivery = endpoints.send_test(user=buyer, endpoint_id=endpoint.pk)
    one, before = f"{WEBHOOKS}/{endpoint.pk}", list(WebhookEndpoint.objects.values())
    calls = {
        one: ("GET", "PATCH", "DELETE"),
        f"{one}/secret": ("GET",),
        f"{one}/rotate": ("POST",),
        f"{one}/test": ("POST",),
        f"{one}/deliveries": ("GET",),
        f"{one}/send-again": ("POST",),
        f"{WEBHOOKS}/deliveries/{delivery.pk}/send-again": ("POST",),
    }
    for path, methods in calls.items():
        for method in methods:
            body = None if method == "GET" else {"since": "2026-01-01T00:00:00Z"}
            ask = as_artist.get if method == "GET" else as_artist.send
            found = ask(path) if method == "GET" else as_artist.send(method, path, body)
            assert found.refusal == (404, "NOT_FOUND"), (method, path)
            stranger = as_anyone.send(method, path, body) if body else as_anyone.get(path)
            assert stranger.status == 401
    assert list(WebhookEndpoint.objects.values()) == before
    assert WebhookDelivery.objects.count() == 1


def test_a_key_that_reads_does_not_see_secrets(buyer: User) -> None:
    endpoint = endpoints.create(user=buyer, url=URL)
    statuses = {}
    for scope in ("read", "manage"):
        key = api_key_service.create_key(user=buyer, name=scope, scopes=[scope])
        program = Api(authorization=f"Bearer {key.secret}")
        statuses[scope] = [
            program.get(f"{WEBHOOKS}/{endpoint.pk}{rest}").status for rest in ("", "/secret")
        ]
    assert statuses == {"read": [200, 403], "manage": [403, 200]}


def test_the_log_says_what_was_sent_and_answered(
    as_buyer: Api, buyer: User, receiver: Receiver, deliver: Callable[..., int]
) -> None:
    endpoint = endpoints.create(user=buyer, url=receiver.url)
    one = f"{WEBHOOKS}/{endpoint.pk}"
    tested = as_buyer.post(f"{one}/test")
    assert (tested.status, tested.data["state"], tested.data["attempts"]) == (202, "pending", [])
    deliver()
    (logged,) = as_buyer.get(f"{one}/deliveries").results
    received = receiver.received[0]
    assert logged["webhook_id"] == received.headers["webhook-id"] == tested.data["webhook_id"]
    assert logged["body"].encode() == received.body
    assert (logged["type"], logged["state"], logged["due_at"]) == (
        "webhook.test",
        "delivered",
        None,
    )
    (attempt,) = logged["attempts"]
    assert (attempt["status"], attempt["answer"], attempt["error"]) == (200, "OK", "")
    assert as_buyer.get(f"{one}/deliveries", state="failed").results == []
    again = as_buyer.post(f"{WEBHOOKS}/deliveries/{logged['id']}/send-again")
    assert (again.status, again.data["state"]) == (202, "pending")
    since = {"since": "2026-01-01T00:00:00Z"}
    assert as_buyer.post(f"{one}/send-again", since).data == {"count": 0}
    deliver()
    everything = {**since, "only_failed": False}
    assert as_buyer.post(f"{one}/send-again", everything).data == {"count": 1}
    as_buyer.patch(one, {"is_enabled": False})
    for path in (f"{one}/test", f"{WEBHOOKS}/deliveries/{logged['id']}/send-again"):
        assert as_buyer.post(path).refusal == (409, "CONFLICT")
    assert as_buyer.post(f"{one}/send-again", since).refusal == (409, "CONFLICT")


class TestOrders:
    def test_an_order_is_told_of_at_its_address(
        self, as_buyer: Api, as_worker: Api, receiver: Receiver, deliver: Callable[..., int]
    ) -> None:
        style = StyleFactory()
        placed = order(as_buyer, style, webhook_url=receiver.url)
        assert placed.status == 202
        order(as_buyer, style)
        (listed,) = as_buyer.get(WEBHOOKS).results
        assert (listed["url"], listed["is_for_orders"]) == (receiver.url, True)
        for picture in Generation.objects.all():
            assert report(as_worker, picture, "completed").status == 200
        assert deliver() == 1
        secret = as_buyer.get(f"{WEBHOOKS}/{listed['id']}/secret").data["secret"]
        said: Any = receiver.received[0].verified(secret)
        assert said["type"] == "generation.completed"
        assert said["data"]["generation_id"] == placed.data["generation_id"]
        for changes in ({"url": URL}, {"events": []}):
            refused = as_buyer.patch(f"{WEBHOOKS}/{listed['id']}", changes)
            assert refused.refusal == (400, "VALIDATION_ERROR")

    @pytest.mark.parametrize("url", ["https://127.0.0.1.nip.example./", "http://10.1.1.1/", "x", 5])
    def test_a_bad_address_costs_nothing(self, as_buyer: Api, buyer: User, url: Any) -> None:
        refused = order(as_buyer, StyleFactory(), webhook_url=url)
        assert refused.refusal == (400, "VALIDATION_ERROR")
        assert set(refused.details) == {"webhook_url"}
        buyer.refresh_from_db()
        assert buyer.token_balance == 1000
        assert not Generation.objects.exists()

    def test_another_address_is_another_order(self, as_buyer: Api) -> None:
        style = StyleFactory()
        assert order(as_buyer, style, key="k", webhook_url=f"{URL}/1").status == 202
        assert order(as_buyer, style, key="k", webhook_url=f"{URL}/1").status == 202
        reused = order(as_buyer, style, key="k", webhook_url=f"{URL}/2")
        assert reused.code == "IDEMPOTENCY_KEY_REUSED"
        assert Generation.objects.count() == 1

    def test_the_51st_address_of_orders_is_refused(self, as_buyer: Api, buyer: User) -> None:
        style = StyleFactory()
        WebhookEndpoint.objects.bulk_create(
            WebhookEndpoint(user=buyer, url=f"{URL}/{number}", is_for_orders=True)
            for number in range(1, 51)
        )
        several = {"items": [order_of(style)], "webhook_url": f"{URL}/51"}
        for refused in (
            order(as_buyer, style, webhook_url=f"{URL}/51"),
            as_buyer.post("/api/orders", several),
        ):
            assert refused.refusal == (400, "VALIDATION_ERROR")
            said = "Your orders have named 50 addresses. Delete one first."
            assert refused.details == {"webhook_url": [said]}
        assert not Generation.objects.exists()
        assert ledger.balance_of(buyer) == 1000
        # One that is known is no new one, and one that is deleted makes room.
        assert order(as_buyer, style, webhook_url=f"{URL}/50").status == 202
        oldest = WebhookEndpoint.objects.earliest("pk")
        assert as_buyer.delete(f"/api/webhooks/{oldest.pk}").status == 204
        assert as_buyer.post("/api/orders", several).status == 202

    def test_who_wants_to_be_told_of_nothing_asks_the_database_no_more(
        self, as_buyer: Api, as_worker: Api, buyer: User
    ) -> None:
        """Nor do those who have an endpoint: the report of a picture is one statement with it."""
        style = StyleFactory()

        def statements() -> tuple[int, int]:
            with CaptureQueriesContext(connection) as ordered:
                assert order(as_buyer, style).status == 202
            picture = Generation.objects.latest("pk")
            with CaptureQueriesContext(connection) as reported:
                assert report(as_worker, picture, "completed").status == 200
            texts = [query["sql"] for query in [*ordered, *reported]]
            told = [text for text in texts if "app_webhook" in text]
            assert len(told) == 1
            return len(ordered), len(reported)

        statements()
        without = statements()
        endpoints.create(user=buyer, url=URL)
        assert statements() == without

    def test_an_order_of_many_asks_no_more_for_each(self, as_buyer: Api, buyer: User) -> None:
        """Placed with an address, and canceled."""
        style = StyleFactory(price=1)

        def statements(count: int, **more: str) -> tuple[int, int]:
            items = [order_of(style, seed=None, count=count)] * 2
            with CaptureQueriesContext(connection) as ordered:
                placed = as_buyer.post("/api/orders", {"items": items, **more})
            with CaptureQueriesContext(connection) as canceled:
                assert as_buyer.post(f"/api/orders/{placed.data['id']}/cancel").status == 200
            return len(ordered), len(canceled)

        statements(1)
        placed, canceled = statements(1)
        assert statements(8) == (placed, canceled)
        endpoints.create(user=buyer, url=URL)
        assert statements(8) == (placed, canceled)
        statements(1, webhook_url=f"{URL}/orders")
        # Which endpoint it is, and which pictures named it.
        assert statements(8, webhook_url=f"{URL}/orders") == (placed + 2, canceled)
        told = WebhookDelivery.objects.values_list("endpoint__is_for_orders", "type")
        canceled_event = "generation.canceled"
        assert Counter(told) == {(False, canceled_event): 34, (True, canceled_event): 18}


def test_closing_the_account_forgets_them(buyer: User) -> None:
    endpoint = endpoints.create(user=buyer, url=URL)
    endpoints.send_test(user=buyer, endpoint_id=endpoint.pk)
    GenerationFactory(user=buyer)
    close_account(buyer)
    assert not WebhookEndpoint.objects.exists()
    assert not WebhookDelivery.objects.exists()


def test_an_address_that_is_longer_once_it_is_written_down_is_refused(as_buyer: Api) -> None:
    """A host in Hangul takes more letters as it is looked up."""
    host = "https://" + "바다" * 9 + ".com/"
    grown = host + "a" * (500 - len(host))
    assert len(grown) == 500
    for made in (
        as_buyer.post(WEBHOOKS, {"url": grown}),
        order(as_buyer, StyleFactory(), webhook_url=grown),
    ):
        assert made.refusal == (400, "VALIDATION_ERROR")
        assert "at most 500" in str(made.details)
    assert not WebhookEndpoint.objects.exists()
