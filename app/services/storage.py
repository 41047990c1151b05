"""Files: where they are kept and how workers address them.

Keys are relative paths such as ``styles/<uuid>/previews/000.webp``. Everything is private; people
get at it by the links of ``app/utils/links.py``.
"""

from __future__ import annotations

import re
import shutil
import tempfile
from collections.abc import Iterable
from functools import cache
from pathlib import Path
from typing import IO, cast
from urllib.parse import quote, unquote, urlsplit

import structlog
from django.conf import settings
from django.core.files.base import File
from django.core.files.storage import default_storage

from app.exceptions import ServiceUnavailable

log = structlog.get_logger(__name__)


class PathOutside(ValueError):
    """A URI that does not lie where it has to."""


def save(key: str, content: IO[bytes]) -> None:
    """Store ``content`` under ``key``. Raises ServiceUnavailable when the storage does not work."""
    content.seek(0)
    try:
        stored = default_storage.save(key, File(content, name=key))
    except _storage_errors() as error:
        log.warning("storage_write_failed", key=key, error=str(error))
        raise ServiceUnavailable(
            "The file storage is not available right now. Nothing was saved; try again later."
        ) from error
    if stored != key:
        # Keys carry a random part, so a taken one means that something is badly wrong.
        default_storage.delete(stored)
        raise ServiceUnavailable


def delete(keys: Iterable[str]) -> bool:
    """Delete ``keys`` as far as possible; what stays is logged and does no harm. Returns whether
    all are gone."""
    is_done = True
    for key in keys:
        try:
            default_storage.delete(key)
        except _storage_errors() as error:
            log.warning("storage_delete_failed", key=key, error=str(error))
            is_done = False
    return is_done


def exists(key: str) -> bool:
    return size(key) is not None


def size(key: str) -> int | None:
    """The size of a file in bytes, None where there is none. Raises ServiceUnavailable."""
    try:
        return int(default_storage.size(key))
    except FileNotFoundError:
        return None
    except _storage_errors() as error:
        raise ServiceUnavailable from error


def open_file(key: str) -> IO[bytes]:
    """A file to be read; it lies on the disk, not in memory.

    Raises ServiceUnavailable, also for a file that is gone.
    """
    try:
        if settings.S3_BUCKET:
            return cast("IO[bytes]", default_storage.fetch(key))  # type: ignore[attr-defined]
        return cast("IO[bytes]", default_storage.open(key, "rb"))
    except _storage_errors() as error:
        raise ServiceUnavailable from error


def copy(source: str, target: str) -> bool:
    """Copy a file as it is now, without moving its bytes through this process.

    Returns False when there is no file ``source``. Raises ServiceUnavailable.
    """
    try:
        if settings.S3_BUCKET:
            return bool(default_storage.copy(source, target))  # type: ignore[attr-defined]
        _link(local_path(source), local_path(target))
    except FileNotFoundError:
        return False
    except _storage_errors() as error:
        log.warning("storage_write_failed", key=target, error=str(error))
        raise ServiceUnavailable from error
    return True


def ping() -> None:
    """Raise ServiceUnavailable unless the storage answers and takes files, within seconds."""
    try:
        if settings.S3_BUCKET:
            default_storage.ping()  # type: ignore[attr-defined]
            return
        folder = Path(settings.MEDIA_ROOT)
        folder.mkdir(parents=True, exist_ok=True)
        with tempfile.TemporaryFile(dir=folder) as probe:
            probe.write(b"?")
    except _storage_errors() as error:
        raise ServiceUnavailable from error


def uri(key: str) -> str:
    """The address of ``key`` for workers: ``file://…`` or ``s3://…``."""
    if settings.S3_BUCKET:
        return f"s3://{settings.S3_BUCKET}/{key}"
    return f"{_folder_uri(settings.MEDIA_ROOT)}/{quote(key)}"


def key_under(address: str, folder: str) -> str:
    """The key of the URI ``address``, which must lie under the key ``folder``.

    Raises PathOutside for anything else, ``..`` and encoded tricks included.
    """
    here = f"{uri(folder)}/"
    if _PLAIN.fullmatch(address, len(here)) and address.startswith(here):
        return f"{folder}/{address[len(here) :]}"
    given, base = urlsplit(address), urlsplit(uri(folder))
    path, prefix = unquote(given.path), unquote(base.path).rstrip("/") + "/"
    inside = path.removeprefix(prefix)
    if (
        (given.scheme, given.netloc) != (base.scheme, base.netloc)
        or given.query
        or given.fragment
        or not path.startswith(prefix)
        or not inside
        or any(part in {"", ".", ".."} for part in inside.split("/"))
        or "\\" in inside
        or "\x00" in inside
    ):
        raise PathOutside(f"must lie under {uri(folder)}")
    return f"{folder.rstrip('/')}/{inside}"


def _link(source: Path, target: Path) -> None:
    target.parent.mkdir(parents=True, exist_ok=True)
    try:
        target.hardlink_to(source)
    except OSError:
        # Not between two disks, nor on every one. Files are replaced, never written to.
        shutil.copyfile(source, target)


def local_path(key: str) -> Path:
    return Path(default_storage.path(key))


# Names that read the same in a URI and in a path, and lead nowhere else.
_PLAIN = re.compile(r"[A-Za-z0-9_][A-Za-z0-9_.-]*(?:/[A-Za-z0-9_][A-Za-z0-9_.-]*)*")


@cache
def _folder_uri(folder: str | Path) -> str:
    return Path(folder).as_uri()


def _storage_errors() -> tuple[type[Exception], ...]:
    if not settings.S3_BUCKET:
        return (OSError,)
    from boto3.exceptions import Boto3Error
    from botocore.exceptions import BotoCoreError, ClientError

    return (OSError, BotoCoreError, ClientError, Boto3Error)
