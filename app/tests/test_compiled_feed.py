"""The compiled feed says what the serializer says, in every shape."""

from __future__ import annotations

import pytest
from django.db import connection
from django.test.utils import CaptureQueriesContext
from rest_framework.test import APIClient

from app.models import Follow, Generation, Like
from app.models.compiled import CompiledQuery
from app.models.generation import FEED, FeedShape
from app.models.keyset import PageShape
from app.serializers.generation import PictureSerializer, picture_from_row
from app.tests.factories import PublicPictureFactory, UserFactory
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
    assert to_json([picture_from_row(row) for row in rows]) == to_json(expected)
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
