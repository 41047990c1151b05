"""Mails to people who reported something without an account."""

from __future__ import annotations

from datetime import timedelta
from typing import Any

import pytest
import time_machine
from django.contrib.auth.models import AnonymousUser
from django.core import mail
from django.core.management import call_command

from app.models import Generation, Report
from app.services.safety import mailing, reporting
from app.tests.safety.staff import act
from app.utils import clock
from web import mailer

pytestmark = pytest.mark.django_db
KIM = "kim@example.com"


@pytest.fixture
def told(picture: Generation, settings: Any) -> Report:
    settings.MAIL_FROM = "Style License <news@example.com>"
    return reporting.report(
        user=AnonymousUser(),
        kind="picture",
        thing_id=picture.pk,
        reason="hate",
        email=KIM,
        language="ko",
    )


def test_the_receipt_and_the_decision_once_each(told: Report, picture: Generation) -> None:
    for _ in range(2):
        call_command("send_mail", "--once")
    [receipt] = mail.outbox
    assert receipt.to == [KIM]
    assert receipt.extra_headers["Content-Language"] == "ko"
    assert f"/reports/{reporting.token_of(told)}" in receipt.body
    act("picture", picture.pk, "hide")
    reporting.tell_reporters()
    for _ in range(2):
        call_command("send_mail", "--once")
    [_, decision] = mail.outbox
    assert decision.subject != receipt.subject
    assert decision.extra_headers["Message-ID"] != receipt.extra_headers["Message-ID"]


def test_what_is_decided_while_it_is_sent_stays_due(told: Report, picture: Generation) -> None:
    [claimed] = mailing.claim(5)
    assert mailing.claim(5) == []
    act("picture", picture.pk, "hide")
    reporting.tell_reporters()
    mailing.record_sent(claimed)
    told.refresh_from_db()
    assert told.receipt_mailed_at is not None
    assert told.mail_due_at is not None
    assert mailer.send_reports() == 1


def test_a_server_that_is_away_is_tried_again_and_an_address_that_is_none_is_not(
    told: Report, monkeypatch: pytest.MonkeyPatch
) -> None:
    faults: list[Exception] = [mailer.ServerAway("gone"), mailer.Refused("no such user", True)]

    def refuse(_server: object, _message: object) -> None:
        raise faults.pop(0)

    monkeypatch.setattr(mailer._Server, "send", refuse)
    assert mailer.send_reports() == 0
    assert mailing.claim(5) == []
    with time_machine.travel(clock.now() + timedelta(minutes=2)):
        assert mailer.send_reports() == 0
    told.refresh_from_db()
    assert (told.mail_due_at, told.mail_failures, faults) == (None, 2, [])
