"""All that is kept of a user, as one ZIP: asked for, made as a job, told of, and deleted in time.

The relay's process makes it (``app/delivery/exports.py``). A claim is a lease: if the process dies,
another one makes it again. From the claim on, the row names the file, so none is left unknown.
"""

from __future__ import annotations

import json
import tempfile
import uuid
import zipfile
from collections.abc import Callable, Iterable
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import IO, Any

import structlog
from django.core.serializers.json import DjangoJSONEncoder
from django.db import transaction
from django.db.models import QuerySet

from app.exceptions import NotFound, ServiceUnavailable
from app.models import DataExport, User
from app.services import archives, exported, notification_service, storage
from app.services.token_service import lock_open
from app.services.uploads import upload_service
from app.utils import clock
from app.utils.links import download_link

log = structlog.get_logger(__name__)

# For so long it can be fetched.
KEPT_FOR = timedelta(days=7)
# What was made within a day is not made again.
FRESH_FOR = timedelta(days=1)
# Renewed with every piece of a file; storing the whole takes less.
LEASE = timedelta(minutes=30)
MOST_ATTEMPTS = 3
# Of files in one export; the others are named with their pages.
MOST_BYTES = 2 * 1024**3
README = """This is what Style License keeps of you.

data/      one file for each kind of thing, as JSON
files/     your picture, signature, works and pictures
data/left_out.json names files that are not in here, and why.

Not in here are: the names and words of other people; keys and secrets, by which somebody could act
for you; what others reported; what our staff noted before it decided; the lines of our logs.

Style License에 저장된 회원님의 데이터입니다.
data/ 에는 종류별 JSON, files/ 에는 파일이 있습니다.
data/left_out.json 에는 여기에 없는 파일과 그 이유가 있습니다.

다음은 포함되지 않습니다: 다른 사람의 이름과 글,
회원님을 대신해 쓸 수 있는 키와 비밀 값, 다른 사람의 신고 내용,
운영진이 결정하기 전에 적은 것, 로그.
"""


class LeaseLost(Exception):
    """Another one makes this export by now, or the account has closed."""


@dataclass(frozen=True)
class Exported:
    """How far an export is; ``url`` is a link that dies soon, for its owner alone."""

    state: str
    asked_at: datetime | None = None
    ready_at: datetime | None = None
    expires_at: datetime | None = None
    size: int | None = None
    url: str | None = None


@transaction.atomic
def ask(user: User) -> Exported:
    """Have an export made, unless there is one of today or under way."""
    lock_open(user.pk, even_suspended=True)
    latest = _latest(user)
    is_due = latest is None or latest.failed_at is not None
    if latest is not None and latest.ready_at is not None:
        is_due = latest.asked_at <= clock.now() - FRESH_FOR
    if is_due:
        DataExport.objects.create(user=user, due_at=clock.now())
    return state_of(user)


def state_of(user: User) -> Exported:
    """That of the latest one."""
    latest = _latest(user)
    if latest is None:
        return Exported("none")
    if latest.failed_at is not None:
        return Exported("failed", latest.asked_at)
    if latest.ready_at is None:
        return Exported("preparing", latest.asked_at)
    return Exported(
        "ready",
        latest.asked_at,
        latest.ready_at,
        latest.expires_at,
        latest.size,
        download_link(latest.key, f"style-license-{latest.ready_at:%Y-%m-%d}.zip"),
    )


def link_of(user: User) -> str:
    """Raises NotFound where nothing is ready."""
    url = state_of(user).url
    if url is None:
        raise NotFound("There is no export. Ask for one first.")
    return url


def make_next(is_stopping: Callable[[], bool] = lambda: False) -> bool:
    """Make the export that has waited longest. Returns whether there was one."""
    claimed = _claim()
    if claimed is None:
        return False
    try:
        with tempfile.TemporaryFile() as file:
            _write(claimed, file, is_stopping)
            size = file.tell()
            storage.save(claimed.key, file)
    except InterruptedError:
        _ours(claimed).update(due_at=clock.now(), attempt=0)
        return False
    except LeaseLost:
        log.warning("export_lost", user_id=claimed.user_id)
        return True
    except ServiceUnavailable as error:
        # The storage is away; the lease says when it is tried again.
        log.warning("export_failed", user_id=claimed.user_id, error=str(error))
        return True
    if not _record(claimed, size):
        storage.delete([claimed.key])
    return True


