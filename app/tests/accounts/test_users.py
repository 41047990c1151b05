"""Accounts: seen by others, changed, turned into an artist's, left."""

from functools import partial

import pytest

from app.models import (
    ApiKey,
    Artist,
    Comment,
    Follow,
    Generation,
    IdempotencyKey,
    Like,
    Notification,
    Style,
    Tag,
    User,
)
from app.services import user_service
from app.services.token_service import TokenService
from app.tests import ledger
from app.tests.api import Api
from app.tests.factories import (
    ArtistFactory,
    GenerationFactory,
    PublicPictureFactory,
    StyleFactory,
    UserFactory,
)
from app.tests.ordering import order, report
from app.tests.together import all_at_once
from app.tests.uploads import file, files_in, picture
from tests.pictures import signature_png

pytestmark = pytest.mark.django_db

ME = "/api/users/me"


class TestMe:
    def test_a_user_sees_their_own_account(self, as_buyer, buyer):
        assert as_buyer.get("/api/auth/me").data == {
            "id": buyer.pk,
            "username": "bo",
            "email": "bo@secret-mail.example",
            "role": "user",
            "token_balance": 1000,
            "profile_image": None,
            "bio": "",
            "shows_mature": False,
            "artist": None,
        }

    def test_an_artist_sees_their_own_artist(self, as_artist):
        shown = as_artist.get("/api/auth/me").data
        assert shown["role"] == "artist"
        assert shown["artist"] == {
            "artist_name": "Mira Halden",
            "signature_image": None,
            "follower_count": 0,
        }

    def test_who_is_not_signed_in_is_told_so_and_given_a_csrf_cookie(self, as_anyone):
        answer = as_anyone.get("/api/auth/me")
        assert answer.refusal == (401, "UNAUTHENTICATED")
        assert as_anyone.http.cookies["csrftoken"].value
        assert answer.headers["WWW-Authenticate"]

    def test_a_signed_in_user_is_given_a_csrf_cookie_too(self, as_buyer):
        as_buyer.get("/api/auth/me")
        assert as_buyer.http.cookies["csrftoken"].value

    def test_signing_out_ends_the_session(self, as_buyer):
        assert as_buyer.post("/api/auth/logout").data == {"signed_out": True}
        assert as_buyer.get("/api/auth/me").refusal == (401, "UNAUTHENTICATED")
        assert as_buyer.post("/api/auth/logout").refusal == (401, "UNAUTHENTICATED")


class TestDemoSignIn:
    def test_a_new_name_makes_an_account_with_a_bonus(self, as_anyone, settings):
        settings.DEMO_SIGN_IN = True
        answer = as_anyone.post("/api/auth/demo", {"username": " Ada "})
        assert (answer.data["username"], answer.data["token_balance"]) == ("ada", 100)
        assert as_anyone.get("/api/auth/me").data == answer.data
        again = Api().post("/api/auth/demo", {"username": "ADA"})
        assert (again.data["id"], again.data["token_balance"]) == (answer.data["id"], 100)

    def test_the_name_of_somebody_real_is_not_taken_over(self, as_anyone, settings):
        settings.DEMO_SIGN_IN = True
        real = UserFactory(username="ada")
        answer = as_anyone.post("/api/auth/demo", {"username": "ada"})
        assert answer.data["username"] == "ada-2"
        assert answer.data["id"] != real.pk

    def test_elsewhere_there_is_no_such_address(self, as_anyone, settings):
        settings.DEMO_SIGN_IN = False
        answer = as_anyone.post("/api/auth/demo", {"username": "ada"})
        assert answer.refusal == (404, "NOT_FOUND")
        assert not User.objects.exists()

    @pytest.mark.parametrize("username", ["", "a", "x" * 41, "a b", "a/b", "<b>", "ada\0"])
    def test_a_name_that_is_none_is_refused(self, as_anyone, settings, username):
        settings.DEMO_SIGN_IN = True
        answer = as_anyone.post("/api/auth/demo", {"username": username})
        assert answer.refusal == (400, "VALIDATION_ERROR")
        assert list(answer.details) == ["username"]
        assert not User.objects.exists()


