"""E-mail, by a real SMTP server: who gets what, once, and how they end it."""

from __future__ import annotations

import os
import re
from collections.abc import Iterator
from datetime import datetime, timedelta
from email.message import EmailMessage
from multiprocessing import get_context
from typing import Any

import pytest
import time_machine
from django.core.management import call_command
from django.db import connections
from django.test import Client

from app.models import (
    MailKind,
    MailPreference,
    MailRhythm,
    Notification,
    NotificationType,
    Order,
    User,
)
from app.models.mail import KIND_OF, PROMPT
from app.services import (
    mail_service,
    moderation_service,
    notification_service,
    user_service,
)
from app.tests.api import Api
from app.tests.factories import PublicPictureFactory, UserFactory
from app.utils import clock
from config import mail as mail_settings
from web import mailer
from web.tests.mail_server import MailServer, mail_server, text_of

pytestmark = pytest.mark.django_db
DEADLINE_SECONDS = 30.0
A_MOMENT = mail_service.GATHERED + timedelta(seconds=1)


@pytest.fixture
def server(settings: Any) -> Iterator[MailServer]:
    with mail_server(settings) as started:
        yield started


@pytest.fixture
def buyer() -> User:
    user: User = UserFactory(email="buyer@example.org")
    return user


def hide(owner: User, reason: str = "Rude.") -> None:
    """Something that is mailed within minutes."""
    picture = PublicPictureFactory(user=owner)
    moderation_service.hide_picture(
        picture, staff=UserFactory(is_staff=True, is_superuser=True), reason=reason
    )


def sent(server: MailServer, after: timedelta = A_MOMENT) -> list[EmailMessage]:
    """What was received of a run of the command, ``after`` a while."""
    before = len(server.received)
    with time_machine.travel(clock.now() + after):
        call_command("send_mail", "--once")
    return server.received[before:]


def of_kind(user: User, kind: NotificationType, count: int = 1) -> None:
    for _ in range(count):
        Notification.objects.create(
            recipient=user, type=kind, message="Ready.", parameters={"name": "Fog"}
        )


