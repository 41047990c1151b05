"""E-mail: a digest of what happened, and what becomes of a report, in its reader's language."""

from __future__ import annotations

import email.utils
from collections.abc import Sequence
from dataclasses import dataclass

from django.conf import settings
from django.core.mail import EmailMessage
from django.template.loader import render_to_string
from django.urls import reverse
from django.utils import translation
from django.utils.text import Truncator
from django.utils.translation import gettext as _

from app.models import MailPreference, Notification, NotificationType, Report
from app.models.notification import words_of
from app.services import mail_service
from app.services.safety import reporting
from web.cases import verdict_on
from web.phrases import ReadersLanguage, describe

SUBJECT_LENGTH = 120


@dataclass(frozen=True)
class Line:
    words: str
    address: str


def digest(mine: MailPreference, news: Sequence[Notification]) -> EmailMessage:
    """A mail to the user of ``mine`` that says all of ``news``, of which there is at least one.

    It has the same Message-ID if it is made again of the same news, so that a mail program can
    tell that it was sent twice.
    """
    with translation.override(mine.language or settings.LANGUAGE_CODE):
        lines = _lines(news)
        token = mail_service.unsubscribe_token(mine.pk)
        unsubscribe = _address("web:unsubscribe", token)
        content = {
            "name": mine.user.username,
            "lines": lines,
            "settings_url": _address("web:mail"),
            "unsubscribe_url": unsubscribe,
        }
        return EmailMessage(
            subject=_subject(lines),
            body=render_to_string("web/mail/digest.txt", content),
            from_email=settings.MAIL_FROM,
            to=[mine.user.email],
            headers={
                "Message-ID": _message_id(mine, news),
                "Auto-Submitted": "auto-generated",
                "List-Unsubscribe": f"<{unsubscribe}>",
                # RFC 8058: one press in the mail program, without a page.
                "List-Unsubscribe-Post": "List-Unsubscribe=One-Click",
                "Content-Language": translation.get_language() or "",
            },
        )


def of_report(report: Report) -> EmailMessage:
    """To somebody without an account: that the report is here, or what was decided."""
    with translation.override(report.language or settings.LANGUAGE_CODE):
        outcome = reporting.outcome_of(report)
        is_decided = outcome.action is not None
        content = {
            "is_decided": is_decided,
            "number": report.pk,
            "verdict": verdict_on(outcome.action),
            "address": _address("web:report_receipt", reporting.token_of(report)),
        }
        number = {"number": report.pk}
        said = (
            _("We have decided on your report %(number)s")
            if is_decided
            else _("Your report %(number)s is here")
        )
        kind = "decision" if is_decided else "receipt"
        return EmailMessage(
            subject=said % number,
            body=render_to_string("web/mail/report.txt", content),
            from_email=settings.MAIL_FROM,
            to=[report.email],
            headers={
                "Message-ID": f"<report.{report.pk}.{kind}@{_host()}>",
                "Auto-Submitted": "auto-generated",
                "Content-Language": translation.get_language() or "",
            },
        )


def _lines(news: Sequence[Notification]) -> list[Line]:
    """One for each, but one for all pictures that are ready."""
    kind = NotificationType.GENERATION_COMPLETE
    others = [one for one in news if one.type != kind]
    ready = sum(one.other_count + 1 for one in news if one.type == kind)
    if ready < 2:
        return [_line(one) for one in news]
    words = words_of(kind, {}, other_count=ready - 1, language=ReadersLanguage)
    return [Line(words, _address("web:mine")), *map(_line, others)]


def _line(one: Notification) -> Line:
    # Whatever people write is one line: lines of their own would look like ours.
    words = " ".join(describe(one).split())
    return Line(words, _address("web:notification", one.pk))


def _address(view: str, *args: object) -> str:
    return f"{settings.SITE_URL}{reverse(view, args=args)}"


def _subject(lines: Sequence[Line]) -> str:
    if len(lines) == 1:
        return Truncator(lines[0].words).chars(SUBJECT_LENGTH)
    return _("%(count)s notifications from Style License") % {"count": len(lines)}


def _message_id(mine: MailPreference, news: Sequence[Notification]) -> str:
    return f"<news.{mine.pk}.{news[0].pk}.{news[-1].pk}.{len(news)}@{_host()}>"


def _host() -> str:
    _name, address = email.utils.parseaddr(settings.MAIL_FROM)
    return address.rpartition("@")[2] or "localhost"
