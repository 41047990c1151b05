"""A suspended account cannot act, is not seen, and its orders end by rule."""

from __future__ import annotations

from datetime import timedelta
from typing import Any

import pytest
from django.db import transaction
from django.test import Client

from app.exceptions import AccountSuspended, InvalidTransition, LeftSuspended
from app.models import ApiKey, Generation, Notification, Order, Statement, Style, User
from app.services import api_key_service, community_service, user_service
from app.services.orders import ending
from app.services.payments import payouts
from app.services.safety import appeals, suspension
from app.services.token_service import lock_buyer
from app.tests import ledger
from app.tests.api import Api
from app.tests.factories import (
    ArtistFactory,
    GenerationFactory,
    PublicPictureFactory,
    StyleFactory,
    UserFactory,
)
from app.tests.ordering import order, order_of, report
from app.tests.safety.staff import act, member, moderator
from app.utils import clock

pytestmark = pytest.mark.django_db


def suspend(user: User, **more: Any) -> None:
    act("profile", user.pk, "suspend", **more)
    user.refresh_from_db()


def several(style: Style, count: int) -> dict[str, Any]:
    return {"style_id": style.pk, "prompt_tags": ["sea"], "aspect_ratio": "1:1", "count": count}


class TestItCannotAct:
    @pytest.fixture
    def suspended(self, artist: User) -> User:
        StyleFactory(artist=artist.artist)
        suspend(artist)
        return artist

    @pytest.mark.parametrize(
        ("method", "path"),
        [
            ("PATCH", "/api/users/me"),
            ("POST", "/api/images/generate"),
            ("POST", "/api/orders"),
            ("POST", "/api/models"),
            ("POST", "/api/images/1/comments"),
            ("PUT", "/api/images/1/like"),
            ("POST", "/api/artists/1/follow"),
            ("POST", "/api/payouts"),
            ("POST", "/api/tokens/purchase"),
            ("POST", "/api/keys"),
            ("POST", "/api/webhooks"),
            ("POST", "/api/collections"),
        ],
    )
    def test_by_the_api(self, method, path, suspended):
        assert Api(suspended).send(method, path, {}).refusal == (403, "ACCOUNT_SUSPENDED")

    def test_but_it_takes_its_data_and_ends_its_sessions(self, suspended):
        here, there = Api(suspended), Api(suspended)
        assert here.post("/api/users/me/export").status == 202
        assert here.delete("/api/auth/sessions").status == 204
        assert there.get("/api/auth/me").status == 401

    @pytest.mark.parametrize(
        "path", ["/pictures/1/like", "/account", "/wallet/buy", "/studio/join"]
    )
    def test_by_the_site(self, path, suspended):
        client = Client()
        client.force_login(suspended)
        answer = client.post(path)
        assert answer.status_code == 403
        assert "suspended" in answer.content.decode()

    def test_by_a_key(self, buyer):
        key = api_key_service.create_key(user=buyer, name="k", scopes=["read", "generate"])
        suspend(buyer)
        program = Api(authorization=f"Api-Key {key.secret}")
        assert program.get("/api/tokens/balance").status == 200
        answer = program.post("/api/images/generate", order_of(StyleFactory()))
        assert answer.refusal == (403, "ACCOUNT_SUSPENDED")
        assert ApiKey.objects.count() == 1

    def test_nor_by_a_request_that_was_faster(self, suspended):
        """The services look under the account's lock."""
        picture = PublicPictureFactory()
        with pytest.raises(AccountSuspended):
            community_service.set_like(user=suspended, generation_id=picture.pk, is_liked=True)
        with pytest.raises(AccountSuspended):
            payouts.request(suspended)
        with pytest.raises(AccountSuspended):
            lock_buyer(suspended.pk)

    def test_it_may_look_appeal_and_leave(self, suspended):
        own = Api(suspended)
        for path in ("/api/auth/me", "/api/models/mine", "/api/images/mine", "/api/notifications"):
            assert own.get(path).status == 200, path
        stated = Statement.objects.get(recipient=suspended, kind="profile")
        path = f"/api/moderation/statements/{stated.pk}/appeal"
        assert own.post(path, {"words": "Not I."}).status == 201
        assert own.delete("/api/users/me").status == 204

    def test_it_says_until_when(self, buyer):
        until = clock.now() + timedelta(days=7)
        suspend(buyer, until=until)
        answer = Api(buyer).patch("/api/users/me", {"bio": "Hi."})
        assert answer.refusal == (403, "ACCOUNT_SUSPENDED")
        assert answer.details["until"].startswith(f"{until:%Y-%m-%dT%H:%M}")
        told = Notification.objects.get(recipient=buyer, type="account_suspended")
        assert f"until {until:%Y-%m-%d}" in told.message

    @pytest.mark.parametrize("days", [7, None])
    def test_the_statement_says_how_long(self, days, buyer):
        until = clock.now() + timedelta(days=days) if days else None
        suspend(buyer, until=until)
        [stated] = Api(buyer).get("/api/moderation/statements").data["results"]
        moment = until and until.isoformat().replace("+00:00", "Z")
        assert stated["suspended_until"] == moment


