"""No test waits for ever."""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path

import pytest

from tests.system import PROJECT
from tests.waits import waits_without_deadline

MODULES = [
    path.relative_to(PROJECT)
    for folder in ("app", "devtools", "pictures", "protocol", "speed", "tests", "web", "worker")
    for path in sorted((PROJECT / folder).rglob("*.py"))
    if "tests" in path.relative_to(PROJECT).parts
]
ENDLESS = [
    "thread.join()",
    "thread.join(timeout=None)",
    "process.wait()",
    "threading.Event().wait()",
    "lock.acquire()",
    "future.result()",
    "executor.map(ask, range(3))",
    "process.communicate()",
    "process.communicate(b'input')",
    "subprocess.run(['true'], check=True)",
    "from subprocess import check_output as ask\nask(['true'])",
    "letters = queue.Queue()\nletters.get()",
    "def read(letters: SimpleQueue[str]):\n    letters.get()",
    "self._letters: Queue[str] = Queue()\nself._letters.get()",
    "urlopen('http://127.0.0.1')",
    "socket.create_connection(address)",
    "http.client.HTTPSConnection('localhost', port, context=context)",
    "httpx.get(url, timeout=None)",
    "connection.notifies()",
    "selector.select()",
    "channel.start_consuming()",
    "os.waitpid(child, 0)",
    "while not is_there():\n    time.sleep(0.1)",
    "while (got := channel.basic_get(queue))[2] is not None:\n    found.append(got)",
]
BOUNDED = [
    "thread.join(10)",
    "process.wait(timeout=10)",
    "lock.acquire(blocking=False)",
    "', '.join(words)",
    "future.result(timeout=10)",
    "process.communicate(timeout=10)",
    "subprocess.run(['true'], timeout=10)",
    "letters = queue.Queue()\nletters.get(timeout=10)",
    "style.works.get()",
    "urlopen('http://127.0.0.1', timeout=5)",
    "socket.create_connection(address, 5)",
    "httpx.get(url)",
    "connection.notifies(timeout=1)",
    "selector.select(1)",
    "os.waitpid(child, os.WNOHANG)",
    "deadline = monotonic() + 5\nwhile monotonic() < deadline:\n    sleep(0.1)",
    "while page:\n    page = page.next",
]
# Tests that do what no source shows, and a thread that outlives the run.
HUNG = """
import threading
from concurrent.futures import ThreadPoolExecutor

import pytest

from tests import time_limits

time_limits.AGAIN_SECONDS = time_limits.EXIT_SECONDS = 1
never = threading.Event()


@pytest.mark.time_limit(1)
def test_that_waits_for_ever():
    with ThreadPoolExecutor(1) as executor:
        executor.submit(never.wait).result()


def test_that_comes_after_it():
    never.set()


def test_that_leaves_a_thread_behind():
    threading.Thread(target=threading.Event().wait).start()
"""


@pytest.mark.parametrize("module", MODULES, ids=str)
def test_every_wait_has_a_deadline(module: Path) -> None:
    assert waits_without_deadline((PROJECT / module).read_text()) == []


@pytest.mark.parametrize("source", ENDLESS)
def test_a_wait_without_one_is_found(source: str) -> None:
    assert len(waits_without_deadline(source)) == 1


@pytest.mark.parametrize("source", BOUNDED)
def test_a_wait_with_one_is_none(source: str) -> None:
    assert waits_without_deadline(source) == []


@pytest.mark.slow
def test_a_test_that_hangs_all_the_same_fails_and_the_run_goes_on_and_ends(tmp_path: Path) -> None:
    (tmp_path / "test_hung.py").write_text(HUNG)
    (tmp_path / "pytest.ini").write_text("[pytest]\n")
    run = subprocess.run(
        [
            *(sys.executable, "-m", "pytest", "-p", "tests.time_limits", "-p", "no:cacheprovider"),
            *("-c", tmp_path / "pytest.ini", tmp_path),
        ],
        cwd=PROJECT,
        capture_output=True,
        text=True,
        timeout=60,
    )
    assert "Failed: It took more than 1 s." in run.stdout
    assert "1 failed, 2 passed" in run.stdout
    assert "Timeout (0:00:01)!" in run.stderr
    assert run.returncode == 1
