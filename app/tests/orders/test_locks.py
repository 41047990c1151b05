"""What each use case locks, in which order: a job's row, balances in id order, tags in id order.

Whether a lock is missed shows in races, now and then; here it shows each time.
"""

from __future__ import annotations

import re
from collections.abc import Callable
from typing import Any

import pytest
from django.db import connection
from django.test.utils import CaptureQueriesContext

from app.models import Comment, Generation, Order, OutboxMessage, Style, User
from app.services import (
    collection_service,
    deletion_service,
    generation_service,
    token_service,
)
from app.services.jobs import lease_service
from app.services.orders import admission, ending
from app.services.token_service import TokenService
from app.services.uploads import checkers, copy_service
from app.tests.api import Api
from app.tests.factories import GenerationFactory, PublicPictureFactory, StyleFactory, UserFactory
from app.tests.ordering import order, order_of, report, report_training

pytestmark = pytest.mark.django_db

PICTURE, STYLE, BALANCE, ARTIST = "generation", "style", "user", "artist"
# Where several may be locked at once.
PICTURES, STYLES, BALANCES, ARTISTS, TAGS, ENDPOINTS = (
    f"{one} in id order" for one in (PICTURE, STYLE, BALANCE, ARTIST, "tag", "webhookendpoint")
)

TURNS = "turn"


class Scene:
    def __init__(self) -> None:
        self.buyer: User = UserFactory(tokens=1000)
        self.style: Style = StyleFactory(tags=("sea", "night"))
        self.artist: User = self.style.artist.user
        self.as_buyer, self.as_artist = Api(self.buyer), Api(self.artist)
        self.as_worker = Api(authorization="Bearer worker-token")
        self.public = PublicPictureFactory(user=self.buyer)

    def picture(self, status: str) -> Generation:
        return GenerationFactory(user=self.buyer, style=self.style, status=status)

    def like(self) -> object:
        return self.as_buyer.post(f"/api/images/{self.public.pk}/like")

    def comment(self) -> object:
        return self.as_buyer.post(f"/api/images/{self.public.pk}/comments", {"content": "Mine."})


def purchase(scene: Scene) -> Callable[[], object]:
    body = {"amount": 100, "payment_method": "card"}
    return lambda: scene.as_buyer.post("/api/tokens/purchase", body)


def several(scene: Scene) -> Callable[[], object]:
    return lambda: scene.as_buyer.post("/api/orders", {"items": [order_of(scene.style)] * 2})


def cancel_order(scene: Scene) -> Callable[[], object]:
    placed = several(scene)().data  # type: ignore[attr-defined]
    return lambda: scene.as_buyer.post(f"/api/orders/{placed['id']}/cancel")


def miss(scene: Scene) -> Callable[[], object]:
    scene.as_buyer.post("/api/orders", {"items": [order_of(scene.style)]})
    Order.objects.update(deadline="2026-01-01T00:00:00Z")
    return ending.end_overdue


def hand_over(scene: Scene) -> Callable[[], object]:
    several(scene)()
    OutboxMessage.objects.all().delete()
    Generation.objects.filter(status="queued").update(is_held=True)
    return admission.hand_over


def show_several(scene: Scene) -> Callable[[], object]:
    ids = [scene.picture("completed").pk for _ in range(2)]
    return lambda: generation_service.set_visibility(
        user=scene.buyer, generation_ids=ids, visibility="public"
    )


def own_ids(scene: Scene) -> list[int]:
    """Named in another order than they are locked in."""
    return [scene.picture("completed").pk for _ in range(2)][::-1]


def delete_several(scene: Scene) -> Callable[[], object]:
    ids = own_ids(scene)
    return lambda: deletion_service.delete_several(user=scene.buyer, generation_ids=ids)


def restore_several(scene: Scene) -> Callable[[], object]:
    ids = own_ids(scene)
    deletion_service.delete_several(user=scene.buyer, generation_ids=ids)
    return lambda: deletion_service.restore_several(user=scene.buyer, generation_ids=ids)


def collect(scene: Scene) -> Callable[[], object]:
    kept = collection_service.create(user=scene.buyer, name="Sea")
    body = {"image_ids": own_ids(scene)}
    return lambda: scene.as_buyer.post(f"/api/collections/{kept.pk}/images", body)


def new_collection(scene: Scene) -> Callable[[], object]:
    ids = own_ids(scene)
    return lambda: collection_service.create(user=scene.buyer, name="Sea", image_ids=ids)


def delete_collection(scene: Scene) -> Callable[[], object]:
    kept = collection_service.create(user=scene.buyer, name="Sea", image_ids=own_ids(scene))
    return lambda: scene.as_buyer.delete(f"/api/collections/{kept.pk}")


def end_order(scene: Scene) -> Callable[[], object]:
    several(scene)()
    Generation.objects.filter(order__isnull=False).update(status="canceled")
    return ending.tell_of_ended


def cancel(scene: Scene) -> Callable[[], object]:
    picture = scene.picture("queued")
    return lambda: scene.as_buyer.post(f"/api/images/{picture.pk}/cancel")


def reported(status: str) -> Callable[[Scene], Callable[[], object]]:
    def prepare(scene: Scene) -> Callable[[], object]:
        picture = scene.picture("processing")
        return lambda: report(scene.as_worker, picture, status)

    return prepare


def lost(scene: Scene) -> Callable[[], object]:
    scene.picture("processing")
    Generation.objects.filter(status="processing").update(lease_expires_at="2026-01-01T00:00:00Z")
    return lease_service.sweep


def failed_training(scene: Scene) -> Callable[[], object]:
    style = StyleFactory(artist=scene.style.artist, training_status="training")
    return lambda: report_training(scene.as_worker, style, "failed")


