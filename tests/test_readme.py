"""The README's tour and the quick start of /api/docs work as they are printed."""

from __future__ import annotations

import html
import re
import subprocess
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import httpx
import pytest
from PIL import Image
from standardwebhooks.webhooks import Webhook

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
    run_the_quick_start(system, buyer, tmp_path)


def run_the_quick_start(system: System, buyer: Person, folder: Path) -> None:
    """Each snippet of /api/docs, in the same shell, with a key in its place."""
    page = httpx.get(f"{system.url}/api/docs").text
    found = re.findall(r'<pre data-run="(\w+)">(.*?)</pre>', page, re.S)
    snippets = [(kind, html.unescape(text)) for kind, text in found]
    assert [kind for kind, _ in snippets] == ["sh", "sh", "python"]
    made = buyer.post("/api/keys", json={"name": "curl", "scopes": ["read", "generate"]})
    script = "".join(text for kind, text in snippets if kind == "sh")
    balance = buyer.get("/api/tokens/balance")["balance"]
    done = subprocess.run(
        ["bash", "-euo", "pipefail", "-c", script.replace("sl_...", made["secret"])],
        cwd=folder,
        capture_output=True,
        text=True,
        timeout=60,
    )
    assert done.returncode == 0, done.stdout + done.stderr
    assert buyer.get("/api/tokens/balance")["balance"] == balance - 10
    with Image.open(folder / "castle.png") as picture:
        assert picture.size == (512, 512)
    space: dict[str, Any] = {}
    exec(snippets[2][1], space)
    body, secret = b'{"type": "webhook.test", "data": {}}', "whsec_" + "A" * 43 + "="
    now = datetime.now(UTC)
    headers = {
        "webhook-id": "msg",
        "webhook-timestamp": str(int(now.timestamp())),
        "webhook-signature": Webhook(secret).sign("msg", now, body.decode()),
    }
    assert space["receive"](body, headers, secret) == ("webhook.test", {})
