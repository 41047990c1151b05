"""What nginx and gunicorn answer, log and refuse, with the files that are shipped."""

from __future__ import annotations

import contextlib
import http.client
import json
import re
import subprocess
import sys

import httpx
import pytest

from devtools.servers.nginx import trusting
from devtools.servers.process import free_port
from devtools.servers.process import wait_for as is_reached
from tests.production.looking import lines_about, once
from tests.production.running import Production, Visitor
from tests.system import PROJECT

pytestmark = pytest.mark.slow

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


# --- What every answer carries ---


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


# --- Logs and figures ---


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
    [line] = lines_about(production.log("web"), "logged-1")
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
            [sys.executable, "-m", "serving.healthcheck"],
            cwd=PROJECT,
            env={**production.environment, **environment},
            timeout=60,
        ).returncode

    assert asked() == 0
    assert asked(WEB_BIND=f"127.0.0.1:{free_port()}") == 1
    assert asked(SITE_URL="https://elsewhere.example.com") == 1


# --- Doors ---


def test_more_than_the_limit_is_refused_at_the_door(production: Production) -> None:
    """By the length alone, before any of it is sent; and in the API's own words."""
    for path, length in (("/api/models", 2**30), ("/api/users/me", 9 * 2**20)):
        client = http.client.HTTPSConnection(
            *("localhost", production.nginx.tls_port),
            context=trusting(production.certificate),
            timeout=60,
        )
        with contextlib.closing(client):
            client.putrequest("POST", path)
            client.putheader("Content-Length", str(2 * length))
            client.endheaders()
            refused = client.getresponse()
            assert refused.status == 413
            assert json.load(refused)["error"]["code"] == "PAYLOAD_TOO_LARGE"
            assert refused.headers.get_all("X-Request-ID")


def test_guessing_at_the_sign_in_stops_at_nginx(production: Production) -> None:
    with production.client(headers={"X-Forwarded-For": "203.0.113.99"}) as guesser:
        answers = [guesser.get("/admin/login/") for _ in range(25)]
        refused = [answer for answer in answers if answer.status_code == 429]
        assert 3 <= len(refused) <= 5
        # A page for people.
        assert "<h1>Too many requests</h1>" in refused[0].text
        assert once(refused[0], "retry-after") == "10"
    # Others are not kept out for it.
    with production.client(headers={"X-Forwarded-For": "203.0.113.98"}) as other:
        assert other.get("/admin/login/").status_code == 200
