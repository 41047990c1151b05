"""Production as it is shipped: the real nginx and gunicorn with their files, over real servers."""

from __future__ import annotations

import contextlib
import http.client
import io
import itertools
import json
import re
import subprocess
import sys
import threading
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from time import monotonic
from typing import Any
from urllib.parse import urlsplit

import httpx
import numpy as np
import psycopg
import pytest
from PIL import Image

from app.tests.identity_provider import IdentityProvider
from app.utils.servers.nginx import trusting
from app.utils.servers.process import free_port
from app.utils.servers.process import wait_for as is_reached
from tests.pictures import signature_png
from tests.production import (
    MIGRATE,
    PREPARE_FILES,
    RELAY,
    WORKER,
    Production,
    Visitor,
    collect_static,
    make_certificate,
)
from tests.system import PROJECT, wait_for

pytestmark = pytest.mark.slow

UPLOADS = 100
SIDE = 1300
MEMORY_ALLOWED = 256 * 2**20
CLIENTS = 4
REQUEST_ID = "from-the-outside.42"
SECURITY_HEADERS = {
    "strict-transport-security": "max-age=31536000; includeSubDomains",
    "x-content-type-options": "nosniff",
    "x-frame-options": "DENY",
    "referrer-policy": "same-origin",
    "cross-origin-opener-policy": "same-origin",
    "permissions-policy": None,
    "content-security-policy": None,
    "x-request-id": None,
}


@pytest.fixture(scope="module")
def provider(tmp_path_factory: pytest.TempPathFactory) -> Iterator[IdentityProvider]:
    running = IdentityProvider(tmp_path_factory.mktemp("provider"))
    try:
        running.start()
        yield running
    finally:
        running.stop()


@pytest.fixture(scope="module")
def shared(
    request: pytest.FixtureRequest,
    tmp_path_factory: pytest.TempPathFactory,
    provider: IdentityProvider,
) -> dict[str, Any]:
    """What both systems below are built from."""
    folder = tmp_path_factory.mktemp("shared")
    return {
        "environment": {
            "AMQP_URL": request.getfixturevalue("amqp_url"),
            "REDIS_URL": request.getfixturevalue("redis_url"),
            **provider.environment(),
        },
        "static": collect_static(folder / "static"),
        "certificate": make_certificate(folder),
    }


@pytest.fixture(scope="module")
def production(
    request: pytest.FixtureRequest, tmp_path_factory: pytest.TempPathFactory, shared: dict[str, Any]
) -> Iterator[Production]:
    """All of docker-compose.yml, with its commands in its order."""
    access = request.getfixturevalue("s3_server")
    environment = {**shared["environment"], **access.environment("production")}
    system = Production(
        tmp_path_factory.mktemp("production"),
        environment,
        static=shared["static"],
        certificate=shared["certificate"],
        files=access.endpoint_url,
    )
    system.environment["S3_ENDPOINT_URL"] = system.files_url
    try:
        system.run_once(MIGRATE)
        system.nginx.start()
        assert "Made the bucket" in system.run_once(PREPARE_FILES)
        assert "is there" in system.run_once(PREPARE_FILES)
        system.start_web()
        system.run(RELAY, "relay")
        system.run(WORKER, "worker")
        yield system
    finally:
        system.stop()


@pytest.fixture(scope="module")
def one_machine(
    production: Production, tmp_path_factory: pytest.TempPathFactory, shared: dict[str, Any]
) -> Iterator[Production]:
    """A second site on the same database, behind its own nginx; its files are on this disk."""
    folder = tmp_path_factory.mktemp("one-machine")
    system = Production(
        folder,
        {
            **shared["environment"],
            "DATABASE_URL": production.environment["DATABASE_URL"],
            "FILE_STORAGE": "local",
            "DATA_DIR": str(folder / "data"),
        },
        static=shared["static"],
        nginx_static=folder / "no-static-files",
        certificate=shared["certificate"],
    )
    try:
        system.run_once(PREPARE_FILES)
        system.nginx.start()
        system.start_web()
        yield system
    finally:
        system.stop()


