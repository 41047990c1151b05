"""The feed, likes, comments, follows; and counters that stay right whoever comes at once."""

import random
from collections import Counter
from functools import partial

import pytest
from django.db import IntegrityError, transaction

from app.models import Artist, Comment, Follow, Generation, Like, Notification
from app.tests.api import Api
from app.tests.factories import (
    ArtistFactory,
    GenerationFactory,
    PublicPictureFactory,
    StyleFactory,
    UserFactory,
)
from app.tests.together import all_at_once

FEED = "/api/community/feed"


def like(client: Api, picture: Generation):
    return client.post(f"/api/images/{picture.pk}/like")


def comment(client: Api, picture: Generation, content: str = "Lovely.", **extra):
    return client.post(f"/api/images/{picture.pk}/comments", {"content": content, **extra})


def counters(picture: Generation) -> tuple[int, int]:
    """Likes and comments as stored, which have to be what can be counted."""
    picture.refresh_from_db()
    assert picture.like_count == Like.objects.filter(generation=picture).count()
    assert picture.comment_count == Comment.objects.shown().filter(generation=picture).count()
    return picture.like_count, picture.comment_count


@pytest.fixture
def picture(buyer) -> Generation:
    return PublicPictureFactory(user=buyer, description="Where I would like to live.")


@pytest.fixture
def visitor(db) -> Api:
    return Api(UserFactory(username="kim"))


@pytest.mark.django_db
class TestFeed:
    def test_public_completed_pictures_the_newest_first(self, as_anyone, picture):
        GenerationFactory()
        newest = PublicPictureFactory()
        assert as_anyone.get(FEED).ids == [newest.pk, picture.pk]

    def test_a_picture_in_the_feed(self, as_anyone, picture):
        [shown] = as_anyone.get(FEED).results
        assert as_anyone.follow_link(shown.pop("image_url")).content == b"a picture"
        style, artist = picture.style, picture.style.artist
        created_at = shown.pop("created_at")
        assert created_at.endswith("Z")
        assert shown == {
            "id": picture.pk,
            "preview_url": None,
            "placeholder": "",
            "width": 512,
            "height": 512,
            "aspect_ratio": "1:1",
            "prompt_tags": ["castle", "sea"],
            "prompt": None,
            "seed": 5,
            "rating": "general",
            "description": "Where I would like to live.",
            "like_count": 0,
            "comment_count": 0,
            "is_liked_by_current_user": False,
            "user": {"id": picture.user_id, "username": "bo", "profile_image": None},
            "style": {"id": style.pk, "name": style.name},
            "artist": {
                "id": artist.pk,
                "username": artist.user.username,
                "profile_image": None,
                "artist_name": artist.artist_name,
            },
        }

    def test_a_picture_that_turns_private_leaves_the_feed(self, as_buyer, as_anyone, picture):
        as_buyer.patch(f"/api/images/{picture.pk}", {"visibility": "private"})
        assert as_anyone.get(FEED).results == []
        assert as_buyer.get(FEED).results == []

    def test_only_of_artists_i_follow(self, visitor, picture):
        other = PublicPictureFactory()
        assert visitor.get(FEED, following="true").results == []
        visitor.post(f"/api/artists/{other.style.artist_id}/follow")
        assert visitor.get(FEED, following="true").ids == [other.pk]
        assert visitor.get(FEED, following="false").ids == [other.pk, picture.pk]

    def test_nobody_follows_without_signing_in(self, as_anyone, picture):
        answer = as_anyone.get(FEED, following="true")
        assert answer.refusal == (401, "UNAUTHENTICATED")

    def test_what_i_like_is_marked_for_me_alone(self, visitor, as_buyer, picture):
        like(visitor, picture)
        assert visitor.get(FEED).results[0]["is_liked_by_current_user"] is True
        assert as_buyer.get(FEED).results[0]["is_liked_by_current_user"] is False
        assert as_buyer.get(FEED).results[0]["like_count"] == 1

    def test_fields_can_be_chosen(self, as_anyone, picture):
        assert as_anyone.get(FEED, fields="id,seed").results == [{"id": picture.pk, "seed": 5}]


