"""Uploads that do not pass through the API: places in the storage to PUT files to, used once.

Also the one door for files that are to be deleted. Each has a row, written in the transaction that
lets go of it, until it is gone: neither a process that dies nor a storage that is away leaves it.
"""

from __future__ import annotations

import tempfile
import uuid
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from functools import partial
from itertools import takewhile
from typing import IO

from django.db import transaction
from django.db.models import F, Q

from app.exceptions import ArtistOnly, ImageTooLarge, InvalidInput, NotFound
from app.models import PendingUpload, User
from app.models.upload import PLACES, PendingUploadQuerySet
from app.services import storage
from app.services.token_service import lock_open
from app.services.uploads import image_service
from app.services.uploads.image_service import EXTENSIONS, MAX_BYTES
from app.utils import clock, links

# The links die before the places do: what was begun in time can be used.
LINK_SECONDS = 3600
PLACE_SECONDS = 2 * 3600
# Orders that wait longer than this in the queue, or for the broker, get by with another attempt.
REPLACED_SECONDS = 7 * 24 * 3600
# Two styles of the largest size at once.
MAX_PENDING = 200
BATCH = 100
LONGEST_KEY = 200
_EXTENSION_OF = {f"image/{kind.lower()}": suffix for kind, suffix in EXTENSIONS.items()}
CONTENT_TYPES = tuple(_EXTENSION_OF)


@dataclass(frozen=True)
class UploadPlace:
    """Where to PUT one file, with the header that the link was signed for."""

    key: str
    url: str
    content_type: str
    expires_at: datetime

    @property
    def method(self) -> str:
        return "PUT"

    @property
    def headers(self) -> dict[str, str]:
        return {"Content-Type": self.content_type}


@transaction.atomic
def open_places(*, user: User, content_types: Sequence[str]) -> list[UploadPlace]:
    """One place for each of ``content_types``. Raises ArtistOnly, InvalidInput."""
    if not user.is_artist:
        raise ArtistOnly
    # Their number is counted under the lock, or two requests would both find room.
    lock_open(user.pk)
    now = clock.now()
    pending = PendingUpload.objects.usable(now).filter(user=user).count()
    if pending + len(content_types) > MAX_PENDING:
        raise InvalidInput.field(
            "content_types",
            f"At most {MAX_PENDING} uploads may wait to be used; {pending} do already.",
        )
    folder = f"{PLACES}/{user.pk}/{uuid.uuid4()}"
    rows = PendingUpload.objects.bulk_create(
        PendingUpload(
            user=user,
            key=f"{folder}/{number:03}.{_EXTENSION_OF[content_type]}",
            content_type=content_type,
            expires_at=clock.seconds_from_now(PLACE_SECONDS),
        )
        for number, content_type in enumerate(content_types)
    )
    until = clock.seconds_from_now(LINK_SECONDS)
    return [
        UploadPlace(
            key=row.key,
            url=links.upload_link(row.key, row.content_type, LINK_SECONDS),
            content_type=row.content_type,
            expires_at=until,
        )
        for row in rows
    ]


def receive(key: str, content: IO[bytes]) -> None:
    """Keep a file that was PUT to a local place, in place of an earlier one.

    Raises NotFound when the place was used or has expired, ImageTooLarge, ServiceUnavailable.
    """
    if not PendingUpload.objects.usable(clock.now()).filter(key=key).exists():
        raise NotFound("This upload link was used or has expired.")
    with tempfile.TemporaryFile() as spooled:
        size = 0
        while block := content.read(1 << 16):
            size += len(block)
            if size > MAX_BYTES:
                raise ImageTooLarge(f"The file is larger than {MAX_BYTES // 1024 // 1024} MB.")
            spooled.write(block)
        storage.delete([key])
        storage.save(key, spooled)


def require_uploaded(*, user: User, keys: Sequence[str]) -> None:
    """Judge uploads by what is known without their content: that they are the user's, there, of a
    size that is taken, and as many as a style has.

    Raises InvalidInput, UploadRejected, ServiceUnavailable.
    """
    image_service.require_count(len(keys))
    known = set(
        PendingUpload.objects.usable(clock.now())
        .filter(user=user, key__in=keys)
        .values_list("key", flat=True)
    )
    if len(set(keys)) != len(keys):
        raise InvalidInput.field("image_keys", "A key appears twice.")
    for number, key in enumerate(keys):
        if key not in known:
            raise InvalidInput.field(
                "image_keys", f"Number {number} is not an upload of yours, is used or has expired."
            )
    verdicts = image_service.Verdicts()
    for number, key in enumerate(keys):
        size = storage.size(key)
        if size is None:
            raise InvalidInput.field("image_keys", f"Nothing was uploaded to number {number}.")
        verdicts.judge_size(number, size)
    verdicts.require_good()


