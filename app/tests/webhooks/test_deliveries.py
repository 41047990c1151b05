"""What is delivered, how it is signed, and what becomes of it."""

from __future__ import annotations

import json
from collections.abc import Callable
from datetime import UTC, datetime, timedelta
from io import BytesIO
from typing import Any

import pytest
import time_machine
from standardwebhooks.webhooks import WebhookVerificationError

from app.models import (
    LicenceState,
    Notification,
    User,
    WebhookDelivery,
    WebhookEndpoint,
)
from app.services import storage
from app.services.jobs.attempts import output_folder
from app.services.licences import states
from app.services.webhooks import deliveries, endpoints
from app.services.webhooks.deliveries import DELAYS, MAX_ATTEMPTS, Outcome
from app.tests.api import Api
from app.tests.factories import GenerationFactory, StyleFactory
from app.tests.ordering import report_training
from app.tests.webhooks.receiver import Receiver, answering, receiving
from app.utils import clock
from app.utils import webhook_signing as signing

pytestmark = pytest.mark.django_db
Deliver = Callable[..., int]


def endpoint_of(user: User, receiver: Receiver, **options: Any) -> WebhookEndpoint:
    return endpoints.create(user=user, url=receiver.url, **options)


def delivery_of(endpoint: WebhookEndpoint) -> WebhookDelivery:
    return endpoints.send_test(user=endpoint.user, endpoint_id=endpoint.pk)


def test_a_picture_is_told_of_with_signatures_that_others_verify(
    buyer: User, receiver: Receiver, deliver: Deliver
) -> None:
    endpoint = endpoint_of(buyer, receiver)
    picture = GenerationFactory(user=buyer)
    assert deliver() == 2
    messages = [received.verified(endpoint.secret) for received in receiver.received]
    said = {message["type"]: message["data"] for message in messages}
    assert said == {
        "generation.completed": {
            "generation_id": picture.pk,
            "style_id": picture.style_id,
            "status": "completed",
            "cost": picture.cost,
            "licence_number": picture.licence_number,
            "failure_reason": "",
        },
        "licence.issued": {
            "licence_number": picture.licence_number,
            "generation_id": picture.pk,
            "style_id": picture.style_id,
            "state": "active",
            "reason": "",
        },
    }
    assert {datetime.fromisoformat(str(m["timestamp"])) for m in messages} == {picture.finished_at}
    assert {str(m["timestamp"])[-1] for m in messages} == {"Z"}
    assert [message.path for message in receiver.received] == ["/hooks"] * 2
    assert {d.state for d in WebhookDelivery.objects.all()} == {"delivered"}
    with pytest.raises(WebhookVerificationError):
        receiver.received[0].verified("whsec_" + "A" * 44)


@pytest.mark.parametrize("status", ["failed", "canceled"])
def test_pictures_that_are_not_made_are_told_of(
    buyer: User, receiver: Receiver, deliver: Deliver, status: str
) -> None:
    endpoint = endpoint_of(buyer, receiver)
    picture = GenerationFactory(user=buyer, status=status)
    assert deliver() == 1
    said = receiver.received[0].verified(endpoint.secret)
    assert said["type"] == f"generation.{status}"
    assert said["data"] == {
        "generation_id": picture.pk,
        "style_id": picture.style_id,
        "status": status,
        "cost": picture.cost,
        "licence_number": None,
        "failure_reason": "" if status == "canceled" else "The paint ran out.",
    }


@pytest.mark.parametrize("status", ["completed", "failed"])
def test_an_artist_is_told_how_a_training_ended(
    artist: User, as_worker: Api, receiver: Receiver, deliver: Deliver, status: str
) -> None:
    endpoint = endpoint_of(artist, receiver)
    style = StyleFactory(artist=artist.artist, training_status="training", works=1)
    if status == "completed":
        key = f"{output_folder('models', style)}/model.npz"
        storage.save(key, BytesIO(b"a model"))
        report_training(as_worker, style, status, model_path=storage.uri(key))
    else:
        report_training(as_worker, style, status)
    assert deliver() == 1
    said = receiver.received[0].verified(endpoint.secret)
    assert said["type"] == ("style.trained" if status == "completed" else "style.failed")
    assert said["data"] == {
        "style_id": style.pk,
        "name": style.name,
        "training_status": status,
        "failure_reason": "" if status == "completed" else "The paint ran out.",
    }


