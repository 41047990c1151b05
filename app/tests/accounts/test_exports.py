"""All that is kept of somebody, as a file for them alone."""

from __future__ import annotations

import json
import zipfile
from datetime import timedelta
from io import BytesIO
from pathlib import Path
from typing import Any

import pytest
import time_machine
from allauth.account.models import EmailAddress
from django.apps import apps

from app.models import Artist, DataExport, Notification, PendingUpload, Style, User
from app.services import (
    api_key_service,
    community_service,
    deletion_service,
    export_service,
    exported,
    people_service,
    storage,
    user_service,
)
from app.services.uploads import upload_service
from app.services.webhooks import endpoints
from app.tests.api import Api
from app.tests.factories import PublicPictureFactory, StyleFactory, UserFactory
from app.utils import clock

pytestmark = pytest.mark.django_db
EXPORT = "/api/users/me/export"


def fetched(client: Api) -> zipfile.ZipFile:
    """What the link of ``client`` gives; anybody may follow it."""
    url = client.get(EXPORT).data["url"]
    return zipfile.ZipFile(BytesIO(Api().follow_link(url).content))


def table(packed: zipfile.ZipFile, name: str) -> list[dict[str, Any]]:
    rows: list[dict[str, Any]] = json.loads(packed.read(f"data/{name}.json"))
    return rows


def make_all() -> None:
    while export_service.make_next():
        continue


@pytest.fixture
def life(artist: User, buyer: User) -> User:
    """An artist who has done a little of everything, some of it with ``buyer``."""
    style = StyleFactory(artist=artist.artist, name="Fog", tags=("sea",), works=2)
    mine = PublicPictureFactory(user=artist, style=style, description="Mine.")
    theirs = PublicPictureFactory(user=buyer, style=style)
    add, like = community_service.add_comment, community_service.set_like
    add(user=artist, generation_id=theirs.pk, content="What I said.")
    add(user=buyer, generation_id=mine.pk, content="What Bo said.")
    like(user=artist, generation_id=theirs.pk, is_liked=True)
    api_key_service.create_key(user=artist, name="Printer", scopes=["read"])
    endpoints.create(user=artist, url="https://hooks.example.com/")
    people_service.set_mute(user=artist, person_id=UserFactory(username="kim").pk, is_muted=True)
    people_service.set_block(user=UserFactory(username="lee"), person_id=artist.pk, is_blocked=True)
    EmailAddress.objects.create(user=artist, email="mira@example.com")
    return artist


def test_it_has_what_is_kept_of_its_owner_and_their_files(life: User, media: Path) -> None:
    client = Api(life)
    assert client.get(EXPORT).data["state"] == "none"
    assert client.post(EXPORT).status == 202
    assert client.get(EXPORT).data["state"] == "preparing"
    make_all()
    shown = client.get(EXPORT).data
    assert (shown["state"], shown["size"] > 1000) == ("ready", True)
    packed = fetched(client)
    assert packed.testzip() is None
    [account] = table(packed, "account")
    assert (account["username"], account["id"]) == ("mira", life.pk)
    assert [row["name"] for row in table(packed, "styles")] == ["Fog"]
    assert [row["tag"] for row in table(packed, "style_tags")] == ["sea"]
    assert [row["content"] for row in table(packed, "comments")] == ["What I said."]
    assert [row["description"] for row in table(packed, "pictures")] == ["Mine."]
    assert len(table(packed, "licences")) == 1
    assert [row["email"] for row in table(packed, "email_addresses")] == ["mira@example.com"]
    assert table(packed, "sessions")
    assert table(packed, "tokens")
    names = packed.namelist()
    assert [name for name in names if name.startswith("files/pictures/")]
    assert len(names) == len(set(names))
    for name in names:
        if name.endswith(".json"):
            json.loads(packed.read(name))


def test_it_tells_nothing_of_others_and_no_secret(life: User, buyer: User) -> None:
    client = Api(life)
    client.post(EXPORT)
    make_all()
    packed = fetched(client)
    said = b"".join(packed.read(name) for name in packed.namelist() if name.endswith(".json"))
    assert b"lee" not in said
    # That somebody commented is there, and not who.
    assert Notification.objects.filter(recipient=life, actor=buyer).exists()
    told = table(packed, "notifications")
    assert {row["actor"] for row in told} == {None}
    assert {row["type"] for row in told} >= {"comment"}
    assert b"What Bo said." not in said
    assert buyer.username.encode() not in packed.read("data/notifications.json")
    hidden = table(packed, "hidden_people")
    assert len(hidden) == 1
    assert "is_blocked" not in hidden[0]
    key = life.api_keys.get()
    assert key.digest.encode() not in said
    assert life.webhook_endpoints.get().secrets
    assert all("secrets" not in row for row in table(packed, "webhooks"))
    assert client.http.cookies["sessionid"].value.encode() not in said
    for row in table(packed, "tokens"):
        assert {row["sender"], row["receiver"]} <= {None, life.pk}


def test_every_table_of_users_is_exported_or_left_out_for_a_reason() -> None:
    known = {each.model for each in exported.TABLES.values()} | set(exported.LEFT_OUT)
    ours = [
        model
        for label in ("app", "account", "socialaccount")
        for model in apps.get_app_config(label).get_models()
    ]
    referring = {
        model
        for model in ours
        if any(
            field.is_relation and field.related_model in (User, Artist, Style)
            for field in model._meta.concrete_fields
        )
    }
    assert referring <= known


