"""Q16 and Q17: receivers of webhooks that are away, slow and lying, and senders that are killed."""

from __future__ import annotations

import random
import socket
import struct
import threading
from time import monotonic
from typing import Any

from app.tests.webhooks.receiver import OK, Receiver, answering
from devtools.servers.process import free_port
from tests.faults.broker import BrokerStage
from tests.faults.stage import PATIENCE
from tests.faults.verdict import Misses, Outcome, expect
from tests.system import Person, wait_for

# How long the neighbours of a bad receiver may wait, on a machine that does other things as well.
PATIENCE_SECONDS = 15.0
NEVER_SECONDS = 40.0


def bad_receivers(stage: BrokerStage, rng: random.Random, *, scale: float = 1) -> Outcome:
    """Q16: receivers that are away, slow or lying, beside a good one; then all of them are good."""
    each = max(2, int(10 * scale))
    free = threading.Event()
    good, port = Receiver(), free_port()
    liars = {
        "wrong status": Receiver(answer=answering("500 Broken", body=b"\x00 no")),
        "redirect": Receiver(answer=answering("302 Found", "Location: http://127.0.0.1:1/")),
        "huge": Receiver(answer=_endless),
        "reset": Receiver(answer=_reset),
        "no HTTP": Receiver(answer=b"220 mail.example.org ESMTP\r\n\r\n"),
        "slow": Receiver(answer=lambda talk: _slow(talk, free)),
    }
    # The time-out of an attempt is 15 s: only the whole row waits for it.
    if scale >= 1:
        liars["never answers"] = Receiver(answer=lambda _: _hold(free))
    people = {name: _told(stage, name, one.url) for name, one in liars.items()}
    people["away"] = _told(stage, "away", f"http://127.0.0.1:{port}/hooks")
    stage.spawn("webhooks", "manage.py", "deliver_webhooks")
    for person, hook in people.values():
        for _ in range(each):
            person.post(f"/api/webhooks/{hook}/test")
    tried = (
        "SELECT count(DISTINCT endpoint_id) FROM app_webhookdelivery"
        " WHERE endpoint_id = ANY(%s) AND attempts <> '[]'"
    )
    failing = [hook for name, (_, hook) in people.items() if name not in SLOW]
    wait_for(lambda: stage.one(tried, failing) >= len(failing), seconds=PATIENCE, what="failures")
    neighbour, its_hook = _told(stage, "neighbour", good.url)
    began = monotonic()
    for _ in range(each):
        neighbour.post(f"/api/webhooks/{its_hook}/test")
    good.wait_for(each, seconds=PATIENCE)
    waited = monotonic() - began
    # All are mended.
    for one in liars.values():
        one.answer = OK
    free.set()
    back = Receiver(at=port)
    hooks = [hook for _, hook in (*people.values(), (neighbour, its_hook))]
    _hurry(stage, hooks)
    logs = _logs(stage, hooks)
    received = {
        name: {message.headers["webhook-id"] for message in one.received}
        for name, one in {**liars, "away": back}.items()
    }
    stage.end("webhooks")
    for one in (good, back, *liars.values()):
        one.close()
    expected = {hook: EXPECTED[name] for name, (_, hook) in people.items()}
    tries = sum(len(row["attempts"]) for row in logs)
    hidden: list[Any] = []

    def check() -> Misses:
        shown = [row for row in logs if row["id"] not in hidden]
        return [
            *expect(len(shown) == each * len(hooks), f"{len(shown)} messages in the log"),
            *expect(waited < PATIENCE_SECONDS, f"the neighbour waited for {waited:.1f} s"),
            *(
                f"message {row['id']} is {row['state']} after {row['attempts']}"
                for row in shown
                if row["state"] != "delivered" or row["attempts"][-1]["status"] != 200
            ),
            *(
                f"a receiver that was {expected[row['endpoint_id']]} is logged as {attempt}"
                for row in shown
                for attempt in row["attempts"][:-1]
                if not _is_so(attempt, *expected[row["endpoint_id"]])
            ),
            *(f"{name}: {len(ids)} ids came" for name, ids in received.items() if len(ids) != each),
        ]

    return Outcome(
        len(logs),
        f"{len(people)} bad receivers; a neighbour's {each} messages within {waited:.1f} s; all"
        f" {len(logs)} delivered once they were back, in {tries} attempts",
        check,
        plant=lambda: hidden.append(logs[0]["id"]),
    )