class TestWhatIsSent:
    def test_who_chose_nothing_hears_of_moderation(self, server: MailServer, buyer: User) -> None:
        hide(buyer)
        (mail,) = sent(server)
        assert mail["To"] == "buyer@example.org"
        assert mail["Subject"].startswith("Our staff has hidden your picture.")
        told = Notification.objects.get(recipient=buyer, type=NotificationType.PICTURE_HIDDEN)
        assert f"/notifications/{told.pk}" in text_of(mail)
        assert "/account/mail" in text_of(mail)
        assert sent(server) == []

    def test_not_before_a_moment_has_passed(self, server: MailServer, buyer: User) -> None:
        hide(buyer)
        assert sent(server, timedelta(seconds=1)) == []

    def test_what_happens_together_is_one_mail(self, server: MailServer, buyer: User) -> None:
        hide(buyer)
        hide(buyer)
        (mail,) = sent(server)
        assert mail["Subject"] == "2 notifications from Style License"

    def test_what_was_read_is_no_news(self, server: MailServer, buyer: User) -> None:
        hide(buyer)
        Notification.objects.filter(recipient=buyer).update(is_read=True)
        assert sent(server) == []

    def test_who_chose_nothing_hears_of_nothing_else(self, server: MailServer, buyer: User) -> None:
        of_kind(buyer, NotificationType.GENERATION_COMPLETE)
        assert sent(server, timedelta(days=2)) == []

    def test_who_wants_more_gets_one_digest(self, server: MailServer, buyer: User) -> None:
        mail_service.change(buyer, kinds=[MailKind.PICTURES], rhythm=MailRhythm.HOUR)
        for _ in range(3):
            of_kind(buyer, NotificationType.GENERATION_COMPLETE)
        of_kind(buyer, NotificationType.LIKE)
        assert sent(server, timedelta(minutes=30)) == []
        (mail,) = sent(server, timedelta(minutes=61))
        assert mail["Subject"] == "3 pictures are ready."
        assert "/mine" in text_of(mail)

    def test_an_order_of_many_is_one_line(self, server: MailServer, buyer: User) -> None:
        mail_service.change(buyer, kinds=[MailKind.PICTURES], rhythm=MailRhythm.HOUR)
        order = Order.objects.create(user=buyer, item_count=30, cost=300)
        notification_service.tell_order_ended(order, ready=28, refunded=20)
        (mail,) = sent(server, timedelta(minutes=61))
        assert mail["Subject"] == (
            "Ready: 28 of the 30 pictures of your order. You got 20 tokens back for the others."
        )
        told = Notification.objects.get()
        assert f"/notifications/{told.pk}" in text_of(mail)

    def test_the_next_digest_has_only_what_is_new(self, server: MailServer, buyer: User) -> None:
        mail_service.change(buyer, kinds=[MailKind.PICTURES], rhythm=MailRhythm.DAY)
        of_kind(buyer, NotificationType.GENERATION_COMPLETE)
        assert len(sent(server, timedelta(days=1, minutes=1))) == 1
        assert sent(server, timedelta(days=3)) == []

    def test_what_was_before_the_choice_is_not_sent(self, server: MailServer, buyer: User) -> None:
        of_kind(buyer, NotificationType.LIKE, 3)
        mail_service.change(buyer, kinds=[MailKind.PEOPLE])
        assert sent(server, timedelta(days=2)) == []

    def test_more_than_fits_comes_with_the_next(self, server: MailServer, buyer: User) -> None:
        mail_service.change(buyer, kinds=[MailKind.STYLES], rhythm=MailRhythm.HOUR)
        of_kind(buyer, NotificationType.TRAINING_COMPLETE, mail_service.MOST_LINES + 1)
        (first,) = sent(server, timedelta(hours=2))
        assert first["Subject"].startswith("50 ")
        (second,) = sent(server, timedelta(hours=3))
        assert second["Subject"].startswith("Your style model")

    def test_it_is_in_the_readers_language(self, server: MailServer, buyer: User) -> None:
        mail_service.remember_language(buyer, "ko")
        hide(buyer)
        (mail,) = sent(server)
        assert mail["Content-Language"] == "ko"
        assert re.search("[가-힣]", mail["Subject"])
        assert re.search("[가-힣]", text_of(mail).splitlines()[0])

    def test_what_people_write_stays_in_its_line(self, server: MailServer, buyer: User) -> None:
        hide(buyer, reason="First.\r\nBcc: others@example.org\r\n\r\nSecond.")
        (mail,) = sent(server)
        assert mail["Bcc"] is None
        assert "Bcc: others@example.org" in mail["Subject"]
        # Nor lines of their own in the mail, which would look like ours.
        assert not [line for line in text_of(mail).splitlines() if line.startswith("Bcc:")]

    @pytest.mark.parametrize("why", ["closed", "no address"])
    def test_who_cannot_be_reached_is_not(self, why: str, server: MailServer, buyer: User) -> None:
        hide(buyer)
        if why == "closed":
            user_service.close_account(buyer)
            assert not MailPreference.objects.filter(user=buyer).exists()
        else:
            User.objects.filter(pk=buyer.pk).update(email="")
        assert sent(server) == []

    def test_every_notification_has_its_kind(self) -> None:
        assert set(KIND_OF) == set(NotificationType)
        assert set(KIND_OF.values()) == set(MailKind)

    def test_without_a_server_nobody_is_due(self, settings: Any, buyer: User) -> None:
        settings.MAIL_FROM = ""
        hide(buyer)
        assert not mail_service.due().exists()