class TestProfiles:
    def test_everybody_sees_a_public_profile(self, as_anyone, buyer, artist):
        User.objects.filter(pk=buyer.pk).update(bio="I like the sea.")
        PublicPictureFactory(user=buyer)
        GenerationFactory(user=buyer)
        Api(buyer).post(f"/api/artists/{artist.pk}/follow")
        assert as_anyone.get(f"/api/users/{buyer.pk}").data == {
            "id": buyer.pk,
            "username": "bo",
            "profile_image": None,
            "bio": "I like the sea.",
            "role": "user",
            "image_count": 1,
            "following_count": 1,
            "is_following": False,
            "is_blocked": False,
            "is_muted": False,
            "artist": None,
        }

    def test_an_artists_profile_counts_followers_and_styles(self, as_buyer, artist):
        StyleFactory(artist=artist.artist)
        StyleFactory(artist=artist.artist, is_active=False)
        StyleFactory(artist=artist.artist, training_status="failed")
        as_buyer.post(f"/api/artists/{artist.pk}/follow")
        shown = as_buyer.get(f"/api/users/{artist.pk}").data
        assert shown["is_following"] is True
        assert shown["artist"] == {
            "artist_name": "Mira Halden",
            "follower_count": 1,
            "style_count": 1,
            "site": None,
        }

    def test_nobody_has_no_profile(self, as_anyone):
        assert as_anyone.get("/api/users/999999").refusal == (404, "NOT_FOUND")


class TestChange:
    def test_name_and_bio_are_changed(self, as_buyer, buyer):
        shown = as_buyer.patch(ME, {"username": "Bo.2", "bio": "설빙 🙂"}).data
        assert (shown["username"], shown["bio"]) == ("Bo.2", "설빙 🙂")
        assert as_buyer.patch(ME, {"bio": ""}).data["bio"] == ""
        buyer.refresh_from_db()
        assert (buyer.username, buyer.bio) == ("Bo.2", "")

    def test_what_is_not_given_or_not_known_stays(self, as_buyer, buyer):
        change = {
            "email": "x@y.example",
            "role": "artist",
            "token_balance": 10**6,
            "is_staff": True,
        }
        assert as_buyer.patch(ME, change).status == 200
        buyer.refresh_from_db()
        assert (buyer.email, buyer.role) == ("bo@secret-mail.example", "user")
        assert (buyer.token_balance, buyer.is_staff) == (1000, False)

    def test_a_name_somebody_has_in_any_case_is_refused(self, as_buyer, buyer):
        UserFactory(username="Kim")
        answer = as_buyer.patch(ME, {"username": "kIM", "bio": "New."})
        assert answer.refusal == (400, "VALIDATION_ERROR")
        assert list(answer.details) == ["username"]
        buyer.refresh_from_db()
        assert (buyer.username, buyer.bio) == ("bo", "")


class TestBecomingAnArtist:
    def test_a_user_becomes_an_artist_once(self, as_buyer, buyer):
        answer = as_buyer.post(f"{ME}/artist", {"artist_name": "Bo Ink"})
        assert answer.status == 201
        assert answer.data["role"] == "artist"
        assert answer.data["artist"]["artist_name"] == "Bo Ink"
        again = as_buyer.post(f"{ME}/artist", {"artist_name": "Other"})
        assert again.refusal == (409, "CONFLICT")
        assert Artist.objects.get().artist_name == "Bo Ink"
        assert as_buyer.get("/api/tokens/balance").data == {"balance": 1000, "earned": 0}

    def test_two_requests_at_once_leave_no_second_signature(self, buyer, media):
        """The second one passes the first check, and meets the artist under the lock."""
        stale = User.objects.get(pk=buyer.pk)
        user_service.become_artist(user=buyer, artist_name="Bo Ink")
        before = files_in(media)
        with pytest.raises(user_service.Conflict):
            user_service.become_artist(
                user=stale, artist_name="Other", signature_image=file(signature_png()).file
            )
        assert files_in(media) == before
        assert Artist.objects.get().artist_name == "Bo Ink"