@pytest.mark.django_db
class TestImage:
    def test_a_public_picture_is_shown_with_its_counts(self, as_anyone, visitor, picture):
        like(visitor, picture)
        comment(visitor, picture)
        shown = as_anyone.get(f"/api/images/{picture.pk}").data
        assert (shown["like_count"], shown["comment_count"]) == (1, 1)
        assert (shown["status"], shown["visibility"]) == ("completed", "public")
        assert visitor.get(f"/api/images/{picture.pk}").data["is_liked_by_current_user"] is True

    def test_what_it_cost_is_told_to_its_owner_alone(self, as_buyer, visitor, as_anyone, picture):
        path = f"/api/images/{picture.pk}"
        assert as_buyer.get(path).data["cost"] == 10
        assert visitor.get(path).data["cost"] is as_anyone.get(path).data["cost"] is None

    def test_what_is_not_there_is_not_found(self, as_anyone):
        assert as_anyone.get("/api/images/999999").refusal == (404, "NOT_FOUND")

    def test_mine_in_every_state_narrowed_as_asked(self, as_buyer, buyer, picture):
        style = StyleFactory()
        made = {
            status: GenerationFactory(user=buyer, style=style, status=status).pk
            for status in ("queued", "processing", "completed", "failed", "canceled")
        }
        GenerationFactory(style=style)
        assert as_buyer.get("/api/images/mine").ids == [*reversed(made.values()), picture.pk]
        for status in ("queued", "failed"):
            assert as_buyer.get("/api/images/mine", status=status).ids == [made[status]]
        assert as_buyer.get("/api/images/mine", visibility="public").ids == [picture.pk]
        both = as_buyer.get("/api/images/mine", status="completed", visibility="private")
        assert both.ids == [made["completed"]]

    def test_the_owner_shows_hides_and_describes(self, as_buyer, buyer, as_anyone):
        mine = GenerationFactory(user=buyer)
        path = f"/api/images/{mine.pk}"
        shown = as_buyer.patch(path, {"visibility": "public", "description": "Mine."}).data
        assert (shown["visibility"], shown["description"]) == ("public", "Mine.")
        assert as_anyone.get(path).status == 200
        shown = as_buyer.patch(path, {"visibility": "private"}).data
        assert (shown["visibility"], shown["description"]) == ("private", "Mine.")
        assert as_anyone.get(path).status == 404
        assert as_buyer.patch(path, {"description": ""}).data["description"] == ""

    @pytest.mark.parametrize("status", ["queued", "processing", "failed", "canceled"])
    def test_only_a_completed_picture_can_be_shown(self, as_buyer, buyer, status):
        mine = GenerationFactory(user=buyer, status=status)
        answer = as_buyer.patch(
            f"/api/images/{mine.pk}", {"visibility": "public", "description": "New."}
        )
        assert answer.refusal == (409, "INVALID_TRANSITION")
        mine.refresh_from_db()
        assert (mine.visibility, mine.description) == ("private", "")

    def test_nobody_else_may_change_it(self, visitor, picture):
        answer = visitor.patch(f"/api/images/{picture.pk}", {"visibility": "private"})
        assert answer.refusal == (403, "PERMISSION_DENIED")
        answer = visitor.patch(f"/api/images/{GenerationFactory().pk}", {"description": "x"})
        assert answer.refusal == (404, "NOT_FOUND")
        picture.refresh_from_db()
        assert picture.visibility == "public"


@pytest.mark.django_db
class TestLikes:
    def test_a_like_is_toggled(self, visitor, picture):
        assert like(visitor, picture).data == {"is_liked": True, "like_count": 1}
        assert counters(picture) == (1, 0)
        assert like(visitor, picture).data == {"is_liked": False, "like_count": 0}
        assert counters(picture) == (0, 0)

    def test_each_person_likes_once(self, visitor, as_buyer, picture):
        assert like(visitor, picture).data["like_count"] == 1
        assert like(as_buyer, picture).data == {"is_liked": True, "like_count": 2}
        assert counters(picture) == (2, 0)

    @pytest.mark.parametrize("status", ["queued", "completed", "failed"])
    def test_a_private_picture_is_not_liked_not_even_by_its_owner(self, as_buyer, buyer, status):
        private = GenerationFactory(user=buyer, status=status)
        for client in (as_buyer, Api(UserFactory())):
            assert like(client, private).refusal == (404, "NOT_FOUND")
        assert counters(private) == (0, 0)

    def test_the_database_takes_no_second_like_of_anybody(self, picture):
        fan = UserFactory()
        Like.objects.create(user=fan, generation=picture)
        with pytest.raises(IntegrityError, match="like_unique"), transaction.atomic():
            Like.objects.create(user=fan, generation=picture)
        assert Like.objects.filter(generation=picture).count() == 1

    def test_who_is_not_signed_in_likes_nothing(self, as_anyone, picture):
        assert like(as_anyone, picture).refusal == (401, "UNAUTHENTICATED")
        assert counters(picture) == (0, 0)


