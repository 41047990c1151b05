"""Works that a check holds: what their artist reads, and who decides on them at the desk."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
from django.test import Client

from app.models import Decision, Statement, Style, User
from app.services.safety import appeals
from app.services.uploads import copy_service
from app.tests.checks.looking import put_in
from app.tests.factories import ArtistFactory
from app.tests.safety.staff import WORDS, moderator
from app.tests.styles.copying import painting, style_of
from app.tests.uploads import check_all
from web.tests.test_desk import press_twice, text

pytestmark = pytest.mark.django_db
SignedIn = Callable[[User], Client]


@pytest.fixture
def held(artist: User, settings: Any, media: Path, monkeypatch: pytest.MonkeyPatch) -> Style:
    """A style with one work, which is another artist's and shows nudity."""
    style_of(painting(1, 512), artist=ArtistFactory())
    copy_service.fill_in(60)
    put_in(settings, monkeypatch).says = 0.75
    style = style_of(painting(1), artist=artist.artist, training_status="pending")
    check_all()
    style.refresh_from_db()
    assert style.review_state == "waiting"
    return style


def test_the_artist_is_led_to_the_reasons(held: Style, artist: User, signed_in: SignedIn) -> None:
    client, stated = signed_in(artist), Statement.objects.get()
    address = f"/statements/{stated.pk}"
    assert f'<a href="{address}">Why, and how to appeal</a>' in text(
        client.get(f"/studio/styles/{held.pk}")
    )
    notice = artist.notifications.filter(type="works_held").first()
    assert client.get(f"/notifications/{notice.pk}")["Location"] == address
    page = text(client.get(address))
    assert copy_service.BOTH_HELD in page
    assert f'href="{address}/appeal"' in page
    assert f'href="/styles/{held.pk}"' in page
    assert client.get(f"/styles/{held.pk}").status_code == 200


def test_a_work_with_two_findings_is_one_work(held: Style, signed_in: SignedIn) -> None:
    assert "<b>1 work</b>" in text(signed_in(moderator()).get("/desk"))


def test_an_appeal_is_answered_first(held: Style, artist: User, signed_in: SignedIn) -> None:
    stated = Statement.objects.get()
    made = appeals.appeal(user=artist, statement_id=stated.pk, words="It is mine.")
    client, address = signed_in(moderator()), f"/desk/works/{held.pk}"
    page = text(client.get(address))
    assert f'href="/desk/appeals/{made.pk}"' in page
    assert 'name="action"' not in page
    refused = press_twice(client, address, {"action": "refuse", "words": WORDS})
    assert refused.status_code == 400
    assert Decision.objects.count() == 1
    answer, given = f"/desk/appeals/{made.pk}", {"verdict": "deny", "words": WORDS}
    assert f'href="{address}"' in text(client.get(answer))
    asked = text(client.post(answer, given))
    assert "Against that, one may appeal once more." in asked
    assert press_twice(client, answer, given)["Location"] == "/desk/appeals"
    held.refresh_from_db()
    assert held.review_state == "refused"
    assert client.get(address).status_code == 404
    assert f'href="{address}"' not in text(client.get(answer))