@pytest.fixture(scope="module")
def artist(production: Production, provider: IdentityProvider) -> Visitor:
    visitor = Visitor(production, provider, "10003")
    visitor.post(
        "/api/users/me/artist",
        data={"artist_name": "Ada Lovelace"},
        files={"signature_image": ("signature.png", signature_png(), "image/png")},
        status=201,
    )
    return visitor


@pytest.fixture(scope="module")
def browser(production: Production) -> Iterator[httpx.Client]:
    with production.client() as client:
        yield client


def measured(what: str, amount: float, unit: str) -> None:
    """For those who run these tests with ``pytest -s``."""
    sys.stdout.write(f"\n{what} {amount:.1f} {unit}".rstrip())


# --- What every answer carries ----------------------------------------------------------------


def once(response: httpx.Response, name: str) -> str:
    """The header's value, which must be there exactly once."""
    values = response.headers.get_list(name)
    assert len(values) == 1, f"{name} of {response.url}: {values}"
    return str(values[0])


@pytest.mark.parametrize(
    ("path", "status"),
    [
        ("/api/health", 200),
        ("/api/models", 200),
        ("/api/nothing-here", 404),
        ("/api/auth/me", 401),
        ("/nothing-here", 404),
        ("/api/docs", 200),
        ("/admin/login/", 200),
        ("/media/forged?expires=99999999999&signature=00", 403),
    ],
)
def test_every_answer_carries_the_security_headers_once(
    browser: httpx.Client, path: str, status: int
) -> None:
    response = browser.get(path, headers={"X-Request-ID": REQUEST_ID})
    assert response.status_code == status
    for name, value in SECURITY_HEADERS.items():
        assert value in {None, once(response, name)}
    assert once(response, "X-Request-ID") == REQUEST_ID
    policy = once(response, "content-security-policy")
    scripts = re.search(r"script-src ([^;]*)", policy)
    assert "'unsafe-inline'" not in (scripts[1] if scripts else policy)
    if "text/html" in response.headers["content-type"]:
        # What the policy forbids no page tries.
        assert not re.search(r"<script(?![^>]*\bsrc=)[^>]*>", response.text)
    assert "server" not in response.headers or response.headers["server"] == "nginx"


def test_health_says_that_the_database_is_reached(browser: httpx.Client) -> None:
    assert browser.get("/api/health").json() == {"status": "ok", "database": "connected"}


def test_plain_http_is_sent_to_https_and_a_balancer_is_believed(production: Production) -> None:
    plain = f"http://localhost:{production.nginx.port}/api/health"
    redirected = httpx.get(plain)
    assert redirected.status_code == 301
    assert redirected.headers["Location"].startswith("https://localhost")
    behind_balancer = httpx.get(plain, headers={"X-Forwarded-Proto": "https"})
    assert behind_balancer.status_code == 200
    assert once(behind_balancer, "strict-transport-security")


def test_other_hosts_are_refused(browser: httpx.Client) -> None:
    assert browser.get("/api/health", headers={"Host": "elsewhere.example.com"}).status_code == 400


def test_cookies_are_for_https_alone(artist: Visitor) -> None:
    cookies = {cookie.name: cookie for cookie in artist.http.cookies.jar}
    assert cookies["sessionid"].secure
    assert cookies["csrftoken"].secure
    assert cookies["sessionid"].has_nonstandard_attr("HttpOnly")


def test_demo_sign_in_is_not_there(artist: Visitor) -> None:
    answer = artist.http.post("/api/auth/demo", json={"username": "ada"}, headers=artist._csrf())
    assert answer.status_code == 404


# --- Static files -----------------------------------------------------------------------------


def test_static_files_are_hashed_compressed_and_kept_by_browsers(
    production: Production, browser: httpx.Client
) -> None:
    page = browser.get("/api/docs").text
    sheet = re.search(r'href="(/static/[^"]+\.[0-9a-f]{12}\.css)"', page)
    assert sheet, page
    response = browser.get(sheet[1], headers={"Accept-Encoding": "gzip"})
    assert response.status_code == 200
    assert once(response, "cache-control") == "public, max-age=31536000, immutable"
    assert once(response, "content-encoding") == "gzip"
    assert once(response, "content-type") == "text/css"
    assert once(response, "x-content-type-options") == "nosniff"
    assert once(response, "x-request-id")
    assert int(once(response, "content-length")) < len(response.content) / 2

    # nginx had it itself. What it does not have the application is asked for, and has it not.
    assert sheet[1] not in production.log("web").read_text()
    unhashed = re.sub(r"\.[0-9a-f]{12}\.", ".", sheet[1])
    assert once(browser.get(unhashed), "cache-control") == "public, max-age=60"
    absent = browser.get("/static/absent.css")
    assert absent.status_code == 404
    assert is_reached(lambda: "/static/absent.css" in production.log("web").read_text(), 5)


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


