"""The pages of webhooks: made, watched, switched and deleted by people."""

from __future__ import annotations

import re
from collections.abc import Callable
from typing import Any

import pytest
from django.test import Client

from app.models import MailKind, User, WebhookDelivery, WebhookEndpoint, WebhookEvent
from app.services import notification_service
from app.services.webhooks import endpoints
from app.tests.factories import UserFactory
from web.forms.account import MailForm, WebhookForm
from web.tests.test_kept_forms import value_of

pytestmark = pytest.mark.django_db
SignIn = Callable[[User], Client]
PAGE = "/account/webhooks"
URL = "https://hooks.example.com/style-license"


def text(client: Client, address: str, language: str = "en") -> str:
    answer = client.get(address, headers={"Accept-Language": language})
    assert answer.status_code == 200
    return answer.content.decode()


def test_one_is_made_once_and_its_page_has_the_secret(buyer: User, signed_in: SignIn) -> None:
    client = signed_in(buyer)
    assert PAGE in text(client, "/account")
    asked: dict[str, Any] = {"url": URL, "description": "Shop", "events": ["generation.failed"]}
    asked["key"] = value_of(text(client, PAGE), "key")
    first, second = client.post(PAGE, asked), client.post(PAGE, asked)
    endpoint = WebhookEndpoint.objects.get()
    assert first["Location"] == second["Location"] == f"{PAGE}/{endpoint.pk}"
    assert (endpoint.url, endpoint.events) == (URL, ["generation.failed"])
    shown = client.get(first["Location"])
    assert shown["Cache-Control"] == "no-store"
    assert endpoint.secret in shown.content.decode()
    assert URL in text(client, PAGE)


def test_all_that_there_is_to_tell_can_be_chosen() -> None:
    """An event that a form does not know could not be kept by it either."""
    offered = WebhookForm().fields["events"].choices
    assert [event for event, _label in offered] == WebhookEvent.values
    kinds = MailForm().fields["kinds"].choices
    assert {kind for kind, _label in kinds} == set(MailKind)


def test_what_is_wrong_is_said_in_the_readers_language(buyer: User, signed_in: SignIn) -> None:
    client = signed_in(buyer)
    for language, words in (("en", "public address"), ("ko", "공개 주소가 아닙니다")):
        answer = client.post(
            PAGE, {"url": "https://10.0.0.1/"}, headers={"Accept-Language": language}
        )
        assert answer.status_code == 400
        assert words in answer.content.decode()
    assert not WebhookEndpoint.objects.exists()
    for number in range(endpoints.MAX_ENDPOINTS):
        endpoints.create(user=buyer, url=f"{URL}/{number}")
    answer = client.post(PAGE, {"url": URL})
    assert (answer.status_code, "You have 10 webhooks" in answer.content.decode()) == (400, True)


def test_the_buttons_do_what_they_say(buyer: User, signed_in: SignIn) -> None:
    client, endpoint = signed_in(buyer), endpoints.create(user=buyer, url=URL)
    one, secret = f"{PAGE}/{endpoint.pk}", endpoint.secret

    def press(act: str, **fields: str) -> str:
        answer = client.post(f"{one}/act", {"act": act, **fields}, follow=True)
        endpoint.refresh_from_db()
        return answer.content.decode()

    assert "A test is on its way." in press("test")
    delivery = WebhookDelivery.objects.get()
    assert delivery.webhook_id in text(client, one)
    WebhookDelivery.objects.update(state="failed")
    assert "Sent again: 1." in press("again")
    WebhookDelivery.objects.update(state="delivered")
    assert "It is sent again." in press("again", delivery=str(delivery.pk))
    delivery.refresh_from_db()
    assert delivery.state == "pending"
    press("rotate")
    assert endpoint.secret != secret
    press("off")
    assert not endpoint.is_enabled
    # The buttons of a page that is no longer true.
    assert "switched off. Switch it on first." in press("test")
    press("on")
    assert endpoint.is_enabled
    # A question first, and what is lost.
    asked = re.search(r"<details><summary>Delete</summary>(.*?)</details>", text(client, one))
    assert asked
    assert "gone for good" in asked[1]
    assert text(client, one).count('value="delete"') == asked[1].count('value="delete"') == 1
    assert "The webhook is deleted." in press("delete")
    assert endpoint.deleted_at is not None
    assert client.get(one).status_code == 404
    assert re.search("You have no webhooks", text(client, PAGE))


def test_others_see_and_press_nothing(buyer: User, signed_in: SignIn) -> None:
    endpoint = endpoints.create(user=buyer, url=URL)
    delivery = endpoints.send_test(user=buyer, endpoint_id=endpoint.pk)
    before = list(WebhookEndpoint.objects.values())
    stranger = signed_in(UserFactory())
    assert stranger.get(f"{PAGE}/{endpoint.pk}").status_code == 404
    WebhookDelivery.objects.update(state="failed")
    for act in ("test", "rotate", "off", "on", "delete", "again"):
        fields = {"act": act, "delivery": str(delivery.pk)}
        stranger.post(f"{PAGE}/{endpoint.pk}/act", fields)
        Client().post(f"{PAGE}/{endpoint.pk}/act", fields)
    assert list(WebhookEndpoint.objects.values()) == before
    assert list(WebhookDelivery.objects.values_list("state", flat=True)) == ["failed"]


def test_the_notice_leads_to_the_page(buyer: User, signed_in: SignIn) -> None:
    notification_service.tell_webhook_disabled(buyer.pk, URL)
    client = signed_in(buyer)
    assert URL in text(client, "/notifications")
    assert "껐습니다" in text(client, "/notifications", "ko")
    note = buyer.notifications.get()
    assert client.get(f"/notifications/{note.pk}")["Location"] == PAGE
