"""What staff take down in the admin: with a reason, which is logged and told, and at every door."""

from __future__ import annotations

import re
import threading

import pytest
from django.contrib.admin.models import LogEntry
from django.contrib.auth.models import Permission
from django.db import connection, transaction
from django.test import Client

from app.models import Comment, Generation, Notification, Style, User
from app.services import community_service, style_service, user_service
from app.services.generation_service import GENERATIONS
from app.tests.api import Api
from app.tests.factories import PublicPictureFactory, StyleFactory, UserFactory
from app.tests.together import all_at_once
from devtools.servers.process import wait_for

pytestmark = pytest.mark.django_db
REASON = "It shows a person who did not agree."


@pytest.fixture
def keeper() -> User:
    return User.objects.create_superuser("keeper", "keeper@example.com", "keeps")


@pytest.fixture
def staff(keeper: User) -> Client:
    client = Client()
    client.force_login(keeper)
    return client


@pytest.fixture
def picture(buyer: User, artist: User) -> Generation:
    style = StyleFactory(artist=artist.artist, name="Wet Paper", tags=("paper",))
    return PublicPictureFactory(user=buyer, style=style, prompt_tags=["castle"])


def act(client: Client, action: str, thing, reason: str | None = REASON) -> str:
    """What the admin says to it."""
    form = {"action": action, "_selected_action": [thing.pk]}
    form |= {} if reason is None else {"reason": reason}
    answer = client.post(f"/admin/app/{thing._meta.model_name}/", form, follow=True)
    assert answer.status_code == 200
    if not isinstance(thing, Comment):
        thing.refresh_from_db()
    return " ".join(str(message) for message in answer.context["messages"])


def news(user: User, **which) -> list[str]:
    return list(
        Notification.objects.filter(recipient=user, **which).values_list("message", flat=True)
    )


def logged() -> list[tuple]:
    return list(
        LogEntry.objects.values_list("user__username", "object_repr", "change_message").order_by(
            "pk"
        )
    )


class TestPictures:
    def test_hidden_it_is_at_no_door(self, staff: Client, picture: Generation) -> None:
        doors = (
            *(f"/api/images/{picture.pk}", f"/api/images/{picture.pk}/status"),
            *(f"/api/images/{picture.pk}/comments", f"/pictures/{picture.pk}"),
            f"/pictures/{picture.pk}/image",
        )
        key = picture.image_path
        walls = (
            *("/api/community/feed", "/api/community/feed?sort=popular"),
            *("/api/community/feed?tag=castle", "/api/search?q=castle", "/", "/?sort=popular"),
            *(f"/styles/{picture.style_id}", f"/artists/{picture.style.artist_id}"),
            *(f"/users/{picture.user_id}", "/search?q=castle"),
        )
        for door in doors:
            assert Client().get(door).status_code in (200, 302), door
        for wall in walls:
            assert key in Client().get(wall).content.decode(), wall
        assert act(staff, "hide", picture) == f"picture {picture.pk}: Hidden."
        for door in doors:
            assert Client().get(door).status_code == 404, door
        for wall in walls:
            answer = Client().get(wall)
            assert (answer.status_code, key in answer.content.decode()) == (200, False), wall
        assert Api().get(f"/api/users/{picture.user_id}").data["image_count"] == 0
        fan = Api(UserFactory())
        assert fan.post(f"/api/images/{picture.pk}/like").status == 404
        assert fan.post(f"/api/images/{picture.pk}/comments", {"content": "Why?"}).status == 404

    def test_its_owner_is_told_why_and_cannot_publish_it(
        self, staff: Client, buyer: User, picture: Generation
    ) -> None:
        act(staff, "hide", picture)
        owner = Api(buyer)
        shown = owner.get(f"/api/images/{picture.pk}").data
        assert (shown["visibility"], shown["hidden_reason"]) == ("private", REASON)
        assert news(buyer, type="picture_hidden") == [
            f"Our staff has hidden your picture. Only you can see it. Reason: {REASON}"
        ]
        answer = owner.patch(f"/api/images/{picture.pk}", {"visibility": "public"})
        assert answer.refusal == (409, "INVALID_TRANSITION")
        picture.refresh_from_db()
        assert picture.visibility == "private"
        assert owner.patch(f"/api/images/{picture.pk}", {"description": "Mine."}).status == 200

    def test_it_may_be_published_again(
        self, staff: Client, buyer: User, picture: Generation
    ) -> None:
        act(staff, "hide", picture)
        act(staff, "show", picture, "A mistake of ours.")
        assert (picture.visibility, picture.hidden_reason) == ("private", "")
        assert news(buyer, type="picture_shown") == [
            "You may publish your picture again. Reason: A mistake of ours."
        ]
        Api(buyer).patch(f"/api/images/{picture.pk}", {"visibility": "public"})
        assert Api().get("/api/community/feed").ids == [picture.pk]

    def test_others_do_not_read_the_reason(self, staff: Client, picture: Generation) -> None:
        act(staff, "hide", picture)
        act(staff, "show", picture)
        Api(picture.user).patch(f"/api/images/{picture.pk}", {"visibility": "public"})
        assert Api().get(f"/api/images/{picture.pk}").data["hidden_reason"] is None


