"""What was decided, by whom and why; what its owner was told; and what became of an appeal.

Decisions and statements are written once: a trigger refuses changes. A correction is a new
decision.
"""

from __future__ import annotations

from datetime import datetime

from django.db import models
from django.db.models import F, Q
from django.utils.translation import gettext_noop as _

from app.exceptions import NotFound
from app.models.case import ModerationCase, ThingKind
from app.models.generation import Generation, Visibility
from app.models.user import User


class Action(models.TextChoices):
    HIDE = "hide", _("Picture hidden")
    REMOVE = "remove", _("Comment removed")
    HOLD = "hold", _("Style on hold")
    WITHDRAW = "withdraw", _("Style withdrawn")
    REVOKE = "revoke", _("Licence revoked")
    REFUND = "refund", _("Picture refunded")
    REVIEW = "review", _("Works held for review")
    REFUSE = "refuse", _("Works refused")
    RATE = "rate", _("Rated")
    TAKE = "take", _("Profile picture or signature taken down")
    WARN = "warn", _("Warned")
    SUSPEND = "suspend", _("Account suspended")
    RESTORE = "restore", _("Restored")
    ALLOW = "allow", _("Works allowed")
    PARDON = "pardon", _("Taken back")
    DISMISS = "dismiss", _("Nothing to do")


# These restrict nobody, so nobody is owed a statement of reasons.
FREE = frozenset({Action.RESTORE, Action.ALLOW, Action.PARDON, Action.DISMISS})
# The last of these says whether a thing is restricted.
TAKING = frozenset(
    {Action.HIDE, Action.REMOVE, Action.HOLD, Action.WITHDRAW, Action.REVOKE, Action.REFUND}
    | {Action.SUSPEND}
)


class Ground(models.TextChoices):
    """Why: a law, or a rule of this site (``/about/moderation`` has them in full)."""

    COPYRIGHT = "copyright", _("Copyright (DMCA § 512(c), DSA Art. 16)")
    LIKENESS = "likeness", _("Rights in a name or likeness")
    MINORS = "minors", _("Abuse of children (against the law everywhere)")
    ILLEGAL = "illegal", _("Other content that is against the law")
    SEXUAL = "sexual", _("Rule: sexual content is not shown")
    HATE = "hate", _("Rule: no hatred of people for who they are")
    HARASSMENT = "harassment", _("Rule: nobody is harassed")
    VIOLENCE = "violence", _("Rule: no cruelty, no threats")
    SPAM = "spam", _("Rule: no spam")
    RULES = "rules", _("Rule: another rule of this site")
    FRAUD = "fraud", _("Payment: fraud or a chargeback")
    MISTAKE = "mistake", _("A mistake of ours")
    APPEAL = "appeal", _("An appeal was granted")
    NONE = "none", _("No rule and no law is broken")


class StatementQuerySet(models.QuerySet["Statement"]):
    def of(self, user: User) -> StatementQuerySet:
        """Those that ``user`` was given, newest first, with what they are of."""
        mine = self.filter(recipient=user).select_related("decision", "decision_of_sale", "appeal")
        return mine.order_by("-created_at", "-pk")

    def one_of(self, user: User, statement_id: int) -> Statement:
        """Raises NotFound for another user's."""
        found = self.of(user).filter(pk=statement_id).first()
        if found is None:
            raise NotFound("You have no such statement.")
        return found


