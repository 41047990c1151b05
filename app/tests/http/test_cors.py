"""A front end that is served from elsewhere may use the API with its session, and no other may."""

from __future__ import annotations

import json
import os
import subprocess
import sys
from pathlib import Path

import pytest

pytestmark = pytest.mark.slow

PROJECT = Path(__file__).resolve().parents[3]
# The middleware is there only where an origin is named, so each case is a process of its own. What
# it asks about needs no database.
ASK = """
import json
import django
django.setup()
from django.test import Client
answer = Client().options(
    "/api/images/generate",
    headers={"Origin": "https://front.example.com", "Access-Control-Request-Method": "POST"},
)
names = [name for name in answer.headers if name.lower().startswith("access-control-")]
print(json.dumps({name.lower(): answer.headers[name] for name in names}))
"""


def told(origins: str) -> dict[str, str]:
    """What a browser is told that asks whether a page of front.example.com may order a picture."""
    done = subprocess.run(
        [sys.executable, "-c", ASK],
        cwd=PROJECT,
        env={
            "PATH": os.environ["PATH"],
            "DJANGO_ENV": "development",
            "DJANGO_SETTINGS_MODULE": "config.settings",
            "CORS_ALLOWED_ORIGINS": origins,
        },
        capture_output=True,
        text=True,
        timeout=60,
        check=False,
    )
    assert done.returncode == 0, done.stderr
    headers: dict[str, str] = json.loads(done.stdout.splitlines()[-1])
    return headers


def test_a_front_end_elsewhere_may_ask_with_its_cookie() -> None:
    headers = told("https://front.example.com")
    assert headers["access-control-allow-origin"] == "https://front.example.com"
    assert headers["access-control-allow-credentials"] == "true"
    assert "POST" in headers["access-control-allow-methods"]
    assert "x-csrftoken" in headers["access-control-allow-headers"]


def test_no_other_may() -> None:
    for origins in ("", "https://elsewhere.example.com"):
        assert "access-control-allow-origin" not in told(origins)
