"""What is not for everybody's eyes is not shown by a door beside the main one."""

from __future__ import annotations

import pytest
from django.contrib.admin.models import LogEntry
from django.test import Client

from app.exceptions import NotFound
from app.models import Comment, Generation, Notification, User
from app.services import community_service, generation_service, people_service
from app.services.safety import reporting
from app.tests.api import Api
from app.tests.factories import PublicPictureFactory, StyleFactory, UserFactory
from app.tests.safety.staff import act

pytestmark = pytest.mark.django_db
SAID = "You fool."


@pytest.fixture
def picture(buyer: User, artist: User) -> Generation:
    return PublicPictureFactory(user=buyer, style=StyleFactory(artist=artist.artist))


@pytest.fixture
def comment(picture: Generation) -> Comment:
    return community_service.add_comment(user=UserFactory(), generation_id=picture.pk, content=SAID)


def reported(reader: User | None, comment: Comment) -> str:
    """The page to report a comment at; "" where there is none."""
    client = Client()
    if reader is not None:
        client.force_login(reader)
    answer = client.get(f"/report/comment/{comment.pk}")
    return answer.content.decode() if answer.status_code == 200 else ""


class TestOfComments:
    """What a reader does not find on the picture's page, no other page shows, by whatever id."""

    def test_switched_off_they_are_not_read(self, comment: Comment, buyer: User) -> None:
        reader = UserFactory()
        assert SAID in reported(reader, comment)
        generation_service.update_generation(
            user=buyer, generation_id=comment.generation_id, allows_comments=False
        )
        for each in (reader, buyer, None):
            assert reported(each, comment) == ""
        with pytest.raises(NotFound):
            reporting.report(user=reader, kind="comment", thing_id=comment.pk, reason="hate")

    @pytest.mark.parametrize("who", ["author", "buyer"])
    def test_nor_by_whom_one_of_them_blocks(self, comment: Comment, who: str) -> None:
        reader = UserFactory()
        another = {"author": comment.user, "buyer": comment.generation.user}[who]
        people_service.set_block(user=another, person_id=reader.pk, is_blocked=True)
        page = reported(reader, comment)
        assert SAID not in page
        # Who blocks somebody can still be reported by them.
        assert f">{comment.pk}<" in page
        assert SAID in reported(None, comment)

    def test_nor_words_of_a_picture_whose_buyer_blocks(self, picture: Generation) -> None:
        Generation.objects.update(prompt="a secret sea")
        reader = UserFactory()
        people_service.set_block(user=picture.user, person_id=reader.pk, is_blocked=True)
        client = Client()
        client.force_login(reader)
        page = client.get(f"/report/picture/{picture.pk}")
        assert page.status_code == 200
        assert "secret" not in page.content.decode()


class TestOfSuspendedPeople:
    def test_a_comment_is_not_reported(self, comment: Comment) -> None:
        assert reporting.subject_seen_by(UserFactory(), "comment", comment.pk) == comment.user_id
        act("profile", comment.user_id, "suspend")
        with pytest.raises(NotFound):
            reporting.subject_seen_by(UserFactory(), "comment", comment.pk)

    def test_artists_are_not_among_those_one_follows(self, artist: User, buyer: User) -> None:
        community_service.set_follow(user=buyer, artist_id=artist.pk, is_following=True)
        reader = Api(buyer)
        assert len(reader.get("/api/users/following").results) == 1
        act("profile", artist.pk, "suspend")
        assert reader.get("/api/users/following").results == []
        act("profile", artist.pk, "restore")
        assert len(reader.get("/api/users/following").results) == 1

    def test_notices_quote_no_comment(self, comment: Comment, buyer: User) -> None:
        reader = Api(buyer)
        assert SAID in reader.get("/api/notifications").content.decode()
        act("profile", comment.user_id, "suspend")
        assert SAID not in reader.get("/api/notifications").content.decode()
        assert not Notification.objects.of(buyer).filter(type="comment").exists()
        act("profile", comment.user_id, "restore")
        assert SAID in reader.get("/api/notifications").content.decode()


def test_the_log_of_the_admin_keeps_no_words_of_a_removed_comment(comment: Comment) -> None:
    act("comment", comment.pk, "remove")
    entry = LogEntry.objects.get()
    assert entry.object_id == str(comment.pk)
    assert SAID not in entry.object_repr + entry.change_message