class TestStyles:
    def test_withdrawn_it_is_not_found_and_its_artist_cannot_offer_it(
        self, staff: Client, artist: User, picture: Generation
    ) -> None:
        style = picture.style
        assert act(staff, "withdraw", style) == "Wet Paper: Withdrawn."
        assert not style.is_active
        assert Api().get("/api/models").ids == []
        assert Api().get(f"/api/models/{style.pk}").status == 404
        found = Api().get("/api/search", q="paper").data
        assert (found["styles"], found["tags"]) == ([], [])
        order = {"style_id": style.pk, "prompt_tags": ["sea"], "aspect_ratio": "1:1"}
        assert Api(UserFactory(tokens=100)).post("/api/images/generate", order).status in (404, 422)
        owner = Api(artist)
        assert owner.get(f"/api/models/{style.pk}").data["withdrawn_reason"] == REASON
        answer = owner.patch(f"/api/models/{style.pk}", {"is_active": True})
        assert answer.refusal == (409, "INVALID_TRANSITION")
        assert news(artist, type="style_withdrawn") == [
            "Our staff has withdrawn your style Wet Paper. Nobody can order from it."
            f" Reason: {REASON}"
        ]
        # What was made with it stays.
        assert Api().get("/api/community/feed").ids == [picture.pk]

    def test_restored_it_is_offered_again(
        self, staff: Client, artist: User, picture: Generation
    ) -> None:
        style = picture.style
        act(staff, "withdraw", style)
        act(staff, "restore", style, "The right is proven.")
        assert (style.is_active, style.withdrawn_reason) == (True, "")
        assert Api().get("/api/models").ids == [style.pk]
        assert [tag["name"] for tag in Api().get("/api/tags").data] == ["paper"]
        assert news(artist, type="style_restored") == [
            "Our staff has restored your style Wet Paper: it is as you left it."
            " Reason: The right is proven."
        ]

    def test_what_its_artist_withdrew_is_not_restored(
        self, staff: Client, artist: User, picture: Generation
    ) -> None:
        style_service.delete_style(user=artist, style_id=picture.style_id)
        assert "has not withdrawn" in act(staff, "restore", picture.style)
        assert (picture.style.is_active, logged()) == (False, [])

    @pytest.mark.parametrize("by", ["DELETE", "PATCH"])
    @pytest.mark.parametrize("is_first", [True, False], ids=["before", "after"])
    def test_whoever_withdraws_it_too_does_not_escape_and_is_not_overruled(
        self, staff: Client, artist: User, picture: Generation, by: str, is_first: bool
    ) -> None:
        style, owner = picture.style, Api(artist)
        at = f"/api/models/{style.pk}"

        def withdraw() -> None:
            done = owner.delete(at) if by == "DELETE" else owner.patch(at, {"is_active": False})
            assert done.status in (200, 204)

        if is_first:
            withdraw()
        assert act(staff, "withdraw", style) == "Wet Paper: Withdrawn."
        if not is_first:
            withdraw()
        assert owner.patch(at, {"is_active": True}).refusal == (409, "INVALID_TRANSITION")
        assert owner.get(at).data["withdrawn_reason"] == REASON
        assert logged() == [("keeper", "Wet Paper", f"Withdrawn. Reason: {REASON}")]
        assert len(news(artist, type="style_withdrawn")) == 1
        assert [tag["name"] for tag in Api().get("/api/tags").data] == []
        assert act(staff, "restore", style) == "Wet Paper: Restored."
        # As its artist left it: not on offer, and theirs to offer.
        assert (style.is_active, style.withdrawn_reason) == (False, "")
        assert Api().get("/api/models").ids == []
        assert len(news(artist, type="style_restored")) == 1
        assert owner.patch(at, {"is_active": True}).status == 200
        assert Api().get("/api/models").ids == [style.pk]

    def test_of_what_its_artist_withdrew_the_name_may_be_taken(
        self, staff: Client, artist: User, picture: Generation
    ) -> None:
        style_service.delete_style(user=artist, style_id=picture.style_id)
        StyleFactory(artist=artist.artist, name="Wet Paper")
        act(staff, "withdraw", picture.style)
        assert act(staff, "restore", picture.style) == "Wet Paper: Restored."

    def test_nor_does_who_leaves_first(
        self, staff: Client, artist: User, picture: Generation
    ) -> None:
        user_service.close_account(artist)
        assert act(staff, "withdraw", picture.style) == "Wet Paper: Withdrawn."
        assert picture.style.withdrawn_reason == REASON

    def test_nor_one_whose_artist_has_left(
        self, staff: Client, artist: User, picture: Generation
    ) -> None:
        act(staff, "withdraw", picture.style)
        user_service.close_account(artist)
        assert "has left" in act(staff, "restore", picture.style)
        assert not picture.style.is_active

    def test_nor_one_whose_name_is_taken(
        self, staff: Client, artist: User, picture: Generation
    ) -> None:
        act(staff, "withdraw", picture.style)
        StyleFactory(artist=artist.artist, name="Wet Paper")
        assert "already have a style" in act(staff, "restore", picture.style)
        assert picture.style.withdrawn_reason == REASON


