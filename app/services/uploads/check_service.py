"""Works that were uploaded apart from the API, checked in a job after the request.

The relay's process does it (``app/delivery/upload_checks.py``). Whoever checks holds a lease, which
is renewed with every work; files go to a folder of that attempt alone. So a checker that dies or
falls asleep loses nothing, and one that wakes up too late changes nothing.
"""

from __future__ import annotations

import uuid
from collections.abc import Callable, Sequence
from functools import partial
from itertools import chain
from pathlib import PurePosixPath

import structlog
from django.db import transaction
from django.db.models import QuerySet

from app.exceptions import InvalidImageFormat, UploadRejected
from app.models import CopyCheck, Style, UploadCheck
from app.services import guard, storage, training_service
from app.services.training_service import TRAININGS
from app.services.uploads import artwork_service, checkers, copy_service, upload_service
from app.services.uploads.artwork_service import StoredArtwork
from app.services.uploads.checkers import (
    BROKEN,
    LEASE_SECONDS,
    MAX_ATTEMPTS,
    LeaseLost,
    Stopped,
)
from app.services.uploads.image_service import Verdicts
from app.utils import clock

log = structlog.get_logger(__name__)

# With works by the hundred, and others before them, nobody waits longer for a verdict.
LATE_SECONDS = 600
MAX_REASON = 1000


def begin(style: Style, works: Sequence[tuple[str, Sequence[str]]]) -> None:
    """Have ``works``, keys of uploads with their tags, checked for ``style``.

    In the caller's transaction, whose commit wakes a checker.
    """
    UploadCheck.objects.create(
        style=style,
        works=[{"key": key, "tags": list(tags)} for key, tags in works],
        due_at=clock.now(),
    )
    checkers.wake()


def end_all(artist_id: int) -> None:
    """End the checks of an artist who leaves, in the caller's transaction. Call it before any style
    is locked, as checkers lock theirs after the check."""
    under_way = UploadCheck.objects.filter(style__artist_id=artist_id).order_by("pk")
    for check in under_way.select_for_update(of=("self",)):
        check.delete()
        # Whoever has the lease may be storing a work; with the next one it finds the lease lost.
        upload_service.note(user_id=artist_id, keys=_all_of(check), seconds=LEASE_SECONDS)


def check_next(is_stopping: Callable[[], bool] = lambda: False) -> bool:
    """Do the next check that is due, of an upload or for copies. Returns whether there was one.

    One that breaks is tried again when its lease is over, ``MAX_ATTEMPTS`` times.
    """
    looks = {"upload checks": _check_next_upload, "copy checks": copy_service.check_next}
    return any(guard.attempt(step, partial(look, is_stopping)) for step, look in looks.items())


def _check_next_upload(is_stopping: Callable[[], bool]) -> bool:
    """Check the next upload that is due, to its verdict. Returns whether there was one.

    Any number of checkers may run at once. When ``is_stopping`` says so, the upload is given back
    after the work under way.
    """
    check = _claim()
    if check is None:
        return False
    with structlog.contextvars.bound_contextvars(
        style_id=check.style_id, request_id=check.style.request_id
    ):
        try:
            checkers.attempt(
                check,
                partial(_judge, check, is_stopping),
                wait=partial(_wait, check),
                give_up=partial(_refuse, check, BROKEN),
            )
        except LeaseLost:
            log.warning("upload_check_lost")
            storage.delete(_files(check))
    return True


def oldest_age() -> float:
    """For how many seconds the oldest upload has waited for its check; 0 when none does."""
    waiting = (UploadCheck.objects.all(), CopyCheck.objects.unseen())
    oldest = [each.order_by("pk").values_list("begun_at", flat=True).first() for each in waiting]
    begun = [each for each in oldest if each is not None]
    return max(0.0, (clock.now() - min(begun)).total_seconds()) if begun else 0.0


def held() -> tuple[int, float]:
    """How many styles wait for our staff to look at their works, and for how many seconds the
    oldest does."""
    since = list(CopyCheck.objects.held().values_list("held_at", flat=True))
    oldest = since[0] if since else None
    return len(since), (clock.now() - oldest).total_seconds() if oldest else 0.0


def _judge(check: UploadCheck, is_stopping: Callable[[], bool]) -> None:
    if check.attempt > MAX_ATTEMPTS:
        _refuse(check, BROKEN)
        return
    try:
        works = _checked(check, is_stopping)
    except UploadRejected as rejection:
        _refuse(check, _reason(rejection))
    else:
        _accept(check, works)


def _claim() -> UploadCheck | None:
    """The next upload that is due, leased to the caller with a new folder."""
    with transaction.atomic():
        due = UploadCheck.objects.filter(due_at__lte=clock.now()).select_related("style")
        locked = due.select_for_update(of=("self",), skip_locked=True)
        check = locked.order_by("due_at", "pk").first()
        if check is None:
            return None
        former = check.folder
        check.folder = f"styles/{uuid.uuid4()}"
        check.attempt += 1
        check.due_at = clock.seconds_from_now(LEASE_SECONDS)
        check.save()
    if former:
        left_behind = partial(_files, check, former)
        guard.attempt("upload checks", lambda: storage.delete(left_behind()))
    return check


