"""Ctrl-C and its kin for ``manage.py dev``: soon, at a fitting moment, and never lost.

Python raises KeyboardInterrupt wherever it happens to be: between the start of a process and the
line that remembers it, which leaves that process behind; or in a finalizer, where it is printed and
forgotten. So a signal is written down, and whoever starts or waits for something asks for it. Only
long work that knows nothing of this is interrupted at once.
"""

import contextlib
import signal
import sys
from collections.abc import Iterator
from types import FrameType

_SIGNALS = (signal.SIGINT, signal.SIGTERM, signal.SIGHUP)


class Interruption:
    """Whether somebody has asked this process to end."""

    def __init__(self) -> None:
        self.requested = False
        self._raises_at_once = False

    def listen(self) -> None:
        for number in _SIGNALS:
            signal.signal(number, self._request)
        sys.unraisablehook = _report_all_but_interrupts

    def ignore_further(self) -> None:
        """Let the end, which takes seconds at most, not be disturbed by an impatient Ctrl-C."""
        for number in _SIGNALS:
            signal.signal(number, signal.SIG_IGN)

    def check(self) -> None:
        """Raise KeyboardInterrupt if the process has been asked to end."""
        if self.requested:
            raise KeyboardInterrupt

    @contextlib.contextmanager
    def at_once(self, raises: bool = True) -> Iterator[None]:
        """Within, a signal raises KeyboardInterrupt right where it comes."""
        before, self._raises_at_once = self._raises_at_once, raises
        try:
            self.check()
            yield
        finally:
            self._raises_at_once = before

    def when_asked(self) -> contextlib.AbstractContextManager[None]:
        """Within, a signal waits for the next check()."""
        return self.at_once(raises=False)

    def _request(self, number: int, frame: FrameType | None) -> None:
        self.requested = True
        if self._raises_at_once:
            raise KeyboardInterrupt


def _report_all_but_interrupts(problem: "sys.UnraisableHookArgs") -> None:
    if not issubclass(problem.exc_type, KeyboardInterrupt):
        sys.__unraisablehook__(problem)


# Signals come to the process as a whole.
interruption = Interruption()
