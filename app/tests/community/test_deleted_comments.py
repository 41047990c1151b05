"""What a deleted comment said is in no notice any more, whoever deleted it."""

from __future__ import annotations

from collections.abc import Callable

import pytest
from django.test import Client

from app.models import Comment, Generation, Notification, User
from app.services import community_service, moderation_service, user_service
from app.tests.api import Api
from app.tests.factories import PublicPictureFactory, UserFactory

pytestmark = pytest.mark.django_db
SAID, REPLIED = "You 100% fool.", "And your cat too."


def by_the_api(comment: Comment) -> None:
    assert Api(comment.user).delete(f"/api/comments/{comment.pk}").status == 204


def by_the_site(comment: Comment) -> None:
    client = Client()
    client.force_login(comment.user)
    assert client.post(f"/comments/{comment.pk}/delete").status_code == 302


def by_staff(comment: Comment) -> None:
    staff = User.objects.create_superuser("keeper", "keeper@example.com", "keeps")
    moderation_service.delete_comment(user=staff, comment_id=comment.pk, reason="Rude.")


def by_leaving(comment: Comment) -> None:
    user_service.close_account(comment.user)


@pytest.fixture
def picture(buyer: User) -> Generation:
    return PublicPictureFactory(user=buyer)


@pytest.fixture
def comment(picture: Generation) -> Comment:
    """One with a reply, so that the owner and the author are told."""
    author = UserFactory(username="kim")
    comment = community_service.add_comment(user=author, generation_id=picture.pk, content=SAID)
    community_service.add_comment(
        user=UserFactory(username="lee"),
        generation_id=picture.pk,
        content=REPLIED,
        parent_id=comment.pk,
    )
    return comment


def read_by(user: User) -> str:
    """All that the API and the site show of a user's notices."""
    client = Client()
    client.force_login(user)
    page = client.get("/notifications").content.decode()
    return Api(user).get("/api/notifications").content.decode() + page


@pytest.mark.parametrize("is_old", [False, True], ids=["", "kept by the version before"])
@pytest.mark.parametrize("delete", [by_the_api, by_the_site, by_staff, by_leaving])
def test_nobody_reads_it_again(
    delete: Callable[[Comment], None], is_old: bool, comment: Comment, buyer: User
) -> None:
    if is_old:
        Notification.objects.update(parameters=None)
    shown = read_by(buyer)
    assert SAID in shown
    assert REPLIED in shown
    assert REPLIED in read_by(comment.user)
    delete(comment)
    kept = list(Notification.objects.values_list("type", "message", "parameters"))
    assert SAID not in str(kept)
    assert REPLIED not in str(kept)
    assert "fool" not in read_by(buyer)


def test_others_stay(comment: Comment, picture: Generation, buyer: User) -> None:
    elsewhere = PublicPictureFactory(user=buyer)
    for at, user, content in (
        (picture, comment.user, "Sorry."),
        (picture, UserFactory(), SAID),
        (elsewhere, comment.user, SAID),
    ):
        community_service.add_comment(user=user, generation_id=at.pk, content=content)
    by_the_api(comment)
    told = Notification.objects.filter(recipient=buyer, type="comment").order_by("pk")
    assert [(one.target_id, one.parameters["said"]) for one in told] == [
        *((picture.pk, "Sorry."), (picture.pk, SAID), (elsewhere.pk, SAID))
    ]
    assert community_service.comment_of(Comment.objects.latest("pk").pk).content == SAID
