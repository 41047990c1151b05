"""What people report, and the cases that our staff decides.

All reports of one thing are one case: however many there are, the desk shows one row.
"""

from __future__ import annotations

from datetime import datetime

from django.contrib.postgres.fields import ArrayField
from django.db import models
from django.db.models import Exists, OuterRef, Q
from django.utils.translation import gettext_noop as _

from app.exceptions import NotFound
from app.models.user import User


class ThingKind(models.TextChoices):
    """What can be reported, and decided on. The id of a profile is its user's."""

    PICTURE = "picture", _("Picture")
    STYLE = "style", _("Style")
    COMMENT = "comment", _("Comment")
    PROFILE = "profile", _("Profile")


class ReportReason(models.TextChoices):
    COPY = "copy", _("A copy of my work")
    LIKENESS = "likeness", _("My name or my likeness")
    SEXUAL = "sexual", _("Sexual content")
    MINORS = "minors", _("Abuse of children")
    HATE = "hate", _("Hate")
    HARASSMENT = "harassment", _("Harassment")
    VIOLENCE = "violence", _("Violence")
    SPAM = "spam", _("Spam")
    OTHER = "other", _("Something else")


# A claim of rights has a name, a contact, the work, two statements and a signature.
CLAIMS = frozenset({ReportReason.COPY, ReportReason.LIKENESS})
# The desk shows the lowest first: 1 is the gravest.
SEVERITY: dict[str, int] = {
    ReportReason.MINORS: 1,
    ReportReason.VIOLENCE: 3,
    ReportReason.HATE: 3,
    ReportReason.HARASSMENT: 3,
    ReportReason.SEXUAL: 4,
    ReportReason.LIKENESS: 4,
    ReportReason.COPY: 5,
    ReportReason.OTHER: 7,
    ReportReason.SPAM: 8,
}
LEAST_SEVERE = 9


class CaseState(models.TextChoices):
    OPEN = "open", _("Open")
    DECIDED = "decided", _("Decided")


class CaseQuerySet(models.QuerySet["ModerationCase"]):
    def open(self) -> CaseQuerySet:
        return self.filter(state=CaseState.OPEN)

    def queue(self) -> CaseQuerySet:
        """The desk's: what is worst first, then what has waited longest."""
        return self.open().order_by("severity", "opened_at", "pk")

    def untold(self, since: datetime) -> CaseQuerySet:
        """Decided since then, with somebody who reported it and has not been told; the first
        decided first. It begins with the few that are decided: of those that are open, thousands
        may wait to be told."""
        waiting = Report.objects.filter(case=OuterRef("pk"), told_at=None)
        decided = self.filter(state=CaseState.DECIDED, decided_at__gte=since)
        return decided.filter(Exists(waiting)).order_by("decided_at", "pk")

    def about(self, kind: str, thing_id: int) -> CaseQuerySet:
        """The history of one thing, newest first."""
        return self.filter(kind=kind, thing_id=thing_id).order_by("-pk")

    def concerning(self, user_id: int) -> CaseQuerySet:
        """The history of an account, newest first."""
        return self.filter(subject_id=user_id).order_by("-pk")

    def numbered(self, case_id: int) -> ModerationCase:
        """Raises NotFound."""
        case = self.select_related("subject").filter(pk=case_id).first()
        if case is None:
            raise NotFound("There is no such case.")
        return case


class ModerationCase(models.Model):
    """One thing that somebody, or a check by machine, found against the rules. At most one is open
    for each thing; what is reported after a decision is a new case."""

    kind = models.CharField(max_length=10, choices=ThingKind.choices)
    thing_id = models.BigIntegerField()
    subject = models.ForeignKey(
        User,
        models.PROTECT,
        related_name="+",
        db_index=False,
        help_text="Whom the decision will concern: whose thing it is.",
    )
    state = models.CharField(max_length=10, choices=CaseState.choices, default=CaseState.OPEN)
    severity = models.PositiveSmallIntegerField(default=LEAST_SEVERE, help_text="1 is the gravest.")
    reasons = ArrayField(
        models.CharField(max_length=12, choices=ReportReason.choices), default=list, blank=True
    )
    report_count = models.PositiveIntegerField(default=0)
    findings = models.JSONField(
        default=list, blank=True, help_text="What checks by machine found, each with its evidence."
    )
    opened_at = models.DateTimeField()
    last_reported_at = models.DateTimeField(null=True, blank=True)
    decided_at = models.DateTimeField(null=True, blank=True)

    objects = CaseQuerySet.as_manager()

    class Meta:
        ordering = ["-opened_at", "-pk"]
        default_permissions = ("view",)
        permissions = [
            ("moderate", "Decide on cases: hide, remove, hold, warn, suspend"),
            ("money", "Refund pictures and purchases"),
            ("operate", "Retry and end jobs"),
        ]
        constraints = [
            models.CheckConstraint(name="case_kind_known", condition=Q(kind__in=ThingKind.values)),
            models.CheckConstraint(
                name="case_decided_has_time",
                condition=Q(state="open", decided_at=None)
                | Q(state="decided", decided_at__isnull=False),
            ),
            models.UniqueConstraint(
                name="case_open_once", fields=["kind", "thing_id"], condition=Q(state="open")
            ),
        ]
        indexes = [
            models.Index(
                name="case_queue",
                fields=["severity", "opened_at", "id"],
                condition=Q(state="open"),
            ),
            models.Index(name="case_of_thing", fields=["kind", "thing_id", "-id"]),
            models.Index(name="case_of_subject", fields=["subject", "-id"]),
            models.Index(name="case_decided", fields=["decided_at"], condition=Q(state="decided")),
        ]

    def __str__(self) -> str:
        return f"case {self.pk}: {self.kind} {self.thing_id}"

    @property
    def is_open(self) -> bool:
        return self.state == CaseState.OPEN


