"""The start table: every way to start × what the environment says → what happens.

Development gives tokens away and has secrets that everybody knows, so it runs only where somebody
asked for it. Everything else is production, which refuses a bad environment and names all of it.
"""

from __future__ import annotations

import os
import re
import signal
import socket
import subprocess
import sys
import tempfile
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from time import monotonic, sleep

import httpx
import pytest

from app.tests.http.test_environment import ON_S3
from config.environment import RULES
from devtools.servers.process import free_port
from serving.this_machine import ThisMachineOnly, is_this_machine
from tests.system import PROJECT, database_with_tables, new_database

pytestmark = pytest.mark.slow

Environment = dict[str, str]
SECONDS = 90.0
# Stripe's are asked for where it is the gateway.
REQUIRED = frozenset(
    rule.name for rule in RULES if rule.name in ON_S3 and not rule.name.startswith("STRIPE_")
)


def refused(*names: str) -> str:
    return "refused for " + ", ".join(sorted(set(names)))


RUNS, DEVELOPMENT, PRODUCTION = "runs", "development", "production"
ALL, REST, ONE = refused(*REQUIRED), refused(*REQUIRED - {"DATABASE_URL"}), refused("SITE_URL")
OURS = "refused: this environment is production's"
NO_COMMAND = "refused: there is no such command"
NOT_ASKED_FOR = "refused: nobody asked for development"
OF_WORKERS = refused("AMQP_URL", "INTERNAL_API_TOKEN")

# "nothing": an empty environment. "database": DATABASE_URL alone. "incomplete": production's but
# for SITE_URL. "development": DATABASE_URL and DJANGO_ENV=development.
COLUMNS = ("nothing", "database", "incomplete", "production", "development")
SERVING = "-m serving"
GUNICORN = "-m gunicorn config.wsgi:application"
SETTINGS = "from django.conf import settings; print(settings.DEVELOPMENT)"
TABLE = {
    SERVING: (ALL, REST, ONE, PRODUCTION, DEVELOPMENT),
    GUNICORN: (ALL, REST, ONE, PRODUCTION, DEVELOPMENT),
    "-m gunicorn": (ALL, REST, ONE, PRODUCTION, DEVELOPMENT),
    # Without gunicorn.conf.py the application itself refuses.
    f"{GUNICORN} --config /dev/null": (ALL, REST, ONE, PRODUCTION, DEVELOPMENT),
    f"DJANGO_SETTINGS_MODULE=config.settings {GUNICORN}": (*4 * [NOT_ASKED_FOR], DEVELOPMENT),
    f"DJANGO_SETTINGS_MODULE=config.settings_static {GUNICORN}": (
        *4 * [NOT_ASKED_FOR],
        DEVELOPMENT,
    ),
    "manage.py runserver --noreload": (DEVELOPMENT, REST, ONE, PRODUCTION, DEVELOPMENT),
    # `make run`
    "manage.py dev": (DEVELOPMENT, DEVELOPMENT, OURS, OURS, DEVELOPMENT),
    "manage.py shell": (DEVELOPMENT, REST, ONE, PRODUCTION, DEVELOPMENT),
    "manage.py migrate": (RUNS, REST, ONE, RUNS, RUNS),
    "manage.py showmigrations": (RUNS, REST, ONE, RUNS, RUNS),
    "manage.py relay_outbox --once": (ALL, REST, ONE, RUNS, RUNS),
    # A tool of development: production does not have it.
    "manage.py local_worker": (ALL, REST, ONE, NO_COMMAND, RUNS),
    "-m worker": (OF_WORKERS, OF_WORKERS, refused("AMQP_URL"), RUNS, RUNS),
}


@pytest.fixture(scope="module")
def folder() -> Iterator[Path]:
    """Every user may pass through it: a private PostgreSQL does not run as root."""
    with tempfile.TemporaryDirectory(prefix="style-license-start-") as made:
        Path(made).chmod(0o711)
        yield Path(made)


