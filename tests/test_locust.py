"""``locust -f benchmarks/locustfile.py``, as somebody types it who only wants to see a load."""

from __future__ import annotations

import csv
import os
import subprocess
import sys
from pathlib import Path

import pytest

from app.models import Generation, User
from app.tests.factories import PublicPictureFactory

PROJECT = Path(__file__).resolve().parent.parent
ASKED = {"sign in", "buy tokens", "style list", "style detail", "generate", "status"}


@pytest.mark.slow
@pytest.mark.django_db(transaction=True)
def test_locust_runs_the_scenario_by_itself(live_server, settings, tmp_path) -> None:
    settings.DEMO_SIGN_IN = True
    settings.RATE_LIMITS = {"sign_in": "60/300", "generate": "6/60", "user": "100/60"}
    PublicPictureFactory()
    bare = {name: value for name, value in os.environ.items() if "BENCH" not in name}
    done = subprocess.run(
        [
            *(sys.executable, "-m", "locust", "-f", "benchmarks/locustfile.py"),
            *("--users", "3", "--spawn-rate", "3", "--run-time", "18s"),
            *("--host", live_server.url, "--csv", str(tmp_path / "found")),
        ],
        cwd=PROJECT,
        env=bare,
        capture_output=True,
        text=True,
        timeout=60,
        check=False,
    )
    assert done.returncode == 0, done.stderr[-3000:]
    with (tmp_path / "found_stats.csv").open() as file:
        rows = {row["Name"]: row for row in csv.DictReader(file)}
    assert set(rows) >= ASKED
    assert rows["Aggregated"]["Failure Count"] == "0"
    assert "exceptions" not in done.stdout
    assert User.objects.filter(username__startswith="load-").count() == 3
    assert Generation.objects.filter(user__username__startswith="load-").count() >= 3


# Importing locust changes the standard library (gevent), which is not for this process.
DEFAULTS = """
from locust.argument_parser import get_parser
from benchmarks import locustfile
options = get_parser(default_config_files=[]).parse_args([])
print(options.headless, options.num_users, options.spawn_rate, options.run_time)
print(locustfile.Buyer.host)
"""


def test_by_itself_it_is_a_hundred_users_for_two_minutes() -> None:
    done = subprocess.run(
        [sys.executable, "-c", DEFAULTS],
        cwd=PROJECT,
        capture_output=True,
        text=True,
        check=True,
        timeout=60,
    )
    assert done.stdout.splitlines() == ["True 100 10 120", "http://127.0.0.1:8000"]
