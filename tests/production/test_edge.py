"""What is sent to the edge is answered like the API: through nginx with Granian behind it, by
gunicorn alone, and by Granian alone as far as it gets to the application."""

from __future__ import annotations

import json
import os
import socket
from collections.abc import Iterator
from contextlib import ExitStack, suppress
from time import monotonic

import psycopg
import pytest

from app.utils.error_bodies import refusal_body
from devtools.servers.certificate import make_certificate
from devtools.servers.process import free_port
from serving.bodies import MEGABYTE
from tests.production.edge import HEALTH, Wire, described
from tests.production.edge_requests import (
    CHUNKED,
    JSON,
    KEY,
    PNG,
    PURCHASE,
    chunks,
    declared,
    framed,
    of_length,
    request,
)
from tests.production.edge_rows import NO_LENGTH, REFUSED, TOO_LARGE, Row
from tests.production.edge_site import SET_UP, Site, SlowClients, digests_of_tables
from tests.production.running import Production
from tests.system import database_with_tables, wait_for

pytestmark = pytest.mark.slow


@pytest.fixture(scope="module")
def site(tmp_path_factory: pytest.TempPathFactory, redis_url: str) -> Iterator[Site]:
    folder = tmp_path_factory.mktemp("edge")
    system = Production(
        folder,
        {
            "DATABASE_URL": database_with_tables(),
            "FILE_STORAGE": "local",
            "DATA_DIR": str(folder / "data"),
            "REDIS_URL": redis_url,
            # What waits for the broker waits in the outbox; nobody here looks at it.
            "AMQP_URL": "amqp://127.0.0.1:1/",
            "GOOGLE_CLIENT_ID": "none",
            "GOOGLE_CLIENT_SECRET": "none",
            "STATIC_ROOT": str(folder),
        },
        static=folder,
        certificate=make_certificate(folder),
    )
    try:
        made = json.loads(system.manage("shell", "--verbosity=0", "-c", SET_UP).stdout)
        system.nginx.start()
        system.start_web()
        port = free_port()
        system.environment |= {"WEB_BIND": f"127.0.0.1:{port}"}
        system.spawn("gunicorn", "-m", "gunicorn")

        def is_there() -> bool:
            try:
                with Wire(port) as wire:
                    wire.send(HEALTH)
                    return wire.receive().status == 200
            except OSError:
                return False

        wait_for(is_there, seconds=60, what="gunicorn's answer")
        database = psycopg.connect(system.environment["DATABASE_URL"], autocommit=True)
        ports = {"granian": system.port, "nginx": system.nginx.port, "gunicorn": port}
        found = Site(
            ports=ports,
            database=database,
            digests=digests_of_tables(database),
            media=folder / "data" / "media",
            key=made["key"],
            upload="/uploads/" + made["upload"].split("/uploads/")[1],
            place=made["place"],
            slow=SlowClients(ports),
        )
        yield found
    finally:
        system.stop()


@pytest.fixture(params=["granian", "nginx", "gunicorn"])
def server(request: pytest.FixtureRequest) -> str:
    return str(request.param)


@pytest.fixture(params=["nginx", "gunicorn"])
def reader(request: pytest.FixtureRequest) -> str:
    """A server that waits for a whole body itself, however it comes. Granian has nginx for that."""
    return str(request.param)


@pytest.mark.parametrize("row", REFUSED, ids=lambda row: row.name)
def test_it_is_answered_like_the_api(site: Site, server: str, row: Row) -> None:
    status, code = row.expected_of(server)
    with Wire(site.ports[server]) as wire, site.unchanged():
        wire.send(site.filled(row.sent))
        if row.ends:
            wire.end_sending()
        answer = wire.receive()
        assert (answer.status, answer.code) == (status, code), described(answer)
        if answer.status is None:
            assert answer.body == b"" or json.loads(answer.body)["success"] is False
            return
        # The connection is closed, or can be used for another request, as was said.
        if answer.headers.get("connection", "").lower() == "close":
            if server == "nginx":
                # It waits for the rest of a body that it does not want.
                wire.end_sending()
            assert wire.is_closed(), described(answer)
        elif server == "granian" and answer.status >= 400:
            # It ends a connection without a word when the body was not read.
            wire.end_sending()
            assert wire.is_closed(), described(answer)
        else:
            wire.send(HEALTH)
            assert wire.receive().status == 200, described(answer)


# --- What is unusual, and right ---


@pytest.mark.parametrize(
    "body",
    [
        chunks(PURCHASE),
        chunks(*(bytes([byte]) for byte in PURCHASE)),
        b"0029;name=value\r\n" + PURCHASE + b"\r\n000\r\nX-Sum: 1\r\n\r\n",
    ],
    ids=["at once", "byte by byte", "with all that chunks may carry"],
)
def test_a_body_in_chunks_is_read(site: Site, reader: str, body: bytes) -> None:
    before = site.value("SELECT count(*) FROM app_transaction")
    with Wire(site.ports[reader]) as wire:
        wire.send(site.filled(framed(*CHUNKED, body=body)))
        answer = wire.receive()
        assert answer.status == 201, described(answer)
        assert site.value("SELECT count(*) FROM app_transaction") == before + 1
        wire.send(HEALTH)
        assert wire.receive().status == 200


