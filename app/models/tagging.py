from collections.abc import Iterable, Sequence

from django.contrib.postgres.indexes import GinIndex, OpClass
from django.db import models
from django.db.models import Q

from app.models.text import contains_lower
from app.utils.spellings import spellings_of
from app.utils.tag_names import TAG_PATTERN


class TagQuerySet(models.QuerySet["Tag"]):
    def active(self) -> "TagQuerySet":
        return self.filter(is_active=True)

    def used(self) -> "TagQuerySet":
        return self.active().filter(usage_count__gt=0)

    def matching(self, text: str) -> "TagQuerySet":
        """Used tags with each word of ``text``, in any spelling, most used first."""
        words = spellings_of(text) or ([(text,)] if text else [])
        return self.popular().with_words(words)

    def with_words(self, words: "Iterable[Sequence[str]]") -> "TagQuerySet":
        """Those with each of ``words``, lists of spellings."""
        tags = self
        for spelled in words:
            tags = tags.filter(contains_lower("name", spelled))
        return tags

    def of_works(self, style_id: int) -> "TagQuerySet":
        """The tags of a style's works, most frequent first."""
        works = ArtworkTag.objects.filter(tag=models.OuterRef("pk"), artwork__style_id=style_id)
        counted = works.order_by().values("tag").annotate(n=models.Count("pk")).values("n")
        return (
            self.filter(is_active=True)
            .annotate(work_count=models.Subquery(counted))
            .filter(
                pk__in=ArtworkTag.objects.filter(artwork__style_id=style_id).values("tag_id"),
            )
            .order_by("-work_count", "name", "pk")
        )

    def popular(self) -> "TagQuerySet":
        return self.used().order_by("-usage_count", "name", "pk")


class Tag(models.Model):
    """A word with which artists describe styles and works: lower case, printable ASCII.

    ``usage_count`` is the number of offered styles (active and trained) with this tag.
    """

    name = models.CharField(max_length=50, unique=True)
    is_active = models.BooleanField(default=True, help_text="Inactive tags are not offered.")
    usage_count = models.PositiveIntegerField(default=0, editable=False)
    created_at = models.DateTimeField(auto_now_add=True)

    objects = TagQuerySet.as_manager()

    class Meta:
        ordering = ["-usage_count", "name", "pk"]
        constraints = [
            models.CheckConstraint(
                name="tag_name_lower_printable_ascii",
                condition=Q(name__regex=TAG_PATTERN),
            )
        ]
        indexes = [
            models.Index(
                name="tag_popular",
                fields=["-usage_count", "name", "id"],
                condition=Q(is_active=True, usage_count__gt=0),
            ),
            GinIndex(OpClass("name", name="gin_trgm_ops"), name="tag_name_trigram"),
        ]

    def __str__(self) -> str:
        return self.name


class SequencedTag(models.Model):
    """A tag with its position in the list that the user gave."""

    tag = models.ForeignKey(Tag, models.PROTECT, related_name="+")
    sequence = models.PositiveSmallIntegerField()

    class Meta:
        abstract = True
        ordering = ["sequence", "pk"]

    def __str__(self) -> str:
        return f"{self.sequence}: {self.tag_id}"


class StyleTag(SequencedTag):
    style = models.ForeignKey("app.Style", models.CASCADE, related_name="style_tags")

    class Meta(SequencedTag.Meta):
        constraints = [
            models.UniqueConstraint(name="style_tag_unique", fields=["style", "tag"]),
        ]


class ArtworkTag(SequencedTag):
    artwork = models.ForeignKey("app.Artwork", models.CASCADE, related_name="artwork_tags")

    class Meta(SequencedTag.Meta):
        constraints = [
            models.UniqueConstraint(name="artwork_tag_unique", fields=["artwork", "tag"]),
        ]


class GenerationTag(SequencedTag):
    """Links a generation to the known tags in its prompt. The generation stores the prompt."""

    generation = models.ForeignKey("app.Generation", models.CASCADE, related_name="generation_tags")

    class Meta(SequencedTag.Meta):
        constraints = [
            models.UniqueConstraint(name="generation_tag_unique", fields=["generation", "tag"]),
        ]
