"""Decisions: each does what it says, and writes audit entry, statement and notice with it."""

from __future__ import annotations

from typing import Any

import pytest
from django.db import IntegrityError, connection, transaction

from app.exceptions import InvalidTransition, NotAllowed, NotFound
from app.models import (
    Comment,
    Decision,
    Generation,
    Licence,
    ModerationCase,
    Notification,
    Proposal,
    Statement,
    Strike,
    Style,
    User,
)
from app.services import community_service
from app.services.safety import deciding, records
from app.tests import ledger
from app.tests.api import Api
from app.tests.factories import PublicPictureFactory, StyleFactory, UserFactory
from app.tests.safety.staff import WORDS, act, member, moderator, report
from app.tests.together import all_at_once

pytestmark = pytest.mark.django_db


@pytest.fixture
def picture(buyer: User, artist: User) -> Generation:
    return PublicPictureFactory(user=buyer, style=StyleFactory(artist=artist.artist))


@pytest.fixture
def comment(picture: Generation) -> Comment:
    author = UserFactory(username="kim")
    return community_service.add_comment(user=author, generation_id=picture.pk, content="Fool.")


def thing_of(kind: str, picture: Generation, comment: Comment) -> tuple[int, int]:
    """Its id, and whose it is."""
    things = {
        "picture": (picture.pk, picture.user_id),
        "style": (picture.style_id, picture.style.artist_id),
        "comment": (comment.pk, comment.user_id),
        "profile": (comment.user_id, comment.user_id),
    }
    return things[kind]


RESTRICTIONS = [
    ("picture", "hide", "picture_hidden", "none"),
    ("style", "hold", "style_held", "held"),
    ("style", "withdraw", "style_withdrawn", "none"),
    ("comment", "remove", "comment_removed", "none"),
    ("profile", "warn", "warned", "none"),
    ("profile", "suspend", "account_suspended", "none"),
]


@pytest.mark.parametrize(("kind", "action", "notice", "effect"), RESTRICTIONS)
class TestEachRestriction:
    def test_has_a_case_an_entry_a_statement_and_a_notice(
        self, kind, action, notice, effect, picture, comment
    ):
        thing_id, owner_id = thing_of(kind, picture, comment)
        staff = moderator()
        case = report(kind, thing_id).case
        made = deciding.decide(
            case_id=case.pk, staff=staff, action=action, ground="hate", words=WORDS
        )
        case.refresh_from_db()
        assert (case.state, made.case_id) == ("decided", case.pk)
        assert (made.staff, made.is_automated, made.subject_id) == (staff, False, owner_id)
        stated = Statement.objects.get(recipient_id=owner_id)
        assert stated.of_decision == made
        assert (stated.facts, stated.ground, stated.is_automated) == (WORDS, "hate", False)
        assert stated.money == {"effect": effect}
        assert stated.appeal_until > stated.created_at
        told = Notification.objects.get(recipient_id=owner_id, type=notice)
        assert told.parameters["statement"] == stated.pk
        assert WORDS in told.message
        owner = Api(User.objects.get(pk=owner_id))
        shown = owner.get("/api/moderation/statements").results
        assert [row["id"] for row in shown] == [stated.pk]
        assert Api(UserFactory()).get(f"/api/moderation/statements/{stated.pk}").status == 404

    def test_twice_is_refused_and_changes_nothing(
        self, kind, action, notice, effect, picture, comment
    ):
        thing_id, _ = thing_of(kind, picture, comment)
        case = report(kind, thing_id).case
        given: dict[str, Any] = {"action": action, "ground": "hate", "words": WORDS}
        deciding.decide(case_id=case.pk, staff=moderator(), **given)
        with pytest.raises(InvalidTransition):
            deciding.decide(case_id=case.pk, staff=moderator(), **given)
        assert Decision.objects.filter(action=action).count() == 1

    def test_without_the_right_nothing_happens(
        self, kind, action, notice, effect, picture, comment
    ):
        thing_id, _ = thing_of(kind, picture, comment)
        case = report(kind, thing_id).case
        given: dict[str, Any] = {"action": action, "ground": "hate", "words": WORDS}
        for staff in (UserFactory(is_staff=True), member("money", "operate"), UserFactory()):
            with pytest.raises(NotAllowed):
                deciding.decide(case_id=case.pk, staff=staff, **given)
        case.refresh_from_db()
        assert (case.state, Decision.objects.count(), Statement.objects.count()) == ("open", 0, 0)


