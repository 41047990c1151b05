"""Copies are held: a style does not train on what is nearly the work of another artist, or a
picture made here in another's style, until our staff has looked at it.

So is what shows nudity: works are seen by everybody.

Works are found again by their fingerprints, and pictures made here by their marks too. Fingerprints
are written down first and searched after that. So of two artists who upload the same work at once,
at least whoever is looked at later is held. One's own works, and pictures in one's own styles, hold
nothing.
"""

from __future__ import annotations

import time
import uuid
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import asdict, dataclass
from functools import partial
from typing import Any

import structlog
from django.db import transaction
from django.db.models import QuerySet
from PIL import Image

from app.exceptions import InvalidTransition, NotFound, ServiceUnavailable, Unreadable
from app.models import (
    Action,
    Artwork,
    CopyCheck,
    Decision,
    Ground,
    Licence,
    Original,
    ReviewState,
    Style,
    ThingKind,
    TrainingStatus,
    WebhookEvent,
)
from app.models.rating import Rating
from app.services import notification_service, storage, training_service
from app.services.checks import nudity
from app.services.licences import finding
from app.services.safety.records import Act, Why, record
from app.services.training_service import TRAININGS
from app.services.uploads import checkers
from app.services.uploads.checkers import (
    BROKEN,
    LEASE_SECONDS,
    MAX_ATTEMPTS,
    LeaseLost,
    Stopped,
)
from app.services.webhooks.events import tell_of_style
from app.utils import clock
from pictures import Bounds, PictureError, open_picture
from provenance.bits import bands

log = structlog.get_logger(__name__)

# Pictures made here are no larger, so their marks are read as they are.
LONGEST_SIDE = 1024
ANY = Bounds(("JPEG", "PNG", "WEBP"))
# Works of before.
_unread = checkers.Unleased()
NOT_WAITING = "The works of this style do not wait for a review."
COPIES_HELD = (
    "A check by machine found works that are nearly the same as works of other artists, or as"
    " pictures made here in their styles. Our staff will look at them."
)
NUDITY_HELD = (
    "A check by machine found nudity in works, which everybody would see. Our staff will look at"
    " them."
)
BOTH_HELD = (
    "A check by machine found nudity in works, and works that are nearly the same as works of other"
    " artists, or as pictures made here in their styles. Our staff will look at them."
)


@dataclass(frozen=True)
class Copy:
    """A work, by its place (from 0), and what it is nearly the same as: an artwork, or a picture
    made here, by its id. ``bits`` differ of 256; null if a mark told it. Of nudity, ``id`` is the
    work's own, and ``score`` is that of ``checker``."""

    work: int
    kind: Original
    id: int
    bits: int | None = None
    score: float | None = None
    checker: str | None = None


@dataclass(frozen=True)
class _Seen:
    """What is searched of one work: fingerprints of all its turns, and the number in its mark."""

    work: int
    turns: Sequence[bytes]
    mark_id: int | None
    nudity: Copy | None


def check_next(is_stopping: Callable[[], bool] = lambda: False) -> bool:
    """Look at the next style that is due. Returns whether there was one.

    Any number may do so at once. When ``is_stopping`` says so, it is given back after the work
    under way.
    """
    check = _claim()
    if check is None:
        return False
    with structlog.contextvars.bound_contextvars(
        style_id=check.style_id, request_id=check.style.request_id
    ):
        try:
            if check.attempt > MAX_ATTEMPTS:
                _give_up(check)
                return True
            checkers.attempt(
                check,
                partial(_look, check, is_stopping),
                wait=partial(_wait, check),
                give_up=partial(_give_up, check),
            )
        except (LeaseLost, NotFound):
            # Somebody else has it, or the style is gone.
            log.warning("copy_check_lost")
    return True


def _look(check: CopyCheck, is_stopping: Callable[[], bool]) -> None:
    _end(check, list(_copies(check.style, _seen(check, is_stopping))))


def fill_in(seconds: float) -> bool:
    """Fingerprint works that have none, of styles from before there was this check, for at most so
    many seconds and one work more. Returns whether there were any.

    One that cannot be read is put off, longer each time, and after ``MAX_ATTEMPTS`` it has an empty
    fingerprint, which finds nothing.
    """
    until = time.monotonic() + seconds
    while (work := _without_fingerprint()) is not None:
        if not _unread.attempt(
            work.pk, partial(_look_at, work), step="fingerprints", give_up=partial(_find_none, work)
        ):
            return False
        if time.monotonic() >= until:
            return True
    return False


def _without_fingerprint() -> Artwork | None:
    waiting = _unread.waiting()
    return Artwork.objects.filter(pdq__isnull=True).exclude(pk__in=waiting).order_by("pk").first()


def _find_none(work: Artwork) -> None:
    Artwork.objects.filter(pk=work.pk).update(pdq=b"", bands=[])
    log.error("work_unreadable", work=work.pk, advice="No copy of this work will be noticed.")


def allow(style: Style, reason: str) -> None:
    """Train a locked style on the works that were held. Raises InvalidTransition.

    They are not held again for what they are like.
    """
    _decide(style, ReviewState.ALLOWED, reason)
    style.save(update_fields=["review", "updated_at"])
    TRAININGS.enqueue(style)


