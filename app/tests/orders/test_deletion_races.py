"""The same pictures deleted, put back, shown and collected from several sides at once."""

from __future__ import annotations

from collections import Counter
from contextlib import suppress

import pytest

from app.exceptions import Conflict, InvalidInput
from app.models import Collected, Collection, Generation, User
from app.services import collection_service, deletion_service, generation_service
from app.tests.factories import GenerationFactory, UserFactory
from app.tests.together import all_at_once

pytestmark = [pytest.mark.django_db(transaction=True), pytest.mark.slow]


@pytest.fixture
def own() -> tuple[User, list[int]]:
    buyer = UserFactory(tokens=0)
    return buyer, [GenerationFactory(user=buyer).pk for _ in range(12)]


def test_nobody_waits_for_the_other_in_a_circle(own: tuple[User, list[int]]) -> None:
    """Each side names them in its own order."""
    buyer, ids = own
    kept = collection_service.create(user=buyer, name="Sea")
    this = {"user": buyer, "generation_ids": ids}
    back = {"user": buyer, "generation_ids": ids[::-1]}
    of_kept = {"user": buyer, "collection_id": kept.pk, "image_ids": ids}

    def collect() -> int:
        # Those that are deleted at this moment are none of theirs.
        with suppress(InvalidInput):
            collection_service.add(**of_kept)
        return 0

    sides = [
        lambda: deletion_service.delete_several(**this),
        lambda: deletion_service.restore_several(**back),
        lambda: generation_service.set_visibility(**back, visibility="public"),
        lambda: deletion_service.delete_several(**back),
        collect,
        lambda: deletion_service.restore_several(**this),
    ]
    all_at_once(sides * 4, threads=6)
    deletion_service.restore_several(**this)
    states = Generation.objects.values_list("deleted_at", flat=True)
    assert Counter(states) == {None: 12}
    collection_service.add(**of_kept)
    assert Collected.objects.filter(collection=kept).count() == 12


def test_each_is_deleted_once(own: tuple[User, list[int]]) -> None:
    buyer, ids = own
    both = [ids, ids[::-1]] * 4
    counts = all_at_once(
        [
            lambda ids=ids: deletion_service.delete_several(user=buyer, generation_ids=ids)
            for ids in both
        ],
        threads=8,
    )
    assert sum(counts) == 12
    assert Generation.objects.filter(deleted_at=None).count() == 0


def test_a_collection_is_not_filled_beyond_its_bound(
    own: tuple[User, list[int]], monkeypatch: pytest.MonkeyPatch
) -> None:
    buyer, ids = own
    monkeypatch.setattr(collection_service, "MAX_PICTURES", 8)
    monkeypatch.setattr(collection_service, "MAX_COLLECTIONS", 2)
    kept = collection_service.create(user=buyer, name="Sea")

    def put(part: list[int]) -> str:
        try:
            collection_service.add(user=buyer, collection_id=kept.pk, image_ids=part)
        except Conflict:
            return "full"
        return "in"

    parts = [ids[start : start + 4] for start in (0, 4, 8)]
    found = all_at_once([lambda part=part: put(part) for part in parts], threads=3)
    assert Counter(found) == {"in": 2, "full": 1}
    assert Collected.objects.count() == 8

    def make(number: int) -> str:
        try:
            collection_service.create(user=buyer, name=f"More {number}", image_ids=ids[:2])
        except Conflict:
            return "too many"
        return "made"

    made = all_at_once([lambda n=n: make(n) for n in range(4)], threads=4)
    assert Counter(made) == {"made": 1, "too many": 3}
    assert Collection.objects.count() == 2
