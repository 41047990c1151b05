"""Comments that a picture's buyer has switched off."""

from __future__ import annotations

from typing import Any

import pytest

from app.models import Comment, Generation, User
from app.tests.api import Api
from app.tests.factories import PublicPictureFactory, UserFactory

pytestmark = pytest.mark.django_db


@pytest.fixture
def picture(buyer: User) -> Generation:
    return PublicPictureFactory(user=buyer)


def test_nobody_comments_and_nothing_is_shown_until_they_are_on_again(
    picture: Generation, as_buyer: Api
) -> None:
    visitor, address = Api(UserFactory()), f"/api/images/{picture.pk}"
    assert visitor.post(f"{address}/comments", {"content": "Before."}).status == 201
    assert as_buyer.get(address).data["allows_comments"] is True
    off = as_buyer.patch(address, {"allows_comments": False})
    assert off.data["allows_comments"] is False
    for client in (visitor, as_buyer):
        answer = client.post(f"{address}/comments", {"content": "Now."})
        assert answer.refusal == (403, "PERMISSION_DENIED")
        assert answer.message == "Comments on this picture are switched off."
        assert client.get(f"{address}/comments").results == []
    assert as_buyer.patch(address, {"description": "Mine."}).data["allows_comments"] is False
    as_buyer.patch(address, {"allows_comments": True})
    [row] = visitor.get(f"{address}/comments").results
    assert row["content"] == "Before."


def test_it_is_for_the_buyer_to_say(picture: Generation) -> None:
    answer = Api(UserFactory()).patch(f"/api/images/{picture.pk}", {"allows_comments": False})
    assert answer.status == 403
    picture.refresh_from_db()
    assert picture.allows_comments


def test_the_site_has_a_button(picture: Generation, buyer: User) -> None:
    Comment.objects.create(user=buyer, generation=picture, content="Before.")
    client: Any = Api(buyer).http
    page = f"/pictures/{picture.pk}"
    assert "Before." in client.get(page).content.decode()
    client.post(f"{page}/edit", {"allows_comments": "no"})
    text = client.get(page).content.decode()
    assert "Comments on this picture are switched off." in text
    assert "Before." not in text
    assert f'action="{page}/comments"' not in text
    client.post(f"{page}/edit", {"allows_comments": "yes"})
    assert "Before." in client.get(page).content.decode()
