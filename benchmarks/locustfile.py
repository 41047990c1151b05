"""The plan's scenario: look through styles, look at one, order a picture, wait for it, look at the
feed, like something. One user is one of the people in the file that BENCH_SESSIONS names.
"""

from __future__ import annotations

import itertools
import json
import os
import random
import time
from pathlib import Path
from typing import Any

from locust import FastHttpUser, events, task

# How nginx is asked by a load balancer that ends TLS before it.
HEADERS = {"Host": os.environ.get("BENCH_HOST", "localhost"), "X-Forwarded-Proto": "https"}
CSRF = "benchmarkbenchmarkbenchmarkbench"
POLL_SECONDS = 0.5
PATIENCE_SECONDS = 60
PROMPTS = (["sea", "boat"], ["tag7", "sunset"], ["harbour", "tag3", "gulls"])

_sessions = itertools.cycle(Path(os.environ["BENCH_SESSIONS"]).read_text().split())

# How each order ended, and after how many seconds.
_waits: list[tuple[str, float]] = []


@events.quitting.add_listener
def write_waits(environment: Any, **_: Any) -> None:
    Path(os.environ["BENCH_WAITS"]).write_text(json.dumps(_waits))


class Buyer(FastHttpUser):
    network_timeout = 60.0
    connection_timeout = 60.0

    def wait_time(self) -> float:
        """Somebody who looks at pages; quick about it."""
        return random.uniform(0.3, 1.0)

    def on_start(self) -> None:
        self.cookie = f"sessionid={next(_sessions)}; csrftoken={CSRF}"

    @task
    def buy_a_picture(self) -> None:
        styles = self.ask("GET", "/api/models?sort=popular", "style list")["results"]
        self.wait()
        style = random.choice(styles)
        self.ask("GET", f"/api/models/{style['id']}", "style detail")
        self.wait()
        order = {
            "style_id": style["id"],
            "prompt_tags": random.choice(PROMPTS),
            "aspect_ratio": "1:1",
        }
        picture = self.ask("POST", "/api/images/generate", "generate", order)["generation_id"]
        self.watch(picture)
        feed = self.ask("GET", "/api/community/feed", "feed")["results"]
        self.wait()
        liked = random.choice(feed)["id"]
        self.ask("POST", f"/api/images/{liked}/like", "like")

    def watch(self, picture: int) -> None:
        """Poll until the picture is there."""
        began = time.monotonic()
        while time.monotonic() - began < PATIENCE_SECONDS:
            time.sleep(POLL_SECONDS)
            status = self.ask("GET", f"/api/images/{picture}/status", "status")["status"]
            if status in {"completed", "failed", "canceled"}:
                break
        _waits.append((status, time.monotonic() - began))

    def ask(self, method: str, path: str, name: str, body: Any = None) -> Any:
        headers = HEADERS | {"Cookie": self.cookie}
        if method == "POST":
            headers |= {"X-CSRFToken": CSRF, "Origin": f"https://{HEADERS['Host']}"}
        with self.client.request(
            method, path, name=name, headers=headers, json=body, catch_response=True
        ) as answer:
            if not 200 <= answer.status_code < 300:
                answer.failure(f"{answer.status_code}: {answer.text}")
                raise RuntimeError(f"{path} was answered with {answer.status_code}")
            return answer.json()["data"]
