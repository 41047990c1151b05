"""The servers that are measured: PostgreSQL, Redis, and web processes with production's settings.

All programs run as they are started in production; what differs from production is said in
``CHANGES`` and printed into the report.
"""

from __future__ import annotations

import os
import secrets
import signal
import subprocess
import sys
import time
from enum import StrEnum
from pathlib import Path
from typing import Any, Self
from urllib.parse import urlsplit, urlunsplit

import httpx
import psycopg
from redis import Redis

from benchmarks import processes
from devtools.servers.postgres import PrivatePostgres
from devtools.servers.process import ServerProcess, free_port, log_tail, start_process
from devtools.servers.redis import PrivateRedis
from provenance import certificates

PROJECT = Path(__file__).resolve().parent.parent
HOST = "localhost"
# How nginx hands requests on.
BEHIND_NGINX = {"Host": HOST, "X-Forwarded-Proto": "https"}
# One for each core: more of them, as production takes by itself, only push each other out of the
# processor's caches, in all programs.
WEB_PROCESSES = int(os.environ.get("BENCH_PROCESSES") or len(os.sched_getaffinity(0)))
WEB_THREADS = 4
POSTGRES_SETTINGS = {
    "shared_preload_libraries": "pg_stat_statements",
    "shared_buffers": "1GB",
    # No checkpoint in the middle of a round: each makes the next writes of all pages dearer.
    "max_wal_size": "8GB",
    "checkpoint_timeout": "30min",
    # Programs over databases of four sizes, each with a connection for every thread.
    "max_connections": str(100 + 50 * WEB_PROCESSES),
}
CHANGES = (
    "rate limits are lifted (`RATE_LIMIT_*=`), as all requests come from one address",
    "gunicorn, where it takes part, runs with `--max-requests 0`: no web process is replaced in the"
    " middle of a round",
    f"`WEB_CONCURRENCY={WEB_PROCESSES}`",
    "wrk speaks to the web server without nginx, sending the headers that nginx would",
)


