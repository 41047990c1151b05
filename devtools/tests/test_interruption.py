"""Ctrl-C at the moments when Python loses it."""

import os
import signal
import sys
from collections.abc import Iterator

import pytest

from devtools.servers.interruption import Interruption


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
def test_signal_waits_to_be_asked_for(interruption: Interruption, number: signal.Signals) -> None:
    os.kill(os.getpid(), number)

    with pytest.raises(KeyboardInterrupt):
        interruption.check()


def test_signal_interrupts_long_work_at_once(interruption: Interruption) -> None:
    with interruption.at_once(), pytest.raises(KeyboardInterrupt):
        os.kill(os.getpid(), signal.SIGINT)


def test_work_that_must_not_break_off_is_finished(interruption: Interruption) -> None:
    with interruption.at_once():
        with interruption.when_asked():
            os.kill(os.getpid(), signal.SIGINT)

        with pytest.raises(KeyboardInterrupt), interruption.at_once():
            pytest.fail("started more")


def test_signal_lost_in_a_finalizer_is_remembered(
    interruption: Interruption, capsys: pytest.CaptureFixture[str]
) -> None:
    class Short:
        def __del__(self) -> None:
            os.kill(os.getpid(), signal.SIGINT)

    with interruption.at_once():
        short = Short()
        del short

    assert "Traceback" not in capsys.readouterr().err
    with pytest.raises(KeyboardInterrupt):
        interruption.check()


def test_end_is_not_cut_short(interruption: Interruption) -> None:
    interruption.ignore_further()

    os.kill(os.getpid(), signal.SIGINT)

    interruption.check()
