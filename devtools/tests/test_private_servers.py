"""The PostgreSQL that development and tests run on, started for real."""

import os
import shutil
import signal
import subprocess
import sys
import tempfile
from collections.abc import Iterator
from pathlib import Path

import psycopg
import pytest

from devtools.servers import postgres_files
from devtools.servers.clean import main as clean
from devtools.servers.postgres import PrivatePostgres
from devtools.servers.process import ServerError, pid_is_running, wait_for

pytestmark = pytest.mark.slow

PROJECT = Path(__file__).resolve().parents[2]


@pytest.fixture
def data_dir() -> Iterator[Path]:
    """A folder that every user may pass through, unlike those of pytest."""
    folder = Path(tempfile.mkdtemp(prefix="style-license-server-"))
    folder.chmod(0o711)
    yield folder
    shutil.rmtree(folder, ignore_errors=True)


@pytest.fixture
def database(data_dir: Path) -> Iterator[PrivatePostgres]:
    server = PrivatePostgres(data_dir, durable=False)
    yield server
    server.stop()
    server.remove()


def answer(url: str, query: str) -> object:
    with psycopg.connect(url, autocommit=True) as connection:
        cursor = connection.execute(query)
        row = cursor.fetchone() if cursor.description else None
        return row[0] if row else None


def run_python(code: str, *arguments: object, **environment: str) -> "subprocess.Popen[bytes]":
    return subprocess.Popen(
        [sys.executable, "-c", code, *map(str, arguments)],
        cwd=PROJECT,
        stdout=subprocess.PIPE,
        env={**os.environ, **environment},
    )


START_AND_WAIT = """
import sys, time
from pathlib import Path
from devtools.servers.postgres import PrivatePostgres
server = PrivatePostgres(Path(sys.argv[1]), durable=sys.argv[2] == "durable")
server.start()
print(server.pid, flush=True)
time.sleep(600)
"""


