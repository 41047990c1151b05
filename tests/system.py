"""The whole system as real processes, for tests that look at it from outside."""

from __future__ import annotations

import os
import secrets
import signal
import subprocess
import sys
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from time import monotonic, sleep
from typing import Any, Self, TypeVar
from urllib.parse import urlsplit, urlunsplit

import boto3
import httpx
import psycopg

from devtools.servers.postgres_files import find_programs
from devtools.servers.process import free_port, log_tail
from devtools.servers.s3 import S3Access
from tests.pictures import signature_png

PROJECT = Path(__file__).resolve().parent.parent
Result = TypeVar("Result")
# Of one run of pytest, whose processes all have it: conftest.py sets it.
_RUN = os.environ.get("STYLE_LICENSE_TEST_RUN") or secrets.token_hex(6)


def wait_for(look: Callable[[], Result | None], *, seconds: float, what: str) -> Result:
    """Call ``look`` until it returns something true. Raises TimeoutError that names ``what``."""
    deadline = monotonic() + seconds
    while monotonic() < deadline:
        if found := look():
            return found
        sleep(0.05)
    raise TimeoutError(f"{what} did not happen within {seconds} s")


class System:
    """Web server, relay and worker over a database of their own, which has its tables already.

    One that is given as DATABASE_URL is migrated at the start. ``environment`` chooses the
    adapters: with AMQP_URL the worker takes its tasks from the broker, else it is fed from the
    outbox. ``project`` is the checkout whose code runs.
    """

    web_application = "config.wsgi:application"
    worker_module = "worker"

    def __init__(
        self, folder: Path, environment: dict[str, str], *, project: Path = PROJECT
    ) -> None:
        self.folder = folder
        self.project = project
        self.token = secrets.token_urlsafe(24)
        self.port = free_port()
        self.url = f"http://127.0.0.1:{self.port}"
        self._processes: dict[str, subprocess.Popen[bytes]] = {}
        self._has_tables = "DATABASE_URL" not in environment
        self.environment = {
            **os.environ,
            "DJANGO_ENV": "development",
            "DATA_DIR": str(folder / "data"),
            "DATABASE_URL": environment.get("DATABASE_URL") or database_with_tables(),
            "DEMO_SIGN_IN": "1",
            "INTERNAL_API_TOKEN": self.token,
            "INTERNAL_API_TOKENS": self.token,
            "SECRET_KEY": secrets.token_urlsafe(40),
            "SITE_URL": self.url,
            # Tests poll far more often than people may.
            **{f"RATE_LIMIT_{name}": "" for name in ("SIGN_IN", "GENERATE", "USER", "ANONYMOUS")},
            **environment,
        }

    def start(
        self, *, workers: int = 1, web_processes: int = 1, threads: int = 8, relays: int = 1
    ) -> None:
        if not self._has_tables:
            self.manage("migrate", "--verbosity=0")
        self.environment |= {
            "WEB_BIND": f"127.0.0.1:{self.port}",
            "WEB_CONCURRENCY": str(web_processes),
            "WEB_THREADS": str(threads),
        }
        if (self.project / "serving").exists():
            self.spawn("web", "-m", "serving", self.web_application)
        else:
            # Versions of before Granian.
            self.environment["GUNICORN_BIND"] = self.environment["WEB_BIND"]
            self.spawn("web", "-m", "gunicorn", self.web_application)
        for number in range(relays):
            self.start_relay("relay" if number == 0 else f"relay-{number}")
        for number in range(workers):
            self.start_worker(f"worker-{number}")
        wait_for(self._is_healthy, seconds=60, what="the web server's answer")

    def start_relay(self, name: str = "relay") -> None:
        self.spawn(name, "manage.py", "relay_outbox", "--sweep-seconds", "1")

    def start_worker(self, name: str) -> None:
        if "AMQP_URL" in self.environment:
            work_dir = self.folder / name
            self.spawn(
                name,
                *("-m", self.worker_module, "--broker", self.environment["AMQP_URL"]),
                *("--work-dir", str(work_dir)),
            )
        else:
            self.spawn(name, "manage.py", "local_worker")

    def spawn(self, name: str, *arguments: str, python: str = sys.executable) -> None:
        self.folder.mkdir(parents=True, exist_ok=True)
        with self.log(name).open("ab") as log:
            self._processes[name] = subprocess.Popen(
                [python, *arguments],
                cwd=self.project,
                env=self.environment,
                stdout=log,
                stderr=log,
                start_new_session=True,
            )

    def manage(self, *arguments: str) -> subprocess.CompletedProcess[str]:
        """Run ``manage.py`` to its end, which must be a good one."""
        done = self.try_manage(*arguments)
        assert done.returncode == 0, done.stdout + done.stderr
        return done

    def try_manage(self, *arguments: str) -> subprocess.CompletedProcess[str]:
        return subprocess.run(
            [sys.executable, "manage.py", *arguments],
            cwd=self.project,
            env=self.environment,
            capture_output=True,
            text=True,
            timeout=120,
        )

    def kill(self, name: str) -> None:
        """End a process and its children without any warning."""
        process = self._processes.pop(name)
        os.killpg(process.pid, signal.SIGKILL)
        process.wait(timeout=15)

    def process(self, name: str) -> subprocess.Popen[bytes]:
        return self._processes[name]

    def end(self, name: str) -> None:
        """End a process as its supervisor would."""
        process = self._processes.pop(name)
        process.terminate()
        process.wait(timeout=30)

    def stop(self) -> None:
        for process in self._processes.values():
            process.terminate()
        for process in self._processes.values():
            try:
                process.wait(timeout=15)
            except subprocess.TimeoutExpired:
                os.killpg(process.pid, signal.SIGKILL)
                process.wait(timeout=15)

    def log(self, name: str) -> Path:
        return self.folder / f"{name}.log"

    def logs(self) -> str:
        """The ends of all logs, to be shown when a test fails."""
        return "\n".join(f"--- {name}\n{log_tail(self.log(name))}" for name in self._processes)

    def _is_healthy(self) -> bool:
        web = self._processes["web"]
        assert web.poll() is None, f"The web server ended.\n{self.logs()}"
        try:
            return httpx.get(f"{self.url}/api/health").status_code == 200
        except httpx.TransportError:
            return False


