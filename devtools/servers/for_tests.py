"""The servers of one test run.

The process that starts the run owns them all. PostgreSQL starts with it; the others start when a
test first asks, whichever worker process of pytest-xdist that test runs in: workers ask the owner
over a loopback connection, so each server starts once and ends with the run.
"""

import contextlib
import os
import secrets
import shutil
import tempfile
import threading
from dataclasses import dataclass
from multiprocessing.connection import Client, Listener
from pathlib import Path
from typing import Any

from devtools.servers.postgres import PrivatePostgres
from devtools.servers.process import ServerError
from devtools.servers.rabbitmq import PrivateRabbitMQ
from devtools.servers.redis import PrivateRedis
from devtools.servers.s3 import PrivateS3, S3Access

# Set by the owner, inherited by its workers: the port and the key under which they may ask it.
_OWNER_VARIABLE = "STYLE_LICENSE_TEST_SERVERS"
# What a developer's shell may hold and no test should see.
_VARIABLES_OF_OTHERS = (
    "ALLOW_TEST_GATEWAY",
    "AMQP_URL",
    "CERTIFICATES_DIR",
    "DEBUG",
    "DEMO_SIGN_IN",
    "INTERNAL_API_TOKEN",
    "INTERNAL_API_TOKENS",
    "PAYMENT_GATEWAY",
    "LICENCE_KEY",
    "REDIS_URL",
    "S3_BUCKET",
    "S3_ENDPOINT_URL",
    "SECRET_KEY",
    "SITE_URL",
    "STRIPE_API_BASE",
    "STRIPE_SECRET_KEY",
    "STRIPE_WEBHOOK_SECRET",
)
_REDIS_DATABASES = 16


@dataclass(frozen=True)
class _Request:
    server: str
    # Names the worker process, "" if there is but one.
    worker: str


class TestServers:
    """Servers that live as long as one test run. To be made by its owner."""

    __test__ = False  # not a test, whatever its name

    def __init__(self) -> None:
        self.folder = Path(tempfile.mkdtemp(prefix="style-license-tests-"))
        # PostgreSQL's user has to pass through; the folders within are closed by themselves.
        self.folder.chmod(0o711)
        self._lock = threading.Lock()
        self._postgres: PrivatePostgres | None = None
        self._redis: PrivateRedis | None = None
        self._rabbitmq: PrivateRabbitMQ | None = None
        self._s3: PrivateS3 | None = None
        self._virtual_hosts: set[str] = set()
        self._listener: Listener | None = None

    @staticmethod
    def are_given() -> bool:
        """Whether a process above this one owns them already."""
        return _OWNER_VARIABLE in os.environ

    def start(self) -> None:
        """Start PostgreSQL and point the environment at the servers of this run."""
        for name in _VARIABLES_OF_OTHERS:
            os.environ.pop(name, None)
        os.environ["DATA_DIR"] = str(self.folder / "data")
        os.environ["DATABASE_URL"] = os.environ.get("TEST_DATABASE_URL") or self._start_postgres()
        key = secrets.token_hex(16)
        self._listener = Listener(("127.0.0.1", 0), authkey=key.encode())
        os.environ[_OWNER_VARIABLE] = f"{self._listener.address[1]}:{key}"
        threading.Thread(target=self._answer, args=[self._listener], daemon=True).start()

    def stop(self) -> None:
        os.environ.pop(_OWNER_VARIABLE, None)
        with self._lock:
            if self._listener is not None:
                self._listener.close()
                self._listener = None
            for server in (self._redis, self._rabbitmq, self._s3):
                if server is not None:
                    server.stop()
            if self._postgres is not None:
                self._postgres.stop()
                self._postgres.remove()
        shutil.rmtree(self.folder, ignore_errors=True)

    def _start_postgres(self) -> str:
        self._postgres = PrivatePostgres(self.folder / "database", durable=False)
        return self._postgres.start()

    # --- Answering the workers ----------------------------------------------------------------

    def _answer(self, listener: Listener) -> None:
        """Answer until the listener is closed. Servers end with this thread, so it never does."""
        while self._listener is not None:
            # A worker that was killed while it asked is no reason to stop answering the others.
            with contextlib.suppress(OSError, EOFError), listener.accept() as connection:
                connection.send(self._result(connection.recv()))
        threading.Event().wait()

    def _result(self, request: _Request) -> str | S3Access | ServerError:
        with self._lock:
            if self._listener is None:
                return ServerError("The test run is ending.")
            try:
                if request.server == "redis":
                    return self._redis_url(request.worker)
                if request.server == "rabbitmq":
                    return self._amqp_url(request.worker)
                return self._s3_access()
            except ServerError as error:
                return error

    def _redis_url(self, worker: str) -> str:
        """Each worker has a database of its own."""
        if self._redis is None:
            redis = PrivateRedis(self.folder / "redis")
            redis.start()
            self._redis = redis
        number = int(worker.removeprefix("gw") or 0) % _REDIS_DATABASES
        return f"{self._redis.url.rpartition('/')[0]}/{number}"

    def _amqp_url(self, worker: str) -> str:
        """Each worker has a virtual host of its own, where no other sees its queues."""
        if self._rabbitmq is None:
            rabbitmq = PrivateRabbitMQ(self.folder / "rabbitmq")
            rabbitmq.start()
            self._rabbitmq = rabbitmq
        if not worker:
            return self._rabbitmq.url
        if worker not in self._virtual_hosts:
            self._rabbitmq.add_virtual_host(worker)
            self._virtual_hosts.add(worker)
        return f"{self._rabbitmq.url.rpartition('/')[0]}/{worker}"

    def _s3_access(self) -> S3Access:
        if self._s3 is None:
            s3 = PrivateS3(self.folder / "s3")
            s3.start()
            self._s3 = s3
        return self._s3.access


def ask_for_server(server: str) -> Any:
    """What a test needs to use "redis", "rabbitmq" (a URL each) or "s3" (an S3Access).

    Starts it if it does not run yet. Raises ServerError if it does not start.
    """
    port, _, key = os.environ[_OWNER_VARIABLE].partition(":")
    with Client(("127.0.0.1", int(port)), authkey=key.encode()) as connection:
        connection.send(_Request(server, os.environ.get("PYTEST_XDIST_WORKER", "")))
        result = connection.recv()
    if isinstance(result, ServerError):
        raise result
    return result
