"""Licences that have ended: every door says so within a second, whatever it had said before."""

from __future__ import annotations

import gzip
from base64 import urlsafe_b64decode
from pathlib import Path
from typing import Any

import jwt
import pytest
from django.contrib.auth.models import Permission
from django.test import Client

from app.models import Licence, Notification, Proposal, User
from app.services.licences import certificate
from app.services.safety import deciding
from app.tests import ledger
from app.tests.api import Api
from app.tests.factories import PublicPictureFactory, UserFactory
from provenance import certificates

pytestmark = pytest.mark.django_db
REASON = "The style was made of somebody else's works."
# Action of the admin → the state that everybody is told.
ACTIONS = {"refund": "refunded", "revoke": "revoked", "revoke_and_refund": "revoked"}


@pytest.fixture(autouse=True)
def _certified(settings: Any, tmp_path: Path) -> None:
    settings.CERTIFICATES_DIR = tmp_path
    certificates.make(tmp_path / certificates.FOLDER)


@pytest.fixture
def staff() -> Client:
    client = Client()
    client.force_login(User.objects.create_superuser("keeper", "keeper@example.com", "keeps"))
    return client


@pytest.fixture
def licence(buyer: User) -> Licence:
    """Of a public picture, found by its own file."""
    picture = PublicPictureFactory(user=buyer, prompt_tags=["castle"])
    return Licence.objects.get(pk=picture.pk)


def act(client: Client, action: str, licence: Licence, reason: str = REASON) -> str:
    """What the admin says to it."""
    form = {"action": action, "_selected_action": [licence.pk], "reason": reason}
    answer = client.post("/admin/app/licence/", form, follow=True)
    assert answer.status_code == 200
    for proposal in Proposal.objects.filter(ended_at=None):
        # A licence is revoked by two.
        other = User.objects.create_superuser("warden", "warden@example.com", "wards")
        deciding.confirm(proposal_id=proposal.pk, staff=other)
    return " ".join(str(message) for message in answer.context["messages"])


def is_listed(licence: Licence) -> bool:
    """Whether the status list says that it has ended."""
    number, index = divmod(licence.pk, certificate.LIST_BITS)
    answer = Client().get(f"/credentials/status/{number}")
    assert seconds_kept(answer) <= 1
    listed = jwt.decode(answer.content.decode(), options={"verify_signature": False})
    packed = listed["credentialSubject"]["encodedList"].removeprefix("u")
    bits = gzip.decompress(urlsafe_b64decode(packed + "=" * (-len(packed) % 4)))
    return bool(bits[index // 8] & 0x80 >> index % 8)


def seconds_kept(answer: Any) -> int:
    """How long others may go on showing this answer."""
    rules = dict(
        rule.strip().partition("=")[::2] for rule in answer.get("Cache-Control", "").split(",")
    )
    if rules.keys() & {"no-cache", "no-store"}:
        return 0
    assert "max-age" in rules or "public" not in rules, rules
    return int(rules.get("max-age") or 0)


def states_told(licence: Licence) -> dict[str, str]:
    """What each door says of its state."""
    path, api = f"/licences/{licence.number}", Api()
    page, shown = Client().get(path), Client().get(f"/api{path}")
    assert seconds_kept(page) <= 1
    assert seconds_kept(shown) <= 1
    words = {
        "active": "This licence is valid.",
        "refunded": "the picture was refunded",
        "revoked": "This licence was revoked.",
    }
    [said] = [state for state, text in words.items() if text in page.content.decode()]
    owner = Api(licence.generation.user)
    return {
        "page": said,
        "api": shown.json()["data"]["state"],
        "verify": api.post("/api/verify", {"number": licence.number}).data["licence"]["state"],
        "picture": owner.get(f"/api/images/{licence.pk}").data["licence"]["state"],
        "mine": owner.get("/api/licences").results[0]["state"],
        "status list": "active" if not is_listed(licence) else licence_state(licence),
    }


def licence_state(licence: Licence) -> str:
    return Licence.objects.values_list("state", flat=True).get(pk=licence.pk)


class TestEveryDoor:
    @pytest.mark.parametrize("action", ACTIONS)
    def test_says_so_at_once(self, staff, licence, action, settings):
        settings.PAGE_CACHE_SECONDS = 1
        before = states_told(licence)
        assert set(before.values()) == {"active"}
        act(staff, action, licence)
        told = states_told(licence)
        assert told == dict.fromkeys(before, ACTIONS[action])
        ledger.assert_right()

    def test_and_why(self, staff, licence, as_anyone):
        act(staff, "revoke", licence)
        shown = as_anyone.get(f"/api/licences/{licence.number}").data
        assert shown["state_reason"] == REASON
        assert shown["state_changed_at"] is not None
        page = Client().get(f"/licences/{licence.number}").content.decode()
        assert "somebody else" in page

    def test_the_picture_is_its_buyers_alone(self, staff, licence, as_buyer):
        path = f"/pictures/{licence.pk}"
        assert Client().get(path).status_code == 200
        act(staff, "refund", licence)
        for door in (path, f"/api/images/{licence.pk}", f"{path}/image"):
            assert Client().get(door).status_code == 404
        assert Api().get("/api/community/feed").ids == []
        shown = as_buyer.get(f"/api/images/{licence.pk}").data
        assert (shown["status"], shown["visibility"]) == ("completed", "private")
        assert shown["hidden_reason"] == REASON
        client = Client()
        client.force_login(licence.generation.user)
        assert "No longer valid" in client.get(path).content.decode()
        receipt = client.get(f"/wallet/pictures/{licence.pk}").content.decode()
        assert "Refunded to the buyer" in receipt
        assert "Taken back from" in receipt


class TestStaff:
    def test_twice_is_once_and_said(self, staff, licence):
        assert act(staff, "refund", licence).endswith("Refunded.")
        assert "refunded already" in act(staff, "refund", licence)
        assert "is refunded, not active" in act(staff, "revoke", licence)
        assert Notification.objects.filter(type="licence_refunded").count() == 1

    def test_a_reason_is_needed(self, staff, licence):
        assert "Give a reason" in act(staff, "revoke", licence, " ")
        assert licence_state(licence) == "active"

    @pytest.mark.parametrize("action", ACTIONS)
    def test_who_may_only_look_cannot(self, licence, action):
        looker = UserFactory(is_staff=True)
        looker.user_permissions.add(Permission.objects.get(codename="view_licence"))
        client = Client()
        client.force_login(looker)
        act(client, action, licence)
        assert licence_state(licence) == "active"

    def test_the_wallet_names_both_entries(self, staff, licence):
        act(staff, "refund", licence)
        words = {
            licence.generation.user: "Refunded: a picture in the style",
            licence.generation.style.artist.user: "Taken back: a picture in your style",
        }
        for person, said in words.items():
            client = Client()
            client.force_login(person)
            assert said in client.get("/wallet").content.decode()
