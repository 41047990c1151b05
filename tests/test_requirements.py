"""``pip install -r requirements.txt`` in the root, which the plan names, gives what runs here."""

from __future__ import annotations

import re
import subprocess
import sys
from pathlib import Path

import pytest

PROJECT = Path(__file__).resolve().parent.parent
# What the plan installs, by the names of its libraries.
PLANNED = {
    *("django", "djangorestframework", "gunicorn", "django-cors-headers", "pika", "pillow"),
    *("dj-database-url", "django-allauth", "django-redis", "whitenoise", "psycopg"),
}


def test_it_names_what_the_plan_installs() -> None:
    (included,) = re.findall(r"^-r (\S+)$", (PROJECT / "requirements.txt").read_text(), re.M)
    pinned = set(
        re.findall(r"^([A-Za-z0-9._-]+)(?:\[.*\])?==", (PROJECT / included).read_text(), re.M)
    )
    assert {name.lower() for name in pinned} >= PLANNED


@pytest.mark.slow
def test_pip_takes_it() -> None:
    """Here all of it is installed, in just these versions: pip has nothing to fetch."""
    done = subprocess.run(
        [
            *(sys.executable, "-m", "pip", "install", "--disable-pip-version-check"),
            *("--dry-run", "--no-index", "--no-deps", "-r", "requirements.txt"),
        ],
        cwd=PROJECT,
        capture_output=True,
        text=True,
        timeout=120,
        check=False,
    )
    assert done.returncode == 0, done.stderr
    assert "Would install" not in done.stdout
