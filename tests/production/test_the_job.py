"""The main job through all of production, with the largest upload there is."""

from __future__ import annotations

import io
import re
from pathlib import Path
from time import monotonic
from typing import Any

import numpy as np
import pytest
from PIL import Image

from app.tests.identity_provider import IdentityProvider
from tests.production.looking import measured
from tests.production.running import Production, Visitor
from tests.system import wait_for

pytestmark = [pytest.mark.slow, pytest.mark.time_limit(900)]

UPLOADS = 100
SIDE = 1300
MEMORY_ALLOWED = 256 * 2**20


def test_the_main_job_with_100_pictures_of_5_megabytes(
    production: Production, provider: IdentityProvider, artist: Visitor, tmp_path: Path
) -> None:
    idle = {pid: memory(pid, "VmRSS") for pid in production.web_workers()}
    for pid in idle:
        Path(f"/proc/{pid}/clear_refs").write_text("5")  # forget the peak so far
    style = upload(artist, tmp_path)
    assert production.web_workers() == set(idle), "a web process did not survive the upload"
    grown = {pid: memory(pid, "VmHWM") - at_rest for pid, at_rest in idle.items()}
    measured("a web process above idle", max(grown.values()) / 2**20, "MB")
    assert max(grown.values()) < MEMORY_ALLOWED

    def trained() -> dict[str, Any] | None:
        now: dict[str, Any] = artist.get(f"/api/models/{style['id']}")
        return now if now["training_status"] in {"completed", "failed"} else None

    started_at = monotonic()
    assert wait_for(trained, seconds=300, what="the training")["is_ready"], production.logs()
    measured("trained in", monotonic() - started_at, "s")

    buyer = Visitor(production, provider, "10001")
    order = buyer.post(
        "/api/images/generate",
        json={"style_id": style["id"], "prompt_tags": ["sea"], "aspect_ratio": "1:1", "seed": 1},
        status=202,
    )

    def drawn() -> dict[str, Any] | None:
        now: dict[str, Any] = buyer.get(f"/api/images/{order['generation_id']}/status")
        return now if now["status"] in {"completed", "failed"} else None

    picture = wait_for(drawn, seconds=120, what="the picture")
    assert picture["status"] == "completed", picture
    # A presigned link, to the address that browsers, web processes and workers all use.
    assert picture["image_url"].startswith(f"{production.files_url}/production-")
    with production.client() as anonymous:
        content = anonymous.get(picture["image_url"])
        assert content.status_code == 200
        assert Image.open(io.BytesIO(content.content)).size == (512, 512)
        assert anonymous.get(picture["image_url"].partition("?")[0]).status_code == 403
    assert buyer.get("/api/tokens/balance")["balance"] == 90
    assert artist.get("/api/tokens/balance") == {"balance": 110, "earned": 10}
    assert "right" in production.manage("audit_ledger").stdout


def upload(artist: Visitor, folder: Path) -> dict[str, Any]:
    files = [picture(number, folder / f"{number}.png") for number in range(UPLOADS)]
    total = sum(file.stat().st_size for file in files)
    assert total > UPLOADS * 5_000_000
    streams = [file.open("rb") for file in files]
    started_at = monotonic()
    try:
        style: dict[str, Any] = artist.post(
            "/api/models/",
            data={"name": "Waves", "price": "10", "tags": "waves"},
            files=[("images", (f"{n}.png", stream)) for n, stream in enumerate(streams)],
            status=201,
        )
    finally:
        for stream in streams:
            stream.close()
    measured(f"{total / 2**20:.0f} MB uploaded in", monotonic() - started_at, "s")
    return style


def picture(seed: int, file: Path) -> Path:
    """A picture like no other of these. PNG can hold it as it is, and does: 5 MB."""
    x, y = np.meshgrid(np.arange(SIDE, dtype=np.uint16), np.arange(SIDE, dtype=np.uint16))
    slanted = x * (seed % 10 + 1) + y * (seed // 10 + 1)
    pixels = np.stack([slanted >> 3, slanted >> 4, slanted >> 5], axis=2).astype(np.uint8)
    Image.fromarray(pixels).save(file, compress_level=0)
    return file


def memory(pid: int, kind: str) -> int:
    """Bytes of the process: ``VmRSS`` now, ``VmHWM`` at most since the peak was forgotten."""
    status = Path(f"/proc/{pid}/status").read_text()
    found = re.search(rf"^{kind}:\s+(\d+) kB$", status, re.MULTILINE)
    assert found, status
    return int(found[1]) * 1024
