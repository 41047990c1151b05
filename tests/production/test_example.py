""".env.example names all that is read, holds no secret, and is good once it is filled in."""

from __future__ import annotations

import io
import os
import re
import secrets
import subprocess
import sys

import pytest
from dotenv import dotenv_values

from config.environment import PRODUCTION_SETTINGS, RULES, refusal_to_start
from provenance.tests.signing import keys
from tests.production.files import COMPOSE, EXAMPLE, example_names
from tests.system import PROJECT

# Empty in the example, for whoever deploys to fill in.
SECRETS = {
    *(
        "SECRET_KEY",
        "LICENCE_KEY",
        "GOOGLE_CLIENT_ID",
        "GOOGLE_CLIENT_SECRET",
        "INTERNAL_API_TOKEN",
    ),
    *("POSTGRES_PASSWORD", "RABBITMQ_PASSWORD", "REDIS_PASSWORD"),
    *("AWS_ACCESS_KEY_ID", "AWS_SECRET_ACCESS_KEY"),
}


def filled(monkeypatch: pytest.MonkeyPatch, **answers: str) -> dict[str, str]:
    """The example as somebody fills it in, with its references resolved."""
    for name in example_names():
        monkeypatch.delenv(name, raising=False)
    text = EXAMPLE.read_text()
    for name, value in answers.items():
        text, count = re.subn(rf"^{name}=.*$", f"{name}={value}", text, flags=re.MULTILINE)
        assert count == 1, name
    values = dotenv_values(stream=io.StringIO(text), interpolate=True)
    assert values["CERTIFICATES_DIR"] == "/app/certificates"
    values["CERTIFICATES_DIR"] = str(keys().parent)
    return {name: value or "" for name, value in values.items()}


def test_the_example_names_every_variable_that_has_a_rule() -> None:
    assert {rule.name for rule in RULES} <= example_names()


def test_the_example_names_every_variable_that_the_programs_read() -> None:
    pattern = re.compile(r"""(?:env\.\w+|environ(?:\.get)?)\s*[(\[]\s*"([A-Z][A-Z0-9_]+)["]""")
    read: set[str] = set()
    for file in (
        "config/settings.py",
        "config/settings_static.py",
        "config/settings_production.py",
        "gunicorn.conf.py",
    ):
        read |= set(pattern.findall((PROJECT / file).read_text()))
    # Set by the programs themselves.
    own = {"DJANGO_SETTINGS_MODULE", "PROMETHEUS_MULTIPROC_DIR"}
    assert len(read) > 30
    assert read - own <= example_names()


def test_each_variable_of_the_example_is_used_somewhere() -> None:
    programs = "".join(
        path.read_text()
        for folder in ("config", "worker")
        for path in (PROJECT / folder).glob("*.py")
    )
    programs += (PROJECT / "gunicorn.conf.py").read_text() + COMPOSE.read_text()
    programs += (PROJECT / "serving/settings.py").read_text()
    programs += "".join(file.read_text() for file in (PROJECT / "deploy").glob("*.yml"))
    unused = {n for n in example_names() if not re.search(rf"\b{n}\b", programs)}
    # Docker Compose's own.
    assert unused == {"COMPOSE_FILE"}


def test_the_example_holds_no_secret_and_is_refused_for_them_alone(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    example = filled(monkeypatch)
    assert {name for name in SECRETS if example[name]} == set()
    named = set(
        re.findall(
            r"^  ([A-Z0-9_]+) ", refusal_to_start(PRODUCTION_SETTINGS, example), re.MULTILINE
        )
    )
    # Tokens follow INTERNAL_API_TOKEN, and passwords are parts of addresses; paying by nothing has
    # to be allowed by name.
    assert named == (SECRETS - {"INTERNAL_API_TOKEN", *[n for n in SECRETS if "PASSWORD" in n]}) | {
        *("INTERNAL_API_TOKENS", "PAYMENT_GATEWAY"),
        *("DATABASE_URL", "AMQP_URL", "REDIS_URL"),
    }


def test_the_example_filled_in_is_good(monkeypatch: pytest.MonkeyPatch) -> None:
    answers = {name: secrets.token_urlsafe(50) for name in SECRETS}
    environment = filled(monkeypatch, **answers, ALLOW_TEST_GATEWAY="1")
    assert refusal_to_start(PRODUCTION_SETTINGS, environment) == ""
    assert answers["POSTGRES_PASSWORD"] in environment["DATABASE_URL"]
    assert environment["INTERNAL_API_TOKENS"] == answers["INTERNAL_API_TOKEN"]


def test_the_settings_can_read_every_value_of_the_example(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    environment = filled(
        monkeypatch,
        **{name: secrets.token_urlsafe(50) for name in SECRETS},
        ALLOW_TEST_GATEWAY="1",
    )
    done = subprocess.run(
        [sys.executable, "-c", SHOW],
        cwd=PROJECT,
        env={
            "PATH": os.environ["PATH"],
            "DJANGO_SETTINGS_MODULE": "config.settings_production",
            **environment,
        },
        capture_output=True,
        text=True,
        timeout=60,
    )
    assert done.returncode == 0, done.stderr
    assert done.stdout.split() == ["[]", "[]", "[]", "1", "5/300"]


SHOW = """
from django.conf import settings
print(settings.SECRET_KEY_FALLBACKS, settings.CORS_ALLOWED_ORIGINS, settings.CSRF_TRUSTED_ORIGINS)
print(settings.TRUSTED_PROXIES, settings.RATE_LIMITS["sign_in"])
"""
