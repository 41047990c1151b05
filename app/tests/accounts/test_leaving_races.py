"""Whoever leaves while others order, or acts once more while leaving: one or the other happens."""

from __future__ import annotations

import threading
from collections.abc import Callable
from functools import partial
from typing import Any

import pytest

from app.exceptions import NotAllowed, NotFound
from app.models import Artist, Comment, Follow, Generation, Like, Style, User
from app.services import (
    api_key_service,
    community_service,
    generation_service,
    style_service,
    user_service,
)
from app.services.uploads import upload_service
from app.tests import ledger
from app.tests.api import Api
from app.tests.factories import ArtistFactory, PublicPictureFactory, StyleFactory, UserFactory
from app.tests.ordering import order
from app.tests.together import all_at_once, count_waiting
from app.tests.uploads import style_form
from devtools.servers.process import wait_for

pytestmark = pytest.mark.django_db(transaction=True)

ME = "/api/users/me"


class TestOrdersOfOthers:
    def test_an_order_that_read_the_style_before_is_refused_after(self, monkeypatch):
        style, buyer = StyleFactory(), UserFactory(tokens=100)
        has_read, is_closed = threading.Event(), threading.Event()
        lock_buyer = generation_service.lock_buyer

        def slowly(user_id: int) -> User:
            if user_id == buyer.pk:
                has_read.set()
                assert is_closed.wait(20)
            return lock_buyer(user_id)

        monkeypatch.setattr(generation_service, "lock_buyer", slowly)

        def leave() -> Any:
            assert has_read.wait(20)
            try:
                return Api(style.artist.user).delete(ME)
            finally:
                is_closed.set()

        ordered, left = all_at_once([partial(order, Api(buyer), style), leave])
        assert left.status == 204
        assert ordered.refusal == (422, "STYLE_NOT_READY")
        assert not Generation.objects.exists()
        assert ledger.entries_of(buyer) == [("earn", 100)]

    def test_who_leaves_waits_for_an_order_and_stays(self, monkeypatch):
        style, buyer = StyleFactory(), UserFactory(tokens=100)
        has_placed, may_end = threading.Event(), threading.Event()
        write = generation_service.write

        def slowly(sql: str, **values: Any) -> Any:
            written = write(sql, **values)
            has_placed.set()
            assert may_end.wait(20)
            return written

        monkeypatch.setattr(generation_service, "write", slowly)

        def leave() -> Any:
            assert has_placed.wait(20)
            return Api(style.artist.user).delete(ME)

        def release() -> None:
            assert has_placed.wait(20)
            try:
                assert wait_for(count_waiting, seconds=20)
            finally:
                may_end.set()

        ordered, left, _ = all_at_once([partial(order, Api(buyer), style), leave, release])
        assert ordered.status == 202
        assert left.refusal == (409, "STYLE_IN_USE")
        assert not User.objects.get(pk=style.artist_id).is_closed

    @pytest.mark.slow
    def test_in_a_storm_it_is_one_or_the_other(self):
        for _ in range(6):
            style = StyleFactory()
            buyers = [UserFactory(tokens=100) for _ in range(4)]
            calls: list[Callable[[], Any]] = [partial(order, Api(one), style) for one in buyers]
            calls.insert(2, partial(Api(style.artist.user).delete, ME))
            answers = all_at_once(calls, threads=5)
            has_left = answers.pop(2).status == 204
            sold = [answer for answer in answers if answer.status == 202]
            assert has_left != bool(sold)
            assert Generation.objects.filter(style=style).count() == len(sold)
        ledger.assert_right()


def comment(user: User, *, on: Generation) -> None:
    community_service.add_comment(user=user, generation_id=on.pk, content="Mine.")


def test_whoever_leaves_waits_for_a_comment_of_their_own(monkeypatch):
    """Both lock the picture and the account, in the same order."""
    user, picture = UserFactory(), PublicPictureFactory()
    comment(user, on=picture)
    has_picture, may_go_on = threading.Event(), threading.Event()
    lock_open = community_service.lock_open

    def slowly(user_id: int) -> User:
        has_picture.set()
        assert may_go_on.wait(20)
        return lock_open(user_id)

    monkeypatch.setattr(community_service, "lock_open", slowly)

    def leave() -> int:
        assert has_picture.wait(20)
        return Api(user).delete(ME).status

    def release() -> None:
        assert has_picture.wait(20)
        try:
            assert wait_for(count_waiting, seconds=20)
        finally:
            may_go_on.set()

    said = {"content": "Mine too."}
    say = partial(Api(user).post, f"/api/images/{picture.pk}/comments", said)
    said_last, left, _ = all_at_once([lambda: say().status, leave, release])
    assert (said_last, left) == (201, 204)
    assert not Comment.objects.exists()


LATE: dict[str, Callable[[User, Generation, Style], Any]] = {
    "order": lambda user, picture, style: generation_service.request_generation(
        user=user, style_id=picture.style_id, prompt_tags=["sea"], aspect_ratio="1:1"
    ),
    "comment": lambda user, picture, style: comment(user, on=picture),
    "like": lambda user, picture, style: community_service.toggle_like(
        user=user, generation_id=picture.pk
    ),
    "follow": lambda user, picture, style: community_service.toggle_follow(
        user=user, artist_id=picture.style.artist_id
    ),
    "name": lambda user, picture, style: user_service.update_profile(user=user, username="back"),
    "key": lambda user, picture, style: api_key_service.create_key(
        user=user, name="late", scopes=["read"]
    ),
    "place": lambda user, picture, style: upload_service.open_places(
        user=user, content_types=["image/png"]
    ),
    "offer": lambda user, picture, style: style_service.update_style(
        user=user, style_id=style.pk, is_active=True
    ),
    "again": lambda user, picture, style: user_service.close_account(user),
}


@pytest.mark.parametrize("act", LATE.values(), ids=LATE)
def test_what_was_under_way_when_an_account_closed_is_refused(act):
    """Sign-in was checked before; the row says so now."""
    style = StyleFactory(artist__user__tokens=100)
    picture = PublicPictureFactory()
    user = User.objects.get(pk=style.artist_id)
    user_service.close_account(User.objects.get(pk=user.pk))
    closed = User.objects.get(pk=user.pk)
    with pytest.raises((NotAllowed, NotFound)):
        act(user, picture, style)
    assert User.objects.get(pk=user.pk).username == closed.username
    assert not Style.objects.get(pk=style.pk).is_active
    for kind in (Like, Comment, Follow):
        assert not kind.objects.exists()
    assert ledger.balance_of(user) == 100


def test_a_style_that_was_being_uploaded_is_not_made(monkeypatch):
    artist = ArtistFactory()
    prepare = style_service.prepare_upload

    def prepare_and_leave(**upload: Any) -> Any:
        prepared = prepare(**upload)
        user_service.close_account(User.objects.get(pk=artist.pk))
        return prepared

    monkeypatch.setattr(style_service, "prepare_upload", prepare_and_leave)
    answer = Api(artist.user).upload("/api/models", style_form())
    assert answer.refusal == (403, "PERMISSION_DENIED")
    assert not Style.objects.exists()
    assert Artist.objects.get().artist_name == "Closed account"
