"""Blocks and mutes: who does not see whom, nor hears of them, at every door."""

from __future__ import annotations

from collections.abc import Callable
from contextlib import suppress
from typing import Any

import pytest

from app.exceptions import NotFound
from app.models import Follow, Generation, HiddenPerson, Like, Notification, User
from app.services import community_service, people_service, user_service
from app.tests.api import Api
from app.tests.factories import (
    ArtistFactory,
    PublicPictureFactory,
    StyleFactory,
    UserFactory,
)
from app.tests.safety.staff import moderator, report
from app.tests.together import all_at_once

pytestmark = pytest.mark.django_db


class Scene:
    """Kim, who is an artist, and Lee; a picture of each, and one that others made in Kim's style.
    Each has commented on the other's."""

    def __init__(self) -> None:
        self.kim: User = ArtistFactory(user__username="kim", artist_name="Kim Sora").user
        self.lee: User = ArtistFactory(user__username="lee", artist_name="Lee Haru").user
        self.style = StyleFactory(artist=self.kim.artist, name="Tide", tags=("tide",))
        self.of_kim = PublicPictureFactory(user=self.kim)
        self.of_lee = PublicPictureFactory(user=self.lee)
        self.in_style = PublicPictureFactory(style=self.style)
        self.as_kim, self.as_lee = Api(self.kim), Api(self.lee)
        comment = community_service.add_comment
        self.said = comment(user=self.kim, generation_id=self.in_style.pk, content="By Kim.")
        comment(
            user=UserFactory(),
            generation_id=self.in_style.pk,
            content="To Kim.",
            parent_id=self.said.pk,
        )
        comment(user=self.lee, generation_id=self.in_style.pk, content="By Lee.")
        comment(user=self.lee, generation_id=self.of_kim.pk, content="On Kim's.")
        community_service.set_follow(user=self.lee, artist_id=self.kim.pk, is_following=True)
        community_service.set_follow(user=self.kim, artist_id=self.lee.pk, is_following=True)


@pytest.fixture
def scene() -> Scene:
    return Scene()


def contents(client: Api, picture: Generation) -> list[str]:
    return [row["content"] for row in client.get(f"/api/images/{picture.pk}/comments").results]


def told(user: User) -> set[str]:
    """By whom."""
    rows = Api(user).get("/api/notifications").results
    return {row["actor"]["username"] for row in rows if row["actor"]}


def seen_in_lists(client: Api, scene: Scene) -> dict[str, Any]:
    """What ``client`` finds of Kim in lists."""
    found = client.get("/api/search?q=kim").data
    return {
        "feed": {scene.of_kim.pk, scene.in_style.pk} & set(client.get("/api/community/feed").ids),
        "popular": {scene.of_kim.pk, scene.in_style.pk}
        & set(client.get("/api/community/feed?sort=popular").ids),
        "wall": client.get(f"/api/community/feed?artist_id={scene.kim.pk}").ids,
        "comments": [text for text in contents(client, scene.in_style) if "Kim" in text],
        "artists": [each["artist_name"] for each in found["artists"]],
        "styles": [each["name"] for each in client.get("/api/search?q=tide").data["styles"]],
    }


NOTHING = {
    "feed": set(), "popular": set(), "wall": [], "comments": [], "artists": [], "styles": []
}  # fmt: skip


def blocks(one: User, other: User) -> None:
    people_service.set_block(user=one, person_id=other.pk, is_blocked=True)


def is_blocked_by(one: User, other: User) -> None:
    blocks(other, one)


def mutes(one: User, other: User) -> None:
    people_service.set_mute(user=one, person_id=other.pk, is_muted=True)


