"""Forms and buttons that are pressed twice."""

from __future__ import annotations

import re

import pytest

from app.models import ApiKey, Comment, Follow, Generation, Like, Style, User
from app.services import api_key_service, community_service
from app.tests.factories import UserFactory
from web.tests.test_kept_forms import value_of

SECRET = re.compile(r'<code class="secret">([^<]+)</code>')


def test_comment_sent_twice_is_one(buyer: User, picture: Generation, signed_in) -> None:
    client = signed_in(buyer)
    address = f"/pictures/{picture.pk}/comments"
    page = client.get(f"/pictures/{picture.pk}").content.decode()
    said = {"content": "So blue.", "key": value_of(page[page.index('id="comments"') :], "key")}
    first, second = client.post(address, said), client.post(address, said)
    one = Comment.objects.get()
    assert first["Location"] == second["Location"] == f"/pictures/{picture.pk}#comment-{one.pk}"
    # What comes back from the browser's memory may be filled in anew, and is another comment.
    client.post(address, {**said, "content": "So blue indeed."})
    client.post(address, {**said, "parent_id": one.pk})
    client.post(address, {**said, "parent_id": one.pk})
    assert Comment.objects.count() == 3
    # Of everybody their own.
    signed_in(UserFactory()).post(address, said)
    assert Comment.objects.count() == 4


def test_reply_form_has_its_key(buyer: User, picture: Generation, signed_in) -> None:
    Comment.objects.create(user=buyer, generation=picture, content="First.")
    page = signed_in(buyer).get(f"/pictures/{picture.pk}").content.decode()
    forms = re.findall(rf'action="/pictures/{picture.pk}/comments".*?</form>', page, re.DOTALL)
    assert len(forms) == 2
    assert all(value_of(form, "key") for form in forms)


def test_key_form_sent_twice_makes_one_key_and_shows_it(buyer: User, signed_in) -> None:
    client = signed_in(buyer)
    asked = {"name": "Printer", "scopes": ["read", "generate"]}
    asked["key"] = value_of(client.get("/account/keys").content.decode(), "key")
    pages = [client.post("/account/keys", asked).content.decode() for _ in range(2)]
    [first], [second] = (SECRET.findall(page) for page in pages)
    assert first == second
    key = ApiKey.objects.get()
    assert api_key_service.find_key(first) == key
    assert key.scopes == ["generate", "read"]
    # Each page that is shown makes another one, and two people never the same.
    asked["key"] = value_of(pages[1], "key")
    [third] = SECRET.findall(client.post("/account/keys", asked).content.decode())
    [stranger] = SECRET.findall(
        signed_in(UserFactory()).post("/account/keys", asked).content.decode()
    )
    assert len({first, third, stranger}) == 3
    # A key that was revoked is not shown again.
    api_key_service.revoke_key(user=buyer, key_id=ApiKey.objects.of(buyer)[0].pk)
    assert SECRET.findall(client.post("/account/keys", asked).content.decode()) == []
    assert ApiKey.objects.of(buyer).count() == 1


@pytest.mark.parametrize("thing", ["follow", "like"])
def test_pressed_twice_means_what_the_button_said(
    thing: str, buyer: User, style: Style, picture: Generation, signed_in
) -> None:
    client, rows = signed_in(buyer), {"follow": Follow, "like": Like}[thing].objects
    page = {"follow": f"/artists/{style.artist_id}", "like": f"/pictures/{picture.pk}"}[thing]
    address = f"{page}/{thing}"

    def offered() -> str:
        shown = client.get(page).content.decode()
        return value_of(
            shown[shown.index(f'action="{address}"') :].replace("button", "input"), "wanted"
        )

    assert offered() == "yes"
    for _ in range(2):
        client.post(address, {"wanted": "yes"})
    assert rows.count() == 1
    assert offered() == "no"
    for _ in range(2):
        client.post(address, {"wanted": "no"})
    assert rows.count() == 0
    # The wall says the same as the page.
    if thing == "like":
        assert 'name="wanted" value="yes"' in client.get("/").content.decode()
    part = client.post(address, {"wanted": "yes"}, headers={"hx-request": "true"}).content.decode()
    assert 'name="wanted" value="no"' in part
    # A page from before the buttons said so.
    client.post(address)
    assert rows.count() == 0


def commented(user: User, picture: Generation) -> Comment:
    return community_service.add_comment(user=user, generation_id=picture.pk, content="First.")


def test_what_is_deleted_twice_is_gone(buyer: User, picture: Generation, signed_in) -> None:
    client = signed_in(buyer)
    mine = commented(buyer, picture)
    key = api_key_service.create_key(user=buyer, name="Printer", scopes=["read"]).key
    pages = {
        f"/comments/{mine.pk}/delete": f"/pictures/{picture.pk}",
        f"/account/keys/{key.pk}/revoke": "/account/keys",
    }
    for address, page in pages.items():
        for _ in range(2):
            assert client.post(address, {"next": page})["Location"] == page
    assert not Comment.objects.exists()
    assert not ApiKey.objects.of(buyer).exists()


def test_what_others_have_is_not_deleted(buyer: User, picture: Generation, signed_in) -> None:
    comment = commented(buyer, picture)
    key = api_key_service.create_key(user=buyer, name="Printer", scopes=["read"]).key
    stranger = signed_in(UserFactory())
    assert stranger.post(f"/comments/{comment.pk}/delete").status_code == 403
    stranger.post(f"/account/keys/{key.pk}/revoke")
    assert Comment.objects.exists()
    assert ApiKey.objects.of(buyer).exists()
