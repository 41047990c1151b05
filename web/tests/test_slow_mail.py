"""A mail server that is slow, silent or talks nonsense: the mails come later, and nobody waits."""

from __future__ import annotations

import socket
import threading
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager, suppress
from datetime import timedelta
from typing import Any

import pytest
import time_machine

from app.models import MailPreference, User
from app.services import mail_service, moderation_service
from app.tests.api import Api
from app.tests.factories import PublicPictureFactory, UserFactory
from app.utils import clock
from config import mail as mail_settings
from web import mailer, smtp
from web.tests.mail_server import mail_server

pytestmark = [pytest.mark.django_db, pytest.mark.slow]
A_MOMENT = mail_service.GATHERED + timedelta(seconds=1)
SECONDS = 0.5
AT_MOST_SECONDS = 30.0


def silent(_connection: socket.socket, over: threading.Event) -> None:
    over.wait(2 * AT_MOST_SECONDS)


def dripping(connection: socket.socket, over: threading.Event) -> None:
    """A letter of its greeting in less than each time-out, for ever."""
    while not over.wait(SECONDS / 10):
        connection.sendall(b"2")


def slow_to_answer(connection: socket.socket, over: threading.Event) -> None:
    """Each of its answers comes just in time."""
    connection.sendall(b"220 ready\r\n")
    while not over.wait(SECONDS / 2) and connection.recv(1000):
        connection.sendall(b"250 go on\r\n")


def nonsense(connection: socket.socket, _over: threading.Event) -> None:
    connection.sendall(b"HTTP/1.1 200 OK\r\n\r\n")


def gone(connection: socket.socket, _over: threading.Event) -> None:
    """It hangs up when it has been told the sender."""
    connection.sendall(b"220 ready\r\n")
    connection.recv(1000)
    connection.sendall(b"250 hello\r\n")
    connection.recv(1000)


SERVERS = (silent, dripping, slow_to_answer, nonsense, gone)


@contextmanager
def serving(act: Callable[[socket.socket, threading.Event], None], settings: Any) -> Iterator[None]:
    over = threading.Event()
    # Who waits for such a server for ever is let go, late: the test fails, and does not hang.
    late = threading.Timer(2 * AT_MOST_SECONDS, over.set)
    late.daemon = True
    late.start()
    listening = socket.create_server(("127.0.0.1", 0))

    def serve() -> None:
        with suppress(OSError):
            while True:
                connection, _ = listening.accept()
                with connection, suppress(OSError):
                    act(connection, over)

    thread = threading.Thread(target=serve, daemon=True)
    thread.start()
    settings.EMAIL_BACKEND, settings.EMAIL_TIMEOUT = mail_settings.SMTP, SECONDS
    settings.EMAIL_HOST, settings.EMAIL_PORT = listening.getsockname()
    try:
        yield
    finally:
        late.cancel()
        over.set()
        listening.shutdown(socket.SHUT_RDWR)
        listening.close()
        thread.join(AT_MOST_SECONDS)


def hide(user: User) -> None:
    picture = PublicPictureFactory(user=user)
    moderation_service.hide_picture(
        picture, staff=UserFactory(is_staff=True, is_superuser=True), reason="Rude."
    )


@pytest.mark.parametrize("act", SERVERS, ids=lambda act: act.__name__)
def test_it_holds_up_nobody(
    act: Callable[[socket.socket, threading.Event], None],
    settings: Any,
    buyer: User,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setattr(smtp, "SESSION_SECONDS", 2 * SECONDS)
    users = [buyer, *(UserFactory() for _ in range(3))]
    with serving(act, settings):
        for user in users:
            # What is told waits for no mail.
            hide(user)
        with time_machine.travel(clock.now() + A_MOMENT):
            began = time.monotonic()
            assert mailer.send_due() == 0
            assert time.monotonic() - began < AT_MOST_SECONDS
        assert Api(buyer).get("/api/notifications", unread_only="true").data["count"] == 2
    # All of them are tried again soon, and nobody is given up.
    for mine in MailPreference.objects.all():
        assert (mine.failure_count, mine.refused) == (1, "")
        assert mine.due_at is not None
        assert mine.due_at < clock.now() + mail_service.LEASE
    # The good server has all the time it needs.
    monkeypatch.undo()
    settings.EMAIL_TIMEOUT = mail_settings.PATIENCE_SECONDS
    with (
        mail_server(settings) as server,
        time_machine.travel(clock.now() + A_MOMENT + timedelta(minutes=2)),
    ):
        assert mailer.send_due() == len(users)
    assert {mail["To"] for mail in server.received} == {user.email for user in users}


def test_a_connection_ends_before_its_claim() -> None:
    assert (
        mail_service.LEASE.total_seconds() - mail_settings.PATIENCE_SECONDS
    ) > smtp.SESSION_SECONDS + mail_settings.PATIENCE_SECONDS