def test_development_runs_only_where_it_was_asked_for(folder: Path) -> None:
    database = database_with_tables()
    cells = [(way, column) for way in TABLE for column in COLUMNS]
    starts = [Start(way, column, folder, database) for way, column in cells]
    with ThreadPoolExecutor(3) as pool:
        outcomes = list(pool.map(Start.outcome, starts, timeout=1200))
    expected = {(way, column): TABLE[way][COLUMNS.index(column)] for way, column in cells}
    wrong = [
        f"{way} × {column}: {outcome}, not {expected[way, column]}\n{start.text()[-800:]}"
        for (way, column), outcome, start in zip(cells, outcomes, starts, strict=True)
        if outcome != expected[way, column]
    ]
    assert not wrong, "\n\n".join(wrong)


# What is wrong for every way of starting, and what the process says of it.
UNREADABLE = {
    ("DATABASE_URL", "nonsense"): "DATABASE_URL is not an address that begins with postgresql://",
    (
        "DATABASE_URL",
        "sqlite:///x",
    ): "DATABASE_URL is not an address that begins with postgresql://",
    ("DATABASE_URL", "postgresql://a:s3kr1t@127.0.0.1:1/x"): "The database can't be reached",
    ("WEB_CONCURRENCY", "abc"): "WEB_CONCURRENCY is not a whole number",
}


@pytest.mark.parametrize(("name", "value"), UNREADABLE)
def test_a_wrong_value_is_a_sentence_and_no_stack_trace(
    folder: Path, name: str, value: str
) -> None:
    ways = ("dev", "migrate", "runserver --noreload", "shell", "seed_demo")
    starts = [
        Start(f"manage.py {way}", "development", folder, os.environ["DATABASE_URL"]) for way in ways
    ]
    for start in starts:
        start.environment |= {"DEMO_SIGN_IN": "1", name: value}
    with ThreadPoolExecutor(2) as pool:
        outcomes = list(pool.map(Start.outcome, starts, timeout=600))
    # A shell asks the database nothing by itself.
    works = ["manage.py shell"] if "reached" in UNREADABLE[name, value] else []
    for start, outcome in zip(starts, outcomes, strict=True):
        if start.way in works:
            assert outcome == DEVELOPMENT, start.text()
            continue
        assert outcome.startswith("refused"), f"{start.way}: {outcome}"
        assert UNREADABLE[name, value] in start.text()
        assert "Traceback" not in start.text()
        assert "s3kr1t" not in start.text()


def test_a_database_without_tables_is_told_in_words(folder: Path) -> None:
    start = Start("manage.py seed_demo", "development", folder, new_database())
    start.environment["DEMO_SIGN_IN"] = "1"
    assert start.outcome().startswith("refused")
    assert "manage.py migrate" in start.text()
    assert "Traceback" not in start.text()


