"""What an artist is offered on the page of a style, in each of its states."""

from __future__ import annotations

import html
import re
from dataclasses import dataclass

import pytest
from django.test import Client

from app.models import Style, TermsKey, User
from app.services.licences import terms
from app.services.uploads import check_service
from app.tests.factories import StyleFactory

# What is seen of each thing that an artist can do.
OFFERS = {
    "watch": r'hx-get="/studio/styles/\d+/training"',
    "see as a buyer": r'href="/styles/\d+"',
    "change": r'id="id_description"',
    "train": r'action="/studio/styles/\d+/retrain"',
    "upload": r'action="/studio/styles/\d+/again"',
    "withdraw": r'name="offered" value="no"',
    "offer": r'name="offered" value="yes"',
}


@dataclass(frozen=True)
class State:
    """``works`` is their number; uploads that are checked or were refused have none."""

    status: str
    works: int
    is_active: bool
    offered: set[str]
    said: str = ""
    progress: dict[str, float] | None = None
    review: str = ""


PROGRESS = {"current_epoch": 1, "total_epochs": 3, "progress_percent": 20.0}
TRAINED = "View as a buyer"
WITHDRAWN = "Withdrawn: nobody can find it"
STATES = {
    "its uploads are checked": State(
        "pending", 0, True, {"watch", "change", "withdraw"}, "Your works are being checked."
    ),
    "it waits": State(
        "pending", 10, True, {"watch", "change", "withdraw"}, "Waiting for a worker."
    ),
    "it waits, withdrawn": State("pending", 10, False, {"watch", "change", "offer"}, WITHDRAWN),
    "its works are held": State(
        *("pending", 10, True, {"upload", "change", "withdraw"}),
        "Our staff looks at these works before the style is trained.",
        review="waiting",
    ),
    "its works are held, withdrawn": State(
        "pending", 10, False, {"upload", "change", "offer"}, WITHDRAWN, review="waiting"
    ),
    "its works were held and refused": State(
        *("failed", 10, True, {"upload", "change", "withdraw"}),
        "Our staff has refused these works.",
        review="refused",
    ),
    "a worker has begun": State(
        "training", 10, True, {"watch", "change", "withdraw"}, "Waiting for a worker."
    ),
    "it is trained": State(
        *("training", 10, True, {"watch", "change", "withdraw"}, "Round 1 of 3", PROGRESS)
    ),
    "it is trained, withdrawn": State(
        "training", 10, False, {"watch", "change", "offer"}, "Round 1 of 3", PROGRESS
    ),
    "it is ready": State("completed", 10, True, {"see as a buyer", "change", "withdraw"}, TRAINED),
    "it is withdrawn": State("completed", 10, False, {"change", "offer"}, WITHDRAWN),
    "its training failed": State(
        "failed", 10, True, {"train", "upload", "change", "withdraw"}, "The training failed."
    ),
    "its training failed, withdrawn": State(
        "failed", 10, False, {"train", "upload", "change", "offer"}, WITHDRAWN
    ),
    "its works were refused": State(
        "failed", 0, True, {"upload", "withdraw"}, "The works were not taken."
    ),
    "its works were refused, withdrawn": State("failed", 0, False, {"upload"}, WITHDRAWN),
}


def reviewed(state: str) -> dict[str, object] | None:
    """What is said of works that are like others."""
    works = [
        {"work": 1, "kind": "picture", "url": "/licences/SL-1"},
        {"work": 4, "kind": "work", "url": None},
    ]
    reason = "Image 3: too small." if state == "refused" else None
    return {"state": state, "works": works, "reason": reason} if state else None


def made(artist: User, state: State) -> Style:
    style: Style = StyleFactory(
        artist=artist.artist,
        name="Wet Paper",
        description="Soft.",
        price=17,
        tags=("sea", "soft"),
        training_status=state.status,
        works=state.works,
        is_active=state.is_active,
        progress=state.progress,
        review=reviewed(state.review),
        failure_reason="Image 3: too small." if state.status == "failed" else "",
    )
    if state.status == "pending" and not state.works:
        check_service.begin(style, [("uploads/a.png", [])])
    return style


@pytest.mark.parametrize("state", STATES.values(), ids=STATES)
def test_each_state_offers_what_can_be_done(state: State, artist: User, signed_in) -> None:
    style, client = made(artist, state), signed_in(artist)
    page = client.get(f"/studio/styles/{style.pk}").content.decode()
    assert {offer for offer, seen in OFFERS.items() if re.search(seen, page)} == state.offered
    assert state.said in page
    assert ("Image 3: too small." in page) is (state.status == "failed")


