"""The hosted CI runs what is run here, with nothing secret, on pinned actions."""

from __future__ import annotations

import re
from typing import Any

import yaml

from tests.system import PROJECT

FILE = PROJECT / ".github/workflows/ci.yml"


def jobs() -> dict[str, Any]:
    loaded: dict[str, Any] = yaml.safe_load(FILE.read_text())["jobs"]
    return loaded


def test_it_runs_all_tests_and_all_containers() -> None:
    commands = {name: [s.get("run", "") for s in job["steps"]] for name, job in jobs().items()}
    assert commands["test"][-1] == "bash .ci/run"
    assert commands["containers"][-1] == "make containers"
    compose_files = ["docker-compose.yml", *(f"deploy/{n}.yml" for n in sorted(NAMES))]
    [validated] = [c for c in commands["containers"] if "docker compose config" in c]
    assert re.findall(r"\S+\.yml", validated) == compose_files


NAMES = [file.stem for file in (PROJECT / "deploy").glob("*.yml")]


def test_each_job_ends_some_time() -> None:
    assert all(job["timeout-minutes"] <= 90 for job in jobs().values())


def test_actions_are_pinned_and_nothing_is_secret() -> None:
    text = FILE.read_text()
    used = re.findall(r"uses: (\S+)", text)
    assert used
    assert all(re.fullmatch(r"actions/[a-z-]+@v\d+", action) for action in used)
    assert "secrets." not in text
