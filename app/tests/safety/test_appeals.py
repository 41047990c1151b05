"""Appeals: once, judged by somebody else; who wins has content, rank and money again."""

from __future__ import annotations

import json
from datetime import timedelta
from typing import Any

import pytest
from django.db import IntegrityError, transaction

from app.exceptions import InvalidTransition, NotAllowed
from app.models import (
    Appeal,
    Comment,
    Decision,
    Generation,
    Licence,
    Notification,
    Statement,
    Strike,
    Style,
    User,
)
from app.services import community_service, earnings, user_service
from app.services.safety import appeals, deciding, keeping, records
from app.services.webhooks import endpoints
from app.tests import ledger
from app.tests.api import Api
from app.tests.factories import GenerationFactory, PublicPictureFactory, StyleFactory, UserFactory
from app.tests.safety.staff import WORDS, act, member, moderator
from app.tests.together import all_at_once
from app.utils import clock

pytestmark = pytest.mark.django_db


@pytest.fixture
def picture(buyer: User, artist: User) -> Generation:
    return PublicPictureFactory(user=buyer, style=StyleFactory(artist=artist.artist))


def statement_of(user: User | int) -> Statement:
    pk = user if isinstance(user, int) else user.pk
    return Statement.objects.filter(recipient_id=pk).latest("pk")


def appealed(statement: Statement, words: str = "It was not I.", **more: Any) -> Appeal:
    path = f"/api/moderation/statements/{statement.pk}/appeal"
    made = Api(statement.recipient).post(path, {"words": words, **more}).data
    return Appeal.objects.get(pk=made["id"])


def judged(appeal: Appeal, *, is_granted: bool = True, staff: User | None = None) -> Appeal:
    staff = staff or member("moderate", "money")
    given = {"is_granted": is_granted, "words": "We have looked again."}
    return appeals.judge(appeal_id=appeal.pk, staff=staff, **given)


class TestOnce:
    def test_a_second_one_is_refused(self, picture):
        act("picture", picture.pk, "hide")
        stated = statement_of(picture.user)
        appealed(stated)
        path = f"/api/moderation/statements/{stated.pk}/appeal"
        answer = Api(picture.user).post(path, {"words": "Once more."})
        assert answer.refusal == (409, "INVALID_TRANSITION")
        assert Appeal.objects.count() == 1

    def test_too_late_is_refused(self, picture, settings):
        settings.APPEAL_DAYS = 10
        act("picture", picture.pk, "hide")
        stated = statement_of(picture.user)
        assert stated.appeal_until - stated.created_at < timedelta(days=10, minutes=1)

    def test_after_it_was_taken_back_there_is_nothing_to_appeal(self, picture):
        act("picture", picture.pk, "hide")
        stated = statement_of(picture.user)
        act("picture", picture.pk, "restore")
        path = f"/api/moderation/statements/{stated.pk}/appeal"
        assert Api(picture.user).post(path, {"words": "?"}).refusal == (409, "INVALID_TRANSITION")

    def test_nobody_elses(self, picture):
        act("picture", picture.pk, "hide")
        path = f"/api/moderation/statements/{statement_of(picture.user).pk}/appeal"
        assert Api(UserFactory()).post(path, {"words": "?"}).status == 404


class TestBySomebodyElse:
    def test_not_by_who_decided(self, picture):
        staff = moderator()
        act("picture", picture.pk, "hide", staff=staff)
        waiting = appealed(statement_of(picture.user))
        with pytest.raises(NotAllowed):
            judged(waiting, staff=staff)
        waiting.refresh_from_db()
        picture.refresh_from_db()
        assert (waiting.state, picture.visibility) == ("open", "private")
        assert judged(waiting).state == "granted"

    def test_nor_by_who_confirmed(self, picture):
        first, second = moderator(), moderator()
        proposal = deciding.propose_revocation(
            generation_id=picture.pk, staff=first, words=WORDS, ground="copyright"
        )
        deciding.confirm(proposal_id=proposal.pk, staff=second)
        waiting = appealed(statement_of(picture.user))
        for staff in (first, second):
            with pytest.raises(NotAllowed):
                judged(waiting, staff=staff)

    def test_the_database_says_so_too(self, picture):
        staff = moderator()
        act("picture", picture.pk, "hide", staff=staff)
        waiting = appealed(statement_of(picture.user))
        with pytest.raises(IntegrityError, match="appeal_judged_by_another"), transaction.atomic():
            Appeal.objects.filter(pk=waiting.pk).update(
                judge=staff, state="granted", decided_at=clock.now()
            )

    @pytest.mark.django_db(transaction=True)
    def test_two_at_once_judge_once(self, picture):
        act("picture", picture.pk, "hide")
        waiting = appealed(statement_of(picture.user))
        people = [moderator() for _ in range(4)]

        def judge(staff: User) -> bool:
            try:
                judged(waiting, staff=staff)
            except InvalidTransition:
                return False
            return True

        done = all_at_once([lambda staff=staff: judge(staff) for staff in people])
        assert sorted(done) == [False, False, False, True]
        assert Decision.objects.filter(action="restore").count() == 1


