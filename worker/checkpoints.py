"""Where a training that was interrupted goes on: files of the engine, kept in the job's folder."""

from pathlib import Path

import structlog

from protocol import TrainingTask
from protocol.engines import CHECKPOINT
from worker.engines.base import Engine
from worker.storage import Storage, StorageError

log = structlog.get_logger()


class Checkpoints:
    """Those of one training. None is looked for or kept if the engine makes none.

    Each attempt writes into its own folder, and reads from those of the attempts before, too.
    """

    def __init__(self, task: TrainingTask, storage: Storage, engine: Engine) -> None:
        self._task, self._storage = task, storage
        self._are_made = engine.makes_checkpoints

    def save(self, path: Path) -> None:
        """Keep ``path``. Where that fails, the training goes on: it only has more to lose."""
        if not self._are_made:
            return
        try:
            self._storage.store(path, self._uri(self._task.attempt), "application/octet-stream")
        except StorageError as error:
            log.warning("checkpoint_not_kept", reason=str(error))

    def last(self, folder: Path) -> Path | None:
        """The newest checkpoint, copied into ``folder``: of this attempt, which may be delivered a
        second time, or of one before."""
        if not self._are_made:
            return None
        target = folder / "checkpoint"
        for attempt in range(self._task.attempt, 0, -1):
            try:
                self._storage.fetch(self._uri(attempt), target)
            except StorageError as error:
                if not isinstance(error.__cause__, FileNotFoundError):
                    log.warning("checkpoint_not_read", reason=str(error))
                continue
            log.info("checkpoint_found", of_attempt=attempt)
            return target
        return None

    def _uri(self, attempt: int) -> str:
        """The backend names the folder of an attempt by its number."""
        own = self._task.data.output_path.rstrip("/")
        jobs, _, number = own.rpartition("/")
        folder = f"{jobs}/{attempt}" if number == str(self._task.attempt) else own
        return f"{folder}/{CHECKPOINT}"