def refuse(style: Style, reason: str) -> None:
    """End the training of a locked style whose works were held. Raises InvalidTransition."""
    _decide(style, ReviewState.REFUSED, reason)
    TRAININGS.move(style, TrainingStatus.FAILED)
    style.failure_reason = reason
    style.save()
    tell_of_style(style, WebhookEvent.STYLE_FAILED)


def allow_refused(style: Style, reason: str) -> bool:
    """Train a locked style on works that our staff had refused, and compare them once more, for
    what was found since. Returns False where its artist has taken others, or has none any more."""
    is_there = style.review_state == ReviewState.REFUSED and style.artworks.exists()
    if not is_there or not style.may_be_trained_again:
        return False
    _note(style, ReviewState.ALLOWED, reason)
    training_service.begin_again(style)
    checkers.look_for_copies(style)
    return True


def _decide(style: Style, state: ReviewState, reason: str) -> None:
    held = CopyCheck.objects.filter(style=style, held_at__isnull=False)
    if not style.is_under_way or not held.delete()[0]:
        raise InvalidTransition(NOT_WAITING)
    _note(style, state, reason)


def _note(style: Style, state: ReviewState, reason: str) -> None:
    decided = {"state": state, "reason": reason, "decided_at": _now()}
    style.review = {**(style.review or {}), **decided}


# --- The lease ------------------------------------------------------------------------------------


def _claim() -> CopyCheck | None:
    """The next check that is due, leased to the caller."""
    with transaction.atomic():
        due = CopyCheck.objects.due(clock.now()).select_related("style")
        locked = due.select_for_update(of=("self",), skip_locked=True)
        check = locked.order_by("due_at", "pk").first()
        if check is not None:
            check.lease = uuid.uuid4()
            check.attempt += 1
            check.due_at = clock.seconds_from_now(LEASE_SECONDS)
            check.save(update_fields=["lease", "attempt", "due_at"])
    return check


def _ours(check: CopyCheck) -> QuerySet[CopyCheck]:
    return CopyCheck.objects.filter(pk=check.pk, lease=check.lease)


def _renew(check: CopyCheck) -> None:
    if not _ours(check).update(due_at=clock.seconds_from_now(LEASE_SECONDS)):
        raise LeaseLost


def _wait(check: CopyCheck, seconds: float) -> None:
    """Let somebody look again, ``seconds`` from now."""
    due_at = clock.seconds_from_now(seconds)
    _ours(check).update(attempt=check.attempt, due_at=due_at, lease=None)


@transaction.atomic
def _give_up(check: CopyCheck) -> None:
    """Whatever ended its checkers, or could not be read: the artist is told, and may upload other
    works or have it tried again."""
    training_service.lock_style(check.style_id)
    if not _ours(check).delete()[0]:
        raise LeaseLost
    TRAININGS.end(check.style, BROKEN, retryable=False)
    log.error("copy_check_broke", attempts=min(check.attempt, MAX_ATTEMPTS))


@transaction.atomic
def _end(check: CopyCheck, copies: Sequence[Copy]) -> None:
    """Order the training, or hold the style. Whoever does this first has the last word.

    Raises LeaseLost.
    """
    style = training_service.lock_style(check.style_id)
    if _may_train(style, copies):
        if not _ours(check).delete()[0]:
            raise LeaseLost
        # The version before this one ends trainings without ending their checks.
        if style.is_under_way:
            _train(style)
        return
    found = [asdict(each) for each in copies]
    if not _ours(check).update(held_at=clock.now(), due_at=None, lease=None, found=found):
        raise LeaseLost
    style.review = {
        "state": ReviewState.WAITING,
        "works": [{"work": copy.work, "kind": copy.kind, "url": _url(copy)} for copy in copies],
        "held_at": _now(),
        "reason": None,
        "decided_at": None,
    }
    style.save(update_fields=["review", "updated_at"])
    statement_id = _state(style, check, found).statement_id
    for is_nude in (False, True):
        works = [each.work for each in copies if (each.kind == Original.NUDITY) == is_nude]
        if works:
            notification_service.tell_works_held(
                style, works, is_nude=is_nude, statement_id=statement_id
            )
    log.info("works_held", works=len(copies))


def _state(style: Style, check: CopyCheck, found: Sequence[Mapping[str, Any]]) -> Decision:
    """The audit entry, and the statement of reasons to the artist, who may appeal."""
    act = Act(
        *(Action.REVIEW, ThingKind.STYLE, style.pk, style.artist_id),
        after={"review": style.review, "check": check.pk},
    )
    are_nude = {each["kind"] == Original.NUDITY for each in found}
    words = BOTH_HELD if len(are_nude) > 1 else NUDITY_HELD if True in are_nude else COPIES_HELD
    why = Why(ground_of(found), words, evidence={"check": "works", "found": list(found)})
    return record(act, why, strikes=False)


