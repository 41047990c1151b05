"""The compiled reads say what the serializers say, in every shape."""

from __future__ import annotations

import orjson
import pytest
from django.db import connection
from django.test.utils import CaptureQueriesContext
from rest_framework.serializers import ListSerializer
from rest_framework.test import APIClient

from app.http.rendering import to_json
from app.models import Follow, Generation, Like, Notification, Style
from app.models.reads.hot import (
    ARTWORKS,
    FEED,
    NOTIFICATION_COUNTS,
    NOTIFICATIONS,
    PICTURE,
    STATUS,
    STYLE,
    FeedShape,
    StylesShape,
)
from app.models.reads.keyset import PageShape
from app.serializers.base import BaseSerializer
from app.serializers.generation import (
    GenerationStatusSerializer,
    PictureDetailSerializer,
    PictureSerializer,
)
from app.serializers.notification import NotificationSerializer
from app.serializers.style import (
    StyleDetailSerializer,
    StyleListSerializer,
)
from app.tests.factories import GenerationFactory, PublicPictureFactory, StyleFactory, UserFactory
from app.utils.links import link
from app.views.style import LISTS
from speed.queries import CompiledQuery

pytestmark = pytest.mark.django_db
PROGRESS = {
    "current_epoch": 1,
    "total_epochs": 3,
    "progress_percent": 33.3,
    "estimated_seconds": None,
}


@pytest.fixture
def pictures():
    return [PublicPictureFactory() for _ in range(5)]


def test_rows_say_what_the_serializer_says(pictures) -> None:
    viewer = UserFactory()
    Like.objects.create(user=viewer, generation=pictures[2])
    shape = (FeedShape(is_signed_in=True), PageShape(20))
    rows = FEED.rows(shape, {"viewer_id": viewer.pk})
    expected = PictureSerializer(Generation.objects.feed(viewer), many=True).data
    assert to_json([PictureSerializer.from_row(row, link) for row in rows]) == to_json(expected)
    assert [row[-1] for row in rows].count(True) == 1


def test_the_same_shape_with_other_values_gives_other_rows(pictures) -> None:
    fan, other = UserFactory(), UserFactory()
    Follow.objects.create(follower=fan, following=pictures[0].style.artist)
    shape = (FeedShape(is_signed_in=True, following_only=True), PageShape(20))
    assert [row[1] for row in FEED.rows(shape, {"viewer_id": fan.pk})] == [pictures[0].pk]
    assert FEED.rows(shape, {"viewer_id": other.pk}) == []


def test_a_hot_statement_is_parsed_and_planned_once_a_connection(pictures) -> None:
    before = prepared()
    for following_only in (False, True):
        shape = (FeedShape(is_signed_in=True, following_only=following_only), PageShape(20))
        for _ in range(3):
            FEED.rows(shape, {"viewer_id": 1})
    ((statement, planned),) = prepared().items() - before.items()
    assert "= 'public'" in statement
    assert "app_follow" not in statement
    assert planned - before.get(statement, 0) == 3


def prepared() -> dict[str, int]:
    """How often the server ran each statement of this connection without planning it anew."""
    with connection.cursor() as cursor:
        cursor.execute("SELECT statement, generic_plans FROM pg_prepared_statements")
        return dict(cursor.fetchall())


def test_a_value_that_the_query_does_not_use_is_a_mistake() -> None:
    query = CompiledQuery(Generation, ("created_at", "pk"), lambda shape, values: _ids())
    with pytest.raises(ValueError, match="does not use"):
        query.rows("any", {"viewer_id": 1})


def test_the_feed_is_one_statement(pictures) -> None:
    with CaptureQueriesContext(
        connection,
    ) as queries:
        answer = APIClient().get("/api/community/feed")
    assert answer.status_code == 200
    assert len(queries) == 1


def _ids():
    return Generation.objects.order_by("-created_at", "-pk").values_list("created_at", "pk")


