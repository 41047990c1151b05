"""The private servers that the faults happen to."""

from __future__ import annotations

import os
import shutil
import signal
import tempfile
from contextlib import ExitStack
from pathlib import Path
from typing import Self
from urllib.parse import urlsplit, urlunsplit

import psycopg

from devtools.servers.for_tests import TestServers
from devtools.servers.postgres import PrivatePostgres
from devtools.servers.postgres_files import server_account
from devtools.servers.process import ServerProcess, start_process, wait_for
from devtools.servers.rabbitmq import PrivateRabbitMQ
from devtools.servers.redis import PrivateRedis
from devtools.servers.s3 import PrivateS3


class Servers:
    """Each starts when a scene first asks for it.

    The database server is that of ``base``, or of the test run that this is a part of; it also
    has one of its own, to be restarted.
    """

    def __init__(self, base: TestServers | None = None) -> None:
        self._base = base
        self._root = Path(tempfile.mkdtemp(prefix="style-license-faults-"))
        self._root.chmod(0o711)
        self._sets = 0
        self._begin()

    def _begin(self) -> None:
        """With no server, and a folder of its own for those to come."""
        self._sets += 1
        self.folder = self._root / str(self._sets)
        self.folder.mkdir(mode=0o711)
        self._rabbitmq: PrivateRabbitMQ | None = None
        self._redis: PrivateRedis | None = None
        self._s3: PrivateS3 | None = None
        self._postgres: PrivatePostgres | None = None
        self._started: list[PrivateRabbitMQ] = []

    def renew(self) -> None:
        """After a row that broke off: it may have left them stopped, frozen or full. Those that are
        asked for next are new ones."""
        try:
            self._end()
        finally:
            self._begin()

    def _end(self) -> None:
        with ExitStack() as all_of_them:
            if self._postgres is not None:
                all_of_them.callback(self._postgres.remove)
                all_of_them.callback(self._postgres.stop)
            for server in (*self._started, self._redis, self._s3):
                if server is not None:
                    all_of_them.callback(server.stop)

    def __enter__(self) -> Self:
        if self._base is not None:
            self._base.start()
        return self

    def __exit__(self, *error: object) -> None:
        try:
            self._end()
        finally:
            if self._base is not None:
                self._base.stop()
            shutil.rmtree(self._root, ignore_errors=True)

    @property
    def postgres(self) -> PrivatePostgres:
        if self._postgres is None:
            self._postgres = PrivatePostgres(self.folder / "database", durable=False)
            self._postgres.start()
        return self._postgres

    @property
    def rabbitmq(self) -> PrivateRabbitMQ:
        if self._rabbitmq is None:
            self._rabbitmq = self.another_rabbitmq("rabbitmq")
        return self._rabbitmq

    def another_rabbitmq(self, name: str, **settings: str) -> PrivateRabbitMQ:
        server = PrivateRabbitMQ(self.folder / name, settings)
        self._started.append(server)
        server.start()
        return server

    def queue_space(self, name: str) -> str:
        """The URL of a virtual host of its own on the shared broker."""
        self.rabbitmq.add_virtual_host(name)
        return f"{self.rabbitmq.url.rpartition('/')[0]}/{name}"

    @property
    def redis(self) -> PrivateRedis:
        if self._redis is None:
            self._redis = PrivateRedis(self.folder / "redis")
            self._redis.start()
        return self._redis

    @property
    def s3(self) -> PrivateS3:
        if self._s3 is None:
            self._s3 = PrivateS3(self.folder / "s3")
            self._s3.start()
        return self._s3


class RestartablePostgres:
    """The PostgreSQL behind ``url``, which can be stopped and come back on the same port."""

    def __init__(self, url: str, log: Path) -> None:
        self._url = urlunsplit(urlsplit(url)._replace(path="/postgres"))
        self._log = log
        with psycopg.connect(self._url) as connection:
            row = connection.execute("SHOW data_directory").fetchone()
        assert row is not None
        pid = int((Path(row[0]) / "postmaster.pid").read_text().split()[0])
        self._process = ServerProcess(pid)
        self._command = [
            part.decode() for part in Path(f"/proc/{pid}/cmdline").read_bytes().split(b"\0") if part
        ]
        self._program = os.readlink(f"/proc/{pid}/exe")

    def stop(self) -> None:
        """Fast: sessions are ended, their transactions rolled back."""
        self._process.stop(((signal.SIGINT, 10.0),))

    def start(self) -> None:
        account = server_account()
        self._process = start_process(
            [self._program, *self._command[1:]],
            log=self._log,
            user=account.user if account else None,
            group=account.group if account else None,
            parent_death_signal=signal.SIGINT,
        )
        assert wait_for(self._accepts, 30), "PostgreSQL did not come back"

    def end(self) -> None:
        self._process.stop(((signal.SIGINT, 10.0),))

    def _accepts(self) -> bool:
        try:
            psycopg.connect(self._url, connect_timeout=2).close()
        except psycopg.OperationalError:
            return False
        return True
