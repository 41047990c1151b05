"""Ctrl-C and its kin for ``manage.py dev``: at once where possible, and never lost.

A signal becomes a KeyboardInterrupt wherever Python happens to be. Where that is a finalizer,
Python prints the exception and goes on as if nothing had been pressed. So the wish is also written
down, and whoever starts or waits for something asks for it.
"""

import signal
import sys
from types import FrameType

_SIGNALS = (signal.SIGINT, signal.SIGTERM, signal.SIGHUP)


class Interruption:
    """Whether somebody has asked this process to end."""

    def __init__(self) -> None:
        self.requested = False

    def listen(self) -> None:
        for number in _SIGNALS:
            signal.signal(number, self._request)
        sys.unraisablehook = _report_all_but_interrupts

    def ignore_further(self) -> None:
        """Let the end, which takes seconds at most, not be cut short by an impatient Ctrl-C."""
        for number in _SIGNALS:
            signal.signal(number, signal.SIG_IGN)

    def check(self) -> None:
        """Raise KeyboardInterrupt if the process has been asked to end."""
        if self.requested:
            raise KeyboardInterrupt

    def _request(self, number: int, frame: FrameType | None) -> None:
        self.requested = True
        raise KeyboardInterrupt


def _report_all_but_interrupts(problem: "sys.UnraisableHookArgs") -> None:
    if not issubclass(problem.exc_type, KeyboardInterrupt):
        sys.__unraisablehook__(problem)


# Signals come to the process as a whole.
interruption = Interruption()
