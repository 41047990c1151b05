"""Notices are read by looking at what they are about."""

from __future__ import annotations

import pytest
from django.db import connection
from django.test.utils import CaptureQueriesContext

from app.models import Generation, Notification, Style, User
from app.services import community_service, notification_service
from app.tests.factories import UserFactory


def test_looking_at_the_thing_reads_its_notices(
    buyer: User, artist: User, style: Style, picture: Generation, signed_in
) -> None:
    Notification.objects.all().delete()
    kim = UserFactory()
    community_service.toggle_like(user=kim, generation_id=picture.pk)
    community_service.add_comment(user=kim, generation_id=picture.pk, content="Fine.")
    notification_service.tell_training_complete(style)
    unread = Notification.objects.filter(is_read=False)
    signed_in(kim).get(f"/pictures/{picture.pk}")
    assert unread.count() == 3
    page = signed_in(buyer).get(f"/pictures/{picture.pk}").content.decode()
    assert "0 unread notifications" in page
    assert [one.recipient for one in unread.all()] == [artist]
    assert signed_in(artist).get(f"/studio/styles/{style.pk}").status_code == 200
    assert unread.count() == 0


def test_a_persons_page_and_a_styles_public_page(artist: User, style: Style, signed_in) -> None:
    kim = UserFactory()
    for address in ("users", "artists"):
        Notification.objects.all().delete()
        community_service.toggle_follow(user=kim, artist_id=artist.pk)
        community_service.set_follow(user=kim, artist_id=artist.pk, is_following=True)
        assert Notification.objects.filter(is_read=False).count() == 1
        signed_in(artist).get(f"/{address}/{kim.pk}", follow=True)
        assert not Notification.objects.filter(is_read=False).exists()
    notification_service.tell_training_complete(style)
    signed_in(artist).get(f"/styles/{style.pk}")
    assert not Notification.objects.filter(is_read=False).exists()


@pytest.mark.parametrize("purpose", ["prefetch", "prefetch;prerender"])
def test_a_page_that_is_fetched_ahead_reads_nothing(
    purpose: str, buyer: User, picture: Generation, signed_in
) -> None:
    told = Notification.objects.get()
    client = signed_in(buyer)
    ahead = {"Sec-Purpose": purpose}
    page = client.get(f"/pictures/{picture.pk}", headers=ahead).content.decode()
    assert "1 unread notification<" in page
    assert client.get(f"/notifications/{told.pk}", headers=ahead).status_code == 302
    assert client.head(f"/notifications/{told.pk}").status_code == 302
    client.head(f"/pictures/{picture.pk}")
    assert not Notification.objects.get().is_read
    client.get(f"/notifications/{told.pk}")
    assert Notification.objects.get().is_read


def test_looking_costs_nothing_where_nothing_is_unread(
    buyer: User, picture: Generation, signed_in
) -> None:
    client = signed_in(buyer)
    path = f"/pictures/{picture.pk}"
    costs = []
    for _ in range(2):
        with CaptureQueriesContext(connection) as captured:
            client.get(path)
        asked = [query["sql"] for query in captured.captured_queries]
        costs.append(len([sql for sql in asked if "app_notification" in sql]))
    # The bell is asked once each time.
    assert costs == [2, 1]