class TestLists:
    def test_without_it_all_is_seen(self, scene):
        both = {scene.of_kim.pk, scene.in_style.pk}
        assert seen_in_lists(scene.as_lee, scene) == {
            "feed": both,
            "popular": both,
            "wall": [scene.in_style.pk],
            "comments": ["By Kim.", "To Kim."],
            "artists": ["Kim Sora"],
            "styles": ["Tide"],
        }

    @pytest.mark.parametrize("act", [blocks, is_blocked_by, mutes])
    def test_the_other_is_in_none(self, scene, act: Callable[[User, User], None]):
        act(scene.lee, scene.kim)
        assert seen_in_lists(scene.as_lee, scene) == NOTHING
        assert contents(scene.as_lee, scene.in_style) == ["By Lee."]

    @pytest.mark.parametrize(
        ("act", "is_hidden"), [(blocks, True), (is_blocked_by, True), (mutes, False)]
    )
    def test_a_mute_is_not_noticed_by_the_muted(self, scene, act, is_hidden):
        act(scene.lee, scene.kim)
        assert (scene.of_lee.pk in scene.as_kim.get("/api/community/feed").ids) is not is_hidden
        assert ("By Lee." in contents(scene.as_kim, scene.in_style)) is not is_hidden

    def test_others_and_strangers_see_what_they_saw(self, scene):
        blocks(scene.lee, scene.kim)
        for client in (Api(), Api(UserFactory())):
            assert seen_in_lists(client, scene)["styles"] == ["Tide"]
            assert len(contents(client, scene.in_style)) == 3

    def test_the_followed_are_left_out_when_muted(self, scene):
        feed = "/api/community/feed?following=true"
        assert scene.as_lee.get(feed).ids == [scene.in_style.pk]
        mutes(scene.lee, scene.kim)
        assert scene.as_lee.get(feed).ids == []

    def test_ones_own_picture_in_their_style_stays_ones_own(self, scene):
        mine = PublicPictureFactory(user=scene.lee, style=scene.style)
        blocks(scene.kim, scene.lee)
        assert scene.as_lee.get(f"/api/images/{mine.pk}").status == 200
        assert mine.pk in scene.as_lee.get("/api/images/mine").ids


class TestDoors:
    @pytest.mark.parametrize("act", [blocks, is_blocked_by])
    def test_a_block_closes_pictures_to_both(self, scene, act):
        act(scene.lee, scene.kim)
        for path in ("", "/status", "/comments"):
            assert scene.as_lee.get(f"/api/images/{scene.of_kim.pk}{path}").status == 404
            assert scene.as_kim.get(f"/api/images/{scene.of_lee.pk}{path}").status == 404
            assert Api().get(f"/api/images/{scene.of_kim.pk}{path}").status == 200

    @pytest.mark.parametrize("act", [blocks, is_blocked_by])
    def test_neither_likes_comments_or_follows(self, scene, act):
        act(scene.lee, scene.kim)
        for client, picture, person in (
            (scene.as_lee, scene.of_kim, scene.kim),
            (scene.as_kim, scene.of_lee, scene.lee),
        ):
            assert client.put(f"/api/images/{picture.pk}/like").status == 404
            path = f"/api/images/{picture.pk}/comments"
            assert client.post(path, {"content": "Hm."}).status == 404
            assert client.put(f"/api/artists/{person.pk}/follow").status == 404
        answer = scene.as_lee.post(
            f"/api/images/{scene.in_style.pk}/comments",
            {"content": "Hm.", "parent_id": scene.said.pk},
        )
        assert answer.details == {"parent_id": ["There is no such comment on this picture."]}
        assert not Like.objects.exists()
        assert not Follow.objects.exists()

    def test_it_ends_that_they_follow_each_other(self, scene):
        assert Follow.objects.count() == 2
        blocks(scene.lee, scene.kim)
        assert not Follow.objects.exists()
        for person in (scene.kim, scene.lee):
            person.artist.refresh_from_db()
            assert person.artist.follower_count == 0

    def test_the_profile_is_closed_to_the_blocked_and_says_so_to_the_other(self, scene):
        blocks(scene.lee, scene.kim)
        assert scene.as_kim.get(f"/api/users/{scene.lee.pk}").status == 404
        shown = scene.as_lee.get(f"/api/users/{scene.kim.pk}").data
        assert (shown["is_blocked"], shown["is_muted"]) == (True, False)
        assert Api().get(f"/api/users/{scene.lee.pk}").data["is_blocked"] is False

    @pytest.mark.parametrize("act", [blocks, is_blocked_by])
    def test_each_can_still_report_the_other(self, scene, act):
        act(scene.lee, scene.kim)
        for kind, thing in (
            ("picture", scene.of_kim),
            ("comment", scene.said),
            ("profile", scene.kim),
        ):
            report = {"kind": kind, "id": thing.pk, "reason": "harassment"}
            assert scene.as_lee.post("/api/reports", report).status == 201

    def test_a_muted_person_can_be_visited_and_answered(self, scene):
        mutes(scene.lee, scene.kim)
        assert scene.as_lee.get(f"/api/users/{scene.kim.pk}").data["is_muted"] is True
        assert scene.as_lee.get(f"/api/images/{scene.of_kim.pk}").status == 200
        assert scene.as_kim.put(f"/api/images/{scene.of_lee.pk}/like").status == 200


