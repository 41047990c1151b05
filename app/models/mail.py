"""What users want to hear of by e-mail."""

from __future__ import annotations

from datetime import timedelta

from django.contrib.postgres.fields import ArrayField
from django.db import models
from django.db.models import Q

from app.models.notification import NotificationType
from app.models.user import User


class MailKind(models.TextChoices):
    MONEY = "money", "Sales, refunds and licences that end"
    MODERATION = "moderation", "What our staff decides about my things"
    PICTURES = "pictures", "My pictures are ready, or failed"
    STYLES = "styles", "My styles are trained, or failed"
    PEOPLE = "people", "Likes, comments and followers"
    SYSTEMS = "systems", "My webhooks"


KIND_OF: dict[str, MailKind] = {
    NotificationType.SALES: MailKind.MONEY,
    NotificationType.LICENCE_REFUNDED: MailKind.MONEY,
    NotificationType.LICENCE_REVOKED: MailKind.MONEY,
    NotificationType.SALE_REFUNDED: MailKind.MONEY,
    NotificationType.SALE_REVOKED: MailKind.MONEY,
    NotificationType.COPY_REFUSED: MailKind.MONEY,
    NotificationType.PAYOUT_PAID: MailKind.MONEY,
    NotificationType.PAYOUT_FAILED: MailKind.MONEY,
    NotificationType.FEE_CHANGED: MailKind.MONEY,
    NotificationType.PURCHASE_FAILED: MailKind.MONEY,
    NotificationType.PURCHASE_REFUNDED: MailKind.MONEY,
    NotificationType.REFUND_FAILED: MailKind.MONEY,
    NotificationType.PURCHASE_DISPUTED: MailKind.MONEY,
    NotificationType.DISPUTE_ENDED: MailKind.MONEY,
    NotificationType.PICTURE_HIDDEN: MailKind.MODERATION,
    NotificationType.PICTURE_SHOWN: MailKind.MODERATION,
    NotificationType.STYLE_WITHDRAWN: MailKind.MODERATION,
    NotificationType.STYLE_RESTORED: MailKind.MODERATION,
    NotificationType.COMMENT_REMOVED: MailKind.MODERATION,
    NotificationType.WORKS_HELD: MailKind.MODERATION,
    NotificationType.WORKS_ALLOWED: MailKind.MODERATION,
    NotificationType.WORKS_REFUSED: MailKind.MODERATION,
    NotificationType.PICTURE_RATED: MailKind.MODERATION,
    NotificationType.PICTURE_CLEARED: MailKind.MODERATION,
    NotificationType.IMAGE_TAKEN: MailKind.MODERATION,
    NotificationType.IMAGE_BACK: MailKind.MODERATION,
    NotificationType.IMAGE_REFUSED: MailKind.MODERATION,
    NotificationType.STYLE_HELD: MailKind.MODERATION,
    NotificationType.COMMENT_RESTORED: MailKind.MODERATION,
    NotificationType.WARNED: MailKind.MODERATION,
    NotificationType.ACCOUNT_SUSPENDED: MailKind.MODERATION,
    NotificationType.ACCOUNT_RESTORED: MailKind.MODERATION,
    NotificationType.LICENCE_RESTORED: MailKind.MONEY,
    NotificationType.APPEAL_GRANTED: MailKind.MODERATION,
    NotificationType.APPEAL_DENIED: MailKind.MODERATION,
    NotificationType.REPORT_DECIDED: MailKind.MODERATION,
    NotificationType.SIGNATURE_UNSEEN: MailKind.STYLES,
    NotificationType.GENERATION_COMPLETE: MailKind.PICTURES,
    NotificationType.GENERATION_FAILED: MailKind.PICTURES,
    NotificationType.ORDER_ENDED: MailKind.PICTURES,
    NotificationType.TRAINING_COMPLETE: MailKind.STYLES,
    NotificationType.TRAINING_FAILED: MailKind.STYLES,
    NotificationType.LIKE: MailKind.PEOPLE,
    NotificationType.COMMENT: MailKind.PEOPLE,
    NotificationType.FOLLOW: MailKind.PEOPLE,
    NotificationType.WEBHOOK_DISABLED: MailKind.SYSTEMS,
    NotificationType.EXPORT_READY: MailKind.SYSTEMS,
}
# Sent within minutes, and to everybody who has not switched them off.
PROMPT = (MailKind.MONEY, MailKind.MODERATION)


class MailRhythm(models.TextChoices):
    HOUR = "hour", "At most once an hour"
    DAY = "day", "At most once a day"


RHYTHMS: dict[str, timedelta] = {
    MailRhythm.HOUR: timedelta(hours=1),
    MailRhythm.DAY: timedelta(days=1),
}


def prompt_kinds() -> list[str]:
    return [kind.value for kind in PROMPT]


class MailPreference(models.Model):
    """What a user is mailed, and when next. Who has no row gets what is PROMPT.

    Nothing is written here for other notifications: who wants them is looked at once a day, or once
    an hour.
    """

    user = models.OneToOneField(User, models.CASCADE, primary_key=True, related_name="mail")
    kinds = ArrayField(
        models.CharField(max_length=10, choices=MailKind.choices),
        default=prompt_kinds,
        blank=True,
    )
    rhythm = models.CharField(
        max_length=4, choices=MailRhythm.choices, default=MailRhythm.DAY, db_default="day"
    )
    language = models.CharField(
        max_length=10,
        blank=True,
        default="",
        db_default="",
        help_text="Empty: the language of the site.",
    )
    since = models.DateTimeField(
        null=True, blank=True, help_text="What happened before is not mailed."
    )
    due_at = models.DateTimeField(
        null=True,
        blank=True,
        help_text="When to look for news. Who sends puts it off meanwhile.",
    )
    sent_at = models.DateTimeField(null=True, blank=True)
    failure_count = models.PositiveSmallIntegerField(default=0, db_default=0)
    refused = models.CharField(
        max_length=300,
        blank=True,
        default="",
        db_default="",
        help_text="What the mail server said about the address; nothing is sent there any more.",
    )

    class Meta:
        ordering = ["pk"]
        indexes = [
            models.Index(
                name="mail_due", fields=["due_at"], condition=Q(due_at__isnull=False, refused="")
            ),
        ]

    def __str__(self) -> str:
        return f"mail of user {self.user_id}"

    @property
    def wants_digests(self) -> bool:
        return not set(self.kinds) <= set(PROMPT)
