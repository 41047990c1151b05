"""What moved at the provider, for whoever compares it with our books."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime
from typing import Protocol


@dataclass(frozen=True)
class Movement:
    """Money that moved: a ``purchase``, ``refund``, ``dispute``, ``transfer`` to an artist's
    account, or payment from there to their ``bank``.

    ``id`` is what we know it by, ``status`` as ours would be, and ``reference`` our own name of it.
    """

    kind: str
    id: str
    amount: int
    currency: str
    status: str
    at: datetime
    fee: int = 0
    reference: str = ""


class ProviderBooks(Protocol):
    def movements(self, begin: datetime, end: datetime) -> list[Movement]:
        """Raises NotYet."""
        ...
