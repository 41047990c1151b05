"""``make upgrade FROM=commit``: migrate a database of a version before while both versions run.

The version before starts on an empty database, with its relay and worker on RabbitMQ. An artist
trains a style, people order. Then the database is migrated under load, this version starts beside
it, and both take orders and uploads. At the end every order has ended, and both versions' audits
say that the books are right. Prints what it sees; exits 1 when something does not hold.
"""

from __future__ import annotations

import argparse
import subprocess
import sys
import threading
from collections import Counter
from contextlib import ExitStack
from pathlib import Path
from time import monotonic, sleep
from typing import Any

import httpx

from devtools.servers.for_tests import TestServers, ask_for_server
from tests.pictures import real_pictures
from tests.system import PROJECT, Person, System, new_database, wait_for

SECONDS = 60
PAUSE = 0.3
# All of the first ten are PNGs but the ninth.
WORKS = 10
OPEN = ("queued", "processing")


class Check:
    """What has to hold: said, and counted where it does not."""

    def __init__(self) -> None:
        self.failed = 0
        self._began = monotonic()

    def say(self, line: str) -> None:
        sys.stdout.write(f"[{monotonic() - self._began:6.1f}] {line}\n")
        sys.stdout.flush()

    def that(self, holds: object, line: str) -> None:
        self.failed += not holds
        self.say(line if holds else f"DOES NOT HOLD: {line}")

    def books(self, system: System, when: str) -> None:
        """The audit of ``system``'s version finds nothing."""
        done = system.try_manage("audit_ledger")
        self.that(done.returncode == 0, f"books {when}: {(done.stdout + done.stderr).strip()}")


class Customer:
    """Orders a picture and reads a few pages, again and again, from one version's web process."""

    def __init__(self, system: System, name: str, style: int) -> None:
        self.person = Person(system, name)
        self.person.post(
            "/api/tokens/purchase", json={"amount": 10_000, "payment_method": "card"}, status=201
        )
        self.style = style
        self.answers: Counter[str] = Counter()
        self._stop = threading.Event()
        self._thread = threading.Thread(target=self._keep_asking)
        self._thread.start()

    def stop(self) -> None:
        self._stop.set()
        self._thread.join(60)

    def _keep_asking(self) -> None:
        order = {"style_id": self.style, "prompt_tags": ["sea", "boat"], "aspect_ratio": "1:1"}
        while not self._stop.wait(PAUSE):
            self._ask("POST", "/api/images/generate", json=order)
            for path in ("/api/community/feed", "/api/models", "/api/auth/me", "/api/images/mine"):
                self._ask("GET", path)

    def _ask(self, method: str, path: str, **body: Any) -> None:
        try:
            headers = self.person._csrf()
            answer = self.person.http.request(method, path, headers=headers, **body)
            outcome = str(answer.status_code)
        except httpx.HTTPError as error:
            outcome = type(error).__name__
        self.answers[f"{path} {outcome}"] += 1

    def ended(self) -> bool:
        return not any(
            self.person.get("/api/images/mine", status=status, limit=1)["results"]
            for status in OPEN
        )


def trained_style(system: System, name: str, part: int = 0) -> int:
    """The style of a new artist, whose works go up by links as browsers send them.

    ``part`` of the pictures are theirs alone: copies of others' works are held.
    """
    artist = Person(system, name)
    artist.post("/api/users/me/artist", json={"artist_name": name.title()}, status=201)
    works = real_pictures(WORKS, part=part)
    wanted = {"content_types": ["image/png"] * WORKS}
    places = artist.post("/api/uploads", json=wanted, status=201)["uploads"]
    for place, work in zip(places, works, strict=True):
        put = httpx.put(place["url"], content=work, headers=place["headers"], timeout=60)
        assert put.status_code < 300, put.text
    style = artist.post(
        "/api/models",
        data={"name": f"Style of {name}", "price": "10", "tags": "sea"}
        | {"image_keys": [place["key"] for place in places]},
        status=201,
    )["id"]
    wait_for(
        lambda: artist.get(f"/api/models/{style}")["is_ready"],
        seconds=180,
        what=f"training the style of {name}",
    )
    return int(style)


def play(check: Check, servers: TestServers, before: Path) -> None:
    environment = {
        "DATABASE_URL": new_database(),
        "DATA_DIR": str(servers.folder / "upgrade-data"),
        "SECRET_KEY": "the same for both, since sessions and links are signed with it",
        "AMQP_URL": ask_for_server("rabbitmq"),
    }
    token = {"INTERNAL_API_TOKEN": "t" * 40, "INTERNAL_API_TOKENS": "t" * 40}
    old = System(servers.folder / "before", environment | token, project=before)
    new = System(servers.folder / "now", environment | token)
    with ExitStack() as stack:
        stack.callback(old.stop)
        stack.callback(new.stop)
        old.start()
        style = trained_style(old, "ada")
        customers = [Customer(old, "bo", style)]
        stack.callback(lambda: [customer.stop() for customer in customers])
        sleep(10)
        check.books(old, "before")
        began = monotonic()
        new.manage("migrate", "--no-input")
        check.say(f"migrated under load in {monotonic() - began:.1f} s")
        sleep(5)
        new.start()
        customers.append(Customer(new, "cy", style))
        check.say("both versions take orders")
        styles = [trained_style(old, "eva", part=1), trained_style(new, "fay", part=4)]
        check.that(all(styles), "both versions take uploads by links, and their styles are trained")
        sleep(SECONDS)
        for customer in customers:
            customer.stop()
        for customer in customers:
            wait_for(customer.ended, seconds=900, what="the end of all orders")
        for customer, version in zip(customers, ("before", "now"), strict=True):
            good = all(answer.endswith((" 200", " 202")) for answer in customer.answers)
            check.that(good, f"{version}: {dict(customer.answers)}")
        failed = [c.person.get("/api/images/mine", status="failed")["results"] for c in customers]
        check.that(not any(failed), "all orders completed")
        # What the version before has completed meanwhile may have no licence yet.
        new.manage("issue_licences")
        check.books(new, "after, by this version")
        check.books(old, "after, by the version before")


def main() -> int:
    parser = argparse.ArgumentParser(prog="python -m tests.upgrade", description=__doc__)
    parser.add_argument("--from", dest="commit", required=True, help="the version before")
    commit: str = parser.parse_args().commit
    check, servers = Check(), TestServers()
    before = servers.folder / "version-before"
    git = ("git", "-C", str(PROJECT), "worktree")
    subprocess.run(
        [*git, "add", "--quiet", "--detach", str(before), commit], check=True, timeout=60
    )
    try:
        servers.start()
        play(check, servers, before)
    finally:
        servers.stop()
        subprocess.run([*git, "remove", "--force", str(before)], check=False, timeout=60)
        subprocess.run([*git, "prune"], check=True, timeout=60)
    check.say("All of it holds." if not check.failed else f"{check.failed} do not hold.")
    return 1 if check.failed else 0


if __name__ == "__main__":
    sys.exit(main())
