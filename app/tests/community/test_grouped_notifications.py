"""Likes of one picture come as one notification, and so do one's followers."""

from __future__ import annotations

import importlib
from functools import partial
from typing import Any

import pytest
from django.apps import apps
from django.db import connection

from app.models import Artist, Follow, Generation, Like, Notification, User
from app.services import community_service, notification_service, user_service
from app.tests.api import Api
from app.tests.factories import ArtistFactory, PublicPictureFactory, UserFactory
from app.tests.together import all_at_once
from app.utils import clock

pytestmark = pytest.mark.django_db

NOTIFICATIONS = "/api/notifications"


@pytest.fixture
def picture(buyer: User) -> Generation:
    made = PublicPictureFactory(user=buyer)
    Notification.objects.all().delete()  # that it is ready
    return made


def people(*names: str) -> list[User]:
    return [UserFactory(username=name) for name in names]


def like(picture: Generation, *likers: User) -> None:
    for user in likers:
        community_service.set_like(user=user, generation_id=picture.pk, is_liked=True)


def follow(artist: User, *followers: User) -> None:
    for user in followers:
        community_service.set_follow(user=user, artist_id=artist.pk, is_following=True)


def told(client: Api) -> list[tuple[str, int, bool]]:
    """Message, others and whether it is read; the newest first."""
    rows = client.get(NOTIFICATIONS).results
    return [(row["message"], row["other_count"], row["is_read"]) for row in rows]


def unread(client: Api) -> tuple[int, int]:
    data = client.get(NOTIFICATIONS).data
    assert client.get(NOTIFICATIONS, unread_only="true").data["count"] == data["unread_count"]
    return data["count"], data["unread_count"]


class TestGroups:
    def test_likes_of_a_picture_are_one(self, as_buyer, buyer, picture):
        another = PublicPictureFactory(user=buyer)
        Notification.objects.all().delete()
        kim, lou, mia, ned = people("kim", "lou", "mia", "ned")
        like(picture, kim)
        like(another, kim)
        assert told(as_buyer) == [("kim likes your picture.", 0, False)] * 2
        like(picture, lou)
        assert told(as_buyer)[0] == ("lou and 1 other like your picture.", 1, False)
        like(picture, mia, ned)
        row, other = as_buyer.get(NOTIFICATIONS).results
        assert (row["message"], row["other_count"]) == ("ned and 3 others like your picture.", 3)
        assert (row["actor"]["username"], row["target"]["id"]) == ("ned", picture.pk)
        assert (other["target"]["id"], other["other_count"]) == (another.pk, 0)
        assert unread(as_buyer) == (2, 2)
        assert as_buyer.post(f"{NOTIFICATIONS}/mark-all-read").data == {"updated_count": 2}
        assert unread(as_buyer) == (2, 0)

    def test_followers_are_one(self, as_artist, artist):
        follow(artist, *people("kim", "lou", "mia"))
        assert told(as_artist) == [("mia and 2 others follow you.", 2, False)]
        another = ArtistFactory()
        follow(another.user, UserFactory(username="kai"))
        assert told(Api(another.user)) == [("kai follows you.", 0, False)]
        assert unread(as_artist) == (1, 1)

    def test_whoever_comes_again_is_counted_once(self, as_buyer, picture, as_artist, artist):
        kim, lou = people("kim", "lou")
        like(picture, kim, lou)
        follow(artist, kim, lou)
        notification_service.mark_all_read(picture.user)
        for _ in range(2):
            for user in (kim, lou):
                community_service.toggle_like(user=user, generation_id=picture.pk)
                community_service.toggle_follow(user=user, artist_id=artist.pk)
        assert told(as_buyer) == [("lou and 1 other like your picture.", 1, True)]
        assert told(as_artist) == [("lou and 1 other follow you.", 1, False)]

    def test_one_more_makes_it_news_again(self, as_buyer, picture, buyer):
        kim, lou, mia = people("kim", "lou", "mia")
        like(picture, kim, lou)
        community_service.add_comment(user=kim, generation_id=picture.pk, content="Fine.")
        seen = as_buyer.get(NOTIFICATIONS).results[1]
        as_buyer.patch(f"{NOTIFICATIONS}/{seen['id']}/read")
        assert unread(as_buyer) == (2, 1)
        like(picture, mia)
        assert told(as_buyer) == [
            ("mia and 2 others like your picture.", 2, False),
            ("kim commented on your picture: Fine.", 0, False),
        ]
        # What a client has seen before is read already, which reads nothing that it hasn't seen.
        again = as_buyer.patch(f"{NOTIFICATIONS}/{seen['id']}/read")
        assert (again.status, again.data["is_read"]) == (200, True)
        assert unread(as_buyer) == (2, 2)

    def test_what_a_service_says_in_its_own_words_stays_by_itself(self, as_worker, as_buyer, buyer):
        picture = PublicPictureFactory(user=buyer)
        Notification.objects.all().delete()
        target = {"type": "image", "id": picture.pk}
        body = {"recipient_id": buyer.pk, "type": "like", "message": "Hm.", "target": target}
        assert as_worker.post(NOTIFICATIONS, body).status == 201
        like(picture, *people("kim", "lou"))
        assert [message for message, *_ in told(as_buyer)] == [
            "lou and 1 other like your picture.",
            "Hm.",
        ]

    @pytest.mark.django_db(transaction=True)
    def test_at_the_same_moment(self, as_buyer, picture, as_artist, artist):
        users = people(*(f"fan{n}" for n in range(8)))
        all_at_once([partial(like, picture, user) for user in users])
        all_at_once([partial(follow, artist, user) for user in users])
        assert [row[1:] for row in told(as_buyer)] == [(7, False)]
        assert [row[1:] for row in told(as_artist)] == [(7, False)]


