"""A real SMTP server on a socket of this machine, which keeps what it is sent."""

from __future__ import annotations

import asyncio
import email
import email.policy
import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from email.message import EmailMessage
from typing import Any

from aiosmtpd.smtp import SMTP

from config import mail as mail_settings

TAKEN = "250 OK"
PATIENCE_SECONDS = 10.0


@dataclass
class MailServer:
    """``to_recipient`` and ``to_mail`` are its answers; a function is called at that moment. It
    does not know the addresses of ``unknown``."""

    received: list[EmailMessage] = field(default_factory=list)
    to_recipient: str = TAKEN
    unknown: set[str] = field(default_factory=set)
    to_mail: str | Callable[[], str] = TAKEN

    async def handle_RCPT(
        self, _server: Any, _session: Any, envelope: Any, address: str, _options: Any
    ) -> str:
        if address in self.unknown:
            return "550 no such mailbox"
        if self.to_recipient == TAKEN:
            envelope.rcpt_tos.append(address)
        return self.to_recipient

    async def handle_DATA(self, _server: Any, _session: Any, envelope: Any) -> str:
        answer = await asyncio.to_thread(self.to_mail) if callable(self.to_mail) else self.to_mail
        if answer == TAKEN:
            message = email.message_from_bytes(envelope.content, policy=email.policy.default)
            assert isinstance(message, EmailMessage)
            self.received.append(message)
        return answer


def text_of(message: EmailMessage) -> str:
    text: str = message.get_content()
    return text


@contextmanager
def mail_server(settings: Any) -> Iterator[MailServer]:
    """One that Django's settings name."""
    server, loop = MailServer(), asyncio.new_event_loop()
    listening = loop.run_until_complete(
        loop.create_server(lambda: SMTP(server, loop=loop), "127.0.0.1", 0)
    )
    thread = threading.Thread(target=loop.run_forever, daemon=True)
    thread.start()
    settings.EMAIL_BACKEND = mail_settings.SMTP
    settings.EMAIL_HOST, settings.EMAIL_PORT = listening.sockets[0].getsockname()[:2]
    try:
        yield server
    finally:
        loop.call_soon_threadsafe(listening.close)
        loop.call_soon_threadsafe(loop.stop)
        thread.join(PATIENCE_SECONDS)
        loop.close()
