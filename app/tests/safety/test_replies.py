"""Replies that go with a removed comment: their authors are told why, and have them back."""

from __future__ import annotations

import pytest

from app.exceptions import InvalidTransition
from app.models import Appeal, Comment, Decision, Notification, Statement, Strike, User
from app.services import community_service
from app.services.safety import acts, appeals
from app.tests.api import Api
from app.tests.factories import PublicPictureFactory, UserFactory
from app.tests.safety.staff import act, moderator

pytestmark = pytest.mark.django_db


@pytest.fixture
def comment() -> Comment:
    picture = PublicPictureFactory()
    return community_service.add_comment(
        user=UserFactory(), generation_id=picture.pk, content="Fool."
    )


def reply(comment: Comment, user: User, content: str) -> Comment:
    made: Comment = community_service.add_comment(
        user=user, generation_id=comment.generation_id, content=content, parent_id=comment.pk
    )
    return made


def told(user: User) -> list[str]:
    return list(Notification.objects.filter(recipient=user).values_list("type", flat=True))


def test_their_authors_have_a_statement_of_their_own(comment: Comment) -> None:
    lee = UserFactory()
    theirs = reply(comment, lee, "So?")
    reply(comment, comment.user, "Yes.")
    act("comment", comment.pk, "remove", ground="hate")
    stated = Statement.objects.get(recipient=lee)
    assert (stated.thing_id, stated.facts, stated.ground) == (theirs.pk, acts.GONE_WITH, "hate")
    notice = Notification.objects.get(recipient=lee)
    assert (notice.type, notice.parameters["statement"]) == ("comment_removed", stated.pk)
    # What its author has added goes with the comment.
    assert Statement.objects.filter(recipient=comment.user).count() == 1
    assert [each.user_id for each in Strike.objects.all()] == [comment.user_id]


def test_who_removes_it_is_told_nothing_of_their_own_reply(comment: Comment) -> None:
    staff = moderator()
    reply(comment, staff, "Stop it.")
    act("comment", comment.pk, "remove", staff=staff)
    assert not Statement.objects.filter(recipient=staff).exists()


def test_they_are_back_with_it(comment: Comment) -> None:
    lee = UserFactory()
    theirs, gone_before = reply(comment, lee, "So?"), reply(comment, lee, "Fool yourself.")
    act("comment", gone_before.pk, "remove")
    act("comment", comment.pk, "remove")
    act("comment", comment.pk, "restore", ground="mistake")
    assert set(Comment.objects.shown()) == {comment, theirs}
    assert Decision.objects.restriction("comment", theirs.pk) is None
    assert Decision.objects.restriction("comment", gone_before.pk) is not None
    assert told(lee).count("comment_restored") == 1
    stated = Statement.objects.get(recipient=lee, thing_id=theirs.pk)
    answer = Api(lee).post(f"/api/moderation/statements/{stated.pk}/appeal", {"words": "Why?"})
    assert answer.refusal == (409, "INVALID_TRANSITION")


def test_alone_none_comes_back(comment: Comment) -> None:
    """Who judges its appeal has to give the comment back, or to deny it."""
    lee = UserFactory()
    reply(comment, lee, "So?")
    act("comment", comment.pk, "remove")
    stated = Statement.objects.get(recipient=lee)
    Api(lee).post(f"/api/moderation/statements/{stated.pk}/appeal", {"words": "Why mine?"})
    [waiting] = Appeal.objects.all()
    given = {"appeal_id": waiting.pk, "staff": moderator(), "words": "We have looked."}
    with pytest.raises(InvalidTransition):
        appeals.judge(**given, is_granted=True)
    act("comment", comment.pk, "restore", ground="mistake")
    assert appeals.judge(**given, is_granted=True).state == "granted"
