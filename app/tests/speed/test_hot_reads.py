"""The compiled reads give what the models say, in every shape."""

from __future__ import annotations

import orjson
import pytest
from django.db import connection
from django.test.utils import CaptureQueriesContext
from rest_framework.test import APIClient

from app.exceptions import NotFound
from app.http.bodies import to_json
from app.models import Follow, Generation, Like, Notification, Style
from app.models.feed import key_of
from app.models.reads.feed import feed
from app.models.reads.notifications import NOTIFICATIONS, NotificationRow, notification_counts
from app.models.reads.paging import PageShape
from app.models.reads.picture import FeedPicture, PictureDetail, own_pictures, picture
from app.models.reads.row import Row
from app.models.reads.status import Status, status
from app.models.reads.style import ArtworkRow, StyleDetail, style
from app.models.reads.styles import OwnStyle, StyleRow, StylesShape, own_styles
from app.tests.factories import GenerationFactory, PublicPictureFactory, StyleFactory, UserFactory
from app.views.style import LISTS
from speed.queries import CompiledQuery

pytestmark = pytest.mark.django_db
PROGRESS = {
    "current_epoch": 1,
    "total_epochs": 3,
    "progress_percent": 33.3,
    "estimated_seconds": None,
}


FIRST = PageShape(20)


@pytest.fixture
def pictures():
    return [PublicPictureFactory() for _ in range(5)]


def test_the_feed_says_what_the_models_say(pictures) -> None:
    viewer = UserFactory()
    Like.objects.create(user=viewer, generation=pictures[2])
    rows = feed(viewer.pk).cut(FIRST, ())
    assert same(rows, [FeedPicture.of(each) for each in Generation.objects.feed(viewer)])
    assert [row.is_liked_by_current_user for row in rows].count(True) == 1


def test_the_same_shape_with_other_values_gives_other_rows(pictures) -> None:
    fan, other = UserFactory(), UserFactory()
    Follow.objects.create(follower=fan, following=pictures[0].style.artist)
    assert [row.id for row in feed(fan.pk, "followed").first(20)] == [pictures[0].pk]
    assert feed(other.pk, "followed").first(20) == []


def test_parts_of_the_feed(pictures) -> None:
    wanted = pictures[3]
    nobody = UserFactory().pk
    for part, within_id in (("buyer", wanted.user_id), ("style", wanted.style_id)):
        assert [row.id for row in feed(None, part, within_id).first(20)] == [wanted.pk]
        assert feed(nobody, part, 2**40).first(20) == []
    of_artist = [key_of("artist", wanted.style.artist_id)]
    for is_popular in (False, True):
        rows = feed(None, keys=of_artist, is_popular=is_popular).first(20)
        assert [row.id for row in rows] == [wanted.pk]
        assert feed(nobody, keys=[key_of("artist", 0)], is_popular=is_popular).first(20) == []


def test_a_hot_statement_is_parsed_and_planned_once_a_connection(pictures) -> None:
    before = prepared()
    for part in ("", "followed"):
        for _ in range(3):
            feed(1, part).first(20)
    ((statement, planned),) = prepared().items() - before.items()
    assert "= 'public'" in statement
    assert "app_follow" not in statement
    assert planned - before.get(statement, 0) == 3


def prepared() -> dict[str, int]:
    """How often the server ran each statement of this connection without planning it again."""
    with connection.cursor() as cursor:
        cursor.execute("SELECT statement, generic_plans FROM pg_prepared_statements")
        return dict(cursor.fetchall())


def test_a_value_that_the_query_does_not_use_is_a_mistake() -> None:
    query = CompiledQuery(lambda shape, values: _ids())
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
def test_the_status_says_what_the_model_says(state: str) -> None:
    earlier = GenerationFactory(status="queued")
    shown = GenerationFactory(status=state)
    said = status(shown.user_id, shown.pk)
    assert same(said, Status.of(Generation.objects.with_queue_position().get(pk=shown.pk)))
    assert said.queue_position == (2 if state == "queued" else None)
    with pytest.raises(NotFound):
        status(shown.user_id, earlier.pk)


