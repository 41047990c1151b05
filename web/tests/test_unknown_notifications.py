"""What the version after this one writes does not break this one's lists, while both run."""

from __future__ import annotations

import pytest
from django.test import Client
from django.utils import translation

from app.models import Notification, User
from app.tests.api import Api
from web.phrases import describe

pytestmark = pytest.mark.django_db

# An unknown kind; a known one with other parameters; a group and days of another form.
UNKNOWN = {
    "kind": {"type": "moon_rose", "parameters": {"name": "X"}},
    "parameters": {"type": "order_ended", "parameters": {"total": 3}},
    "group": {"type": "comment", "other_count": 2},
    "sales": {"type": "sales", "parameters": {"count": 1, "day": "soon", "styles": []}},
    "day": {"type": "fee_changed", "parameters": {"day": "next week", "percent": 1}},
}


@pytest.mark.parametrize("name", UNKNOWN)
def test_it_is_shown_as_it_was_written(name: str, buyer: User) -> None:
    target = {"target_type": "moon", "target_id": 7}
    written = {"recipient": buyer, "message": "The moon rose.", **target, **UNKNOWN[name]}
    told = Notification.objects.create(**written)
    api = Api(buyer)
    answer = api.get("/api/notifications")
    assert answer.status == 200
    [row] = answer.results
    assert (row["type"], row["message"]) == (told.type, "The moon rose.")
    assert api.patch(f"/api/notifications/{told.pk}/read").status == 200
    for language in ("en", "ko"):
        with translation.override(language):
            assert describe(Notification.objects.get()) == "The moon rose."


def test_its_page_and_its_link_answer(buyer: User, client: Client) -> None:
    client.force_login(buyer)
    written = {"type": "moon_rose", "target_type": "moon", "target_id": 7, "parameters": {}}
    told = Notification.objects.create(recipient=buyer, message="The moon rose.", **written)
    page = client.get("/notifications")
    assert (page.status_code, "The moon rose." in page.content.decode()) == (200, True)
    assert client.get(f"/notifications/{told.pk}").status_code == 302
