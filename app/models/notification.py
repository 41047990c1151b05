from __future__ import annotations

from collections.abc import Mapping
from datetime import date
from typing import Any, Protocol

from django.db import models
from django.db.models import Func, OuterRef, Q, Subquery, Value
from django.db.models.functions import Coalesce
from django.utils.translation import gettext_noop as _

from app.models.user import User
from protocol.previews import smallest


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
    SALES = "sales", "Sales of a day"
    LICENCE_REFUNDED = "licence_refunded", "Picture refunded by our staff"
    LICENCE_REVOKED = "licence_revoked", "Licence revoked by our staff"
    SALE_REFUNDED = "sale_refunded", "Sale refunded by our staff"
    SALE_REVOKED = "sale_revoked", "Licence of a sale revoked by our staff"
    COPY_REFUSED = "copy_refused", "Picture too near to a work"
    WEBHOOK_DISABLED = "webhook_disabled", "Webhook switched off"
    WORKS_HELD = "works_held", "Works wait for our staff"
    WORKS_ALLOWED = "works_allowed", "Works may be trained on"
    WORKS_REFUSED = "works_refused", "Works refused by our staff"
    SIGNATURE_UNSEEN = "signature_unseen", "Signature too faint to be drawn"
    ORDER_ENDED = "order_ended", "Order of several pictures ended"
    PAYOUT_PAID = "payout_paid", "Payout arrived"
    PAYOUT_FAILED = "payout_failed", "Payout came back"
    FEE_CHANGED = "fee_changed", "Our fee changes"
    PICTURE_RATED = "picture_rated", "Picture rated mature"
    PICTURE_CLEARED = "picture_cleared", "Picture rated for everybody"
    IMAGE_TAKEN = "image_taken", "Profile picture or signature held"
    IMAGE_BACK = "image_back", "Profile picture or signature shown again"
    IMAGE_REFUSED = "image_refused", "Profile picture or signature refused"
    STYLE_HELD = "style_held", "Style put on hold by our staff"
    COMMENT_RESTORED = "comment_restored", "Comment shown again"
    WARNED = "warned", "Warned by our staff"
    ACCOUNT_SUSPENDED = "account_suspended", "Account suspended"
    ACCOUNT_RESTORED = "account_restored", "Account no longer suspended"
    LICENCE_RESTORED = "licence_restored", "Licence valid again"
    APPEAL_GRANTED = "appeal_granted", "Appeal granted"
    APPEAL_DENIED = "appeal_denied", "Appeal denied"
    REPORT_DECIDED = "report_decided", "A report of yours was decided on"
    PURCHASE_FAILED = "purchase_failed", "Payment did not go through"
    PURCHASE_REFUNDED = "purchase_refunded", "Purchase refunded"
    REFUND_FAILED = "refund_failed", "Refund came back"
    PURCHASE_DISPUTED = "purchase_disputed", "Payment disputed"
    DISPUTE_ENDED = "dispute_ended", "Dispute decided"
    EXPORT_READY = "export_ready", "Export of one's data ready"


def ngettext_noop(one: str, many: str) -> tuple[str, str]:
    """Marks both forms for the catalogues."""
    return one, many


