"""Steady requests, at a rate that does not depend on how fast they are answered."""

from __future__ import annotations

import threading
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from time import monotonic

import httpx


class Load:
    """``answers`` collects what all runs were answered."""

    def __init__(self, ask: Callable[[], httpx.Response], *, per_second: float) -> None:
        self._ask = ask
        self._gap = 1 / per_second
        self.answers: list[httpx.Response] = []

    def run(self, *, seconds: float) -> list[float]:
        """Ask for ``seconds``. Returns how long each request took, in seconds."""
        took: list[float] = []

        def ask() -> None:
            began = monotonic()
            self.answers.append(self._ask())
            took.append(monotonic() - began)

        pace, ends_at = threading.Event(), monotonic() + seconds
        with ThreadPoolExecutor(16) as executor:
            asked = []
            while monotonic() < ends_at:
                asked.append(executor.submit(ask))
                pace.wait(self._gap)
            for each in asked:
                each.result(timeout=120)
        return took


def percentile(values: list[float], percent: int) -> float:
    ordered = sorted(values)
    return ordered[min(len(ordered) - 1, len(ordered) * percent // 100)]