def ranks() -> list[list[int]]:
    """Where pictures and styles stand."""
    return [
        Api().get("/api/community/feed").ids,
        Api().get("/api/community/feed?sort=popular").ids,
        [style.pk for style in Style.objects.offered().found_by(sort="popular")],
    ]


class TestWon:
    def test_denied_everything_stays(self, picture):
        act("picture", picture.pk, "hide")
        judged(appealed(statement_of(picture.user)), is_granted=False)
        picture.refresh_from_db()
        assert (picture.visibility, records.strikes_of(picture.user_id)) == ("private", 1)
        told = Notification.objects.get(type="appeal_denied")
        assert told.message == "Your appeal was denied. Our answer: We have looked again."

    @pytest.mark.parametrize(("kind", "action"), [("picture", "hide"), ("style", "withdraw")])
    def test_content_and_rank_are_as_before(self, kind, action, picture, artist):
        other = PublicPictureFactory(style=picture.style)
        PublicPictureFactory()
        community_service.toggle_like(user=artist, generation_id=picture.pk)
        before = ranks()
        thing_id = picture.pk if kind == "picture" else picture.style_id
        act(kind, thing_id, action)
        assert ranks() != before
        judged(appealed(Statement.objects.latest("pk")))
        assert ranks() == before
        assert other.pk in before[0]
        assert Strike.objects.get().lifted_at is not None
        assert Notification.objects.filter(type="appeal_granted").count() == 1

    def test_a_comment_is_there_again_with_its_replies(self, picture, buyer):
        author = UserFactory()
        comment = community_service.add_comment(
            user=author, generation_id=picture.pk, content="Fine."
        )
        community_service.add_comment(
            user=buyer, generation_id=picture.pk, content="Thanks.", parent_id=comment.pk
        )
        shown = Api().get(f"/api/images/{picture.pk}/comments").ids
        act("comment", comment.pk, "remove")
        assert Api().get(f"/api/images/{picture.pk}/comments").ids == []
        judged(appealed(statement_of(author)))
        assert Api().get(f"/api/images/{picture.pk}/comments").ids == shown
        picture.refresh_from_db()
        assert picture.comment_count == 2

    def test_a_comment_is_kept_until_nobody_can_appeal(self, picture):
        author = UserFactory()
        comment = community_service.add_comment(
            user=author, generation_id=picture.pk, content="Fine."
        )
        act("comment", comment.pk, "remove")
        keeping.sweep()
        assert Comment.objects.count() == 1
        waiting = appealed(statement_of(author))
        Comment.objects.update(hidden_at=clock.now() - timedelta(days=400))
        keeping.sweep()
        assert Comment.objects.count() == 1
        judged(waiting, is_granted=False)
        keeping.sweep()
        assert Comment.objects.count() == 0

    def test_an_account_has_everything_again(self, picture, artist):
        before = ranks()
        act("profile", artist.pk, "suspend")
        act("profile", picture.user_id, "suspend")
        assert ranks() != before
        for user in (artist, picture.user):
            stated = Statement.objects.get(recipient=user, kind="profile")
            judged(appealed(stated))
        assert ranks() == before