@pytest.mark.parametrize("state", STATES.values(), ids=STATES)
def test_what_is_offered_succeeds(state: State, artist: User, signed_in) -> None:
    client = signed_in(artist)
    for offer in state.offered:
        Style.objects.all().delete()
        style = made(artist, state)
        path = f"/studio/styles/{style.pk}"
        asked = {
            "watch": lambda path=path: client.get(f"{path}/training"),
            "see as a buyer": lambda style=style: client.get(f"/styles/{style.pk}"),
            "change": lambda path=path: client.post(
                path, {"description": "New.", "price": 5, "tags": "oil"}, follow=True
            ),
            "train": lambda path=path: client.post(f"{path}/retrain", follow=True),
            "upload": lambda path=path: client.post(f"{path}/again", follow=True),
            "withdraw": lambda path=path: client.post(
                f"{path}/offer", {"offered": "no"}, follow=True
            ),
            "offer": lambda path=path: client.post(
                f"{path}/offer", {"offered": "yes"}, follow=True
            ),
        }
        answer = asked[offer]()
        assert answer.status_code == 200, offer
        assert 'class="message error"' not in answer.content.decode(), offer
        style.refresh_from_db()
        assert style.is_active is {"offer": True, "withdraw": False, "upload": False}.get(
            offer, state.is_active
        )
        if offer == "train":
            assert style.training_status == "pending"


def test_held_works_are_named_with_what_they_are_like(artist: User, signed_in) -> None:
    style, client = made(artist, STATES["its works are held"]), signed_in(artist)
    page = " ".join(
        html.unescape(client.get(f"/studio/styles/{style.pk}").content.decode()).split()
    )
    assert "Work 2: nearly the same as a picture made here in another artist's style" in page
    assert '<a href="/licences/SL-1">look at it</a>' in page
    assert "Work 5: nearly the same as a work of another artist</li>" in page
    # The page that watched a training is loaded again.
    asked = client.get(f"/studio/styles/{style.pk}/training", headers={"HX-Request": "true"})
    assert asked.headers["HX-Redirect"] == f"/studio/styles/{style.pk}"


def test_refused_works_are_uploaded_again_under_the_same_name(artist: User, signed_in) -> None:
    style, client = made(artist, STATES["its works were refused"]), signed_in(artist)
    form = client.post(f"/studio/styles/{style.pk}/again", follow=True)
    assert form.redirect_chain == [(f"/studio/upload?again={style.pk}", 302)]
    page = form.content.decode()
    assert [f'value="{kept}"' in page for kept in ("Wet Paper", "sea, soft", "17")] == [True] * 3
    assert ">\nSoft.</textarea>" in page
    again = StyleFactory(artist=artist.artist, name=style.name)
    assert again.is_active


def test_a_style_that_is_or_may_get_trained_is_not_given_up_for_an_upload(
    style: Style, artist: User, signed_in
) -> None:
    client: Client = signed_in(artist)
    for status in ("completed", "pending", "training"):
        Style.objects.update(training_status=status)
        answer = client.post(f"/studio/styles/{style.pk}/again")
        assert answer["Location"] == f"/studio/styles/{style.pk}"
        style.refresh_from_db()
        assert style.is_active


@pytest.mark.parametrize("again", ["", "x", "-1", "9" * 30, "٣", "{other}"])
def test_an_upload_is_filled_in_from_ones_own_styles_alone(
    again: str, artist: User, signed_in
) -> None:
    other = StyleFactory(name="Of another")
    answer = signed_in(artist).get(f"/studio/upload?again={again.format(other=other.pk)}")
    assert answer.status_code == 200
    assert "Of another" not in answer.content.decode()
    assert signed_in(artist).post(f"/studio/styles/{other.pk}/again").status_code == 404


@pytest.mark.parametrize("language", ["en", "ko"])
@pytest.mark.parametrize("key", TermsKey.values)
def test_buyers_read_under_which_terms_they_buy(
    key: str, language: str, style: Style, client: Client
) -> None:
    Style.objects.filter(pk=style.pk).update(terms_id=f"{key}/1")
    page = client.get(f"/styles/{style.pk}", headers={"accept-language": language})
    said = terms.current(key).words[language]
    assert f"{said.title}: {said.summary}" in html.unescape(page.content.decode())
    assert f'href="/terms/{key}/1"' in page.content.decode()
