import os
import threading
from collections.abc import Iterator
from pathlib import Path
from uuid import uuid4

import pytest
import s3fs

from worker.storage import PART_BYTES, FileCache, Storage, StorageError, file_suffix
from worker.tests.helpers import files_under
from worker.tests.helpers_s3 import ACCESS_KEY, SECRET_KEY, S3Server


@pytest.fixture(scope="module")
def s3(tmp_path_factory: pytest.TempPathFactory) -> Iterator[S3Server]:
    server = S3Server(tmp_path_factory.mktemp("s3"))
    server.start()
    yield server
    server.stop()


@pytest.fixture(autouse=True)
def credentials(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("AWS_ACCESS_KEY_ID", ACCESS_KEY)
    monkeypatch.setenv("AWS_SECRET_ACCESS_KEY", SECRET_KEY)
    monkeypatch.setenv("AWS_DEFAULT_REGION", "us-east-1")


@pytest.fixture
def bucket(s3: S3Server) -> str:
    """A new bucket, as an s3:// URI."""
    name = f"bucket-{uuid4().hex}"
    s3fs.S3FileSystem(endpoint_url=s3.url).mkdir(name)
    return f"s3://{name}"


@pytest.fixture
def source(tmp_path: Path) -> Path:
    path = tmp_path / "source.png"
    path.write_bytes(b"first contents")
    return path


class TestDisk:
    def test_file_is_stored_in_a_new_folder_and_fetched(self, tmp_path: Path, source: Path) -> None:
        storage = Storage()
        storage.store(source, f"file://{tmp_path}/a/b/image.png", "image/png")
        storage.fetch(f"file://{tmp_path}/a/b/image.png", tmp_path / "copy")
        assert (tmp_path / "copy").read_bytes() == b"first contents"
        assert list(files_under(tmp_path / "a")) == ["b/image.png"]

    def test_addresses_are_percent_encoded(self, tmp_path: Path, source: Path) -> None:
        target = tmp_path / "50% of 그림" / "image.png"
        Storage().store(source, target.as_uri(), "image/png")
        assert target.read_bytes() == b"first contents"

    def test_readers_never_see_a_part_of_a_file(self, tmp_path: Path) -> None:
        """A reader in a loop sees the old file or the new one, whole."""
        target = tmp_path / "image.png"
        contents = [bytes([number]) * 400_000 for number in range(2)]
        target.write_bytes(contents[0])
        sources = [tmp_path / "0", tmp_path / "1"]
        for path, content in zip(sources, contents, strict=True):
            path.write_bytes(content)
        seen: set[bytes] = set()
        done = threading.Event()

        def read() -> None:
            while not done.is_set():
                seen.add(target.read_bytes())

        reader = threading.Thread(target=read)
        reader.start()
        for round_number in range(50):
            Storage().store(sources[round_number % 2], target.as_uri(), "image/png")
        done.set()
        reader.join(30)
        assert seen <= set(contents)

    def test_failed_store_leaves_nothing(self, tmp_path: Path) -> None:
        with pytest.raises(StorageError):
            Storage().store(tmp_path / "missing", f"file://{tmp_path}/out/image.png", "image/png")
        assert list(files_under(tmp_path)) == []

    def test_stored_file_is_as_readable_as_any(self, tmp_path: Path, source: Path) -> None:
        Storage().store(source, f"file://{tmp_path}/image.png", "image/png")
        assert (tmp_path / "image.png").stat().st_mode == source.stat().st_mode

    def test_missing_file_may_be_tried_again(self, tmp_path: Path) -> None:
        with pytest.raises(StorageError) as caught:
            Storage().fetch(f"file://{tmp_path}/missing", tmp_path / "copy")
        assert caught.value.retryable is True

    @pytest.mark.parametrize(
        "uri",
        [
            *("http://example.test/x", "/etc/hosts", "relative", "file://host/x", "memory://x"),
            *("file:///a/../etc/hosts", "file:///a/%2e%2e/etc/hosts", "s3://bucket/a/../b", ".."),
        ],
    )
    def test_other_addresses_are_refused_for_good(self, tmp_path: Path, uri: str) -> None:
        with pytest.raises(StorageError) as caught:
            Storage().fetch(uri, tmp_path / "copy")
        assert caught.value.retryable is False
        assert not (tmp_path / "copy").exists()


@pytest.mark.slow
class TestS3:
    def test_file_is_stored_and_fetched_with_its_type(
        self, tmp_path: Path, source: Path, s3: S3Server, bucket: str
    ) -> None:
        storage = Storage(s3.url)
        storage.store(source, f"{bucket}/a/image.png", "image/png")
        storage.fetch(f"{bucket}/a/image.png", tmp_path / "copy")
        assert (tmp_path / "copy").read_bytes() == b"first contents"
        system = s3fs.S3FileSystem(endpoint_url=s3.url)
        name = bucket.removeprefix("s3://")
        kept = system.call_s3("head_object", Bucket=name, Key="a/image.png")
        assert kept["ContentType"] == "image/png"
        assert kept["CacheControl"] == "private, max-age=1800, immutable"

    def test_large_file_goes_in_parts(self, tmp_path: Path, s3: S3Server, bucket: str) -> None:
        large = tmp_path / "large"
        large.write_bytes(os.urandom(2 * PART_BYTES + 12_345))
        storage = Storage(s3.url)
        storage.store(large, f"{bucket}/model.npz", "application/octet-stream")
        storage.fetch(f"{bucket}/model.npz", tmp_path / "copy")
        assert (tmp_path / "copy").read_bytes() == large.read_bytes()

    def test_missing_file_may_be_tried_again(
        self, tmp_path: Path, s3: S3Server, bucket: str
    ) -> None:
        with pytest.raises(StorageError) as caught:
            Storage(s3.url).fetch(f"{bucket}/missing", tmp_path / "copy")
        assert caught.value.retryable is True

    def test_server_that_is_away_may_be_tried_again(self, tmp_path: Path, source: Path) -> None:
        server = S3Server(tmp_path / "s3")  # never started
        with pytest.raises(StorageError) as caught:
            Storage(server.url).store(source, "s3://bucket/image.png", "image/png")
        assert caught.value.retryable is True

    def test_changed_file_is_fetched_again(
        self, tmp_path: Path, source: Path, s3: S3Server, bucket: str
    ) -> None:
        storage = Storage(s3.url)
        cache = FileCache(storage, tmp_path / "cache")
        (tmp_path / "cache").mkdir()
        storage.store(source, f"{bucket}/model.npz", "application/octet-stream")
        assert cache.fetch(f"{bucket}/model.npz").read_bytes() == b"first contents"
        source.write_bytes(b"other contents")
        storage.store(source, f"{bucket}/model.npz", "application/octet-stream")
        assert cache.fetch(f"{bucket}/model.npz").read_bytes() == b"other contents"


class CountingStorage(Storage):
    def __init__(self) -> None:
        super().__init__()
        self.fetched: list[str] = []

    def fetch(self, uri: str, to: Path) -> None:
        self.fetched.append(uri)
        super().fetch(uri, to)


class TestCache:
    @pytest.fixture
    def storage(self) -> CountingStorage:
        return CountingStorage()

    @pytest.fixture
    def cache(self, tmp_path: Path, storage: CountingStorage) -> FileCache:
        (tmp_path / "cache").mkdir()
        return FileCache(storage, tmp_path / "cache", max_files=2)

    def test_file_is_fetched_once_and_keeps_its_suffix(
        self, cache: FileCache, storage: CountingStorage, source: Path
    ) -> None:
        first, second = (cache.fetch(source.as_uri()) for _ in range(2))
        assert first == second
        assert first.suffix == ".png"
        assert storage.fetched == [source.as_uri()]

    def test_changed_file_is_fetched_again(self, cache: FileCache, source: Path) -> None:
        cache.fetch(source.as_uri())
        source.write_bytes(b"second contents")
        assert cache.fetch(source.as_uri()).read_bytes() == b"second contents"

    def test_least_recently_used_is_forgotten(
        self, tmp_path: Path, cache: FileCache, storage: CountingStorage
    ) -> None:
        uris = []
        for number in range(3):
            path = tmp_path / f"{number}.npz"
            path.write_bytes(b"model")
            uris.append(path.as_uri())
        cache.fetch(uris[0])
        cache.fetch(uris[1])
        cache.fetch(uris[0])
        cache.fetch(uris[2])
        assert len(list((tmp_path / "cache").iterdir())) == 2
        storage.fetched.clear()
        cache.fetch(uris[0])
        assert storage.fetched == []
        cache.fetch(uris[1])
        assert storage.fetched == [uris[1]]

    def test_failed_fetch_leaves_nothing(self, tmp_path: Path, cache: FileCache) -> None:
        with pytest.raises(StorageError):
            cache.fetch(f"file://{tmp_path}/missing.npz")
        assert list((tmp_path / "cache").iterdir()) == []


@pytest.mark.parametrize(
    ("uri", "suffix"),
    [
        ("s3://b/model.NPZ", ".npz"),
        ("s3://b/model", ""),
        ("s3://b/model.sh;rm", ""),
        ("s3://b/a.b/c", ""),
    ],
)
def test_suffix_is_kept_when_it_is_plain(uri: str, suffix: str) -> None:
    assert file_suffix(uri) == suffix
