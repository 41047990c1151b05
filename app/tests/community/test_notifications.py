"""Who is told what, how often, and how it is read."""

import pytest

from app.models import Comment, Follow, Like, Notification
from app.tests.api import Api
from app.tests.factories import PublicPictureFactory, UserFactory

pytestmark = pytest.mark.django_db

NOTIFICATIONS = "/api/notifications"


@pytest.fixture
def visitor() -> Api:
    return Api(UserFactory(username="kim"))


@pytest.fixture
def picture(buyer):
    made = PublicPictureFactory(user=buyer)
    Notification.objects.all().delete()  # that it is ready
    return made


def told(client: Api) -> list[tuple[str, str]]:
    """Type and message, the newest first."""
    return [(row["type"], row["message"]) for row in client.get(NOTIFICATIONS).results]


def notes(user, count: int) -> list[int]:
    """``count`` notifications; their ids, the newest first."""
    made = [
        Notification.objects.create(recipient=user, type="like", message=f"Number {n}.").pk
        for n in range(count)
    ]
    return made[::-1]


class TestWhatIsTold:
    def test_a_like_is_told_to_the_owner(self, visitor, as_buyer, picture):
        visitor.post(f"/api/images/{picture.pk}/like")
        [row] = as_buyer.get(NOTIFICATIONS).results
        assert row["created_at"].endswith("Z")
        assert {k: v for k, v in row.items() if k not in {"id", "created_at"}} == {
            "type": "like",
            "message": "kim likes your picture.",
            "parameters": {},
            "actor": {
                "id": Like.objects.get().user_id,
                "username": "kim",
                "profile_image": None,
            },
            "other_count": 0,
            "target": {"type": "image", "id": picture.pk},
            "thumbnail_url": None,
            "subject": "castle, sea",
            "is_read": False,
        }

    def test_liking_again_tells_nothing_new(self, visitor, as_buyer, picture):
        for _ in range(5):
            visitor.post(f"/api/images/{picture.pk}/like")
        assert len(told(as_buyer)) == 1

    def test_each_person_and_each_picture_counts_by_itself(self, visitor, as_buyer, buyer, picture):
        another = PublicPictureFactory(user=buyer)
        Notification.objects.all().delete()
        for client in (visitor, Api(UserFactory(username="lou"))):
            for one in (picture, another):
                client.post(f"/api/images/{one.pk}/like")
        assert Notification.objects.filter(type="like").count() == 4

    def test_a_comment_is_told_to_the_owner(self, visitor, as_buyer, picture):
        visitor.post(f"/api/images/{picture.pk}/comments", {"content": "Lovely."})
        visitor.post(f"/api/images/{picture.pk}/comments", {"content": "Really."})
        assert told(as_buyer) == [
            ("comment", "kim commented on your picture: Really."),
            ("comment", "kim commented on your picture: Lovely."),
        ]

    def test_an_answer_is_told_to_whom_it_answers(self, visitor, as_buyer, picture):
        path = f"/api/images/{picture.pk}/comments"
        first = visitor.post(path, {"content": "Lovely."}).data
        as_buyer.post(path, {"content": "Thanks.", "parent_id": first["id"]})
        assert told(visitor) == [("comment", "bo replied to your comment: Thanks.")]
        assert len(told(as_buyer)) == 1

    def test_the_owner_who_is_answered_is_told_once(self, visitor, as_buyer, picture):
        path = f"/api/images/{picture.pk}/comments"
        first = as_buyer.post(path, {"content": "Mine."}).data
        visitor.post(path, {"content": "Lovely.", "parent_id": first["id"]})
        assert told(as_buyer) == [("comment", "kim commented on your picture: Lovely.")]

    def test_a_follow_is_told_to_the_artist_once(self, visitor, as_artist, artist):
        for _ in range(3):
            visitor.post(f"/api/artists/{artist.pk}/follow")
        assert told(as_artist) == [("follow", "kim follows you.")]
        [row] = as_artist.get(NOTIFICATIONS).results
        assert row["target"] == {"type": "user", "id": Follow.objects.get().follower_id}

    def test_nobody_is_told_of_their_own_acts(self, as_buyer, picture):
        path = f"/api/images/{picture.pk}/comments"
        as_buyer.post(f"/api/images/{picture.pk}/like")
        first = as_buyer.post(path, {"content": "Mine."}).data
        as_buyer.post(path, {"content": "Still mine.", "parent_id": first["id"]})
        assert (Like.objects.count(), Comment.objects.count()) == (1, 2)
        assert told(as_buyer) == []

    def test_the_longest_comment_fits(self, visitor, as_buyer, picture):
        visitor.post(f"/api/images/{picture.pk}/comments", {"content": "x" * 500})
        assert told(as_buyer)[0][1].endswith("x" * 500)