class Statement(models.Model):
    """A statement of reasons (DSA Art. 17): what was decided about somebody's thing, on what facts
    and ground, whether a machine did, what follows for money, and until when one may appeal."""

    recipient = models.ForeignKey(User, models.PROTECT, related_name="statements", db_index=False)
    kind = models.CharField(max_length=10, choices=ThingKind.choices)
    thing_id = models.BigIntegerField()
    action = models.CharField(max_length=10, choices=Action.choices)
    ground = models.CharField(max_length=12, choices=Ground.choices)
    facts = models.CharField(max_length=2000, help_text="The words of who decided.")
    is_automated = models.BooleanField(default=False)
    money = models.JSONField(
        default=dict,
        help_text="What follows for money: effect (none, held, refunded, taken_back) and tokens.",
    )
    appeal_until = models.DateTimeField()
    created_at = models.DateTimeField()

    objects = StatementQuerySet.as_manager()

    class Meta:
        ordering = ["-created_at", "-pk"]
        default_permissions = ("view",)
        constraints = [
            models.CheckConstraint(name="statement_has_facts", condition=~Q(facts="")),
        ]
        indexes = [
            models.Index(name="statement_by_recipient", fields=["recipient", "-created_at", "-id"])
        ]

    def __str__(self) -> str:
        return f"statement {self.pk}"

    @property
    def of_decision(self) -> Decision:
        """The decision that it gives reasons for."""
        found: Decision | None = getattr(self, "decision", None)
        return found or self.decision_of_sale

    @property
    def suspended_until(self) -> datetime | None:
        """How long a suspension lasts. None: for good, or this is of another decision."""
        until = self.of_decision.after.get("suspended_until")
        return datetime.fromisoformat(until) if until else None


class DecisionQuerySet(models.QuerySet["Decision"]):
    def about(self, kind: str, thing_id: int) -> DecisionQuerySet:
        """What was decided about one thing, newest first."""
        return self.filter(kind=kind, thing_id=thing_id).order_by("-pk")

    def concerning(self, user_id: int) -> DecisionQuerySet:
        """The history of an account, newest first."""
        return self.filter(subject_id=user_id).order_by("-pk")

    def answer(self) -> Decision | None:
        """Of some decisions, newest first, the one that whoever reported is told. A warning
        besides, and what an appeal takes back of that, are none if there is another."""
        return self.exclude(action__in=[Action.WARN, Action.PARDON]).first() or self.first()

    def review(self, style_id: int) -> Decision | None:
        """The latest by which a check has held the works of a style; None of what a version before
        this one has held."""
        return self.about(ThingKind.STYLE, style_id).filter(action=Action.REVIEW).first()

    def restriction(self, kind: str, thing_id: int) -> Decision | None:
        """What restricts the thing now, if anything does. A revocation that was taken back does
        not: what restricted the thing before it does again."""
        valid_again = self.model._default_manager.filter(
            reverses=models.OuterRef("pk"), action=Action.PARDON, after__has_key="licence"
        )
        moves = self.about(kind, thing_id).filter(
            ~models.Exists(valid_again), action__in=[*TAKING, Action.RESTORE]
        )
        last = moves.first()
        return last if last is not None and last.action != Action.RESTORE else None

    def returning(self, user_id: int) -> set[int]:
        """The pictures that are public again once a suspended account is not any more, unless they
        are hidden then: what the suspension made private, and what was given back since."""
        suspended = self.restriction(ThingKind.PROFILE, user_id)
        if suspended is None:
            return set()
        of_user = self.concerning(user_id).filter(kind=ThingKind.PICTURE, pk__gt=suspended.pk)
        given_back = of_user.filter(after__has_key="returns").values_list("thing_id", flat=True)
        return {*suspended.before.get("public_pictures", ()), *given_back}

    def visibility_of(self, picture: Generation) -> str:
        """What a picture has, or would have if its owner was not suspended: a decision about it
        notes that as what was before."""
        if picture.visibility == Visibility.PUBLIC:
            return Visibility.PUBLIC
        returns = picture.pk in self.returning(picture.user_id)
        return Visibility.PUBLIC if returns else picture.visibility