def ground_of(found: Sequence[Mapping[str, Any]]) -> Ground:
    """Why works are held, or refused, for what a check has ``found`` in them."""
    is_copy = any(each["kind"] != Original.NUDITY for each in found)
    return Ground.COPYRIGHT if is_copy else Ground.SEXUAL


def _train(style: Style) -> None:
    try:
        TRAININGS.enqueue(style)
    except InvalidTransition as error:
        # Its works are gone.
        TRAININGS.end(style, error.message, retryable=False)


def _may_train(style: Style, copies: Sequence[Copy]) -> bool:
    """Whether there is nothing to hold, or nothing that our staff has not allowed before."""
    review = style.review or {"state": None}
    is_allowed = review["state"] == ReviewState.ALLOWED
    judged = {each["work"] for each in review["works"]} if is_allowed else set()
    return not style.is_under_way or judged.issuperset(copy.work for copy in copies)


def _now() -> str:
    """As the API writes times."""
    return clock.now().isoformat().replace("+00:00", "Z")


# --- The works ------------------------------------------------------------------------------------


def _seen(check: CopyCheck, is_stopping: Callable[[], bool]) -> list[_Seen]:
    """Look at every work, and write down all fingerprints."""
    style = check.style
    # Reading a mark takes longer than all else.
    of_others = Licence.objects.exclude(generation__style__artist_id=style.artist_id)
    has_pictures = of_others.exists()
    seen = []
    for work in style.artworks.order_by("position"):
        if is_stopping():
            raise Stopped
        _renew(check)
        image, turns = _look_at(work)
        if image is not None:
            mark_id = _mark_in(image) if has_pictures else None
            seen.append(_Seen(work.position, turns, mark_id, _nudity_in(image, work)))
    return seen


def _nudity_in(image: Image.Image, work: Artwork) -> Copy | None:
    """Works are seen by everybody, whatever their style allows. Raises ServiceUnavailable."""
    if not nudity.is_on():
        return None
    checker = nudity.checker()
    score = checker.score(image)
    if nudity.rating_of(score) == Rating.GENERAL:
        return None
    looked = (round(score, 4), checker.name)
    return Copy(work.position, Original.NUDITY, work.pk, None, *looked)


def _look_at(work: Artwork) -> tuple[Image.Image | None, Sequence[bytes]]:
    """Write down the fingerprint of ``work``: an empty one if it is plain, or cannot be read.

    Returns the picture and the fingerprints of its turns. Raises ServiceUnavailable.
    """
    from provenance.fingerprints import is_plain, pdq_of_all_turns

    image = _opened(work)
    turns = [] if image is None or is_plain(image) else pdq_of_all_turns(image)
    pdq = turns[0] if turns else b""
    Artwork.objects.filter(pk=work.pk).update(pdq=pdq, bands=bands(pdq) if pdq else [])
    return image, turns


def _opened(work: Artwork) -> Image.Image | None:
    """None where the file is gone or cannot be read. Raises ServiceUnavailable."""
    try:
        with checkers.reading(), storage.open_file(work.image_path) as file:
            return open_picture(file, ANY, side=LONGEST_SIDE).image
    except PictureError:
        return None
    except Unreadable:
        if _is_gone(work):
            return None
        raise


def _is_gone(work: Artwork) -> bool:
    try:
        return not storage.exists(work.image_path)
    except ServiceUnavailable:
        return False


def _mark_in(image: Image.Image) -> int | None:
    from provenance.mark import MARKER

    mark = MARKER.detect(image)
    return None if mark is None else mark.mark_id


# --- The search -----------------------------------------------------------------------------------


def _copies(style: Style, seen: Sequence[_Seen]) -> Iterator[Copy]:
    """For each work that is like another's, the nearest; and what shows nudity."""
    for each in seen:
        copy = _copy_of(each, style.artist_id)
        if copy is not None:
            yield copy
        if each.nudity is not None:
            yield each.nudity


def _copy_of(seen: _Seen, artist_id: int) -> Copy | None:
    if seen.turns:
        works = finding.by_fingerprint(
            seen.turns, among=finding.WORKS_OF_OTHERS, artist_id=artist_id
        )
        if works:
            return Copy(seen.work, Original.WORK, works[0].id, works[0].bits)
        pictures = finding.by_fingerprint(
            seen.turns, among=finding.PICTURES_OF_OTHERS, artist_id=artist_id
        )
        if pictures:
            return Copy(seen.work, Original.PICTURE, pictures[0].id, pictures[0].bits)
    # Anybody may put a mark into a picture. Here that costs nobody but whoever uploads it.
    for licence in finding.by_mark(seen.mark_id) if seen.mark_id is not None else ():
        if licence.generation.style.artist_id != artist_id:
            return Copy(seen.work, Original.PICTURE, licence.pk)
    return None


def _url(copy: Copy) -> str | None:
    """Where anybody may see what a work is like; None if nobody but its owner may."""
    if copy.kind == Original.NUDITY:
        return None
    if copy.kind == Original.PICTURE:
        return f"/licences/{Licence.objects.get(pk=copy.id).number}"
    style = Style.objects.offered().filter(artworks=copy.id).first()
    return None if style is None else f"/styles/{style.pk}"
