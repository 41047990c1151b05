"""Nobody of our staff decides about themselves, nor reads who reported them."""

from __future__ import annotations

from typing import Any

import pytest

from app.exceptions import NotAllowed
from app.models import Appeal, Decision, ModerationCase, PictureCheck, User
from app.services import moderation_service
from app.services.safety import appeals, deciding, looking
from app.tests.factories import PublicPictureFactory, StyleFactory
from app.tests.safety.staff import WORDS, act, member, moderator, report
from app.utils import clock

pytestmark = pytest.mark.django_db
GIVEN: dict[str, Any] = {"ground": "hate", "words": WORDS}


@pytest.fixture
def staff() -> User:
    return member("moderate", "money")


@pytest.fixture
def case(staff: User) -> ModerationCase:
    return report("picture", PublicPictureFactory(user=staff).pk).case


class TestDeciding:
    @pytest.mark.parametrize("action", ["hide", "dismiss", "warn", "refund"])
    def test_not_on_a_case(self, action: str, staff: User, case: ModerationCase) -> None:
        with pytest.raises(NotAllowed):
            deciding.decide(case_id=case.pk, staff=staff, action=action, **GIVEN)
        assert not Decision.objects.exists()
        assert ModerationCase.objects.queue().exists()

    def test_not_from_another_page(self, staff: User, case: ModerationCase) -> None:
        act("picture", case.thing_id, "hide")
        with pytest.raises(NotAllowed):
            act("picture", case.thing_id, "restore", staff=staff)

    def test_not_in_one_of_two_parts(self, staff: User, case: ModerationCase) -> None:
        with pytest.raises(NotAllowed):
            deciding.propose(case_id=case.pk, staff=staff, **GIVEN)
        proposal = deciding.propose(case_id=case.pk, staff=moderator(), **GIVEN)
        with pytest.raises(NotAllowed):
            deciding.confirm(proposal_id=proposal.pk, staff=staff)
        with pytest.raises(NotAllowed):
            deciding.turn_down(proposal_id=proposal.pk, staff=staff)

    def test_the_works_of_ones_own_style(self, artist: User) -> None:
        style = StyleFactory(artist=artist.artist)
        artist.is_staff = True
        artist.save()
        with pytest.raises(NotAllowed):
            act("style", style.pk, "hold", staff=with_rights(artist))

    @pytest.mark.parametrize("decide", ["lift_check", "uphold_check"])
    def test_not_on_ones_own_profile_picture(self, decide: str, staff: User) -> None:
        """That was taken before there were statements: nothing says what is given back."""
        found: dict[str, Any] = {"outcome": "found", "rating": "blocked", "score": 0.9}
        found |= {"checker": "x/1", "found_at": clock.now()}
        check = PictureCheck.objects.create(kind="profile", user=staff, key="profiles/x", **found)
        with pytest.raises(NotAllowed):
            getattr(moderation_service, decide)(check, staff=staff, reason=WORDS)
        check.refresh_from_db()
        assert check.outcome == "found"

    @pytest.mark.parametrize("is_granted", [True, False])
    def test_not_ones_own_appeal(self, is_granted: bool, staff: User, case: ModerationCase) -> None:
        statement = act("picture", case.thing_id, "hide").statement
        assert statement is not None
        made = appeals.appeal(user=staff, statement_id=statement.pk, words="No.")
        given = {"is_granted": is_granted, "words": "Granted, of course."}
        with pytest.raises(NotAllowed):
            appeals.judge(appeal_id=made.pk, staff=staff, **given)
        assert Appeal.objects.get().state == "open"


def with_rights(user: User) -> User:
    user.user_permissions.set(member("moderate").user_permissions.all())
    return User.objects.get(pk=user.pk)


class TestReading:
    def test_who_reported_is_not_shown(self, staff: User, case: ModerationCase) -> None:
        assert len(looking.reports_of(case, moderator())) == 1
        assert looking.reports_of(case, staff) == []
