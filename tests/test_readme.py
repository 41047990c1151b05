"""The README's tour works as it is printed."""

from __future__ import annotations

import re
import subprocess
from pathlib import Path

import pytest

from tests.pictures import real_pictures
from tests.system import PROJECT, Person, System, wait_for

pytestmark = pytest.mark.slow


@pytest.fixture
def system(tmp_path: Path):
    running = System(tmp_path, {})
    try:
        running.start()
        yield running
    finally:
        running.stop()


def test_the_five_requests_of_the_readme_end_in_a_picture(system: System, tmp_path: Path) -> None:
    artist = Person(system, "ada")
    artist.post("/api/users/me/artist", json={"artist_name": "Ada"}, status=201)
    style = artist.post(
        "/api/models",
        data={"name": "Quill", "price": "10", "tags": "watercolour"},
        files=[("images", (f"{n}.png", data)) for n, data in enumerate(real_pictures(10))],
        status=201,
    )
    assert style["id"] == 1
    wait_for(
        lambda: artist.get("/api/models/1")["is_ready"], seconds=90, what="the end of the training"
    )
    tour = re.search(
        r"## Five requests.*?```sh\n(.*?)```", (PROJECT / "README.md").read_text(), re.S
    )
    assert tour is not None
    script = tour.group(1).replace("http://127.0.0.1:8000", system.url)
    done = subprocess.run(
        ["bash", "-euo", "pipefail", "-c", script],
        cwd=tmp_path,
        capture_output=True,
        text=True,
        timeout=60,
    )
    assert done.returncode == 0, done.stderr
    assert done.stdout.count('{"success":true') == 5, done.stdout
    assert '"status":"queued"' in done.stdout
    buyer = Person(system, "buyer")
    wait_for(
        lambda: buyer.get("/api/images/1/status")["status"] == "completed",
        seconds=60,
        what="the picture",
    )