def test_a_change_in_chunks_is_made(site: Site, reader: str) -> None:
    bio = f"Written by way of {reader}"
    change = request("PATCH", "/api/users/me", *KEY, *JSON, *CHUNKED)
    answer = site.ask(reader, change + chunks(json.dumps({"bio": bio}).encode()))
    assert answer.status == 200, described(answer)
    assert site.value("SELECT bio FROM app_user WHERE username = 'edge'") == bio


@pytest.mark.parametrize("size", [1, 9 * MEGABYTE, 10 * MEGABYTE])
@pytest.mark.parametrize("is_chunked", [False, True], ids=["", "in chunks"])
def test_a_picture_of_ten_megabytes_can_be_put_to_its_place(
    site: Site, server: str, size: int, is_chunked: bool
) -> None:
    picture = os.urandom(size)
    if is_chunked:
        sent = request("PUT", "@UPLOAD@", *PNG, *CHUNKED) + chunks(picture)
    else:
        sent = request("PUT", "@UPLOAD@", *PNG, body=picture)
    answer = site.ask(server, sent)
    if is_chunked and server == "granian":
        assert (answer.status, answer.code) == NO_LENGTH
        return
    assert answer.status == 200, described(answer)
    assert (site.media / site.place).read_bytes() == picture


def test_one_of_more_is_refused(site: Site, server: str) -> None:
    for size, expected in (
        (10 * MEGABYTE + 1, (400, "IMAGE_TOO_LARGE")),
        (12 * MEGABYTE, TOO_LARGE),
    ):
        with site.unchanged():
            answer = site.ask(server, request("PUT", "@UPLOAD@", *PNG, body=bytes(size)))
            assert (answer.status, answer.code) == expected, described(answer)


def test_who_expects_to_be_told_to_go_on_is_told_once(site: Site, server: str) -> None:
    length = f"Content-Length: {len(PURCHASE)}"
    with Wire(site.ports[server]) as wire:
        wire.send(site.filled(framed(length, "Expect: 100-Continue", body=b"")))
        assert wire.is_told_to_go_on()
        wire.send(PURCHASE)
        answer = wire.receive()
        assert (answer.status, answer.interim) == (201, 0), described(answer)


def test_requests_behind_each_other_are_answered_in_turn(site: Site, reader: str) -> None:
    before = site.value("SELECT count(*) FROM app_transaction")
    purchase = framed(f"Content-Length: {len(PURCHASE)}", body=PURCHASE)
    in_chunks = framed(*CHUNKED, body=chunks(PURCHASE))
    sent = site.filled(request() + purchase + in_chunks + request("BREW") + purchase + request())
    with Wire(site.ports[reader]) as wire:
        # The last comes in two parts.
        wire.send(sent[:-20])
        answers = [wire.receive() for _ in range(5)]
        wire.send(sent[-20:] + HEALTH)
        answers += [wire.receive(), wire.receive()]
        assert [answer.status for answer in answers] == [200, 201, 201, 405, 201, 200, 200]
        assert wire.is_closed()
    assert site.value("SELECT count(*) FROM app_transaction") == before + 3


def test_a_request_may_come_byte_by_byte(site: Site, server: str) -> None:
    before = site.value("SELECT count(*) FROM app_transaction")
    with Wire(site.ports[server]) as wire:
        wire.socket.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
        for byte in site.filled(framed(f"Content-Length: {len(PURCHASE)}", body=PURCHASE)):
            wire.send(bytes([byte]))
        assert wire.receive().status == 201
    assert site.value("SELECT count(*) FROM app_transaction") == before + 1


def test_http_1_0_is_answered_and_ended(site: Site, server: str) -> None:
    with Wire(site.ports[server]) as wire:
        wire.send(request().replace(b"HTTP/1.1", b"HTTP/1.0"))
        answer = wire.receive()
        assert (answer.status, answer.headers.get("connection", "close")) == (200, "close")
        assert wire.is_closed()