@pytest.mark.parametrize("state", ["refunded", "revoked"])
def test_a_buyer_is_told_how_a_licence_ended(
    buyer: User, receiver: Receiver, deliver: Deliver, state: str
) -> None:
    endpoint = endpoint_of(buyer, receiver, events=[f"licence.{state}"])
    picture = GenerationFactory(user=buyer)
    states.end(picture, LicenceState(state), "It was a copy.")
    assert deliver() == 1
    said = receiver.received[0].verified(endpoint.secret)
    assert (said["type"], said["data"]) == (
        f"licence.{state}",
        {
            "licence_number": picture.licence_number,
            "generation_id": picture.pk,
            "style_id": picture.style_id,
            "state": state,
            "reason": "It was a copy.",
        },
    )


def test_nobody_else_is_told_and_only_of_what_they_want(
    buyer: User, artist: User, receiver: Receiver
) -> None:
    endpoint_of(artist, receiver)
    endpoint_of(buyer, receiver, events=["generation.failed", "licence.issued"])
    off = endpoint_of(buyer, receiver)
    endpoints.change(user=buyer, endpoint_id=off.pk, is_enabled=False)
    gone = endpoint_of(buyer, receiver)
    endpoints.delete(user=buyer, endpoint_id=gone.pk)
    GenerationFactory(user=buyer)
    assert list(WebhookDelivery.objects.values_list("type", flat=True)) == ["licence.issued"]


def test_an_order_names_its_own_address(buyer: User, receiver: Receiver, deliver: Deliver) -> None:
    style = StyleFactory()
    for url in (None, receiver.url, receiver.url):
        GenerationFactory(user=buyer, style=style, **({"webhook_url": url} if url else {}))
    endpoint = WebhookEndpoint.objects.get()
    assert endpoint.is_for_orders
    assert deliver() == 2
    said = [received.verified(endpoint.secret)["type"] for received in receiver.received]
    assert said == ["generation.completed"] * 2


def test_a_former_secret_signs_for_a_day(buyer: User, receiver: Receiver, deliver: Deliver) -> None:
    endpoint = endpoint_of(buyer, receiver)
    former = endpoint.secret
    endpoint = endpoints.rotate_secret(user=buyer, endpoint_id=endpoint.pk)
    assert endpoint.secret != former
    delivery_of(endpoint)
    deliver()
    for secret in (former, endpoint.secret):
        assert receiver.received[0].verified(secret)["type"] == "webhook.test"
    with time_machine.travel(datetime.now(UTC) + timedelta(hours=24, seconds=1)):
        delivery_of(endpoint)
        deliver()
        receiver.received[1].verified(endpoint.secret)
        with pytest.raises(WebhookVerificationError):
            receiver.received[1].verified(former)


def test_ten_attempts_in_75_hours_have_one_id(
    buyer: User, receiver: Receiver, deliver: Deliver
) -> None:
    receiver.answer = answering("503 Busy", body=b"later\x00")
    endpoint = endpoint_of(buyer, receiver)
    delivery = delivery_of(endpoint)
    begun = now = clock.now()
    for attempt in range(1, MAX_ATTEMPTS + 1):
        with time_machine.travel(now, tick=False):
            assert deliver() == 1
            delivery.refresh_from_db()
            assert delivery.attempt_count == attempt
            if attempt < MAX_ATTEMPTS:
                wanted, found = DELAYS[attempt - 1], (delivery.due_at - now).total_seconds()
                assert 0.9 * wanted <= found <= 1.1 * wanted
                assert deliver() == 0
        now = delivery.due_at
    assert delivery.state == "failed"
    assert timedelta(hours=68) < now - begun < timedelta(hours=84)
    assert sum(DELAYS) == 75 * 3600 + 35 * 60 + 5
    assert len({received.headers["webhook-id"] for received in receiver.received}) == 1
    assert {received.body for received in receiver.received} == {delivery.body.encode()}
    assert [(a["status"], a["answer"]) for a in delivery.attempts] == [(503, "later\ufffd")] * 10
    with time_machine.travel(now + timedelta(days=1)):
        assert deliver() == 0


