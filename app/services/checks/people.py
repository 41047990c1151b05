"""Profile pictures and signatures, looked at for nudity: they are shown beside a name to everybody,
so what shows nudity is taken down. Its owner has a statement of reasons, and may appeal.

The file is kept for our staff, and for ``APPEAL_DAYS`` once they have refused it.
"""

from __future__ import annotations

from datetime import timedelta
from functools import partial

import structlog
from django.conf import settings
from django.db import transaction
from django.db.models import Exists, OuterRef

from app.exceptions import InvalidTransition
from app.models import (
    Action,
    Appeal,
    AppealState,
    Artist,
    Decision,
    Ground,
    NotificationType,
    ReportReason,
    ThingKind,
    User,
)
from app.models.rating import CheckOutcome, Looked, PictureCheck, Rating
from app.services import notification_service, storage
from app.services.checks import nudity
from app.services.checks.looking import note, opened
from app.services.safety import records
from app.services.safety.records import Act, Why
from app.services.uploads import checkers
from app.utils import clock

log = structlog.get_logger(__name__)

TAKEN = "A check by machine found nudity in it."
BATCH = 100


def check_next() -> bool:
    """Look at the next one that is due. Returns whether there was one."""
    check = _claim()
    if check is None:
        return False
    give_up = partial(_give_up, check)
    if check.attempt > checkers.MAX_ATTEMPTS:
        give_up()
    else:
        checkers.attempt(check, partial(_look, check), wait=partial(_wait, check), give_up=give_up)
    return True


def _claim() -> PictureCheck | None:
    with transaction.atomic():
        due = PictureCheck.objects.due(clock.now())
        check = due.select_for_update(skip_locked=True).first()
        if check is not None:
            check.attempt += 1
            check.due_at = clock.seconds_from_now(checkers.LEASE_SECONDS)
            check.save(update_fields=["attempt", "due_at"])
    return check


def _look(check: PictureCheck) -> None:
    image = opened(check.key)
    if image is None:
        # Its owner has taken another one.
        check.delete()
    else:
        judge(check, nudity.checker().score(image))


def _wait(check: PictureCheck, seconds: float) -> None:
    due_at = clock.seconds_from_now(seconds)
    PictureCheck.objects.filter(pk=check.pk).update(due_at=due_at, attempt=check.attempt)


@transaction.atomic
def _give_up(check: PictureCheck) -> None:
    """Whatever ended its checkers, or could not be read: people look at the profile instead."""
    log.error("picture_check_broke", key=check.key, advice="Its profile is at the desk.")
    if _is_shown(check):
        records.open_case(
            *(ThingKind.PROFILE, check.user_id),
            subject_id=check.user_id,
            reason=ReportReason.SEXUAL,
            finding={"check": "nudity", "unread": check.kind, "key": check.key},
        )
    check.delete()


@transaction.atomic
def judge(check: PictureCheck, score: float) -> None:
    """Take down what shows nudity; its owner is told. The file is kept for our staff."""
    rating = nudity.rating_of(score, allows_mature=False)
    User.objects.select_for_update(no_key=True).get(pk=check.user_id)
    if rating == Rating.GENERAL or not _is_shown(check):
        check.delete()
        return
    _show(check, "")
    note(check, rating, score)
    evidence = {"check": "nudity", "version": check.checker, "score": round(score, 4)}
    _take(check, Why(Ground.SEXUAL, TAKEN, evidence=evidence), NotificationType.IMAGE_TAKEN)
    log.info("picture_taken_down", kind=check.kind, key=check.key, score=round(score, 4))


@transaction.atomic
def lift(check: PictureCheck, why: Why) -> None:
    """Show again what a check took down, unless there is another one by now. Raises
    InvalidTransition."""
    _decide(check, CheckOutcome.LIFTED, why.words, CheckOutcome.FOUND)
    _give_back(check, why)


@transaction.atomic
def uphold(check: PictureCheck, why: Why) -> None:
    """Leave it taken down. The file is deleted once nobody can appeal. Raises InvalidTransition."""
    _decide(check, CheckOutcome.UPHELD, why.words, CheckOutcome.FOUND)
    _take(check, why, NotificationType.IMAGE_REFUSED)


