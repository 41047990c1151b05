"""What the provider knows: its objects, its clock, and one lock around both.

Everything is in memory; ``kept.py`` may write it to a file. Each request, each press on a page and
each act of the control door holds ``State.lock`` while it reads or writes; nobody waits for the
network with it.
"""

from __future__ import annotations

import secrets
import threading
import time
from collections.abc import Callable, Iterator
from typing import Any

from devtools.fake_stripe.errors import MissingError

Thing = dict[str, Any]
"""One object of the API, as its JSON."""

PLATFORM = ""
"""The account that the secret key belongs to, as owner of objects."""


class Clock:
    """Unix time in seconds. It can be set, and then runs on or stands still."""

    def __init__(self) -> None:
        # Seconds before the time of the machine.
        self.ahead = 0.0
        self._stopped_at: float | None = None

    def now(self) -> int:
        if self._stopped_at is not None:
            return int(self._stopped_at)
        return int(time.time() + self.ahead)

    def set(self, now: float, *, stopped: bool) -> None:
        self.ahead = now - time.time()
        self._stopped_at = now if stopped else None


class State:
    """All objects by id, in the order in which they came to be."""

    def __init__(self, url: str) -> None:
        self.url = url
        self.lock = threading.RLock()
        # Told when deliveries may be due.
        self.changed = threading.Condition(self.lock)
        # Told when something may have changed, for whoever keeps it.
        self.touched = threading.Event()
        self.clock = Clock()
        self._things: dict[str, Thing] = {}
        self._owners: dict[str, str] = {}
        # What the API does not show: pages, line items, flags of endpoints.
        self._hidden: dict[str, Thing] = {}
        # What becomes of the next refund: succeeded, or pending.
        self.next_refund = "succeeded"
        # What happens by time alone; asked before each request.
        self.due: list[Callable[[State], None]] = []

    def now(self) -> int:
        return self.clock.now()

    def run_due(self) -> None:
        """Let happen what the clock makes happen."""
        for act in self.due:
            act(self)

    def new_id(self, prefix: str) -> str:
        """An id that no run of this server gave before."""
        return f"{prefix}_{secrets.token_hex(12)}"

    def add(self, thing: Thing, *, owner: str = PLATFORM, hidden: Thing | None = None) -> Thing:
        """Keep an object under its id."""
        self._things[thing["id"]] = thing
        self._owners[thing["id"]] = owner
        self._hidden[thing["id"]] = hidden or {}
        return thing

    def remove(self, thing: Thing) -> None:
        """Forget an object."""
        for known in (self._things, self._owners, self._hidden):
            del known[thing["id"]]

    def find(self, given: Any) -> Thing | None:
        """The object of any kind and owner with that id."""
        return self._things.get(given) if isinstance(given, str) else None

    def owner_of(self, given: str) -> str:
        return self._owners[given]

    def hidden(self, thing: Thing) -> Thing:
        """What the API does not show of the object. Change it in place."""
        return self._hidden[thing["id"]]

    def get(self, kind: str, given: Any, *, owner: str = PLATFORM, param: str = "id") -> Thing:
        """The object of that kind and owner. Raises MissingError."""
        thing = self.find(given)
        if thing is None or thing["object"] != kind or self._owners[thing["id"]] != owner:
            raise MissingError(kind, str(given), param=param)
        return thing

    def all(self, kind: str, *, owner: str | None = PLATFORM) -> Iterator[Thing]:
        """Those of a kind, oldest first; with ``owner=None`` those of every account."""
        for given, thing in list(self._things.items()):
            if thing["object"] == kind and owner in (None, self._owners[given]):
                yield thing
