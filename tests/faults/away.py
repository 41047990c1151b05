"""Q12 and Q13: Redis gone, the storage away or full."""

from __future__ import annotations

import os
import random
import resource
import signal
from collections import Counter
from pathlib import Path
from time import monotonic
from typing import Any

import httpx

from tests.faults.broker import BrokerStage
from tests.faults.stage import PATIENCE, Stage
from tests.faults.verdict import Misses, Outcome, expect
from tests.system import Person, wait_for

GENERATE_LIMIT = 5
# Frozen, Redis answers nobody and refuses nobody: the worst way of being gone.
SLOWEST_SECONDS = 8.0


def no_redis(stage: BrokerStage, rng: random.Random, *, scale: float = 1) -> Outcome:
    """Q12: Redis is stopped, then brought back and frozen."""
    style_id = stage.trained_style("Cache")
    buyer = stage.person("sessionist", tokens=500)
    with_redis = [stage.order(buyer, style_id).status_code for _ in range(GENERATE_LIMIT + 1)]
    stage.servers.redis.stop()
    times = ("first", "second") if scale >= 1 else ("first",)
    stopped = _visit(stage, buyer, style_id, times)
    stage.servers.redis.start()
    pid = stage.servers.redis.pid
    assert pid is not None
    os.kill(pid, signal.SIGSTOP)
    try:
        frozen = _visit(stage, buyer, style_id, times)
    finally:
        os.kill(pid, signal.SIGCONT)

    def limited_again() -> bool:
        return stage.order(buyer, style_id).status_code == httpx.codes.TOO_MANY_REQUESTS

    wait_for(limited_again, seconds=PATIENCE, what="the rate limit")
    jobs = [row["id"] for row in stage.rows("SELECT id FROM app_generation")]
    stage.wait_for_end(jobs, seconds=PATIENCE)
    statuses = [*stopped.values(), *frozen.values()]

    def check() -> Misses:
        bad = [(name, s, t) for v in (stopped, frozen) for name, (s, t) in v.items() if s >= 300]
        return [
            *expect(with_redis[-1] == 429, "the limit did not hold with Redis"),
            *(f"{name} was answered {status}" for name, status, _ in bad),
            *expect(
                max(took for _, took in statuses) < SLOWEST_SECONDS,
                f"a request took {max(took for _, took in statuses):.1f} s",
            ),
            *stage.effects_once(jobs, only={"completed"}),
        ]

    return Outcome(
        len(statuses),
        f"all answered; slowest {max(t for _, t in stopped.values()):.2f} s without it,"
        f" {max(t for _, t in frozen.values()):.2f} s frozen; sessions hold, limits open",
        check,
        plant=lambda: stopped.update(planted=(500, 0.0)),
        heal=lambda: stopped.pop("planted"),
    )


def _visit(
    stage: Stage, buyer: Person, style_id: int, times: tuple[str, ...]
) -> dict[str, tuple[int, float]]:
    """Status and seconds of what people do, so many times each."""
    pages = ("auth/me", "models", "models?sort=popular", "tags", "tokens/balance", "images/mine")
    visits: dict[str, tuple[int, float]] = {}

    def note(name: str, ask: Any) -> None:
        began = monotonic()
        status = ask().status_code
        visits[name] = (status, monotonic() - began)

    with httpx.Client(base_url=stage.url, timeout=60) as anybody:
        for time in times:
            for page in pages:
                note(f"{page} {time}", lambda page=page: buyer.http.get(f"/api/{page}"))
            note(f"order {time}", lambda: stage.order(buyer, style_id))
            note(f"anonymous list {time}", lambda: anybody.get("/api/models?sort=popular"))
            note(f"anonymous tags {time}", lambda: anybody.get("/api/tags"))
    return visits


