"""Files on the disk and on a real S3 server behave the same."""

from __future__ import annotations

import io
import os
import tempfile
import tracemalloc
import uuid
from collections.abc import Iterator
from pathlib import Path
from urllib.parse import unquote, urlsplit

import httpx
import pytest
from django.core.files.storage import default_storage
from django.test import Client

from app.exceptions import ServiceUnavailable
from app.services import storage
from app.utils import links
from devtools.servers.process import free_port
from tests.system import make_bucket

CONTENT = b"a picture" * 1000


def use_s3(settings, bucket: str, **options: str) -> None:
    settings.S3_BUCKET = bucket
    settings.STORAGES = {
        **settings.STORAGES,
        "default": {
            "BACKEND": "app.utils.s3_storage.PrivateS3Storage",
            "OPTIONS": {"bucket_name": bucket, "querystring_expire": 3600, **options},
        },
    }


@pytest.fixture(params=["disk", pytest.param("s3", marks=pytest.mark.slow)])
def kind(request: pytest.FixtureRequest, settings) -> Iterator[str]:
    """Each test runs over either storage."""
    if request.param == "s3":
        access = request.getfixturevalue("s3_server")
        bucket = f"contract-{uuid.uuid4().hex[:8]}"
        make_bucket(access, bucket)
        use_s3(
            settings,
            bucket,
            endpoint_url=access.endpoint_url,
            access_key=access.access_key,
            secret_key=access.secret_key,
            region_name=access.region,
        )
        settings.S3_ENDPOINT_URL = access.endpoint_url
    return request.param


def follow(link: str, kind: str) -> tuple[int, bytes]:
    if kind == "s3":
        answer = httpx.get(link)
        return answer.status_code, answer.content
    local = Client().get(link.removeprefix("http://127.0.0.1:8000"))
    body = b"".join(local.streaming_content) if local.streaming else local.content  # type: ignore[attr-defined]
    return local.status_code, body


def test_what_is_saved_is_there_to_be_read_and_deleted(kind: str) -> None:
    assert not storage.exists("styles/a/000.png")
    assert storage.size("styles/a/000.png") is None
    storage.save("styles/a/000.png", io.BytesIO(CONTENT))
    assert storage.exists("styles/a/000.png")
    assert storage.size("styles/a/000.png") == len(CONTENT)
    with storage.open_file("styles/a/000.png") as opened:
        assert opened.read() == CONTENT
    storage.delete(["styles/a/000.png", "styles/a/never-there.png"])
    assert not storage.exists("styles/a/000.png")
    with pytest.raises(ServiceUnavailable):
        storage.open_file("styles/a/000.png")


def test_a_copy_is_the_file_as_it_was(kind: str) -> None:
    assert not storage.copy("uploads/a.png", "styles/a.png")
    assert not storage.exists("styles/a.png")
    storage.save("uploads/a.png", io.BytesIO(CONTENT))
    assert storage.copy("uploads/a.png", "styles/a.png")
    storage.delete(["uploads/a.png"])
    storage.save("uploads/a.png", io.BytesIO(b"another"))
    with storage.open_file("styles/a.png") as copied:
        assert copied.read() == CONTENT


def test_a_file_is_copied_to_another_disk(media: Path) -> None:
    with tempfile.TemporaryDirectory(dir="/dev/shm") as other_disk:
        media.mkdir()
        (media / "uploads").symlink_to(other_disk)
        storage.save("uploads/a.png", io.BytesIO(CONTENT))
        assert storage.copy("uploads/a.png", "styles/a.png")
        assert not storage.copy("uploads/none.png", "styles/none.png")
    assert (media / "styles/a.png").read_bytes() == CONTENT


def test_a_copy_waits_for_a_storage_that_is_away(media: Path) -> None:
    media.write_text("a file where the folder belongs")
    with pytest.raises(ServiceUnavailable):
        storage.copy("uploads/a.png", "styles/a.png")


def test_a_link_opens_one_file_and_nothing_else(kind: str) -> None:
    for name in ("mine", "yours"):
        storage.save(f"generations/{name}.png", io.BytesIO(name.encode()))
    link = links.link("generations/mine.png")
    assert follow(link, kind) == (200, b"mine")
    assert follow(link.replace("mine", "yours"), kind)[0] == 403
    assert follow(link.partition("?")[0], kind)[0] == 403