# What is said of each, in English; the site translates these.
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
    NotificationType.ORDER_ENDED: _("All %(count)s pictures of your order are ready."),
    "order_short": _(
        "Ready: %(ready)s of the %(count)s pictures of your order. You got %(refunded)s tokens back"
        " for the others."
    ),
    NotificationType.PICTURE_HIDDEN: _(
        "Our staff has hidden your picture. Only you can see it. Reason: %(why)s"
    ),
    NotificationType.PICTURE_SHOWN: _("You may publish your picture again. Reason: %(why)s"),
    "picture_public": _("Your picture is public again. Reason: %(why)s"),
    NotificationType.STYLE_WITHDRAWN: _(
        "Our staff has withdrawn your style %(name)s. Nobody can order from it. Reason: %(why)s"
    ),
    NotificationType.STYLE_RESTORED: _(
        "Our staff has restored your style %(name)s: it is as you left it. Reason: %(why)s"
    ),
    NotificationType.COMMENT_REMOVED: _("Our staff has removed your comment. Reason: %(why)s"),
    NotificationType.COMMENT_RESTORED: _(
        "Our staff has restored your comment: everybody can read it again. Reason: %(why)s"
    ),
    NotificationType.STYLE_HELD: _(
        "Our staff has put your style %(name)s on hold: nobody can order from it, and what it"
        " earned is paid out once it is decided on. Reason: %(why)s"
    ),
    NotificationType.WARNED: _("Our staff warns you. Reason: %(why)s"),
    NotificationType.ACCOUNT_SUSPENDED: _("Our staff has suspended your account. Reason: %(why)s"),
    "suspended_until": _("Our staff has suspended your account until %(until)s. Reason: %(why)s"),
    NotificationType.ACCOUNT_RESTORED: _("Your account is no longer suspended. Reason: %(why)s"),
    NotificationType.LICENCE_RESTORED: _(
        "The licence of your picture in the style %(name)s is valid again. Reason: %(why)s"
    ),
    NotificationType.APPEAL_GRANTED: _("Your appeal was granted. Our answer: %(why)s"),
    NotificationType.APPEAL_DENIED: _("Your appeal was denied. Our answer: %(why)s"),
    NotificationType.REPORT_DECIDED: _("Our staff has decided on what you reported."),
    NotificationType.LICENCE_REFUNDED: _(
        "Our staff has refunded your picture in the style %(name)s: you got %(cost)s tokens back,"
        " and its licence is no longer valid. Reason: %(why)s"
    ),
    NotificationType.LICENCE_REVOKED: _(
        "Our staff has revoked the licence of your picture in the style %(name)s. Reason: %(why)s"
    ),
    NotificationType.SALE_REFUNDED: _(
        "Our staff has refunded a picture in your style %(name)s, and its licence is no longer"
        " valid. Taken back from you: %(taken)s tokens. Reason: %(why)s"
    ),
    NotificationType.SALE_REVOKED: _(
        "Our staff has revoked the licence of a picture in your style %(name)s. You keep what you"
        " earned. Reason: %(why)s"
    ),
    "licence_revoked_by_bank": _(
        "The licence of your picture in the style %(name)s was revoked: your bank has taken back"
        " the payment for it."
    ),
    "sale_revoked_by_bank": _(
        "The licence of a picture in your style %(name)s was revoked, for its buyer's bank has"
        " taken back the payment. You keep what you earned."
    ),
    NotificationType.COPY_REFUSED: _(
        "A picture in your style %(name)s came out nearly the same as your work no. %(work)s. It"
        " was not delivered, and its buyer got the tokens back."
    ),
    NotificationType.WEBHOOK_DISABLED: _(
        "Your webhook %(url)s is switched off: it said that it is gone, or failed for five days."
        " The log of its deliveries says more."
    ),
    NotificationType.SIGNATURE_UNSEEN: _(
        "There is too little to see of your signature, so your name is set in type on new pictures."
        " Upload one that is larger, or in stronger ink."
    ),
    NotificationType.PAYOUT_PAID: _("Your payout of %(money)s has arrived at your bank."),
    "payout_test": _("Your payout of %(money)s was made by the test gateway: no money was moved."),
    NotificationType.PAYOUT_FAILED: _(
        "Your payout of %(money)s came back, and you have the %(amount)s tokens again. Reason:"
        " %(reason)s"
    ),
    NotificationType.EXPORT_READY: _(
        "The file with all that we keep of you is ready. You can fetch it for a week."
    ),
    NotificationType.FEE_CHANGED: _(
        "Our fee changes from %(before)s %% to %(percent)s %% on %(day)s. Of a picture that costs"
        " 100 tokens, you will earn %(share)s."
    ),
    NotificationType.PURCHASE_FAILED: _(
        "Your payment of %(money)s did not go through. You have paid nothing, and have no tokens"
        " for it."
    ),
    NotificationType.PURCHASE_REFUNDED: _(
        "You get %(money)s back for %(amount)s tokens. It takes some days to your bank."
    ),
    NotificationType.REFUND_FAILED: _(
        "Your refund of %(money)s did not arrive, so you have the %(amount)s tokens again."
    ),
    "refund_failed_again": _(
        "Your refund of %(money)s did not arrive, so you have the %(amount)s tokens again. You may"
        " ask for it again until %(again_until)s."
    ),
    "refund_refused": _(
        "Your refund of %(money)s was refused by the payment provider, so you have the %(amount)s"
        " tokens again."
    ),
    NotificationType.PURCHASE_DISPUTED: _(
        "Your bank disputes %(money)s that you paid. As many of your bought tokens as that paid for"
        " were taken back, also those of other purchases, and you cannot spend any until it is"
        " decided."
    ),
    NotificationType.DISPUTE_ENDED: _(
        "The dispute of your payment of %(money)s is over: the payment stands. What was taken back"
        " is yours again."
    ),
    "dispute_won_late": _(
        "The dispute of your payment of %(money)s is over: the payment stands. What was taken back"
        " is yours again, but licences that were revoked for it stay revoked. Our staff has been"
        " told."
    ),
    "dispute_lost": _(
        "The dispute of your payment of %(money)s is over: your bank has given you the money back."
    ),
    NotificationType.WORKS_HELD: _(
        "Works of your style %(name)s are nearly the same as works of other artists, or as pictures"
        " made here in their styles: no. %(works)s. It is trained once our staff has looked at it."
        " You may upload other works instead."
    ),
    "works_nude": _(
        "A check by machine found nudity in works of your style %(name)s, which everybody would"
        " see: no. %(works)s. It is trained once our staff has looked at it. You may upload other"
        " works instead."
    ),
    "hidden_by_check": _("Your picture is hidden. Only you can see it. %(why)s"),
    NotificationType.PICTURE_RATED: _(
        "A check by machine found nudity in your picture in the style %(name)s. If you publish it,"
        " those alone see it who want to see nudity."
    ),
    NotificationType.PICTURE_CLEARED: _(
        "Our staff has looked at your picture: it is for everybody. Reason: %(why)s"
    ),
    NotificationType.IMAGE_TAKEN: _(
        "A check by machine found nudity in your profile picture. It is not shown until our staff"
        " has looked at it. You may upload another one. %(why)s"
    ),
    "signature_taken": _(
        "A check by machine found nudity in your signature. Your name is set in type on new"
        " pictures until our staff has looked at it. You may upload another one. %(why)s"
    ),
    NotificationType.IMAGE_BACK: _(
        "Our staff has looked at your profile picture: it is shown again. Reason: %(why)s"
    ),
    "signature_back": _(
        "Our staff has looked at your signature: it is used again. Reason: %(why)s"
    ),
    NotificationType.IMAGE_REFUSED: _(
        "Our staff has refused your profile picture. You may upload another one. Reason: %(why)s"
    ),
    "signature_refused": _(
        "Our staff has refused your signature. You may upload another one. Reason: %(why)s"
    ),
    NotificationType.WORKS_ALLOWED: _(
        "Our staff has looked at the works of your style %(name)s: it is trained now. Reason:"
        " %(why)s"
    ),
    NotificationType.WORKS_REFUSED: _(
        "Our staff has refused the works of your style %(name)s. You may upload other works."
        " Reason: %(why)s"
    ),
}


