"""Ctrl-C at the moments when Python loses it."""

import os
import signal
import sys
from collections.abc import Iterator

import pytest

from app.utils.servers.interruption import Interruption


@pytest.fixture
def interruption(monkeypatch: pytest.MonkeyPatch) -> Iterator[Interruption]:
    numbers = (signal.SIGINT, signal.SIGTERM, signal.SIGHUP)
    before = {number: signal.getsignal(number) for number in numbers}
    monkeypatch.setattr(sys, "unraisablehook", sys.unraisablehook)
    interruption = Interruption()
    interruption.listen()
    yield interruption
    for number, handler in before.items():
        signal.signal(number, handler)


@pytest.mark.parametrize("number", [signal.SIGINT, signal.SIGTERM, signal.SIGHUP])
def test_signal_interrupts(interruption: Interruption, number: signal.Signals) -> None:
    with pytest.raises(KeyboardInterrupt):
        os.kill(os.getpid(), number)


def test_signal_lost_in_a_finalizer_is_remembered(
    interruption: Interruption, capsys: pytest.CaptureFixture[str]
) -> None:
    class Short:
        def __del__(self) -> None:
            os.kill(os.getpid(), signal.SIGINT)

    interruption.check()
    short = Short()
    del short

    assert "Traceback" not in capsys.readouterr().err
    with pytest.raises(KeyboardInterrupt):
        interruption.check()


def test_end_is_not_cut_short(interruption: Interruption) -> None:
    interruption.ignore_further()

    os.kill(os.getpid(), signal.SIGINT)

    interruption.check()
