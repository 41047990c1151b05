"""Servers that are slow, lie, or are somebody else."""

from __future__ import annotations

import asyncio
import contextlib
import datetime
import socket
import ssl
import time
from ipaddress import ip_address
from pathlib import Path
from typing import Any

import pytest
from cryptography import x509
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.x509.oid import NameOID

from app.delivery import webhook_sender
from app.delivery.webhook_sender import Sender
from app.services.webhooks.deliveries import Outcome
from app.tests.webhooks.receiver import OK, Receiver, answering, receiving
from app.utils.public_addresses import Address

QUICK = 1.0


def post(url: str, *, timeout: float = 5, body: bytes = b"{}", **options: Any) -> Outcome:
    sender = Sender(allow_loopback=True, timeout=timeout, **options)
    return asyncio.run(sender.post(url, {"webhook-id": "msg_1"}, body))


@pytest.mark.parametrize(
    ("answer", "status", "said"),
    [
        (OK, 200, "OK"),
        (answering("204 No Content"), 204, ""),
        (b"HTTP/1.0 200\r\n\r\nuntil the end", 200, "until the end"),
        (b"HTTP/1.1 100 Continue\r\n\r\n" + OK, 200, "OK"),
        (
            b"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n2\r\nab\r\n1\r\nc\r\n0\r\n\r\n",
            200,
            "abc",
        ),
        (answering("500 Oh", body=b"\xff\x00no"), 500, "\ufffd\ufffdno"),
        (answering("200 OK", body=b"x" * 100_000), 200, "x" * 2000),
        # What it says of its body is not so.
        (b"HTTP/1.1 200 OK\r\nContent-Length: 99\r\n\r\nless", 200, "less"),
        (b"HTTP/1.1 200 OK\r\nContent-Length: many\r\n\r\nOK", 200, ""),
        (b"HTTP/1.1 202 OK\r\nTransfer-Encoding: chunked\r\n\r\nzz\r\n", 202, ""),
        (b"HTTP/1.1 202 OK\r\nTransfer-Encoding: chunked\r\n\r\n-5\r\n", 202, ""),
        (
            b"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\nfffffff\r\n" + b"y" * 9000,
            200,
            "y" * 2000,
        ),
    ],
)
def test_answers(receiver: Receiver, answer: bytes, status: int, said: str) -> None:
    receiver.answer = answer
    outcome = post(receiver.url)
    assert (outcome.status, outcome.answer, outcome.error) == (status, said, "")
    assert receiver.received[0].headers["host"] == f"127.0.0.1:{receiver.port}"
    assert receiver.received[0].headers["content-type"] == "application/json"


@pytest.mark.parametrize(
    "answer",
    [
        b"SSH-2.0-OpenSSH_9.2\r\n\r\n",
        b"HTTP/2 200\r\n\r\n",
        b"HTTP/1.1 OK\r\n\r\n",
        b"HTTP/1.1 99 Few\r\n\r\n",
        b"x" * 100_000,
        b"HTTP/1.1 200 OK\r\n" + b"X-Long: y\r\n" * 10_000,
    ],
)
def test_what_is_not_http_is_a_failure(receiver: Receiver, answer: bytes) -> None:
    receiver.answer = answer
    outcome = post(receiver.url)
    assert outcome.status is None
    assert outcome.error in {
        "The answer is not HTTP.",
        "The connection failed: Connection reset by peer.",
    }


@pytest.mark.parametrize("status", ["301 Moved", "302 Found", "307 Temporary", "308 Permanent"])
def test_redirects_are_not_followed(receiver: Receiver, status: str) -> None:
    with receiving() as other:
        receiver.answer = answering(status, f"Location: {other.url}")
        outcome = post(receiver.url)
        assert (outcome.status, outcome.is_accepted) == (int(status[:3]), False)
        assert outcome.error == "Redirects are not followed."
        assert other.connections == 0


def test_nobody_there() -> None:
    with socket.socket() as deaf:
        # Bound, so that nobody else gets the port; and nobody listens.
        deaf.bind(("127.0.0.1", 0))
        outcome = post(f"http://127.0.0.1:{deaf.getsockname()[1]}/")
    assert (outcome.status, outcome.error) == (None, "The connection failed: Connection refused.")


def test_closed_before_an_answer(receiver: Receiver) -> None:
    receiver.answer = b""
    assert post(receiver.url).error == "The connection failed: it was closed before an answer."


def _drip(connection: socket.socket) -> None:
    """A byte now and then: never an answer, and never silence."""
    with contextlib.suppress(OSError):
        for byte in b"HTTP/1.1 200 OK\r\n" + b"X: y\r\n" * 1000:
            connection.sendall(bytes([byte]))
            time.sleep(0.05)


