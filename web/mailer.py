"""Sends e-mail to those who ``mail_service`` and ``mailing`` say are due. ``send_mail`` runs it."""

from __future__ import annotations

import smtplib
from collections.abc import Callable
from dataclasses import dataclass
from functools import partial
from typing import Any

import structlog
from django.core.mail import get_connection

from app.models import MailPreference, Report
from app.services import guard, mail_service
from app.services.safety import mailing
from web.mail import digest, of_report

log = structlog.get_logger(__name__)

BATCH = 20


class ServerAway(Exception):
    """The mail server cannot be reached, or does not let us in. Nothing is wrong with a mail."""


@dataclass(frozen=True)
class Refused(Exception):
    """The mail server does not want this mail. ``is_final``: it never will."""

    said: str
    is_final: bool


def send_due(is_stopping: Callable[[], bool] = lambda: False) -> int:
    """Mail all who are due, unless the server is away. Returns to how many."""
    sent, is_away = 0, False
    while not is_away and not is_stopping() and (claimed := mail_service.claim(BATCH)):
        # A connection ends before the claim does.
        with _Server() as server:
            # One that breaks is tried again when its lease is over. The others still get theirs.
            done = [guard.attempt("mail", partial(_send, server, it), user=it.pk) for it in claimed]
            sent += sum(map(bool, done))
            is_away = server.is_away
    return sent


def send_reports(is_stopping: Callable[[], bool] = lambda: False) -> int:
    """Mail all who reported something without an account and are due. Returns to how many."""
    sent, is_away = 0, False
    while not is_away and not is_stopping() and (claimed := mailing.claim(BATCH)):
        with _Server() as server:
            for report in claimed:
                send = partial(_send_report, server, report)
                sent += bool(guard.attempt("mail", send, report=report.pk))
            is_away = server.is_away
    return sent


def _send_report(server: _Server, report: Report) -> bool:
    message = of_report(report)
    if mailing.is_put_off(report):
        log.info("mail_put_off", report=report.pk)
        return False
    try:
        server.send(message)
    except (Refused, ServerAway) as error:
        log.warning("mail_refused", report=report.pk, said=str(error))
        mailing.record_failed(report, is_final=isinstance(error, Refused) and error.is_final)
        return False
    mailing.record_sent(report)
    log.info("mail_sent", report=report.pk)
    return True


def _send(server: _Server, mine: MailPreference) -> bool:
    news = mail_service.news_of(mine)
    if not news:
        mail_service.record_sent(mine, [])
        return False
    try:
        server.send(digest(mine, news))
    except Refused as error:
        log.warning("mail_refused", user=mine.pk, said=error.said, is_final=error.is_final)
        if error.is_final:
            mail_service.record_refused(mine, error.said)
        else:
            mail_service.record_failed(mine)
        return False
    except ServerAway as error:
        log.warning("mail_server_away", error=str(error))
        mail_service.record_failed(mine)
        return False
    except Exception:
        # Our own mistake.
        log.exception("mail_not_made", user=mine.pk)
        mail_service.record_failed(mine)
        return False
    mail_service.record_sent(mine, news)
    log.info("mail_sent", user=mine.pk, lines=len(news))
    return True


class _Server:
    """One connection to the mail server for several mails. After it was lost, none is tried."""

    def __init__(self) -> None:
        self._connection: Any = get_connection()
        self._lost = ""

    def __enter__(self) -> _Server:
        return self

    def __exit__(self, *_: object) -> None:
        self._connection.close()

    @property
    def is_away(self) -> bool:
        return bool(self._lost)

    def send(self, message: Any) -> None:
        """Raises Refused or ServerAway."""
        if self._lost:
            raise ServerAway(self._lost)
        try:
            self._connection.open()
            self._connection.send_messages([message])
        except smtplib.SMTPRecipientsRefused as error:
            self._connection.close()
            code, said = next(iter(error.recipients.values()))
            raise Refused(_text(said), is_final=_is_unknown(code, _text(said))) from error
        except smtplib.SMTPDataError as error:
            # Of this text or of too many: another one may do.
            self._connection.close()
            raise Refused(_text(error.smtp_error), is_final=False) from error
        except (smtplib.SMTPException, OSError) as error:
            self._lost = str(error) or type(error).__name__
            self._connection.close()
            raise ServerAway(self._lost) from error


def _is_unknown(code: int, said: str) -> bool:
    """Whether there is no such address. Servers refuse for their own reasons, too: a sender that
    may not send, or a list of names (RFC 3463: 5.7). Nobody is given up for that."""
    is_policy = "5.7." in said or "relay" in said.lower()
    return code in (550, 551, 553) and not is_policy


def _text(said: bytes | str) -> str:
    return said.decode(errors="replace") if isinstance(said, bytes) else said