def use(*, user_id: int, keys: Sequence[str]) -> None:
    """Take the uploads out of those that wait. Their files are the caller's from then on.

    Raises InvalidInput when another request was faster.
    """
    # What has expired may be on its way out.
    usable = PendingUpload.objects.usable(clock.now())
    used, _ = usable.filter(user_id=user_id, key__in=keys).delete()
    if used != len(keys):
        raise InvalidInput.field("image_keys", "These uploads were already used.")


def delete_later(*, user: User, key: str) -> None:
    """Delete the file ``key`` once no worker can be on its way to it. In the caller's transaction.

    Who was told of it may have read that before, and not written it down yet.
    """
    note(user_id=user.pk, keys=[key], seconds=REPLACED_SECONDS)


def delete_files(*, user_id: int, keys: Iterable[str]) -> None:
    """Delete files of ``user_id`` that nothing names any more, once the caller's transaction is
    over. What cannot be deleted then, the sweep tries again."""
    noted = note(user_id=user_id, keys=keys)
    transaction.on_commit(partial(forget, noted), robust=True)


def note(*, user_id: int, keys: Iterable[str], seconds: float = 0) -> list[str]:
    """Write down files that are to be deleted so many seconds from now, by whoever comes to it: the
    sweep, or ``forget``. Returns the keys that are files of ours."""
    ours = sorted({key for key in keys if key and not key.startswith(("https://", "http://"))})
    expires_at = clock.seconds_from_now(seconds)
    PendingUpload.objects.bulk_create(
        [
            PendingUpload(user_id=user_id, key=key, content_type="", expires_at=expires_at)
            for key in ours
            if len(key) <= LONGEST_KEY
        ],
        update_conflicts=True,
        unique_fields=["key"],
        update_fields=["content_type", "expires_at"],
    )
    return ours


def forget(keys: Iterable[str]) -> None:
    """Delete files that were written down, as far as the storage does it now."""
    gone = list(takewhile(lambda key: storage.delete([key]), keys))
    _drop(PendingUpload.objects.filter(key__in=gone))


def keep_under(folder: str) -> None:
    """Files in ``folder`` that were written down have become a style's: they stay."""
    PendingUpload.objects.filter(key__startswith=f"{folder}/").delete()


def expire_all(user: User) -> None:
    """Let everything of a user who leaves be forgotten next."""
    PendingUpload.objects.filter(user=user).update(expires_at=clock.now())


def forget_expired() -> int:
    """Delete uploads that nobody used in time, and files that nothing names any more. Returns how
    many. Any number may do so at once: a file that is gone is deleted.

    A row goes after its file, so what the storage does not delete is tried again.
    """
    # One that is being used is locked. Once it is read here, it can be used no more.
    with transaction.atomic():
        expired = list(
            PendingUpload.objects.select_for_update(skip_locked=True)
            .filter(expires_at__lte=clock.now())
            .order_by("expires_at", "pk")[:BATCH]
        )
    gone = []
    for row in expired:
        if not storage.delete([row.key]):
            # The others go first, the next time.
            PendingUpload.objects.filter(pk=row.pk).update(expires_at=clock.now())
            break
        gone.append(row.pk)
    _drop(PendingUpload.objects.filter(pk__in=gone))
    return len(gone)


@transaction.atomic
def _drop(rows: PendingUploadQuerySet) -> None:
    """Let go of what is deleted. Whoever has one locked drops it.

    On S3, a link still takes files once its place was used: that row stays, and what came late is
    deleted when no link can be used any more.
    """
    locked = rows.select_for_update(skip_locked=True)
    mine = PendingUpload.objects.filter(pk__in=list(locked.values_list("pk", flat=True)))
    lifetime = timedelta(seconds=PLACE_SECONDS)
    is_linked = Q(key__startswith=f"{PLACES}/", created_at__gt=clock.now() - lifetime)
    mine.exclude(is_linked).delete()
    mine.filter(is_linked).update(content_type="", expires_at=F("created_at") + lifetime)
