"""What a check does to somebody's pictures is stated; who wins an appeal has them as before."""

from __future__ import annotations

from typing import Any

import pytest

from app.exceptions import InvalidTransition, NotAllowed
from app.models import Appeal, Decision, Generation, ModerationCase, PictureCheck, Statement, User
from app.services import moderation_service, user_service
from app.services.checks import pictures
from app.services.safety import appeals
from app.tests.api import Api
from app.tests.checks.looking import FakeCheck, drawn
from app.tests.factories import StyleFactory, UserFactory
from app.tests.safety.staff import act, moderator, report
from app.tests.uploads import file, picture

pytestmark = pytest.mark.django_db
FEED = "/api/community/feed"


def checked(check: FakeCheck, score: float, *, allows: bool = False, **about: Any) -> Generation:
    """A picture in which a check found that much."""
    made = drawn(style=StyleFactory(allows_mature=allows), **about)
    check.says = score
    assert pictures.check_next()
    made.refresh_from_db()
    return made


def judged(user: User, *, is_granted: bool = True, staff: User | None = None) -> Statement:
    """The latest statement of the user, whose appeal is answered by somebody."""
    stated = Statement.objects.filter(recipient=user).latest("pk")
    path = f"/api/moderation/statements/{stated.pk}/appeal"
    assert Api(user).post(path, {"words": "It is a statue."}).status == 201
    appeals.judge(
        appeal_id=Appeal.objects.latest("pk").pk,
        staff=staff or moderator(),
        is_granted=is_granted,
        words="We have looked again.",
    )
    return stated


class TestHidden:
    @pytest.mark.parametrize("was", ["public", "private"])
    def test_it_comes_back_as_it_was(self, check, was) -> None:
        made = checked(check, 0.97, visibility=was)
        assert (made.visibility, made.rating) == ("private", "blocked")
        decision = Decision.objects.get()
        assert decision.before == {"visibility": was, "rating": "unrated"}
        assert decision.evidence == {"check": "nudity", "version": "fake/1", "score": 0.97}
        judged(made.user)
        made.refresh_from_db()
        assert (made.visibility, made.rating, made.hidden_reason) == (was, "general", "")
        assert Api().get(FEED).ids == ([made.pk] if was == "public" else [])

    def test_our_staff_looks_at_it_as_it_says(self, check) -> None:
        made = checked(check, 0.97)
        case = ModerationCase.objects.open().get()
        assert (case.kind, case.thing_id, case.reasons) == ("picture", made.pk, ["sexual"])
        assert case.findings[0]["score"] == 0.97
        stated = Api(made.user).get("/api/moderation/statements").results[0]
        told = made.user.notifications.get(type="picture_hidden")
        assert (stated["is_automated"], told.parameters["statement"]) == (True, stated["id"])
        judged(made.user)
        assert not ModerationCase.objects.open().exists()

    def test_staff_who_lets_it_be_published_ends_the_case(self, check) -> None:
        made = checked(check, 0.97)
        act("picture", made.pk, "restore", ground="mistake")
        assert not ModerationCase.objects.open().exists()

    def test_denied_it_stays(self, check) -> None:
        made = checked(check, 0.97, visibility="public")
        judged(made.user, is_granted=False)
        made.refresh_from_db()
        assert (made.visibility, made.rating) == ("private", "blocked")
        # Somebody has looked, as its owner was promised.
        assert not ModerationCase.objects.open().exists()
        assert Decision.objects.restriction("picture", made.pk) is not None

    def test_denied_it_leaves_what_people_report(self, check) -> None:
        made = checked(check, 0.97, visibility="public")
        ModerationCase.objects.open().update(report_count=1)
        judged(made.user, is_granted=False)
        assert ModerationCase.objects.open().exists()


