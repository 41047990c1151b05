"""Works that are like those of others wait in the admin for a decision."""

from __future__ import annotations

import pytest
from django.contrib.admin.models import LogEntry
from django.contrib.auth.models import Permission
from django.test import Client

from app.models import CopyCheck, Notification, OutboxMessage, Style, User
from app.tests.factories import StyleFactory
from app.utils import clock

pytestmark = pytest.mark.django_db
REASON = "You have sent us the sketches."


def news(user: User) -> list[str]:
    told = Notification.objects.filter(recipient=user)
    return list(told.values_list("message", flat=True))


@pytest.fixture
def check(artist: User) -> CopyCheck:
    style = StyleFactory(
        artist=artist.artist,
        name="Wet Paper",
        training_status="pending",
        works=2,
        review={"state": "waiting", "works": [{"work": 1, "kind": "work", "url": None}]},
    )
    found = [{"work": 1, "kind": "work", "id": 7, "bits": 2}]
    return CopyCheck.objects.create(style=style, held_at=clock.now(), found=found)


def decide(client: Client, check: CopyCheck, action: str, reason: str = REASON) -> str:
    form = {"action": action, "_selected_action": [check.pk], "reason": reason}
    answer = client.post("/admin/app/copycheck/", form, follow=True)
    return " ".join(str(message) for message in answer.context["messages"])


def test_they_are_listed_with_what_was_found(admin_client: Client, check: CopyCheck) -> None:
    page = admin_client.get("/admin/app/copycheck/").content.decode()
    assert "Wet Paper" in page
    assert "Mira Halden" in page


def test_allowed_the_style_is_trained(admin_client: Client, check: CopyCheck, artist: User) -> None:
    assert "Given to training." in decide(admin_client, check, "allow")
    style = Style.objects.get()
    assert OutboxMessage.objects.get().task_id == style.task_id
    assert style.review["reason"] == REASON
    assert news(artist) == [
        "Our staff has looked at the works of your style Wet Paper: it is trained now."
        f" Reason: {REASON}"
    ]
    entry = LogEntry.objects.get()
    assert entry.object_id == str(style.pk)
    assert entry.change_message == f"Works may be trained on (1: work 7). Reason: {REASON}"


def test_refused_it_is_not_and_its_artist_is_told_once(
    admin_client: Client, check: CopyCheck, artist: User
) -> None:
    assert "Refused." in decide(admin_client, check, "refuse")
    style = Style.objects.get()
    assert (style.training_status, style.failure_reason) == ("failed", REASON)
    assert news(artist) == [
        "Our staff has refused the works of your style Wet Paper. You may upload other works."
        f" Reason: {REASON}"
    ]
    assert LogEntry.objects.get().change_message.startswith("Works refused (1: work 7).")
    assert not OutboxMessage.objects.exists()


@pytest.mark.parametrize("action", ["allow", "refuse"])
def test_without_a_reason_nothing_happens(
    admin_client: Client, check: CopyCheck, artist: User, action: str
) -> None:
    assert "Give a reason" in decide(admin_client, check, action, reason="")
    assert CopyCheck.objects.get() == check
    assert (Style.objects.get().training_status, news(artist)) == ("pending", [])


def test_only_by_staff_with_the_right(check: CopyCheck) -> None:
    client, looker = Client(), User.objects.create_user("looker", is_staff=True)
    looker.user_permissions.add(Permission.objects.get(codename="view_copycheck"))
    client.force_login(looker)
    decide(client, check, "allow")
    assert not OutboxMessage.objects.exists()
