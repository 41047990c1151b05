from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from django.db import models
from django.db.models import Q
from django.utils.translation import gettext_noop as _

from app.models.user import User


class NotificationType(models.TextChoices):
    LIKE = "like", "Like"
    COMMENT = "comment", "Comment"
    FOLLOW = "follow", "New follower"
    TRAINING_COMPLETE = "training_complete", "Style ready"
    TRAINING_FAILED = "training_failed", "Training failed"
    GENERATION_COMPLETE = "generation_complete", "Picture ready"
    GENERATION_FAILED = "generation_failed", "Picture failed"
    PICTURE_HIDDEN = "picture_hidden", "Picture hidden by our staff"
    PICTURE_SHOWN = "picture_shown", "Picture may be shown again"
    STYLE_WITHDRAWN = "style_withdrawn", "Style withdrawn by our staff"
    STYLE_RESTORED = "style_restored", "Style restored"
    COMMENT_REMOVED = "comment_removed", "Comment removed by our staff"


# What is said of each, in English; the site translates these. "reply" is a kind of comment.
WORDS: dict[str, str] = {
    NotificationType.LIKE: _("%(who)s likes your picture."),
    NotificationType.COMMENT: _("%(who)s commented on your picture: %(said)s"),
    "reply": _("%(who)s replied to your comment: %(said)s"),
    NotificationType.FOLLOW: _("%(who)s follows you."),
    NotificationType.TRAINING_COMPLETE: _("Your style model %(name)s is ready!"),
    NotificationType.TRAINING_FAILED: _("Training failed for %(name)s. %(reason)s"),
    NotificationType.GENERATION_COMPLETE: _("Your picture in the style %(name)s is ready."),
    NotificationType.GENERATION_FAILED: _(
        "Your picture in the style %(name)s could not be made; %(cost)s tokens were refunded."
        " %(reason)s"
    ),
    NotificationType.PICTURE_HIDDEN: _(
        "Our staff has hidden your picture. Only you can see it. Reason: %(why)s"
    ),
    NotificationType.PICTURE_SHOWN: _("You may publish your picture again. Reason: %(why)s"),
    NotificationType.STYLE_WITHDRAWN: _(
        "Our staff has withdrawn your style %(name)s. Nobody can order from it. Reason: %(why)s"
    ),
    NotificationType.STYLE_RESTORED: _(
        "Your style %(name)s can be ordered from again. Reason: %(why)s"
    ),
    NotificationType.COMMENT_REMOVED: _("Our staff has removed your comment. Reason: %(why)s"),
}


def words_of(kind: str, parameters: Mapping[str, Any], who: str = "") -> tuple[str, dict[str, Any]]:
    """The English sentence of a notification, and what to fill in."""
    said = {**parameters, "who": who}
    return WORDS["reply" if said.get("is_reply") else kind], said


class TargetType(models.TextChoices):
    STYLE = "style", "Style"
    IMAGE = "image", "Picture"
    USER = "user", "User"


class NotificationQuerySet(models.QuerySet["Notification"]):
    def of(self, user: User | int) -> NotificationQuerySet:
        return self.filter(recipient=user).select_related("actor").order_by("-created_at", "-pk")

    def with_style_name(self) -> NotificationQuerySet:
        """Annotate ``style_name``: that of the target style, or of the target picture's style."""
        from app.models.generation import Generation
        from app.models.style import Style

        target = models.OuterRef("target_id")
        return self.annotate(
            style_name=models.Case(
                models.When(
                    target_type=TargetType.STYLE,
                    then=models.Subquery(Style.objects.filter(pk=target).values("name")),
                ),
                models.When(
                    target_type=TargetType.IMAGE,
                    then=models.Subquery(
                        Generation.objects.filter(pk=target).values("style__name")
                    ),
                ),
            )
        )

    def unread(self) -> NotificationQuerySet:
        return self.filter(is_read=False)


class Notification(models.Model):
    """Something that happened to ``recipient``; the target is the object that it links to."""

    recipient = models.ForeignKey(User, models.CASCADE, related_name="notifications")
    actor = models.ForeignKey(
        User, models.SET_NULL, null=True, blank=True, related_name="caused_notifications"
    )
    type = models.CharField(max_length=20, choices=NotificationType.choices)
    message = models.CharField(max_length=1200)
    parameters = models.JSONField(null=True, help_text="What the words are made of when read.")
    target_type = models.CharField(max_length=10, choices=TargetType.choices, blank=True)
    target_id = models.BigIntegerField(null=True, blank=True)
    is_read = models.BooleanField(default=False)
    created_at = models.DateTimeField(auto_now_add=True)

    objects = NotificationQuerySet.as_manager()

    class Meta:
        ordering = ["-created_at", "-pk"]
        constraints = [
            models.CheckConstraint(
                name="notification_not_for_own_acts",
                condition=Q(actor__isnull=True) | ~Q(actor=models.F("recipient")),
            ),
            # Like, unlike and like again: the owner is notified once.
            models.UniqueConstraint(
                name="notification_like_once",
                fields=["recipient", "actor", "target_type", "target_id"],
                condition=Q(type="like"),
            ),
            models.UniqueConstraint(
                name="notification_follow_once",
                fields=["recipient", "actor"],
                condition=Q(type="follow"),
            ),
            models.UniqueConstraint(
                name="notification_outcome_once",
                fields=["recipient", "target_id"],
                condition=Q(type__in=["generation_complete", "generation_failed"]),
            ),
        ]
        indexes = [
            # Counting unread notifications reads only this index.
            models.Index(
                name="notification_of_recipient",
                fields=["recipient", "-created_at", "-id"],
                include=["is_read"],
            ),
            models.Index(
                name="notification_unread",
                fields=["recipient", "-created_at", "-id"],
                condition=Q(is_read=False),
            ),
        ]

    def __str__(self) -> str:
        return self.message[:60]