class TestRated:
    def test_an_appeal_makes_it_everybodys(self, check) -> None:
        made = checked(check, 0.7, allows=True, visibility="public")
        assert Api().get(FEED).ids == []
        rated = Decision.objects.get()
        judged(made.user)
        made.refresh_from_db()
        assert made.rating == "general"
        assert Api().get(FEED).ids == [made.pk]
        assert Decision.objects.latest("pk").reverses == rated
        assert PictureCheck.objects.get().outcome == "lifted"
        assert Appeal.objects.get().state == "granted"

    def test_of_what_is_hidden_for_another_reason_the_rating_alone(self, check) -> None:
        made = drawn(style=StyleFactory(), visibility="public")
        act("picture", made.pk, "hide", ground="hate")
        check.says = 0.97
        pictures.check_next()
        judged(made.user)
        made.refresh_from_db()
        assert (made.rating, made.visibility, made.hidden_reason != "") == (
            *("general", "private"),
            True,
        )

    def test_what_a_check_has_hidden_is_not_rated_alone(self, check) -> None:
        made = checked(check, 0.97)
        with pytest.raises(InvalidTransition):
            moderation_service.rate_general(made, staff=moderator(), reason="Fine.")
        made.refresh_from_db()
        assert made.rating == "blocked"

    def test_what_people_have_reported_of_it_is_not_decided(self, check) -> None:
        made = drawn(style=StyleFactory(allows_mature=True), visibility="public")
        Generation.objects.update(rating="general")
        case = report("picture", made.pk).case
        check.says = 0.7
        pictures.check_next()
        moderation_service.rate_general(made, staff=moderator(), reason="Peaches.")
        case.refresh_from_db()
        assert (case.state, Decision.objects.count()) == ("open", 2)


class TestTaken:
    @pytest.fixture
    def user(self, check: FakeCheck) -> User:
        """Whose profile picture a check has taken down."""
        user = UserFactory()
        user_service.update_profile(user=user, profile_image=file(picture()))
        check.says = 0.97
        pictures.check_next()
        return user

    def shown(self, user: User) -> bool:
        user.refresh_from_db()
        return user.profile_image != ""

    def test_it_is_stated_and_comes_back(self, user) -> None:
        stated = judged(user)
        assert (stated.action, stated.kind, stated.ground) == ("take", "profile", "sexual")
        assert stated.is_automated
        assert self.shown(user)
        assert Decision.objects.latest("pk").reverses == stated.of_decision
        assert not PictureCheck.objects.held().exists()
        told = user.notifications.get(type="image_taken")
        assert told.parameters["statement"] == stated.pk

    def test_denied_it_is_refused_and_another_judges_that(self, user) -> None:
        staff = moderator()
        judged(user, is_granted=False, staff=staff)
        assert not self.shown(user)
        # Nobody has to look at it again.
        assert not PictureCheck.objects.held().exists()
        refused = Statement.objects.latest("pk")
        assert (refused.ground, refused.is_automated) == ("sexual", False)
        with pytest.raises(NotAllowed):
            judged(user, staff=staff)

    def test_what_staff_refuses_is_stated_and_judged_by_another(self, user) -> None:
        staff = moderator()
        first = Decision.objects.get()
        refuse = {"staff": staff, "reason": "Porn."}
        moderation_service.uphold_check(PictureCheck.objects.get(), **refuse)
        assert appeals.is_over(first)
        with pytest.raises(NotAllowed):
            judged(user, staff=staff)
        waiting = Appeal.objects.get()
        assert (waiting.statement.facts, waiting.first) == ("Porn.", staff)
        given = {"is_granted": True, "words": "It is a statue."}
        appeals.judge(appeal_id=waiting.pk, staff=moderator(), **given)
        assert self.shown(user)

    @pytest.mark.parametrize("decide", ["uphold_check", "lift_check"])
    def test_what_waits_for_an_answer_is_not_decided_meanwhile(self, user, decide) -> None:
        stated = Statement.objects.get()
        Api(user).post(f"/api/moderation/statements/{stated.pk}/appeal", {"words": "A statue."})
        with pytest.raises(InvalidTransition):
            getattr(moderation_service, decide)(
                PictureCheck.objects.get(), staff=moderator(), reason="Porn."
            )
        assert Decision.objects.count() == 1

    def test_what_people_have_reported_of_the_profile_is_not_decided(self, user) -> None:
        case = report("profile", user.pk).case
        moderation_service.lift_check(PictureCheck.objects.get(), staff=moderator(), reason="Ok.")
        case.refresh_from_db()
        assert case.is_open
        assert self.shown(user)

    def test_who_has_left_is_only_answered(self, user) -> None:
        stated = Statement.objects.get()
        Api(user).post(f"/api/moderation/statements/{stated.pk}/appeal", {"words": "A statue."})
        user_service.close_account(user)
        given = {"is_granted": True, "words": "It is a statue."}
        appeals.judge(appeal_id=Appeal.objects.get().pk, staff=moderator(), **given)
        assert Decision.objects.latest("pk").action == "pardon"