class Servers:
    """PostgreSQL and Redis in ``folder``; databases are kept there for another run."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder.absolute()
        folder.mkdir(parents=True, exist_ok=True)
        folder.chmod(0o711)
        self.postgres = PrivatePostgres(self.folder / "postgres", durable=True)
        self.redis = PrivateRedis(self.folder / "redis")
        self.secret_key = secrets.token_urlsafe(50)
        self.token = secrets.token_urlsafe(40)

    def __enter__(self) -> Self:
        try:
            self.postgres.start()
            with self.connect() as connection:
                for name, value in POSTGRES_SETTINGS.items():
                    connection.execute(f"ALTER SYSTEM SET {name} = '{value}'")
            self.postgres.stop()
            self.postgres.start()
            self.redis.start()
        except BaseException:
            self.stop()
            raise
        return self

    def __exit__(self, *error: object) -> None:
        self.stop()

    def stop(self) -> None:
        self.redis.stop()
        self.postgres.stop()

    def url(self, database: str) -> str:
        return urlunsplit(urlsplit(self.postgres.url)._replace(path=f"/{database}"))

    def connect(self, database: str = "postgres") -> psycopg.Connection[tuple[Any, ...]]:
        return psycopg.connect(self.url(database), autocommit=True)

    def empty_cache(self) -> None:
        """What Redis keeps is of one database; another one is to be measured."""
        with Redis.from_url(self.redis.url) as client:
            client.flushall()

    def postgres_pids(self) -> list[int]:
        return processes.family(self.postgres.pid) if self.postgres.pid else []

    def environment(self, database: str, **more: str) -> dict[str, str]:
        """What every process of the system finds in its environment."""
        return (
            production(
                database_url=self.url(database),
                redis_url=self.redis.url,
                folder=self.folder,
                secret_key=self.secret_key,
                token=self.token,
            )
            | more
        )

    def manage(self, environment: dict[str, str], *arguments: str) -> str:
        return run(environment, "manage.py", *arguments)


def production(
    *, database_url: str, redis_url: str, folder: Path, secret_key: str, token: str
) -> dict[str, str]:
    """The environment of production, on one machine and without limits."""
    kept = {name: os.environ[name] for name in ("PATH", "HOME", "LANG") if name in os.environ}
    certificates_dir = folder / "certificates"
    certificates.make_if_missing(certificates_dir / certificates.FOLDER)
    return kept | {
        "DJANGO_SETTINGS_MODULE": "config.settings_production",
        "DATABASE_URL": database_url,
        "REDIS_URL": redis_url,
        # Nothing of the web processes speaks to the broker.
        "AMQP_URL": "amqp://nobody@127.0.0.1:1/",
        "SECRET_KEY": secret_key,
        "LICENCE_KEY": f"licences {secret_key}",
        "ALLOWED_HOSTS": HOST,
        "SITE_URL": f"https://{HOST}",
        "INTERNAL_API_TOKENS": token,
        "INTERNAL_API_TOKEN": token,
        "GOOGLE_CLIENT_ID": "benchmark",
        "GOOGLE_CLIENT_SECRET": "benchmark",
        "FILE_STORAGE": "local",
        "DATA_DIR": str(folder / "data"),
        "CERTIFICATES_DIR": str(certificates_dir),
        "ALLOW_TEST_GATEWAY": "1",
        "STATIC_ROOT": str(folder / "static"),
        "WEB_CONCURRENCY": str(WEB_PROCESSES),
        # The second is what earlier versions call it.
        "WEB_THREADS": str(WEB_THREADS),
        "GUNICORN_THREADS": str(WEB_THREADS),
        **{f"RATE_LIMIT_{name}": "" for name in ("SIGN_IN", "GENERATE", "USER", "ANONYMOUS")},
    }


def run(environment: dict[str, str], *arguments: str, folder: Path = PROJECT) -> str:
    """Run one of our programs to its good end, and return what it wrote. ``folder``: its code."""
    done = subprocess.run(  # noqa: S603 (our own command lines)
        [sys.executable, *arguments],
        cwd=folder,
        env=environment,
        capture_output=True,
        text=True,
        check=False,
    )
    if done.returncode != 0:
        raise RuntimeError(f"{' '.join(arguments[:3])} failed:\n{done.stdout}{done.stderr}")
    return done.stdout


class Server(StrEnum):
    """What serves an application, each with the settings that production has for it."""

    GRANIAN = "Granian"
    GUNICORN = "gunicorn"

    def command(self, application: str) -> list[str]:
        if self is Server.GRANIAN:
            return [sys.executable, "-m", "serving", application]
        endless = ("--max-requests", "0", "--max-requests-jitter", "0")
        return [sys.executable, "-m", "gunicorn", application, *endless]


class Web:
    """The web processes of one of the programs. ``folder`` is for their logs and metrics, ``code``
    is where the program is."""

    def __init__(
        self,
        name: str,
        application: str,
        environment: dict[str, str],
        folder: Path,
        *,
        server: Server = Server.GRANIAN,
        code: Path = PROJECT,
        port: int | None = None,
    ) -> None:
        self.name = name
        self.port = port or free_port()
        self.url = f"http://127.0.0.1:{self.port}"
        self.log = folder / f"{name}.log"
        self._process: ServerProcess = start_process(
            server.command(application),
            log=self.log,
            folder=code,
            environment=environment
            | {
                "WEB_BIND": f"127.0.0.1:{self.port}",
                "GUNICORN_BIND": f"127.0.0.1:{self.port}",
                "PROMETHEUS_MULTIPROC_DIR": str(folder / f"metrics-{name}"),
            },
        )

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *error: object) -> None:
        self.stop()

    def wait(self, path: str = "/api/tags", seconds: float = 60) -> None:
        """Return once it answers ``path``. Raises TimeoutError with the end of its log."""
        deadline = time.monotonic() + seconds
        while time.monotonic() < deadline and self._process.is_running():
            try:
                if httpx.get(f"{self.url}{path}", headers=BEHIND_NGINX).status_code == 200:
                    return
            except httpx.TransportError:
                pass
            time.sleep(0.1)
        raise TimeoutError(f"{self.name} does not answer.\n{log_tail(self.log)}")

    @property
    def pid(self) -> int:
        return self._process.pid

    @property
    def pids(self) -> list[int]:
        return processes.family(self._process.pid)

    @property
    def worker_pids(self) -> list[int]:
        return self.pids[1:]

    def stop(self) -> None:
        self._process.stop(((signal.SIGTERM, 20.0),))