def _checked(check: UploadCheck, is_stopping: Callable[[], bool]) -> list[StoredArtwork]:
    """Copy and check every work. Raises an UploadRejected that names all that are bad."""
    verdicts = Verdicts()
    stored: list[StoredArtwork] = []
    for index, work in enumerate(check.works):
        if is_stopping():
            raise Stopped
        _renew(check)
        # What is checked is the copy: a link may still change what it was made of.
        copy = _original(check, index)
        with checkers.reading():
            is_there = storage.copy(work["key"], copy)
        if not is_there:
            gone = InvalidImageFormat("The uploaded file is gone.")
            verdicts.rejections.append((index, gone))
            continue
        if not verdicts.judge_size(index, storage.size(copy) or 0):
            continue
        with checkers.reading(), storage.open_file(copy) as content:
            image = verdicts.judge(index, content)
        if image is not None:
            preview = artwork_service.store_previews(check.folder, index, image)
            stored.append(
                StoredArtwork.of(image, work["tags"], image_path=copy, preview_path=preview)
            )
    verdicts.require_good()
    return stored


def _accept(check: UploadCheck, works: Sequence[StoredArtwork]) -> None:
    """All works are good: the style has them, and they are looked at for copies."""
    with transaction.atomic():
        _end(check)
        style = training_service.lock_style(check.style_id)
        if style.is_under_way:
            style.thumbnail = works[0].preview_path
            style.save(update_fields=["thumbnail", "updated_at"])
            artwork_service.begin_training(style, works)
        else:
            # Staff canceled it meanwhile.
            upload_service.delete_files(user_id=style.artist_id, keys=_files(check))
        upload_service.delete_files(user_id=style.artist_id, keys=_uploads(check))
    log.info("upload_checked", works=len(works))


def _refuse(check: UploadCheck, reason: str) -> None:
    """The style ends as one whose training failed, and its artist is told why."""
    with transaction.atomic():
        _end(check)
        TRAININGS.end(check.style, reason, retryable=False)
        upload_service.delete_files(user_id=check.style.artist_id, keys=_all_of(check))
    log.info("upload_refused", reason=reason)


def _wait(check: UploadCheck, seconds: float) -> None:
    """Let the upload be checked again, ``seconds`` from now."""
    check.due_at = clock.seconds_from_now(seconds)
    _ours(check).update(attempt=check.attempt, due_at=check.due_at)


def _renew(check: UploadCheck) -> None:
    if not _ours(check).update(due_at=clock.seconds_from_now(LEASE_SECONDS)):
        raise LeaseLost


def _end(check: UploadCheck) -> None:
    """Whoever does this first has the last word on the upload. Raises LeaseLost."""
    if not _ours(check).delete()[0]:
        raise LeaseLost


def _ours(check: UploadCheck) -> QuerySet[UploadCheck]:
    return UploadCheck.objects.filter(pk=check.pk, folder=check.folder)


def _original(check: UploadCheck, index: int) -> str:
    return _original_in(check.folder, check, index)


def _original_in(folder: str, check: UploadCheck, index: int) -> str:
    extension = PurePosixPath(check.works[index]["key"]).suffix.removeprefix(".")
    return artwork_service.original_key(folder, index, extension)


def _files(check: UploadCheck, folder: str = "") -> list[str]:
    """All that an attempt may have stored; the one under way, or that of another ``folder``."""
    folder, count = folder or check.folder, range(len(check.works))
    originals = [_original_in(folder, check, index) for index in count]
    previews = [artwork_service.preview_keys(folder, index) for index in count]
    return [*originals, *chain.from_iterable(previews)]


def _all_of(check: UploadCheck) -> list[str]:
    """Its uploads, and what it may have stored. Of a row that cannot be read nothing is known: it
    has to end all the same."""

    def named() -> list[str]:
        return [*(_files(check) if check.folder else []), *map(str, _uploads(check))]

    return guard.attempt("upload checks", named) or []


def _uploads(check: UploadCheck) -> list[str]:
    return [work["key"] for work in check.works]


def _reason(rejection: UploadRejected) -> str:
    """Every bad picture, counted from 0, and why; by codes alone where sentences are too long."""
    bad = (rejection.details or {})["images"]
    for say in ("message", "code"):
        numbers: dict[str, list[str]] = {}
        for each in bad:
            numbers.setdefault(each[say].rstrip("."), []).append(str(each["index"]))
        said = " ".join(
            f"Image{'s' if len(which) > 1 else ''} {', '.join(which)}: {why}."
            for why, which in numbers.items()
        )
        if len(said) <= MAX_REASON:
            break
    return said