def compare_works(scene: Scene) -> Callable[[], object]:
    style = StyleFactory(artist=scene.style.artist, training_status="pending", works=1)
    checkers.look_for_copies(style)
    return copy_service.check_next


def delete_comment(scene: Scene) -> Callable[[], object]:
    scene.comment()
    comment = Comment.objects.get()
    return lambda: scene.as_buyer.delete(f"/api/comments/{comment.pk}")


def change_style(scene: Scene) -> Callable[[], object]:
    change = {"price": 20, "tags": ["fog"]}
    return lambda: scene.as_artist.patch(f"/api/models/{scene.style.pk}", change)


def leave(scene: Scene) -> Callable[[], object]:
    scene.like()
    scene.as_buyer.post(f"/api/artists/{scene.artist.pk}/follow")
    # Somebody whose pictures, styles and likes are all to be locked.
    PublicPictureFactory(user=scene.artist)
    return lambda: scene.as_artist.delete("/api/users/me")


USE_CASES: dict[str, tuple[Callable[[Scene], Callable[[], Any]], list[str]]] = {
    "two balances": (
        lambda s: lambda: token_service.lock_users(s.artist.pk, s.buyer.pk),
        [BALANCES],
    ),
    "consume": (
        lambda s: lambda: TokenService.consume_tokens(s.buyer.pk, 1, "test"),
        [BALANCES],
    ),
    "add": (lambda s: lambda: TokenService.add_tokens(s.buyer.pk, 1, "test"), [BALANCES]),
    "refund": (lambda s: lambda: TokenService.refund_tokens(s.buyer.pk, 1, "test"), [BALANCES]),
    "welcome": (lambda s: lambda: TokenService.grant_welcome_bonus(s.buyer.pk, 100), [BALANCES]),
    "purchase": (purchase, [BALANCES]),
    "order": (lambda s: lambda: order(s.as_buyer, s.style), [BALANCES]),
    "order of several": (several, [BALANCES]),
    "cancel": (cancel, [PICTURE, BALANCES, TURNS]),
    "cancel an order": (cancel_order, [PICTURES, BALANCES, TURNS]),
    "deadline missed": (miss, [PICTURE, BALANCES, TURNS]),
    "hand over": (hand_over, [PICTURES]),
    "show several": (show_several, [PICTURES, BALANCES]),
    "delete a picture": (
        lambda s: lambda: s.as_buyer.delete(f"/api/images/{s.public.pk}"),
        [PICTURE],
    ),
    "delete several": (delete_several, [PICTURES]),
    "put several back": (restore_several, [PICTURES]),
    # Pictures that are put in are not locked: they cannot go while a row refers to them.
    "collect": (collect, ["collection"]),
    "new collection": (new_collection, [BALANCES]),
    "delete a collection": (delete_collection, ["collection"]),
    "orders that ended": (end_order, ["order SKIP LOCKED"]),
    "progress": (reported("processing"), [PICTURE]),
    # Both by one statement, in this order; at the end the lines that the buyer has not read.
    "completion": (
        reported("completed"),
        [f"{PICTURE}, {BALANCE}", "notification in id order"],
    ),
    "failure": (reported("failed"), [PICTURE, BALANCES]),
    "lost job": (lost, [PICTURE]),
    "failed training": (failed_training, [STYLE]),
    # The lease is taken in a transaction of its own.
    "compare works": (compare_works, ["copycheck SKIP LOCKED", STYLE]),
    "like": (lambda s: s.like, [PICTURE, BALANCES]),
    "comment": (lambda s: s.comment, [PICTURE, BALANCES]),
    "delete a comment": (delete_comment, [PICTURE]),
    "follow": (
        lambda s: lambda: s.as_buyer.post(f"/api/artists/{s.artist.pk}/follow"),
        [BALANCES, ARTIST],
    ),
    "change a style": (change_style, [BALANCES, STYLE, TAGS]),
    "delete a style": (
        lambda s: lambda: s.as_artist.delete(f"/api/models/{s.style.pk}"),
        [BALANCES, STYLE, TAGS],
    ),
    "leave": (
        leave,
        [PICTURES, BALANCES, "uploadcheck in id order", STYLES, TAGS, PICTURES, ARTISTS, ENDPOINTS],
    ),
}


def locked_by(act: Callable[[], Any]) -> list[str]:
    """The rows that ``act`` locks, a line for each statement."""
    with CaptureQueriesContext(connection) as queries:
        answer = act()
    assert getattr(answer, "status", 200) < 300, answer
    return [line for query in queries.captured_queries if (line := lock_of(query["sql"]))]


def lock_of(sql: str) -> str:
    """What a statement locks; "" when it is nothing."""
    statement, *found = re.split(" FOR (?:NO KEY )?UPDATE", sql)
    if not found:
        return ""
    tables = found[-1].partition("\n")[0]
    # Of Django's statements the outermost; what is written by hand locks what it names last.
    by_django = re.findall(r' FROM ("app_\w+")', statement)[:1]
    by_hand = re.findall(r" FROM (app_\w+)", statement)[-1:]
    named = tables.removeprefix(" OF ") or (by_django or by_hand)[0]
    locked = named.replace('"', "").replace("app_", "")
    # Its only column, or the table's own key.
    is_ordered = re.search(r'ORDER BY ((1|"app_\w+"\."id") ASC|id)$', statement)
    return f"{locked} in id order" if is_ordered else locked


@pytest.mark.parametrize("name", USE_CASES)
def test_what_is_locked(settings: Any, name: str) -> None:
    settings.INTERNAL_API_TOKENS = ["worker-token"]
    prepare, locks = USE_CASES[name]
    assert locked_by(prepare(Scene())) == locks
