"""Comments that a machine refuses: links by new accounts, floods, the same text again."""

from datetime import timedelta

import pytest
import time_machine

from app.models import Comment
from app.services.checks.comments import MOST, has_link
from app.tests.api import Api
from app.tests.factories import PublicPictureFactory, UserFactory
from app.utils import clock

pytestmark = pytest.mark.django_db
LONG = "What a wonderful picture, I like it so much!"


def say(client: Api, picture, content: str):
    return client.post(f"/api/images/{picture.pk}/comments", {"content": content})


@pytest.fixture
def picture():
    return PublicPictureFactory()


@pytest.fixture
def as_newcomer():
    return Api(UserFactory())


@pytest.mark.parametrize(
    "content",
    [
        "https://example.com/x",
        "see HTTP://x.example",
        "www.example.org",
        "cheap-pills.shop",
        "cheap-pills . shop",
        "pills (dot) com",
        "join t.me/pills",
        "ｅｘａｍｐｌｅ.com/win",
        "exam\u200bple.com",
    ],
)
def test_new_accounts_post_no_links(as_newcomer, picture, content):
    refused = say(as_newcomer, picture, content)
    assert refused.refusal == (422, "COMMENT_REFUSED")
    assert refused.details == {"reason": "link", "days": 3}
    assert "without the link" in refused.message
    picture.refresh_from_db()
    assert (Comment.objects.count(), picture.comment_count) == (0, 0)


@pytest.mark.parametrize(
    "content",
    [
        "Wow...",
        "I like it.So much",
        "No. 5 is the best. Me too",
        "3.5 of 5",
        "the sea.The sky",
        "I love it.Me too",
        "정말 좋아요. 최고!",
        "by @mira.ink",
        "e.g. this one",
    ],
)
def test_what_is_no_link_is_none(content):
    assert not has_link(content)


def test_whoever_is_here_for_longer_may(picture):
    known = UserFactory(date_joined=clock.now() - timedelta(days=4))
    assert say(Api(known), picture, "https://example.com").status == 201


def test_a_flood_is_told_when_to_go_on(as_newcomer, picture):
    with time_machine.travel(clock.now(), tick=False) as now:
        for number in range(MOST):
            assert say(as_newcomer, picture, f"Number {number}").status == 201
        now.shift(20)
        refused = say(as_newcomer, picture, "One more")
        assert refused.refusal == (429, "RATE_LIMITED")
        assert refused.headers["Retry-After"] == "40"
        now.shift(41)
        assert say(as_newcomer, picture, "One more").status == 201
    assert Comment.objects.count() == MOST + 1


def test_the_same_text_again_is_refused(as_newcomer, picture):
    others = [PublicPictureFactory(style=picture.style) for _ in range(2)]
    assert say(as_newcomer, picture, LONG).status == 201
    again = say(as_newcomer, picture, LONG.upper().replace(",", " –"))
    assert again.refusal == (422, "COMMENT_REFUSED")
    assert again.details == {"reason": "repeated"}
    assert say(as_newcomer, others[0], LONG).status == 201
    assert say(as_newcomer, others[1], LONG.replace("o", "\u043e")).details["reason"] == "repeated"
    assert Comment.objects.count() == 2


def test_short_praise_may_stand_under_many_pictures(as_newcomer, picture):
    for each in [picture, *(PublicPictureFactory(style=picture.style) for _ in range(3))]:
        assert say(as_newcomer, each, "Beautiful!").status == 201
    with time_machine.travel(clock.now() + timedelta(days=2)):
        assert say(as_newcomer, picture, "Beautiful!").status == 201


def test_the_same_thanks_may_answer_several_comments(as_newcomer, picture):
    path, said = f"/api/images/{picture.pk}/comments", "Thank you!"
    asked = [say(Api(UserFactory()), picture, f"Nice {n}").data["id"] for n in range(2)]
    for parent in asked:
        assert as_newcomer.post(path, {"content": said, "parent_id": parent}).status == 201
    again = as_newcomer.post(path, {"content": said, "parent_id": asked[0]})
    assert again.refusal == (422, "COMMENT_REFUSED")
