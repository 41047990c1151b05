"""nginx/upstreams.sh: where nginx finds web processes and files, from the environment."""

from __future__ import annotations

import os
import re
import subprocess
from pathlib import Path

import pytest

from tests.system import PROJECT


def run(folder: Path, **environment: str) -> subprocess.CompletedProcess[str]:
    return subprocess.run(
        [PROJECT / "nginx/upstreams.sh", folder / "upstreams.conf"],
        env={"PATH": os.environ["PATH"], **environment},
        capture_output=True,
        text=True,
        timeout=10,
    )


def written(folder: Path) -> dict[str, list[str]]:
    text = (folder / "upstreams.conf").read_text()
    blocks = re.findall(r"^upstream (\w+) \{(.*?)^\}", text, re.MULTILINE | re.DOTALL)
    return {name: re.findall(r"server (\S+) max_fails", block) for name, block in blocks}


def test_without_an_environment_it_is_the_service_backend(tmp_path: Path) -> None:
    assert run(tmp_path).returncode == 0
    assert written(tmp_path) == {"backend": ["backend:8000"]}
    assert "include" not in (tmp_path / "upstreams.conf").read_text()


def test_several_are_parted_by_commas(tmp_path: Path) -> None:
    done = run(
        tmp_path,
        BACKEND_UPSTREAM="10.0.0.2:8000, web-2.internal:8001",
        FILES_UPSTREAM="10.0.0.9:9000",
    )
    assert done.returncode == 0, done.stderr
    assert written(tmp_path) == {
        "backend": ["10.0.0.2:8000", "web-2.internal:8001"],
        "files": ["10.0.0.9:9000"],
    }
    # The host of the S3 server is served only if there is one.
    assert "include /etc/nginx/files.conf;" in (tmp_path / "upstreams.conf").read_text()


@pytest.mark.parametrize("wrong", ["backend", "backend:", ":8000", "a:http", "a:1;}", "$(id):80"])
def test_what_is_no_address_is_refused(tmp_path: Path, wrong: str) -> None:
    for name in ("BACKEND_UPSTREAM", "FILES_UPSTREAM"):
        done = run(tmp_path, **{name: f"backend:8000,{wrong}"})
        assert done.returncode == 1
        assert f"'{wrong}' is not HOST:PORT" in done.stderr
        assert not (tmp_path / "upstreams.conf").exists()
