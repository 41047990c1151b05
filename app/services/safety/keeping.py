"""How long it is kept who reported, and what was removed. The relay calls ``sweep``.

- Name, address, signature and words of a report, and which account sent it: until
  ``REPORTER_KEPT_DAYS`` (183) after the reporter was told of the decision. The reason and the times
  stay, for the numbers. Not while an appeal against the decision is open, nor for
  ``AFTER_APPEAL``: who claimed a work is told of a counter-notice, and may go to a court.
- A removed comment, with its words: until ``APPEAL_DAYS`` after it was removed, or while an appeal
  is open. Then it is deleted.
- The file of a profile picture or signature that our staff has refused: until ``APPEAL_DAYS`` after
  that, or while an appeal is open.
- Decisions and statements of reasons: for good. They say what was done to a thing and why, by ids;
  they have no words of reporters, and none of comments.
- Appeals: for good, with what was said in them. Name, address and signature of a counter-notice
  only for ``REPORTER_KEPT_DAYS`` after it was decided: whoever claimed the work may go to a court.
"""

from __future__ import annotations

from datetime import timedelta

from django.conf import settings
from django.db import transaction
from django.db.models import Exists, OuterRef, Q

from app.models import Action, Appeal, AppealState, Comment, Decision, Report, User
from app.services.checks import people
from app.utils import clock

BATCH = 500
AFTER_APPEAL = timedelta(weeks=6)
FORGOTTEN = {
    "reporter": None,
    "words": "",
    "url": "",
    "email": "",
    "name": "",
    "work": "",
    "signature": "",
    "request_digest": None,
    "mail_due_at": None,
}

NOT_SAID = {"name": "–", "address": "–", "signature": "–"}


def sweep() -> int:
    """Forget what is kept long enough. Returns how many rows that were."""
    people_forgotten = _forget_reporters() + _forget_signers()
    return people_forgotten + _delete_comments() + people.forget_refused()


def forget_user(user: User) -> None:
    """Of an account that is closed. Runs in the caller's transaction."""
    Report.objects.filter(reporter=user).update(**FORGOTTEN, forgotten_at=clock.now())


def _forget_reporters() -> int:
    told_before = clock.now() - timedelta(days=settings.REPORTER_KEPT_DAYS)
    against = Q(state=AppealState.OPEN) | Q(decided_at__gte=clock.now() - AFTER_APPEAL)
    appeals = Appeal.objects.filter(against).values("statement")
    its = Decision.objects.filter(case=OuterRef("case"))
    appealed = its.filter(Q(statement__in=appeals) | Q(statement_to_artist__in=appeals))
    told = Report.objects.filter(forgotten_at=None, told_at__lt=told_before)
    old = told.filter(~Exists(appealed)).order_by("told_at")
    ids = list(old.values_list("pk", flat=True)[:BATCH])
    if not ids:
        return 0
    return Report.objects.filter(pk__in=ids).update(**FORGOTTEN, forgotten_at=clock.now())


def _forget_signers() -> int:
    """Who signed a counter-notice. That it was signed stays (``appeal_counter_notice_is_signed``),
    so there is a mark in place of what was said."""
    decided_before = clock.now() - timedelta(days=settings.REPORTER_KEPT_DAYS)
    signed = Appeal.objects.filter(is_counter_notice=True).exclude(**NOT_SAID)
    old = signed.filter(decided_at__lt=decided_before).order_by("pk")
    return Appeal.objects.filter(pk__in=list(old.values_list("pk", flat=True)[:BATCH])).update(
        **NOT_SAID
    )


@transaction.atomic
def _delete_comments() -> int:
    hidden_before = clock.now() - timedelta(days=settings.APPEAL_DAYS)
    appeals = Appeal.objects.filter(
        state=AppealState.OPEN,
        statement__action=Action.REMOVE,
    )
    # Replies go with their comment, and that of a reply is needed to show it.
    its = (OuterRef("pk"), OuterRef("parent_id"))
    of_replies = Comment.objects.filter(parent_id=OuterRef(OuterRef("pk"))).values("pk")
    appeals = appeals.filter(Q(statement__thing_id__in=its) | Q(statement__thing_id__in=of_replies))
    old = Comment.objects.filter(~Exists(appeals), hidden_at__lt=hidden_before)
    ids = list(old.order_by("pk").values_list("pk", flat=True)[:BATCH])
    return Comment.objects.filter(pk__in=ids).delete()[0] if ids else 0
