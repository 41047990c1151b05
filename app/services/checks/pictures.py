"""Pictures made here, profile pictures and signatures, looked at for nudity after the request.

The relay's process does it, as it looks at the works of styles (``app/delivery/upload_checks.py``).
Two relays may look at the same picture; the first who says so has the word. Whomever a finding
concerns is told, and what is found stays in PictureCheck with its score and its checker.
"""

from __future__ import annotations

import time
from collections.abc import Callable
from datetime import datetime
from functools import partial

import structlog
from django.db import transaction
from PIL import Image

from app.exceptions import InvalidTransition, ServiceUnavailable
from app.models import (
    Action,
    Artist,
    Generation,
    Ground,
    NotificationType,
    ThingKind,
    User,
    Visibility,
)
from app.models.rating import CheckOutcome, Looked, PictureCheck, Rating
from app.services import guard, notification_service, storage
from app.services.checks import nudity
from app.services.generation_service import GENERATIONS
from app.services.safety.records import Act, Why, record
from app.services.uploads.checkers import (
    AWAY_SECONDS,
    LEASE_SECONDS,
    MAX_ATTEMPTS,
    seconds_until_next,
)
from app.utils import clock
from pictures import Bounds, PictureError, open_picture

log = structlog.get_logger(__name__)

# The network sees 256 × 256.
LONGEST_SIDE = 512
ANY = Bounds(("JPEG", "PNG", "WEBP"))
LOOKS_BLOCKED = "A check by machine took it for pornographic. Our staff will look at it."
NOT_ALLOWED_HERE = (
    "A check by machine found nudity, which this style does not allow. Our staff will look at it."
)
RATED = "A check by machine found nudity: it is shown to those who want to see that."
# Results that could not be read, by their ids: how often, and until when they wait. Another
# process, or this one started again, counts from the beginning.
_waiting: dict[int, tuple[int, datetime]] = {}


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
    looks = {"pictures of people": _check_of_person, "ratings": _rate_next}
    return any(guard.attempt(step, look) for step, look in looks.items())


def oldest_age() -> float:
    """For how many seconds the oldest profile picture or signature has waited for its look."""
    waiting = PictureCheck.objects.filter(outcome=CheckOutcome.WAITING)
    begun = waiting.order_by("pk").values_list("begun_at", flat=True).first()
    return 0.0 if begun is None else max(0.0, (clock.now() - begun).total_seconds())


def _is_asked_for() -> bool:
    return PictureCheck.objects.due(clock.now()).exists() or Generation.objects.to_rate().exists()


# --- Pictures made here ---------------------------------------------------------------------------


def _rate_next() -> bool:
    now = clock.now()
    waiting = [pk for pk, (_, until) in _waiting.items() if until > now]
    found = Generation.objects.to_rate().exclude(pk__in=waiting)
    picture = found.select_related("style").first()
    if picture is None:
        return False
    begun = time.monotonic()
    try:
        image = _opened(picture.preview_path or picture.image_path)
    except ServiceUnavailable:
        _put_off(picture)
        return True
    if image is None:
        _put_off(picture)
        return True
    _waiting.pop(picture.pk, None)
    score = nudity.checker().score(image)
    rate(picture.pk, score)
    seconds = round(time.monotonic() - begun, 3)
    log.info("picture_rated", picture=picture.pk, score=round(score, 4), seconds=seconds)
    return True


def _put_off(picture: Generation) -> None:
    """Look again, later each time. What nobody can read stays unrated: it counts as mature."""
    failed, _ = _waiting.get(picture.pk, (0, None))
    if failed + 1 < MAX_ATTEMPTS:
        until = clock.seconds_from_now(seconds_until_next(failed + 1))
        _waiting[picture.pk] = (failed + 1, until)
        return
    _waiting.pop(picture.pk, None)
    Generation.objects.filter(pk=picture.pk, rated_at=None).update(rated_at=clock.now())
    log.error("picture_unreadable", picture=picture.pk, advice="It stays unrated.")


@transaction.atomic
def rate(picture_id: int, score: float) -> Rating | None:
    """Rate a picture by its score, once. None: somebody was faster."""
    picture = GENERATIONS.lock(picture_id)
    if picture.rated_at is not None:
        return None
    rating = nudity.rating_of(score, allows_mature=picture.style.allows_mature)
    picture.rated_at = clock.now()
    picture.rating = rating
    changed = ["rating", "rated_at"]
    if rating == Rating.BLOCKED and not picture.hidden_reason:
        is_lewd = nudity.rating_of(score) == Rating.BLOCKED
        picture.hidden_reason = LOOKS_BLOCKED if is_lewd else NOT_ALLOWED_HERE
        picture.visibility = Visibility.PRIVATE
        changed += ["visibility", "hidden_reason"]
    picture.save(update_fields=changed)
    if rating != Rating.GENERAL:
        _state(picture, score, is_hidden="hidden_reason" in changed)
        key = picture.preview_path or picture.image_path
        made = {"kind": Looked.RESULT, "user_id": picture.user_id, "key": key}
        _note(PictureCheck(picture_id=picture.pk, **made), rating, score)
        notification_service.tell_of_rating(picture)
    return rating


