"""``manage.py dbshell``, which the plan tries the database with, where no psql is installed."""

from __future__ import annotations

import subprocess
import sys
import tempfile
from pathlib import Path

import pytest

PROJECT = Path(__file__).resolve().parents[2]

pytestmark = pytest.mark.slow


def test_dbshell_reaches_the_database() -> None:
    with tempfile.TemporaryDirectory(prefix="style-license-dbshell-") as folder:
        Path(folder).chmod(0o711)
        done = subprocess.run(
            [sys.executable, "manage.py", "dbshell", "--", "-Atc", "SELECT current_database()"],
            cwd=PROJECT,
            env={"PATH": folder, "DATA_DIR": f"{folder}/data"},
            capture_output=True,
            text=True,
            timeout=120,
            check=False,
        )
    assert (done.returncode, done.stdout) == (0, "style_license\n"), done.stderr
