"""The compiled reads say what the serializers say, in every shape."""

from __future__ import annotations

import orjson
import pytest
from django.db import connection
from django.test.utils import CaptureQueriesContext
from rest_framework.test import APIClient

from app.models import Follow, Generation, Like
from app.models.compiled import CompiledQuery
from app.models.hot_reads import FEED, STATUS, FeedShape
from app.models.keyset import PageShape
from app.serializers.generation import (
    GenerationStatusSerializer,
    PictureSerializer,
    picture_from_row,
    status_from_row,
)
from app.tests.factories import GenerationFactory, PublicPictureFactory, UserFactory
from app.utils.links import link
from app.utils.rendering import to_json

pytestmark = pytest.mark.django_db


@pytest.fixture
def pictures():
    return [PublicPictureFactory() for _ in range(5)]


def test_rows_say_what_the_serializer_says(pictures) -> None:
    viewer = UserFactory()
    Like.objects.create(user=viewer, generation=pictures[2])
    shape = (FeedShape(is_signed_in=True), PageShape(20))
    rows = FEED.rows(shape, {"viewer_id": viewer.pk})
    expected = PictureSerializer(Generation.objects.feed(viewer), many=True).data
    assert to_json([picture_from_row(row, link) for row in rows]) == to_json(expected)
    assert [row[-1] for row in rows].count(True) == 1


def test_the_same_shape_with_other_values_gives_other_rows(pictures) -> None:
    fan, other = UserFactory(), UserFactory()
    Follow.objects.create(follower=fan, following=pictures[0].style.artist)
    shape = (FeedShape(is_signed_in=True, following_only=True), PageShape(20))
    assert [row[1] for row in FEED.rows(shape, {"viewer_id": fan.pk})] == [pictures[0].pk]
    assert FEED.rows(shape, {"viewer_id": other.pk}) == []


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
    said = orjson.loads(to_json(status_from_row(rows[0], link)))
    wanted = orjson.loads(to_json(GenerationStatusSerializer(expected).data))
    assert said == wanted
    assert said["queue_position"] == (2 if state == "queued" else None)
    assert STATUS.rows(True, {"generation_id": earlier.pk, "viewer_id": picture.user_id}) == []