@pytest.mark.parametrize("state", ["queued", "processing", "completed", "failed"])
def test_the_status_row_says_what_the_serializer_says(state: str) -> None:
    earlier = GenerationFactory(status="queued")
    picture = GenerationFactory(status=state)
    rows = STATUS.rows(True, {"generation_id": picture.pk, "viewer_id": picture.user_id})
    expected = Generation.objects.with_queue_position().get(pk=picture.pk)
    said = orjson.loads(to_json(GenerationStatusSerializer.from_row(rows[0], link)))
    wanted = orjson.loads(to_json(GenerationStatusSerializer(expected).data))
    assert said == wanted
    assert said["queue_position"] == (2 if state == "queued" else None)
    assert STATUS.rows(True, {"generation_id": earlier.pk, "viewer_id": picture.user_id}) == []


@pytest.mark.parametrize("state", ["queued", "completed", "failed"])
@pytest.mark.parametrize("is_owner", [True, False])
def test_the_picture_row_says_what_the_serializer_says(state: str, is_owner: bool) -> None:
    picture = GenerationFactory(status=state)
    viewer = picture.user if is_owner else UserFactory()
    rows = PICTURE.rows(True, {"generation_id": picture.pk, "viewer_id": viewer.pk})
    assert bool(rows) == is_owner
    if rows:
        expected = Generation.objects.detail(viewer, picture.pk)
        context = {"viewer_id": viewer.pk}
        said = PictureDetailSerializer.detail_from_row(rows[0], link, viewer_id=viewer.pk)
        assert to_json(said) == to_json(PictureDetailSerializer(expected, context=context).data)


def test_style_rows_say_what_the_serializers_say() -> None:
    style = StyleFactory(tags=["sea", "ink"], works=3, progress=PROGRESS)
    StyleFactory()
    artist = style.artist.user
    shape = (StylesShape(is_artist=True), PageShape(20))
    rows = LISTS["created_at"].rows(shape, {"viewer_id": artist.pk})
    found = Style.objects.visible_to(artist).found_by().with_artist().with_tags()
    assert same(
        [StyleListSerializer.from_row(row, link) for row in rows],
        StyleListSerializer(found, many=True),
    )

    (row,) = STYLE.rows(True, {"style_id": style.pk, "viewer_id": artist.pk})
    works = ARTWORKS.rows("any", {"style_id": style.pk})
    said = StyleDetailSerializer.from_rows(
        row, works, {"1:1": style.price}, link, viewer_id=artist.pk
    )
    detail = Style.objects.detail(artist, style.pk)
    context = {"viewer_id": artist.pk, "costs": {"1:1": int}}
    assert same(said, StyleDetailSerializer(detail, context=context))


@pytest.mark.parametrize("unread_only", [True, False])
def test_notification_rows_say_what_the_serializer_says(unread_only: bool) -> None:
    me, fan = UserFactory(), UserFactory()
    Notification.objects.create(
        recipient=me, actor=fan, type="follow", message="Hello", is_read=True
    )
    Notification.objects.create(
        recipient=me, type="training_failed", message="!", target_type="style", target_id=7
    )
    rows = NOTIFICATIONS.rows((unread_only, 0, 20), {"viewer_id": me.pk})
    mine = Notification.objects.of(me)
    expected = mine.unread() if unread_only else mine
    assert len(rows) == (1 if unread_only else 2)
    assert same(
        [NotificationSerializer.from_row(row, link) for row in rows],
        NotificationSerializer(expected, many=True),
    )
    assert NOTIFICATION_COUNTS.rows("any", {"viewer_id": me.pk}) == [([2, 1],)]
    assert NOTIFICATION_COUNTS.rows("any", {"viewer_id": fan.pk}) == []


def test_searched_texts_are_not_kept() -> None:
    StyleFactory(name="Needle")
    kept = len(LISTS["created_at"]._statements)
    for text in ("needle", "hay%", "\\"):
        answer = APIClient().get("/api/models", {"q": text})
        assert len(answer.json()["data"]["results"]) == (1 if text == "needle" else 0)
    assert len(LISTS["created_at"]._statements) == kept


def same(said: object, serializer: BaseSerializer | ListSerializer) -> bool:
    return orjson.loads(to_json(said)) == orjson.loads(to_json(serializer.data))