# A parameter that is set chooses other words; of ``{kind}``, those of the type.
OTHER_WORDS = {
    "is_reply": "reply",
    "is_short": "order_short",
    "is_test": "payout_test",
    "is_nude": "works_nude",
    "is_check": "hidden_by_check",
    "is_public": "picture_public",
    **{f"signature_{what}": f"signature_{what}" for what in ("taken", "back", "refused")},
    "until": "suspended_until",
    "by_bank": "{kind}_by_bank",
    "is_revoked": "dispute_won_late",
    "is_lost": "dispute_lost",
    "again_until": "refund_failed_again",
    "is_refused": "refund_refused",
}

# What is said where several people did the same to one thing, or of several pictures.
WORDS_OF_SEVERAL: dict[str, tuple[str, str]] = {
    NotificationType.LIKE: ngettext_noop(
        "%(who)s and %(others)s other like your picture.",
        "%(who)s and %(others)s others like your picture.",
    ),
    NotificationType.FOLLOW: ngettext_noop(
        "%(who)s and %(others)s other follow you.",
        "%(who)s and %(others)s others follow you.",
    ),
    NotificationType.GENERATION_COMPLETE: ngettext_noop(
        "%(count)s picture is ready.", "%(count)s pictures are ready."
    ),
}
WORDS_OF_SALES = ngettext_noop(
    "You sold %(count)s picture on %(day)s and earned %(earned)s tokens: %(styles)s.",
    "You sold %(count)s pictures on %(day)s and earned %(earned)s tokens: %(styles)s.",
)
# The other styles of a day are in the parameters alone.
STYLES_NAMED = 5


class Language(Protocol):
    def gettext(self, text: str, /) -> str: ...

    def ngettext(self, one: str, many: str, number: int, /) -> str: ...

    def day(self, day: date, /) -> str: ...


