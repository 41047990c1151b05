from __future__ import annotations

from typing import TYPE_CHECKING

from django.db import models
from django.db.models import F, Q
from django.db.models.functions import Coalesce

from app.exceptions import NotFound
from app.models.generation import Generation
from app.models.user import Artist, HiddenPerson, User

if TYPE_CHECKING:
    from django.contrib.auth.models import AnonymousUser


class FollowQuerySet(models.QuerySet["Follow"]):
    def of(self, user: User) -> FollowQuerySet:
        """The artists that ``user`` follows, latest first; but for those who are suspended."""
        mine = self.filter(follower=user, following__user__suspended_at=None)
        return mine.order_by("-created_at", "-pk")

    def with_artist(self) -> FollowQuerySet:
        return self.select_related("following__user")


class Follow(models.Model):
    follower = models.ForeignKey(User, models.CASCADE, related_name="follows")
    following = models.ForeignKey(Artist, models.CASCADE, related_name="followers")
    created_at = models.DateTimeField(auto_now_add=True)

    objects = FollowQuerySet.as_manager()

    class Meta:
        ordering = ["-created_at", "-pk"]
        constraints = [
            models.UniqueConstraint(name="follow_unique", fields=["follower", "following"]),
            models.CheckConstraint(
                name="follow_not_oneself", condition=~Q(follower=F("following"))
            ),
        ]
        indexes = [
            models.Index(name="follow_by_follower", fields=["follower", "-created_at", "-id"])
        ]

    def __str__(self) -> str:
        return f"{self.follower_id} → {self.following_id}"


class Like(models.Model):
    user = models.ForeignKey(User, models.CASCADE, related_name="likes")
    generation = models.ForeignKey(Generation, models.CASCADE, related_name="likes")
    created_at = models.DateTimeField(auto_now_add=True)

    class Meta:
        ordering = ["-created_at", "-pk"]
        constraints = [
            models.UniqueConstraint(name="like_unique", fields=["user", "generation"]),
        ]

    def __str__(self) -> str:
        return f"{self.user_id} ♥ {self.generation_id}"


class CommentQuerySet(models.QuerySet["Comment"]):
    def shown(self) -> CommentQuerySet:
        """Those that are not removed."""
        return self.filter(hidden_at=None)

    def on_public(self, generation_id: int, viewer: User | AnonymousUser) -> CommentQuerySet:
        """The comments on a public picture that ``viewer`` sees, oldest first; none while its buyer
        has switched them off. Raises NotFound."""
        pictures = Generation.objects.public().visible_to(viewer)
        if not pictures.filter(pk=generation_id).exists():
            raise NotFound("There is no such picture.")
        on_it = self.filter(generation_id=generation_id)
        return on_it._under_pictures(viewer).order_by("created_at", "pk")

    def visible_to(self, viewer: User | AnonymousUser) -> CommentQuerySet:
        """The comments that ``viewer`` sees on any picture: what ``on_public`` has of each."""
        pictures = Generation.objects.public().visible_to(viewer)
        return self.filter(generation__in=pictures.values("pk"))._under_pictures(viewer)

    def _under_pictures(self, viewer: User | AnonymousUser) -> CommentQuerySet:
        """Those that ``viewer`` sees under pictures that they see."""
        # A suspended author is not seen, either.
        comments = self.shown().filter(generation__allows_comments=True, user__suspended_at=None)
        if not viewer.is_authenticated:
            return comments
        hidden = HiddenPerson.objects.hidden_from(viewer.pk)
        # An answer to what is not seen is not understood.
        return comments.exclude(user_id__in=hidden).exclude(parent__user_id__in=hidden)

    def with_author(self) -> CommentQuerySet:
        return self.select_related("user")

    def threads(self) -> CommentQuerySet:
        """Each comment followed by its replies."""
        thread = Coalesce("parent_id", "pk")
        return self.annotate(thread=thread).order_by("thread", "pk")


class Comment(models.Model):
    """A comment on a public picture. A reply has a ``parent``; replies are one level deep."""

    user = models.ForeignKey(User, models.CASCADE, related_name="comments")
    generation = models.ForeignKey(Generation, models.CASCADE, related_name="comments")
    parent = models.ForeignKey(
        "self", models.CASCADE, null=True, blank=True, related_name="replies"
    )
    content = models.CharField(max_length=500)
    hidden_at = models.DateTimeField(
        null=True,
        blank=True,
        editable=False,
        help_text="When it was removed. It is deleted once nobody can appeal any more.",
    )
    created_at = models.DateTimeField(auto_now_add=True)

    objects = CommentQuerySet.as_manager()

    class Meta:
        ordering = ["created_at", "pk"]
        constraints = [
            models.CheckConstraint(name="comment_not_empty", condition=~Q(content="")),
        ]
        indexes = [
            models.Index(name="comment_by_picture", fields=["generation", "created_at", "id"]),
            models.Index(
                name="comment_hidden",
                fields=["hidden_at"],
                condition=Q(hidden_at__isnull=False),
            ),
        ]

    def __str__(self) -> str:
        return f"comment {self.pk}"