class TestPages:
    @pytest.fixture
    def pictures(self, buyer: User) -> list[Generation]:
        made = [PublicPictureFactory(user=buyer) for _ in range(7)]
        Notification.objects.all().delete()
        for picture in made:
            like(picture, *people(*(f"{name}{picture.pk}" for name in ("kim", "lou"))))
        return made

    def test_numbers_count_groups(self, as_buyer, pictures):
        first = as_buyer.get(NOTIFICATIONS, limit=4)
        assert (first.data["count"], first.data["unread_count"]) == (7, 7)
        second = as_buyer.follow_link(first.data["next"])
        targets = [row["target"]["id"] for row in first.results + second.results]
        assert targets == [picture.pk for picture in reversed(pictures)]
        assert second.data["next"] is None


class TestThoseWhoLeave:
    @pytest.mark.parametrize(
        ("who", "left"),
        [
            ("kim", "mia and 1 other like your picture."),
            ("lou", "mia and 1 other like your picture."),
            ("mia", "lou and 1 other like your picture."),
        ],
    )
    @pytest.mark.parametrize("is_read", [True, False])
    def test_the_others_stay(self, as_buyer, buyer, picture, who, left, is_read):
        like(picture, *people("kim", "lou", "mia"))
        if is_read:
            notification_service.mark_all_read(buyer)
        user_service.close_account(User.objects.get(username=who))
        assert told(as_buyer) == [(left, 1, is_read)]
        like(picture, UserFactory(username="ned"))
        assert told(as_buyer) == [("ned and 2 others like your picture.", 2, False)]

    def test_until_nobody_is_left(self, as_artist, artist):
        users = people("kim", "lou", "mia")
        follow(artist, *users)
        user_service.close_account(users[1])
        assert told(as_artist) == [("mia and 1 other follow you.", 1, False)]
        user_service.close_account(users[2])
        assert told(as_artist) == [("kim follows you.", 0, False)]
        user_service.close_account(users[0])
        assert told(as_artist) == []
        assert unread(as_artist) == (0, 0)

    def test_their_own_are_gone(self, buyer, picture):
        like(picture, *people("kim", "lou"))
        user_service.close_account(buyer)
        assert not Notification.objects.exists()


class TestTheVersionBefore:
    """It knows no groups, and goes on writing during an upgrade."""

    @staticmethod
    def write(kind: type[Like | Follow], told: dict[str, Any], **row: Any) -> None:
        kind._default_manager.bulk_create([kind(**row)])  # without the signal
        columns = {"message": "Old words.", "is_read": False, "created_at": clock.now(), **told}
        with connection.cursor() as cursor:
            cursor.execute(
                f"INSERT INTO app_notification ({', '.join(columns)})"
                f" VALUES ({', '.join(['%s'] * len(columns))})",
                list(columns.values()),
            )

    def like(self, picture: Generation, user: User, **changes: Any) -> None:
        row = {"recipient_id": picture.user_id, "actor_id": user.pk, "type": "like"}
        target = {"target_type": "image", "target_id": picture.pk}
        self.write(Like, {**row, **target, **changes}, user=user, generation=picture)

    def test_its_rows_join_the_group_with_the_next(self, as_buyer, picture):
        like(picture, *people("kim", "lou"))
        self.like(picture, UserFactory(username="mia"), parameters="{}")
        assert [row[:2] for row in told(as_buyer)] == [
            ("mia likes your picture.", 0),
            ("lou and 1 other like your picture.", 1),
        ]
        like(picture, UserFactory(username="ned"))
        assert told(as_buyer) == [("ned and 3 others like your picture.", 3, False)]

    def test_what_was_there_is_folded_by_the_migration(self, as_buyer, buyer, picture, as_artist):
        another = PublicPictureFactory(user=buyer)
        Notification.objects.all().delete()
        kim, lou, mia = people("kim", "lou", "mia")
        for user in (kim, lou, mia):
            self.like(picture, user, is_read=user != kim)
        for user in (kim, lou):
            self.like(another, user, is_read=True)
        artist: Artist = ArtistFactory(user=buyer)
        for user in (kim, lou):
            row = {"recipient_id": buyer.pk, "actor_id": user.pk, "type": "follow"}
            target = {"target_type": "user", "target_id": user.pk}
            self.write(Follow, {**row, **target}, follower=user, following=artist)
        Notification.objects.create(recipient=buyer, type="follow", message="Hello.")
        migration = importlib.import_module("app.migrations.0013_grouped_notifications")
        for _ in range(2):
            migration.fold(apps, connection.schema_editor())
            assert told(as_buyer) == [
                ("Hello.", 0, False),
                ("lou and 1 other follow you.", 1, False),
                ("lou and 1 other like your picture.", 1, True),
                ("mia and 2 others like your picture.", 2, False),
            ]
            assert unread(as_buyer) == (4, 3)
