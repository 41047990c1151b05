"""What is kept while it may be needed, and what of two comments goes with the other."""

from __future__ import annotations

from datetime import timedelta

import pytest

from app.exceptions import InvalidTransition
from app.models import Appeal, Comment, Generation, Report, Statement, User
from app.services import community_service
from app.services.safety import appeals, keeping
from app.tests.api import Api
from app.tests.factories import PublicPictureFactory, UserFactory
from app.tests.safety.staff import act, moderator, report
from app.utils import clock

pytestmark = pytest.mark.django_db


@pytest.fixture
def picture(buyer: User) -> Generation:
    return PublicPictureFactory(user=buyer)


def appealed(statement: Statement | None) -> Appeal:
    assert statement is not None
    return appeals.appeal(user=statement.recipient, statement_id=statement.pk, words="No.")


def judged(appeal: Appeal, *, is_granted: bool) -> None:
    given = {"is_granted": is_granted, "words": "We have looked again."}
    appeals.judge(appeal_id=appeal.pk, staff=moderator(), **given)


class TestWhoReported:
    def is_known(self) -> bool:
        keeping.sweep()
        return bool(Report.objects.get().words)

    def test_is_not_forgotten_while_an_appeal_is_open_and_some_weeks_after(
        self, picture: Generation
    ) -> None:
        report("picture", picture.pk, words="That is me.")
        waiting = appealed(act("picture", picture.pk, "hide").statement)
        Report.objects.update(told_at=clock.now() - timedelta(days=400))
        assert self.is_known()
        judged(waiting, is_granted=False)
        assert self.is_known()
        Appeal.objects.update(decided_at=clock.now() - keeping.AFTER_APPEAL)
        assert not self.is_known()

    def test_an_appeal_against_another_decision_changes_nothing(self, picture: Generation) -> None:
        report("picture", picture.pk, words="That is me.")
        act("picture", picture.pk, "hide")
        other = PublicPictureFactory()
        appealed(act("picture", other.pk, "hide").statement)
        Report.objects.update(told_at=clock.now() - timedelta(days=400))
        assert not self.is_known()


class TestReplies:
    @pytest.fixture
    def comment(self, picture: Generation) -> Comment:
        return self.said(picture)

    @pytest.fixture
    def reply(self, comment: Comment) -> Comment:
        return self.said(comment.generation, parent_id=comment.pk)

    def said(self, picture: Generation, parent_id: int | None = None) -> Comment:
        given = {"user": UserFactory(), "generation_id": picture.pk, "parent_id": parent_id}
        return community_service.add_comment(content="Fine.", **given)

    def test_are_kept_while_their_comment_is_appealed_for(
        self, comment: Comment, reply: Comment
    ) -> None:
        waiting = appealed(act("comment", comment.pk, "remove").statement)
        Comment.objects.update(hidden_at=clock.now() - timedelta(days=400))
        keeping.sweep()
        judged(waiting, is_granted=True)
        shown = Api().get(f"/api/images/{comment.generation_id}/comments").ids
        assert shown == [comment.pk, reply.pk]

    def test_keep_their_comment_while_they_are_appealed_for(
        self, comment: Comment, reply: Comment
    ) -> None:
        waiting = appealed(act("comment", reply.pk, "remove").statement)
        act("comment", comment.pk, "remove")
        Comment.objects.update(hidden_at=clock.now() - timedelta(days=400))
        keeping.sweep()
        assert Comment.objects.count() == 2
        judged(waiting, is_granted=False)
        keeping.sweep()
        assert not Comment.objects.exists()

    def test_are_not_shown_below_a_removed_comment(self, comment: Comment, reply: Comment) -> None:
        act("comment", reply.pk, "remove")
        act("comment", comment.pk, "remove")
        with pytest.raises(InvalidTransition):
            act("comment", reply.pk, "restore")
        act("comment", comment.pk, "restore")
        act("comment", reply.pk, "restore")
        shown = Api().get(f"/api/images/{comment.generation_id}/comments").ids
        assert shown == [comment.pk, reply.pk]