class Start:
    """One cell of the table: a process, looked at from outside."""

    def __init__(self, way: str, column: str, folder: Path, database: str) -> None:
        self.way, self.port = way, free_port()
        self.folder = Path(tempfile.mkdtemp(dir=folder))
        # PostgreSQL's user has to pass through here too.
        self.folder.chmod(0o711)
        self.log = self.folder / "log"
        self.environment = self._environment(column, database)

    def outcome(self) -> str:
        with self.log.open("wb") as log:
            process = subprocess.Popen(
                [sys.executable, *self._arguments()],
                cwd=PROJECT,
                env=self.environment,
                stdin=subprocess.DEVNULL,
                stdout=log,
                stderr=log,
                start_new_session=True,
            )
        try:
            deadline = monotonic() + SECONDS
            while monotonic() < deadline:
                if (code := process.poll()) is not None:
                    return self._end_of(code)
                if seen := self._seen_running():
                    return seen
                sleep(0.2)
            return f"neither up nor over after {SECONDS:.0f} s"
        finally:
            _stop(process)

    def text(self) -> str:
        return self.log.read_text(errors="replace")

    def _environment(self, column: str, database: str) -> Environment:
        nothing = {
            "PATH": os.environ["PATH"],
            "DATA_DIR": str(self.folder / "data"),
            "WORKER_DIR": str(self.folder / "worker"),
            # These only say where to listen, and with how much.
            "WEB_BIND": f"127.0.0.1:{self.port}",
            "WEB_CONCURRENCY": "1",
        }
        if column == "nothing":
            return nothing
        if column == "database":
            return {**nothing, "DATABASE_URL": database}
        if column == "development":
            # A worker's token may be short then.
            token = {"INTERNAL_API_TOKEN": "short", "WORKER_BROKER": "amqp://127.0.0.1:1/"}
            return {**nothing, **token, "DATABASE_URL": database, "DJANGO_ENV": "development"}
        production = {
            **nothing,
            **ON_S3,
            "DATABASE_URL": database,
            "INTERNAL_API_TOKEN": ON_S3["INTERNAL_API_TOKENS"],
            "PAYMENT_GATEWAY": "test",
            "ALLOW_TEST_GATEWAY": "1",
        }
        if column == "incomplete":
            production["AMQP_URL" if "worker" in self.way.split() else "SITE_URL"] = ""
        return production

    def _arguments(self) -> list[str]:
        words = self.way.split()
        if "=" in words[0]:
            name, _, value = words.pop(0).partition("=")
            self.environment[name] = value
        if "runserver" in words:
            return [*words, f"127.0.0.1:{self.port}"]
        if "dev" in words:
            return [*words, "--port", str(self.port)]
        if "shell" in words:
            return [*words, "-c", SETTINGS]
        if "/dev/null" in words:
            return [*words, "--bind", f"127.0.0.1:{self.port}"]
        return words

    def _seen_running(self) -> str:
        if "worker" in self.way:
            return RUNS if "worker_ready" in self.text() else ""
        if not {"serving", "gunicorn", "runserver", "dev"} & set(self.way.split()):
            return ""
        try:
            answer = httpx.get(f"http://127.0.0.1:{self.port}/api/health", timeout=10)
        except httpx.HTTPError:
            return ""
        # Production wants its own host, by https.
        return DEVELOPMENT if answer.status_code == 200 else PRODUCTION

    def _end_of(self, code: int) -> str:
        text = self.text()
        if code == 0:
            printed = {"True": DEVELOPMENT, "False": PRODUCTION}
            return printed[text.split()[-1]] if "shell" in self.way else RUNS
        if "config.settings are development's" in text:
            return NOT_ASKED_FOR
        if "make run is development" in text:
            return OURS
        if "Unknown command" in text:
            return NO_COMMAND
        names = re.findall(r"^  ([A-Z0-9_]+) ", text, re.MULTILINE)
        return refused(*(names or re.findall(r"\b(AMQP_URL|INTERNAL_API_TOKEN)\b", text)))


def _stop(process: subprocess.Popen[bytes]) -> None:
    if process.poll() is None:
        process.terminate()
        try:
            process.wait(timeout=20)
        except subprocess.TimeoutExpired:
            os.killpg(process.pid, signal.SIGKILL)
            process.wait(timeout=10)


@pytest.mark.parametrize("way", [SERVING, GUNICORN])
@pytest.mark.parametrize("bind", ["", "0.0.0.0", "[::]", "192.0.2.1"])
def test_development_does_not_listen_for_others(folder: Path, bind: str, way: str) -> None:
    start = Start(way, "development", folder, os.environ["DATABASE_URL"])
    start.environment["WEB_BIND"] = f"{bind}:{start.port}"
    assert start.outcome().startswith("refused")
    assert "listens on this machine only" in start.text()