def _state(picture: Generation, score: float, *, is_hidden: bool) -> None:
    """The audit entry, and the statement of reasons to its owner, who may appeal."""
    act = Act(
        Action.HIDE if is_hidden else Action.RATE,
        ThingKind.PICTURE,
        picture.pk,
        picture.user_id,
        after={"rating": picture.rating, "hidden_reason": picture.hidden_reason},
    )
    words = picture.hidden_reason or RATED
    why = Why(Ground.SEXUAL, words, evidence={"check": "nudity", "score": round(score, 4)})
    record(act, why, strikes=False)


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


# --- Profile pictures and signatures --------------------------------------------------------------


def _check_of_person() -> bool:
    check = _claim()
    if check is None:
        return False
    try:
        image = _opened(check.key)
    except ServiceUnavailable:
        due_at = clock.seconds_from_now(AWAY_SECONDS)
        PictureCheck.objects.filter(pk=check.pk).update(due_at=due_at, attempt=check.attempt - 1)
        return True
    if image is None:
        # Its owner has taken another one.
        check.delete()
        return True
    judge(check, nudity.checker().score(image))
    return True


def _claim() -> PictureCheck | None:
    with transaction.atomic():
        due = PictureCheck.objects.due(clock.now())
        check = due.select_for_update(skip_locked=True).first()
        if check is None:
            return None
        check.attempt += 1
        check.due_at = clock.seconds_from_now(LEASE_SECONDS)
        if check.attempt > MAX_ATTEMPTS:
            log.error("picture_check_broke", key=check.key, attempts=check.attempt - 1)
            check.delete()
            return None
        check.save(update_fields=["attempt", "due_at"])
    return check


@transaction.atomic
def judge(check: PictureCheck, score: float) -> None:
    """Take down what shows nudity, which is seen by everybody beside a name; its owner is told.
    The file is kept for our staff."""
    rating = nudity.rating_of(score, allows_mature=False)
    user = User.objects.select_for_update(no_key=True).get(pk=check.user_id)
    if rating == Rating.GENERAL or not _is_shown(check):
        check.delete()
        return
    _show(check, "")
    _note(check, rating, score)
    notification_service.tell_of_taken(user.pk, NotificationType.IMAGE_TAKEN, check.kind)
    log.info("picture_taken_down", kind=check.kind, key=check.key, score=round(score, 4))


@transaction.atomic
def lift(check: PictureCheck, reason: str) -> None:
    """Show again what a check took down, unless there is another one by now. Raises
    InvalidTransition."""
    _decide(check, CheckOutcome.LIFTED, reason)
    if _key_of(check) == "" and storage.exists(check.key):
        _show(check, check.key)
    told = NotificationType.IMAGE_BACK
    notification_service.tell_of_taken(check.user_id, told, check.kind, reason)


@transaction.atomic
def uphold(check: PictureCheck, reason: str) -> None:
    """Leave it taken down, and delete the file. Raises InvalidTransition."""
    _decide(check, CheckOutcome.UPHELD, reason)
    transaction.on_commit(partial(storage.delete, [check.key]))
    told = NotificationType.IMAGE_REFUSED
    notification_service.tell_of_taken(check.user_id, told, check.kind, reason)


def _decide(check: PictureCheck, outcome: CheckOutcome, reason: str) -> None:
    found = PictureCheck.objects.held().filter(pk=check.pk)
    decided = {"outcome": outcome, "reason": reason, "decided_at": clock.now()}
    if not found.update(**decided):
        raise InvalidTransition("This picture does not wait for a decision.")


def _note(check: PictureCheck, rating: Rating, score: float) -> None:
    check.outcome, check.rating, check.score = CheckOutcome.FOUND, rating, score
    check.checker, check.found_at, check.due_at = nudity.checker().name, clock.now(), None
    check.save()


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


def _opened(key: str) -> Image.Image | None:
    """None where the file is gone or cannot be read. Raises ServiceUnavailable."""
    try:
        with storage.open_file(key) as file:
            return open_picture(file, ANY, side=LONGEST_SIDE).image
    except PictureError:
        return None
    except ServiceUnavailable:
        if storage.exists(key):
            raise
        return None