class TestServerThatRefuses:
    def test_an_address_that_is_unknown(self, server: MailServer, buyer: User) -> None:
        server.unknown.add(buyer.email)
        hide(buyer)
        assert sent(server) == []
        assert MailPreference.objects.get(user=buyer).refused == "no such mailbox"
        server.unknown.clear()
        assert sent(server, timedelta(days=1)) == []
        # They say that it works again.
        mail_service.change(buyer)
        hide(buyer)
        assert len(sent(server)) == 1

    def test_a_policy_gives_nobody_up(self, server: MailServer, buyer: User) -> None:
        server.to_recipient = "550 5.7.1 relay access denied"
        hide(buyer)
        assert sent(server) == []
        assert MailPreference.objects.get(user=buyer).refused == ""

    @pytest.mark.parametrize("step", ["to_recipient", "to_mail"])
    def test_for_a_while(self, step: str, server: MailServer, buyer: User) -> None:
        setattr(server, step, "451 try again later")
        hide(buyer)
        assert sent(server) == []
        setattr(server, step, "250 OK")
        assert len(sent(server, timedelta(minutes=10))) == 1

    def test_a_server_that_is_away(self, settings: Any, buyer: User) -> None:
        with mail_server(settings):
            pass
        hide(buyer)
        with time_machine.travel(clock.now() + A_MOMENT):
            assert mailer.send_due() == 0
        mine = MailPreference.objects.get(user=buyer)
        assert mine.failure_count == 1
        assert mine.refused == ""

    def test_one_that_is_refused_holds_up_nobody(self, server: MailServer, buyer: User) -> None:
        server.unknown.add("nobody@example.org")
        hide(UserFactory(email="nobody@example.org"))
        hide(buyer)
        assert [mail["To"] for mail in sent(server)] == ["buyer@example.org"]


