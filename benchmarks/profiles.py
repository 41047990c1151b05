"""Where our time goes: py-spy looks at the web processes under load, and the stacks are summed up.

Counted are the moments in which a thread ran Python, that is held the interpreter's lock; waiting,
and system calls such as reading a socket, are not in it. A moment belongs to the area of the
innermost frame that has one. What no area claims (the standard library, the client of Redis, small
helpers) so counts for whoever called it: each moment is in one area, and the shares add up to 1.
"""

from __future__ import annotations

import re
import signal
import subprocess
import sys
import tempfile
import time
from collections import Counter
from collections.abc import Iterable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

from benchmarks.figures import JUDGED
from benchmarks.paths import Site

PATHS = ("feed", "feed_signed_in", "status", "generate", "completed")
RATE = 100
START_SECONDS = 30.0
OTHER = "other"
# Beginnings of files as py-spy names them; the first area with a fitting one has the frame.
AREAS: dict[str, tuple[str, ...]] = {
    "logs and metrics": (
        *("serving/access_log.py", "serving/gunicorn/access_log.py", "gunicorn/glogging.py"),
        *("app/utils/logs.py", "structlog/", "prometheus_client/"),
    ),
    "web server": ("granian/", "gunicorn/", "serving/"),
    "database client": ("psycopg/", "psycopg_binary/", "psycopg_c/", "speed/", "django/db/"),
    "session and authentication": (
        *("django/contrib/sessions/", "django/contrib/auth/"),
        *("app/models/session.py", "app/http/authentication.py", "app/sign_in.py"),
        *("rest_framework/authentication.py", "app/permissions.py"),
        *("rest_framework/permissions.py", "app/http/throttling.py"),
    ),
    "routing": ("django/urls/", "app/urls.py", "config/urls.py", "app/http/addresses.py"),
    "serialization and rendering": (
        *("app/serializers/", "app/http/bodies.py", "app/utils/links.py", "orjson/"),
        *("rest_framework/serializers.py", "rest_framework/fields.py"),
        *("rest_framework/relations.py", "rest_framework/renderers.py", "rest_framework/utils/"),
    ),
    "REST framework": ("rest_framework/",),
    "middleware": (
        *("app/http/middleware.py", "app/http/page_cache.py", "app/utils/request_id.py"),
        *("web/middleware.py", "django/middleware/", "whitenoise/"),
        *("corsheaders/", "csp/", "allauth/", "django_htmx/", "django/utils/deprecation.py"),
    ),
    "request and response": (
        *("django/core/handlers/", "django/http/", "django/template/response.py"),
        *("django/views/", "django/dispatch/", "django/core/signals.py"),
    ),
    "our views and services": ("app/", "web/", "protocol/", "config/"),
}
_FILE = re.compile(r" \(([^()]+?)(?::\d+)?\)$")


def area_of(frames: Iterable[str]) -> str:
    """``frames`` as py-spy writes them, ``name (file:line)``, the outermost first."""
    for frame in reversed(list(frames)):
        found = _FILE.search(frame)
        if found is None:
            continue
        file = found[1].rpartition("site-packages/")[2]
        for area, beginnings in AREAS.items():
            if file.startswith(beginnings):
                return area
    return OTHER


def summed_up(raw: str) -> dict[str, Any]:
    """Of py-spy's raw format (``frame;frame;… count``): the share of each area, and of how many."""
    counted: Counter[str] = Counter()
    for line in raw.splitlines():
        stack, _, count = line.rpartition(" ")
        counted[area_of(stack.split(";"))] += int(count)
    samples = sum(counted.values())
    names = [*AREAS, OTHER]
    return {
        "samples": samples,
        "shares": {name: round(counted[name] / max(1, samples), 4) for name in names},
    }


class NotAllowedError(RuntimeError):
    """Looking into another process takes root, or a kernel that lets one's own be looked into."""


@contextmanager
def recording(pid: int, file: Path) -> Iterator[None]:
    """Let py-spy write what ``pid`` and its children do meanwhile into ``file``.

    Raises NotAllowedError.
    """
    log = file.with_suffix(".log")
    with log.open("wb") as output:
        spy = subprocess.Popen(  # noqa: S603 (our own command line)
            [
                *(str(Path(sys.executable).with_name("py-spy")), "record", "--pid", str(pid)),
                *("--subprocesses", "--gil", "--rate", str(RATE), "--duration", "3600"),
                *("--format", "raw", "--output", str(file)),
            ],
            stdout=output,
            stderr=output,
        )
        try:
            _wait_until_it_looks(spy, log)
            yield
        finally:
            # It writes its file when it is interrupted.
            spy.send_signal(signal.SIGINT)
            spy.wait(60)
    if not file.exists() or not file.stat().st_size:
        raise RuntimeError(f"py-spy saw nothing:\n{log.read_text()[-2000:]}")


def _wait_until_it_looks(spy: subprocess.Popen[bytes], log: Path) -> None:
    deadline = time.monotonic() + START_SECONDS
    while b"Sampling process" not in log.read_bytes():
        if spy.poll() is not None or time.monotonic() > deadline:
            raise NotAllowedError(f"py-spy does not start:\n{log.read_text()[-2000:]}")
        time.sleep(0.05)


def measure(site: Site, seconds: float, say: Any) -> dict[str, Any]:
    """``{case: {samples, shares, rate}}`` of our program without the page cache."""
    found: dict[str, Any] = {}
    for name in PATHS:
        case = site.case(name)
        site.meter.round(site.ours.plain, case, clients=JUDGED, seconds=1)
        with tempfile.TemporaryDirectory(prefix="bench-profile-") as folder:
            file = Path(folder) / "stacks"
            with recording(site.ours.plain.pid, file):
                round_ = site.meter.round(site.ours.plain, case, clients=JUDGED, seconds=seconds)
            found[name] = summed_up(file.read_text()) | {"rate": round(round_.rate, 1)}
        most = max(found[name]["shares"].items(), key=lambda item: item[1])
        say(f"{case.title:28} {found[name]['samples']} samples, most in {most[0]} ({most[1]:.0%})")
    return found