class Report(models.Model):
    """What one person says of a thing, with an account or without.

    Who reported is never shown to whom the report is about. What identifies a person without an
    account is deleted ``REPORTER_KEPT_DAYS`` after the decision (``app.services.safety.keeping``).
    """

    case = models.ForeignKey(ModerationCase, models.PROTECT, related_name="reports")
    reporter = models.ForeignKey(
        User, models.SET_NULL, null=True, blank=True, related_name="+", db_index=False
    )
    reason = models.CharField(max_length=12, choices=ReportReason.choices)
    words = models.CharField(max_length=2000, blank=True)
    url = models.CharField(max_length=500, blank=True, help_text="The exact address.")
    email = models.EmailField(blank=True, help_text="Where a person without an account is told.")
    language = models.CharField(max_length=10, blank=True)
    # Of claims of rights (DMCA 512(c)(3), DSA Art. 16).
    name = models.CharField(max_length=200, blank=True)
    work = models.CharField(max_length=1000, blank=True, help_text="Which work, and where it is.")
    is_good_faith = models.BooleanField(default=False)
    is_accurate = models.BooleanField(default=False, help_text="Under penalty of perjury.")
    signature = models.CharField(max_length=200, blank=True)
    request_digest = models.CharField(
        max_length=64, null=True, blank=True, help_text="Of an Idempotency-Key and what was sent."
    )
    created_at = models.DateTimeField()
    told_at = models.DateTimeField(null=True, blank=True, help_text="When the decision was told.")
    # Mails to people without an account: the receipt, then the decision.
    mail_due_at = models.DateTimeField(null=True, blank=True)
    mail_failures = models.PositiveSmallIntegerField(default=0)
    receipt_mailed_at = models.DateTimeField(null=True, blank=True)
    forgotten_at = models.DateTimeField(
        null=True, blank=True, help_text="When what identifies the reporter was deleted."
    )

    class Meta:
        ordering = ["-created_at", "-pk"]
        default_permissions = ("view",)
        constraints = [
            models.CheckConstraint(
                name="report_reason_known", condition=Q(reason__in=ReportReason.values)
            ),
            models.UniqueConstraint(
                name="report_once_each",
                fields=["case", "reporter"],
                condition=Q(reporter__isnull=False),
            ),
            models.UniqueConstraint(name="report_request_once", fields=["request_digest"]),
            models.CheckConstraint(
                name="report_claim_is_signed",
                condition=~Q(reason__in=["copy", "likeness"])
                | Q(is_good_faith=True, is_accurate=True)
                & (~Q(signature="") | Q(forgotten_at__isnull=False)),
            ),
        ]
        indexes = [
            models.Index(name="report_by_reporter", fields=["reporter", "-id"]),
            models.Index(name="report_untold", fields=["case"], condition=Q(told_at__isnull=True)),
            models.Index(
                name="report_mail_due",
                fields=["mail_due_at"],
                condition=Q(mail_due_at__isnull=False),
            ),
            models.Index(
                name="report_to_forget",
                fields=["told_at"],
                condition=Q(forgotten_at__isnull=True),
            ),
        ]

    def __str__(self) -> str:
        return f"report {self.pk}"

    @property
    def claimant_email(self) -> str:
        """Where whoever claims a right is written to, as of a counter-notice; "" of other reports,
        whose reporters nobody writes to but the site."""
        if self.reason not in CLAIMS:
            return ""
        return self.reporter.email if self.reporter else self.email
