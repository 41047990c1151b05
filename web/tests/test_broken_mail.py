"""One whose row breaks keeps no other from their mail."""

from __future__ import annotations

from datetime import timedelta
from typing import Any

import pytest
import time_machine
from django.core.management import call_command

from app.models import MailPreference
from app.services import mail_service, measure_service, moderation_service
from app.tests.factories import PublicPictureFactory, UserFactory
from app.tests.poison import poison
from app.utils import clock
from web.tests.mail_server import mail_server

pytestmark = [pytest.mark.django_db, pytest.mark.slow]


def test_the_others_get_theirs(settings: Any) -> None:
    users = [UserFactory(email=f"{name}@example.org") for name in ("first", "second")]
    with mail_server(settings) as server:
        for user in users:
            moderation_service.hide_picture(
                PublicPictureFactory(user=user),
                staff=UserFactory(is_staff=True, is_superuser=True),
                reason="Rude.",
            )
        poison(MailPreference, users[0].pk, "failure_count")
        with time_machine.travel(clock.now() + mail_service.GATHERED + timedelta(seconds=1)):
            call_command("send_mail", "--once")
        assert [each["To"] for each in server.received][-1] == "second@example.org"
    assert measure_service.broken_by_step() == {"mail": 1}
    assert MailPreference.objects.get(pk=users[1].pk).sent_at is not None