@pytest.mark.parametrize(
    ("way", "name", "value"),
    [
        # gunicorn reads WEB_CONCURRENCY by itself, before our settings.
        (SERVING, "WEB_CONCURRENCY", "abc"),
        (SERVING, "WEB_CONCURRENCY", "0"),
        (SERVING, "WEB_THREADS", "-1"),
        (SERVING, "WEB_BIND", "8000"),
        (SERVING, "WEB_BIND", "127.0.0.1:70000"),
        (GUNICORN, "GUNICORN_THREADS", "4.5"),
        (GUNICORN, "WEB_BIND", "127.0.0.1:http"),
    ],
)
def test_a_value_that_makes_no_sense_is_named(
    folder: Path, way: str, name: str, value: str
) -> None:
    start = Start(way, "development", folder, os.environ["DATABASE_URL"])
    start.environment[name] = value
    assert start.outcome().startswith("refused")
    assert start.text().startswith(f"{name} is not ")
    assert len(start.text().splitlines()) == 1


@pytest.mark.parametrize("way", [SERVING, GUNICORN])
@pytest.mark.parametrize("url", ["nonsense", "sqlite:///x"])
def test_development_names_what_it_cannot_read(folder: Path, way: str, url: str) -> None:
    start = Start(way, "development", folder, url)
    assert start.outcome() == refused("DATABASE_URL")
    assert "Traceback" not in start.text()


def test_what_gunicorn_listens_on_by_itself() -> None:
    for environment, address in (
        ({"DJANGO_ENV": "development"}, "['127.0.0.1:8000']"),
        (ON_S3, "['0.0.0.0:8000']"),
    ):
        shown = subprocess.run(
            [sys.executable, "-m", "gunicorn", "--print-config"],
            cwd=PROJECT,
            env={"PATH": os.environ["PATH"], **environment},
            capture_output=True,
            text=True,
            timeout=60,
        )
        (line,) = re.findall(r"^bind\s+= (.*)$", shown.stdout, re.MULTILINE)
        assert line == address, shown.stderr


def test_development_answers_nobody_elses_machine() -> None:
    """Whatever server listens, wherever: ``runserver 0.0.0.0:8000`` for one."""
    seen: list[str] = []

    def start_response(status: str, headers: list[tuple[str, str]], *_: object) -> None:
        seen.append(status)

    guarded = ThisMachineOnly(lambda environ, start: (start("200 OK", []), [b"hello"])[1])
    for client, status in (
        ("127.0.0.1", "200 OK"),
        ("::1", "200 OK"),
        ("::ffff:127.0.0.1", "200 OK"),
        ("", "200 OK"),
        ("192.0.2.7", "403 Forbidden"),
        ("::ffff:192.0.2.7", "403 Forbidden"),
        ("fe80::1%eth0", "403 Forbidden"),
    ):
        guarded({"REMOTE_ADDR": client}, start_response)
        assert seen.pop() == status, client
    assert not is_this_machine("example.com")


def test_runserver_is_guarded_too(folder: Path) -> None:
    """From this machine's own address in its network, where it has one."""
    own = _own_address()
    start = Start("manage.py runserver --noreload", "development", folder, new_database())
    arguments = ["manage.py", "runserver", "--noreload", f"0.0.0.0:{start.port}"]
    start.environment["ALLOWED_HOSTS"] = f"127.0.0.1,{own}"
    with start.log.open("wb") as log:
        process = subprocess.Popen(
            [sys.executable, *arguments], cwd=PROJECT, env=start.environment, stdout=log, stderr=log
        )
    try:
        deadline = monotonic() + SECONDS
        while not (seen := start._seen_running()) and monotonic() < deadline:
            sleep(0.2)
        assert seen == DEVELOPMENT, start.text()
        answer = httpx.get(f"http://{own}:{start.port}/api/auth/me", timeout=10)
        expected = 401 if own.startswith("127.") else 403
        assert answer.status_code == expected, answer.text
    finally:
        _stop(process)


def _own_address() -> str:
    """This machine's address in its network; a loopback one if it is in none. Nothing is sent."""
    with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as probe:
        try:
            probe.connect(("192.0.2.1", 9))
        except OSError:
            return "127.0.0.1"
        return str(probe.getsockname()[0])
