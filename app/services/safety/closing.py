"""Links to files of what was hidden since they were signed. They would open for up to
``MEDIA_LINK_SECONDS``; for others than the owner and our staff, they die within a second instead.

Which files these are follows from the latest decisions, so nothing is noted for it: each process
asks for them once a second at most, and lists their files again only if there is a new decision.
That holds for the local storage. S3 judges links by itself: there they live until they expire.
"""

from __future__ import annotations

import time
from collections.abc import Iterator
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from itertools import chain
from typing import Any

import structlog
from django.conf import settings
from django.db import InterfaceError, OperationalError
from django.db.models import Q

from app.models import Action, Decision, Generation, Style, ThingKind, User, Visibility
from app.models.decision import TAKING
from app.services import deletion_service, training_service
from app.services.safety import rights
from app.services.safety.rights import Right
from app.services.uploads import artwork_service
from app.utils import clock

log = structlog.get_logger(__name__)

FRESH_SECONDS = 1.0
MOVES = (*TAKING, Action.TAKE, Action.RESTORE, Action.PARDON)


@dataclass
class Closed:
    """What a process knows: whose each closed file is, by its key, and what that follows from."""

    asked_at: float = float("-inf")
    follows_from: object = None
    owners: dict[str, int] = field(default_factory=dict)

    def owner_of(self, key: str) -> int | None:
        """Whose file it is that others may not have any more; None for every other file."""
        now = time.monotonic()
        if now - self.asked_at >= FRESH_SECONDS:
            self.asked_at = now
            try:
                self._ask()
            except (OperationalError, InterfaceError) as error:
                # Pictures are shown while the database is away.
                log.warning("database_unavailable", error=str(error))
        return self.owners.get(key)

    def _ask(self) -> None:
        since = clock.now() - timedelta(seconds=settings.MEDIA_LINK_SECONDS)
        recent = Decision.objects.filter(created_at__gte=since, action__in=MOVES).order_by()
        deleted = list(_deleted(since).values_list("pk", flat=True))
        follows_from = (sorted(recent.values_list("pk", flat=True)), sorted(deleted))
        if follows_from != self.follows_from:
            self.owners = dict(chain(_restricted(list(recent)), _files(_deleted(since))))
            self.follows_from = follows_from


CLOSED = Closed()


def may_open(user: Any, key: str) -> bool:
    """Whether a signed link to ``key`` still opens for ``user``, who may be anonymous."""
    owner_id = CLOSED.owner_of(key)
    return owner_id is None or user.pk == owner_id or rights.has(user, Right.MODERATE)


def _deleted(since: datetime) -> Any:
    gone = Generation.objects.filter(deleted_at__gte=since, files_deleted_at=None)
    return gone.order_by()


def _restricted(decisions: list[Decision]) -> Iterator[tuple[str, int]]:
    """Of what was to be seen by others before, and is restricted now."""
    pictures, styles, people, taken = set(), set(), set(), []
    for each in decisions:
        if each.action == Action.TAKE:
            taken.append(each)
        elif each.action == Action.SUSPEND:
            people.add(each.thing_id)
            pictures.update(each.before.get("public_pictures", ()))
        elif each.kind == ThingKind.STYLE:
            styles.add(each.thing_id)
        elif each.before.get("visibility", Visibility.PUBLIC) == Visibility.PUBLIC:
            # Of what was private, its owner alone has links, in programs too.
            pictures.add(each.thing_id)
    hidden = Q(pk__in=pictures) & ~Q(visibility=Visibility.PUBLIC)
    yield from _files(Generation.objects.filter(hidden).order_by())
    gone = Style.objects.filter(pk__in=styles).exclude(withdrawn_reason="")
    for style in gone.prefetch_related("artworks").order_by():
        works = (artwork_service.files_of(work) for work in style.artworks.all())
        for key in (*chain.from_iterable(works), *training_service.made_files(style)):
            yield key, style.artist_id
    for user in User.objects.filter(pk__in=people, suspended_at__isnull=False):
        yield user.profile_image, user.pk
    for each in taken:
        if not each.reversed_by.exists():
            yield each.before["key"], each.subject_id


def _files(pictures: Any) -> Iterator[tuple[str, int]]:
    for picture in pictures:
        for key in deletion_service.files_of(picture):
            yield key, picture.user_id
