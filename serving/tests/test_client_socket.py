"""Where a request ends, however its bytes are parted; and for how long it is waited for."""

from __future__ import annotations

import socket
from collections.abc import Iterator
from contextlib import suppress
from pathlib import Path
from threading import Thread
from time import sleep

import pytest
from gunicorn.http import errors

from serving.gunicorn import client_socket
from serving.gunicorn.client_socket import (
    HEAD_SECONDS,
    PAUSE_SECONDS,
    ClientSocket,
    NoTunnel,
    TooLarge,
    TooSlow,
)

GET = b"GET /api/models HTTP/1.1\r\nHost: localhost\r\n\r\n"
POST = b"POST /api/models/1 HTTP/1.1\r\nContent-Length: 5\r\n\r\nhello"
CHUNKS = (
    b"POST / HTTP/1.1\r\ntransfer-encoding:  Chunked\r\n\r\n"
    b"5;a=b\r\nhello\r\n3\r\n\r\n\r\r\n000\r\nX: 1\r\nY: 2\r\n\r\n"
)
Pair = tuple[socket.socket, ClientSocket]


@pytest.fixture
def pair() -> Iterator[Pair]:
    client, accepted = socket.socketpair()
    ours = ClientSocket(accepted)
    with client, ours:
        yield client, ours


def begun(ours: ClientSocket) -> None:
    """As the worker begins with the request behind the last."""
    ours.begin(ours.rest())


@pytest.mark.parametrize("message", [GET, POST, CHUNKS], ids=["GET", "POST", "chunks"])
def test_a_request_is_whole_with_its_last_byte(pair: Pair, message: bytes) -> None:
    client, ours = pair
    for split in range(1, len(message)):
        begun(ours)
        client.sendall(message[:split])
        assert not ours.collect(), message[:split]
        client.sendall(message[split:])
        assert ours.collect(), split
        assert ours.recv(10_000) == message


@pytest.mark.parametrize("message", [GET, POST, CHUNKS], ids=["GET", "POST", "chunks"])
def test_it_may_come_byte_by_byte(pair: Pair, message: bytes) -> None:
    client, ours = pair
    for number in range(len(message)):
        assert not ours.collect()
        client.sendall(message[number : number + 1])
    assert ours.collect()
    assert ours.recv(10_000) == message


def test_what_comes_behind_it_is_the_next(pair: Pair) -> None:
    client, ours = pair
    messages = [GET, POST, CHUNKS, POST, GET]
    client.sendall(b"".join(messages) + GET[:20])
    for message in messages:
        assert ours.collect()
        assert ours.recv(len(message)) == message
        assert ours.has_rest
        begun(ours)
    assert not ours.collect()
    client.sendall(GET[20:])
    assert ours.collect()
    assert ours.recv(10_000) == GET
    assert not ours.has_rest


@pytest.mark.parametrize("blocks", [15, 16, 17, 32, 100])
def test_long_bodies_are_read_to_their_end(pair: Pair, blocks: int) -> None:
    client, ours = pair
    head = b"POST / HTTP/1.1\r\nContent-Length: %d\r\n\r\n"
    length = blocks * 65_536 - len(head % 1_000_000)
    message = head % length + bytes(length)
    client.setblocking(False)
    sent = 0
    turns = 0
    while not ours.collect():
        sent += client.send(message[sent : sent + 65_536]) if sent < len(message) else 0
        turns += 1
        assert turns < 10_000
    assert sent == len(message)
    assert b"".join(iter(lambda: ours.recv(65_536) if ours.has_rest else b"", b"")) == message


@pytest.mark.parametrize(
    "odd",
    [
        b"nonsense\r\n",
        b"GET /\r\n",
        b"GET / HTTP/1.1\n",
        b"GET / HTTP/1.1\r\nHost: x\n",
        b"POST / HTTP/1.1\r\nContent-Length: 5\r\nContent-Length: 6\r\n\r\n",
        b"POST / HTTP/1.1\r\nContent-Length: 5\r\nTransfer-Encoding: chunked\r\n\r\n",
        b"POST / HTTP/1.1\r\nTransfer-Encoding: chunked\r\n\r\nx\r\n",
        b"POST / HTTP/1.1\r\nTransfer-Encoding: chunked\r\n\r\n" + b"1" * 9_000,
    ],
)
def test_what_is_odd_goes_to_the_parser_at_once(pair: Pair, odd: bytes) -> None:
    client, ours = pair
    client.sendall(odd)
    assert ours.collect()
    assert ours.recv(10_000) == odd


