"""The page of notifications: grouped, with a picture of what each is about."""

from __future__ import annotations

import re
from collections.abc import Callable
from datetime import timedelta

import pytest
import time_machine
from django.test import Client

from app.models import Generation, Notification, Order, Style, User
from app.services import community_service, notification_service, sales_service
from app.tests.factories import GenerationFactory, PublicPictureFactory, UserFactory

SignIn = Callable[[User], Client]


def like(picture: Generation, *names: str) -> None:
    for name in names:
        user = User.objects.filter(username=name).first() or UserFactory(username=name)
        community_service.set_like(user=user, generation_id=picture.pk, is_liked=True)


def page(client: Client, address: str = "/notifications", language: str = "en") -> str:
    answer = client.get(address, headers={"Accept-Language": language})
    assert answer.status_code == 200
    return answer.content.decode()


def test_a_group_is_one_line_with_picture_and_words(
    buyer: User, picture: Generation, signed_in: SignIn
) -> None:
    key = "generations/x/1/preview-w640.webp"
    Generation.objects.filter(pk=picture.pk).update(preview_path=key)
    Notification.objects.all().delete()
    like(picture, "kim", "lou")
    client = signed_in(buyer)
    shown = page(client)
    assert "lou and 1 other like your picture." in shown
    assert re.search(r'<img class="thumb" src="/media/generations/x/1/preview-w320.webp\?', shown)
    assert "castle, sea" in shown
    assert "1 unread notification<" in shown
    like(picture, "mia")
    assert "mia and 2 others like your picture." in page(client)
    korean = page(client, language="ko")
    assert "mia님 외 2명이 내 그림을 좋아합니다." in korean
    assert "읽지 않은 알림 1개" in korean


def test_the_newest_is_first(buyer: User, signed_in: SignIn) -> None:
    for name in ("First.", "Second."):
        Notification.objects.create(recipient=buyer, type="like", message=name)
    shown = page(signed_in(buyer))
    assert 0 < shown.index("Second.") < shown.index("First.")


def test_an_order_is_one_line_with_a_picture_and_words(
    buyer: User, picture: Generation, signed_in: SignIn
) -> None:
    order = Order.objects.create(user=buyer, item_count=30, cost=300)
    key = "generations/x/1/preview-w640.webp"
    Generation.objects.filter(pk=picture.pk).update(preview_path=key, order=order)
    Notification.objects.all().delete()
    notification_service.tell_order_ended(order, ready=28, refunded=20)
    client = signed_in(buyer)
    shown = page(client)
    assert "Ready: 28 of the 30 pictures of your order." in shown
    assert re.search(r'<img class="thumb" src="/media/generations/x/1/preview-w320.webp\?', shown)
    assert "castle, sea · " in shown
    assert "그림 30장 중 28장이 완성되었습니다." in page(client, language="ko")
    told = Notification.objects.get()
    assert client.get(f"/notifications/{told.pk}", follow=True).status_code == 200
    Notification.objects.update(is_read=False)
    assert "0 unread notifications" in page(client, f"/pictures/{picture.pk}")


def test_pictures_that_were_ordered_one_by_one_are_one_line(
    buyer: User, style: Style, signed_in: SignIn
) -> None:
    made = [GenerationFactory(user=buyer, style=style) for _ in range(3)]
    client = signed_in(buyer)
    assert "3 pictures are ready." in page(client)
    assert "그림 3장이 완성되었습니다." in page(client, language="ko")
    # Who sees one of them on its page has two to go; the line leads to all.
    assert "1 unread notification<" in page(client, f"/pictures/{made[0].pk}")
    assert "2 pictures are ready." in page(client)
    told = Notification.objects.get(is_read=False)
    assert client.get(f"/notifications/{told.pk}").headers["Location"] == "/mine"
    assert "0 unread notifications" in page(client)


def test_followers_are_one_line_with_a_face(artist: User, signed_in: SignIn) -> None:
    for name in ("kim", "lou", "mia"):
        follower = UserFactory(username=name)
        community_service.set_follow(user=follower, artist_id=artist.pk, is_following=True)
    client = signed_in(artist)
    assert "mia and 2 others follow you." in page(client)
    assert '<span class="thumb face" aria-hidden="true">M</span>' in page(client)
    assert "mia님 외 2명이 나를 팔로우합니다." in page(client, language="ko")


