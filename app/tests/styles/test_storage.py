"""Files on the disk and on a real S3 server behave the same."""

from __future__ import annotations

import io
import os
import subprocess
import sys
import tempfile
import time
import tracemalloc
import uuid
from collections.abc import Iterator
from pathlib import Path
from typing import Any
from urllib.parse import unquote, urlsplit

import httpx
import pytest
import time_machine
from django.core.files.storage import default_storage
from django.test import Client

from app.exceptions import ServiceUnavailable
from app.services import storage
from app.utils import links
from app.utils.s3_storage import SINGLE_REQUEST_BYTES
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


def answer_of(link: str, kind: str) -> Any:
    if kind == "s3":
        return httpx.get(link)
    return Client().get(link.removeprefix("http://127.0.0.1:8000"))


def follow(link: str, kind: str) -> tuple[int, bytes]:
    answer = answer_of(link, kind)
    is_stream = getattr(answer, "streaming", False)
    return answer.status_code, b"".join(answer) if is_stream else answer.content


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


@pytest.mark.django_db
def test_a_link_opens_one_file_and_nothing_else(kind: str) -> None:
    for name in ("mine", "yours"):
        storage.save(f"generations/{name}.png", io.BytesIO(name.encode()))
    link = links.link("generations/mine.png")
    assert follow(link, kind) == (200, b"mine")
    assert follow(link.replace("mine", "yours"), kind)[0] == 403
    assert follow(link.partition("?")[0], kind)[0] == 403


def forget_links() -> None:
    """As a process that has just started."""
    links._local_link.cache_clear()
    links._s3_link.cache_clear()


def far_from_a_windows_end() -> int:
    """Seconds that links may live for, with the real time in the first half of their window."""
    now = time.time()
    return 2 * min((1800, 1700, 1600, 1500, 1400), key=lambda half: now % half / half)


@pytest.mark.django_db
def test_a_link_is_the_same_for_half_of_its_life_and_lives_for_the_other(
    kind: str, settings
) -> None:
    seconds = settings.MEDIA_LINK_SECONDS = far_from_a_windows_end()
    if kind == "s3":
        default_storage.querystring_expire = seconds  # type: ignore[attr-defined]
    storage.save("generations/a.png", io.BytesIO(b"a"))
    half = seconds // 2
    start = int(time.time()) // half * half
    given: dict[int, str] = {}
    for moment in (start - half - 1, start - half, start - half + 7, start - 1, start):
        with time_machine.travel(moment, tick=False):
            forget_links()
            given[moment] = links.link("generations/a.png")
    dead, *alive, current = given.values()
    assert len(set(alive)) == 1
    assert len({dead, *alive, current}) == 3
    assert [follow(each, kind)[0] == 200 for each in given.values()] == [
        False,
        True,
        True,
        True,
        True,
    ]


@pytest.mark.slow
@pytest.mark.parametrize("kind", ["s3"], indirect=True)
def test_another_process_gives_the_same_links(kind: str, settings, request) -> None:
    access = request.getfixturevalue("s3_server")
    ask = (
        "from app.utils.links import download_link, link;"
        "print(link('a.png'), download_link('a.png', 'b.png'))"
    )

    def ours() -> str:
        forget_links()
        return f"{links.link('a.png')} {links.download_link('a.png', 'b.png')}"

    before = ours()
    theirs = subprocess.run(
        [sys.executable, "manage.py", "shell", "--no-imports", "-c", ask],
        env={
            **os.environ,
            "DJANGO_ENV": "development",
            "DATABASE_URL": "postgresql://nobody@127.0.0.1:9/none",
            **access.environment(settings.S3_BUCKET),
        },
        capture_output=True,
        text=True,
        timeout=60,
        check=True,
    ).stdout.strip()
    assert theirs in {before, ours()}


@pytest.mark.django_db
def test_browsers_alone_keep_what_links_lead_to(kind: str) -> None:
    for name in ("small", "large"):
        size = SINGLE_REQUEST_BYTES + 1 if name == "large" else 1
        storage.save(f"generations/{name}.png", io.BytesIO(bytes(size)))
        answer = answer_of(links.link(f"generations/{name}.png"), kind)
        assert answer.headers["Cache-Control"] == "private, max-age=1800, immutable"


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


def test_a_storage_that_takes_files_answers(kind) -> None:
    storage.ping()
