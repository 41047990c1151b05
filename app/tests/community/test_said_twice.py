"""Acts that say what is meant may be said twice; what is made with a key is made once."""

from functools import partial

import pytest

from app.models import ApiKey, Artist, Comment, Follow, Generation, Like, Notification
from app.services import api_key_service
from app.tests.api import Api
from app.tests.factories import ArtistFactory, PublicPictureFactory, UserFactory
from app.tests.together import all_at_once

pytestmark = pytest.mark.django_db
KEY = {"Idempotency-Key": "k"}


@pytest.fixture
def picture() -> Generation:
    return PublicPictureFactory()


class TestLikesAndFollows:
    def test_a_like_said_twice_is_one(self, as_buyer, picture):
        path = f"/api/images/{picture.pk}/like"
        for _ in range(2):
            assert as_buyer.send("PUT", path, None).data == {"is_liked": True, "like_count": 1}
        for _ in range(2):
            assert as_buyer.delete(path).data == {"is_liked": False, "like_count": 0}
        assert as_buyer.post(path).data["is_liked"] is True
        assert as_buyer.post(path).data["is_liked"] is False
        assert not Like.objects.exists()

    def test_a_follow_said_twice_is_one(self, as_buyer, artist):
        path = f"/api/artists/{artist.pk}/follow"
        for _ in range(2):
            answer = as_buyer.send("PUT", path, None)
            assert answer.data == {"is_following": True, "follower_count": 1}
        for _ in range(2):
            assert as_buyer.delete(path).data == {"is_following": False, "follower_count": 0}
        assert as_buyer.post(path).data["is_following"] is True
        assert Follow.objects.count() == 1
        assert Notification.objects.filter(type="follow").count() == 1

    def test_nobody_is_told_of_what_was_not_done(self, as_buyer, picture, artist):
        Notification.objects.all().delete()
        assert as_buyer.delete(f"/api/images/{picture.pk}/like").data["is_liked"] is False
        assert as_buyer.delete(f"/api/artists/{artist.pk}/follow").data["is_following"] is False
        assert not Notification.objects.exists()

    @pytest.mark.parametrize("method", ["PUT", "DELETE"])
    def test_who_may_not_is_refused_as_by_post(
        self, method, artist, as_artist, as_anyone, as_buyer
    ):
        private = PublicPictureFactory(visibility="private")
        for path in (f"/api/artists/{artist.pk}/follow", f"/api/images/{private.pk}/like"):
            assert as_anyone.send(method, path, None).refusal == (401, "UNAUTHENTICATED")
        own = as_artist.send(method, f"/api/artists/{artist.pk}/follow", None)
        hidden = as_buyer.send(method, f"/api/images/{private.pk}/like", None)
        nobody = as_buyer.send(method, "/api/artists/999999/follow", None)
        assert [own.code, hidden.code, nobody.code] == ["CONFLICT", "NOT_FOUND", "NOT_FOUND"]

    def test_a_key_needs_the_scope_manage(self, buyer, picture):
        def key(*scopes: str) -> Api:
            made = api_key_service.create_key(user=buyer, name="k", scopes=scopes)
            return Api(authorization=f"Api-Key {made.secret}")

        path = f"/api/images/{picture.pk}/like"
        assert key("read", "generate").send("PUT", path, None).code == "PERMISSION_DENIED"
        assert key("manage").send("PUT", path, None).status == 200


@pytest.mark.django_db(transaction=True)
def test_forty_who_mean_the_same_are_counted_once_each():
    picture, artist = PublicPictureFactory(), ArtistFactory()
    people = [Api(UserFactory()) for _ in range(10)]
    calls = [
        partial(one.twin().send, "PUT", path, None)
        for one in people
        for path in (f"/api/images/{picture.pk}/like", f"/api/artists/{artist.pk}/follow")
        for _ in range(2)
    ]
    assert {answer.status for answer in all_at_once(calls, threads=8)} == {200}
    assert Generation.objects.get().like_count == Like.objects.count() == 10
    assert Artist.objects.get(pk=artist.pk).follower_count == Follow.objects.count() == 10


class TestComments:
    def test_one_with_a_key_is_made_once(self, as_buyer, picture):
        path, body = f"/api/images/{picture.pk}/comments", {"content": "Lovely.", "parent_id": None}
        first = as_buyer.post(path, body, headers=KEY)
        again = as_buyer.post(path, {"content": " Lovely. "}, headers=KEY)
        assert (first.status, again.status) == (201, 201)
        assert again.data == first.data
        assert again.headers["Idempotent-Replayed"] == "true"
        assert Comment.objects.count() == Generation.objects.get().comment_count == 1
        other = as_buyer.post(path, {"content": "Ugly."}, headers=KEY)
        assert other.refusal == (422, "IDEMPOTENCY_KEY_REUSED")

    def test_one_that_is_gone_by_then_is_not_made_again(self, as_buyer, picture):
        path, body = f"/api/images/{picture.pk}/comments", {"content": "Lovely."}
        made = as_buyer.post(path, body, headers=KEY).data["id"]
        as_buyer.delete(f"/api/comments/{made}")
        assert as_buyer.post(path, body, headers=KEY).refusal == (404, "NOT_FOUND")
        assert not Comment.objects.exists()

    def test_a_refusal_is_not_kept(self, as_buyer, picture):
        path = f"/api/images/{picture.pk}/comments"
        answer = as_buyer.post(path, {"content": "x", "parent_id": 999_999}, headers=KEY)
        assert answer.refusal == (400, "VALIDATION_ERROR")
        assert as_buyer.post(path, {"content": "x"}, headers=KEY).status == 201


class TestKeys:
    BODY = {"name": "script", "scopes": ["read"]}

    def test_one_with_a_key_is_made_once_and_shown_again(self, as_buyer):
        first = as_buyer.post("/api/keys", self.BODY, headers=KEY)
        again = as_buyer.post("/api/keys", self.BODY, headers=KEY)
        assert (again.status, again.data) == (201, first.data)
        assert ApiKey.objects.count() == 1
        script = Api(authorization=f"Api-Key {again.data['secret']}")
        assert script.get("/api/auth/me").status == 200

    def test_it_is_shown_after_the_secret_key_changed(self, as_buyer, buyer, settings):
        first = as_buyer.post("/api/keys", self.BODY, headers=KEY)
        settings.SECRET_KEY, settings.SECRET_KEY_FALLBACKS = "n" * 60, [settings.SECRET_KEY]
        again = Api(buyer).post("/api/keys", self.BODY, headers=KEY)
        assert again.data == first.data

    def test_what_is_kept_is_no_secret(self, as_buyer):
        from app.models import IdempotencyKey

        secret = as_buyer.post("/api/keys", self.BODY, headers=KEY).data["secret"]
        kept = IdempotencyKey.objects.get()
        assert secret not in str(vars(kept))
        assert kept.facts["seed"] not in secret

    def test_without_one_each_is_another(self, as_buyer):
        made = [as_buyer.post("/api/keys", self.BODY).data["secret"] for _ in range(3)]
        assert len(set(made)) == 3
