"""Files that keep their reader waiting: a test finds a program in the middle of its work."""

from __future__ import annotations

import os
from pathlib import Path

from tests.system import wait_for


class GatedFile:
    """In the place of the file ``path`` from now on: who opens it waits until ``open``.

    ``restore`` puts the file back for those who come later.
    """

    def __init__(self, path: Path) -> None:
        self.path = path
        self._content = path.read_bytes()
        self._writer: int | None = None
        path.unlink()
        os.mkfifo(path)

    def wait_for_reader(self, *, seconds: float = 30) -> None:
        self._writer = wait_for(self._try_to_open, seconds=seconds, what=f"a look at {self.path}")

    def open(self) -> None:
        """Let the reader have the file."""
        assert self._writer is not None
        os.set_blocking(self._writer, True)
        with os.fdopen(self._writer, "wb") as pipe:
            pipe.write(self._content)
        self._writer = None
        self.restore()

    def restore(self) -> None:
        if self._writer is not None:
            os.close(self._writer)
            self._writer = None
        part = self.path.with_name(f"{self.path.name}.part")
        part.write_bytes(self._content)
        part.replace(self.path)

    def _try_to_open(self) -> int | None:
        try:
            return os.open(self.path, os.O_WRONLY | os.O_NONBLOCK)
        except OSError:  # nobody reads
            return None
