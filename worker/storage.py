"""Files named by URI, on a disk (file://) or in an S3-compatible store (s3://)."""

import hashlib
import os
import re
import shutil
import threading
import time
import uuid
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from urllib.parse import unquote, urlsplit

import fsspec
from botocore.exceptions import BotoCoreError
from fsspec import AbstractFileSystem

from protocol.previews import CACHE_CONTROL
from worker.workdir import sync_folder

PART_BYTES = 8 * 2**20  # an S3 transfer has a few of these in memory
CACHED_FILES = 64


class StorageError(Exception):
    """A file could not be read or written. ``retryable``: another attempt may succeed."""

    def __init__(self, message: str, *, retryable: bool = True) -> None:
        super().__init__(message)
        self.retryable = retryable


class Storage:
    """Copies files in parts, so that their size does not matter.

    Credentials and region come from the environment, as for any AWS client. Set
    ``s3_endpoint_url`` to use another S3-compatible store.
    """

    def __init__(self, s3_endpoint_url: str | None = None) -> None:
        self._s3_options: dict[str, object] = {
            "endpoint_url": s3_endpoint_url,
            "max_concurrency": 2,
            # Another process may have written the file since the last listing.
            "use_listings_cache": False,
            "config_kwargs": {
                "connect_timeout": 5,
                "read_timeout": 30,
                "retries": {"max_attempts": 2, "mode": "standard"},
            },
        }

    def fetch(self, uri: str, to: Path) -> None:
        """Copy the file ``uri`` to the local path ``to``. Raises StorageError."""
        with _translated(f"cannot read {uri}"):
            system, path = self._locate(uri)
            system.get_file(path, str(to))

    def store(self, path: Path, uri: str, content_type: str) -> None:
        """Copy the local file ``path`` to ``uri``. Nobody ever sees an incomplete file.

        Creates missing folders and replaces an existing file. Raises StorageError.
        """
        with _translated(f"cannot write {uri}"):
            system, target = self._locate(uri)
            if _scheme(uri) == "file":
                _store_on_disk(path, Path(target))
            else:
                about = {"ContentType": content_type, "CacheControl": CACHE_CONTROL}
                system.put_file(str(path), target, chunksize=PART_BYTES, **about)

    def version(self, uri: str) -> str:
        """A text that changes when the file changes. Raises StorageError."""
        with _translated(f"cannot read {uri}"):
            system, path = self._locate(uri)
            return str(system.ukey(path))

    def _locate(self, uri: str) -> tuple[AbstractFileSystem, str]:
        scheme = _scheme(uri)
        if ".." in unquote(uri).split("/"):
            raise StorageError(f"{uri} leads out of its folder", retryable=False)
        if scheme == "s3":
            system, path = fsspec.core.url_to_fs(uri, **self._s3_options)
            return system, str(path)
        if scheme == "file":
            host, path = urlsplit(uri).netloc, unquote(uri.removeprefix("file://"))
            if not host and path.startswith("/"):
                return fsspec.filesystem("file"), path
        raise StorageError(f"{uri} is neither file:///… nor s3://…", retryable=False)


class FileCache:
    """The most recently used files of a storage, kept in a local folder.

    Several processes may use the same folder.
    """

    def __init__(self, storage: Storage, folder: Path, max_files: int = CACHED_FILES) -> None:
        self._storage = storage
        self._folder = folder
        self._max_files = max_files

    def fetch(self, uri: str) -> Path:
        """A local copy of ``uri``; do not change it. Raises StorageError."""
        key = hashlib.sha256(f"{uri}\n{self._storage.version(uri)}".encode()).hexdigest()
        path = self._folder / f"{key[:40]}{file_suffix(uri)}"
        with _translated(f"cannot keep {uri}"):
            if path.exists():
                _mark_used(path)
                return path
            part = self._folder / f".{path.name}.{uuid.uuid4().hex}"
            try:
                self._storage.fetch(uri, part)
                _mark_used(part)
                part.replace(path)
            finally:
                part.unlink(missing_ok=True)
            self._forget_oldest()
        return path

    def _forget_oldest(self) -> None:
        aged = []
        for path in self._folder.glob("[!.]*"):
            try:
                aged.append((path.stat().st_mtime, path))
            except FileNotFoundError:  # another worker deleted it
                continue
        for _, path in sorted(aged, reverse=True)[self._max_files :]:
            path.unlink(missing_ok=True)


def file_suffix(uri: str) -> str:
    """The suffix of the file's name, such as ``.npz``; empty if it is unusual."""
    suffix = Path(uri).suffix.lower()
    return suffix if re.fullmatch(r"\.[a-z0-9]{1,16}", suffix) else ""


def _mark_used(path: Path) -> None:
    now = time.time_ns()  # finer than the file system's own clock, which has ticks of milliseconds
    os.utime(path, ns=(now, now))


def _scheme(uri: str) -> str:
    return uri.partition("://")[0] if "://" in uri else ""


def _store_on_disk(path: Path, target: Path) -> None:
    target.parent.mkdir(parents=True, exist_ok=True)
    part = target.parent / f".{target.name}.{os.getpid()}-{threading.get_ident()}.part"
    try:
        shutil.copyfile(path, part)
        with part.open("rb") as written:
            os.fsync(written.fileno())
        part.replace(target)
    finally:
        part.unlink(missing_ok=True)
    sync_folder(target.parent)


@contextmanager
def _translated(what: str) -> Iterator[None]:
    """Turn the errors of disks, networks and S3 into StorageError."""
    try:
        yield
    # s3fs turns S3's errors into OSError, but not those of the client library.
    except (OSError, BotoCoreError, TimeoutError) as error:
        raise StorageError(f"{what}: {type(error).__name__}: {error}") from error
    except ValueError as error:  # a URI that fsspec cannot parse
        raise StorageError(f"{what}: {error}", retryable=False) from error
