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
    return sum(sum(_ticks(pid)[:2]) for pid in pids) / TICKS


def family_cpu_seconds(pid: int) -> float:
    """What ``pid`` and all processes below it have used so far, those included that ended since.

    What a process used goes over to its parent in the moment in which that takes note of its end;
    so the family is counted again when it was another one meanwhile.
    """
    for _ in range(20):
        members = family(pid)
        ticks = sum(sum(_ticks(each)) for each in members)
        if family(pid) == members:
            break
    return ticks / TICKS


def _ticks(pid: int) -> tuple[int, ...]:
    """User and system time, and both of the children that have ended and were waited for."""
    try:
        fields = Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()
    except OSError:
        return (0, 0, 0, 0)
    return tuple(int(field) for field in fields[11:15])


@dataclass(frozen=True)
class Machine:
    """What all cores together have done so far, in ticks, whoever made them."""

    busy: int
    stolen: int
    total: int

    def since(self, earlier: Machine) -> tuple[float, float]:
        """The shares of the time since ``earlier`` that the cores were busy, and that the machine
        below gave to somebody else."""
        total = max(1, self.total - earlier.total)
        return (self.busy - earlier.busy) / total, (self.stolen - earlier.stolen) / total


def machine() -> Machine:
    first = Path("/proc/stat").read_text().partition("\n")[0]
    # user, nice, system, idle, waiting for disks, interrupts, soft ones, stolen
    spent = [int(field) for field in first.split()[1:9]]
    return Machine(sum(spent[:3]) + sum(spent[5:7]), spent[7], sum(spent))


@dataclass(frozen=True)
class Memory:
    """In bytes. ``resident`` leaves out memory shared among processes: PostgreSQL's pages come to
    belong to each of its processes that ever looked at them. ``anonymous`` is what the program
    asked for itself; the rest are pages of files, above all libraries, which the kernel drops and
    reads again as it sees fit."""

    resident: int
    anonymous: int
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
    return Memory(
        resident=(kilobytes["VmRSS"] - shared) * 1024,
        anonymous=kilobytes["RssAnon"] * 1024,
        peak=kilobytes["VmHWM"] * 1024,
    )


def forget_peak(pid: int) -> None:
    """Let the peak of the process's memory begin again at what it has now."""
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
