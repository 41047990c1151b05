from __future__ import annotations

from django.db import models

from app.models.generation import Generation

# Of all public pictures; the keys of narrower lists are made by ``key_of``.
ALL = "all"


def key_of(kind: str, value: object) -> str:
    """The key of the list of a style, an artist (ids), a format or a tag (lower case)."""
    return f"{kind}:{value}"


class FeedEntry(models.Model):
    """A public picture in one list of the feed.

    Triggers keep the entries (migration 0010): they come when the picture is published and go when
    it is not public any more, whoever writes. ``heat`` is what popular lists are sorted by: the
    second in which the picture was ordered, and a day more each time its likes double (at 1, 3, 7,
    15 …). A like between these changes no entry, and no index.
    """

    pk = models.CompositePrimaryKey("key", "generation_id")
    key = models.CharField(max_length=60)
    generation = models.ForeignKey(
        Generation, models.CASCADE, related_name="feed_entries", db_index=False
    )
    heat = models.BigIntegerField()

    class Meta:
        indexes = [
            models.Index(name="feed_entry_popular", fields=["key", "-heat", "-generation"]),
            # Whoever deletes a picture looks for its entries.
            models.Index(name="feed_entry_by_picture", fields=["generation"]),
        ]

    def __str__(self) -> str:
        return f"{self.key} {self.generation_id}"
