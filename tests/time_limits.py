"""A pytest plugin that limits the time of each test, whatever it waits for, and of the end."""

from __future__ import annotations

import faulthandler
import signal
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from types import FrameType

import pytest

# A test takes seconds. The first one that asks for a server may have to wait until apt has it.
TEST_SECONDS = 300.0
FIXTURE_SECONDS = 900.0
# What is waited for on the way out of a test that took too long is given up after that.
AGAIN_SECONDS = 20.0
# A thread that never ends keeps a process alive.
EXIT_SECONDS = 120.0


def pytest_configure(config: pytest.Config) -> None:
    config.addinivalue_line("markers", "time_limit(seconds): how long the test may take")


@pytest.hookimpl(wrapper=True, tryfirst=True)
def pytest_runtest_setup(item: pytest.Item) -> Iterator[None]:
    with _limited(FIXTURE_SECONDS):
        return (yield)


@pytest.hookimpl(wrapper=True, tryfirst=True)
def pytest_runtest_call(item: pytest.Item) -> Iterator[None]:
    marker = item.get_closest_marker("time_limit")
    with _limited(marker.args[0] if marker else TEST_SECONDS):
        return (yield)


@pytest.hookimpl(wrapper=True, tryfirst=True)
def pytest_runtest_teardown(item: pytest.Item) -> Iterator[None]:
    with _limited(FIXTURE_SECONDS):
        return (yield)


@pytest.hookimpl(tryfirst=True)
def pytest_unconfigure(config: pytest.Config) -> None:
    """The process ends soon, and says what it waits for when it does not."""
    faulthandler.dump_traceback_later(EXIT_SECONDS, exit=True, file=sys.__stderr__)


@contextmanager
def _limited(seconds: float) -> Iterator[None]:
    """Fail whatever the main thread does after so many seconds, and again until it is left."""

    def fail(number: int, frame: FrameType | None) -> None:
        pytest.fail(f"It took more than {seconds:g} s.")

    former = signal.signal(signal.SIGALRM, fail)
    signal.setitimer(signal.ITIMER_REAL, seconds, AGAIN_SECONDS)
    try:
        yield
    finally:
        signal.setitimer(signal.ITIMER_REAL, 0)
        signal.signal(signal.SIGALRM, former)
