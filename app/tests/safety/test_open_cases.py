"""An open case waits for a person: neither a program nor an act on something else closes it."""

from __future__ import annotations

from datetime import timedelta
from typing import Any

import pytest

from app.models import Decision, Generation, ModerationCase, Rating, Report, Style, User
from app.services.checks import pictures
from app.services.payments import revoking
from app.services.safety import deciding, reporting, suspension
from app.tests.factories import PublicPictureFactory, StyleFactory
from app.tests.safety.staff import WORDS, act, moderator, report
from app.utils import clock

pytestmark = pytest.mark.django_db


@pytest.fixture
def picture(buyer: User, artist: User) -> Generation:
    return PublicPictureFactory(user=buyer, style=StyleFactory(artist=artist.artist))


class TestItStaysOpen:
    @pytest.mark.parametrize("score", [0.7, 0.99])
    def test_when_a_program_rates_the_picture(self, score: float, picture: Generation) -> None:
        Generation.objects.update(rating=Rating.UNRATED, rated_at=None)
        made = report("picture", picture.pk, reason="minors")
        pictures.rate(picture.pk, score)
        assert Decision.objects.get().case_id != made.case_id
        assert list(ModerationCase.objects.queue()) == [made.case]
        assert reporting.outcome_of(made).action is None
        assert reporting.tell_reporters() == 0

    def test_when_a_program_decides(self, picture: Generation) -> None:
        made = report("picture", picture.pk, reason="minors")
        given: dict[str, Any] = {"ground": "sexual", "words": WORDS, "evidence": {"check": "x"}}
        deciding.decide_by_machine(kind="picture", thing_id=picture.pk, action="hide", **given)
        assert list(ModerationCase.objects.queue()) == [made.case]

    def test_when_the_bank_takes_the_payment_back(self, picture: Generation) -> None:
        made = report("picture", picture.pk, reason="minors")
        revoking._revoke(Generation.objects.get())
        assert list(ModerationCase.objects.queue()) == [made.case]

    def test_when_its_account_is_suspended_and_free_again(
        self, picture: Generation, artist: User
    ) -> None:
        made = report("style", picture.style_id, reason="hate")
        act("profile", artist.pk, "suspend", until=clock.now() + timedelta(days=7))
        assert list(ModerationCase.objects.queue()) == [made.case]
        User.objects.update(suspended_until=clock.now() - timedelta(minutes=1))
        assert suspension.sweep() == 1
        assert Style.objects.get().is_active
        assert list(ModerationCase.objects.queue()) == [made.case]

    def test_when_our_staff_frees_the_account(self, picture: Generation, artist: User) -> None:
        act("profile", artist.pk, "suspend")
        made = report_of_staff(picture.style)
        act("profile", artist.pk, "restore")
        assert list(ModerationCase.objects.queue()) == [made]

    def test_but_a_person_closes_it_from_any_page(self, picture: Generation) -> None:
        report("picture", picture.pk)
        act("picture", picture.pk, "hide")
        assert not ModerationCase.objects.queue().exists()


def report_of_staff(style: Style) -> ModerationCase:
    """What a check found of a style that nobody sees."""
    return deciding.hold_for_review(
        kind="style", thing_id=style.pk, reason="copy", finding={"check": "x"}
    )


class TestWhatReportersAreTold:
    def outcome(self, case: ModerationCase, **given: Any) -> str | None:
        said = {"staff": moderator(), "ground": "hate", "words": WORDS, "case_id": case.pk}
        deciding.decide(**{**said, "further": True, **given})
        return reporting.outcome_of(Report.objects.get(case=case)).action

    def test_it_is_the_last_decision(self, picture: Generation) -> None:
        case = report("picture", picture.pk).case
        assert self.outcome(case, action="hide") == "hide"
        assert self.outcome(case, action="restore") == "restore"

    def test_a_warning_besides_is_no_answer(self, picture: Generation) -> None:
        case = report("picture", picture.pk).case
        assert self.outcome(case, action="warn") == "warn"
        assert self.outcome(case, action="hide") == "hide"
        assert self.outcome(case, action="warn") == "hide"
