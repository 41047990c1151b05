"""Which processes ``manage.py dev`` starts."""

from __future__ import annotations

from pathlib import Path

import pytest

from devtools.management.commands.dev import Command
from devtools.management.commands.local_worker import WorkerProcess


def test_a_worker_of_diffusion_runs_in_an_environment_of_its_own(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, settings
) -> None:
    """``make run-diffusion`` names its interpreter; the packages of ``make run`` have no torch."""
    settings.AMQP_URL = ""
    command = Command()
    command.data_dir = tmp_path
    monkeypatch.delenv("DIFFUSION_PYTHON", raising=False)
    usual = [child.name for child in command.children()]
    assert "worker" in usual
    monkeypatch.setenv("DIFFUSION_PYTHON", "/elsewhere/bin/python")
    started = {child.name: child for child in command.children()}
    assert [name for name in started if name not in usual] == ["worker of diffusion"]
    added = [str(part) for part in started["worker of diffusion"].command]
    assert added[-4:] == ["--engine", "diffusion", "--python", "/elsewhere/bin/python"]


def test_the_local_worker_is_started_by_the_interpreter_that_is_named(
    tmp_path: Path, settings
) -> None:
    settings.DATA_DIR = tmp_path
    python, asked = tmp_path / "python", tmp_path / "asked"
    python.write_text(f"#!/bin/sh\necho \"$@\" > {asked}\necho '{{}}'\nread line\n")
    python.chmod(0o755)
    worker = WorkerProcess("diffusion", str(python))
    worker.stop()
    assert asked.read_text().startswith("-m worker --broker stdio: --engine diffusion ")