class TestByMachine:
    def test_it_says_so_and_does_not_strike(self, picture):
        evidence = {"check": "nudity", "version": "1", "score": 0.98}
        made = deciding.decide_by_machine(
            kind="picture",
            thing_id=picture.pk,
            action="hide",
            ground="sexual",
            words="A check found sexual content.",
            evidence=evidence,
        )
        assert (made.is_automated, made.staff, made.evidence) == (True, None, evidence)
        stated = Api(picture.user).get("/api/moderation/statements").results[0]
        assert stated["is_automated"] is True
        assert Strike.objects.count() == 0
        picture.refresh_from_db()
        assert picture.visibility == "private"

    def test_what_it_did_itself_is_recorded(self, picture):
        done = records.Act("rate", "picture", picture.pk, picture.user_id, after={"rating": "x"})
        made = deciding.decide_by_machine(
            kind="picture",
            thing_id=picture.pk,
            action="rate",
            ground="sexual",
            words="Rated as mature.",
            evidence={"check": "nudity"},
            done=done,
        )
        assert (made.action, made.after, made.statement is None) == ("rate", {"rating": "x"}, False)

    def test_or_our_staff_looks(self, picture):
        for score in (0.5, 0.6):
            finding = {"check": "nudity", "score": score}
            deciding.hold_for_review(
                kind="picture", thing_id=picture.pk, reason="sexual", finding=finding
            )
        case = ModerationCase.objects.get()
        assert [found["score"] for found in case.findings] == [0.5, 0.6]
        assert (case.report_count, case.severity, Statement.objects.count()) == (0, 4, 0)


class TestStrikes:
    def test_they_count_for_a_time(self, picture, comment, settings):
        settings.STRIKE_DAYS = 30
        act("picture", picture.pk, "hide")
        act("comment", comment.pk, "remove", strikes=False)
        assert records.strikes_of(picture.user_id) == 1
        assert records.strikes_of(comment.user_id) == 0
        Strike.objects.update(created_at="2020-01-01T00:00Z", expires_at="2020-02-01T00:00Z")
        assert records.strikes_of(picture.user_id) == 0


class TestTwoPeople:
    def propose(self, staff: User, picture: Generation, **more: Any) -> Proposal:
        given = {"ground": "copyright", "words": WORDS, **more}
        return deciding.propose_revocation(generation_id=picture.pk, staff=staff, **given)

    def test_one_proposes_and_another_confirms(self, picture):
        first, second = moderator(), moderator()
        proposal = self.propose(first, picture)
        assert Licence.objects.get().state == "active"
        with pytest.raises(NotAllowed):
            deciding.confirm(proposal_id=proposal.pk, staff=first)
        made = deciding.confirm(proposal_id=proposal.pk, staff=second)
        assert (made.staff, made.second, made.action) == (first, second, "revoke")
        assert Licence.objects.get().state == "revoked"

    def test_with_a_refund_it_takes_the_right_to_move_money(self, picture):
        with pytest.raises(NotAllowed):
            self.propose(moderator(), picture, with_refund=True)
        proposal = self.propose(member("moderate", "money"), picture, with_refund=True)
        with pytest.raises(NotAllowed):
            deciding.confirm(proposal_id=proposal.pk, staff=moderator())
        deciding.confirm(proposal_id=proposal.pk, staff=member("moderate", "money"))
        buyer_told, artist_told = (
            Statement.objects.get(recipient_id=pk)
            for pk in (picture.user_id, picture.style.artist_id)
        )
        assert buyer_told.of_decision == artist_told.of_decision
        assert artist_told.money["taken"] == 10
        ledger.assert_right()

    def test_turned_down_it_is_not_done(self, picture):
        proposal = self.propose(moderator(), picture)
        deciding.turn_down(proposal_id=proposal.pk, staff=moderator())
        assert Licence.objects.get().state == "active"
        assert ModerationCase.objects.get().is_open

    @pytest.mark.parametrize("action", ["dismiss", "hide"])
    def test_whoever_decides_the_case_ends_it(self, action, picture):
        """Nobody confirms then what was proposed for another state of things."""
        proposal = self.propose(moderator(), picture)
        given = {"staff": moderator(), "action": action, "ground": "hate", "words": WORDS}
        deciding.decide(case_id=proposal.case_id, **given)
        with pytest.raises(NotFound):
            deciding.confirm(proposal_id=proposal.pk, staff=moderator())
        assert Licence.objects.get().state == "active"

    def test_a_warning_besides_does_not(self, picture):
        act("picture", picture.pk, "hide")
        [case] = ModerationCase.objects.all()
        given = {"ground": "copyright", "words": WORDS}
        proposal = deciding.propose(case_id=case.pk, staff=moderator(), **given)
        warned = {"staff": moderator(), "action": "warn", "further": True, **given}
        deciding.decide(case_id=case.pk, **warned)
        deciding.confirm(proposal_id=proposal.pk, staff=moderator())
        assert Licence.objects.get().state == "revoked"

    def test_both_are_named(self, picture):
        staff = moderator()
        proposal = self.propose(staff, picture)
        deciding.confirm(proposal_id=proposal.pk, staff=moderator())
        made = Decision.objects.get(action="revoke")
        assert made.second_id not in (None, staff.pk)