class _English:
    def gettext(self, text: str) -> str:
        return text

    def ngettext(self, one: str, many: str, number: int) -> str:
        return one if number == 1 else many

    def day(self, day: date) -> str:
        return day.isoformat()


ENGLISH = _English()


def words_of(
    kind: str,
    parameters: Mapping[str, Any],
    who: str = "",
    other_count: int = 0,
    language: Language = ENGLISH,
) -> str:
    """What a notification says to its reader."""
    said = {**parameters, "who": who}
    if kind == NotificationType.SALES:
        sentence = language.ngettext(*WORDS_OF_SALES, said["count"])
        said["day"] = language.day(date.fromisoformat(said["day"]))
        said["styles"] = _styles_sold(said["styles"])
    elif other_count:
        said |= {"others": other_count, "count": other_count + 1}
        counted = "count" if kind == NotificationType.GENERATION_COMPLETE else "others"
        sentence = language.ngettext(*WORDS_OF_SEVERAL[kind], said[counted])
    else:
        other = next((words for name, words in OTHER_WORDS.items() if said.get(name)), kind)
        sentence = language.gettext(WORDS[other.format(kind=kind)])
        for moment in said.keys() & {"day", "until", "again_until"}:
            said[moment] = language.day(date.fromisoformat(said[moment]))
    return (sentence % said).strip()


def words_or(message: str, kind: str, *told: Any) -> str:
    """``words_of`` a notification, or its ``message`` as it was written: while this version runs
    beside the one after it, that may write kinds and parameters that this one does not know."""
    try:
        return words_of(kind, *told)
    except (LookupError, TypeError, ValueError):
        return message


def _styles_sold(styles: list[dict[str, Any]]) -> str:
    """ "Fog (2), Ink (1)"; of one style the name alone, since its number is that of the day."""
    if len(styles) == 1:
        return str(styles[0]["name"])
    named = [f"{style['name']} ({style['count']})" for style in styles[:STYLES_NAMED]]
    return ", ".join([*named, "…"] if len(styles) > STYLES_NAMED else named)


class TargetType(models.TextChoices):
    STYLE = "style", "Style"
    IMAGE = "image", "Picture"
    USER = "user", "User"
    ORDER = "order", "Order"


# What a notification is about: the storage key of its smallest preview, and its words.
Subject = tuple[str, str]


def subject_of(found: str | None) -> Subject:
    """Of what ``with_subject`` has annotated; "" where there is nothing."""
    preview, _, words = (found or "").partition("\n")
    return smallest(preview), words


def _shown(found: models.QuerySet[Any], preview: str, words: Any) -> Subquery:
    """Preview and words of the target, in one text: a subquery has one column, and the driver takes
    longer for arrays."""
    texts = (Value("\n"), preview, words)
    shown = Func(*texts, function="concat_ws", output_field=models.TextField())
    return Subquery(found.values_list(shown))


# Said to the server itself: of a parameter it doesn't know that notification_outcome_once has it.
_READY = Func(template=f"'{NotificationType.GENERATION_COMPLETE}'", output_field=models.CharField())


