"""The shipped nginx before a web process that tells what it is asked."""

from __future__ import annotations

import json
import socket
import threading
from collections import Counter
from collections.abc import Iterable, Iterator
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any

import httpx
import pytest

from devtools.servers.certificate import make_certificate
from devtools.servers.nginx import PrivateNginx

MB = 1024 * 1024
# What the application says of a file's rights, which is for nginx to repeat.
RIGHTS = {
    "X-Robots-Tag": "noai, noimageai",
    "tdm-reservation": "1",
    "tdm-policy": "https://styles.example.com/.well-known/tdm-policy.json",
    "Link": '<https://styles.example.com/license.xml>; rel="license"',
}


class WebProcess(BaseHTTPRequestHandler):
    """Answers with the request, or hands a file out as nginx is told to."""

    protocol_version = "HTTP/1.1"

    def do_GET(self) -> None:
        headers = {name.lower(): self.headers.get_all(name) for name in self.headers}
        body = json.dumps({"path": self.path, "headers": headers}).encode()
        self.send_response(200)
        if self.path == "/media/picture.png":
            self.send_header("X-Accel-Redirect", "/protected-media/picture.png")
            for name, value in RIGHTS.items():
                self.send_header(name, value)
        self.send_header("Content-Length", str(len(body)))
        self.end_headers()
        self.wfile.write(body)

    def log_message(self, *_: Any) -> None:
        """Quietly."""


@pytest.fixture(scope="module")
def nginx(tmp_path_factory: pytest.TempPathFactory) -> Iterator[PrivateNginx]:
    folder = tmp_path_factory.mktemp("nginx")
    for name in ("static/app.0123456789ab.css", "static/app.css", "media/picture.png"):
        (folder / name).parent.mkdir(exist_ok=True)
        (folder / name).write_text(f"from the disk: {name}")
    web = ThreadingHTTPServer(("127.0.0.1", 0), WebProcess)
    threading.Thread(target=web.serve_forever, daemon=True).start()
    port = web.server_address[1]
    running = PrivateNginx(
        folder / "nginx",
        {
            "backend:8000": f"127.0.0.1:{port}",
            "files:9000": f"127.0.0.1:{port}",
            "/app/staticfiles/": f"{folder}/static/",
            "/app/data/media/": f"{folder}/media/",
        },
        *make_certificate(folder),
    )
    try:
        running.start()
        yield running
    finally:
        running.stop()
        web.shutdown()
        web.server_close()


@pytest.fixture
def browser(nginx: PrivateNginx) -> Iterator[httpx.Client]:
    with httpx.Client(base_url=f"http://127.0.0.1:{nginx.port}", timeout=20) as client:
        yield client


def seen(browser: httpx.Client, path: str = "/api/health", **headers: str) -> dict[str, list[str]]:
    """The headers that the web process was given."""
    answer = browser.get(path, headers=headers)
    assert answer.status_code == 200
    told: dict[str, list[str]] = answer.json()["headers"]
    return told


def test_the_web_process_is_told_who_asks_and_how(browser: httpx.Client) -> None:
    told = seen(
        browser,
        **{
            "Host": "styles.example.com:8443",
            # A balancer before us names the client; what the client claims is not passed on.
            "X-Forwarded-For": "198.51.100.66, 203.0.113.7",
            "X-Real-IP": "198.51.100.1",
            "X-Forwarded-Proto": "https",
            "X-Request-ID": "from-outside.1",
        },
    )
    assert told["host"] == ["styles.example.com:8443"]
    assert told["x-forwarded-for"] == ["203.0.113.7"]
    assert told["x-real-ip"] == ["203.0.113.7"]
    assert told["x-forwarded-proto"] == ["https"]
    assert told["x-request-id"] == ["from-outside.1"]


def test_what_nobody_says_nginx_says_itself(browser: httpx.Client) -> None:
    told = seen(browser, **{"X-Request-ID": "two words"})
    assert told["x-forwarded-for"] == told["x-real-ip"] == ["127.0.0.1"]
    assert told["x-forwarded-proto"] == ["http"]
    [request_id] = told["x-request-id"]
    assert len(request_id) == 32


def test_static_files_come_from_the_disk(browser: httpx.Client) -> None:
    named = browser.get("/static/app.0123456789ab.css")
    assert named.text == "from the disk: static/app.0123456789ab.css"
    assert named.headers["Cache-Control"] == "public, max-age=31536000, immutable"
    assert named.headers["X-Content-Type-Options"] == "nosniff"
    assert browser.get("/static/app.css").headers["Cache-Control"] == "public, max-age=60"
    # One that another version of the program has.
    assert browser.get("/static/absent.css").json()["path"] == "/static/absent.css"