class TestTheAudit:
    @pytest.mark.parametrize("kind", [Decision, Statement])
    @pytest.mark.parametrize("change", ["update", "delete"])
    def test_entries_are_never_changed(self, kind, change, picture):
        act("picture", picture.pk, "hide")
        name = kind._meta.db_table
        statements = {
            "update": f"UPDATE {name} SET ground = 'none'",
            "delete": f"DELETE FROM {name}",
        }
        with (
            pytest.raises(IntegrityError, match="written once"),
            transaction.atomic(),
            connection.cursor() as cursor,
        ):
            cursor.execute(statements[change])
        assert kind._default_manager.count() == 1


@pytest.mark.django_db(transaction=True)
class TestNoRestrictionWithoutStatement:
    """Whoever restricts: this version, the one before it, or a hand at the database."""

    def restrictions(self, user_id: int) -> list[tuple[str, str]]:
        found = Statement.objects.filter(recipient_id=user_id).order_by("pk")
        return list(found.values_list("action", "facts"))

    def test_a_picture_hidden_by_the_version_before(self, picture):
        Generation.objects.filter(pk=picture.pk).update(visibility="private", hidden_reason="Rude.")
        assert self.restrictions(picture.user_id) == [("hide", "Rude.")]
        assert Decision.objects.restriction("picture", picture.pk) is not None
        Generation.objects.filter(pk=picture.pk).update(hidden_reason="")
        assert Decision.objects.restriction("picture", picture.pk) is None
        Generation.objects.filter(pk=picture.pk).update(hidden_reason="Again.")
        assert self.restrictions(picture.user_id)[1:] == [("hide", "Again.")]

    def test_a_style_withdrawn_by_it(self, picture):
        Style.objects.update(is_active=False, withdrawn_reason="Not theirs.")
        artist_id = picture.style.artist_id
        assert self.restrictions(artist_id) == [("withdraw", "Not theirs.")]

    def test_of_what_this_version_does_there_is_one(self, picture):
        act("picture", picture.pk, "hide")
        act("style", picture.style_id, "hold")
        assert len(self.restrictions(picture.user_id)) == 1
        assert len(self.restrictions(picture.style.artist_id)) == 1
        act("picture", picture.pk, "restore")
        act("style", picture.style_id, "restore")
        assert Decision.objects.count() == 4

    def test_nobody_is_suspended_without_one(self, picture):
        with pytest.raises(IntegrityError, match="by a decision"):
            User.objects.filter(pk=picture.user_id).update(suspended_at="2026-01-01T00:00Z")
        act("profile", picture.user_id, "suspend")
        with pytest.raises(IntegrityError, match="by a decision"):
            User.objects.filter(pk=picture.user_id).update(suspended_at=None)
        act("profile", picture.user_id, "restore")

    def test_two_of_the_staff_at_once_decide_once(self, picture):
        case = report("picture", picture.pk).case
        people = [moderator() for _ in range(4)]

        def dismiss(staff: User) -> bool:
            try:
                deciding.decide(
                    case_id=case.pk, staff=staff, action="dismiss", ground="none", words="Fine."
                )
            except InvalidTransition:
                return False
            return True

        done = all_at_once([lambda staff=staff: dismiss(staff) for staff in people])
        assert (sorted(done), Decision.objects.count()) == ([False, False, False, True], 1)
