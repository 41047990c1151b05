"""A private Redis."""

import secrets
import shutil
import signal
from pathlib import Path

from devtools.servers.packages import ensure_installed
from devtools.servers.process import (
    PrivateServer,
    ServerProcess,
    answers,
    free_port,
    start_process,
    wait_until_ready,
    write_private,
)

_START_SECONDS = 20.0
_STOP_SIGNALS = ((signal.SIGTERM, 5.0),)


class PrivateRedis(PrivateServer):
    """Redis on loopback, in memory alone. After a stop, start() takes the same port again."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder.absolute()
        self.port = 0
        self._password = secrets.token_urlsafe(18)
        self._process: ServerProcess | None = None

    @property
    def url(self) -> str:
        return f"redis://:{self._password}@127.0.0.1:{self.port}/0"

    def start(self) -> str:
        """Start the server; its URL."""
        program = ensure_installed("redis-server", _find_program)
        self.folder.mkdir(parents=True, exist_ok=True)
        self.port = self.port or free_port()
        settings = self.folder / "redis.conf"
        write_private(
            settings,
            f"bind 127.0.0.1\nport {self.port}\nrequirepass {self._password}\n"
            f'dir "{self.folder}"\nsave ""\nappendonly no\ndaemonize no\n',
        )
        log = self.folder / "server.log"
        self._process = start_process([program, settings], log=log)
        try:
            wait_until_ready("Redis", self._process, self._answers, seconds=_START_SECONDS, log=log)
        except BaseException:
            self.stop()
            raise
        return self.url

    def stop(self) -> None:
        if self._process is not None:
            self._process.stop(_STOP_SIGNALS)
            self._process = None

    @property
    def pid(self) -> int | None:
        return self._process.pid if self._process else None

    def _answers(self) -> bool:
        return answers(self.port, f"AUTH {self._password}\r\nPING\r\n".encode(), b"+OK\r\n+PONG")


def _find_program() -> Path | None:
    found = shutil.which("redis-server")
    return Path(found) if found else None
