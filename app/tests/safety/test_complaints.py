"""Who reported something may report it again after the decision: then somebody else looks."""

from __future__ import annotations

from typing import Any

import pytest

from app.exceptions import NotAllowed
from app.models import Decision, Generation, ModerationCase, User
from app.services.safety import deciding, records, reporting
from app.tests.api import Api
from app.tests.factories import PublicPictureFactory, UserFactory
from app.tests.safety.staff import WORDS, act, moderator, report

pytestmark = pytest.mark.django_db


@pytest.fixture
def picture() -> Generation:
    made: Generation = PublicPictureFactory()
    return made


def dismiss(case: ModerationCase, staff: User) -> None:
    said: dict[str, Any] = {"action": "dismiss", "ground": "none", "words": WORDS}
    deciding.decide(case_id=case.pk, staff=staff, **said)


def mailed(picture: Generation, email: str) -> ModerationCase:
    body = {"kind": "picture", "id": picture.pk, "reason": "hate", "email": email}
    token = Api().post("/api/reports", body).data["token"]
    return reporting.find(token).report.case


def test_who_dismissed_it_does_not_dismiss_it_again(picture: Generation) -> None:
    fan, first, second = UserFactory(), moderator(), moderator()
    dismiss(report("picture", picture.pk, user=fan).case, first)
    case = report("picture", picture.pk, user=fan).case
    with pytest.raises(NotAllowed):
        dismiss(case, first)
    with pytest.raises(NotAllowed):
        act("picture", picture.pk, "dismiss", staff=first, ground="none")
    case.refresh_from_db()
    assert (case.is_open, Decision.objects.count()) == (True, 1)
    dismiss(case, second)
    case.refresh_from_db()
    assert not case.is_open


def test_nor_what_comes_from_the_same_address(picture: Generation) -> None:
    staff = moderator()
    dismiss(mailed(picture, "kim@example.com"), staff)
    with pytest.raises(NotAllowed):
        dismiss(mailed(picture, "kim@example.com"), staff)


@pytest.mark.parametrize("first", ["warn", "hide"])
def test_nor_who_has_decided_otherwise(picture: Generation, first: str) -> None:
    """To whoever reports it again it was not enough."""
    fan, staff = UserFactory(), moderator()
    reported = report("picture", picture.pk, user=fan).case
    given: dict[str, Any] = {"ground": "hate", "words": WORDS}
    deciding.decide(case_id=reported.pk, staff=staff, action=first, **given)
    if first == "hide":
        act("picture", picture.pk, "restore", staff=staff, ground="mistake")
        Generation.objects.update(visibility="public")
    case = report("picture", picture.pk, user=fan).case
    with pytest.raises(NotAllowed):
        dismiss(case, staff)
    dismiss(case, moderator())


def test_they_may_act_on_it_in_the_end(picture: Generation) -> None:
    fan, staff = UserFactory(), moderator()
    dismiss(report("picture", picture.pk, user=fan).case, staff)
    report("picture", picture.pk, user=fan)
    act("picture", picture.pk, "hide", staff=staff)
    assert not ModerationCase.objects.open().exists()


@pytest.mark.parametrize("email", ["", "bo@example.com"])
def test_what_others_report_is_no_complaint(picture: Generation, email: str) -> None:
    staff = moderator()
    dismiss(mailed(picture, ""), staff)
    case = mailed(picture, email)
    assert not records.has_answered(staff.pk, case)
    dismiss(case, staff)


def test_the_desk_says_so_and_the_receipt_leads_there(picture: Generation) -> None:
    fan, staff = UserFactory(), moderator()
    made = report("picture", picture.pk, user=fan)
    dismiss(made.case, staff)
    receipt = Api(fan).http.get(f"/reports/{reporting.token_of(made)}").content.decode()
    assert f'href="/report/picture/{picture.pk}"' in receipt
    case = report("picture", picture.pk, user=fan).case
    shown = Api(staff).http.get(f"/desk/cases/{case.pk}").content.decode()
    assert "Somebody else has to judge this" in shown
    assert 'value="dismiss"' not in shown
    other = Api(moderator()).http.get(f"/desk/cases/{case.pk}").content.decode()
    assert "Somebody else has to judge this" not in other
    assert 'value="dismiss"' in other
