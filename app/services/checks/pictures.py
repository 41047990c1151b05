"""Pictures made here, looked at for nudity after the request; and whose turn it is to be looked at.

The relay's process does it, as it looks at the works of styles (``app/delivery/upload_checks.py``).
Two relays may look at the same picture; the first who says so has the word. Whomever a finding
concerns is told, with a statement of reasons, and what is found stays in PictureCheck with its
score and its checker. What is blocked waits at the desk.
"""

from __future__ import annotations

import time
from collections.abc import Callable
from functools import partial

import structlog
from django.db import transaction

from app.exceptions import ServiceUnavailable, Unreadable
from app.models import (
    Action,
    Decision,
    Generation,
    Ground,
    ReportReason,
    ThingKind,
    Visibility,
)
from app.models.rating import CheckOutcome, Looked, PictureCheck, Rating
from app.services import guard, notification_service
from app.services.checks import nudity, people
from app.services.checks.looking import note, opened
from app.services.generation_service import GENERATIONS
from app.services.safety.records import Act, Why, open_case, record
from app.services.uploads import checkers
from app.utils import clock

log = structlog.get_logger(__name__)

LOOKS_BLOCKED = "A check by machine took it for pornographic. Our staff will look at it."
NOT_ALLOWED_HERE = (
    "A check by machine found nudity, which this style does not allow. Our staff will look at it."
)
RATED = "A check by machine found nudity: it is shown to those who want to see that."
_unread = checkers.Unleased()


def check_next(is_stopping: Callable[[], bool] = lambda: False) -> bool:
    """Look at the next picture. Returns whether there was one. Where no check can be made, all
    wait."""
    if not nudity.is_on() or is_stopping():
        return False
    try:
        nudity.checker()
    except ServiceUnavailable as error:
        if _is_asked_for():
            log.error("pictures_not_looked_at", advice=error.message)
        return False
    looks = {"pictures of people": people.check_next, "ratings": _rate_next}
    return any(guard.attempt(step, look) for step, look in looks.items())


def _is_asked_for() -> bool:
    return PictureCheck.objects.due(clock.now()).exists() or Generation.objects.to_rate().exists()


def _rate_next() -> bool:
    found = Generation.objects.to_rate().exclude(pk__in=_unread.waiting())
    picture = found.select_related("style").first()
    if picture is None:
        return False
    look, give_up = partial(_look, picture), partial(_leave_unrated, picture)
    return _unread.attempt(picture.pk, look, step="ratings", give_up=give_up)


def _look(picture: Generation) -> None:
    """Raises ServiceUnavailable, and Unreadable for what is gone or no picture."""
    begun = time.monotonic()
    image = opened(picture.preview_path or picture.image_path)
    if image is None:
        raise Unreadable
    score = nudity.checker().score(image)
    rate(picture.pk, score)
    seconds = round(time.monotonic() - begun, 3)
    log.info("picture_rated", picture=picture.pk, score=round(score, 4), seconds=seconds)


def _leave_unrated(picture: Generation) -> None:
    """What nobody can read counts as mature."""
    Generation.objects.filter(pk=picture.pk, rated_at=None).update(rated_at=clock.now())
    log.error("picture_unreadable", picture=picture.pk, advice="It stays unrated.")


@transaction.atomic
def rate(picture_id: int, score: float) -> Rating | None:
    """Rate a picture by its score, once. None: somebody was faster."""
    picture = GENERATIONS.lock(picture_id)
    if picture.rated_at is not None:
        return None
    rating = nudity.rating_of(score, allows_mature=picture.style.allows_mature)
    before = {"visibility": picture.visibility, "rating": picture.rating}
    picture.rated_at = clock.now()
    picture.rating = rating
    changed = ["rating", "rated_at"]
    if rating == Rating.BLOCKED and not picture.hidden_reason:
        before["visibility"] = Decision.objects.visibility_of(picture)
        is_lewd = nudity.rating_of(score) == Rating.BLOCKED
        picture.hidden_reason = LOOKS_BLOCKED if is_lewd else NOT_ALLOWED_HERE
        picture.visibility = Visibility.PRIVATE
        changed += ["visibility", "hidden_reason"]
    picture.save(update_fields=changed)
    if rating == Rating.GENERAL:
        return rating
    is_hidden = "hidden_reason" in changed
    stated = _state(picture, score, before, is_hidden=is_hidden)
    key = picture.preview_path or picture.image_path
    made = {"kind": Looked.RESULT, "user_id": picture.user_id, "key": key}
    note(PictureCheck(picture_id=picture.pk, **made), rating, score)
    notification_service.tell_of_rating(
        picture, statement_id=stated.statement_id, is_hidden=is_hidden
    )
    return rating


def _state(
    picture: Generation, score: float, before: dict[str, str], *, is_hidden: bool
) -> Decision:
    """The audit entry, and the statement of reasons to its owner, who may appeal. Of what is
    hidden our staff has been promised to look at it."""
    act = Act(
        Action.HIDE if is_hidden else Action.RATE,
        ThingKind.PICTURE,
        picture.pk,
        picture.user_id,
        before=before,
        after={"rating": picture.rating, "hidden_reason": picture.hidden_reason},
    )
    words = picture.hidden_reason if is_hidden else RATED
    found = {"check": "nudity", "version": nudity.checker().name, "score": round(score, 4)}
    decision = record(act, Why(Ground.SEXUAL, words, evidence=found), strikes=False)
    if is_hidden:
        open_case(
            *(ThingKind.PICTURE, picture.pk),
            subject_id=picture.user_id,
            reason=ReportReason.SEXUAL,
            finding=found,
        )
    return decision


def unblock(picture: Generation, reason: str) -> None:
    """Rate a locked picture that our staff lets be published, if a check has blocked it. The caller
    saves it. What a style does not allow is no nudity, then."""
    if picture.rating == Rating.BLOCKED:
        is_mature = picture.style.allows_mature
        decide(picture, Rating.MATURE if is_mature else Rating.GENERAL, reason)


def decide(picture: Generation, rating: Rating, reason: str) -> None:
    """Rate a locked picture as our staff does, and note it with what the check found. The caller
    saves it."""
    picture.rating = rating
    found = PictureCheck.objects.filter(
        kind=Looked.RESULT, picture_id=picture.pk, outcome=CheckOutcome.FOUND
    )
    found.update(outcome=CheckOutcome.LIFTED, reason=reason, decided_at=clock.now())
