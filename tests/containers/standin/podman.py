"""Calls of podman and buildah, with storage of their own (see ``machine.py``)."""

from __future__ import annotations

import json
import subprocess
import time
from collections.abc import Callable
from typing import Any

SECONDS = 120.0


class PodmanError(Exception):
    """A call failed; the message is what it said."""


def podman(*arguments: str, timeout: float = SECONDS, check: bool = True) -> str:
    """What ``podman …`` writes to stdout."""
    done = subprocess.run(
        ["podman", *arguments], capture_output=True, text=True, timeout=timeout, check=False
    )
    if check and done.returncode != 0:
        raise PodmanError(f"podman {' '.join(arguments[:2])}: {done.stderr.strip()}")
    return done.stdout.strip()


def pass_on(*arguments: str) -> int:
    """Run ``podman …`` with this terminal; its exit code."""
    return subprocess.run(["podman", *arguments], check=False, timeout=1800).returncode


def succeeds(*arguments: str) -> bool:
    done = subprocess.run(["podman", *arguments], capture_output=True, timeout=SECONDS, check=False)
    return done.returncode == 0


def inspected(*names: str) -> list[dict[str, Any]]:
    if not names:
        return []
    found: list[dict[str, Any]] = json.loads(podman("container", "inspect", *names))
    return found


def wait_until(look: Callable[[], bool], *, seconds: float, what: str) -> None:
    """Raises PodmanError when ``look`` is not true within ``seconds``."""
    deadline = time.monotonic() + seconds
    while not look():
        if time.monotonic() > deadline:
            raise PodmanError(f"{what}: not within {seconds:.0f} s")
        time.sleep(0.25)