# --- Logs -------------------------------------------------------------------------------------


def lines_about(log: Path, request_id: str) -> list[dict[str, Any]]:
    lines = [json.loads(line) for line in log.read_text().splitlines() if line.startswith("{")]
    return [line for line in lines if line.get("request_id") == request_id]


def test_logs_know_the_client_and_no_query(production: Production, browser: httpx.Client) -> None:
    browser.get(
        "/media/styles/x%0Ay.png",
        params={"expires": "1", "signature": "this-must-not-be-logged"},
        headers={
            "X-Request-ID": "logged-1",
            "X-Forwarded-For": "198.51.100.66, 203.0.113.7",
            "Referer": f"{production.url}/?code=this-must-not-be-logged",
        },
    )
    [line] = wait_for(
        lambda: lines_about(production.log("web"), "logged-1"), seconds=5, what="the log line"
    )
    # The one that our own proxy saw: what came before it anybody can claim.
    assert line["client"] == "203.0.113.7"
    assert (line["method"], line["status"]) == ("GET", 404)
    assert line["path"] == "/media/styles/x%0Ay.png"
    [line] = lines_about(production.nginx.access_log, "logged-1")
    assert line["client"] == "203.0.113.7"
    for log in (production.log("web"), production.nginx.access_log):
        assert "this-must-not-be-logged" not in log.read_text()


def test_metrics_are_for_the_network_and_count_all_processes(
    production: Production, browser: httpx.Client
) -> None:
    for _ in range(20):
        browser.get("/api/health")
    # By itself, as a scraper in the network asks each web process: no proxy, no TLS.
    scraped = httpx.get(
        f"http://127.0.0.1:{production.port}/metrics", headers={"Host": "localhost"}
    )
    assert scraped.status_code == 200
    counted = re.findall(
        r'^style_license_request_seconds_count\{.*route="api/health".*\} ([0-9.]+)$',
        scraped.text,
        re.MULTILINE,
    )
    assert sum(map(float, counted)) >= 20
    assert browser.get("/metrics").status_code == 404


def test_the_health_check_of_the_image_tells_alive_from_gone(production: Production) -> None:
    def asked(**environment: str) -> int:
        return subprocess.run(
            [sys.executable, "-m", "app.utils.healthcheck"],
            cwd=PROJECT,
            env={**production.environment, **environment},
            timeout=60,
        ).returncode

    assert asked() == 0
    assert asked(GUNICORN_BIND=f"127.0.0.1:{free_port()}") == 1
    assert asked(SITE_URL="https://elsewhere.example.com") == 1


# --- The main job -----------------------------------------------------------------------------


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
    assert picture["image_url"].startswith(f"{production.files_url}/production/")
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


def test_more_than_the_limit_is_refused_at_the_door(production: Production) -> None:
    """By the length alone, before any of it is sent; and in the API's own words."""
    for path, length in (("/api/models", 2**30), ("/api/users/me", 9 * 2**20)):
        client = http.client.HTTPSConnection(
            "localhost", production.nginx.tls_port, context=trusting(production.certificate)
        )
        with contextlib.closing(client):
            client.putrequest("POST", path)
            client.putheader("Content-Length", str(2 * length))
            client.endheaders()
            refused = client.getresponse()
            assert refused.status == 413
            assert json.load(refused)["error"]["code"] == "PAYLOAD_TOO_LARGE"
            assert refused.headers.get_all("X-Request-ID")


# --- Files on one machine ---------------------------------------------------------------------


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


# --- Reload -----------------------------------------------------------------------------------