class TestLeaving:
    @pytest.fixture
    def settled(self, as_artist, artist, as_buyer, buyer):
        """An artist who also buys, likes, comments and follows, and is liked and followed."""
        User.objects.filter(pk=artist.pk).update(
            bio="I live in Busan.", first_name="Mira", last_name="Halden"
        )
        other = ArtistFactory(user__username="lou")
        style = StyleFactory(artist=artist.artist, name="Ink", price=10, tags=("sea",))
        bought = PublicPictureFactory(user=buyer, style=style)
        theirs = PublicPictureFactory(
            user=artist, style=StyleFactory(artist=other), description="My house."
        )
        as_artist.post(f"/api/images/{bought.pk}/like")
        path = f"/api/images/{bought.pk}/comments"
        said = as_artist.post(path, {"content": "I, Mira, made this."}).data
        as_buyer.post(path, {"content": "Thanks, Mira.", "parent_id": said["id"]})
        as_buyer.post(path, {"content": "So there."})
        as_buyer.post(f"/api/images/{theirs.pk}/like")
        as_artist.post(f"/api/artists/{other.pk}/follow")
        as_buyer.post(f"/api/artists/{artist.pk}/follow")
        as_artist.post("/api/keys", {"name": "script", "scopes": ["read"]})
        order(as_artist, StyleFactory(artist=other), key="a-key")
        self.cancel_all(as_artist)
        return {"style": style, "bought": bought, "theirs": theirs, "other": other}

    @staticmethod
    def cancel_all(client):
        for picture_ in client.get("/api/images/mine", status="queued").results:
            client.post(f"/api/images/{picture_['id']}/cancel")

    def test_personal_data_go_and_the_money_stays(
        self, settled, as_artist, artist, as_anyone, as_buyer
    ):
        as_artist.upload(f"{ME}/artist", {"artist_name": "x"})
        entries = ledger.entries_of(artist)
        balance = ledger.balance_of(artist)
        answer = as_artist.delete(ME)
        assert (answer.status, answer.content) == (204, b"")

        closed = User.objects.get(pk=artist.pk)
        assert closed.username == f"closed-{artist.pk}"
        assert (closed.email, closed.first_name, closed.last_name, closed.bio) == ("",) * 4
        assert (closed.provider, closed.is_active) == ("closed", False)
        assert artist.provider_user_id not in closed.provider_user_id
        assert closed.closed_at is not None
        assert not closed.has_usable_password()
        assert Artist.objects.get(pk=artist.pk).artist_name == "Closed account"
        assert ledger.entries_of(artist) == entries
        assert ledger.balance_of(artist) == balance
        ledger.assert_right()

        assert as_anyone.get(f"/api/users/{artist.pk}").refusal == (404, "NOT_FOUND")
        shown = as_anyone.get(f"/api/images/{settled['bought'].pk}").data
        assert shown["artist"]["artist_name"] == "Closed account"
        assert shown["style"]["name"] == "Ink"
        assert as_anyone.get(f"/api/images/{settled['theirs'].pk}").status == 404
        assert Generation.objects.get(pk=settled["theirs"].pk).description == ""
        assert not Style.objects.get(pk=settled["style"].pk).is_active
        assert Tag.objects.get(name="sea").usage_count == 0

    def test_nothing_they_said_or_did_is_left_with_others(
        self, settled, as_artist, artist, as_anyone, as_buyer
    ):
        as_artist.delete(ME)
        assert not Like.objects.filter(user=artist).exists()
        assert not Comment.objects.filter(user=artist).exists()
        assert not Follow.objects.exists()
        assert not ApiKey.objects.filter(user=artist).exists()
        assert not IdempotencyKey.objects.filter(user=artist).exists()
        assert not Notification.objects.filter(recipient=artist).exists()
        assert not Notification.objects.filter(message__icontains="mira").exists()
        bought = Generation.objects.get(pk=settled["bought"].pk)
        assert (bought.like_count, bought.comment_count) == (0, 1)
        listed = as_anyone.get(f"/api/images/{bought.pk}/comments").results
        assert [row["content"] for row in listed] == ["So there."]
        assert Artist.objects.get(pk=settled["other"].pk).follower_count == 0
        assert as_buyer.get("/api/users/following").results == []
        assert Artist.objects.get(pk=artist.pk).follower_count == 0

    def test_the_session_and_every_other_one_end(self, settled, as_artist, artist):
        elsewhere = Api(artist)
        as_artist.delete(ME)
        for client in (as_artist, elsewhere):
            assert client.get("/api/auth/me").refusal == (401, "UNAUTHENTICATED")

    def test_own_files_are_deleted_and_what_others_paid_for_stays(self, buyer, media, as_anyone):
        as_buyer = Api(buyer)
        as_buyer.upload(
            f"{ME}/artist", {"artist_name": "Bo Ink", "signature_image": file(signature_png())}
        )
        user_service.update_profile(user=buyer, profile_image=file(picture(1)).file)
        style = StyleFactory(artist=Artist.objects.get(pk=buyer.pk))
        sold = PublicPictureFactory(style=style)
        assert as_buyer.delete(ME).status == 204
        assert files_in(media) == {sold.image_path}
        link = as_anyone.get(f"/api/images/{sold.pk}").data["image_url"]
        assert as_anyone.follow_link(link).content == b"a picture"

    def test_nobody_leaves_while_pictures_in_their_styles_are_made(self, as_artist, artist):
        style = StyleFactory(artist=artist.artist)
        GenerationFactory(style=style, status="processing")
        answer = as_artist.delete(ME)
        assert answer.refusal == (409, "STYLE_IN_USE")
        artist.refresh_from_db()
        style.refresh_from_db()
        assert (artist.username, artist.is_active, style.is_active) == ("mira", True, True)

    def test_who_comes_back_has_a_new_account_and_no_second_bonus(self, buyer):
        user_service.welcome(buyer, provider="google", provider_user_id="google-7")
        Api(buyer).delete(ME)
        again = UserFactory(provider="google", provider_user_id="google-7")
        user_service.welcome(again, provider="google", provider_user_id="google-7")
        assert ledger.balance_of(again) == 0
        Api(again).delete(ME)
        assert User.objects.filter(provider="closed").exclude(provider_user_id="").count() == 1

    def test_a_closed_account_is_not_told_anything(self, as_worker, buyer):
        Api(buyer).delete(ME)
        body = {"recipient_id": buyer.pk, "type": "follow", "message": "Hello."}
        assert list(as_worker.post("/api/notifications", body).details) == ["recipient_id"]

    def test_a_closed_artist_cannot_be_followed(self, as_artist, artist, as_buyer):
        as_artist.delete(ME)
        answer = as_buyer.post(f"/api/artists/{artist.pk}/follow")
        assert answer.refusal == (404, "NOT_FOUND")

    def test_tokens_can_still_be_booked_for_a_closed_account(self, buyer):
        """A refund that is due stays due."""
        Api(buyer).delete(ME)
        TokenService.refund_tokens(buyer.pk, 10, "generation_failed")
        ledger.assert_right()


@pytest.mark.slow
@pytest.mark.django_db(transaction=True)
def test_leaving_while_pictures_fail_waits_for_no_one_crosswise():
    """A refund locks the picture, then the balance; leaving locks both as well."""
    style = StyleFactory()
    worker = Api(authorization="Bearer development-internal-token")
    for _ in range(4):
        buyer = UserFactory(tokens=200)
        pictures = [GenerationFactory(user=buyer, style=style, status="queued") for _ in range(8)]
        calls = [partial(report, worker.twin(), one, "failed") for one in pictures]
        calls.insert(3, partial(Api(buyer).delete, ME))
        answers = all_at_once(calls, threads=9)
        assert sorted(answer.status for answer in answers) == [200] * 8 + [204]
        assert ledger.balance_of(buyer) == 200
    ledger.assert_right()