@pytest.mark.parametrize(
    ("sent", "error"),
    [
        (b"GET /" + b"a" * 9_000, errors.LimitRequestLine),
        (b"\x16\x03\x01", errors.InvalidRequestLine),
        (GET[:-2] + b"X: " + b"a" * 50_000, errors.LimitRequestHeaders),
        (GET[:-2] + b"X: " + b"a" * 50_000 + b"\r\n\r\n", errors.LimitRequestHeaders),
        (b"CONNECT a:1 HTTP/1.1\r\n\r\n", NoTunnel),
        (b"POST / HTTP/1.1\r\nContent-Length: 8388609\r\n\r\n", TooLarge),
        (b"POST / HTTP/1.1\r\nContent-Length: %s\r\n\r\n" % (b"9" * 5_000), TooLarge),
    ],
)
def test_what_is_too_much_is_refused(pair: Pair, sent: bytes, error: type[Exception]) -> None:
    client, ours = pair
    client.sendall(sent)
    with pytest.raises(error):
        ours.collect()


def test_chunks_are_counted(pair: Pair) -> None:
    client, ours = pair
    client.sendall(b"POST / HTTP/1.1\r\nTransfer-Encoding: chunked\r\n\r\n")
    assert not ours.collect()
    for _ in range(8 * 16 - 1):
        client.sendall(b"10000\r\n" + bytes(65_536) + b"\r\n")
        assert not ours.collect()
    client.sendall(b"10000\r\n" + bytes(65_536) + b"\r\n")
    with pytest.raises(TooLarge):
        ours.collect()


@pytest.mark.parametrize("sent", [b"", GET[:9], POST[:-1], CHUNKS[:-1]])
def test_a_client_that_leaves_is_gone(pair: Pair, sent: bytes) -> None:
    client, ours = pair
    client.sendall(sent)
    client.close()
    with pytest.raises(EOFError):
        ours.collect()


def test_who_waits_to_be_told_to_go_on_is_told_once(pair: Pair) -> None:
    client, ours = pair
    head, body = POST[:-9] + b"\r\nExpect: 100-continue\r\n\r\n", b"hello"
    client.sendall(head)
    assert not ours.collect()
    client.settimeout(1)
    assert client.recv(100) == b"HTTP/1.1 100 Continue\r\n\r\n"
    client.sendall(body)
    assert ours.collect()
    # The server's own parser would say it again.
    assert ours.recv(10_000) == POST


def test_slow_clients_are_refused_by_their_pace(pair: Pair) -> None:
    client, ours = pair
    began = ours.began_at
    client.sendall(GET[:9])
    assert not ours.collect()
    ours.refuse_if_slow(began + HEAD_SECONDS - 0.1)
    with pytest.raises(TooSlow):
        ours.refuse_if_slow(began + HEAD_SECONDS + 0.1)

    # A body may take longer, as long as it comes.
    client.sendall(GET[9:-2] + b"Content-Length: 1000000\r\n\r\n")
    assert not ours.collect()
    ours.refuse_if_slow(began + PAUSE_SECONDS - 1)
    with pytest.raises(TooSlow):
        ours.refuse_if_slow(began + PAUSE_SECONDS + 1)
    client.sendall(bytes(50_000))
    assert not ours.collect()
    ours._came_at = began + 45
    ours.refuse_if_slow(began + 49)
    with pytest.raises(TooSlow):
        ours.refuse_if_slow(began + 52)


@pytest.fixture
def impatience(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(client_socket, "SEND_SECONDS", 0.1)


@pytest.mark.usefixtures("impatience")
def test_who_reads_nothing_is_gone(pair: Pair) -> None:
    _, ours = pair
    with pytest.raises(BrokenPipeError):
        ours.sendall(bytes(10_000_000))


@pytest.mark.usefixtures("impatience")
def test_who_reads_a_little_now_and_then_is_gone_as_well(pair: Pair) -> None:
    client, ours = pair

    def read_slowly() -> None:
        with suppress(OSError):
            while client.recv(4096):
                sleep(0.05)

    reader = Thread(target=read_slowly)
    reader.start()
    with pytest.raises(BrokenPipeError):
        ours.sendall(bytes(10_000_000))
    ours.close()
    reader.join(10)


def test_an_answer_goes_out_in_one_piece(pair: Pair) -> None:
    client, ours = pair
    client.setblocking(False)
    ours.sendall(b"head")
    ours.sendall(b"body")
    with pytest.raises(BlockingIOError):
        client.recv(100)
    ours.flush()
    assert client.recv(100) == b"headbody"
    ours.flush()


@pytest.mark.parametrize("size", [1, 65_537, 5_000_000])
def test_all_of_an_answer_arrives(pair: Pair, size: int, tmp_path: Path) -> None:
    """Whatever of it the socket has no room for at first; files behind their head."""
    client, ours = pair
    file = tmp_path / "file"
    file.write_bytes(b"f" * size)
    received: list[bytes] = []

    def read() -> None:
        received.extend(iter(lambda: client.recv(1_000_000), b""))

    reader = Thread(target=read)
    reader.start()
    ours.sendall(b"b" * size)
    ours.sendall(b"h")
    with file.open("rb") as opened:
        ours.sendfile(opened)
    ours.sendall(b"last")
    ours.shutdown(socket.SHUT_WR)
    reader.join(10)
    assert b"".join(received) == b"b" * size + b"h" + b"f" * size + b"last"
