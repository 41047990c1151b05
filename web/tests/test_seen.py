"""Notices are read by looking at what they are about."""

from __future__ import annotations

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
