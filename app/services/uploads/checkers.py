"""The two checks of works: of the files that came by links, and for copies. One process does both,
which a commit wakes (``app/delivery/upload_checks.py``)."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import datetime

from django.db import connection

from app.exceptions import ServiceUnavailable, Unreadable
from app.models import CopyCheck, ReviewState, Style, UploadCheck, User
from app.models.rating import Looked, PictureCheck
from app.services import guard, storage
from app.services.checks import nudity
from app.utils import clock

CHANNEL = "upload_checks"
# For one work: fetched, decoded, its preview stored.
LEASE_SECONDS = 120
# Works that ended their checkers this often are not tried again.
MAX_ATTEMPTS = 5
# Until the next try where the storage does not answer, or does not give a file: four times longer
# each time then.
AWAY_SECONDS = 15
BROKEN = "The pictures could not be checked. Upload them again."


class LeaseLost(Exception):
    """Somebody else checks these works by now."""


class Stopped(Exception):
    """This process is to end."""


def wake() -> None:
    """Wake a checker when the caller's transaction commits."""
    with connection.cursor() as cursor:
        cursor.execute("SELECT pg_notify(%s, '')", [CHANNEL])


@contextmanager
def reading() -> Iterator[None]:
    """Raises Unreadable for a file that the storage does not give, though it answers. If it does
    not, that is ServiceUnavailable."""
    try:
        yield
    except ServiceUnavailable as error:
        storage.ping()
        raise Unreadable from error


def seconds_until_next(attempt: int) -> int:
    """After ``attempt`` attempts, the first of which is 1, at a file that cannot be read."""
    return AWAY_SECONDS * int(4 ** (attempt - 1))


def attempt(
    check: UploadCheck | CopyCheck | PictureCheck,
    act: Callable[[], None],
    *,
    wait: Callable[[float], None],
    give_up: Callable[[], None],
) -> None:
    """Do ``act`` for a claimed ``check``, and have it tried again if it cannot be done now.

    ``wait`` writes the check's ``attempt``, and when it is due: so many seconds from now. An
    attempt at a file that cannot be read counts, and after the last ``give_up`` is called.
    """
    try:
        act()
    except Unreadable:
        if check.attempt < MAX_ATTEMPTS:
            wait(seconds_until_next(check.attempt))
        else:
            give_up()
    except (ServiceUnavailable, Stopped) as error:
        check.attempt -= 1
        wait(0 if isinstance(error, Stopped) else AWAY_SECONDS)


@dataclass
class _Failed:
    attempts: int = 0
    until: datetime | None = None


class Unleased:
    """Attempts at rows that have no lease and count none. This process alone remembers them:
    another one, or this one started again, counts from the beginning."""

    def __init__(self) -> None:
        self._failed: dict[int, _Failed] = {}

    def waiting(self) -> list[int]:
        """The ids of the rows that are not tried again yet."""
        now = clock.now()
        return [pk for pk, each in self._failed.items() if each.until and each.until > now]

    def attempt(
        self, row_id: int, act: Callable[[], object], *, step: str, give_up: Callable[[], None]
    ) -> bool:
        """Do ``act`` for a row. Returns False if nothing can be done now, for this row or another.

        What breaks, or cannot be read, is tried again, later each time; after the last attempt
        ``give_up`` is called. What waits for a storage that is away has had no attempt.
        """
        try:
            is_done = guard.attempt(
                step, lambda: [act()], passing=(ServiceUnavailable,), row_id=row_id
            )
        except Unreadable:
            is_done = None
        except ServiceUnavailable:
            return False
        if is_done is None:
            self._put_off(row_id, give_up)
        else:
            self._failed.pop(row_id, None)
        return True

    def _put_off(self, row_id: int, give_up: Callable[[], None]) -> None:
        failed = self._failed.setdefault(row_id, _Failed())
        failed.attempts += 1
        if failed.attempts < MAX_ATTEMPTS:
            failed.until = clock.seconds_from_now(seconds_until_next(failed.attempts))
        else:
            del self._failed[row_id]
            give_up()


def look_for_copies(style: Style) -> None:
    """Have the works of a locked ``style`` compared with those of others, and then trained on.

    In the caller's transaction. Whoever does so already for this style loses the lease.
    """
    CopyCheck.objects.filter(style=style).delete()
    CopyCheck.objects.create(style=style, due_at=clock.now())
    wake()


def look_at(user: User, kind: Looked, key: str) -> None:
    """Have a new profile picture or signature looked at, in the caller's transaction."""
    if nudity.is_on():
        PictureCheck.objects.create(kind=kind, user=user, key=key, due_at=clock.now())
        wake()


def forget_copies(style: Style) -> None:
    """End the check of a locked ``style`` without a finding. The caller saves the style."""
    CopyCheck.objects.filter(style=style).delete()
    if style.review_state == ReviewState.WAITING:
        style.review = None