def forget_old() -> int:
    """Delete what can be fetched no more, and what failed long ago. Returns how many."""
    now = clock.now()
    old = DataExport.objects.filter(expires_at__lte=now) | DataExport.objects.filter(
        failed_at__lte=now - KEPT_FOR
    )
    gone = [each.pk for each in old[:100] if not each.key or storage.delete([each.key])]
    return DataExport.objects.filter(pk__in=gone).delete()[0]


def forget_user(user: User) -> list[str]:
    """Delete the exports of an account that closes. Returns the keys of their files, which the
    caller deletes after the commit."""
    own = DataExport.objects.filter(user=user).exclude(key="")
    keys = list(own.exclude(ready_at=None).values_list("key", flat=True))
    # Whoever makes one may be storing it, and learns only then that nobody waits for it.
    late = list(own.filter(ready_at=None).values_list("key", flat=True))
    upload_service.note(user_id=user.pk, keys=late, seconds=LEASE.total_seconds())
    DataExport.objects.filter(user=user).delete()
    return keys


def _latest(user: User) -> DataExport | None:
    kept = DataExport.objects.filter(user=user).exclude(expires_at__lte=clock.now())
    return kept.order_by("-asked_at", "-pk").first()


@transaction.atomic
def _claim() -> DataExport | None:
    waiting = DataExport.objects.filter(ready_at=None, failed_at=None, due_at__lte=clock.now())
    locked = waiting.select_for_update(skip_locked=True, no_key=True, of=("self",))
    due = locked.select_related("user").order_by("due_at", "pk").first()
    if due is None:
        return None
    due.attempt += 1
    if due.attempt > MOST_ATTEMPTS:
        due.failed_at = clock.now()
        due.save(update_fields=["failed_at"])
        log.error("export_given_up", user_id=due.user_id)
        return None
    # Whoever had the lease may be storing it.
    upload_service.note(user_id=due.user_id, keys=[due.key], seconds=LEASE.total_seconds())
    due.key = f"exports/{uuid.uuid4()}.zip"
    due.due_at = clock.now() + LEASE
    due.save(update_fields=["attempt", "key", "due_at"])
    return due


def _ours(claimed: DataExport) -> QuerySet[DataExport]:
    """The row, while it is the caller's to make: each claim has its own key."""
    under_way = DataExport.objects.filter(ready_at=None, failed_at=None)
    return under_way.filter(pk=claimed.pk, key=claimed.key)


def _renew(claimed: DataExport) -> None:
    """Raises LeaseLost."""
    if claimed.due_at - clock.now() > LEASE * 0.9:
        return
    claimed.due_at = clock.now() + LEASE
    if not _ours(claimed).update(due_at=claimed.due_at):
        raise LeaseLost


@transaction.atomic
def _record(claimed: DataExport, size: int) -> bool:
    """Keep and tell what was made, unless the account has closed or another attempt has begun."""
    export = _ours(claimed).select_for_update(no_key=True).first()
    if export is None:
        return False
    export.size = size
    export.ready_at = clock.now()
    export.expires_at = export.ready_at + KEPT_FOR
    export.save(update_fields=["size", "ready_at", "expires_at"])
    notification_service.tell_export_ready(export.user_id)
    return True


def _write(claimed: DataExport, file: IO[bytes], is_stopping: Callable[[], bool]) -> None:
    user = claimed.user
    left_out = list(exported.left_out_of(user))
    room = MOST_BYTES
    with zipfile.ZipFile(file, "w", zipfile.ZIP_DEFLATED) as packed:
        packed.writestr("README.txt", README)
        for name, table in exported.TABLES.items():
            _write_rows(packed, name, exported.rows_of(table, user))
        _write_rows(packed, "sessions", exported.sessions_of(user))
        for key, name in exported.files_of(user):
            if is_stopping():
                raise InterruptedError
            _renew(claimed)
            size = storage.size(key)
            if size is None or size > room:
                left_out.append({"file": name, "why": "gone" if size is None else "too much"})
                continue
            room -= size
            for _ in archives.copy_in(packed, key, name):
                _renew(claimed)
        _write_rows(packed, "left_out", left_out)


def _write_rows(packed: zipfile.ZipFile, name: str, rows: Iterable[dict[str, Any]]) -> None:
    """A JSON list, written row by row."""
    with packed.open(f"data/{name}.json", "w") as entry:
        before = "["
        for row in rows:
            text = json.dumps(row, cls=DjangoJSONEncoder, ensure_ascii=False)
            entry.write(f"{before}\n{text}".encode())
            before = ","
        entry.write(b"[]\n" if before == "[" else b"\n]\n")
