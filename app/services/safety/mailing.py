"""Mails to people who reported something without an account: that it arrived, what was decided.

``manage.py send_mail`` sends them. A report is claimed by one process for ten minutes, as users are
who are due for their notifications (``app.services.mail_service``).
"""

from __future__ import annotations

from datetime import timedelta

from django.db import transaction
from django.db.models import F, Value
from django.db.models.functions import Coalesce

from app.models import Report
from app.services import mail_service
from app.utils import clock

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


def record_sent(report: Report) -> None:
    """The mail server has taken it. What was decided meanwhile stays due."""
    now = clock.now()
    mine = Report.objects.filter(pk=report.pk)
    mine.update(receipt_mailed_at=Coalesce("receipt_mailed_at", Value(now)), mail_failures=0)
    mine.filter(mail_due_at=report.mail_due_at).update(mail_due_at=None)


def record_failed(report: Report, *, is_final: bool = False) -> None:
    """It is sent again, later each time; after ``MOST_FAILURES``, or if no mail is taken there, not
    at all. The page of the report says the same."""
    ends = is_final or report.mail_failures + 1 >= MOST_FAILURES
    delay = min(
        timedelta(minutes=1) * 2 ** min(report.mail_failures, 10), mail_service.LONGEST_DELAY
    )
    mine = Report.objects.filter(pk=report.pk, mail_due_at=report.mail_due_at)
    mine.update(
        mail_due_at=None if ends else clock.now() + delay, mail_failures=F("mail_failures") + 1
    )
