"""An artist's own pages."""

from __future__ import annotations

from app.models import Style, User
from app.tests.factories import (
    ArtistFactory,
    StyleFactory,
)


def test_only_artists_have_a_studio(buyer: User, signed_in) -> None:
    assert signed_in(buyer).get("/studio")["Location"] == "/studio/join"
    other = ArtistFactory().user
    assert signed_in(other).get("/studio").status_code == 200


def test_artist_changes_only_their_own_style(style: Style, signed_in) -> None:
    stranger = signed_in(ArtistFactory().user)
    change = {"description": "Mine now.", "price": 1, "tags": ""}
    assert stranger.post(f"/studio/styles/{style.pk}", change).status_code == 404
    assert stranger.post(f"/studio/styles/{style.pk}/offer", {"offered": "no"}).status_code == 403
    style.refresh_from_db()
    assert (style.price, style.is_active, style.description) == (10, True, "")


def test_training_is_watched_and_tried_again_after_a_failure(artist: User, signed_in) -> None:
    style = StyleFactory(artist=artist.artist, training_status="pending", works=10)
    client, htmx = signed_in(artist), {"hx-request": "true"}
    page, training = f"/studio/styles/{style.pk}", f"/studio/styles/{style.pk}/training"
    assert "Waiting for a worker." in client.get(page).content.decode()
    assert client.get("/styles").content.decode().count("/styles/") == 0
    progress = {"current_epoch": 2, "total_epochs": 3, "progress_percent": 66.0}
    Style.objects.update(training_status="training", progress=progress)
    part = client.get(training, headers=htmx).content.decode()
    assert "Round 2 of 3" in part
    assert 'value="66"' in part
    Style.objects.update(training_status="failed", failure_reason="Too dark.", progress=None)
    assert client.get(training, headers=htmx)["HX-Redirect"] == page
    assert "Too dark." in client.get(page).content.decode()
    client.post(f"{page}/retrain")
    style.refresh_from_db()
    assert style.training_status == "pending"


def test_style_is_withdrawn_and_offered_again(style: Style, artist: User, signed_in) -> None:
    client = signed_in(artist)
    for offered in ("no", "yes"):
        client.post(f"/studio/styles/{style.pk}/offer", {"offered": offered})
        style.refresh_from_db()
        assert style.is_active is (offered == "yes")
    client.post(f"/studio/styles/{style.pk}", {"description": "New.", "price": 33, "tags": "oil"})
    style.refresh_from_db()
    assert (style.description, style.price) == ("New.", 33)


def test_signature_that_is_no_picture_is_refused(buyer: User, signed_in) -> None:
    client = signed_in(buyer)
    broken = {"artist_name": "Bo", "drawing": "data:image/png;base64,AAAA"}
    answer = client.post("/studio/join", broken)
    assert answer.status_code == 400
    assert "The file is not a PNG image." in answer.content.decode()
    buyer.refresh_from_db()
    assert not buyer.is_artist
