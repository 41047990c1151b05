"""The worker's folder on disk, which several worker processes may share.

``reports/``   final reports that the backend has not accepted yet, one JSON file each
``reports/settled/``  accepted or late reports; kept a day, to recognise a repeated task
``reports/refused/``  reports that the backend refused as invalid; kept for people to examine
``jobs/``      one folder for each running job, removed at its end
``models/``    models and signatures fetched from storage
``locks``      an empty file whose byte ranges are locked: dead processes lose their locks
"""

import fcntl
import hashlib
import os
import shutil
import threading
import time
from collections.abc import Iterator
from contextlib import contextmanager
from fnmatch import fnmatch
from pathlib import Path

import msgspec

from protocol import Task

DAY = 86_400  # seconds


class KeptReport(msgspec.Struct, frozen=True):
    """A final report and its webhook URL. ``report`` is the JSON to send."""

    webhook_url: str
    request_id: str
    report: msgspec.Raw


def job_name(task: Task) -> str:
    return f"{task.task_id}-{task.attempt}"


class Locks:
    """Exclusive named locks between the threads and processes of one machine (POSIX)."""

    def __init__(self, path: Path) -> None:
        # Opened once: closing any descriptor of this file would drop all locks of the process.
        self._fd = os.open(path, os.O_RDWR | os.O_CREAT | os.O_CLOEXEC, 0o666)
        self._held: set[str] = set()  # record locks do not keep threads of one process apart
        self._mutex = threading.Lock()

    def acquire(self, name: str) -> bool:
        """Take the lock and return True, or return False if somebody holds it."""
        with self._mutex:
            if name in self._held:
                return False
            try:
                fcntl.lockf(self._fd, fcntl.LOCK_EX | fcntl.LOCK_NB, 1, self._offset(name))
            except (BlockingIOError, PermissionError):
                return False
            self._held.add(name)
            return True

    def release(self, name: str) -> None:
        with self._mutex:
            fcntl.lockf(self._fd, fcntl.LOCK_UN, 1, self._offset(name))
            self._held.discard(name)

    @staticmethod
    def _offset(name: str) -> int:
        digest = hashlib.blake2b(name.encode(), digest_size=8).digest()
        return int.from_bytes(digest, "big") >> 2  # 62 bits: fits a file offset


class WorkDir:
    def __init__(self, root: Path) -> None:
        """Create the missing folders under ``root``. Raises OSError."""
        self.reports = root / "reports"
        self.settled = self.reports / "settled"
        self.refused = self.reports / "refused"
        self.jobs = root / "jobs"
        self.models = root / "models"
        for folder in (self.settled, self.refused, self.jobs, self.models):
            folder.mkdir(parents=True, exist_ok=True)
        self.locks = Locks(root / "locks")

    def forget_dead_jobs(self) -> None:
        """Remove the folders of jobs whose process died."""
        for folder in self.jobs.iterdir():
            if self.locks.acquire(folder.name):
                shutil.rmtree(folder, ignore_errors=True)
                self.locks.release(folder.name)

    def forget_old_files(self) -> None:
        """Remove settled reports and half-written files older than a day."""
        oldest = time.time() - DAY
        for folder, pattern in (
            (self.settled, "*"),
            (self.reports, ".*.part"),
            (self.models, ".*"),
        ):
            # One by one: a busy day leaves a hundred thousand of them.
            with os.scandir(folder) as entries:
                for entry in entries:
                    if fnmatch(entry.name, pattern):
                        _forget_older(Path(entry.path), oldest)

    @contextmanager
    def job_folder(self, name: str) -> Iterator[Path]:
        """An empty folder for the job. The caller must hold the lock of that name."""
        folder = self.jobs / name
        shutil.rmtree(folder, ignore_errors=True)
        folder.mkdir()
        try:
            yield folder
        finally:
            shutil.rmtree(folder, ignore_errors=True)

    def has_report(self, name: str) -> bool:
        """Whether this attempt is already done and has its final report, delivered or not."""
        file = f"{name}.json"
        return any(
            (folder / file).exists() for folder in (self.reports, self.settled, self.refused)
        )

    def keep(self, name: str, kept: KeptReport) -> Path:
        """Write the report so that it survives a crash of process and machine. Raises OSError."""
        path = self.reports / f"{name}.json"
        part = self.reports / f".{name}.{os.getpid()}-{threading.get_ident()}.part"
        try:
            with part.open("wb") as file:
                file.write(msgspec.json.encode(kept))
                file.flush()
                os.fsync(file.fileno())
            part.replace(path)
        except OSError:
            part.unlink(missing_ok=True)
            raise
        sync_folder(self.reports)
        return path

    def kept(self) -> list[Path]:
        """The reports that are not delivered yet, oldest first."""
        aged = []
        for path in self.reports.glob("*.json"):
            try:
                aged.append((path.stat().st_mtime, path))
            except FileNotFoundError:
                continue
        return [path for _, path in sorted(aged)]

    def settle(self, path: Path) -> None:
        """Mark the report as answered by the backend, and remember that the attempt is done."""
        self._move(path, self.settled)

    def refuse(self, path: Path) -> None:
        self._move(path, self.refused)

    @staticmethod
    def _move(path: Path, folder: Path) -> None:
        try:
            os.utime(path)  # kept from now on
            path.replace(folder / path.name)
        except FileNotFoundError:  # another worker delivered it too; reports may arrive twice
            return


def _forget_older(path: Path, oldest: float) -> None:
    try:
        if path.stat().st_mtime < oldest:
            path.unlink()
    except FileNotFoundError:  # another worker tidies too
        return


def sync_folder(folder: Path) -> None:
    """Make a rename in ``folder`` survive a power cut."""
    descriptor = os.open(folder, os.O_RDONLY)
    try:
        os.fsync(descriptor)
    finally:
        os.close(descriptor)
