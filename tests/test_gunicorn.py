"""gunicorn's settings as gunicorn itself reads them, in the environment of production."""

from __future__ import annotations

import os
import re
import subprocess
import sys

import pytest

from app.tests.http.test_environment import ON_S3
from tests.system import PROJECT

pytestmark = pytest.mark.slow


def settings(**environment: str) -> dict[str, str]:
    """What ``gunicorn --print-config`` says."""
    done = subprocess.run(
        [sys.executable, "-m", "gunicorn", "--check-config", "--print-config"],
        cwd=PROJECT,
        env={
            "PATH": os.environ["PATH"],
            "DJANGO_SETTINGS_MODULE": "config.settings_production",
            **ON_S3,
            "PAYMENT_GATEWAY": "test",
            "ALLOW_TEST_GATEWAY": "1",
            **environment,
        },
        capture_output=True,
        text=True,
        timeout=120,
    )
    assert done.returncode == 0, done.stderr
    return dict(re.findall(r"^(\w+) += (.*)$", done.stdout, re.MULTILINE))


def test_it_is_as_the_plan_says() -> None:
    shown = settings()
    assert shown["wsgi_app"] == "config.wsgi:application"
    assert shown["bind"] == "['0.0.0.0:8000']"
    assert shown["timeout"] == "120"
    # Both logs go where the container's logs are collected.
    assert (shown["accesslog"], shown["errorlog"]) == ("-", "-")
    assert "JsonLogger" in shown["logger_class"]


@pytest.fixture(params=["one core", "all cores"])
def cores(request: pytest.FixtureRequest):
    """How many cores the process may use."""
    allowed = os.sched_getaffinity(0)
    if request.param == "one core":
        os.sched_setaffinity(0, {min(allowed)})
    yield len(os.sched_getaffinity(0))
    os.sched_setaffinity(0, allowed)


def test_there_are_two_workers_a_core_and_one(cores: int) -> None:
    assert settings()["workers"] == str(2 * cores + 1)


def test_the_environment_has_the_last_word() -> None:
    shown = settings(WEB_CONCURRENCY="2", GUNICORN_THREADS="3", GUNICORN_BIND="127.0.0.1:9000")
    assert (shown["workers"], shown["threads"], shown["bind"]) == (
        *("2", "3", "['127.0.0.1:9000']"),
    )