class TestComments:
    @pytest.fixture
    def comment(self, picture: Generation) -> Comment:
        author = UserFactory(username="kim")
        return community_service.add_comment(
            user=author, generation_id=picture.pk, content="You fool."
        )

    def test_removed_its_author_is_told(
        self, staff: Client, comment: Comment, picture: Generation
    ) -> None:
        community_service.add_comment(
            user=UserFactory(), generation_id=picture.pk, content="So?", parent_id=comment.pk
        )
        assert act(staff, "remove", comment) == f"comment {comment.pk}: Removed."
        picture.refresh_from_db()
        assert (Comment.objects.shown().count(), picture.comment_count) == (0, 0)
        told = Notification.objects.get(recipient=comment.user, type="comment_removed")
        assert told.message == f"Our staff has removed your comment. Reason: {REASON}"
        assert (told.target_type, told.target_id) == ("image", picture.pk)

    def test_of_a_private_picture_too(
        self, staff: Client, comment: Comment, picture: Generation
    ) -> None:
        act(staff, "hide", picture)
        act(staff, "remove", comment)
        assert Comment.objects.shown().count() == 0

    def test_by_the_api_it_is_logged_and_told_as_well(self, keeper: User, comment: Comment) -> None:
        assert Api(keeper).delete(f"/api/comments/{comment.pk}").status == 204
        rules = "It is against the rules of this site."
        assert news(comment.user) == [f"Our staff has removed your comment. Reason: {rules}"]
        assert logged() == [("keeper", f"comment {comment.pk}", f"Removed. Reason: {rules}")]

    @pytest.mark.django_db(transaction=True)
    def test_by_two_at_once_it_is_removed_once(self, keeper: User, comment: Comment) -> None:
        is_held = threading.Event()

        def both_wait() -> bool:
            with connection.cursor() as cursor:
                cursor.execute("SELECT count(*) FROM pg_locks WHERE NOT granted")
                return bool(cursor.fetchone()[0] == 2)

        def hold() -> int:
            with transaction.atomic():
                GENERATIONS.lock(comment.generation_id)
                is_held.set()
                return int(wait_for(both_wait, 30))

        def remove() -> int:
            assert is_held.wait(30)
            return Api(keeper).delete(f"/api/comments/{comment.pk}").status

        assert sorted(all_at_once([hold, remove, remove])) == [1, 204, 404]
        assert len(logged()) == len(news(comment.user)) == 1
        picture = Generation.objects.get(pk=comment.generation_id)
        assert (picture.comment_count, Comment.objects.shown().count()) == (0, 0)

    def test_ones_own_is_no_act_of_staff(self, comment: Comment) -> None:
        assert Api(comment.user).delete(f"/api/comments/{comment.pk}").status == 204
        assert (news(comment.user), logged()) == ([], [])