class TestNotifications:
    def test_what_was_told_is_gone_and_nothing_is_told(self, scene):
        before = told(scene.kim)
        assert ("lee" in before, told(scene.lee)) == (True, {"kim"})
        blocks(scene.lee, scene.kim)
        assert (told(scene.kim), told(scene.lee)) == (before - {"lee"}, set())

    def test_of_a_group_the_others_are_still_told(self, scene):
        for client in (Api(UserFactory(username="ada")), scene.as_kim):
            client.put(f"/api/images/{scene.of_lee.pk}/like")
        mutes(scene.lee, scene.kim)
        likes = Notification.objects.of(scene.lee).filter(type="like")
        assert [(each.actor.username, each.other_count) for each in likes] == [("ada", 0)]

    def test_what_the_muted_do_is_not_told_and_folds_nothing(self, scene):
        mutes(scene.lee, scene.kim)
        Notification.objects.all().delete()
        Api(UserFactory(username="ada")).put(f"/api/images/{scene.of_lee.pk}/like")
        scene.as_kim.put(f"/api/images/{scene.of_lee.pk}/like")
        scene.as_kim.post(f"/api/images/{scene.of_lee.pk}/comments", {"content": "Hm."})
        scene.as_kim.delete(f"/api/artists/{scene.lee.pk}/follow")
        scene.as_kim.put(f"/api/artists/{scene.lee.pk}/follow")
        rows = Notification.objects.filter(recipient=scene.lee)
        assert [(each.actor.username, each.is_folded) for each in rows] == [("ada", False)]

    def test_there_is_nothing_to_mail(self, scene, settings, mailoutbox):
        settings.MAIL_FROM = "us@example.com"
        mutes(scene.lee, scene.kim)
        scene.as_kim.put(f"/api/images/{scene.of_lee.pk}/like")
        Api(scene.lee).send("PATCH", "/api/users/me/mail", {"kinds": ["people"], "rhythm": "hour"})
        User.objects.filter(pk=scene.lee.pk).update(email="lee@example.com")
        assert Notification.objects.of(scene.lee).unread().filter(actor=scene.kim).count() == 0


