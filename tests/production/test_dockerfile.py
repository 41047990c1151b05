"""The Dockerfile builds what docker-compose.yml names, without root and without secrets."""

from __future__ import annotations

import fnmatch
import re
import tomllib
from typing import Any

import pytest

from tests.production.files import last_stage, stages
from tests.production.running import COLLECT
from tests.system import PROJECT

# Which lock the image for GPUs is built with, and where its packages are.
MAY_BE_TOLD = {"DIFFUSION_LOCK", "PIP_EXTRA_INDEX_URL", "PIP_FIND_LINKS"}
DIFFUSION_LOCKS = ("worker-diffusion.txt", "worker-diffusion-cuda.txt")


def locks(text: str) -> list[str]:
    """What ``text`` names; each of the two that a build may choose from."""
    if "${DIFFUSION_LOCK}" not in text:
        return [text]
    return [text.replace("${DIFFUSION_LOCK}", lock) for lock in DIFFUSION_LOCKS]


def test_images_are_built_from_stages_that_are_there(compose: dict[str, Any]) -> None:
    names = [stage.name for stage in stages()]
    for position, stage in enumerate(stages()):
        assert ":" in stage.base or stage.base in ("scratch", *names[:position])
        for copied in stage.of("COPY"):
            if found := re.match(r"--from=(\S+)", copied):
                assert found[1] in names[:position]
    for service in compose["services"].values():
        if "build" in service:
            assert service["build"]["target"] in names


@pytest.mark.parametrize("name", ["backend", "worker", "worker-diffusion", "files"])
def test_our_images_do_not_run_as_root(name: str) -> None:
    assert last_stage(name).of("USER") == ["app"]


def test_nothing_secret_is_built_in() -> None:
    for stage in stages():
        assert {line.split("=")[0] for line in stage.of("ARG")} <= MAY_BE_TOLD
        for line in stage.of("ENV"):
            assert not re.search(r"SECRET|TOKEN|PASSWORD|_KEY|_URL", line)


def test_packages_are_exact_and_hashed() -> None:
    installed = []
    for stage in stages():
        for line in stage.of("RUN"):
            if "pip install" in line:
                assert "--require-hashes" in line
                assert "--no-deps" in line
                for file in re.findall(r"-r (\S+)", line):
                    installed += locks(file)
            if "apt-get install" in line:
                assert "apt-get update" in line
                assert "--no-install-recommends" in line
                assert "rm -rf /var/lib/apt/lists/*" in line
    names = ["backend.txt", "worker.txt", *DIFFUSION_LOCKS, "files.txt"]
    assert installed == [f"requirements/{name}" for name in names]
    for file in installed:
        text = (PROJECT / file).read_text()
        assert "--hash=sha256:" in text
        assert "://" not in text, "an index is named"


def test_what_is_copied_is_there_and_not_ignored() -> None:
    rules = (PROJECT / ".dockerignore").read_text().splitlines()
    admitted = {line[1:] for line in rules if line.startswith("!")}
    for stage in stages():
        for line in stage.of("COPY"):
            if line.startswith("--from"):
                continue
            for source in (each for word in line.split()[:-1] for each in locks(word)):
                assert (PROJECT / source).exists(), source
                assert source.split("/")[0] in admitted, source
    assert rules[1] == "*"
    for secret in (".env", ".git", ".data"):
        assert not any(fnmatch.fnmatch(secret, admit) for admit in admitted)


def test_the_backend_image_holds_all_that_it_imports() -> None:
    copied = {word for line in last_stage("backend").of("COPY") for word in line.split()[:-1]}
    packages = set(
        tomllib.loads((PROJECT / "pyproject.toml").read_text())["tool"]["importlinter"][
            "root_packages"
        ]
    )
    assert packages - {"worker", "devtools", "tests"} <= copied
    assert not {"devtools", "tests"} & copied
    assert {"manage.py", "gunicorn.conf.py"} <= copied
    assert {"worker", "protocol"} <= {
        word for line in last_stage("worker-code").of("COPY") for word in line.split()[:-1]
    }
    assert "--from=worker-code / ./" in last_stage("worker").of("COPY")


def test_static_files_are_collected_and_health_is_asked() -> None:
    backend = last_stage("backend")
    [collected] = [line for line in backend.of("RUN") if "collectstatic" in line]
    assert "DJANGO_SETTINGS_MODULE=config.settings_static" in collected
    assert COLLECT in collected
    assert "DJANGO_SETTINGS_MODULE=config.settings_production" in backend.of("ENV")
    [health] = backend.of("HEALTHCHECK")
    assert health.endswith('CMD ["python", "-m", "serving.healthcheck"]')
    assert any("/app/staticfiles" in line for line in last_stage("nginx").of("COPY"))