class TestPostgres:
    def test_starts_with_utf8_and_stops_without_a_trace(self, database: PrivatePostgres) -> None:
        url = database.start()
        pid = database.pid

        assert answer(url, "SHOW server_encoding") == "UTF8"
        assert answer(url, "SELECT datcollate FROM pg_database LIMIT 1") == "C.UTF-8"
        assert answer(url, "SHOW fsync") == "off"
        assert answer(url, "SHOW max_connections") == "200"
        assert database.taken_over is False

        database.stop()
        assert pid is not None
        assert not pid_is_running(pid)
        with pytest.raises(psycopg.OperationalError):
            psycopg.connect(url)

    def test_lasting_data_wait_for_the_disk(self, data_dir: Path) -> None:
        with PrivatePostgres(data_dir) as server:
            assert answer(server.url, "SHOW fsync") == "on"
            assert answer(server.url, "SHOW synchronous_commit") == "on"

    def test_wrong_password_is_refused(self, database: PrivatePostgres) -> None:
        url = database.start()
        password = url.partition("@")[0].rpartition(":")[2]

        with pytest.raises(psycopg.OperationalError, match="password"):
            psycopg.connect(url.replace(password, "guessed"))

    def test_restart_keeps_the_data(self, database: PrivatePostgres) -> None:
        answer(database.start(), "CREATE TABLE kept AS SELECT 42 AS number")
        database.stop()

        assert answer(database.start(), "SELECT number FROM kept") == 42

    def test_two_run_side_by_side(self, database: PrivatePostgres, data_dir: Path) -> None:
        answer(database.start(), "CREATE TABLE first_one ()")
        with PrivatePostgres(data_dir / "second", durable=False) as second:
            assert second.url != database.url
            assert answer(second.url, "SELECT to_regclass('first_one')") is None

        assert answer(database.url, "SELECT to_regclass('first_one')") == "first_one"

    def test_the_last_user_stops_it(self, database: PrivatePostgres, data_dir: Path) -> None:
        url = database.start()
        joined = PrivatePostgres(data_dir)

        assert joined.start() == url
        assert joined.taken_over is True
        database.stop()
        assert answer(url, "SELECT 1") == 1

        pid = joined.pid
        assert pid is not None
        joined.stop()
        assert not pid_is_running(pid)

    def test_server_of_a_killed_process_is_taken_over(self, data_dir: Path) -> None:
        with run_python(START_AND_WAIT, data_dir, "durable") as owner:
            assert owner.stdout is not None
            pid = int(owner.stdout.readline())
            owner.kill()

        server = PrivatePostgres(data_dir)
        url = server.start()
        assert server.taken_over is True
        assert server.pid == pid
        assert answer(url, "SELECT 1") == 1

        server.stop()
        assert not pid_is_running(pid)

    def test_killed_server_starts_again_on_its_data(self, data_dir: Path) -> None:
        with PrivatePostgres(data_dir) as server:
            answer(server.url, "CREATE TABLE kept AS SELECT 42 AS number")
            pid = server.pid
            assert pid is not None
            os.kill(pid, signal.SIGKILL)
            assert wait_for(lambda: not pid_is_running(pid), 10)

        with PrivatePostgres(data_dir) as server:
            assert answer(server.url, "SELECT number FROM kept") == 42
            assert server.taken_over is False

    def test_throwaway_server_ends_with_its_killed_owner(self, data_dir: Path) -> None:
        with run_python(START_AND_WAIT, data_dir, "throwaway") as owner:
            assert owner.stdout is not None
            pid = int(owner.stdout.readline())
            owner.kill()

        assert wait_for(lambda: not pid_is_running(pid), 10)

    def test_folder_that_is_no_database_is_left_alone(
        self, database: PrivatePostgres, data_dir: Path
    ) -> None:
        other = data_dir / "postgres" / "data" / "letters.txt"
        other.parent.mkdir(parents=True)
        other.write_text("Dear Mira")

        with pytest.raises(ServerError, match="is not a PostgreSQL data folder"):
            database.start()
        assert other.read_text() == "Dear Mira"

    def test_file_in_place_of_the_folder_is_named(self, data_dir: Path) -> None:
        file = data_dir / "file"
        file.write_text("")

        with pytest.raises(ServerError, match=f"{file} can't be used as the data folder"):
            PrivatePostgres(file).start()

    def test_lost_password_is_said_at_once(self, database: PrivatePostgres, data_dir: Path) -> None:
        database.start()
        database.stop()
        (data_dir / "postgres" / "password").unlink()

        with pytest.raises(ServerError, match="password"):
            database.start()

    def test_folder_closed_to_others_works_too(self, data_dir: Path) -> None:
        """Root starts PostgreSQL as nobody, who can't enter this one: the files go elsewhere."""
        closed = data_dir / "closed"
        closed.mkdir(mode=0o700)
        server = PrivatePostgres(closed / "data", durable=False)

        answer(server.start(), "CREATE TABLE kept AS SELECT 42 AS number")
        server.stop()
        assert answer(server.start(), "SELECT number FROM kept") == 42
        server.stop()

        location = closed / "data" / "postgres-location"
        elsewhere = Path(location.read_text().strip()) if os.geteuid() == 0 else None
        server.remove()
        assert not location.exists()
        assert elsewhere is None or not elsewhere.exists()

    def test_unreachable_programs_are_copied(
        self, data_dir: Path, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        installation = postgres_files.find_programs()
        monkeypatch.setattr(postgres_files, "_STATE_FOLDERS", (data_dir,))
        account = postgres_files.server_account()
        closed = data_dir / "closed"
        closed.mkdir(mode=0o700)
        fake = closed / "package" / "pginstall" / "bin"
        fake.mkdir(parents=True)
        for name in ("initdb", "postgres"):
            # A program small enough to copy in a test.
            (fake / name).write_text(f'#!/bin/sh\nexec {installation}/{name} "$@"\n')
            (fake / name).chmod(0o755)

        programs = postgres_files.reachable_programs(fake, account)

        if account is None:
            assert programs == fake
        else:
            assert programs.is_relative_to(data_dir / "style-license")
            assert postgres_files.reachable_programs(fake, account) == programs
        assert postgres_files.reachable_programs(installation, account) == installation

    def test_programs_of_the_wheel_serve_where_none_areinstalled(
        self, database: PrivatePostgres, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        monkeypatch.setattr(postgres_files, "installed", list)

        assert str(answer(database.start(), "SELECT version()")).startswith("PostgreSQL 18")

    def test_data_of_an_absent_version_are_named(self) -> None:
        with pytest.raises(ServerError, match="made by PostgreSQL 9, which is not here"):
            postgres_files.find_programs("9")

    def test_removing_a_database_in_use_is_refused(
        self, database: PrivatePostgres, data_dir: Path
    ) -> None:
        url = database.start()

        with pytest.raises(ServerError, match="in use"):
            PrivatePostgres(data_dir).remove()
        assert answer(url, "SELECT 1") == 1

    def test_clean_stops_what_was_left_behind(
        self, data_dir: Path, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        with run_python(START_AND_WAIT, data_dir, "durable") as owner:
            assert owner.stdout is not None
            pid = int(owner.stdout.readline())
            owner.kill()
        monkeypatch.setenv("DATA_DIR", str(data_dir))

        clean()

        assert not data_dir.exists()
        assert not pid_is_running(pid)

    def test_clean_refuses_a_folder_of_another_kind(
        self, data_dir: Path, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        (data_dir / "letters.txt").write_text("Dear Mira")
        monkeypatch.setenv("DATA_DIR", str(data_dir))

        with pytest.raises(SystemExit, match="not a data folder"):
            clean()
        assert (data_dir / "letters.txt").exists()