@pytest.mark.django_db
class TestComments:
    def test_a_comment_is_made_and_listed_the_oldest_first(self, visitor, as_anyone, picture):
        first = comment(visitor, picture, "  First!  ")
        assert first.status == 201
        assert first.data["content"] == "First!"
        assert first.data["user"]["username"] == "kim"
        assert first.data["parent_id"] is None
        second = comment(visitor, picture, "Zweiter 🙂")
        listed = as_anyone.get(f"/api/images/{picture.pk}/comments")
        assert listed.results == [first.data, second.data]
        assert counters(picture) == (0, 2)

    def test_an_answer_names_its_comment(self, visitor, as_buyer, picture):
        first = comment(visitor, picture).data
        answer = comment(as_buyer, picture, "Thanks.", parent_id=first["id"])
        assert (answer.status, answer.data["parent_id"]) == (201, first["id"])

    def test_an_answer_is_not_answered(self, visitor, as_buyer, picture):
        first = comment(visitor, picture).data
        second = comment(as_buyer, picture, parent_id=first["id"]).data
        third = comment(visitor, picture, parent_id=second["id"])
        assert third.refusal == (400, "VALIDATION_ERROR")
        assert list(third.details) == ["parent_id"]
        assert counters(picture) == (0, 2)

    def test_a_comment_on_another_picture_is_not_answered_here(self, visitor, picture):
        elsewhere = comment(visitor, PublicPictureFactory()).data
        answer = comment(visitor, picture, parent_id=elsewhere["id"])
        assert list(answer.details) == ["parent_id"]
        assert counters(picture) == (0, 0)

    def test_500_characters_and_no_more(self, visitor, picture):
        assert comment(visitor, picture, "x" * 500).status == 201
        assert list(comment(visitor, picture, "x" * 501).details) == ["content"]
        assert list(comment(visitor, picture, "   ").details) == ["content"]
        assert counters(picture) == (0, 1)

    def test_authors_delete_their_own_with_its_answers(self, visitor, as_buyer, picture):
        first = comment(visitor, picture).data
        comment(as_buyer, picture, parent_id=first["id"])
        comment(as_buyer, picture, "Another.")
        answer = visitor.delete(f"/api/comments/{first['id']}")
        assert (answer.status, answer.content) == (204, b"")
        assert counters(picture) == (0, 1)
        assert visitor.delete(f"/api/comments/{first['id']}").refusal == (404, "NOT_FOUND")

    def test_staff_delete_any(self, visitor, picture):
        made = comment(visitor, picture).data
        staff = Api(UserFactory(is_staff=True, is_superuser=True))
        assert staff.delete(f"/api/comments/{made['id']}").status == 204
        assert counters(picture) == (0, 0)

    def test_nobody_else_may_delete_not_even_the_pictures_owner(self, visitor, as_buyer, picture):
        made = comment(visitor, picture).data
        for client in (as_buyer, Api(UserFactory())):
            answer = client.delete(f"/api/comments/{made['id']}")
            assert answer.refusal == (403, "PERMISSION_DENIED")
        assert counters(picture) == (0, 1)

    def test_comments_of_a_picture_that_turned_private_are_gone(
        self, visitor, as_buyer, as_anyone, picture
    ):
        made = comment(visitor, picture).data
        as_buyer.patch(f"/api/images/{picture.pk}", {"visibility": "private"})
        for client in (visitor, as_buyer, as_anyone):
            listed = client.get(f"/api/images/{picture.pk}/comments")
            assert listed.refusal == (404, "NOT_FOUND")
        assert comment(visitor, picture).refusal == (404, "NOT_FOUND")
        stranger = Api(UserFactory())
        assert stranger.delete(f"/api/comments/{made['id']}").refusal == (404, "NOT_FOUND")
        assert visitor.delete(f"/api/comments/{made['id']}").status == 204


