"""Tags of styles and works, and how often each is used."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Sequence

from django.db.models import F

from app.exceptions import InvalidInput
from app.models import Artwork, ArtworkTag, Style, StyleTag, Tag
from app.utils import caches, tag_names

MAX_TAGS = 20


def parse(names: Iterable[str], *, field: str) -> list[str]:
    """Normalised tag names in their order. Raises InvalidInput that names ``field``."""
    try:
        parsed = tag_names.normalise_all(names)
    except ValueError as error:
        raise InvalidInput.field(field, str(error)) from error
    if len(parsed) > MAX_TAGS:
        raise InvalidInput.field(field, f"At most {MAX_TAGS} tags.")
    return parsed


def get_or_create(names: Iterable[str]) -> dict[str, Tag]:
    """The tags of ``names`` (normalised), created where they are new.

    Rows are inserted in alphabetical order, so that two requests never wait for each other.
    """
    wanted = sorted(set(names))
    if not wanted:
        return {}
    Tag.objects.bulk_create([Tag(name=name) for name in wanted], ignore_conflicts=True)
    return {tag.name: tag for tag in Tag.objects.filter(name__in=wanted)}


def tag_style(style: Style, names: Sequence[str]) -> None:
    """Give a new style its tags, in the caller's transaction."""
    tags = get_or_create(names)
    StyleTag.objects.bulk_create(
        StyleTag(style=style, tag=tags[name], sequence=index) for index, name in enumerate(names)
    )


def tag_artworks(artworks: Sequence[Artwork], names: Sequence[Sequence[str]]) -> None:
    """Give new artworks their tags; ``names`` is parallel to ``artworks``."""
    tags = get_or_create(name for each in names for name in each)
    ArtworkTag.objects.bulk_create(
        ArtworkTag(artwork=artwork, tag=tags[name], sequence=index)
        for artwork, each in zip(artworks, names, strict=True)
        for index, name in enumerate(each)
    )


def retag_style(style: Style, names: Sequence[str]) -> None:
    """Replace the tags of ``style``, which the caller has locked and counts by
    ``move_counts``.
    """
    tags = get_or_create(names)
    style.style_tags.all().delete()
    StyleTag.objects.bulk_create(
        StyleTag(style=style, tag=tags[name], sequence=index) for index, name in enumerate(names)
    )


def counted_in(*styles: Style) -> list[int]:
    """The ids of the tags that count ``styles``: those of styles that can be found, each time."""
    ready = [style.pk for style in styles if style.is_ready]
    if not ready:
        return []
    return list(StyleTag.objects.filter(style__in=ready).values_list("tag_id", flat=True))


def move_counts(before: Iterable[int], after: Iterable[int]) -> None:
    """Update the counters after a change: the results of ``counted_in`` before and after it.

    Call it once in a transaction. It locks the tags in id order; two calls in one transaction could
    deadlock with another transaction.
    """
    changes = Counter(after)
    changes.subtract(before)
    by_change: dict[int, list[int]] = {}
    for tag_id, change in changes.items():
        if change:
            by_change.setdefault(change, []).append(tag_id)
    changed = [tag_id for tag_ids in by_change.values() for tag_id in tag_ids]
    if not changed:
        return
    caches.forget(caches.TAGS)
    # Locked in id order first: an UPDATE alone locks in whatever order its plan visits.
    list(
        Tag.objects.select_for_update(no_key=True)
        .filter(pk__in=changed)
        .order_by("pk")
        .values_list("pk", flat=True)
    )
    for change, tag_ids in by_change.items():
        Tag.objects.filter(pk__in=tag_ids).update(usage_count=F("usage_count") + change)
