"""What manage.py starts, and for which commands."""

import os
import shutil
import tempfile
from collections.abc import Iterator
from pathlib import Path

import psycopg
import pytest

from devtools.servers.local import command_name, local_environment

PROJECT = Path(__file__).resolve().parents[2]


@pytest.fixture
def data_dir() -> Iterator[Path]:
    """A folder that every user may pass through, unlike those of pytest."""
    folder = Path(tempfile.mkdtemp(prefix="style-license-server-"))
    folder.chmod(0o711)
    yield folder
    shutil.rmtree(folder, ignore_errors=True)


@pytest.mark.slow
class TestManageEnvironment:
    @pytest.mark.parametrize(
        ("line", "command"),
        [
            ("manage.py", ""),
            ("manage.py help migrate", "help"),
            ("manage.py migrate --help", ""),
            ("manage.py --version", ""),
            ("manage.py --settings config.other migrate", "migrate"),
            ("manage.py --no-color shell", "shell"),
        ],
    )
    def test_command_name(self, line: str, command: str) -> None:
        assert command_name(line.split()) == command

    @pytest.mark.parametrize(
        ("line", "starts"),
        [
            ("manage.py migrate", True),
            ("manage.py shell", True),
            ("manage.py collectstatic --noinput", False),
            ("manage.py test app", False),
            ("manage.py help", False),
            ("manage.py migrate --settings=config.settings_production", False),
        ],
    )
    def test_only_commands_that_read_rows_start_a_database(
        self, data_dir: Path, monkeypatch: pytest.MonkeyPatch, line: str, starts: bool
    ) -> None:
        monkeypatch.delenv("DATABASE_URL")
        monkeypatch.setenv("DATA_DIR", str(data_dir))

        with local_environment(line.split(), PROJECT):
            # Left behind in the environment on purpose, for the processes it starts.
            assert ("DATABASE_URL" in os.environ) == starts
            if starts:
                psycopg.connect(os.environ["DATABASE_URL"]).close()
        assert (data_dir / "postgres").exists() == starts
        assert not (data_dir / "postgres" / "data" / "postmaster.pid").exists()

    def test_a_named_database_is_used(
        self, data_dir: Path, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        monkeypatch.setenv("DATA_DIR", str(data_dir))
        named = os.environ["DATABASE_URL"]

        with local_environment(["manage.py", "migrate"], PROJECT):
            assert os.environ["DATABASE_URL"] == named
        assert not (data_dir / "postgres").exists()