def test_a_reload_under_load_fails_no_request(production: Production, artist: Visitor) -> None:
    stopping = threading.Event()
    statuses: list[int] = []
    static = next(Path(production.environment["STATIC_ROOT"]).glob("admin/css/base.*.css"))
    paths = ["/api/health", "/api/models", f"/static/admin/css/{static.name}", "/api/docs"]

    def keep_asking(number: int) -> None:
        """Reads, and every fifth time a write: nginx repeats no write by itself."""
        with production.client(headers=artist.http.headers, cookies=artist.http.cookies) as client:
            for turn in itertools.takewhile(lambda _: not stopping.is_set(), itertools.count()):
                if turn % 5 == number:
                    write = {"json": {"bio": f"{number}"}, "headers": artist._csrf()}
                    statuses.append(client.patch("/api/users/me", **write).status_code)
                else:
                    statuses.append(client.get(paths[turn % len(paths)]).status_code)

    def answers_go_on() -> None:
        enough = len(statuses) + 5 * CLIENTS
        assert is_reached(lambda: len(statuses) >= enough, 60), production.logs()

    def replace(pids: Callable[[], set[int]], reload: Callable[[], None]) -> None:
        before = pids()
        reload()
        assert is_reached(lambda: bool(pids()) and not pids() & before, 120), production.logs()
        answers_go_on()

    started_at = monotonic()
    with ThreadPoolExecutor(CLIENTS) as executor:
        asking = [executor.submit(keep_asking, number) for number in range(CLIENTS)]
        try:
            answers_go_on()
            replace(production.web_workers, production.reload_web)
            replace(production.nginx.worker_pids, production.nginx.reload)
            replace(production.web_workers, production.reload_web)
        finally:
            stopping.set()
        for each in asking:
            each.result(timeout=30)
    measured("requests during two reloads of gunicorn and one of nginx", len(statuses), "")
    measured("in", monotonic() - started_at, "s")
    assert set(statuses) == {200}


# --- Doors ------------------------------------------------------------------------------------


def test_guessing_at_the_sign_in_stops_at_nginx(production: Production) -> None:
    with production.client(headers={"X-Forwarded-For": "203.0.113.99"}) as guesser:
        answers = [guesser.get("/admin/login/") for _ in range(25)]
        refused = [answer for answer in answers if answer.status_code == 429]
        assert 3 <= len(refused) <= 5
        assert refused[0].json()["error"]["code"] == "RATE_LIMITED"
        assert once(refused[0], "retry-after") == "10"
    # Others are not kept out for it.
    with production.client(headers={"X-Forwarded-For": "203.0.113.98"}) as other:
        assert other.get("/admin/login/").status_code == 200


def test_the_books_survive_backup_and_restore(
    production: Production, artist: Visitor, tmp_path: Path
) -> None:
    told = production.manage("restore_drill").stdout
    assert "The ledger is right in the restored database." in told
    assert "Nothing was changed." in told

    # A drill that cannot fail proves nothing: take a backup of books that are wrong.
    backup = tmp_path / "wrong.dump"
    with psycopg.connect(production.environment["DATABASE_URL"], autocommit=True) as database:
        changed = "UPDATE app_user SET token_balance = token_balance + %s WHERE id = %s"
        database.execute(changed, [1, artist.me["id"]])
        try:
            kept = production.try_manage("restore_drill", "--keep", str(backup))
            assert kept.returncode == 1
        finally:
            database.execute(changed, [-1, artist.me["id"]])
        assert "right" in production.manage("restore_drill").stdout
        wrong = production.try_manage("restore_drill", "--dump", str(backup))
        assert wrong.returncode == 1
        assert wrong.stderr.startswith(f"user {artist.me['id']}: balance is ")
        left = "SELECT count(*) FROM pg_database WHERE datname LIKE 'restore_drill_%'"
        assert database.execute(left).fetchone() == (0,)


def test_web_processes_that_are_gone_are_said_to_be(one_machine: Production) -> None:
    """Last, since it ends them."""
    one_machine.kill("web")
    with one_machine.client() as client:
        gone = client.get("/api/health")
    assert gone.status_code == 503
    assert gone.json()["error"]["code"] == "SERVICE_UNAVAILABLE"
    assert once(gone, "retry-after")
