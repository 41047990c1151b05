"""Django Debug Toolbar: there for developers who ask for it, and for nobody else."""

from __future__ import annotations

import os
import re
import subprocess
import sys
from collections.abc import Iterator

import httpx
import pytest

from app.tests.http.test_environment import ON_S3
from tests.system import PROJECT, System

pytestmark = pytest.mark.slow


@pytest.fixture(scope="module")
def developing(tmp_path_factory: pytest.TempPathFactory) -> Iterator[System]:
    system = System(tmp_path_factory.mktemp("developing"), {"DEBUG": "1"})
    try:
        system.start(workers=0, relays=0)
        yield system
    finally:
        system.stop()


def evaluate(expression: str, **environment: str) -> subprocess.CompletedProcess[str]:
    """What an expression over ``settings`` gives, in a process of its own."""
    code = f"from django.conf import settings; print({expression})"
    given = {"PATH": os.environ["PATH"], **environment}
    return subprocess.run(
        [sys.executable, "-c", code],
        cwd=PROJECT,
        env=given,
        capture_output=True,
        text=True,
        timeout=60,
    )


DEVELOPMENT = {"DJANGO_ENV": "development", "DJANGO_SETTINGS_MODULE": "config.settings"}
IS_THERE = (
    "'debug_toolbar' in settings.INSTALLED_APPS or 'debug_toolbar' in str(settings.MIDDLEWARE)"
)


def test_a_developers_page_has_it_and_may_load_it(developing: System) -> None:
    page = httpx.get(f"{developing.url}/")
    assert 'id="djDebug"' in page.text
    policy = page.headers["content-security-policy"]
    assert "script-src 'self'" in policy
    loaded = re.findall(r'(?:src|href)="(/static/debug_toolbar/[^"]+)"', page.text)
    assert len(loaded) >= 2
    for path in loaded:
        assert httpx.get(f"{developing.url}{path}").status_code == 200
    # Neither is within the page, where the policy would forbid it.
    bar = page.text[page.text.index('id="djDebug"') :]
    assert not re.search(r"<style|<script(?![^>]*\bsrc=)|\son\w+=", bar)


def test_data_stays_data(developing: System) -> None:
    assert httpx.get(f"{developing.url}/api/community/feed").json()["success"] is True


@pytest.mark.parametrize(("debug", "is_there"), [("1", "True"), ("0", "False"), ("", "False")])
def test_only_debug_brings_it(debug: str, is_there: str) -> None:
    given = {"DEBUG": debug} if debug else {}
    done = evaluate(IS_THERE, **DEVELOPMENT, **given)
    assert done.stdout.strip() == is_there, done.stderr


def test_without_the_package_debug_works_too() -> None:
    hide = "__import__('sys').modules.update(debug_toolbar=None)"
    done = evaluate(f"({hide}, {IS_THERE})[1]", **DEVELOPMENT, DEBUG="1")
    assert done.stdout.strip() == "False", done.stderr


def test_production_has_none_and_refuses_debug() -> None:
    given = {"DJANGO_SETTINGS_MODULE": "config.settings_production", **ON_S3}
    done = evaluate(IS_THERE, **given)
    assert done.stdout.strip() == "False", done.stderr
    refused = evaluate(IS_THERE, **given, DEBUG="1")
    assert refused.returncode != 0
    assert "DEBUG" in refused.stderr


@pytest.mark.parametrize("name", ["backend", "worker", "files", "run"])
def test_it_is_not_installed_where_it_is_not_used(name: str) -> None:
    assert "debug-toolbar" not in (PROJECT / "requirements" / f"{name}.txt").read_text()