@contextmanager
def running(system: System, **sizes: int) -> Iterator[System]:
    """Starts it, with ``sizes`` as ``start`` takes them, and stops it however that ends."""
    try:
        system.start(**sizes)
        yield system
    finally:
        system.stop()


class Person:
    """Somebody at a browser: a cookie jar, and the CSRF token with every unsafe request."""

    def __init__(self, system: System, username: str) -> None:
        # gunicorn ends idle connections after two seconds: one that it is about to end must not be
        # used for what cannot be asked twice.
        limits = httpx.Limits(max_connections=None, keepalive_expiry=1.0)
        self.http = httpx.Client(base_url=system.url, timeout=60, limits=limits)
        self.me = self.post("/api/auth/demo", json={"username": username})

    def get(self, path: str, **parameters: Any) -> Any:
        return self._data(self.http.get(path, params=parameters))

    def post(self, path: str, *, status: int | None = None, **body: Any) -> Any:
        return self._data(self.http.post(path, headers=self._csrf(), **body), status)

    def patch(self, path: str, **body: Any) -> Any:
        return self._data(self.http.patch(path, headers=self._csrf(), **body))

    def become_artist(self, name: str) -> Self:
        self.post(
            "/api/users/me/artist",
            data={"artist_name": name},
            files={"signature_image": ("signature.png", signature_png(), "image/png")},
            status=201,
        )
        return self

    def _csrf(self) -> dict[str, str]:
        return {"X-CSRFToken": self.http.cookies.get("csrftoken") or ""}

    def _data(self, response: httpx.Response, status: int | None = None) -> Any:
        body = response.json()
        if status is None:
            assert body["success"], body
        else:
            assert response.status_code == status, body
        return body.get("data")


def make_bucket(access: S3Access, name: str) -> None:
    """Make the bucket ``name`` on the S3 server of the tests."""
    given = access.environment(name)
    boto3.client(
        "s3",
        endpoint_url=given["S3_ENDPOINT_URL"],
        aws_access_key_id=given["AWS_ACCESS_KEY_ID"],
        aws_secret_access_key=given["AWS_SECRET_ACCESS_KEY"],
        region_name=given.get("AWS_DEFAULT_REGION", "us-east-1"),
    ).create_bucket(Bucket=name)


def new_database(server: str | None = None) -> str:
    """A database of its own on ``server``, or that of the tests: systems do not see each other."""
    return _create_database(server or os.environ["DATABASE_URL"], template="template0")


def database_with_tables(name: str = "") -> str:
    """A new database, like one that has just been migrated: a copy of one that was.

    That one is made by ``manage.py migrate`` when a test of this run first asks, in whichever
    process: the others wait for it.
    """
    return _create_database(os.environ["DATABASE_URL"], template=migrated(), name=name)


def database_with_tables_on(server: str) -> str:
    """The same on another server, by way of a dump."""
    programs, database = find_programs(), new_database(server)
    dump = [str(programs / "pg_dump"), "--format=custom", f"--dbname={database_with_tables()}"]
    restore = [str(programs / "pg_restore"), "--exit-on-error", f"--dbname={database}"]
    dumped = subprocess.run(dump, capture_output=True, timeout=120, check=True).stdout
    subprocess.run(restore, input=dumped, capture_output=True, timeout=120, check=True)
    return database


def migrated() -> str:
    """The name of the database that others are copies of. Nobody connects to it."""
    server, first = os.environ["DATABASE_URL"], f"migrated_{_RUN}"
    with psycopg.connect(server, autocommit=True) as connection:
        connection.execute("SELECT pg_advisory_lock(hashtext(%s))", [first])
        exists = "SELECT 1 FROM pg_database WHERE datname = %s"
        if not connection.execute(exists, [first]).fetchone():
            unfinished = new_database()
            _migrate(unfinished)
            made = urlsplit(unfinished).path.removeprefix("/")
            connection.execute(f'ALTER DATABASE "{made}" RENAME TO "{first}"')
    return first


def _create_database(server: str, *, template: str, name: str = "") -> str:
    name = name or f"system_{secrets.token_hex(6)}"
    with psycopg.connect(server, autocommit=True) as connection:
        connection.execute(f'CREATE DATABASE "{name}" TEMPLATE "{template}"')
    return urlunsplit(urlsplit(server)._replace(path=f"/{name}"))


def _migrate(database: str) -> None:
    done = subprocess.run(
        [sys.executable, "manage.py", "migrate", "--verbosity=0"],
        cwd=PROJECT,
        env={**os.environ, "DJANGO_ENV": "development", "DATABASE_URL": database},
        capture_output=True,
        text=True,
        timeout=120,
    )
    assert done.returncode == 0, done.stdout + done.stderr