def test_owner_is_told_and_others_get_nothing(life: User, buyer: User) -> None:
    Api(life).post(EXPORT)
    make_all()
    note = Notification.objects.get(recipient=life, type="export_ready")
    assert note.message.startswith("The file with all that we keep of you is ready.")
    assert Api(buyer).get(EXPORT).data["state"] == "none"
    assert Api(buyer).http.get("/account/export/file").status_code == 404
    there: Any = Api(life).http.get("/account/export/file")
    assert there["Location"].startswith("http")
    secret = api_key_service.create_key(user=life, name="k", scopes=["read", "manage"]).secret
    program = Api(Authorization=f"Api-Key {secret}")
    assert program.get(EXPORT).status == program.post(EXPORT).status == 403


def test_one_a_day_is_enough(buyer: User) -> None:
    client = Api(buyer)
    for _ in range(2):
        client.post(EXPORT)
    make_all()
    client.post(EXPORT)
    assert DataExport.objects.count() == 1
    DataExport.objects.update(asked_at=clock.now() - timedelta(days=2))
    assert client.post(EXPORT).data["state"] == "preparing"
    assert DataExport.objects.count() == 2


def test_it_dies(buyer: User, media: Path) -> None:
    Api(buyer).post(EXPORT)
    make_all()
    key = DataExport.objects.get().key
    assert export_service.forget_old() == 0
    DataExport.objects.update(expires_at=clock.now())
    assert Api(buyer).get(EXPORT).data["state"] == "none"
    assert export_service.forget_old() == 1
    assert not storage.exists(key)
    assert not DataExport.objects.exists()


def test_with_the_account_it_goes(buyer: User) -> None:
    export_service.ask(buyer)
    make_all()
    key = DataExport.objects.get().key
    user_service.close_account(buyer)
    assert not storage.exists(key)
    assert not DataExport.objects.exists()


def test_files_that_are_too_much_are_named(life: User, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(export_service, "MOST_BYTES", 0)
    client = Api(life)
    client.post(EXPORT)
    make_all()
    left = table(fetched(client), "left_out")
    assert "too much" in {row["why"] for row in left}


def test_one_that_breaks_is_tried_again_and_given_up(
    buyer: User, monkeypatch: pytest.MonkeyPatch
) -> None:
    def broken(*_: object) -> None:
        raise export_service.ServiceUnavailable

    monkeypatch.setattr(export_service.storage, "save", broken)
    export_service.ask(buyer)
    for attempt in range(1, export_service.MOST_ATTEMPTS + 1):
        assert export_service.make_next()
        assert not export_service.make_next()  # its lease
        assert DataExport.objects.get().attempt == attempt
        DataExport.objects.update(due_at=clock.now())
    assert not export_service.make_next()
    client = Api(buyer)
    assert client.get(EXPORT).data["state"] == "failed"
    monkeypatch.undo()
    client.post(EXPORT)
    make_all()
    assert client.get(EXPORT).data["state"] == "ready"


def claimed_by(user: User) -> DataExport:
    DataExport.objects.update(due_at=clock.now())
    export_service.ask(user)
    claimed = export_service._claim()
    assert claimed is not None
    return claimed


def test_what_was_made_for_an_earlier_attempt_is_thrown_away(buyer: User, media: Path) -> None:
    first = claimed_by(buyer)
    second = claimed_by(buyer)
    # The first one's process ended right after it had stored its file.
    storage.save(first.key, BytesIO(b"all of it"))
    assert not export_service._record(first, 1)
    assert DataExport.objects.get().ready_at is None
    PendingUpload.objects.update(expires_at=clock.now())
    upload_service.forget_expired()
    assert not storage.exists(first.key)
    assert export_service._record(second, 1)


def test_a_file_is_known_before_it_is_stored(buyer: User, media: Path) -> None:
    claimed = claimed_by(buyer)
    storage.save(claimed.key, BytesIO(b"all of it"))
    user_service.close_account(buyer)
    assert not DataExport.objects.exists()
    with time_machine.travel(clock.now() + export_service.LEASE + timedelta(seconds=1)):
        assert upload_service.forget_expired() == 1
    assert not storage.exists(claimed.key)


def test_a_lease_is_renewed_while_it_is_made(life: User, media: Path) -> None:
    claimed = claimed_by(life)
    with time_machine.travel(clock.now() + export_service.LEASE * 0.5, tick=False):
        export_service._renew(claimed)
        now = clock.now()
    assert DataExport.objects.get().due_at == now + export_service.LEASE
    claimed_by(life)
    later = time_machine.travel(clock.now() + export_service.LEASE)
    with later, pytest.raises(export_service.LeaseLost):
        export_service._write(claimed, BytesIO(), lambda: False)


def test_deleted_pictures_are_in_it_and_models_are_named(life: User, media: Path) -> None:
    picture = life.generations.get()
    deletion_service.delete(user=life, generation_id=picture.pk)
    Style.objects.update(model_path="file:///models/1/1/model.npz")
    client = Api(life)
    client.post(EXPORT)
    make_all()
    packed = fetched(client)
    assert [name for name in packed.namelist() if name.startswith("files/pictures/")]
    assert [row["file"] for row in table(packed, "left_out") if "model" in row["file"]]
    assert "Not in here are" in packed.read("README.txt").decode()


def test_the_site_has_a_page(buyer: User) -> None:
    http: Any = Api(buyer).http
    assert "Make the file" in http.get("/account/export").content.decode()
    assert http.post("/account/export")["Location"] == "/account/export"
    assert "is being made" in http.get("/account/export").content.decode()
    make_all()
    page = http.get("/account/export").content.decode()
    assert "/account/export/file" in page
    assert not Notification.objects.filter(recipient=buyer, is_read=False).exists()