class TestReading:
    def test_twenty_on_a_page_the_newest_first(self, as_buyer, buyer):
        made = notes(buyer, 25)
        first = as_buyer.get(NOTIFICATIONS)
        assert (first.data["count"], first.data["unread_count"]) == (25, 25)
        assert first.ids == made[:20]
        assert first.data["previous"] is None
        second = as_buyer.follow_link(first.data["next"])
        assert (second.ids, second.data["next"]) == (made[20:], None)
        assert as_buyer.follow_link(second.data["previous"]).ids == made[:20]

    def test_a_page_may_be_larger_or_smaller(self, as_buyer, buyer):
        made = notes(buyer, 25)
        assert as_buyer.get(NOTIFICATIONS, limit=3).ids == made[:3]
        assert as_buyer.get(NOTIFICATIONS, limit=100).ids == made

    @pytest.mark.parametrize("limit", ["0", "101", "-1", "x", "", "1e1", "٣", "9" * 5000])
    def test_a_limit_that_makes_no_sense_is_named(self, as_buyer, limit):
        answer = as_buyer.get(NOTIFICATIONS, limit=limit)
        assert answer.refusal == (400, "VALIDATION_ERROR")
        assert list(answer.details) == ["limit"]

    @pytest.mark.parametrize("page", ["2", "0", "-1", "x", "last", "9" * 5000])
    def test_a_page_that_is_not_there_is_not_found(self, as_buyer, buyer, page):
        notes(buyer, 2)
        assert as_buyer.get(NOTIFICATIONS, page=page).refusal == (404, "NOT_FOUND")

    def test_one_is_marked_as_read(self, as_buyer, buyer):
        newest, _ = notes(buyer, 2)
        for _ in range(2):
            answer = as_buyer.patch(f"{NOTIFICATIONS}/{newest}/read")
            assert (answer.data["id"], answer.data["is_read"]) == (newest, True)
        assert as_buyer.get(NOTIFICATIONS).data["unread_count"] == 1

    def test_all_are_marked_as_read(self, as_buyer, buyer):
        notes(buyer, 3)
        notes(UserFactory(), 2)
        assert as_buyer.post(f"{NOTIFICATIONS}/mark-all-read").data == {"updated_count": 3}
        assert as_buyer.post(f"{NOTIFICATIONS}/mark-all-read").data == {"updated_count": 0}
        assert Notification.objects.filter(is_read=False).count() == 2

    def test_only_unread_ones(self, as_buyer, buyer):
        newest, oldest = notes(buyer, 2)
        as_buyer.patch(f"{NOTIFICATIONS}/{newest}/read")
        unread = as_buyer.get(NOTIFICATIONS, unread_only="true")
        assert (unread.ids, unread.data["count"], unread.data["unread_count"]) == ([oldest], 1, 1)
        everything = as_buyer.get(NOTIFICATIONS, unread_only="false")
        assert (everything.ids, everything.data["unread_count"]) == ([newest, oldest], 1)

    def test_others_notifications_are_not_there(self, as_buyer, buyer):
        [hers] = notes(UserFactory(), 1)
        assert as_buyer.get(NOTIFICATIONS).results == []
        assert as_buyer.patch(f"{NOTIFICATIONS}/{hers}/read").refusal == (404, "NOT_FOUND")
        assert Notification.objects.get().is_read is False

    @pytest.mark.parametrize("call", ["get", "patch", "post"])
    def test_who_is_not_signed_in_has_none(self, as_anyone, call):
        path = {"get": "", "patch": "/1/read", "post": "/mark-all-read"}[call]
        answer = getattr(as_anyone, call)(f"{NOTIFICATIONS}{path}")
        assert answer.refusal == (401, "UNAUTHENTICATED")


class TestTelling:
    """By a worker or a service, with an internal token."""

    def test_a_user_is_told_something(self, as_worker, as_buyer, buyer):
        body = {
            "recipient_id": buyer.pk,
            "type": "training_complete",
            "message": "Your style model Quill is ready!",
            "target": {"type": "style", "id": 7},
        }
        answer = as_worker.post(NOTIFICATIONS, body)
        assert answer.status == 201
        assert as_buyer.get(NOTIFICATIONS).results == [answer.data]
        assert answer.data["target"] == {"type": "style", "id": 7}
        assert answer.data["actor"] is None

    def test_without_a_target(self, as_worker, buyer):
        body = {"recipient_id": buyer.pk, "type": "follow", "message": "Hello."}
        assert as_worker.post(NOTIFICATIONS, body).data["target"] is None

    def test_nobody_cannot_be_told(self, as_worker):
        body = {"recipient_id": 999_999, "type": "follow", "message": "Hello."}
        answer = as_worker.post(NOTIFICATIONS, body)
        assert answer.refusal == (400, "VALIDATION_ERROR")
        assert list(answer.details) == ["recipient_id"]
        assert not Notification.objects.exists()

    def test_users_cannot_tell_anybody(self, as_buyer, buyer):
        body = {"recipient_id": buyer.pk, "type": "follow", "message": "Hello."}
        answer = as_buyer.post(NOTIFICATIONS, body)
        assert answer.refusal == (403, "INVALID_INTERNAL_TOKEN")
        assert not Notification.objects.exists()

    def test_the_same_outcome_twice_is_told_once(self, as_worker, as_buyer, buyer):
        body = {
            "recipient_id": buyer.pk,
            "type": "generation_complete",
            "message": "Ready.",
            "target": {"type": "image", "id": 7},
        }
        assert [as_worker.post(NOTIFICATIONS, body).status for _ in range(2)] == [201, 201]
        assert len(told(as_buyer)) == 1