def test_the_same_link_is_given_for_a_while(kind: str) -> None:
    assert links.link("generations/a.png") == links.link("generations/a.png")


def test_uris_say_where_workers_find_it(kind: str) -> None:
    address = storage.uri("models/m.npz")
    assert address.startswith("s3://" if kind == "s3" else "file://")
    assert storage.key_under(address, "models") == "models/m.npz"
    for outside in (f"{address}/../../x", storage.uri("models"), "s3://other/models/m.npz"):
        with pytest.raises(storage.PathOutside):
            storage.key_under(outside, "models")


@pytest.mark.parametrize(
    "name", ["m.npz", "a/b-1_2.png", "a b.png", "100%.png", "é/바다.png", "..a"]
)
def test_the_key_of_an_address_is_the_one_it_was_made_of(kind: str, name: str) -> None:
    address = storage.uri(f"models/{name}")
    assert storage.key_under(address, "models") == f"models/{name}"
    assert unquote(urlsplit(address).path).endswith(f"/models/{name}")


@pytest.mark.parametrize(
    "name",
    [
        *("", "/m", "a//b", "a/", ".", "..", "../m", "a/../../m", "a/..", "./m", "%2e%2e/m"),
        *("a%2f..%2f..%2fm", "m?x", "m#x", "a\\b", "m%00", "m\n/../x"),
    ],
)
def test_an_address_that_leads_elsewhere_is_refused(kind: str, name: str) -> None:
    with pytest.raises(storage.PathOutside):
        storage.key_under(f"{storage.uri('models')}/{name}", "models")


def test_large_files_pass_in_pieces(kind: str) -> None:
    size = 10 * 1024 * 1024
    with tempfile.TemporaryFile() as large:
        large.write(os.urandom(size))
        storage.save("styles/warm-up", io.BytesIO(b"x"))
        tracemalloc.start()
        storage.save("styles/large", large)
        with storage.open_file("styles/large") as opened:
            while opened.read(1 << 16):
                continue
        _, peak = tracemalloc.get_traced_memory()
        tracemalloc.stop()
    assert peak < size / 2


@pytest.mark.slow
@pytest.mark.parametrize("kind", ["s3"], indirect=True)
def test_an_upload_link_takes_one_kind_of_file_by_put(kind: str) -> None:
    """Those to the disk are in test_uploads.py."""
    link = links.upload_link("uploads/7/000.png", "image/png", 60)
    assert httpx.put(link, content=b"x", headers={"Content-Type": "image/png"}).is_success
    assert storage.size("uploads/7/000.png") == 1
    other = httpx.put(link, content=b"y", headers={"Content-Type": "text/html"})
    assert other.status_code == 403
    assert httpx.get(link).status_code == 403
    expired = default_storage.upload_link(  # type: ignore[attr-defined]
        "uploads/7/001.png", content_type="image/png", seconds=-5
    )
    refused = httpx.put(expired, content=b"x", headers={"Content-Type": "image/png"})
    assert refused.is_client_error


@pytest.mark.slow
def test_a_storage_that_is_away_is_unavailable_and_no_crash(settings) -> None:
    use_s3(
        settings,
        "nowhere",
        endpoint_url=f"http://127.0.0.1:{free_port()}",
        access_key="a",
        secret_key="b",
        region_name="us-east-1",
    )
    for ask in (
        storage.ping,
        lambda: storage.exists("x"),
        lambda: storage.size("x"),
        lambda: storage.save("x", io.BytesIO(b"x")),
        lambda: storage.open_file("x"),
    ):
        with pytest.raises(ServiceUnavailable):
            ask()
    storage.delete(["x"])


def test_a_storage_that_takes_files_answers(kind, request, monkeypatch) -> None:
    if kind == "s3":
        access = request.getfixturevalue("s3_server")
        monkeypatch.setenv("AWS_ACCESS_KEY_ID", access.access_key)
        monkeypatch.setenv("AWS_SECRET_ACCESS_KEY", access.secret_key)
    storage.ping()
