"""Mails to people who reported something without an account: that it arrived, what was decided.

``manage.py send_mail`` sends them. A report is claimed by one process for ten minutes, as users are
who are due for their notifications (``app.services.mail_service``).

Anybody can type the address of somebody else, so few receipts and few mails a day go to one.
"""

from __future__ import annotations

import hashlib
from datetime import timedelta

from django.db import transaction
from django.db.models import F, Value
from django.db.models.functions import Coalesce

from app.models import Report
from app.services import mail_service, rate_limit_service
from app.services.rate_limit_service import Verdict
from app.utils import clock

# The limit of all mails to one address.
MAILS = "report_mails"
# The address is wrong, or its server is gone for good.
MOST_FAILURES = 20


@transaction.atomic
def claim(size: int) -> list[Report]:
    """At most ``size`` that are due; nobody else gets them for ten minutes."""
    due = Report.objects.filter(mail_due_at__lte=clock.now()).select_related("case")
    locked = due.select_for_update(skip_locked=True, of=("self",))
    claimed = list(locked.order_by("mail_due_at")[:size])
    until = clock.now() + mail_service.LEASE
    Report.objects.filter(pk__in=[one.pk for one in claimed]).update(mail_due_at=until)
    for one in claimed:
        one.mail_due_at = until
    return claimed


def count(limit: str, email: str) -> Verdict | None:
    """Count a mail to an address against one of its limits, which know a hash of it alone."""
    return rate_limit_service.check(limit, _counted_as(email))


def is_put_off(report: Report) -> bool:
    """Whether its address has had enough mails for now: this one waits until it may have another.
    That is no failure, and the page of the report says the same."""
    verdict = count(MAILS, report.email)
    if verdict is None or verdict.is_allowed:
        return False
    later = clock.seconds_from_now(verdict.reset_seconds)
    # What was decided meanwhile stays due.
    mine = Report.objects.filter(pk=report.pk, mail_due_at=report.mail_due_at)
    mine.update(mail_due_at=later)
    return True


def record_sent(report: Report) -> None:
    """The mail server has taken it. What was decided meanwhile stays due."""
    now = clock.now()
    mine = Report.objects.filter(pk=report.pk)
    mine.update(receipt_mailed_at=Coalesce("receipt_mailed_at", Value(now)), mail_failures=0)
    mine.filter(mail_due_at=report.mail_due_at).update(mail_due_at=None)


def record_failed(report: Report, *, is_final: bool = False) -> None:
    """It is sent again, later each time; after ``MOST_FAILURES``, or if no mail is taken there, not
    at all. The page of the report says the same."""
    rate_limit_service.give_back(MAILS, _counted_as(report.email))
    ends = is_final or report.mail_failures + 1 >= MOST_FAILURES
    delay = min(
        timedelta(minutes=1) * 2 ** min(report.mail_failures, 10), mail_service.LONGEST_DELAY
    )
    mine = Report.objects.filter(pk=report.pk, mail_due_at=report.mail_due_at)
    mine.update(
        mail_due_at=None if ends else clock.now() + delay, mail_failures=F("mail_failures") + 1
    )


def _counted_as(email: str) -> str:
    return hashlib.sha256(email.lower().encode()).hexdigest()
