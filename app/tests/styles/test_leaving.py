"""What an artist who leaves takes along: styles that were never on offer, with all their files."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from io import BytesIO
from pathlib import Path

import pytest
import time_machine

from app.exceptions import InvalidInput
from app.models import Artwork, Notification, OutboxMessage, PendingUpload, Style, UploadCheck, User
from app.services import storage, user_service
from app.services.uploads import artwork_service, check_service, checkers, upload_service
from app.tests.api import Api
from app.tests.factories import PublicPictureFactory, StyleFactory
from app.tests.ordering import report_training
from app.tests.uploads import (
    check_all,
    create_of,
    file,
    files,
    files_in,
    picture,
    style_form,
    uploaded,
)

pytestmark = pytest.mark.django_db(transaction=True)


def later(seconds: float) -> time_machine.travel:
    return time_machine.travel(datetime.now(UTC) + timedelta(seconds=seconds), tick=True)


def with_files(style: Style) -> Style:
    for work in style.artworks.all():
        storage.save(work.image_path, BytesIO(b"{}"))
        storage.save(work.preview_path, BytesIO(b"{}"))
    return style


@pytest.mark.parametrize(
    "state",
    [
        {"training_status": "completed", "is_active": False, "is_draft": True},
        {"training_status": "failed"},
        {"training_status": "failed", "review": {"state": "refused", "works": []}},
        {"training_status": "training"},
    ],
)
def test_what_was_never_on_offer_goes(artist: User, media: Path, state: dict[str, object]) -> None:
    with_files(StyleFactory(artist=artist.artist, works=2, tags=("sea",), **state))
    user_service.close_account(artist)
    assert not Style.objects.exists()
    assert not Artwork.objects.exists()
    assert files_in(media) == set()
    # Of a training that was under way, what its worker may have stored.
    assert PendingUpload.objects.exists() == (state["training_status"] == "training")


@pytest.mark.parametrize("is_active", [True, False])
def test_what_was_on_offer_stays(artist: User, media: Path, is_active: bool) -> None:
    style = StyleFactory(
        artist=artist.artist, works=1, training_status="completed", is_active=is_active
    )
    with_files(style)
    user_service.close_account(artist)
    assert not Style.objects.get().is_active
    assert len(files_in(media)) == 2


def test_what_somebody_has_bought_from_stays(artist: User) -> None:
    style = StyleFactory(artist=artist.artist, training_status="completed")
    PublicPictureFactory(style=style)
    Style.objects.update(training_status="failed")
    user_service.close_account(artist)
    assert Style.objects.get() == style


def test_a_worker_hears_of_it_and_nobody_is_told(
    as_artist: Api, as_worker: Api, artist: User, media: Path
) -> None:
    style = Style.objects.get(pk=as_artist.upload("/api/models", style_form()).data["id"])
    check_all()
    style.refresh_from_db()
    assert OutboxMessage.objects.exists()
    user_service.close_account(artist)
    storage.save(f"models/{style.task_id}/1/works.npz", BytesIO(b"{}"))
    assert report_training(as_worker, style, "training").status == 404
    with later(upload_service.REPLACED_SECONDS + 1):
        upload_service.forget_expired()
    assert files_in(media) == set()
    assert not Notification.objects.filter(recipient=artist).exists()


@pytest.mark.parametrize("is_claimed", [False, True])
def test_works_that_came_by_links_are_checked_no_more(
    as_artist: Api, artist: User, media: Path, is_claimed: bool
) -> None:
    create_of(as_artist, uploaded(as_artist))
    check = check_service._claim() if is_claimed else None
    user_service.close_account(artist)
    assert not UploadCheck.objects.exists()
    assert not Style.objects.exists()
    if check is not None:
        # It was in the middle of storing one, and ends then.
        storage.save(check_service._original(check, 0), BytesIO(picture()))
        with pytest.raises(checkers.LeaseLost):
            check_service._checked(check, lambda: False)
    assert check_all() == 0
    with later(checkers.LEASE_SECONDS + 1):
        upload_service.forget_expired()
    assert files_in(media) == set()


def test_what_the_storage_does_not_delete_is_tried_again(
    artist: User, media: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    user_service.update_profile(user=artist, profile_image=file(picture(1)).file)
    with_files(StyleFactory(artist=artist.artist, works=2, training_status="failed"))
    with monkeypatch.context() as away:
        away.setattr(storage, "delete", lambda keys: False)
        user_service.close_account(artist)
        assert upload_service.forget_expired() == 0
    assert len(files_in(media)) == 5
    assert upload_service.forget_expired() >= 5
    assert files_in(media) == set()
    assert not PendingUpload.objects.exists()


def test_one_that_cannot_be_deleted_lets_the_others_go_first(
    artist: User, monkeypatch: pytest.MonkeyPatch
) -> None:
    upload_service.note(user_id=artist.pk, keys=["signatures/a.png", "signatures/b.png"])
    monkeypatch.setattr(storage, "delete", lambda keys: "a.png" not in keys[0])
    assert upload_service.forget_expired() == 0
    assert upload_service.forget_expired() == 1
    assert PendingUpload.objects.get().key == "signatures/a.png"


def test_works_that_no_style_got_go_and_those_of_a_style_stay(
    as_artist: Api, artist: User, media: Path
) -> None:
    """As when the web process ends between storing them and writing the style."""
    as_artist.upload("/api/models", style_form())
    kept = files_in(media)
    assert not PendingUpload.objects.exists()
    artwork_service.check_and_store(files(first=20), [[]] * 10, user_id=artist.pk)
    assert len(files_in(media)) == 2 * len(kept)
    with later(upload_service.PLACE_SECONDS + 1):
        assert upload_service.forget_expired()
    assert files_in(media) == kept


def test_an_upload_on_its_way_out_cannot_be_used(as_artist: Api, artist: User) -> None:
    keys = uploaded(as_artist)
    PendingUpload.objects.update(expires_at=datetime.now(UTC))
    with pytest.raises(InvalidInput):
        upload_service.use(user_id=artist.pk, keys=keys)
