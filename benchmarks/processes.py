"""What Linux counts of processes: CPU time, memory, open files. Nothing but /proc is needed."""

from __future__ import annotations

import contextlib
import os
from dataclasses import dataclass
from pathlib import Path

TICKS = os.sysconf("SC_CLK_TCK")


def family(pid: int) -> list[int]:
    """``pid`` and all processes below it."""
    found = [pid]
    for each in found:
        with contextlib.suppress(OSError):
            for task in Path(f"/proc/{each}/task").iterdir():
                found += [int(child) for child in (task / "children").read_text().split()]
    return found


def cpu_seconds(*pids: int) -> float:
    """User and system time that these processes have used so far; none for those that ended."""
    ticks = 0
    for pid in pids:
        with contextlib.suppress(OSError):
            fields = Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()
            ticks += int(fields[11]) + int(fields[12])
    return ticks / TICKS


@dataclass(frozen=True)
class Memory:
    """In bytes. ``resident`` leaves out memory shared among processes: PostgreSQL's pages come to
    belong to each of its processes that ever looked at them."""

    resident: int
    peak: int


def memory(pid: int) -> Memory | None:
    """None when the process has ended."""
    try:
        lines = Path(f"/proc/{pid}/status").read_text().splitlines()
    except OSError:
        return None
    kilobytes = {
        name: int(rest.split()[0])
        for name, _, rest in (line.partition(":") for line in lines)
        if name.startswith(("Vm", "Rss")) and rest.split()
    }
    if "VmRSS" not in kilobytes:
        return None
    shared = kilobytes.get("RssShmem", 0)
    return Memory((kilobytes["VmRSS"] - shared) * 1024, kilobytes["VmHWM"] * 1024)


def forget_peak(pid: int) -> None:
    """Let the peak of the process's memory begin anew, at what it has now."""
    Path(f"/proc/{pid}/clear_refs").write_text("5")


def open_files(pid: int) -> int:
    try:
        return len(os.listdir(f"/proc/{pid}/fd"))
    except OSError:
        return 0


def command(pid: int) -> str:
    try:
        return Path(f"/proc/{pid}/cmdline").read_bytes().replace(b"\0", b" ").decode().strip()
    except OSError:
        return ""
