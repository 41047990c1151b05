"""Whether the memory of a process goes on growing."""

from __future__ import annotations

from dataclasses import dataclass, field

import numpy as np

ALLOWED_GROWTH = 0.10
# Less than an allocator's own steps is no growth.
NOISE_BYTES = 2 * 2**20


@dataclass
class Series:
    """What was seen of one process; ``at`` in seconds from the beginning, ``memory`` and ``mapped``
    in bytes: what it asked for itself, and its pages of files. Only the first can leak."""

    kind: str
    at: list[float] = field(default_factory=list)
    memory: list[int] = field(default_factory=list)
    mapped: list[int] = field(default_factory=list)
    files: list[int] = field(default_factory=list)

    def growth(self) -> tuple[float, float]:
        """Over the last two thirds: as a share of what was there at their beginning, in bytes.

        By the median of the slopes between all pairs (Theil and Sen): a leak goes on, while an
        allocator that keeps a picture's buffers takes one step, which would tilt a fitted line.
        """
        at, memory = np.array(self.at), np.array(self.memory, dtype=float)
        is_late = at >= at[-1] / 3
        at, memory = at[is_late], memory[is_late]
        one, other = np.triu_indices(len(at), 1)
        slope = np.median((memory[other] - memory[one]) / (at[other] - at[one]))
        grown = float(slope * (at[-1] - at[0]))
        return grown / float(np.median(memory[: max(1, len(memory) // 5)])), grown

    def grows(self) -> bool:
        share, grown = self.growth()
        return share > ALLOWED_GROWTH and grown > NOISE_BYTES