@pytest.mark.parametrize(
    ("sent", "status"),
    [
        (request("GET", "/?" + "a" * 8_100), 414),
        (request("GET", "/?" + "a" * 20_000), 414),
        (request("GET", "/", "Cookie: a=" + "a" * 70_000), 431),
        (request("POST", "/sign-in", "Content-Length: 9437184"), 413),
        (request("GET", "/", "Transfer-Encoding: wonders"), 501),
    ],
)
def test_a_person_is_told_in_a_sentence(site: Site, server: str, sent: bytes, status: int) -> None:
    answer = site.ask(server, sent)
    if server == "granian" and b"wonders" in sent:
        assert (answer.status, answer.code) == (400, "")
        return
    assert answer.status == status, described(answer)
    if server == "nginx" and b"a" * 9_000 in sent.partition(b"\r\n")[0]:
        # It does not keep an address of that length, so it cannot tell whose it is.
        assert answer.code == "URI_TOO_LONG"
        return
    assert answer.headers["content-type"] == "text/plain; charset=utf-8"
    assert answer.body.decode() == f"{refusal_body(status)['error']['message']}\n"
    assert answer.headers["x-request-id"]


def test_the_id_that_a_client_chose_is_kept(site: Site, server: str) -> None:
    for sent in (
        request("GET", of_length(9_000), "X-Request-ID: mine.1"),
        declared("-1").replace(b"Host", b"X-Request-ID: mine.1\r\nHost"),
    ):
        answer = site.ask(server, sent)
        assert answer.code in {"URI_TOO_LONG", "BAD_REQUEST", ""}
        # Of a request line that is too long nginx reads nothing more.
        if server != "nginx" and answer.code:
            assert answer.headers["x-request-id"] == "mine.1"


# --- Clients that take their time ---

SLOW = [
    request()[:-4],
    request("GET", "/api/models", "X-Name: "),
    framed("Content-Length: 100000", body=b"{"),
    framed(*CHUNKED, body=b"fffff\r\n{"),
    request("PUT", "@UPLOAD@", *PNG, "Content-Length: 9000000") + b"x",
    b"",
]


def test_slow_clients_keep_nobody_waiting(site: Site, reader: str) -> None:
    """There are more of them than threads: twelve of each kind, and they go on."""
    with ExitStack() as stack, site.unchanged():
        wires = [stack.enter_context(Wire(site.ports[reader])) for _ in range(12 * len(SLOW))]
        for wire, sent in zip(wires, SLOW * 12, strict=True):
            wire.send(site.filled(sent))
        longest = 0.0
        until = monotonic() + 2
        while monotonic() < until:
            for wire, sent in zip(wires, SLOW * 12, strict=True):
                if sent:
                    wire.send(b"x")
            for _ in range(3):
                began = monotonic()
                assert site.ask(reader, HEALTH).status == 200
                longest = max(longest, monotonic() - began)
        # Whoever waited for one of them would wait for ten seconds.
        assert longest < 5


def test_slow_heads_keep_nobody_waiting_for_granian(site: Site) -> None:
    """It needs no thread before it has a request's head. For slow bodies there is nginx."""
    with ExitStack() as stack:
        wires = [stack.enter_context(Wire(site.ports["granian"])) for _ in range(48)]
        for wire in wires:
            wire.send(request()[:-4])
        for _ in range(5):
            began = monotonic()
            assert site.ask("granian", HEALTH).status == 200
            assert monotonic() - began < 5


# As good as nonsense, or unfinished in a way that the server's parser would wait for.
UNFINISHED = [
    framed(*CHUNKED, body=b"5\n"),
    framed(*CHUNKED, body=b"5;x\n"),
    framed(*CHUNKED, body=b"0000000000000000ffff\r\n"),
    framed(*CHUNKED, body=b"2\r\n{}\r\n5\n"),
    framed(*CHUNKED, body=b"0\r\n" + b"X: y" + b"z" * 41_000),
    framed("Transfer-Encoding: identity, chunked", body=b"5\r\n"),
    request() + framed(*CHUNKED, body=b"5\n"),
]


@pytest.mark.parametrize("sent", UNFINISHED, ids=range(len(UNFINISHED)))
def test_what_is_broken_and_goes_on_keeps_no_thread(site: Site, reader: str, sent: bytes) -> None:
    with ExitStack() as stack, site.unchanged():
        wires = [stack.enter_context(Wire(site.ports[reader])) for _ in range(24)]
        for wire in wires:
            wire.send(site.filled(sent))
        for _ in range(3):
            began = monotonic()
            assert site.ask(reader, HEALTH).status == 200
            assert monotonic() - began < 5
            for wire in wires:
                # Some have been refused, and their connections ended.
                with suppress(OSError):
                    wire.send(b"a")


def test_slow_clients_are_not_waited_for(site: Site, server: str) -> None:
    """They began when the servers did."""
    assert wait_for(lambda: site.slow.ends.get(server), seconds=20, what="the end of a slow client")
    seconds, answer = site.slow.ends[server]
    if server == "nginx":
        assert (answer.status, answer.body) == (None, b"")
        assert 14 <= seconds < 18
    elif server == "granian":
        assert answer.status in (None, 408)
        assert 9 <= seconds < 13
    else:
        assert (answer.status, answer.code) == (408, "REQUEST_TIMEOUT")
        assert 10 <= seconds < 13