@pytest.mark.parametrize("state", ["queued", "completed", "failed"])
@pytest.mark.parametrize("is_owner", [True, False])
def test_a_picture_says_what_the_model_says(state: str, is_owner: bool) -> None:
    shown = GenerationFactory(status=state)
    viewer = shown.user if is_owner else UserFactory()
    if not is_owner:
        with pytest.raises(NotFound):
            picture(viewer.pk, shown.pk)
        return
    expected = PictureDetail.of(Generation.objects.detail(viewer, shown.pk))
    assert expected.cost == shown.cost
    assert same(picture(viewer.pk, shown.pk), expected)
    assert same(own_pictures(viewer.pk).first(20), [expected])


def test_what_only_the_owner_sees_of_a_picture(pictures) -> None:
    shown = pictures[0]
    assert picture(shown.user_id, shown.pk).cost == shown.cost
    for viewer_id in (None, UserFactory().pk):
        assert picture(viewer_id, shown.pk).cost is None


def test_styles_say_what_the_models_say() -> None:
    made = StyleFactory(tags=["sea", "ink"], works=3, progress=PROGRESS)
    StyleFactory()
    artist = made.artist.user
    listing = LISTS["created_at"].listing(StylesShape(is_artist=True), {"viewer_id": artist.pk})
    found = Style.objects.visible_to(artist).found_by().with_artist().with_tags_json()
    assert same(listing.first(20), [StyleRow.of(each) for each in found])
    tags = orjson.loads(to_json(listing.first(20)[1].tags))
    assert [(tag["name"], tag["sequence"]) for tag in tags] == [("sea", 0), ("ink", 1)]

    detail = style(artist, made.pk, prices_of=lambda price, _engine: {"1:1": price})
    expected = StyleDetail.of(found.get(pk=made.pk))
    expected.artworks = [ArtworkRow.of(work) for work in made.artworks.order_by("position")]
    expected.is_ready, expected.prices, expected.samples = True, {"1:1": made.price}, []
    assert len(expected.artworks) == 3
    assert same(detail, expected)

    own = Style.objects.of(artist).with_tags_json().with_earnings()
    assert same(own_styles(artist.pk).first(20), [OwnStyle.of(each) for each in own])


@pytest.mark.parametrize("unread_only", [True, False])
def test_notifications_say_what_the_models_say(unread_only: bool) -> None:
    me, fan = UserFactory(), UserFactory()
    Notification.objects.create(
        recipient=me, actor=fan, type="follow", message="Hello", is_read=True
    )
    Notification.objects.create(
        recipient=me, type="training_failed", message="!", target_type="style", target_id=7
    )
    rows = NOTIFICATIONS.rows((unread_only, 0, 20), {"viewer_id": me.pk})
    mine = Notification.objects.of(me).with_subject()
    expected = mine.unread() if unread_only else mine
    assert len(rows) == (1 if unread_only else 2)
    assert same(rows, [NotificationRow.of(each) for each in expected])
    assert (rows[0].actor, rows[0].target.id) == (None, 7)
    assert notification_counts(me.pk) == (2, 1)
    assert notification_counts(fan.pk) == (0, 0)


def test_searched_texts_are_not_kept() -> None:
    StyleFactory(name="Needle")
    statements = LISTS["created_at"].read._query._statements
    kept = len(statements)
    for text in ("needle", "hay%", "\\"):
        answer = APIClient().get("/api/models", {"q": text})
        assert len(answer.json()["data"]["results"]) == (1 if text == "needle" else 0)
    assert len(statements) == kept


def same(said: Row | list[Row], expected: Row | list[Row]) -> bool:
    return orjson.loads(to_json(said)) == orjson.loads(to_json(expected))