def test_media_are_asked_of_the_web_process_and_come_from_the_disk(browser: httpx.Client) -> None:
    assert browser.get("/media/other.png").json()["path"] == "/media/other.png"
    picture = browser.get("/media/picture.png")
    assert picture.text == "from the disk: media/picture.png"
    assert {name: picture.headers[name] for name in RIGHTS} == RIGHTS
    assert browser.get("/protected-media/picture.png").status_code == 404


@pytest.mark.parametrize(
    ("path", "most"),
    [
        ("/api/models", 1010 * MB),
        ("/api/models/", 1010 * MB),
        ("/studio/upload", 1010 * MB),
        ("/api/models/12/works", 1010 * MB),
        ("/api/models/12", 8 * MB),
        # A picture of 10 MB by a signed link.
        ("/uploads/uploads/1/a/000.png", 11 * MB),
        ("/verify", 11 * MB),
        ("/api/verify", 11 * MB),
        ("/api/images/generate", 8 * MB),
        ("/", 8 * MB),
    ],
)
def test_bodies_are_taken_up_to_a_length(nginx: PrivateNginx, path: str, most: int) -> None:
    assert asked_to_go_on(nginx, path, most) == "100"
    assert asked_to_go_on(nginx, path, most + 1) == "413"


def asked_to_go_on(nginx: PrivateNginx, path: str, length: int) -> str:
    """The status with which nginx lets a body be sent, or not; none of it is."""
    with socket.create_connection(("127.0.0.1", nginx.port), timeout=20) as connection:
        connection.sendall(
            f"POST {path} HTTP/1.1\r\nHost: localhost\r\nContent-Length: {length}\r\n"
            "Content-Type: application/octet-stream\r\nExpect: 100-continue\r\n\r\n".encode()
        )
        status: str = connection.recv(64).decode().split()[1]
        return status


def statuses(browser: httpx.Client, clients: Iterable[str]) -> Counter[int]:
    """How nginx answers sign-ins that come from these addresses."""
    return Counter(
        browser.get("/sign-in", headers={"X-Forwarded-For": client}).status_code
        for client in clients
    )


def test_sign_ins_are_counted_by_household(browser: httpx.Client) -> None:
    network, neighbour = "2001:db8:a:b", "2001:db8:a:c"
    counted = statuses(browser, (f"{network}:{n:x}::1" for n in range(30)))
    assert counted[429] >= 5
    assert statuses(browser, [f"{neighbour}::1"]) == {200: 1}
    # A newline is a byte of an address like others.
    assert statuses(browser, (f"2001:db8:a0a:a0a::{n:x}" for n in range(30)))[429] >= 5
    # IPv4 addresses are counted one by one, also where they are written as IPv6.
    assert statuses(browser, (f"203.0.113.{n}" for n in range(30))) == {200: 30}
    assert statuses(browser, (f"::ffff:198.51.100.{n}" for n in range(30))) == {200: 30}
    counted = statuses(browser, ["::ffff:192.0.2.10"] * 15 + ["192.0.2.10"] * 15)
    assert counted[429] >= 5


@pytest.mark.parametrize(
    ("wishes", "said"),
    [
        ({"Accept-Language": "en-GB, ko"}, "Too many requests|Try again in 10 seconds."),
        ({"Accept-Language": "ko-KR, en"}, "요청이 너무 많습니다|10초 뒤에 다시 시도해 주세요."),
        (
            {"Accept-Language": "ko", "Cookie": "theme=dark; django_language=en"},
            "Too many requests|Try again in 10 seconds.",
        ),
        ({"Cookie": "django_language=ko"}, "요청이 너무 많습니다|10초 뒤에 다시 시도해 주세요."),
    ],
    ids=["English", "Korean", "chose English", "chose Korean"],
)
def test_who_has_to_wait_gets_a_page(
    browser: httpx.Client, wishes: dict[str, str], said: str
) -> None:
    headers = {"X-Forwarded-For": "192.0.2.99", **wishes}
    answers = [browser.get("/sign-in", headers=headers) for _ in range(25)]
    refused = answers[-1]
    assert (refused.status_code, refused.headers["Retry-After"]) == (429, "10")
    assert refused.headers["Content-Type"] == "text/html; charset=utf-8"
    title, when = said.split("|")
    assert f"<h1>{title}</h1><p>{when}</p>" in refused.text
    assert f'<html lang="{"ko" if title[0] == "요" else "en"}">' in refused.text
    for_programs = browser.get("/api/auth/google/login", headers=headers)
    assert for_programs.json()["error"]["code"] == "RATE_LIMITED"
