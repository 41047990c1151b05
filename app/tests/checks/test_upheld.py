"""What our staff upholds of a check is decided apart from what people have reported."""

from __future__ import annotations

import pytest

from app.models import Decision, PictureCheck
from app.services import moderation_service, user_service
from app.services.checks import pictures
from app.tests.checks.looking import FakeCheck
from app.tests.factories import UserFactory
from app.tests.safety.staff import moderator, report
from app.tests.uploads import file, picture

pytestmark = pytest.mark.django_db


def test_what_is_reported_of_the_profile_still_waits(check: FakeCheck) -> None:
    user = UserFactory()
    user_service.update_profile(user=user, profile_image=file(picture()))
    reported = report("profile", user.pk).case
    check.says = 0.97
    assert pictures.check_next()
    held = PictureCheck.objects.held().get()
    moderation_service.uphold_check(held, staff=moderator(), reason="Porn.")
    reported.refresh_from_db()
    assert reported.state == "open"
    assert {decision.case.state for decision in Decision.objects.all()} == {"decided"}
