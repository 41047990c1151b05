"""What a check does to the works of a style is stated, and its artist may appeal."""

from __future__ import annotations

import pytest

from app.exceptions import InvalidTransition, NotAllowed
from app.models import Appeal, CopyCheck, Decision, Statement, Style, User
from app.services import moderation_service
from app.services.safety import appeals
from app.services.uploads import copy_service
from app.tests.api import Api
from app.tests.checks.looking import FakeCheck
from app.tests.factories import ArtistFactory
from app.tests.safety.staff import moderator
from app.tests.styles.copying import is_ordered, painting, put_works, style_of
from app.tests.uploads import check_all, files

pytestmark = pytest.mark.django_db


@pytest.fixture
def held(artist: User, check: FakeCheck) -> Style:
    """A style whose second work is another artist's; nothing in it shows nudity."""
    style_of(painting(1, 512), artist=ArtistFactory())
    assert not copy_service.fill_in(60)
    style = style_of(painting(5), painting(1), artist=artist.artist, training_status="pending")
    check_all()
    style.refresh_from_db()
    assert style.review_state == "waiting"
    return style


def appealed(style: Style) -> Appeal:
    stated = Statement.objects.filter(recipient=style.artist.user).latest("pk")
    path = f"/api/moderation/statements/{stated.pk}/appeal"
    assert Api(style.artist.user).post(path, {"words": "It is mine."}).status == 201
    return Appeal.objects.latest("pk")


def judge(appeal: Appeal, *, is_granted: bool, staff: User | None = None) -> None:
    given = {"staff": staff or moderator(), "words": "We have compared them."}
    appeals.judge(appeal_id=appeal.pk, is_granted=is_granted, **given)


class TestTheStatement:
    def test_of_copies(self, held: Style) -> None:
        stated = Api(held.artist.user).get("/api/moderation/statements").results[0]
        assert (stated["action"], stated["ground"], stated["is_automated"]) == (
            *("review", "copyright"),
            True,
        )
        assert (stated["kind"], stated["thing_id"]) == ("style", held.pk)
        assert stated["facts"] == copy_service.COPIES_HELD
        told = held.artist.user.notifications.get(type="works_held")
        assert told.parameters["statement"] == stated["id"]
        decision = Decision.objects.get()
        assert decision.evidence is not None
        assert decision.evidence["found"] == CopyCheck.objects.get().found
        assert (decision.staff, hasattr(decision, "strike")) == (None, False)

    @pytest.mark.parametrize("is_copy", [False, True])
    def test_of_nudity_and_of_both(self, artist: User, check: FakeCheck, is_copy: bool) -> None:
        style_of(painting(1, 512), artist=ArtistFactory())
        copy_service.fill_in(60)
        check.says = 0.75
        style_of(painting(1 if is_copy else 5), artist=artist.artist, training_status="pending")
        check_all()
        stated = Statement.objects.get()
        assert (stated.facts, stated.ground) == (
            (copy_service.BOTH_HELD, "copyright")
            if is_copy
            else (copy_service.NUDITY_HELD, "sexual")
        )
        # One statement, and a notification for each of what was found.
        told = artist.notifications.filter(type="works_held")
        assert [each.parameters["statement"] for each in told] == [stated.pk] * (1 + is_copy)

    def test_works_in_which_nothing_is_found_have_none(self, artist: User, check) -> None:
        style = style_of(painting(5), artist=artist.artist, training_status="pending")
        check_all()
        assert is_ordered(style)
        assert not Decision.objects.exists()


class TestAnAppeal:
    def test_granted_the_style_is_trained(self, held: Style) -> None:
        review = Decision.objects.get()
        appeal = appealed(held)
        judge(appeal, is_granted=True)
        assert is_ordered(held)
        last = Decision.objects.latest("pk")
        assert (last.action, last.reverses, last.case) == ("allow", review, review.case)
        assert appeals.is_over(review)
        appeal.refresh_from_db()
        assert appeal.state == "granted"

    def test_denied_the_works_are_refused_and_another_judges_that(self, held: Style) -> None:
        staff = moderator()
        judge(appealed(held), is_granted=False, staff=staff)
        held.refresh_from_db()
        assert (held.training_status, held.review_state) == ("failed", "refused")
        refused = Statement.objects.latest("pk")
        assert (refused.action, refused.ground, refused.is_automated) == (
            *("refuse", "copyright"),
            False,
        )
        again = appealed(held)
        with pytest.raises(NotAllowed):
            judge(again, is_granted=True, staff=staff)

    def test_granted_against_a_refusal_the_style_is_trained(self, held: Style) -> None:
        judge(appealed(held), is_granted=False)
        refusal = Decision.objects.latest("pk")
        judge(appealed(held), is_granted=True)
        last = Decision.objects.latest("pk")
        assert (last.action, last.reverses) == ("allow", refusal)
        # What is found in the same works does not hold them again.
        check_all()
        assert is_ordered(held)
        held.refresh_from_db()
        assert (held.training_status, held.review_state) == ("pending", "allowed")
        assert held.artist.user.notifications.filter(type="works_allowed").exists()

    @pytest.mark.parametrize("is_discarded", [False, True])
    def test_of_refused_works_that_are_gone_the_strike_alone_is_taken_back(
        self, held: Style, is_discarded: bool
    ) -> None:
        judge(appealed(held), is_granted=False)
        again = appealed(held)
        if is_discarded:
            held.delete()
        else:
            assert put_works(held, files(10)).status == 200
            check_all()
        judge(again, is_granted=True)
        assert Decision.objects.latest("pk").action == "pardon"

    @pytest.mark.parametrize("is_allowed", [False, True])
    def test_who_would_decide_without_it_is_led_to_it(self, held: Style, is_allowed: bool) -> None:
        appeal = appealed(held)
        decide = moderation_service.allow_works if is_allowed else moderation_service.refuse_works
        with pytest.raises(InvalidTransition, match="answer that"):
            decide(CopyCheck.objects.get(), staff=moderator(), reason="We have compared them.")
        judge(appeal, is_granted=is_allowed)
        held.refresh_from_db()
        assert held.review_state == ("allowed" if is_allowed else "refused")

    def test_against_works_that_others_have_replaced_there_is_none(self, held: Style) -> None:
        appeal = appealed(held)
        assert put_works(held, files(10)).status == 200
        review = Decision.objects.get()
        assert appeals.is_over(review)
        check_all()
        assert is_ordered(held)
        # Whoever judges it undoes nothing.
        judge(appeal, is_granted=True)
        assert Decision.objects.get() == review

    def test_after_the_decision_there_is_none(self, held: Style) -> None:
        stated = Statement.objects.get()
        moderation_service.allow_works(
            CopyCheck.objects.get(), staff=moderator(), reason="You sent us the sketches."
        )
        with pytest.raises(InvalidTransition):
            appeals.appeal(user=held.artist.user, statement_id=stated.pk, words="It is mine.")


def test_nudity_is_refused_as_what_it_is(artist: User, check: FakeCheck) -> None:
    check.says = 0.75
    style_of(painting(5), artist=artist.artist, training_status="pending")
    check_all()
    moderation_service.refuse_works(CopyCheck.objects.get(), staff=moderator(), reason="Nude.")
    assert Statement.objects.latest("pk").ground == "sexual"
