"""What `make containers` reads compose files with, where there is no Docker."""

from __future__ import annotations

import re
import shutil
from pathlib import Path
from typing import Any

import pytest

from tests.containers.standin.compose_file import ComposeError, interpolated, load, seconds
from tests.production.files import EXAMPLE
from tests.system import PROJECT

FILES = ["docker-compose.yml", "deploy/data.yml", "deploy/web.yml", "deploy/workers.yml"]


@pytest.fixture
def checkout(tmp_path: Path) -> Path:
    """The compose files with a filled .env beside them."""
    shutil.copy(PROJECT / "docker-compose.yml", tmp_path)
    shutil.copytree(PROJECT / "deploy", tmp_path / "deploy")
    filled = re.sub(r"^([A-Z_]+)=$", r"\1=some-value", EXAMPLE.read_text(), flags=re.MULTILINE)
    (tmp_path / ".env").write_text(f"{filled}\nDATA_ADDRESS=10.0.0.10\n")
    return tmp_path


@pytest.mark.parametrize("file", FILES)
def test_every_shipped_file_is_known_to_it(checkout: Path, file: str) -> None:
    project = load([], {"COMPOSE_FILE": file}, checkout)
    assert project.name.startswith("style-license")
    given = repr([service.given for service in project.services.values()])
    # The one that is left is for the container's own shell.
    assert "$" not in given.replace('"$REDIS_PASSWORD"', "")
    for service in project.services.values():
        if "image" in service.given and "build" in service.given:
            assert service.given["image"].endswith(":latest")
            assert (service.directory / service.given["build"]["context"]).resolve() == checkout


def test_services_come_after_what_they_need(checkout: Path) -> None:
    names = [s.name for s in load([], {}, checkout).in_order(["backend"])]
    assert names.index("postgres") < names.index("migrate") < names.index("backend")
    assert "nginx" not in names


def test_a_missing_secret_is_named(checkout: Path) -> None:
    (checkout / ".env").write_text("POSTGRES_PASSWORD=\n")
    with pytest.raises(ComposeError, match="POSTGRES_PASSWORD is not set"):
        load([], {}, checkout)


def test_a_second_file_is_laid_over_the_first(checkout: Path) -> None:
    over = "services: {worker: {environment: {WORKER_CONCURRENCY: 3}, extra_hosts: ['a:1']}}"
    (checkout / "over.yml").write_text(over)
    project = load(["docker-compose.yml", "over.yml"], {}, checkout)
    worker = project.services["worker"]
    assert worker.environment["WORKER_CONCURRENCY"] == "3"
    assert worker.environment["WORKER_ENGINE"] == "stylenet"
    assert worker.given["extra_hosts"] == ["a:1"]
    (checkout / "over.yml").write_text("services: {worker: {privileged: true}}")
    with pytest.raises(ComposeError, match="does not know privileged"):
        load(["docker-compose.yml", "over.yml"], {}, checkout)


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("$$A ${A} $A", "$A one one"),
        ("${EMPTY-x}|${EMPTY:-x}|${NONE-x}", "|x|x"),
        ("${A:+yes}|${EMPTY:+yes}|${NONE+yes}", "yes||"),
    ],
)
def test_references_are_replaced(text: str, expected: str) -> None:
    variables = {"A": "one", "EMPTY": ""}
    nested: Any = interpolated({"key": [text]}, variables)
    assert nested == {"key": [expected]}


def test_durations() -> None:
    assert [seconds(text) for text in ("75s", "1m30s", "10")] == [75, 90, 10]
