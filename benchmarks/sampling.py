"""What the processes of a system take while it works: CPU, memory, connections, files."""

from __future__ import annotations

import threading
import time
from collections.abc import Callable
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, Self

from benchmarks import processes

Pids = Callable[[], dict[str, list[int]]]


@dataclass
class Usage:
    """Of all processes of a kind: share of one core, and bytes of memory at most."""

    cpu: float = 0.0
    memory: int = 0
    processes: int = 0

    def as_dict(self) -> dict[str, Any]:
        return {
            "cpu": round(self.cpu, 3),
            "memory_mb": round(self.memory / 2**20),
            "processes": self.processes,
        }


@dataclass
class Watch:
    """As a context: watches from its beginning to its end, from a thread of its own."""

    pids: Pids
    connections: Callable[[], int] | None = None
    every: float = 1.0
    usage: dict[str, Usage] = field(default_factory=dict)
    most_connections: int = 0

    def __enter__(self) -> Self:
        self._stop = threading.Event()
        self._began = time.monotonic()
        self._cpu: dict[tuple[str, int], tuple[float, float]] = {}
        self._looked = False
        self._look()
        self._thread = threading.Thread(target=self._keep_looking, daemon=True)
        self._thread.start()
        return self

    def __exit__(self, *error: object) -> None:
        self._stop.set()
        self._thread.join()
        self._look()
        seconds = time.monotonic() - self._began
        for name, usage in self.usage.items():
            spent = [
                last - first for (kind_, _), (first, last) in self._cpu.items() if kind_ == name
            ]
            usage.cpu = sum(spent) / seconds

    def _keep_looking(self) -> None:
        while not self._stop.wait(self.every):
            self._look()

    def _look(self) -> None:
        for kind, pids in self.pids().items():
            usage = self.usage.setdefault(kind, Usage())
            resident = 0
            for pid in pids:
                cpu = processes.cpu_seconds(pid)
                # What has begun since counts from its own beginning.
                first, last = self._cpu.get((kind, pid), (0.0 if self._looked else cpu, cpu))
                # A process that has ended counts with what it had.
                self._cpu[kind, pid] = (first, max(cpu, last))
                found = processes.memory(pid)
                resident += found.resident if found else 0
            usage.memory = max(usage.memory, resident)
            usage.processes = max(usage.processes, len(pids))
        self._looked = True
        if self.connections is not None:
            self.most_connections = max(self.most_connections, self.connections())


def temporary_files(folder: Path) -> int:
    """Files that are left in ``folder``, at any depth."""
    return sum(1 for path in folder.rglob("*") if path.is_file())
