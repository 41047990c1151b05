"""Blocking and muting on the site, without scripts."""

from __future__ import annotations

from typing import Any

import pytest

from app.models import Comment, Generation, HiddenPerson, User
from app.tests.factories import PublicPictureFactory, UserFactory

pytestmark = pytest.mark.django_db


@pytest.mark.parametrize(
    ("act", "undo", "field"), [("block", "Unblock", "blocks"), ("mute", "Unmute", "mutes")]
)
def test_a_button_on_the_profile_and_in_the_list(
    artist: User, buyer: User, signed_in: Any, act: str, undo: str, field: str
) -> None:
    client = signed_in(buyer)
    for page in (f"/artists/{artist.pk}", f"/users/{artist.pk}"):
        text = client.get(page).content.decode()
        assert f'action="/users/{artist.pk}/{act}"' in text
        assert undo not in text
    answer = client.post(
        f"/users/{artist.pk}/{act}", {"wanted": "yes", "next": f"/users/{artist.pk}"}
    )
    assert answer["Location"] == f"/users/{artist.pk}"
    row = HiddenPerson.objects.get(viewer=buyer)
    assert getattr(row, field)
    assert undo in client.get(f"/users/{artist.pk}").content.decode()
    text = client.get("/account/hidden").content.decode()
    assert "mira" in text
    assert undo in text
    client.post(f"/users/{artist.pk}/{act}", {"wanted": "no", "next": "/account/hidden"})
    assert not HiddenPerson.objects.exists()
    assert "You hide nobody." in client.get("/account/hidden").content.decode()


def test_who_is_blocked_finds_no_page(artist: User, buyer: User, signed_in: Any) -> None:
    signed_in(buyer).post(f"/users/{artist.pk}/block", {"wanted": "yes"})
    for page in ("artists", "users"):
        assert signed_in(artist).get(f"/{page}/{buyer.pk}").status_code == 404
        assert signed_in(UserFactory()).get(f"/users/{buyer.pk}").status_code == 200


def test_nobody_is_offered_to_block_themselves(buyer: User, signed_in: Any) -> None:
    assert "/block" not in signed_in(buyer).get(f"/users/{buyer.pk}").content.decode()


def test_comments_that_are_hidden_are_not_counted_over_none(buyer: User, signed_in: Any) -> None:
    picture, other = PublicPictureFactory(), UserFactory()
    Comment.objects.create(user=other, generation=picture, content="Hello.")
    Generation.objects.filter(pk=picture.pk).update(comment_count=1)
    client, page = signed_in(buyer), f"/pictures/{picture.pk}"
    assert "1 comment</h2>" in client.get(page).content.decode()
    HiddenPerson.objects.create(viewer=buyer, person=other, mutes=True)
    text = client.get(page).content.decode()
    assert "No comments yet." in text
    assert "1 comment</h2>" not in text
