"""The plan's scenario: look through styles, look at one, order a picture, wait for it, look at the
feed, like something.

``locust -f benchmarks/locustfile.py`` lets 100 users at the server of ``make run`` for two minutes.
Each has a demo account and keeps within its rate limits. ``--users``, ``--run-time`` and ``--host``
say otherwise. ``make bench`` has its own people: one user is one of those in the file that
BENCH_SESSIONS names, on a server without limits.
"""

from __future__ import annotations

import itertools
import json
import os
import random
import time
from pathlib import Path
from typing import Any

from locust import FastHttpUser, between, constant_pacing, events, task

USERS, SPAWNED_A_SECOND, RUN_TIME = 100, 10, "2m"
CSRF = "benchmarkbenchmarkbenchmarkbench"
PROMPTS = (["sea", "boat"], ["tag7", "sunset"], ["harbour", "tag3", "gulls"])

SESSIONS = (
    Path(os.environ["BENCH_SESSIONS"]).read_text().split() if "BENCH_SESSIONS" in os.environ else []
)
IS_ALONE = not SESSIONS
# A round of the scenario every so many seconds: of the 6 pictures that a user may order in a
# minute, these are 4.
PACE_SECONDS = 15.0
# Once a demo account has fewer tokens, it buys more.
FEW_TOKENS, BOUGHT_TOKENS = 200, 1000
# How often the picture is asked for, how much less often each time, and for how long.
POLL_SECONDS, POLL_FACTOR, PATIENCE_SECONDS = (1.0, 1.5, 10.0) if IS_ALONE else (0.5, 1.0, 60.0)

_sessions = itertools.cycle(SESSIONS)
_numbers = itertools.count(1)

# How each order ended, and after how many seconds.
_waits: list[tuple[str, float]] = []


@events.init_command_line_parser.add_listener
def set_defaults(parser: Any) -> None:
    parser.set_defaults(
        headless=True, num_users=USERS, spawn_rate=SPAWNED_A_SECOND, run_time=RUN_TIME
    )


@events.quitting.add_listener
def write_waits(environment: Any, **_: Any) -> None:
    if file := os.environ.get("BENCH_WAITS"):
        Path(file).write_text(json.dumps(_waits))


class Buyer(FastHttpUser):
    host = "http://127.0.0.1:8000"
    network_timeout = 60.0
    connection_timeout = 60.0
    wait_time = constant_pacing(PACE_SECONDS) if IS_ALONE else between(0.3, 1.0)

    def on_start(self) -> None:
        self.headers = {"X-CSRFToken": CSRF, "Origin": self.host}
        if IS_ALONE:
            self.sign_in()
            return
        # How nginx is asked by a load balancer that ends TLS before it.
        host = os.environ.get("BENCH_HOST", "localhost")
        self.headers |= {
            "Host": host,
            "X-Forwarded-Proto": "https",
            "Origin": f"https://{host}",
            "Cookie": f"sessionid={next(_sessions)}; csrftoken={CSRF}",
        }

    def sign_in(self) -> None:
        account = self.ask(
            "POST", "/api/auth/demo", "sign in", {"username": f"load-{next(_numbers)}"}
        )
        cookies = {cookie.name: cookie.value for cookie in self.client.cookiejar}
        self.client.cookiejar.clear()
        self.headers["Cookie"] = f"sessionid={cookies['sessionid']}; csrftoken={CSRF}"
        self.buy_tokens(account["token_balance"])

    def buy_tokens(self, balance: int) -> None:
        if IS_ALONE and balance < FEW_TOKENS:
            purchase = {"amount": BOUGHT_TOKENS, "payment_method": "card"}
            self.ask("POST", "/api/tokens/purchase", "buy tokens", purchase)

    def think(self) -> None:
        """Somebody who looks at pages; quick about it."""
        time.sleep(random.uniform(0.3, 1.0))

    @task
    def buy_a_picture(self) -> None:
        styles = self.ask("GET", "/api/models?sort=popular", "style list")["results"]
        if not styles:
            raise RuntimeError("There is no style to order a picture in.")
        self.think()
        style = random.choice(styles)
        self.ask("GET", f"/api/models/{style['id']}", "style detail")
        self.think()
        order = {
            "style_id": style["id"],
            "prompt_tags": random.choice(PROMPTS),
            "aspect_ratio": "1:1",
        }
        ordered = self.ask("POST", "/api/images/generate", "generate", order)
        self.buy_tokens(ordered["balance"])
        self.watch(ordered["generation_id"])
        feed = self.ask("GET", "/api/community/feed", "feed")["results"]
        self.think()
        if feed:
            liked = random.choice(feed)["id"]
            self.ask("POST", f"/api/images/{liked}/like", "like")

    def watch(self, picture: int) -> None:
        """Poll until the picture is there; who has waited for too long cancels it."""
        began, pause = time.monotonic(), POLL_SECONDS
        status = ""
        while time.monotonic() - began < PATIENCE_SECONDS:
            time.sleep(pause)
            pause *= POLL_FACTOR
            status = self.ask("GET", f"/api/images/{picture}/status", "status")["status"]
            if status in {"completed", "failed", "canceled"}:
                break
        _waits.append((status, time.monotonic() - began))
        if status == "queued":
            # 409: a worker has just begun.
            self.ask("POST", f"/api/images/{picture}/cancel", "cancel", also=(409,))

    def ask(
        self, method: str, path: str, name: str, body: Any = None, *, also: tuple[int, ...] = ()
    ) -> Any:
        """What is in the envelope. Raises RuntimeError for any answer but 2xx and ``also``."""
        with self.client.request(
            method, path, name=name, headers=self.headers, json=body, catch_response=True
        ) as answer:
            if answer.status_code in also:
                answer.success()
                return None
            if not 200 <= answer.status_code < 300:
                answer.failure(f"{answer.status_code}: {answer.text}")
                raise RuntimeError(f"{path} was answered with {answer.status_code}")
            return answer.json()["data"]
