"""Works of styles are looked at before the training, by the check that looks for copies."""

import pytest

from app.exceptions import ServiceUnavailable
from app.models import CopyCheck, Notification, OutboxMessage, PictureCheck
from app.services import moderation_service
from app.services.checks import nudity
from app.tests.api import Api
from app.tests.safety.staff import moderator
from app.tests.styles.copying import painting, style_of
from app.tests.uploads import check_all

pytestmark = pytest.mark.django_db


def test_works_that_show_nudity_are_held_and_the_artist_told(check):
    check.says = 0.75
    style = style_of(painting(1), painting(2), training_status="pending", name="Ink")
    check_all()
    assert not OutboxMessage.objects.exists()
    found = CopyCheck.objects.get().found
    assert found[1] == {
        "work": 1,
        "kind": "nudity",
        "id": style.artworks.all()[1].pk,
        "bits": None,
        "score": 0.75,
        "checker": "fake/1",
    }
    told = Notification.objects.get(recipient=style.artist.user)
    assert told.message == (
        "A check by machine found nudity in works of your style Ink, which everybody would see:"
        " no. 1, 2. It is trained once our staff has looked at it. You may upload other works"
        " instead."
    )
    shown = Api(style.artist.user).get(f"/api/models/{style.pk}").data["review"]
    assert shown["works"] == [
        {"work": 0, "kind": "nudity", "url": None},
        {"work": 1, "kind": "nudity", "url": None},
    ]
    # Staff decide as on copies.
    staff = moderator()
    moderation_service.allow_works(CopyCheck.objects.get(), staff=staff, reason="Marble statues.")
    assert OutboxMessage.objects.count() == 1
    assert not PictureCheck.objects.exists()


def test_what_a_style_allows_to_buyers_is_not_shown_on_its_page(check):
    check.says = 0.75
    style_of(painting(1), training_status="pending", allows_mature=True)
    check_all()
    assert CopyCheck.objects.held().count() == 1


def test_good_works_are_trained_on(check):
    check.says = 0.3
    style_of(painting(1), training_status="pending")
    check_all()
    assert (OutboxMessage.objects.count(), CopyCheck.objects.count()) == (1, 0)


def test_without_the_package_works_wait(check, monkeypatch):
    def missing():
        raise ServiceUnavailable("Install it.")

    monkeypatch.setattr(nudity, "checker", missing)
    style_of(painting(1), training_status="pending")
    check_all()
    waiting = CopyCheck.objects.get()
    assert (waiting.held_at, waiting.attempt) == (None, 0)
    assert not OutboxMessage.objects.exists()
