"""E-mail: a digest of what happened, in the language of its reader."""

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
from django.utils.translation import ngettext

from app.models import MailPreference, Notification, NotificationType
from app.services import mail_service
from web.phrases import describe

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


def _lines(news: Sequence[Notification]) -> list[Line]:
    """One for each, but one for all pictures that are ready."""
    others = [one for one in news if one.type != NotificationType.GENERATION_COMPLETE]
    ready = len(news) - len(others)
    if ready < 2:
        return [_line(one) for one in news]
    words = ngettext("%(count)s picture is ready.", "%(count)s pictures are ready.", ready)
    return [Line(words % {"count": ready}, _address("web:mine")), *map(_line, others)]


def _line(one: Notification) -> Line:
    return Line(describe(one), _address("web:notification", one.pk))


def _address(view: str, *args: object) -> str:
    return f"{settings.SITE_URL}{reverse(view, args=args)}"


def _subject(lines: Sequence[Line]) -> str:
    if len(lines) == 1:
        # A subject has one line, whatever people write.
        return Truncator(" ".join(lines[0].words.split())).chars(SUBJECT_LENGTH)
    return _("%(count)s notifications from Style License") % {"count": len(lines)}


def _message_id(mine: MailPreference, news: Sequence[Notification]) -> str:
    _name, address = email.utils.parseaddr(settings.MAIL_FROM)
    host = address.rpartition("@")[2] or "localhost"
    return f"<news.{mine.pk}.{news[0].pk}.{news[-1].pk}.{len(news)}@{host}>"
