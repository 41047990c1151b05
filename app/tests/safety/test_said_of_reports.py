"""What whoever reports is told: by the names that they sent, when to come back, and what is left
to do."""

from __future__ import annotations

from typing import Any

import pytest
from django.test import Client

from app.models import Decision, Generation, User
from app.services.safety import deciding, reporting
from app.tests.api import Api
from app.tests.factories import PublicPictureFactory, StyleFactory, UserFactory
from app.tests.safety.staff import act, moderator, report

pytestmark = pytest.mark.django_db
AGAIN = "Report it again"


@pytest.fixture
def picture(buyer: User, artist: User) -> Generation:
    return PublicPictureFactory(user=buyer, style=StyleFactory(artist=artist.artist))


@pytest.mark.parametrize("is_known", [True, False])
def test_what_a_claim_lacks_by_its_name(picture: Generation, is_known: bool) -> None:
    given = {"kind": "picture", "id": picture.pk, "reason": "copy"}
    reader: User | None = UserFactory() if is_known else None
    answer = Api(reader).post("/api/reports", given)
    lacking = {"name", "work", "good_faith", "accurate", "signature"}
    assert set(answer.details) == (lacking if is_known else {*lacking, "email"})


def test_when_to_come_back(picture: Generation, settings: Any) -> None:
    settings.RATE_LIMITS = {**settings.RATE_LIMITS, "reports": "1/600"}
    given = {"kind": "picture", "id": picture.pk, "reason": "spam"}
    reader = Api(UserFactory())
    reader.post("/api/reports", given)
    refused = reader.post("/api/reports", given)
    seconds = refused.headers["Retry-After"]
    assert refused.refusal == (429, "RATE_LIMITED")
    assert int(seconds) > 60
    assert refused.body["error"]["message"] == f"Too many requests. Try again in {seconds} seconds."


@pytest.mark.parametrize(("action", "is_there"), [("hide", False), ("dismiss", True)])
def test_what_is_hidden_is_not_reported_again(
    picture: Generation, action: str, is_there: bool
) -> None:
    made = report("picture", picture.pk)
    act("picture", picture.pk, action)
    page = Client().get(f"/reports/{reporting.token_of(made)}").content.decode()
    assert (AGAIN in page) is is_there
    assert "to a court" in page


def test_a_dismissal_names_no_ground(picture: Generation) -> None:
    made = report("picture", picture.pk)
    deciding.decide(
        case_id=made.case_id,
        staff=moderator(),
        action="dismiss",
        ground="harassment",
        words="It is fine.",
    )
    assert Decision.objects.get().ground == "none"