class TestMoney:
    def sold(self, artist: User, settings: Any) -> Generation:
        settings.EARNINGS_HOLD_DAYS = 0
        buyer = UserFactory(tokens=0)
        Api(buyer).post("/api/tokens/purchase", {"amount": 100, "payment_method": "card"})
        return GenerationFactory(user=buyer, style=StyleFactory(artist=artist.artist))

    def payable(self, artist: User) -> int:
        return earnings.of(User.objects.get(pk=artist.pk)).payable

    def test_what_a_refund_took_is_the_artists_again(self, artist, settings):
        picture = self.sold(artist, settings)
        before = (User.objects.get(pk=artist.pk).token_balance, self.payable(artist))
        assert before == (10, 10)
        act("picture", picture.pk, "refund", ground="fraud")
        assert self.payable(artist) == 0
        judged(appealed(statement_of(artist)))
        assert (User.objects.get(pk=artist.pk).token_balance, self.payable(artist)) == before
        # The buyer keeps the refund: the platform bears it.
        assert User.objects.get(pk=picture.user_id).token_balance == 100
        ledger.assert_right()

    def test_a_licence_is_valid_again(self, picture):
        told = endpoints.create(user=picture.user, url="https://hooks.example.com/").deliveries
        proposal = deciding.propose_revocation(
            generation_id=picture.pk, staff=moderator(), words=WORDS, ground="copyright"
        )
        deciding.confirm(proposal_id=proposal.pk, staff=moderator())
        assert Licence.objects.get().state == "revoked"
        judged(appealed(statement_of(picture.user)))
        assert Licence.objects.get().state == "active"
        assert Api().get("/api/community/feed").ids == [picture.pk]
        assert Decision.objects.restriction("picture", picture.pk) is None
        # Others' systems, too, have heard of both.
        ended, restored = told.order_by("pk")
        assert (ended.type, restored.type) == ("licence.revoked", "licence.restored")
        assert json.loads(restored.body)["data"]["state"] == "active"
        ledger.assert_right()


class TestCounterNotices:
    def test_are_signed_and_against_copyright_alone(self, picture):
        act("picture", picture.pk, "hide", ground="copyright")
        signed = {"name": "Bo", "address": "Fog Street 1, Busan", "signature": "Bo"}
        made = appealed(statement_of(picture.user), **signed)
        assert (made.is_counter_notice, made.address) == (True, "Fog Street 1, Busan")

    def test_who_signed_is_forgotten_in_time(self, picture, settings):
        settings.REPORTER_KEPT_DAYS = 100
        act("picture", picture.pk, "hide", ground="copyright")
        signed = {"name": "Bo", "address": "Fog Street 1, Busan", "signature": "Bo"}
        waiting = appealed(statement_of(picture.user), **signed)
        keeping.sweep()
        judged(waiting, is_granted=False)
        for days, address in ((99, "Fog Street 1, Busan"), (101, "–")):
            Appeal.objects.update(decided_at=clock.now() - timedelta(days=days))
            keeping.sweep()
            kept = Appeal.objects.get()
            assert kept.address == address
        assert (kept.name, kept.signature, kept.words) == ("–", "–", "It was not I.")
        assert keeping.sweep() == 0

    def test_half_a_one_is_no_plain_appeal(self, picture):
        """It would use up the only one."""
        act("picture", picture.pk, "hide", ground="copyright")
        stated = statement_of(picture.user)
        path = f"/api/moderation/statements/{stated.pk}/appeal"
        signed = {"name": "Bo", "address": "Fog Street 1, Busan", "signature": "Bo"}
        for given in signed:
            answer = Api(picture.user).post(path, {"words": "No.", given: signed[given]})
            assert answer.refusal == (400, "VALIDATION_ERROR")
            missing = {name: ["A counter-notice needs this."] for name in signed if name != given}
            assert answer.details == missing
        assert not Appeal.objects.exists()
        assert appealed(stated, **signed).is_counter_notice

    def test_not_against_other_grounds(self, picture):
        act("picture", picture.pk, "hide", ground="hate")
        path = f"/api/moderation/statements/{statement_of(picture.user).pk}/appeal"
        signed = {"words": "No.", "name": "Bo", "address": "Fog Street 1", "signature": "Bo"}
        assert Api(picture.user).post(path, signed).refusal == (400, "VALIDATION_ERROR")


def test_who_has_left_is_not_told(picture):
    act("picture", picture.pk, "hide")
    waiting = appealed(statement_of(picture.user))
    user_service.close_account(picture.user)
    assert judged(waiting, is_granted=False).state == "denied"
    assert Notification.objects.filter(recipient=picture.user).count() == 0
    assert Style.objects.count() == 1