# Of each kind the status that the log has of a failure, and how its error begins.
EXPECTED: dict[str, tuple[int | None, str | tuple[str, ...]]] = {
    "wrong status": (500, ""),
    "redirect": (302, "Redirects are not followed."),
    "huge": (200, ""),
    "reset": (None, "The connection failed"),
    "no HTTP": (None, "The answer is not HTTP."),
    "slow": (200, ""),
    "never answers": (None, ("No answer within", "The connection failed")),
    "away": (None, "The connection failed"),
}
# What they say is an answer.
SLOW = {"huge", "slow"}


def killed_deliverer(stage: BrokerStage, rng: random.Random, *, scale: float = 1) -> Outcome:
    """Q17: the process that sends is killed before each of its writes, and after its commit."""
    # Each is a process to start.
    places = ["commit", *map(str, range(1, 20))] if scale >= 1 else ["commit", "3", "6"]
    receiver = Receiver()
    person, hook = _told(stage, "sent-to", receiver.url)
    deaths: list[str] = []
    try:
        for place in places:
            for _ in range(2):
                person.post(f"/api/webhooks/{hook}/test")
            stage.spawn("crashing-webhooks", "-m", "tests.faults.crashing_deliverer", place)
            code = stage.process("crashing-webhooks").wait(timeout=PATIENCE)
            _hurry(stage, [hook], is_alone=True)
            if code == 0:
                break
            deaths.append(place)
        stage.manage("deliver_webhooks", "--once")
        _hurry(stage, [hook], is_alone=True)
        stage.manage("deliver_webhooks", "--once")
        logs = _logs(stage, [hook])
        came = [message.headers["webhook-id"] for message in receiver.received]
    finally:
        receiver.close()
    lost: list[str] = []

    def check() -> Misses:
        ids = {one for one in came if one not in lost}
        return [
            *expect(len(deaths) >= 3, f"only at {deaths} processes died"),
            *expect(
                ids == {f"msg_{row['message_id'].hex}" for row in logs},
                f"{len(ids)} of {len(logs)} ids came",
            ),
            *(
                f"message {row['id']} is {row['state']} after {row['attempts']}"
                for row in logs
                if row["state"] != "delivered"
                or [attempt["status"] for attempt in row["attempts"]] != [200]
            ),
        ]

    return Outcome(
        len(deaths),
        f"killed before {len(deaths) - 1} writes and after the commit: {len(logs)} messages came"
        f" {len(came)} times",
        check,
        plant=lambda: lost.append(came[0]),
    )


def _told(stage: BrokerStage, name: str, url: str) -> tuple[Person, int]:
    """Somebody of that name, and the number of a webhook of theirs."""
    person = stage.person(f"hook {name}".replace(" ", "-"))
    return person, int(person.post("/api/webhooks", json={"url": url})["id"])


def _hurry(stage: BrokerStage, hooks: list[int], *, is_alone: bool = False) -> None:
    """Let the time of the next attempts come: they have up to a day in between. Wait for the end of
    all, unless nobody sends."""
    waiting = (
        "SELECT count(*) FROM app_webhookdelivery WHERE endpoint_id = ANY(%s) AND state = 'pending'"
    )
    later = (
        "UPDATE app_webhookdelivery SET due_at = now() WHERE endpoint_id = ANY(%s)"
        " AND state = 'pending' AND (%s OR due_at > now() + interval '61 seconds')"
    )

    def have_ended() -> bool:
        stage.rows(later, hooks, is_alone)
        return is_alone or stage.one(waiting, hooks) == 0

    wait_for(have_ended, seconds=PATIENCE, what="the delivery of all")


def _logs(stage: BrokerStage, hooks: list[int]) -> list[dict[str, Any]]:
    return stage.rows(
        "SELECT * FROM app_webhookdelivery WHERE endpoint_id = ANY(%s) ORDER BY id", hooks
    )


def _is_so(attempt: dict[str, Any], status: int | None, error: str | tuple[str, ...]) -> bool:
    return attempt["status"] == status and attempt["error"].startswith(error)


def _endless(talk: socket.socket) -> None:
    """A body without an end."""
    talk.sendall(b"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n")
    block = b"10000\r\n" + b"x" * 65536 + b"\r\n"
    until = monotonic() + NEVER_SECONDS
    while monotonic() < until:
        talk.sendall(block)


def _reset(talk: socket.socket) -> None:
    talk.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, struct.pack("ii", 1, 0))
    talk.close()


def _slow(talk: socket.socket, free: threading.Event) -> None:
    """An answer when all others have theirs."""
    free.wait(10)
    talk.sendall(OK)


def _hold(free: threading.Event) -> None:
    """No answer at all."""
    free.wait(NEVER_SECONDS)