class NotificationQuerySet(models.QuerySet["Notification"]):
    def of(self, user: User | int) -> NotificationQuerySet:
        """One for each group, newest first."""
        mine = self.filter(recipient=user, is_folded=False)
        return mine.select_related("actor").order_by("-created_at", "-pk")

    def of_range(self, user_id: int) -> NotificationQuerySet:
        """``of``, planned once for all users: the server takes a range for many rows, and reads the
        index in its order. With "=" it would sort, since most users have few."""
        mine = self.filter(recipient__gte=user_id, recipient__lte=user_id, is_folded=False)
        return mine.select_related("actor").order_by("recipient", "-created_at", "-pk")

    def about(self, target_type: str, target_id: Any) -> NotificationQuerySet:
        return self.filter(target_type=target_type, target_id=target_id, is_folded=False)

    def about_order_of(self, picture_id: Any) -> NotificationQuerySet:
        """Of the order of several pictures that this one is of."""
        from app.models.generation import Generation

        order = Generation.objects.filter(pk=picture_id).order_by().values("order_id")
        return self.about(TargetType.ORDER, Subquery(order))

    def folded_as_ready(self, picture_id: Any) -> NotificationQuerySet:
        """That a picture is ready, where an unread group says so."""
        group = self.model.objects.unread().filter(type=_READY, other_count__gt=0)
        speaker = group.filter(
            recipient=OuterRef("recipient"), created_at__gte=OuterRef("created_at")
        )
        about = {"target_id": picture_id, "type": _READY, "is_folded": True}
        return self.filter(models.Exists(speaker), **about)

    def with_subject(self) -> NotificationQuerySet:
        """Annotate ``subject``, for ``subject_of``: null where the reader may not see the target
        (any more)."""
        from app.models.generation import Generation, GenerationStatus, prompt_in_full
        from app.models.reads.compiled import Viewer
        from app.models.style import Style

        recipient: Any = OuterRef("recipient_id")
        reader: Any = Viewer(recipient, is_authenticated=True, is_artist=True)
        pictures = Generation.objects.visible_to(reader)
        words = prompt_in_full()
        styles, users = Style.objects.visible_to(reader), User.objects.shown()
        target = OuterRef("target_id")
        one = {"pk": target}
        # An order is shown by its first picture that is ready.
        ready = pictures.filter(order=target, status=GenerationStatus.COMPLETED)
        first = ready.order_by("pk")[:1]
        nothing = Value("\n")
        shown = {
            TargetType.IMAGE: _shown(pictures.filter(**one).order_by(), "preview_path", words),
            TargetType.STYLE: _shown(styles.filter(**one).order_by(), "thumbnail", "name"),
            TargetType.USER: _shown(users.filter(**one).order_by(), "profile_image", "username"),
            TargetType.ORDER: Coalesce(_shown(first, "preview_path", words), nothing),
        }
        whens = [models.When(target_type=kind, then=found) for kind, found in shown.items()]
        subject = models.Case(*whens, output_field=models.TextField())
        return self.annotate(subject=subject)  # type: ignore[no-redef]

    def with_style_name(self) -> NotificationQuerySet:
        """Annotate ``style_name``: that of the target style, or of the target picture's style."""
        from app.models.generation import Generation
        from app.models.style import Style

        target = OuterRef("target_id")
        return self.annotate(
            style_name=models.Case(
                models.When(
                    target_type=TargetType.STYLE,
                    then=Subquery(Style.objects.filter(pk=target).values("name")),
                ),
                models.When(
                    target_type=TargetType.IMAGE,
                    then=Subquery(Generation.objects.filter(pk=target).values("style__name")),
                ),
            )
        )

    def unread(self) -> NotificationQuerySet:
        return self.filter(is_read=False)


class Notification(models.Model):
    """Something that happened to ``recipient``; the target is the object that it links to.

    Likes of one picture are a group, and so are one's followers, and pictures that were ordered
    one by one and are ready: each is kept, and the newest speaks for all. The others are folded,
    and count as read.
    """

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
    is_folded = models.BooleanField(
        default=False, db_default=False, help_text="A newer one of its group speaks for it."
    )
    other_count = models.PositiveIntegerField(
        default=0, db_default=0, help_text="For how many others of its group it speaks."
    )
    created_at = models.DateTimeField(auto_now_add=True)
    mailed_at = models.DateTimeField(null=True, blank=True, editable=False)

    # Of ``with_subject``.
    subject: str | None

    objects = NotificationQuerySet.as_manager()

    class Meta:
        ordering = ["-created_at", "-pk"]
        constraints = [
            models.CheckConstraint(
                name="notification_not_for_own_acts",
                condition=Q(actor__isnull=True) | ~Q(actor=models.F("recipient")),
            ),
            models.CheckConstraint(
                name="notification_folded_is_read", condition=Q(is_folded=False) | Q(is_read=True)
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
                name="notification_newest",
                fields=["recipient", "-created_at", "-id"],
                include=["is_read"],
                condition=Q(is_folded=False),
            ),
            models.Index(
                name="notification_about",
                fields=["recipient", "target_type", "target_id", "is_read"],
                condition=Q(is_folded=False),
            ),
            models.Index(
                name="notification_unread",
                fields=["recipient", "-created_at", "-id"],
                condition=Q(is_read=False),
            ),
        ]

    def __str__(self) -> str:
        return self.message[:60]


class SalesDay(models.Model):
    """A day of whose sales artists have been notified, or on which that began."""

    day = models.DateField(primary_key=True)
    told_at = models.DateTimeField(auto_now_add=True)

    class Meta:
        ordering = ["-day"]

    def __str__(self) -> str:
        return str(self.day)