def test_410_switches_off_at_once_and_says_so(
    buyer: User, receiver: Receiver, deliver: Deliver
) -> None:
    receiver.answer = answering("410 Gone")
    endpoint = endpoint_of(buyer, receiver)
    first = delivery_of(endpoint)
    later = delivery_of(endpoint)
    WebhookDelivery.objects.filter(pk=later.pk).update(due_at=clock.seconds_from_now(60))
    deliver()
    endpoint.refresh_from_db()
    assert (endpoint.is_enabled, endpoint.disabled_reason) == (False, "gone")
    assert {d.state for d in WebhookDelivery.objects.all()} == {"failed"}
    first.refresh_from_db()
    assert [attempt["status"] for attempt in first.attempts] == [410]
    notice = Notification.objects.get(recipient=buyer, type="webhook_disabled")
    assert receiver.url in notice.message
    GenerationFactory(user=buyer)
    assert WebhookDelivery.objects.count() == 2


def test_five_days_of_failing_switch_off_and_a_success_begins_anew(
    buyer: User, receiver: Receiver, deliver: Deliver
) -> None:
    receiver.answer = answering("500 Oh")
    endpoint, now = endpoint_of(buyer, receiver), clock.now()

    def fail(after: timedelta) -> bool:
        with time_machine.travel(now + after, tick=False):
            WebhookDelivery.objects.all().delete()
            delivery_of(endpoint)
            deliver()
            endpoint.refresh_from_db()
        return endpoint.is_enabled

    assert fail(timedelta())
    assert fail(timedelta(days=4, hours=23))
    receiver.answer = answering("204 None")
    assert fail(timedelta(days=4, hours=23, minutes=1))
    assert endpoint.failing_since is None
    receiver.answer = answering("500 Oh")
    assert fail(timedelta(days=6))
    assert fail(timedelta(days=10))
    assert Notification.objects.count() == 0
    assert not fail(timedelta(days=11))
    assert endpoint.disabled_reason == "failing"
    assert Notification.objects.filter(type="webhook_disabled").count() == 1


def test_one_or_a_range_is_sent_again_with_the_same_ids(
    buyer: User, receiver: Receiver, deliver: Deliver
) -> None:
    endpoint = endpoint_of(buyer, receiver)
    sent = [delivery_of(endpoint) for _ in range(3)]
    deliver()
    deliveries.send_again(user=buyer, delivery_id=sent[1].pk)
    assert deliver() == 1
    assert receiver.received[-1].headers["webhook-id"] == sent[1].webhook_id
    this = {"user": buyer, "endpoint_id": endpoint.pk}
    assert deliveries.send_range_again(**this, since=sent[0].created_at) == 0
    WebhookDelivery.objects.filter(pk=sent[2].pk).update(state="failed")
    assert deliveries.send_range_again(**this, since=sent[0].created_at) == 1
    until = sent[2].created_at
    everything = {"since": sent[0].created_at, "until": until, "only_failed": False}
    assert deliveries.send_range_again(**this, **everything) == 2
    assert deliver() == 3
    ids = {received.headers["webhook-id"] for received in receiver.received}
    assert ids == {delivery.webhook_id for delivery in sent}


def test_the_log_is_kept_for_30_days(buyer: User, receiver: Receiver, deliver: Deliver) -> None:
    endpoint = endpoint_of(buyer, receiver)
    old, new = delivery_of(endpoint), delivery_of(endpoint)
    deliver()
    WebhookDelivery.objects.filter(pk=old.pk).update(created_at=clock.now() - timedelta(days=31))
    deliveries.keep_house()
    assert WebhookDelivery.objects.get() == new
    endpoints.delete(user=buyer, endpoint_id=endpoint.pk)
    with time_machine.travel(clock.now() + timedelta(hours=2)):
        deliveries.keep_house()
    assert not WebhookEndpoint.objects.exists()