def test_what_the_reader_may_not_see_is_not_shown(
    buyer: User, picture: Generation, signed_in: SignIn
) -> None:
    Generation.objects.filter(pk=picture.pk).update(preview_path="preview.webp")
    kim = UserFactory(username="kim")
    first = community_service.add_comment(user=kim, generation_id=picture.pk, content="Fine.")
    community_service.add_comment(
        user=buyer, generation_id=picture.pk, content="Thanks.", parent_id=first.pk
    )
    client = signed_in(kim)
    assert "preview.webp" in page(client)
    Generation.objects.filter(pk=picture.pk).update(visibility="private")
    shown = page(client)
    assert "preview.webp" not in shown
    assert "castle" not in shown
    told = Notification.objects.get(recipient=kim)
    answer = client.get(f"/notifications/{told.pk}", follow=True)
    assert answer.redirect_chain == [("/notifications", 302)]
    assert "There is nothing here." in answer.content.decode()
    assert "0 unread notifications" in answer.content.decode()


@pytest.mark.parametrize("liked_again", ["below", "above"])
def test_who_turns_the_page_meets_none_twice_and_loses_none(
    liked_again: str, buyer: User, signed_in: SignIn
) -> None:
    """While more likes come: what was below is found, what moved up is on top."""
    pictures = {name: PublicPictureFactory(user=buyer) for name in ("below", "above", "new")}
    Notification.objects.all().delete()
    like(pictures["below"], "kim")
    for number in range(22):
        told = {"message": ".", "target_type": "style", "target_id": number}
        Notification.objects.create(recipient=buyer, type="training_failed", **told)
    like(pictures["above"], "kim")
    client = signed_in(buyer)
    first = client.get("/notifications").context["page"]
    assert len(first.rows) == 20
    like(pictures[liked_again], "lou")
    like(pictures["new"], "lou")
    rest = client.get(first.next_url).context["page"]
    shown = [(row.target_type, row.target_id) for row in [*first.rows, *rest.rows]]
    assert len(shown) == len(set(shown)) == (23 if liked_again == "below" else 24)
    fresh = client.get("/notifications").context["page"].rows
    on_top = [pictures[name].pk for name in ("new", liked_again)]
    assert [row.target_id for row in fresh[:2]] == on_top


def test_the_bell_counts_groups(buyer: User, picture: Generation, signed_in: SignIn) -> None:
    Notification.objects.all().delete()
    like(picture, "kim", "lou", "mia")
    other = PublicPictureFactory(user=buyer)
    client = signed_in(buyer)
    assert "2 unread notifications" in page(client, "/notifications/count")
    community_service.add_comment(user=UserFactory(), generation_id=other.pk, content="Hm.")
    assert "3 unread notifications" in page(client, "/notifications/count")
    notification_service.mark_all_read(buyer)
    assert "0 unread notifications" in page(client, "/notifications/count")


def test_sales_are_told_in_the_readers_language_and_read_in_the_studio(
    artist: User, style: Style, signed_in: SignIn
) -> None:
    with time_machine.travel("2026-11-27T03:00:00Z", tick=False) as clock:
        sales_service.tell_of_sales()
        for _ in range(2):
            GenerationFactory(style=style, user=UserFactory())
        clock.shift(timedelta(days=1))
        sales_service.tell_of_sales()
        client = signed_in(artist)
        said = "You sold 2 pictures on 27 Nov 2026 and earned 20 tokens: Wet Paper."
        assert said in page(client)
        assert "2026년 11월 27일에 그림 2장이 팔려 토큰 20개를 벌었습니다: Wet Paper." in page(
            client, language="ko"
        )
        told = Notification.objects.get(type="sales")
        assert client.get(f"/notifications/{told.pk}")["Location"] == "/studio"
        Notification.objects.update(is_read=False)
        client.get("/studio")
        assert Notification.objects.get(type="sales").is_read
