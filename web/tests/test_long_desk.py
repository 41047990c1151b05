"""However much waits, the desk shows what has waited longest, and how much there is."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import pytest
from django.db import connection
from django.test import Client
from django.test.utils import CaptureQueriesContext

from app.models import Appeal, CopyCheck, PictureCheck, Proposal, Statement, Style, User
from app.services.safety import deciding, looking
from app.tests.factories import PublicPictureFactory, StyleFactory
from app.tests.safety.staff import WORDS, act, moderator
from app.utils import clock

pytestmark = pytest.mark.django_db
SignedIn = Callable[[User], Client]
SHOWN = 2


def text(answer: Any) -> str:
    return str(answer.content.decode())


def wait(artist: User, count: int) -> None:
    """So many of each thing that waits."""
    staff = moderator()
    for number in range(count):
        style = StyleFactory(artist=artist.artist, name=f"Held {number} of {count}")
        picture = PublicPictureFactory(style=style)
        said: dict[str, Any] = {"words": WORDS, "ground": "copyright"}
        deciding.propose_revocation(generation_id=picture.pk, staff=staff, **said)
        act("style", style.pk, "hold", ground="copyright")
        stated = Statement.objects.latest("pk")
        Appeal.objects.create(statement=stated, words="No.", created_at=clock.now())
        waiting = StyleFactory(
            artist=artist.artist, name=f"Like {number} of {count}", is_draft=True
        )
        CopyCheck.objects.create(style=waiting, held_at=clock.now(), found=[])
        found: dict[str, Any] = {"outcome": "found", "rating": "blocked", "score": 0.9}
        found |= {"checker": "x/1", "found_at": clock.now()}
        PictureCheck.objects.create(kind="profile", user=picture.user, key="profiles/x", **found)


def test_each_list_has_an_end(
    artist: User, signed_in: SignedIn, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(looking, "QUEUE_SHOWN", SHOWN)
    client = signed_in(moderator())
    wait(artist, SHOWN)
    page = text(client.get("/desk"))
    assert "that have waited longest" not in page + text(client.get("/desk/appeals"))
    with CaptureQueriesContext(connection) as few:
        client.get("/desk")
    wait(artist, 3)
    with CaptureQueriesContext(connection) as many:
        page = text(client.get("/desk"))
    assert page.count("The 2 that have waited longest, of 5.") == 4
    assert page.count('href="/desk/works/') == page.count('href="/desk/images/') == SHOWN
    # Each of the lists that is cut is counted, too.
    assert len(many) <= len(few) + 4
    appeals = text(client.get("/desk/appeals"))
    assert "The 2 that have waited longest, of 5." in appeals
    assert appeals.count('href="/desk/appeals/') == SHOWN
    assert Proposal.objects.count() == Style.objects.filter(held_at__isnull=False).count() == 5
