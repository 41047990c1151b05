"""Files on the disk of a single machine, handed out by nginx."""

from __future__ import annotations

import io
import re
from urllib.parse import urlsplit

import pytest
from PIL import Image

from app.tests.identity_provider import IdentityProvider
from devtools.servers.process import wait_for as is_reached
from tests.production.looking import lines_about, once
from tests.production.running import Production, Visitor

pytestmark = pytest.mark.slow

REQUEST_ID = "from-the-outside.43"


def test_local_files_are_handed_out_by_nginx(
    one_machine: Production, provider: IdentityProvider
) -> None:
    visitor = Visitor(one_machine, provider, "10002")
    portrait = io.BytesIO()
    Image.effect_noise((600, 600), 90).convert("RGB").save(portrait, "PNG")
    changed = visitor.http.patch(
        "/api/users/me",
        files={"profile_image": ("me.png", portrait.getvalue(), "image/png")},
        headers=visitor._csrf(),
    ).json()
    link = changed["data"]["profile_image"]
    assert link.startswith(f"{one_machine.url}/media/")

    with one_machine.client() as anonymous:
        shown = anonymous.get(link, headers={"X-Request-ID": REQUEST_ID})
        assert shown.status_code == 200
        assert Image.open(io.BytesIO(shown.content)).size == (256, 256)
        assert once(shown, "content-type") == "image/webp"
        assert once(shown, "cache-control") == "private, max-age=1800, immutable"
        assert once(shown, "content-security-policy") == "default-src 'none'"
        assert once(shown, "x-content-type-options") == "nosniff"
        assert once(shown, "strict-transport-security")
        assert once(shown, "x-request-id") == REQUEST_ID
        assert "x-accel-redirect" not in shown.headers
        # nginx sent it, so parts can be asked for; the web process sent no body.
        part = anonymous.get(link, headers={"Range": "bytes=0-9"})
        assert (part.status_code, part.content) == (206, shown.content[:10])
        [line] = lines_about(one_machine.log("web"), REQUEST_ID)
        assert (line["status"], line["bytes"]) == (200, 0)

        path = urlsplit(link).path
        assert anonymous.get(path).status_code == 403
        assert anonymous.get(f"{path}?expires=9&signature=0").status_code == 403
        inside = path.replace("/media/", "/protected-media/")
        assert anonymous.get(inside).status_code == 404
        assert anonymous.get(f"{inside}?{urlsplit(link).query}").status_code == 404
        one_machine_file = one_machine.folder / "data" / path.lstrip("/")
        one_machine_file.unlink()
        assert anonymous.get(link).status_code == 404


def test_links_of_a_former_secret_key_live_on(settings) -> None:
    from app.utils import links

    settings.SECRET_KEY = "former"
    given = dict(part.split("=") for part in urlsplit(links.link("a.png")).query.split("&"))
    settings.SECRET_KEY, settings.SECRET_KEY_FALLBACKS = "new", ["former"]
    assert links.is_link_valid("a.png", given["expires"], given["signature"])
    settings.SECRET_KEY_FALLBACKS = []
    assert not links.is_link_valid("a.png", given["expires"], given["signature"])


def test_files_that_nginx_lacks_come_from_the_web_process(one_machine: Production) -> None:
    """As when nginx is of another version than the page. Here it has no static file at all."""
    with one_machine.client() as browser:
        sheet = re.search(r'href="(/static/[^"]+\.css)"', browser.get("/api/docs").text)
        assert sheet
        response = browser.get(sheet[1])
    assert response.status_code == 200
    assert once(response, "cache-control") == "max-age=315360000, public, immutable"
    assert once(response, "x-content-type-options") == "nosniff"
    assert is_reached(lambda: sheet[1] in one_machine.log("web").read_text(), 5)


def test_web_processes_that_are_gone_are_said_to_be(one_machine: Production) -> None:
    one_machine.kill("web")
    with one_machine.client() as client:
        gone = client.get("/api/health")
    assert gone.status_code == 503
    assert gone.json()["error"]["code"] == "SERVICE_UNAVAILABLE"
    assert once(gone, "retry-after")
    one_machine.start_web()