ACTS = ("hide", "withdraw", "remove")


def thing_of(action: str, picture: Generation) -> Generation | Style | Comment:
    if action == "hide":
        return picture
    if action == "withdraw":
        return picture.style
    return community_service.add_comment(
        user=UserFactory(), generation_id=picture.pk, content="You fool."
    )


@pytest.mark.parametrize("action", ACTS)
class TestAllOfThem:
    def test_each_is_in_the_log_that_staff_can_read(
        self, action: str, staff: Client, picture: Generation
    ) -> None:
        act(staff, action, thing_of(action, picture))
        [(who, _, why)] = logged()
        assert who == "keeper"
        assert why.endswith(f"Reason: {REASON}")
        page = staff.get("/admin/admin/logentry/").content.decode()
        assert REASON in page
        assert staff.post("/admin/admin/logentry/add/").status_code == 403

    @pytest.mark.parametrize("reason", [None, "", "   ", "x" * 501])
    def test_without_a_reason_nothing_happens(
        self, action: str, reason: str | None, staff: Client, picture: Generation
    ) -> None:
        thing = thing_of(action, picture)
        said = act(staff, action, thing, reason)
        assert "Give a reason" in said or "No action" in said
        picture.refresh_from_db()
        assert (picture.visibility, picture.style.is_active, logged()) == ("public", True, [])
        assert Comment.objects.shown().count() == (action == "remove")

    def test_twice_is_once(self, action: str, staff: Client, picture: Generation) -> None:
        thing = thing_of(action, picture)
        for _ in range(2):
            act(staff, action, thing)
        assert len(logged()) == 1
        kinds = ["picture_hidden", "style_withdrawn", "comment_removed"]
        assert Notification.objects.filter(type__in=kinds).count() == 1

    def test_who_may_only_look_cannot(self, action: str, picture: Generation) -> None:
        thing, looker = thing_of(action, picture), UserFactory(is_staff=True)
        name = thing._meta.model_name
        looker.user_permissions.add(Permission.objects.get(codename=f"view_{name}"))
        client = Client()
        client.force_login(looker)
        act(client, action, thing)
        picture.refresh_from_db()
        assert (picture.visibility, picture.style.is_active, logged()) == ("public", True, [])
        assert Comment.objects.shown().count() == (action == "remove")


class TestTheWayIn:
    @pytest.mark.parametrize("path", ["/admin", "/admin?next=x"])
    def test_without_a_slash(self, path: str) -> None:
        answer = Client().get(path)
        assert (answer.status_code, answer["Location"]) == (302, "/admin/")

    def test_it_has_the_programs_name(self, staff: Client) -> None:
        for client, path in ((Client(), "/admin/login/"), (staff, "/admin/")):
            title = re.search("<title>(.*?)</title>", client.get(path).content.decode(), re.S)
            assert title is not None
            assert "Style License" in title[1]

    def test_staff_find_it_in_their_menu(self, staff: Client, signed_in_as) -> None:
        assert 'href="/admin/"' in staff.get("/").content.decode()
        assert 'href="/admin/"' not in signed_in_as(UserFactory()).get("/").content.decode()

    @pytest.fixture
    def signed_in_as(self):
        def sign_in(user: User) -> Client:
            client = Client()
            client.force_login(user)
            return client

        return sign_in
