"""Which settings a start gets: development's where it is asked for. tests/test_start.py starts all
of it; here are the rules alone."""

from __future__ import annotations

import os
import subprocess
import sys

import pytest
from django.conf import settings

from config.environment import command_is_development, settings_module

DATABASE = {"DATABASE_URL": "postgresql://market@127.0.0.1:1/market"}
ASKED_FOR = {"DJANGO_ENV": "development"}


@pytest.mark.parametrize("environment", [{}, DATABASE, {"DJANGO_ENV": "staging"}, {"DEBUG": "1"}])
def test_production_it_is_unless_development_is_asked_for(environment: dict[str, str]) -> None:
    assert settings_module(environment) == "config.settings_production"
    assert settings_module({**environment, **ASKED_FOR}) == "config.settings"


@pytest.mark.parametrize(
    ("command", "alone", "with_a_database"),
    [
        ("runserver", True, False),
        ("migrate", True, False),
        ("dev", True, True),
        ("test", True, True),
        ("relay_outbox", False, False),
        ("local_worker", False, False),
    ],
)
def test_commands_of_developers(command: str, alone: bool, with_a_database: bool) -> None:
    assert command_is_development(command, {}) is alone
    assert command_is_development(command, DATABASE) is with_a_database
    assert not command_is_development(command, {"ALLOWED_HOSTS": "styles.example.com"})


def test_developments_settings_are_for_nobody_who_did_not_ask() -> None:
    for environment, refusal in (({}, "Set DJANGO_ENV=development to ask"), (ASKED_FOR, "")):
        done = subprocess.run(
            [sys.executable, "-c", "import config.settings"],
            cwd=settings.BASE_DIR,
            env={"PATH": os.environ["PATH"], **environment},
            capture_output=True,
            text=True,
            timeout=60,
        )
        assert (done.returncode != 0) is bool(refusal), done.stderr
        assert refusal in done.stderr