class TestItsOrders:
    def test_what_nobody_has_begun_is_refunded_and_what_is_being_made_is_delivered(
        self, buyer, as_buyer, as_worker, settings
    ):
        settings.MAX_IN_WORK = settings.MAX_IN_WORK_PAID = 3
        style = StyleFactory(price=10)
        items = [several(style, 5)]
        as_buyer.post("/api/orders", {"items": items})
        first = Generation.objects.order_by("pk").first()
        assert report(as_worker, first, "processing").status == 200
        suspend(buyer)
        states = list(Generation.objects.order_by("pk").values_list("status", flat=True))
        assert states == ["processing", *["canceled"] * 4]
        first.refresh_from_db()
        assert report(as_worker, first, "completed").status == 200
        buyer.refresh_from_db()
        assert buyer.token_balance == 990
        assert Generation.objects.under_way().count() == 0
        ledger.assert_right()

    def test_what_a_worker_gives_back_is_refunded_by_the_sweep(self, buyer, as_buyer, as_worker):
        order(as_buyer, StyleFactory(price=10))
        made = Generation.objects.get()
        assert report(as_worker, made, "processing").status == 200
        suspend(buyer)
        made.refresh_from_db()
        assert report(as_worker, made, "failed", retryable=True).status == 200
        made.refresh_from_db()
        assert made.status == "queued"
        assert suspension.sweep() == 1
        made.refresh_from_db()
        buyer.refresh_from_db()
        assert (made.status, buyer.token_balance) == ("canceled", 1000)
        assert suspension.sweep() == 0
        ledger.assert_right()

    def test_orders_of_others_in_its_styles_are_made(self, artist, as_worker):
        picture = GenerationFactory(style=StyleFactory(artist=artist.artist), status="queued")
        suspend(artist)
        assert report(as_worker, picture, "completed").status == 200
        picture.refresh_from_db()
        assert picture.status == "completed"
        ledger.assert_right()

    def test_an_order_has_ended_and_is_told(self, buyer, as_buyer):
        items = [several(StyleFactory(), 3)]
        as_buyer.post("/api/orders", {"items": items})
        suspend(buyer)
        assert ending.tell_of_ended() == 1
        assert Order.objects.get().ended_at is not None


class TestItComesBack:
    def test_in_time(self, artist):
        style = StyleFactory(artist=artist.artist)
        picture = PublicPictureFactory(user=artist)
        private = GenerationFactory(user=artist)
        suspend(artist, until=clock.now() + timedelta(days=1))
        assert suspension.sweep() == 0
        User.objects.filter(pk=artist.pk).update(suspended_until=clock.now())
        assert suspension.sweep() == 1
        artist.refresh_from_db()
        assert not artist.is_suspended
        shown = dict(Generation.objects.values_list("pk", "visibility"))
        assert shown == {picture.pk: "public", private.pk: "private"}
        style.refresh_from_db()
        assert (style.is_active, style.held_at) == (True, None)
        assert Notification.objects.filter(type="account_restored").count() == 1

    def test_what_was_decided_by_itself_meanwhile_stays(self, artist):
        style = StyleFactory(artist=artist.artist)
        picture = PublicPictureFactory(user=artist)
        suspend(artist)
        act("style", style.pk, "withdraw")
        act("picture", picture.pk, "hide")
        act("profile", artist.pk, "restore")
        style.refresh_from_db()
        picture.refresh_from_db()
        assert (style.is_active, picture.visibility) == (False, "private")

    def test_who_has_left_may_sign_up_again_and_has_nothing_back(self, artist):
        """Whoever grants an appeal that was made before ends the suspension."""
        style = StyleFactory(artist=artist.artist)
        picture = PublicPictureFactory(user=artist, style=style)
        known_as = {"provider": artist.provider, "provider_user_id": artist.provider_user_id}
        suspend(artist)
        stated = Statement.objects.get(recipient=artist, kind="profile")
        made = appeals.appeal(user=artist, statement_id=stated.pk, words="Not I.")
        user_service.close_account(artist)
        again = UserFactory()
        with pytest.raises(LeftSuspended), transaction.atomic():
            user_service.welcome(again, **known_as)
        judged = {"is_granted": True, "words": "You are right."}
        appeals.judge(appeal_id=made.pk, staff=moderator(), **judged)
        user_service.welcome(again, **known_as)
        picture.refresh_from_db()
        style.refresh_from_db()
        assert (picture.visibility, style.is_active) == ("private", False)
        with pytest.raises(InvalidTransition):
            act("profile", artist.pk, "restore")


def test_staff_are_not_suspended_before_their_rights_are_taken():
    with pytest.raises(InvalidTransition):
        act("profile", moderator().pk, "suspend", staff=member("moderate"))


def test_of_somebody_whose_comment_was_reported(buyer):
    author = ArtistFactory().user
    picture = PublicPictureFactory(user=buyer)
    comment = community_service.add_comment(user=author, generation_id=picture.pk, content="Fool.")
    act("comment", comment.pk, "suspend")
    author.refresh_from_db()
    assert author.is_suspended
    assert Style.objects.filter(artist=author.artist).count() == 0
    assert UserFactory().is_suspended is False