def no_storage(stage: BrokerStage, rng: random.Random, *, scale: float = 1) -> Outcome:
    """Q13: S3 is away while a style is uploaded, and while a worker writes."""
    style_id = stage.trained_style("Stored")
    artist, buyer = stage.artist(), stage.person("storer", tokens=500)
    before = _counts(stage)
    began = len(stage.runs())
    ids = stage.order_many(buyer, style_id, 2, "work 1500")
    wait_for(lambda: len(stage.runs()) > began, seconds=PATIENCE, what="the work")
    stage.servers.s3.stop()
    refused = stage.upload(artist, "Nowhere to keep")
    ready = httpx.get(f"{stage.url}/api/ready", timeout=PATIENCE)
    stage.wait_for_end(ids, seconds=170)
    after = _counts(stage)
    stage.servers.s3.start()
    kept = stage.upload(artist, "Nowhere to keep")
    attempts = [job["attempt"] for job in stage.jobs(ids)]
    lose, find = stage.lose(ids[0])
    return Outcome(
        3,
        f"upload {refused.status_code}, no style, no task; pictures failed after"
        f" {max(attempts)} attempts and were refunded",
        check=lambda: [
            *expect(refused.status_code == 503, f"the upload was answered {refused.status_code}"),
            *expect(before == after, f"styles and trainings went from {before} to {after}"),
            *expect(ready.json().get("storage") == "unavailable", f"ready: {ready.text}"),
            *expect(kept.status_code == 201, f"afterwards: {kept.status_code}"),
            *expect(set(attempts) == {3}, f"attempts {attempts}"),
            *stage.effects_once(ids, only={"failed"}),
            *stage.audit_misses(),
        ],
        plant=lose,
        heal=find,
    )


def full_disk(stage: BrokerStage, rng: random.Random, *, scale: float = 1) -> Outcome:
    """Q13: no process can write more than 100 kB, first the web server's, then the worker's."""
    style_id = stage.trained_style("Full")
    artist, buyer = stage.artist(), stage.person("filler", tokens=500)
    before = _counts(stage)
    with _LittleRoom(stage, "web"):
        refused = stage.upload(artist, "Too much")
        # So large that they are spooled to the disk before anybody looks at them.
        spooled = stage.upload(artist, "Too much", side=320)
    files = _files_of(stage)
    after = _counts(stage)
    kept = stage.upload(artist, "Too much")
    with _LittleRoom(stage, "worker-0"):
        ids = stage.order_many(buyer, style_id, 2, "noise")
        stage.wait_for_end(ids, seconds=PATIENCE)
    later = stage.order_many(buyer, style_id, 1)
    stage.wait_for_end(later, seconds=PATIENCE)
    attempts = Counter(job["attempt"] for job in stage.jobs(ids))
    lose, find = stage.lose(ids[0])
    return Outcome(
        4,
        f"uploads {refused.status_code} and {spooled.status_code}, nothing left behind;"
        f" pictures failed after {max(attempts)} attempts and were refunded",
        check=lambda: [
            *expect(refused.status_code == 503, f"the upload was answered {refused.status_code}"),
            *expect(spooled.status_code == 503, f"the other one {spooled.status_code}"),
            *expect(before == after, f"styles and trainings went from {before} to {after}"),
            *expect(not files, f"{len(files)} files were left behind"),
            *expect(kept.status_code == 201, f"afterwards: {kept.status_code}"),
            *expect(set(attempts) == {3}, f"attempts {dict(attempts)}"),
            *stage.effects_once(ids, only={"failed"}),
            *stage.effects_once(later, only={"completed"}),
        ],
        plant=lose,
        heal=find,
    )


class _LittleRoom:
    """While it is entered, files of the named process and its children end at 100 kB."""

    ROOM = 100_000

    def __init__(self, stage: Stage, name: str) -> None:
        pid = stage.process(name).pid
        children = Path(f"/proc/{pid}/task/{pid}/children").read_text().split()
        self._pids = [pid, *map(int, children)]

    def __enter__(self) -> None:
        for pid in self._pids:
            resource.prlimit(pid, resource.RLIMIT_FSIZE, (self.ROOM, resource.RLIM_INFINITY))

    def __exit__(self, *_: object) -> None:
        unlimited = (resource.RLIM_INFINITY, resource.RLIM_INFINITY)
        for pid in self._pids:
            resource.prlimit(pid, resource.RLIMIT_FSIZE, unlimited)


def _counts(stage: Stage) -> tuple[int, int]:
    return (
        stage.one("SELECT count(*) FROM app_style"),
        stage.one("SELECT count(*) FROM app_outboxmessage WHERE queue = 'model_training'"),
    )


def _files_of(stage: Stage) -> list[str]:
    """Files of styles that no style knows."""
    media = Path(stage.environment["DATA_DIR"]) / "media"
    known = {row["image_path"] for row in stage.rows("SELECT image_path FROM app_artwork")}
    known |= {row["preview_path"] for row in stage.rows("SELECT preview_path FROM app_artwork")}
    found = {str(p.relative_to(media)) for p in media.glob("styles/**/*") if p.is_file()}
    return sorted(found - known)
