"""Texts that people read: nothing in them is invisible, or turns what stands beside them."""

from __future__ import annotations

import pytest
from django.contrib.admin.models import LogEntry
from django.test import Client

from app.models import ApiKey, Comment, Generation, Style, User
from app.tests.api import Api
from app.tests.factories import PublicPictureFactory, StyleFactory
from app.tests.uploads import style_form
from app.utils import names

pytestmark = pytest.mark.django_db

NOTHING = "There is nothing to read in it."
UNSEEN = [
    "\u200b\u200b",
    "\u3164",
    "\u2800 \u2800",
    "\u202e\u2066",
    "\U000e0041",
    "\u0301",
    "\u200d",
]
# What is sent, and what is kept of it.
CLEANED = {
    "\u202eevil\u202c text": "evil text",
    "a\u200bb\u2066c\u2069": "abc",
    "Hi\U000e0049\U000e0067\U000e006e": "Hi",
    "Cafe\u0301\n\nand more": "Caf\u00e9\n\nand more",
    "\U0001f469\u200d\U0001f3a8 \u2764\ufe0f": "\U0001f469\u200d\U0001f3a8 \u2764\ufe0f",
    "\U0001f3f4\U000e0067\U000e0062\U000e0065\U000e006e\U000e0067\U000e007f": (
        "\U0001f3f4\U000e0067\U000e0062\U000e0065\U000e006e\U000e0067\U000e007f"
    ),
    "\u2813\u2811\u2800\u2807": "\u2813\u2811\u2800\u2807",
    "\u05e9\u05dc\u05d5\u05dd": "\u05e9\u05dc\u05d5\u05dd",
}


class Everything:
    """Each text that somebody writes and others read, by the API."""

    def __init__(self, artist: User, buyer: User) -> None:
        self.artist, self.buyer = Api(artist), Api(buyer)
        self.style = StyleFactory(artist=artist.artist)
        self.picture = PublicPictureFactory(user=buyer, style=self.style)

    def write(self, text: str) -> dict[str, tuple]:
        """What is said to each, and what is kept."""
        self.style.refresh_from_db()
        bio = self.buyer.patch("/api/users/me", {"bio": text})
        described = self.buyer.patch(f"/api/images/{self.picture.pk}", {"description": text})
        style = self.artist.patch(f"/api/models/{self.style.pk}", {"description": text})
        made = self.artist.upload("/api/models", style_form(description=text))
        said = self.buyer.post(f"/api/images/{self.picture.pk}/comments", {"content": text})
        key = self.buyer.post("/api/keys", {"name": text, "scopes": ["read"]})
        return {
            "bio": (bio, User.objects.get(username="bo").bio),
            "picture": (described, Generation.objects.get(pk=self.picture.pk).description),
            "style": (style, Style.objects.get(pk=self.style.pk).description),
            "new style": (made, [s.description for s in Style.objects.exclude(pk=self.style.pk)]),
            "comment": (said, [comment.content for comment in Comment.objects.all()]),
            "key": (key, [key.name for key in ApiKey.objects.all()]),
        }


@pytest.fixture
def everything(artist: User, buyer: User, media) -> Everything:
    return Everything(artist, buyer)


@pytest.mark.parametrize("text", UNSEEN)
def test_nothing_to_read_is_refused_everywhere(text: str, everything: Everything) -> None:
    before = everything.style.description
    kept = {}
    for name, (answer, now) in everything.write(text).items():
        assert answer.refusal == (400, "VALIDATION_ERROR"), name
        [[said]] = answer.details.values()
        assert said == NOTHING, name
        kept[name] = now
    empty = {"bio": "", "picture": "", "style": before, "new style": [], "comment": [], "key": []}
    assert kept == empty


@pytest.mark.parametrize("text", CLEANED)
def test_what_nobody_sees_is_left_out_everywhere(text: str, everything: Everything) -> None:
    for name, (answer, now) in everything.write(text).items():
        assert answer.status in (200, 201), (name, answer.content)
        assert now in (CLEANED[text], [CLEANED[text]]), name


def test_a_text_may_be_taken_away(everything: Everything) -> None:
    everything.write("Words.")
    buyer, artist = everything.buyer, everything.artist
    assert buyer.patch("/api/users/me", {"bio": ""}).data["bio"] == ""
    described = buyer.patch(f"/api/images/{everything.picture.pk}", {"description": " "})
    assert described.data["description"] == ""
    style = artist.patch(f"/api/models/{everything.style.pk}", {"description": ""})
    assert style.data["description"] == ""


@pytest.mark.parametrize(("language", "said"), [("en", NOTHING), ("ko", "\uc77d\uc744")])
def test_the_site_says_so(language: str, said: str, everything: Everything, media) -> None:
    client = Client(headers={"Accept-Language": language})
    client.force_login(User.objects.get(username="bo"))
    page = client.post("/account", {"username": "bo", "bio": "\u200b\u200b"})
    assert (page.status_code, said in page.content.decode()) == (400, True)
    at = f"/pictures/{everything.picture.pk}"
    page = client.post(f"{at}/edit", {"description": "\u3164"}, follow=True)
    assert said in page.content.decode()
    client.force_login(everything.style.artist.user)
    shown = {"name": everything.style.name, "price": 10, "tags": "", "terms": "commercial"}
    page = client.post(f"/studio/styles/{everything.style.pk}", {**shown, "description": "\u3164"})
    assert (page.status_code, said in page.content.decode()) == (400, True)


class TestStaff:
    @pytest.fixture
    def staff(self) -> Client:
        client = Client()
        client.force_login(User.objects.create_superuser("keeper", "keeper@example.com", "keeps"))
        return client

    def hide(self, staff: Client, picture: Generation, reason: str) -> str:
        form = {"action": "hide", "_selected_action": [picture.pk], "reason": reason}
        staff.post("/admin/app/generation/", form)
        picture.refresh_from_db()
        return picture.hidden_reason

    @pytest.mark.parametrize("reason", UNSEEN)
    def test_give_a_reason_that_can_be_read(self, reason: str, staff: Client) -> None:
        picture = PublicPictureFactory()
        assert (self.hide(staff, picture, reason), picture.visibility) == ("", "public")
        assert not LogEntry.objects.exists()

    def test_and_that_turns_nothing(self, staff: Client) -> None:
        picture = PublicPictureFactory()
        assert self.hide(staff, picture, "\u202eNo\u200bt yours.") == "Not yours."

    def test_describe_no_style_by_nothing(self, staff: Client) -> None:
        style = StyleFactory(description="Washes.")
        address = f"/admin/app/style/{style.pk}/change/"
        form = {"description": "\u3164", "price": 10}
        for prefix in ("style_tags", "artworks"):
            form |= {f"{prefix}-TOTAL_FORMS": 0, f"{prefix}-INITIAL_FORMS": 0}
        assert NOTHING in staff.post(address, form).content.decode()
        staff.post(address, {**form, "description": "\u202eInk\u200b."})
        style.refresh_from_db()
        assert style.description == "Ink."


def test_plain_text_is_left_alone() -> None:
    assert names.readable("  Two\n\nlines, \ttabs. ") == "  Two\n\nlines, \ttabs. "