def _drip_body(connection: socket.socket) -> None:
    with contextlib.suppress(OSError):
        connection.sendall(b"HTTP/1.1 200 OK\r\n\r\n")
        for _ in range(1000):
            connection.sendall(b"z")
            time.sleep(0.05)


def test_all_of_an_attempt_has_one_time_out(receiver: Receiver) -> None:
    receiver.answer = _drip
    began = time.monotonic()
    outcome = post(receiver.url, timeout=QUICK)
    assert (outcome.status, outcome.error) == (None, "No answer within 1 seconds.")
    assert QUICK <= time.monotonic() - began < QUICK + 4


def test_a_body_without_an_end_is_not_waited_for(
    receiver: Receiver, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(webhook_sender, "BODY_SECONDS", 0.5)
    receiver.answer = _drip_body
    outcome = post(receiver.url)
    assert outcome.status == 200
    assert set(outcome.answer) == {"z"}


def test_a_name_is_resolved_once_and_its_address_is_what_is_connected_to() -> None:
    """The second answer of a name server that lies is never asked for."""
    with receiving(host="127.0.0.1") as public, receiving(host="127.0.0.2") as inner:
        answers = [ip_address("127.0.0.1"), ip_address("127.0.0.2"), ip_address("10.0.0.1")]
        asked = []

        async def resolve(host: str, port: int) -> list[Address]:
            asked.append(host)
            return [answers.pop(0)]

        outcome = post(f"http://localhost:{public.port}/hooks", resolve=resolve)
        assert outcome.status == 200
        assert asked == ["localhost"]
        assert (public.connections, inner.connections) == (1, 0)
        assert public.received[0].headers["host"] == f"localhost:{public.port}"


def test_the_next_address_is_tried_where_nobody_listens(receiver: Receiver) -> None:
    async def resolve(host: str, port: int) -> list[Address]:
        return [ip_address("127.0.0.9"), ip_address("127.0.0.1")]

    assert post(f"http://localhost:{receiver.port}/", resolve=resolve).status == 200


class TestTls:
    def test_the_certificate_has_to_be_the_hosts(self, tmp_path: Path) -> None:
        with receiving(tls=_server(tmp_path, "localhost")) as receiver:
            trusting = ssl.create_default_context(cafile=str(tmp_path / "localhost.pem"))
            good = post(f"https://localhost:{receiver.port}/", tls=trusting, resolve=_loopback)
            assert (good.status, good.error) == (200, "")
            # The same server by its address: the certificate does not name it.
            bad = post(f"https://127.0.0.1:{receiver.port}/", tls=trusting, resolve=_loopback)
            assert bad.status is None
            assert bad.error.startswith("TLS failed: IP address mismatch")
            assert len(receiver.received) == 1

    def test_strangers_certificates_are_refused(self, tmp_path: Path) -> None:
        with receiving(tls=_server(tmp_path, "localhost")) as receiver:
            outcome = post(f"https://localhost:{receiver.port}/", resolve=_loopback)
            assert outcome.error.startswith("TLS failed: self-signed certificate")
            assert receiver.received == []

    def test_plain_http_is_no_tls(self, receiver: Receiver) -> None:
        outcome = post(f"https://localhost:{receiver.port}/", resolve=_loopback, timeout=QUICK)
        assert outcome.status is None
        assert outcome.error
        assert receiver.received == []


async def _loopback(host: str, port: int) -> list[Address]:
    return [ip_address("127.0.0.1")]


def _server(folder: Path, name: str) -> ssl.SSLContext:
    """A server with a certificate of its own for ``name``, in ``folder``."""
    key = ec.generate_private_key(ec.SECP256R1())
    subject = x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, name)])
    now = datetime.datetime.now(datetime.UTC)
    certificate = (
        x509.CertificateBuilder()
        .subject_name(subject)
        .issuer_name(subject)
        .public_key(key.public_key())
        .serial_number(x509.random_serial_number())
        .not_valid_before(now - datetime.timedelta(days=1))
        .not_valid_after(now + datetime.timedelta(days=1))
        .add_extension(x509.SubjectAlternativeName([x509.DNSName(name)]), critical=False)
        .sign(key, hashes.SHA256())
    )
    pem = certificate.public_bytes(serialization.Encoding.PEM)
    private = key.private_bytes(
        serialization.Encoding.PEM,
        serialization.PrivateFormat.PKCS8,
        serialization.NoEncryption(),
    )
    (folder / f"{name}.pem").write_bytes(pem)
    (folder / f"{name}.key").write_bytes(private)
    context = ssl.create_default_context(ssl.Purpose.CLIENT_AUTH)
    context.load_cert_chain(folder / f"{name}.pem", folder / f"{name}.key")
    return context
