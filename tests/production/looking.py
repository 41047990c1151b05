"""What the tests of this folder look with."""

from __future__ import annotations

import json
import sys
from pathlib import Path
from typing import Any

import httpx

from tests.system import wait_for


def once(response: httpx.Response, name: str) -> str:
    """The header's value, which must be there exactly once."""
    values = response.headers.get_list(name)
    assert len(values) == 1, f"{name} of {response.url}: {values}"
    return str(values[0])


def lines_about(log: Path, request_id: str) -> list[dict[str, Any]]:
    """What a server logged of a request, which it writes after the answer has gone."""

    def written() -> list[dict[str, Any]]:
        lines = [json.loads(line) for line in log.read_text().splitlines() if line.startswith("{")]
        return [line for line in lines if line.get("request_id") == request_id]

    return wait_for(written, seconds=5, what=f"a line about {request_id} in {log}")


def measured(what: str, amount: float, unit: str) -> None:
    """For those who run these tests with ``pytest -s``."""
    sys.stdout.write(f"\n{what} {amount:.1f} {unit}".rstrip())
