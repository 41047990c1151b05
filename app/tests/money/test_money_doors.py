"""Whatever the API does with money goes through the three methods of ``TokenService``."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import pytest

from app.models import Generation, GenerationStatus, Purchase, Transaction, User
from app.services.token_service import TokenService
from app.tests import ledger
from app.tests.api import Answer, Api
from app.tests.factories import GenerationFactory, StyleFactory, UserFactory
from app.tests.ordering import order, report

pytestmark = pytest.mark.django_db

DOORS = ("consume_tokens", "add_tokens", "refund_tokens")


class Broken(Exception):
    """The method does not do its work."""


def sign_in(name: str) -> Answer:
    return Api().post("/api/auth/demo", {"username": name})


def purchase(client: Api) -> Answer:
    return client.post("/api/tokens/purchase", {"amount": 300, "payment_method": "card"})


def test_every_entry_of_the_ledger_is_made_by_one_of_them(
    monkeypatch: pytest.MonkeyPatch, as_worker: Api, settings: Any
) -> None:
    settings.DEMO_SIGN_IN = True
    artist = StyleFactory(price=10)
    calls: list[tuple[str, int, int, str]] = []

    def listen(door: str) -> None:
        method = getattr(TokenService, door)

        def heard(user_id: int, amount: int, reason: str, **options: Any) -> Any:
            calls.append((door, user_id, amount, reason))
            return method(user_id, amount, reason, **options)

        monkeypatch.setattr(TokenService, door, staticmethod(heard))

    for door in DOORS:
        listen(door)
    buyer = User.objects.get(pk=sign_in("bo").data["id"])
    client = Api(buyer)
    assert purchase(client).status == 201
    pictures = [
        Generation.objects.get(pk=order(client, artist, seed=n).data["generation_id"])
        for n in range(3)
    ]
    assert report(as_worker, pictures[0], "completed").status == 200
    assert report(as_worker, pictures[1], "failed").status == 200
    assert client.post(f"/api/images/{pictures[2].pk}/cancel").status == 200
    assert calls == [
        ("add_tokens", buyer.pk, 100, "welcome_bonus"),
        ("add_tokens", buyer.pk, 300, "purchase"),
        *[("consume_tokens", buyer.pk, 10, "generation")] * 3,
        ("add_tokens", artist.artist_id, 10, "generation"),
        ("refund_tokens", buyer.pk, 10, "generation_failed"),
        ("refund_tokens", buyer.pk, 10, "generation_canceled"),
    ]
    entries = Transaction.objects.order_by("pk")
    assert [(e.sender_id or e.receiver_id, e.amount, e.memo) for e in entries] == [
        call[1:] for call in calls
    ]
    ledger.assert_right()


def of_a_sign_in() -> Callable[[], Answer]:
    return lambda: sign_in("somebody-new")


def of_a_purchase() -> Callable[[], Answer]:
    client = Api(UserFactory())
    return lambda: purchase(client)


def of_an_order() -> Callable[[], Answer]:
    client, style = Api(UserFactory(tokens=100)), StyleFactory()
    return lambda: order(client, style)


def of_a_cancellation() -> Callable[[], Answer]:
    picture = GenerationFactory(status=GenerationStatus.QUEUED)
    return lambda: Api(picture.user).post(f"/api/images/{picture.pk}/cancel")


def of_a_report(status: str) -> Callable[[], Callable[[], Answer]]:
    def prepare() -> Callable[[], Answer]:
        picture = GenerationFactory(status=GenerationStatus.PROCESSING)
        worker = Api(authorization="Bearer worker-token")
        return lambda: report(worker, picture, status)

    return prepare


@pytest.mark.parametrize(
    ("door", "prepare"),
    [
        pytest.param("add_tokens", of_a_sign_in, id="first sign-in"),
        pytest.param("add_tokens", of_a_purchase, id="purchase"),
        pytest.param("consume_tokens", of_an_order, id="order"),
        pytest.param("refund_tokens", of_a_cancellation, id="cancellation"),
        pytest.param("refund_tokens", of_a_report("failed"), id="failure"),
        pytest.param("add_tokens", of_a_report("completed"), id="completion"),
    ],
)
def test_when_one_of_them_is_broken_what_needs_it_does_not_happen(
    monkeypatch: pytest.MonkeyPatch,
    settings: Any,
    door: str,
    prepare: Callable[[], Callable[[], Answer]],
) -> None:
    settings.DEMO_SIGN_IN = True
    settings.INTERNAL_API_TOKENS = ["worker-token"]
    act = prepare()
    before = everything()

    def fail(*_: Any, **__: Any) -> None:
        raise Broken(door)

    with monkeypatch.context() as while_broken:
        while_broken.setattr(TokenService, door, staticmethod(fail))
        assert act().refusal == (500, "INTERNAL_ERROR")
    assert everything() == before
    assert act().status < 300
    assert everything() != before
    ledger.assert_right()


def everything() -> tuple[object, ...]:
    """What money, work and accounts are written in."""
    states = Generation.objects.order_by("pk").values_list("pk", "status", "image_path")
    return (*ledger.snapshot(), list(states), Purchase.objects.count(), User.objects.count())