def test_a_late_failure_does_not_undo_an_acceptance(buyer: User, receiver: Receiver) -> None:
    delivery_of(endpoint_of(buyer, receiver))
    slow, quick = deliveries.claim(1, {}, per_endpoint=1), []
    with time_machine.travel(clock.now() + timedelta(seconds=61)):
        quick = deliveries.claim(1, {}, per_endpoint=1)
        deliveries.record(slow[0], Outcome(clock.now(), 1, error="No answer."))
        assert WebhookDelivery.objects.get().due_at == quick[0].due_at
        deliveries.record(quick[0], Outcome(clock.now(), 1, 200))
        deliveries.record(slow[0], Outcome(clock.now(), 1, 500))
    assert WebhookDelivery.objects.get().state == "delivered"


def test_secrets_are_sealed_anew_when_the_key_is_replaced(
    buyer: User, receiver: Receiver, settings: Any
) -> None:
    endpoint = endpoint_of(buyer, receiver)
    secret, former = endpoint.secret, settings.SECRET_KEY
    assert secret not in json.dumps(endpoint.secrets)
    settings.SECRET_KEY, settings.SECRET_KEY_FALLBACKS = "another-" * 8, [former]
    assert (deliveries.reseal_secrets(), deliveries.reseal_secrets()) == (1, 0)
    settings.SECRET_KEY_FALLBACKS = []
    assert WebhookEndpoint.objects.get().secret == secret


def test_a_key_that_leaked_takes_its_secrets_along(
    buyer: User, receiver: Receiver, settings: Any
) -> None:
    """Without the former key nothing sealed with it is read. Messages wait for nobody because of
    it: there is a new secret, which the owner fetches."""
    endpoint = endpoint_of(buyer, receiver)
    secret = endpoint.secret
    settings.SECRET_KEY = "another-" * 8
    assert endpoint.secret == ""
    with pytest.raises(signing.Unreadable):
        signing.headers(endpoint.secrets, "msg", b"{}")
    assert (deliveries.reseal_secrets(), deliveries.reseal_secrets()) == (1, 0)
    endpoint.refresh_from_db()
    assert endpoint.secret.startswith("whsec_")
    assert endpoint.secret != secret
    endpoint = endpoints.rotate_secret(user=buyer, endpoint_id=endpoint.pk)
    assert signing.headers(endpoint.secrets, "msg", b"{}")["webhook-signature"].count("v1,") == 2


def test_one_user_does_not_take_all_places(buyer: User, artist: User, receiver: Receiver) -> None:
    mine = [endpoint_of(buyer, receiver) for _ in range(8)]
    theirs = endpoint_of(artist, receiver)
    WebhookDelivery.objects.bulk_create(
        WebhookDelivery(endpoint=each, type="webhook.test", body="{}")
        for each in mine
        for _ in range(4)
    )
    delivery_of(theirs)
    claimed = deliveries.claim(400, {}, per_endpoint=4)
    assert len(claimed) == deliveries.PER_USER + 1
    assert claimed[-1].endpoint_id == theirs.pk
    assert deliveries.claim(9, {}, per_endpoint=4, of_users={buyer.pk: deliveries.PER_USER}) == []


def test_many_slow_messages_leave_room_for_others(buyer: User, artist: User) -> None:
    """A backlog of one endpoint does not fill a claim, however long it is."""
    with receiving() as receiver:
        slow, quick = endpoint_of(buyer, receiver), endpoint_of(artist, receiver)
        WebhookDelivery.objects.bulk_create(
            WebhookDelivery(endpoint=slow, type="webhook.test", body="{}") for _ in range(600)
        )
        delivery_of(quick)
        claimed = deliveries.claim(50, {}, per_endpoint=4)
        assert [delivery.endpoint_id for delivery in claimed] == [slow.pk] * 4 + [quick.pk]
        assert deliveries.claim(50, {slow.pk: 4, quick.pk: 1}, per_endpoint=4) == []
