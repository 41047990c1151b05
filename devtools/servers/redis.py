"""A private Redis."""

import secrets
import shutil
from pathlib import Path

from devtools.servers.packages import ensure_installed
from devtools.servers.process import OneProcessServer, answers, write_private


class PrivateRedis(OneProcessServer):
    """Redis on loopback, in memory alone."""

    name = "Redis"
    start_seconds = 20.0

    def __init__(self, folder: Path) -> None:
        super().__init__(folder)
        self._password = secrets.token_urlsafe(18)

    @property
    def url(self) -> str:
        return f"redis://:{self._password}@127.0.0.1:{self.port}/0"

    def start(self) -> str:
        """Start the server; its URL."""
        self.run()
        return self.url

    def prepare(self) -> tuple[list[str | Path], dict[str, str]]:
        program = ensure_installed("redis-server", _find_program)
        settings = self.folder / "redis.conf"
        write_private(
            settings,
            f"bind 127.0.0.1\nport {self.port}\nrequirepass {self._password}\n"
            f'dir "{self.folder}"\nsave ""\nappendonly no\ndaemonize no\n',
        )
        return [program, settings], {}

    def answers(self) -> bool:
        return answers(self.port, f"AUTH {self._password}\r\nPING\r\n".encode(), b"+OK\r\n+PONG")


def _find_program() -> Path | None:
    found = shutil.which("redis-server")
    return Path(found) if found else None