@transaction.atomic
def restore(decision: Decision, why: Why) -> None:
    """Show again what was taken by a decision, whose appeal is granted; nothing if it is shown, or
    its owner has left."""
    check = PictureCheck.objects.filter(pk=decision.after.get("check")).first()
    if check is None:
        _pardon(decision, why)
        return
    _decide(check, CheckOutcome.LIFTED, why.words, CheckOutcome.FOUND, CheckOutcome.UPHELD)
    _give_back(check, why)


def refuse(decision: Decision, why: Why) -> None:
    """Leave down what was taken by a decision, whose appeal is denied; nothing if our staff had
    refused it before, or its owner has left."""
    found = PictureCheck.objects.held().filter(pk=decision.after.get("check")).first()
    if found is not None:
        uphold(found, why)


def forget_refused() -> int:
    """Delete the files of what our staff has refused, once nobody can appeal. Returns how many."""
    before = clock.now() - timedelta(days=settings.APPEAL_DAYS)
    appeals = Appeal.objects.filter(
        state=AppealState.OPEN, statement__recipient=OuterRef("user"), statement__action=Action.TAKE
    )
    refused = PictureCheck.objects.filter(
        ~Exists(appeals), outcome=CheckOutcome.UPHELD, decided_at__lt=before
    )
    old = list(refused.exclude(key="").order_by("pk")[:BATCH])
    for check in old:
        if storage.delete([check.key]):
            PictureCheck.objects.filter(pk=check.pk).update(key="")
    return len(old)


def _take(check: PictureCheck, why: Why, told: NotificationType) -> None:
    act = Act(
        Action.TAKE,
        ThingKind.PROFILE,
        check.user_id,
        check.user_id,
        before={"what": check.kind, "key": check.key},
        after={"check": check.pk},
    )
    # What people have reported of the profile is decided on by itself.
    decision = records.record(act, why, case=records.case_apart(act), strikes=False)
    reason = "" if why.is_automated else why.words
    notification_service.tell_of_taken(
        check.user_id, told, check.kind, reason, statement_id=decision.statement_id
    )


def _give_back(check: PictureCheck, why: Why) -> None:
    if check.key and _key_of(check) == "" and storage.exists(check.key):
        _show(check, check.key)
    decision = taken(check)
    if decision is not None:
        _pardon(decision, why)
    told = NotificationType.IMAGE_BACK
    notification_service.tell_of_taken(check.user_id, told, check.kind, why.words)


def _pardon(decision: Decision, why: Why) -> None:
    act = Act(Action.PARDON, decision.kind, decision.thing_id, decision.subject_id)
    records.record(act, why, case=decision.case, reverses=decision)


def taken(check: PictureCheck) -> Decision | None:
    """What its owner was told last; None of what was taken before there were statements of it."""
    about = Decision.objects.about(ThingKind.PROFILE, check.user_id)
    return about.filter(action=Action.TAKE, after__check=check.pk).first()


def _decide(check: PictureCheck, outcome: CheckOutcome, reason: str, *was: CheckOutcome) -> None:
    kinds = (Looked.PROFILE, Looked.SIGNATURE)
    found = PictureCheck.objects.filter(pk=check.pk, kind__in=kinds, outcome__in=was)
    decided = {"outcome": outcome, "reason": reason, "decided_at": clock.now()}
    if not found.update(**decided):
        raise InvalidTransition("This picture does not wait for a decision.")


def _is_shown(check: PictureCheck) -> bool:
    return _key_of(check) == check.key


def _key_of(check: PictureCheck) -> str | None:
    """What is shown now; None for who has left."""
    if check.kind == Looked.PROFILE:
        shown = User.objects.open().filter(pk=check.user_id).values_list("profile_image", flat=True)
    else:
        shown = Artist.objects.filter(pk=check.user_id).values_list("signature_image", flat=True)
    key: str | None = shown.first()
    return key


def _show(check: PictureCheck, key: str) -> None:
    if check.kind == Looked.PROFILE:
        User.objects.filter(pk=check.user_id).update(profile_image=key)
    else:
        Artist.objects.filter(pk=check.user_id).update(signature_image=key)
