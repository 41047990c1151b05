"""Collections: folders in which a buyer keeps pictures of theirs. Nobody else sees them."""

from __future__ import annotations

from django.db import models
from django.db.models import Count

from app.models.generation import Generation
from app.models.names import SkeletonField
from app.models.user import User

MAX_NAME = 60
# Of a user, and pictures in each.
MAX_COLLECTIONS = 200
MAX_PICTURES = 5_000


class CollectionQuerySet(models.QuerySet["Collection"]):
    def of(self, user: User) -> CollectionQuerySet:
        """The user's collections, newest first."""
        return self.filter(user_id=user.pk).order_by("-created_at", "-pk")


class Collection(models.Model):
    """Pictures of ``user`` under a name that none of their other collections has, nor one that
    looks like it."""

    user = models.ForeignKey(User, models.CASCADE, related_name="collections", db_index=False)
    name = models.CharField(max_length=MAX_NAME)
    name_skeleton = SkeletonField(of="name")
    created_at = models.DateTimeField(auto_now_add=True)

    # Of ``counted``.
    picture_count: int

    objects = CollectionQuerySet.as_manager()

    class Meta:
        ordering = ["-created_at", "-pk"]
        constraints = [
            models.UniqueConstraint(
                name="collection_name_looks_unique", fields=["user", "name_skeleton"]
            ),
        ]

    def __str__(self) -> str:
        return self.name


class Collected(models.Model):
    """That a picture is in a collection. Of a picture that was deleted it stays, for it may be put
    back."""

    collection = models.ForeignKey(
        Collection, models.CASCADE, related_name="collected", db_index=False
    )
    generation = models.ForeignKey(
        Generation, models.CASCADE, related_name="collected", db_index=False
    )

    class Meta:
        ordering = ["pk"]
        constraints = [
            models.UniqueConstraint(name="collected_once", fields=["collection", "generation"]),
        ]

    def __str__(self) -> str:
        return f"{self.generation_id} in {self.collection_id}"


def counted(*collections: Collection) -> list[Collection]:
    """``collections``, each with its ``picture_count``: without those that were deleted."""
    owners = {each.user_id for each in collections}
    inside = Collected.objects.filter(collection__in=collections).order_by()
    # Read from indexes alone; of those that were deleted there are few.
    deleted = inside.filter(generation__user__in=owners, generation__deleted_at__isnull=False)
    held, gone = _count_by_collection(inside), _count_by_collection(deleted)
    for each in collections:
        each.picture_count = held.get(each.pk, 0) - gone.get(each.pk, 0)
    return list(collections)


def _count_by_collection(rows: models.QuerySet[Collected]) -> dict[int, int]:
    counts = rows.values("collection_id").annotate(count=Count("*"))
    return dict(counts.values_list("collection_id", "count"))
