"""Mails to people who reported something without an account."""

from __future__ import annotations

from datetime import timedelta
from typing import Any

import pytest
import time_machine
from django.contrib.auth.models import AnonymousUser
from django.core import mail
from django.core.management import call_command
from django.test import Client

from app.models import Generation, Report, Style
from app.services import rate_limit_service
from app.services.safety import mailing, reporting
from app.tests.factories import PublicPictureFactory
from app.tests.safety.staff import act
from app.utils import clock
from web import mailer

pytestmark = pytest.mark.django_db
KIM = "kim@example.com"


DAY = 24 * 3600


@pytest.fixture(autouse=True)
def _mails(settings: Any) -> None:
    settings.MAIL_FROM = "Style License <news@example.com>"


@pytest.fixture
def told(picture: Generation) -> Report:
    return typed(picture, language="ko")


def typed(picture: Generation, email: str = KIM, **more: Any) -> Report:
    """By somebody without an account."""
    given = {"kind": "picture", "thing_id": picture.pk, "reason": "hate", "email": email}
    return reporting.report(user=AnonymousUser(), **given, **more)


def decided(style: Style, count: int) -> list[Report]:
    """Reports of so many pictures to one address, each written in its own way, and decided."""
    made = []
    for number in range(count):
        picture = PublicPictureFactory(style=style)
        made.append(typed(picture, KIM.title() if number % 2 else KIM))
        act("picture", picture.pk, "hide")
        reporting.tell_reporters()
    return made


def seconds_later(seconds: float) -> Any:
    return time_machine.travel(clock.seconds_from_now(seconds))


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


def test_few_mails_a_day_go_to_one_address_and_the_others_later(
    style: Style, settings: Any
) -> None:
    settings.RATE_LIMITS = {"report_mails": f"20/{DAY}"}
    made = decided(style, 25)
    other = typed(PublicPictureFactory(style=style), "lee@example.com")
    assert mailer.send_reports() == 21
    assert mailer.send_reports() == 0
    waiting = Report.objects.filter(mail_due_at__isnull=False).order_by("pk")
    assert [each.pk for each in waiting] == [each.pk for each in made[20:]]
    assert {each.mail_failures for each in waiting} == {0}
    # Its page says the same meanwhile.
    page = Client().get(f"/reports/{reporting.token_of(made[-1])}").content.decode()
    assert "We have acted: Picture hidden." in page
    with seconds_later(DAY - 60):
        assert mailer.send_reports() == 0
    with seconds_later(DAY + 60):
        assert mailer.send_reports() == 5
        assert mailer.send_reports() == 0
    assert not Report.objects.filter(mail_due_at__isnull=False).exists()
    ids = [each.extra_headers["Message-ID"].split(".")[1] for each in mail.outbox]
    assert sorted(map(int, ids)) == [*(each.pk for each in made), other.pk]


def test_what_is_decided_while_a_mail_is_put_off_stays_due(
    told: Report, picture: Generation, settings: Any
) -> None:
    settings.RATE_LIMITS = {"report_mails": f"1/{DAY}"}
    mailing.count(mailing.MAILS, KIM)
    [claimed] = mailing.claim(5)
    act("picture", picture.pk, "hide")
    reporting.tell_reporters()
    assert mailing.is_put_off(claimed)
    told.refresh_from_db()
    assert told.mail_due_at is not None
    assert told.mail_due_at <= clock.now()


def test_what_the_server_does_not_take_does_not_count(
    told: Report, settings: Any, monkeypatch: pytest.MonkeyPatch
) -> None:
    settings.RATE_LIMITS = {"report_mails": f"1/{DAY}"}

    def refuse(_server: object, _message: object) -> None:
        raise mailer.ServerAway("gone")

    with monkeypatch.context() as patch:
        patch.setattr(mailer._Server, "send", refuse)
        assert mailer.send_reports() == 0
    with seconds_later(120):
        assert mailer.send_reports() == 1
    assert len(mail.outbox) == 1


def test_the_address_is_counted_by_its_hash(
    told: Report, picture: Generation, settings: Any
) -> None:
    settings.RATE_LIMITS = {"receipts": "5/60", "report_mails": "5/60"}
    mailer.send_reports()
    typed(picture)
    keys = " ".join(rate_limit_service._memory._times)
    assert len(keys.split()) == 2
    assert "kim" not in keys.lower()
