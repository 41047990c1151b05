"""People who go on asking, while something is replaced beneath them."""

from __future__ import annotations

import re
import threading
from collections.abc import Iterator
from concurrent.futures import Future, ThreadPoolExecutor
from contextlib import contextmanager
from time import monotonic
from typing import Any

import httpx

from tests.containers.people import MainJob, Site
from tests.containers.printing import say
from tests.system import wait_for

VISITORS = 3
PAUSE = 0.15
SECONDS_BETWEEN_ORDERS = 8.0
STYLESHEET = re.compile(r'<link rel="stylesheet" href="(/static/[^"]+\.css)">')


class SteadyRequests:
    """``lost`` tells of each request that got no answer, or a bad one."""

    def __init__(self, site: Site, job: MainJob) -> None:
        self._site = site
        self._job = job
        self._stopping = threading.Event()
        self.answered = 0
        self.lost: list[str] = []
        self.slowest = (0.0, "")
        self.stylesheets: set[str] = set()

    @contextmanager
    def going_on(self) -> Iterator[SteadyRequests]:
        with ThreadPoolExecutor(VISITORS + 2) as executor:
            asking: list[Future[Any]] = [executor.submit(self._visit) for _ in range(VISITORS)]
            asking += [executor.submit(self._write), executor.submit(self._order)]
            try:
                self.wait_for_more(20)
                yield self
                self.wait_for_more(20)
            finally:
                self._stopping.set()
            for each in asking:
                each.result(timeout=90)
        say(f"{self.answered} requests answered, {len(self.lost)} lost")
        seconds, what = self.slowest
        say(f"the slowest took {seconds:.1f} s: {what}")

    def wait_for_more(self, count: int) -> None:
        enough = self.answered + count
        wait_for(lambda: self.answered >= enough, seconds=60, what="answers going on")

    def _visit(self) -> None:
        """A page with the stylesheet that it names, and the API."""
        with self._site.client() as client:
            while not self._stopping.wait(PAUSE):
                page = self._ask(client, "GET", "/")
                found = STYLESHEET.search(page.text) if page is not None else None
                if found:
                    self.stylesheets.add(found[1])
                    self._ask(client, "GET", found[1])
                self._ask(client, "GET", "/api/models")

    def _write(self) -> None:
        """nginx repeats no write by itself, so one that is cut off is lost."""
        artist = self._job.artist
        with self._site.client(headers=artist.http.headers, cookies=artist.http.cookies) as client:
            while not self._stopping.wait(4 * PAUSE):
                headers = {"X-CSRFToken": client.cookies["csrftoken"]}
                self._ask(client, "PATCH", "/api/users/me", json={"bio": "Busy."}, headers=headers)

    def _order(self) -> None:
        while not self._stopping.wait(SECONDS_BETWEEN_ORDERS):
            if len(self._job.ordered) < 12:
                self._job.order()
                self.answered += 1

    def _ask(
        self, client: httpx.Client, method: str, path: str, **given: Any
    ) -> httpx.Response | None:
        began = monotonic()
        try:
            answer = client.request(method, path, **given)
        except httpx.TransportError as error:
            self.lost.append(f"{method} {path}: {error!r}")
            return None
        self.slowest = max(self.slowest, (monotonic() - began, f"{method} {path}"))
        if answer.status_code == 200:
            self.answered += 1
        else:
            self.lost.append(f"{method} {path}: {answer.status_code} {answer.text[:200]}")
        return answer