@pytest.mark.slow
@pytest.mark.django_db(transaction=True)
class TestProcesses:
    def test_two_at_once_send_once(self, server: MailServer) -> None:
        for number in range(12):
            hide(UserFactory(email=f"user{number}@example.org"))
        connections.close_all()

        def send() -> None:
            with time_machine.travel(clock.now() + A_MOMENT):
                mailer.send_due()

        processes = [get_context("fork").Process(target=send, daemon=True) for _ in range(2)]
        for process in processes:
            process.start()
        for process in processes:
            process.join(DEADLINE_SECONDS)
            assert process.exitcode == 0
        assert sorted(mail["To"] for mail in server.received) == sorted(
            f"user{number}@example.org" for number in range(12)
        )

    def test_killed_before_the_note_it_is_sent_again_as_the_same(
        self, server: MailServer, buyer: User, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        hide(buyer)
        connections.close_all()

        def die(*_: object) -> None:
            os._exit(9)

        def send() -> None:
            monkeypatch.setattr(mail_service, "record_sent", die)
            with time_machine.travel(clock.now() + A_MOMENT):
                mailer.send_due()

        process = get_context("fork").Process(target=send, daemon=True)
        process.start()
        process.join(DEADLINE_SECONDS)
        assert process.exitcode == 9
        assert sent(server) == []  # Somebody may still be at it.
        (again,) = sent(server, A_MOMENT + mail_service.LEASE)
        first = server.received[0]
        assert first["Message-ID"] == again["Message-ID"]
        assert sent(server, timedelta(hours=1)) == []

    def test_what_happens_while_it_is_sent_is_not_forgotten(
        self, server: MailServer, buyer: User
    ) -> None:
        hide(buyer)

        def meanwhile() -> str:
            hide(buyer)
            return "250 OK"

        # The server's thread has a connection of its own.
        server.to_mail = lambda: (meanwhile(), connections.close_all())[0]
        assert len(sent(server)) == 1
        server.to_mail = "250 OK"
        assert sent(server, mail_service.LEAST_PAUSE - timedelta(minutes=1)) == []
        assert len(sent(server, timedelta(hours=1))) == 1


class TestUnsubscribing:
    def link_in(self, mail: EmailMessage) -> str:
        header = mail["List-Unsubscribe"].strip()
        found = re.fullmatch(r"<https?://[^/]+(/mail/unsubscribe/\S+)>", header)
        assert found
        return found[1]

    def test_one_press_of_the_mail_program(self, server: MailServer, buyer: User) -> None:
        hide(buyer)
        (mail,) = sent(server)
        assert mail["List-Unsubscribe-Post"] == "List-Unsubscribe=One-Click"
        stranger = Client(enforce_csrf_checks=True)
        answer = stranger.post(
            self.link_in(mail),
            "List-Unsubscribe=One-Click",
            content_type="application/x-www-form-urlencoded",
        )
        assert answer.status_code == 200
        hide(buyer)
        assert sent(server, timedelta(days=1)) == []
        assert MailPreference.objects.get(user=buyer).kinds == []

    def test_who_only_looks_ends_nothing(self, server: MailServer, buyer: User) -> None:
        hide(buyer)
        (mail,) = sent(server)
        page = Client().get(self.link_in(mail))
        assert page.status_code == 200
        assert page["Cache-Control"] == "no-store"
        assert MailPreference.objects.get(user=buyer).kinds == [kind.value for kind in PROMPT]

    @pytest.mark.parametrize("token", ["1", "1:x", "x:y:z", "1:" + "A" * 43])
    def test_a_token_that_is_not_ours(self, token: str) -> None:
        assert Client().get(f"/mail/unsubscribe/{token}").status_code == 404
        assert Client().post(f"/mail/unsubscribe/{token}").status_code == 404

    def test_who_has_left_stays_forgotten(self, buyer: User) -> None:
        token = mail_service.unsubscribe_token(buyer.pk)
        user_service.close_account(buyer)
        assert Client().post(f"/mail/unsubscribe/{token}").status_code == 200
        assert not MailPreference.objects.filter(user=buyer).exists()


class TestChoosing:
    def test_what_is_due_stays_due(self, server: MailServer, buyer: User) -> None:
        hide(buyer)
        mail_service.change(buyer, language="ko")
        assert len(sent(server)) == 1

    def test_by_the_site(self, client: Client, buyer: User) -> None:
        client.force_login(buyer)
        page = client.get("/account/mail").content.decode()
        assert "buyer@example.org" in page
        assert len(re.findall(r"<input[^>]+checked", page)) == len(PROMPT)
        client.post(
            "/account/mail", {"kinds": ["pictures", "people"], "rhythm": "hour", "language": "ko"}
        )
        mine = MailPreference.objects.get(user=buyer)
        assert (mine.kinds, mine.rhythm, mine.language) == (["pictures", "people"], "hour", "ko")
        assert mine.due_at is not None

    def test_by_the_api(self, buyer: User) -> None:
        api = Api(buyer)
        everybody = {"kinds": ["money", "moderation"], "rhythm": "day", "language": ""}
        assert api.get("/api/users/me/mail").data == {**everybody, "refused": ""}
        changed = api.patch("/api/users/me/mail", {"kinds": ["styles"]}).data
        assert changed["kinds"] == ["styles"]
        assert api.patch("/api/users/me/mail", {"kinds": ["x"]}).status == 400
        assert api.patch("/api/users/me/mail", {"rhythm": "day"}).data["kinds"] == ["styles"]

    def test_the_language_is_that_of_the_site(self, client: Client, buyer: User) -> None:
        client.force_login(buyer)
        client.post("/preferences", {"language": "ko"})
        assert MailPreference.objects.get(user=buyer).language == "ko"


class TestAddressesOfServers:
    @pytest.mark.parametrize(
        ("address", "port", "ssl", "tls"),
        [
            ("smtp://mail.example.com", 25, False, False),
            ("smtps://mail.example.com", 465, True, False),
            ("smtp+starttls://mail.example.com:2525", 2525, False, True),
        ],
    )
    def test_they_are_read(self, address: str, port: int, ssl: bool, tls: bool) -> None:
        read = mail_settings.settings_of(address, "")
        assert read["EMAIL_HOST"] == "mail.example.com"
        assert (read["EMAIL_PORT"], read["EMAIL_USE_SSL"], read["EMAIL_USE_TLS"]) == (
            *(port, ssl),
            tls,
        )

    def test_a_name_and_a_password(self) -> None:
        read = mail_settings.settings_of("smtp://me%40example.com:a%2Fb@mail.example.com", "")
        assert (read["EMAIL_HOST_USER"], read["EMAIL_HOST_PASSWORD"]) == ("me@example.com", "a/b")


def test_old_news_are_not_sent(server: MailServer, buyer: User) -> None:
    hide(buyer)
    long_ago: datetime = clock.now() - timedelta(days=8)
    Notification.objects.filter(recipient=buyer).update(created_at=long_ago)
    assert sent(server) == []