class TestActs:
    def test_each_may_be_repeated_and_undone(self, scene):
        path = f"/api/users/{scene.kim.pk}"
        for wanted in ({"is_blocked": True, "is_muted": False},) * 2:
            assert scene.as_lee.put(f"{path}/block").data == wanted
        assert scene.as_lee.put(f"{path}/mute").data == {"is_blocked": True, "is_muted": True}
        assert scene.as_lee.delete(f"{path}/block").data == {"is_blocked": False, "is_muted": True}
        assert scene.as_lee.delete(f"{path}/mute").data == {"is_blocked": False, "is_muted": False}
        assert scene.as_lee.delete(f"{path}/mute").status == 200
        assert not HiddenPerson.objects.exists()

    def test_after_the_end_of_a_block_all_is_seen_again(self, scene):
        before = seen_in_lists(scene.as_lee, scene)
        for is_blocked in (True, False):
            people_service.set_block(user=scene.lee, person_id=scene.kim.pk, is_blocked=is_blocked)
        assert seen_in_lists(scene.as_lee, scene) == before

    def test_of_two_blocks_one_is_left(self, scene):
        blocks(scene.lee, scene.kim)
        blocks(scene.kim, scene.lee)
        people_service.set_block(user=scene.lee, person_id=scene.kim.pk, is_blocked=False)
        assert scene.as_lee.get(f"/api/images/{scene.of_kim.pk}").status == 404

    def test_the_list_names_those_whom_i_chose_alone(self, scene):
        blocks(scene.lee, scene.kim)
        mutes(scene.kim, scene.lee)
        assert [
            (row["username"], row["is_blocked"], row["is_muted"])
            for row in scene.as_kim.get("/api/users/hidden").results
        ] == [("lee", False, True)]
        [row] = scene.as_lee.get("/api/users/hidden").results
        assert (row["id"], row["is_blocked"]) == (scene.kim.pk, True)

    def test_nobody_blocks_themselves_or_who_is_not_there(self, scene):
        closed = UserFactory()
        user_service.close_account(closed)
        for act in ("block", "mute"):
            answer = scene.as_lee.put(f"/api/users/{scene.lee.pk}/{act}")
            assert answer.refusal == (409, "CONFLICT")
            for person in (10**9, closed.pk):
                assert scene.as_lee.put(f"/api/users/{person}/{act}").status == 404
        assert not HiddenPerson.objects.exists()

    def test_there_is_an_end(self, scene, monkeypatch):
        monkeypatch.setattr(people_service, "MOST_HIDDEN", 1)
        mutes(scene.lee, scene.kim)
        other = UserFactory()
        assert scene.as_lee.put(f"/api/users/{other.pk}/block").refusal == (409, "CONFLICT")
        assert scene.as_lee.delete(f"/api/users/{scene.kim.pk}/mute").status == 200
        assert scene.as_lee.put(f"/api/users/{other.pk}/block").status == 200

    def test_who_leaves_hides_nobody(self, scene):
        blocks(scene.lee, scene.kim)
        user_service.close_account(scene.lee)
        assert not HiddenPerson.objects.exists()


@pytest.mark.django_db(transaction=True)
def test_a_follow_and_a_block_at_once_leave_no_follower():
    artist, fan = ArtistFactory(), UserFactory()
    follow = community_service.set_follow
    for _ in range(5):
        all_at_once(
            [
                lambda: _quietly(lambda: follow(user=fan, artist_id=artist.pk, is_following=True)),
                lambda: blocks(artist.user, fan),
            ]
        )
        assert not Follow.objects.exists()
        artist.refresh_from_db()
        assert artist.follower_count == 0
        people_service.set_block(user=artist.user, person_id=fan.pk, is_blocked=False)


def _quietly(act: Callable[[], object]) -> None:
    with suppress(NotFound):
        act()


@pytest.mark.parametrize("blocks", ["kim", "staff"])
def test_no_block_hides_a_page_from_our_staff(scene: Scene, blocks: str) -> None:
    """They may have to judge it. It does not let them do more than others."""
    staff = moderator()
    both = {"kim": (scene.kim, staff), "staff": (staff, scene.kim)}
    who, whom = both[blocks]
    people_service.set_block(user=who, person_id=whom.pk, is_blocked=True)
    seen, pk, picture = Api(staff), scene.kim.pk, scene.of_kim.pk
    for path in (f"/api/images/{picture}", f"/api/users/{pk}", f"/api/images/{picture}/comments"):
        assert seen.get(path).status == 200, path
    for path in (f"/pictures/{picture}", f"/users/{pk}", f"/artists/{pk}"):
        assert seen.http.get(path).status_code == 200, path
    case = report("picture", picture).case
    assert seen.http.get(f"/desk/cases/{case.pk}").status_code == 200
    assert seen.call("PUT", f"/api/images/{picture}/like").status == 404
    assert seen.post(f"/api/images/{picture}/comments", {"content": "Well."}).status == 404
    assert seen.call("PUT", f"/api/artists/{pk}/follow").status == 404
    assert picture not in seen.get("/api/community/feed").ids
