"""A private PostgreSQL."""

import contextlib
import os
import secrets
import shutil
import signal
import subprocess
from pathlib import Path

import psycopg
from psycopg import sql

from devtools.servers.postgres_files import (
    find_programs,
    reachable_home,
    reachable_programs,
    server_account,
)
from devtools.servers.process import (
    FileLock,
    PrivateServer,
    ServerError,
    ServerProcess,
    free_port,
    log_tail,
    pid_is_running,
    start_process,
    wait_for,
    wait_until_ready,
    write_private,
)

USER = DATABASE = "style_license"
_START_SECONDS = 60.0
# SIGINT is PostgreSQL's fast shutdown: it rolls back and writes a checkpoint. SIGQUIT leaves the
# rest to recovery at the next start.
_STOP_SIGNALS = ((signal.SIGINT, 5.0), (signal.SIGQUIT, 2.0))
_THROWAWAY_SETTINGS = {
    "fsync": "off",
    "synchronous_commit": "off",
    "full_page_writes": "off",
    "max_connections": "200",
}


class PrivatePostgres(PrivateServer):
    """PostgreSQL on loopback with its files below ``data_dir``.

    Several processes may use it at once: the first starts it, the others join, the last one to
    leave stops it. One left behind by a killed process is joined likewise (``taken_over``).

    ``durable=False`` is for tests: no write waits for the disk, and the server ends with the
    process that started it, however that ends.
    """

    def __init__(
        self, data_dir: Path, *, durable: bool = True, start_seconds: float = _START_SECONDS
    ) -> None:
        self.data_dir = data_dir.absolute()
        self.durable = durable
        self.start_seconds = start_seconds
        self.taken_over = False
        self.url = ""
        self._account = server_account()
        self._process: ServerProcess | None = None

    def start(self) -> str:
        """Start or join the server; its database URL."""
        if self.url:
            return self.url
        self._locate()
        with FileLock(self._home / "start.lock").held():
            self._users.acquire(shared=True)
            try:
                self.url = self._join() or self._start_new()
            except BaseException:
                self._users.release()
                raise
        return self.url

    def stop(self) -> None:
        """Leave the server, and stop it unless others still use it."""
        if not self.url:
            return
        with FileLock(self._home / "start.lock").held():
            self.url = ""
            self._users.release()
            if self._process is not None and self._users.acquire(wait=False):
                self._process.stop(_STOP_SIGNALS)
            self._users.release()
            self._process = None

    def remove(self) -> None:
        """Delete the database for good, stopping a server that was left behind on it.

        Raises ServerError while somebody uses it.
        """
        self._locate()
        if not self._users.acquire(wait=False):
            raise ServerError(f"The database in {self._home} is in use; stop what uses it first.")
        if found := self._running_server():
            ServerProcess(pid=found[0]).stop(_STOP_SIGNALS)
        self._users.release()
        shutil.rmtree(self._home)
        (self.data_dir / "postgres-location").unlink(missing_ok=True)

    def _locate(self) -> None:
        self._home = reachable_home(self.data_dir, self._account)
        self._files = self._home / "data"
        self._log = self._home / "server.log"
        self._password_file = self._home / "password"
        self._users = FileLock(self._home / "users.lock")

    @property
    def pid(self) -> int | None:
        return self._process.pid if self._process else None

    # --- Joining ------------------------------------------------------------------------------

    def _join(self) -> str | None:
        """The URL of the server that already runs on these files, if one does and answers."""
        found = self._running_server()
        if found is None:
            return None
        pid, port = found
        self._process = ServerProcess(pid=pid)
        if wait_for(lambda: self._accepts(port), 10) and self._has_database(port):
            self.taken_over = True
            return self._url(port)
        # It has our files open, so no second one can run on them.
        self._process.stop(_STOP_SIGNALS)
        self._process = None
        return None

    def _running_server(self) -> tuple[int, int] | None:
        """Process id and port in ``postmaster.pid``, if that process is a server on these files."""
        try:
            lines = (self._files / "postmaster.pid").read_text().splitlines()
            pid, port = int(lines[0]), int(lines[3])
        except (OSError, ValueError, IndexError):
            return None
        if not pid_is_running(pid):
            return None
        with contextlib.suppress(OSError):
            # The number may belong to another process by now. A server stands in its data folder.
            if Path(os.readlink(f"/proc/{pid}/cwd")) != self._files.resolve():
                return None
        return pid, port

    # --- Starting -----------------------------------------------------------------------------

    def _start_new(self) -> str:
        self.taken_over = False
        major = self._version_of_files()
        programs = reachable_programs(find_programs(major), self._account)
        if major is None:
            self._make_password()
            self._create_files(programs)
        port = self._start_server(programs)
        if not self._has_database(port):
            self._create_database(port)
        return self._url(port)

    def _version_of_files(self) -> str | None:
        """The major version that made the files, None where there are none yet."""
        if not self._files.exists():
            return None
        try:
            version = (self._files / "PG_VERSION").read_text().strip()
        except OSError as error:
            raise ServerError(
                f"{self._files} is not a PostgreSQL data folder; move it away or use another"
                " DATA_DIR."
            ) from error
        if not self._password_file.exists():
            raise ServerError(
                f"The password of the database is gone: {self._password_file} is missing; bring it"
                " back or start afresh with another DATA_DIR."
            )
        return version

    def _make_password(self) -> None:
        write_private(self._password_file, secrets.token_urlsafe(24))
        if self._account:
            # initdb reads it, and runs as this user.
            os.chown(self._password_file, self._account.user, self._account.group)

    def _create_files(self, programs: Path) -> None:
        """Run initdb beside the final place: a start that breaks off leaves no half database."""
        unfinished = self._home / "data.new"
        shutil.rmtree(unfinished, ignore_errors=True)
        unfinished.mkdir(mode=0o700)
        if self._account:
            os.chown(unfinished, self._account.user, self._account.group)
        command = [
            str(programs / "initdb"),
            f"--pgdata={unfinished}",
            f"--username={USER}",
            f"--pwfile={self._password_file}",
            "--auth=scram-sha-256",
            "--encoding=UTF8",
            "--locale=C.UTF-8",
            *(() if self.durable else ("--no-sync",)),
        ]
        answer = subprocess.run(  # noqa: S603
            command,
            stdin=subprocess.DEVNULL,
            capture_output=True,
            text=True,
            cwd="/",
            user=self._account.user if self._account else None,
            group=self._account.group if self._account else None,
            extra_groups=[] if self._account else None,
            check=False,
        )
        if answer.returncode != 0:
            raise ServerError(f"PostgreSQL can't create its files: {answer.stderr.strip()}")
        unfinished.rename(self._files)

    def _start_server(self, programs: Path) -> int:
        """The port it listens on. Another program may snatch a free port; then take the next."""
        for _ in range(5):
            port = free_port()
            self._log.write_bytes(b"")
            settings = {
                "listen_addresses": "127.0.0.1",
                "port": str(port),
                # TCP with a password alone: the path of a socket may not exceed 107 bytes.
                "unix_socket_directories": "",
                **({} if self.durable else _THROWAWAY_SETTINGS),
            }
            process = start_process(
                [
                    programs / "postgres",
                    "-D",
                    self._files,
                    *(
                        part
                        for name, value in settings.items()
                        for part in ("-c", f"{name}={value}")
                    ),
                ],
                log=self._log,
                user=self._account.user if self._account else None,
                group=self._account.group if self._account else None,
                parent_death_signal=None if self.durable else signal.SIGINT,
            )
            try:
                wait_until_ready(
                    "PostgreSQL",
                    process,
                    lambda port=port: self._accepts(port),  # type: ignore[misc]
                    seconds=self.start_seconds,
                    log=self._log,
                )
            except ServerError:
                process.stop(_STOP_SIGNALS)
                if "could not bind" in log_tail(self._log):
                    continue
                raise
            except BaseException:
                process.stop(_STOP_SIGNALS)
                raise
            self._process = process
            return port
        raise ServerError("PostgreSQL finds no free port on 127.0.0.1.")

    # --- Talking to it ------------------------------------------------------------------------

    def _url(self, port: int) -> str:
        return f"postgresql://{USER}:{self._password_file.read_text()}@127.0.0.1:{port}/{DATABASE}"

    def _connect(self, port: int, database: str = "postgres") -> psycopg.Connection[tuple[object]]:
        return psycopg.connect(
            host="127.0.0.1",
            port=port,
            user=USER,
            password=self._password_file.read_text(),
            dbname=database,
            connect_timeout=5,
            autocommit=True,
        )

    def _accepts(self, port: int) -> bool:
        try:
            self._connect(port).close()
        except psycopg.OperationalError:
            return False
        return True

    def _has_database(self, port: int) -> bool:
        with self._connect(port) as connection:
            found = connection.execute(
                "SELECT 1 FROM pg_database WHERE datname = %s", [DATABASE]
            ).fetchone()
        return found is not None

    def _create_database(self, port: int) -> None:
        with self._connect(port) as connection:
            connection.execute(sql.SQL("CREATE DATABASE {}").format(sql.Identifier(DATABASE)))
