"""One's own pictures, found by what was written when they were ordered."""

from __future__ import annotations

import pytest

from app.models import Generation, User
from app.models.reads.picture import find_own
from app.services import collection_service
from app.tests.factories import GenerationFactory, UserFactory
from app.utils import prompt_text, spellings

pytestmark = pytest.mark.django_db

# Its tags part within "lighthouse keeper", and drop the comma behind "sea".
TEXT = (
    "A small boat leaves the harbor of an old town at dawn while a lighthouse keeper waves, sea,"
    " 50% fog. Nobody else is awake."
)


def with_text(user: User, tags: list[str]) -> Generation:
    picture: Generation = GenerationFactory(user=user)
    Generation.objects.filter(pk=picture.pk).update(prompt=TEXT, prompt_tags=tags)
    picture.refresh_from_db()
    return picture


@pytest.fixture
def written(buyer: User) -> Generation:
    """One that was ordered with a text."""
    tags = prompt_text.pieces(TEXT)
    assert len(tags) > 2
    return with_text(buyer, tags)


@pytest.fixture
def tagged(buyer: User) -> Generation:
    return GenerationFactory(user=buyer, prompt_tags=["small boat", "night"])


def found(buyer: User, words: str, **more: object) -> set[int]:
    pictures = find_own(buyer, words=spellings.spellings_of(words), **more)  # type: ignore[arg-type]
    return set(pictures.values_list("pk", flat=True))


@pytest.mark.parametrize(
    ("words", "names"),
    [
        ("boat", {"written", "tagged"}),
        ("lighthouse keeper", {"written"}),
        ("KEEPER Dawn", {"written"}),
        # Spelled as others do, and in Korean.
        ("harbour", {"written"}),
        ("배", {"written", "tagged"}),
        ("50%", {"written"}),
        ("awake.", {"written"}),
        ("night", {"tagged"}),
        # No word of either, though of both together.
        ("dawn night", set()),
        ("castle", set()),
        ("", {"written", "tagged"}),
    ],
)
def test_by_words_of_a_text_and_of_tags(
    buyer: User, written: Generation, tagged: Generation, words: str, names: set[str]
) -> None:
    with_text(UserFactory(), prompt_text.pieces(TEXT))
    ids = {"written": written.pk, "tagged": tagged.pk}
    assert found(buyer, words) == {ids[name] for name in names}


def test_a_sentence_is_found_where_its_tags_part(buyer: User, written: Generation) -> None:
    """Each word by itself is in the tags too; what lies across two of them is in the text alone."""
    across = next(
        f"{first.split()[-1]} {second.split()[0]}"
        for first, second in zip(written.prompt_tags, written.prompt_tags[1:], strict=False)
        if f"{first.split()[-1]} {second.split()[0]}" in TEXT
    )
    assert not any(across in tag for tag in written.prompt_tags)
    by_text = find_own(buyer, words=[[across]])
    assert list(by_text) == [written]


def test_in_a_collection_and_by_words_together(
    buyer: User, written: Generation, tagged: Generation
) -> None:
    kept = collection_service.create(user=buyer, name="Sea", image_ids=[tagged.pk])
    assert found(buyer, "boat", collection=kept.pk) == {tagged.pk}
    assert found(buyer, "dawn", collection=kept.pk) == set()
    assert found(buyer, "", collection=kept.pk) == {tagged.pk}
