"""``make run``: it comes up, says where, and leaves nothing behind."""

import contextlib
import http.client
import json
import os
import shutil
import signal
import socket
import subprocess
import sys
import tempfile
import time
from collections.abc import Iterator
from pathlib import Path

import pytest

from devtools.servers.process import free_port, wait_for

PROJECT = Path(__file__).resolve().parents[1]
# Generous: the demo artists' works are drawn, learnt and sold, on a machine shared with others.
FIRST_START_SECONDS = 300
# It takes under five seconds on two idle cores.
SECOND_START_SECONDS = 15
# Ten at most, one on idle cores; other tests may share them.
STOP_SECONDS = 20

pytestmark = [pytest.mark.slow, pytest.mark.time_limit(900)]


class Run:
    """``manage.py dev`` as its own process group, as a terminal would start it."""

    def __init__(self, data_dir: Path, port: int | str) -> None:
        self.data_dir = data_dir
        self.port = port
        self._output = tempfile.TemporaryFile()  # noqa: SIM115 - closed in end()
        environment = {
            name: value
            for name, value in os.environ.items()
            if not name.startswith(("DATABASE_", "DJANGO_", "STYLE_LICENSE_"))
        }
        self.process = subprocess.Popen(
            [sys.executable, "manage.py", "dev"],
            cwd=PROJECT,
            stdin=subprocess.DEVNULL,
            stdout=self._output,
            stderr=subprocess.STDOUT,
            env={**environment, "DATA_DIR": str(data_dir), "PORT": str(port)},
            start_new_session=True,
        )

    @property
    def output(self) -> str:
        return os.pread(self._output.fileno(), 1_000_000, 0).decode()

    def wait_until_ready(self, seconds: float) -> float:
        """How many seconds it took."""
        started_at = time.monotonic()
        wait_for(lambda: "Stop: Ctrl-C" in self.output or self.process.poll() is not None, seconds)
        assert "Stop: Ctrl-C" in self.output, self.output
        return time.monotonic() - started_at

    def says(self, words: str, seconds: float) -> bool:
        return wait_for(lambda: words in self.output, seconds)

    def press_ctrl_c(self) -> int:
        os.killpg(self.process.pid, signal.SIGINT)
        return self.process.wait(STOP_SECONDS)

    def shows_pictures(self, count: int) -> bool:
        status, body = self.get("/api/community/feed")
        assert status == 200, body
        return len(json.loads(body)["data"]["results"]) == count

    def get(self, path: str) -> tuple[int, bytes]:
        client = http.client.HTTPConnection("127.0.0.1", int(self.port), timeout=10)
        with contextlib.closing(client):
            client.request("GET", path)
            response = client.getresponse()
            return response.status, response.read()

    def end(self) -> None:
        if self.process.poll() is None:
            self.process.terminate()
            self.process.wait(2 * STOP_SECONDS)
        self._output.close()


def processes_of(data_dir: Path) -> list[str]:
    """The command lines of all that still runs on these data."""
    mark = str(data_dir).encode()
    found = []
    for folder in Path("/proc").glob("[0-9]*"):
        with contextlib.suppress(OSError):
            command = (folder / "cmdline").read_bytes()
            # Empty for a zombie, which has ended and only waits to be counted.
            if command and mark in command + (folder / "environ").read_bytes():
                found.append(command.replace(b"\0", b" ").decode())
    return found


@pytest.fixture
def data_dir() -> Iterator[Path]:
    folder = Path(tempfile.mkdtemp(prefix="style-license-run-"))
    # PostgreSQL's user has to pass through.
    folder.chmod(0o711)
    yield folder
    shutil.rmtree(folder, ignore_errors=True)


@pytest.fixture
def start(data_dir: Path) -> Iterator[object]:
    runs = []

    def start_one(port: int | str | None = None) -> Run:
        run = Run(data_dir, free_port() if port is None else port)
        runs.append(run)
        return run

    yield start_one
    for run in runs:
        run.end()


def test_first_start_stop_and_second_start(
    start, data_dir: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    # Whatever is logged goes to the files: the terminal is for sentences.
    monkeypatch.setenv("LOG_LEVEL", "DEBUG")
    # Pictures are looked at, as they are without a word about it.
    monkeypatch.delenv("PICTURE_CHECK")
    first = start()
    first.wait_until_ready(FIRST_START_SECONDS)

    assert f"http://127.0.0.1:{first.port}\n" in first.output
    assert "/api/auth/demo" in first.output
    status, body = first.get("/api/health")
    assert (status, json.loads(body)) == (200, {"status": "ok", "database": "connected"})
    assert "Traceback" not in first.output
    assert [line for line in first.output.splitlines() if line.startswith("{")] == []
    # What the check lets pass is in the feed.
    assert wait_for(lambda: first.shows_pictures(16), 30)
    assert '"level": "debug"' in (data_dir / "logs" / "dev.log").read_text()
    assert (data_dir / "secret-key").stat().st_mode & 0o777 == 0o600

    same_data = start()
    assert same_data.process.wait(SECOND_START_SECONDS) == 1
    assert f"already runs on the data in {data_dir}" in same_data.output

    assert first.press_ctrl_c() == 0
    assert "Traceback" not in first.output
    assert wait_for(lambda: not processes_of(data_dir), 2), processes_of(data_dir)

    second = start(first.port)
    assert second.wait_until_ready(SECOND_START_SECONDS) < SECOND_START_SECONDS
    assert "Database tables" not in second.output
    second.process.send_signal(signal.SIGTERM)
    assert second.process.wait(STOP_SECONDS) == 0
    assert wait_for(lambda: not processes_of(data_dir), 2), processes_of(data_dir)


def test_killed_run_takes_its_children_along(start, data_dir: Path) -> None:
    killed = start()
    web_log = data_dir / "logs" / "web.log"
    assert wait_for(lambda: web_log.exists() and "Spawning worker" in web_log.read_text(), 60)

    killed.process.kill()

    def only_the_database_is_left() -> bool:
        return all("postgres" in command for command in processes_of(data_dir))

    assert wait_for(only_the_database_is_left, STOP_SECONDS), processes_of(data_dir)

    following = start()
    taken_over = "PostgreSQL … was running already"
    assert following.says(taken_over, 15), following.output
    assert following.press_ctrl_c() in {0, 130}
    assert wait_for(lambda: not processes_of(data_dir), 2), processes_of(data_dir)


def test_ctrl_c_at_any_moment_of_the_start_leaves_nothing(start, data_dir: Path) -> None:
    for words in ("PostgreSQL … ready", "Database tables … ready"):
        run = start()
        assert run.says(words, 60), run.output
        assert run.press_ctrl_c() in {0, 130}
        assert "Traceback" not in run.output
        assert wait_for(lambda: not processes_of(data_dir), 2), processes_of(data_dir)


def test_taken_port_is_said_in_a_sentence(start, data_dir: Path) -> None:
    with socket.socket() as other:
        other.bind(("127.0.0.1", 0))
        other.listen()
        port = other.getsockname()[1]

        run = start(port)

        assert run.process.wait(SECOND_START_SECONDS) == 1
        assert run.output == (
            f"Style License does not start. Port {port} is taken; choose another with PORT=,"
            f" e.g. make run PORT={port + 1}.\n"
        )
    assert not (data_dir / "postgres").exists()


def test_port_that_is_no_number_is_said_in_a_sentence(start) -> None:
    run = start("eight")

    assert run.process.wait(SECOND_START_SECONDS) == 1
    assert run.output == (
        "Style License does not start. PORT=eight is not a port; give a number from 1 to 65535.\n"
    )