class Decision(models.Model):
    """The audit entry of an act: who, what, when, why, before and after. Never changed."""

    case = models.ForeignKey(ModerationCase, models.PROTECT, related_name="decisions")
    kind = models.CharField(max_length=10, choices=ThingKind.choices)
    thing_id = models.BigIntegerField()
    subject = models.ForeignKey(User, models.PROTECT, related_name="+", db_index=False)
    action = models.CharField(max_length=10, choices=Action.choices)
    ground = models.CharField(max_length=12, choices=Ground.choices)
    words = models.CharField(max_length=2000)
    is_automated = models.BooleanField(default=False)
    # Null: a machine, or a process of a version that wrote no decisions.
    staff = models.ForeignKey(
        User, models.PROTECT, null=True, blank=True, related_name="+", db_index=False
    )
    second = models.ForeignKey(
        User,
        models.PROTECT,
        null=True,
        blank=True,
        related_name="+",
        db_index=False,
        help_text="Who confirmed what takes two people.",
    )
    before = models.JSONField(default=dict)
    after = models.JSONField(default=dict)
    evidence = models.JSONField(null=True, blank=True, help_text="Of a check by machine.")
    statement = models.OneToOneField(
        Statement, models.PROTECT, null=True, blank=True, related_name="decision"
    )
    # Where two lose something: the buyer a licence, and the artist what the sale earned.
    statement_to_artist = models.OneToOneField(
        Statement, models.PROTECT, null=True, blank=True, related_name="decision_of_sale"
    )
    reverses = models.ForeignKey(
        "self", models.PROTECT, null=True, blank=True, related_name="reversed_by"
    )
    created_at = models.DateTimeField()

    objects = DecisionQuerySet.as_manager()

    class Meta:
        ordering = ["-created_at", "-pk"]
        default_permissions = ("view",)
        constraints = [
            models.CheckConstraint(
                name="decision_restriction_has_statement",
                condition=Q(action__in=["restore", "allow", "pardon", "dismiss"])
                | Q(statement__isnull=False),
            ),
            models.CheckConstraint(
                name="decision_automated_has_no_staff",
                condition=Q(is_automated=False) | Q(staff__isnull=True, second__isnull=True),
            ),
            models.CheckConstraint(
                name="decision_revocation_by_two",
                condition=~Q(action="revoke")
                | Q(is_automated=True)
                | Q(staff__isnull=False, second__isnull=False) & ~Q(second=F("staff")),
            ),
            models.CheckConstraint(name="decision_has_words", condition=~Q(words="")),
        ]
        indexes = [
            models.Index(name="decision_of_thing", fields=["kind", "thing_id", "-id"]),
            models.Index(name="decision_of_subject", fields=["subject", "-id"]),
            models.Index(name="decision_by_time", fields=["created_at"]),
        ]

    def __str__(self) -> str:
        return f"{self.action} {self.kind} {self.thing_id}"

    @property
    def statement_ids(self) -> tuple[int | None, int | None]:
        """Of whom it concerns, and of the artist."""
        return self.statement_id, self.statement_to_artist_id


class Proposal(models.Model):
    """An act that takes two people, proposed by one and not confirmed yet."""

    case = models.ForeignKey(ModerationCase, models.PROTECT, related_name="proposals")
    ground = models.CharField(max_length=12, choices=Ground.choices)
    words = models.CharField(max_length=2000)
    with_refund = models.BooleanField(default=False)
    proposed_by = models.ForeignKey(User, models.PROTECT, related_name="+", db_index=False)
    created_at = models.DateTimeField()
    ended_at = models.DateTimeField(null=True, blank=True)

    class Meta:
        ordering = ["-created_at", "-pk"]
        default_permissions = ("view",)
        constraints = [
            models.UniqueConstraint(
                name="proposal_open_once", fields=["case"], condition=Q(ended_at__isnull=True)
            ),
        ]

    def __str__(self) -> str:
        return f"proposal {self.pk}"


class AppealState(models.TextChoices):
    OPEN = "open", _("Waits for an answer")
    GRANTED = "granted", _("Granted")
    DENIED = "denied", _("Denied")


