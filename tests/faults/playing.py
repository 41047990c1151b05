"""Rows one after the other on a system that they share, as long as each leaves it whole."""

from __future__ import annotations

import random
from collections.abc import Callable
from typing import Any

from tests.faults.servers import Servers
from tests.faults.stage import Stage
from tests.faults.verdict import Outcome, Verdict, judge

Run = Callable[..., Outcome]
Build = Callable[[Servers], Any]
Start = Callable[[Any], None]


class Player:
    """The system of one scene at a time.

    A row that misses may have broken off anywhere: with a web server killed, a broker stopped, a
    constraint dropped. So the next row has a new system on new servers, and is judged by what
    it does itself.
    """

    def __init__(self, servers: Servers) -> None:
        self._servers = servers
        self._scene = ""
        self._stage: Stage | None = None

    def on(self, scene: str, build: Build, start: Start) -> Stage:
        """The running system of ``scene``."""
        if self._stage is None or self._scene != scene:
            self.stop()
            self._scene, self._stage = scene, build(self._servers)
            start(self._stage)
        assert self._stage is not None
        return self._stage

    def play(
        self, name: str, title: str, run: Run, rng: random.Random, *, scale: float
    ) -> tuple[Verdict, str]:
        """The verdict on one row, and the ends of all logs if it missed."""
        stage = self._stage
        assert stage is not None
        is_whole = False
        try:
            verdict = judge(name, title, lambda: run(stage, rng, scale=scale))
            is_whole = verdict.passed
            return verdict, "" if is_whole else stage.logs()
        finally:
            # Also if the test's own time is over.
            if not is_whole:
                self.renew()

    def renew(self) -> None:
        """Leave everything: what comes next begins anew."""
        try:
            self.stop()
        finally:
            self._servers.renew()

    def stop(self) -> None:
        stage, self._stage = self._stage, None
        if stage is not None:
            stage.stop()