@pytest.mark.django_db
class TestFollowing:
    def test_a_follow_is_toggled(self, visitor, artist):
        path = f"/api/artists/{artist.pk}/follow"
        assert visitor.post(path).data == {"is_following": True, "follower_count": 1}
        assert visitor.get(f"/api/users/{artist.pk}").data["is_following"] is True
        assert visitor.post(path).data == {"is_following": False, "follower_count": 0}
        assert Artist.objects.get(pk=artist.pk).follower_count == Follow.objects.count() == 0

    def test_artists_i_follow_the_latest_first(self, visitor, artist):
        second = ArtistFactory().user
        for one in (artist, second):
            visitor.post(f"/api/artists/{one.pk}/follow")
        Api(UserFactory()).post(f"/api/artists/{artist.pk}/follow")
        rows = visitor.get("/api/users/following").results
        assert [row["id"] for row in rows] == [second.pk, artist.pk]
        assert rows[1]["followed_at"].endswith("Z")
        assert {k: v for k, v in rows[1].items() if k != "followed_at"} == {
            "id": artist.pk,
            "username": "mira",
            "profile_image": None,
            "artist_name": "Mira Halden",
            "follower_count": 2,
        }

    def test_nobody_follows_themselves(self, as_artist, artist):
        answer = as_artist.post(f"/api/artists/{artist.pk}/follow")
        assert answer.refusal == (409, "CONFLICT")
        assert not Follow.objects.exists()

    def test_the_database_takes_no_second_follow_of_anybody(self, visitor, artist):
        fan = UserFactory()
        Follow.objects.create(follower=fan, following=artist.artist)
        with pytest.raises(IntegrityError, match="follow_unique"), transaction.atomic():
            Follow.objects.create(follower=fan, following=artist.artist)
        assert Follow.objects.count() == 1

    def test_only_artists_are_followed(self, visitor, buyer):
        for pk in (buyer.pk, 999_999):
            assert visitor.post(f"/api/artists/{pk}/follow").refusal == (404, "NOT_FOUND")
        assert not Follow.objects.exists()


@pytest.mark.slow
@pytest.mark.django_db(transaction=True)
class TestAtOnce:
    def test_five_hundred_likes_toggled_at_once_are_counted_right(self):
        picture = PublicPictureFactory()
        people = [Api(UserFactory()) for _ in range(25)]
        calls = [partial(like, person.twin(), picture) for person in people] * 20
        random.Random(3).shuffle(calls)
        answers = all_at_once(calls, threads=20)
        assert Counter(answer.status for answer in answers) == {200: 500}
        # Each person toggled an even number of times.
        assert counters(picture) == (0, 0)
        assert Notification.objects.filter(type="like").count() == 25

    def test_an_odd_number_of_toggles_leaves_a_like(self):
        picture = PublicPictureFactory()
        client = Api(UserFactory())
        answers = all_at_once([partial(like, client.twin(), picture) for _ in range(21)])
        assert Counter(answer.data["is_liked"] for answer in answers) == {True: 11, False: 10}
        assert counters(picture) == (1, 0)

    def test_comments_made_and_deleted_at_once_are_counted_right(self):
        picture = PublicPictureFactory()
        people = [Api(UserFactory()) for _ in range(10)]
        made = [
            (person, comment(person, picture, f"Number {number}").data["id"])
            for number, person in enumerate(people * 3)
        ]
        comment(people[0], picture, "An answer.", parent_id=made[0][1])
        calls = [partial(person.twin().delete, f"/api/comments/{pk}") for person, pk in made[:20]]
        calls += [
            partial(comment, person.twin(), picture, f"Another, number {number}")
            for number, person in enumerate(people * 2)
        ]
        random.Random(4).shuffle(calls)
        answers = all_at_once(calls, threads=16)
        assert Counter(answer.status for answer in answers) == {204: 20, 201: 20}
        assert counters(picture) == (0, 30)

    def test_follows_toggled_at_once_are_counted_right(self):
        artist = ArtistFactory()
        people = [Api(UserFactory()) for _ in range(7)]
        path = f"/api/artists/{artist.pk}/follow"
        calls = [partial(person.twin().post, path) for person in people for _ in range(9)]
        answers = all_at_once(calls, threads=16)
        assert {answer.status for answer in answers} == {200}
        artist.refresh_from_db()
        assert artist.follower_count == Follow.objects.count() == 7