class AppealQuerySet(models.QuerySet["Appeal"]):
    def against(self, decision: Decision | None) -> AppealQuerySet:
        """Those that wait against a decision: whoever judges one decides again."""
        if decision is None:
            return self.none()
        return self.filter(statement=decision.statement_id, state=AppealState.OPEN)

    def queue(self) -> AppealQuerySet:
        """Those that wait, oldest first, with what they are against."""
        waiting = self.filter(state=AppealState.OPEN)
        return waiting.select_related("statement__recipient").order_by("created_at", "pk")


class Appeal(models.Model):
    """What whom a decision concerns says against it: once, and judged by somebody else.

    A counter-notice (DMCA 512(g)(3)) is an appeal with a name, an address and a signature under the
    statements that the law asks for.
    """

    statement = models.OneToOneField(Statement, models.PROTECT, related_name="appeal")
    words = models.CharField(max_length=2000)
    is_counter_notice = models.BooleanField(default=False)
    name = models.CharField(max_length=200, blank=True)
    address = models.CharField(max_length=500, blank=True)
    signature = models.CharField(max_length=200, blank=True)
    state = models.CharField(max_length=10, choices=AppealState.choices, default=AppealState.OPEN)
    # Who decided before. They are copied here so that the database can compare.
    first = models.ForeignKey(
        User, models.PROTECT, null=True, blank=True, related_name="+", db_index=False
    )
    second = models.ForeignKey(
        User, models.PROTECT, null=True, blank=True, related_name="+", db_index=False
    )
    judge = models.ForeignKey(
        User, models.PROTECT, null=True, blank=True, related_name="+", db_index=False
    )
    answer = models.CharField(max_length=2000, blank=True)
    created_at = models.DateTimeField()
    decided_at = models.DateTimeField(null=True, blank=True)

    objects = AppealQuerySet.as_manager()

    class Meta:
        ordering = ["-created_at", "-pk"]
        default_permissions = ("view",)
        constraints = [
            models.CheckConstraint(
                name="appeal_judged_by_another",
                condition=Q(judge__isnull=True)
                | (Q(first__isnull=True) | ~Q(first=F("judge")))
                & (Q(second__isnull=True) | ~Q(second=F("judge"))),
            ),
            models.CheckConstraint(
                name="appeal_decided_has_judge",
                condition=Q(state="open", judge__isnull=True, decided_at__isnull=True)
                | Q(state__in=["granted", "denied"], judge__isnull=False)
                & Q(decided_at__isnull=False),
            ),
            models.CheckConstraint(
                name="appeal_counter_notice_is_signed",
                condition=Q(is_counter_notice=False)
                | ~Q(name="") & ~Q(address="") & ~Q(signature=""),
            ),
        ]
        indexes = [
            models.Index(name="appeal_queue", fields=["created_at"], condition=Q(state="open")),
        ]

    def __str__(self) -> str:
        return f"appeal {self.pk}"


class StrikeQuerySet(models.QuerySet["Strike"]):
    def counting(self, user_id: int, now: object) -> StrikeQuerySet:
        """Those of a user that have not expired and were not taken back."""
        return self.filter(user_id=user_id, lifted_at=None, expires_at__gt=now)


class Strike(models.Model):
    """A decision that counts against an account, for a time."""

    user = models.ForeignKey(User, models.PROTECT, related_name="strikes", db_index=False)
    decision = models.OneToOneField(Decision, models.PROTECT, related_name="strike")
    created_at = models.DateTimeField()
    expires_at = models.DateTimeField()
    lifted_at = models.DateTimeField(null=True, blank=True)

    objects = StrikeQuerySet.as_manager()

    class Meta:
        ordering = ["-created_at", "-pk"]
        default_permissions = ("view",)
        constraints = [
            models.CheckConstraint(
                name="strike_expires", condition=Q(expires_at__gt=F("created_at"))
            ),
        ]
        indexes = [
            models.Index(
                name="strike_counting", fields=["user"], condition=Q(lifted_at__isnull=True)
            )
        ]

    def __str__(self) -> str:
        return f"strike of user {self.user_id}"
