"""An upload of 20 works of about 2 MB: what it costs beside the same work in plain Pillow.

Plain decodes each file and writes the same preview, and nothing else: no HTTP, no checks, no
digest, no storage, no database. Both in turn; CPU time of all web processes, and of this one.
"""

from __future__ import annotations

import io
import shutil
import time
from collections.abc import Sequence
from statistics import median
from typing import Any

import httpx
import numpy as np
from PIL import Image, ImageFilter

from benchmarks import processes
from benchmarks.cases import Request
from benchmarks.figures import ratio
from benchmarks.paths import Site
from benchmarks.prepare import Person
from benchmarks.servers import run

WORKS = 20
BYTES = 2_000_000
WIDTHS = (320, 640)
MARK_CPU, MARK_MEMORY_MB = 1.3, 64
Work = tuple[str, bytes]


def measure(site: Site, rounds: int, say: Any) -> dict[str, Any]:
    works, artist = made_up(), _artist(site)
    sender = _Sender(site, artist, works)
    try:
        # The first upload of a process imports what is needed for it; both warm up.
        sender.send()
        plain(works)
        turns = [(sender.send(), plain(works)) for _ in range(rounds)]
    finally:
        sender.clean()
    found = {
        "works": WORKS,
        "megabytes": round(sum(len(content) for _, content in works) / 1e6, 1),
        "cpu": round(median(cpu for (cpu, _, _), _ in turns), 3),
        "seconds": round(median(seconds for (_, seconds, _), _ in turns), 3),
        "plain_cpu": round(median(plain_cpu for _, plain_cpu in turns), 3),
        "ratio": ratio([cpu / plain_cpu for (cpu, _, _), plain_cpu in turns]),
        "memory_mb": round(max(grown for (_, _, grown), _ in turns) / 2**20, 1),
        "mark": MARK_CPU,
        "memory_mark_mb": MARK_MEMORY_MB,
    }
    say(f"upload: {found}")
    return found


class _Sender:
    """Sends the same works again and again, each time as another style."""

    def __init__(self, site: Site, artist: Person, works: Sequence[Work]) -> None:
        self._site = site
        self._request = Request("/api/models", "POST", artist)
        self._files = [
            ("images", (name, content, f"image/{name.rpartition('.')[2]}"))
            for name, content in works
        ]
        self._number = 0
        # What lies there already is the database's own.
        self._styles = site.database.media / "styles"
        self._before = set(self._styles.iterdir()) if self._styles.exists() else set()

    def send(self) -> tuple[float, float, int]:
        """CPU seconds, seconds, and bytes by which the memory of a process grew at most."""
        web = self._site.ours.plain
        self._number += 1
        named = {"name": f"Upload {time.time_ns()}", "price": "10", "tags": "sea"}
        idle = {}
        for pid in web.worker_pids:
            processes.forget_peak(pid)
            if found := processes.memory(pid):
                idle[pid] = found.peak
        before, began = processes.family_cpu_seconds(web.pid), time.monotonic()
        answer = httpx.post(
            f"{web.url}{self._request.path}",
            headers=self._request.headers(),
            data=named,
            files=self._files,
            timeout=300,
        )
        seconds = time.monotonic() - began
        cpu = processes.family_cpu_seconds(web.pid) - before
        if answer.status_code != 201:
            raise RuntimeError(f"The upload was answered {answer.status_code}: {answer.text[:500]}")
        peaks = {pid: found.peak for pid in idle if (found := processes.memory(pid))}
        return cpu, seconds, max(peaks[pid] - idle[pid] for pid in peaks)

    def clean(self) -> None:
        if self._styles.exists():
            for folder in set(self._styles.iterdir()) - self._before:
                shutil.rmtree(folder)


def plain(works: Sequence[Work]) -> float:
    """CPU seconds for decoding all of it and making the previews."""
    began = time.process_time()
    for _, content in works:
        with Image.open(io.BytesIO(content)) as image:
            image.draft("RGB", (WIDTHS[-1], WIDTHS[-1]))
            small = image.convert("RGB")
            for width in reversed(WIDTHS):
                small.thumbnail((width, width), Image.Resampling.LANCZOS, reducing_gap=2.0)
                small.save(io.BytesIO(), "WEBP", quality=75, method=2)
    return time.process_time() - began


def made_up() -> list[Work]:
    """Half JPEG, half PNG: soft shapes with a grain, as photographs of paintings have."""
    return [
        (f"{number}.png", _file(number, (1000, 1000), "PNG", 6))
        if number % 2
        else (f"{number}.jpeg", _file(number, (2400, 1800), "JPEG", 10))
        for number in range(WORKS)
    ]


def _file(seed: int, size: tuple[int, int], kind: str, grain: float) -> bytes:
    """More or less ``BYTES``: what a picture takes depends on its grain."""
    chance = np.random.default_rng(seed)
    shapes = Image.fromarray(chance.integers(0, 256, (12, 16, 3), np.uint8)).resize(
        size, Image.Resampling.BICUBIC
    )
    soft = np.asarray(shapes.filter(ImageFilter.GaussianBlur(3)), np.float32)
    noise = chance.normal(0, grain, soft.shape)
    picture = Image.fromarray(np.clip(soft + noise, 0, 255).astype(np.uint8))
    file = io.BytesIO()
    picture.save(file, kind, **({"quality": 93} if kind == "JPEG" else {}))
    return file.getvalue()


def _artist(site: Site) -> Person:
    ((user_id,),) = site.database.rows("SELECT MIN(user_id) FROM app_artist")
    key = run(site.environment, "-m", "benchmarks.sessions", str(user_id)).strip()
    return Person(user_id, key)
