"""The whole system as it runs in production: nginx, web processes, relay, workers, all servers."""

from __future__ import annotations

import shutil
import signal
import sys
import time
from contextlib import ExitStack
from pathlib import Path
from typing import Self

import httpx
import psycopg

from benchmarks import processes
from benchmarks.prepare import Database
from benchmarks.servers import BEHIND_NGINX, HOST, PROJECT, WEB_PROCESSES, WEB_THREADS, Servers, Web
from devtools.servers.certificate import make_certificate
from devtools.servers.nginx import PrivateNginx
from devtools.servers.process import ServerProcess, free_port, log_tail, start_process
from devtools.servers.rabbitmq import PrivateRabbitMQ

WORKERS = 2
# The queues' log stays in memory until it is this long. So little, that half an hour shows whether
# memory comes back.
RABBITMQ_SETTINGS = {"raft.wal_max_size_bytes": str(2 * 2**20)}


class System:
    """Everything over one seeded database. ``application`` is what the web processes serve."""

    def __init__(
        self,
        servers: Servers,
        database: str,
        *,
        application: str = "config.wsgi:application",
        workers: int = WORKERS,
    ) -> None:
        self.servers = servers
        self.name = database
        self.folder = servers.folder / "system"
        self.folder.mkdir(exist_ok=True)
        # Where all of our processes leave what they forget to delete.
        self.temporary = self.folder / "tmp"
        shutil.rmtree(self.temporary, ignore_errors=True)
        self.temporary.mkdir()
        self._application = application
        self._workers = workers
        self._stack = ExitStack()
        self._processes: dict[str, list[ServerProcess]] = {}

    def __enter__(self) -> Self:
        with ExitStack() as stack:
            self._start(stack)
            self._stack = stack.pop_all()
        return self

    def __exit__(self, *error: object) -> None:
        self._stack.close()

    def _start(self, stack: ExitStack) -> None:
        self.servers.empty_cache()
        shutil.rmtree(self.servers.folder / "rabbitmq", ignore_errors=True)
        rabbitmq = PrivateRabbitMQ(self.servers.folder / "rabbitmq", RABBITMQ_SETTINGS)
        self.rabbitmq = stack.enter_context(rabbitmq)
        certificate, key = make_certificate(self.folder)
        shutil.rmtree(self.folder / "nginx", ignore_errors=True)
        port = free_port()
        changes = {
            "backend:8000": f"127.0.0.1:{port}",
            "/app/data/media/": f"{self.servers.folder}/data/media/",
            r"~^files\.": "127.0.0.1",
            "files:9000": f"127.0.0.1:{port}",
        }
        self.nginx = PrivateNginx(self.folder / "nginx", changes, certificate, key)
        self.environment = self.servers.environment(
            self.name,
            AMQP_URL=self.rabbitmq.url,
            SITE_URL=f"https://{HOST}:{self.nginx.tls_port}",
            SSL_CERT_FILE=str(certificate),
            TMPDIR=str(self.temporary),
        )
        self.database = Database(self.environment)
        self.database.empty_queue()
        self._give_styles_a_model()
        self.web = stack.enter_context(
            Web("system", self._application, self.environment, self.servers.folder, port=port)
        )
        self.nginx.start()
        stack.callback(self.nginx.stop)
        stack.callback(self._stop_processes)
        self.start("relay", "manage.py", "relay_outbox")
        for number in range(self._workers):
            self.start_worker(number)
        self.web.wait()
        self.url = f"http://127.0.0.1:{self.nginx.port}"
        self._wait_for_nginx()

    def start(self, kind: str, *arguments: str) -> ServerProcess:
        number = len(self._processes.get(kind, []))
        process = start_process(
            [sys.executable, *arguments],
            log=self.folder / f"{kind}-{number}.log",
            folder=PROJECT,
            environment=self.environment,
        )
        self._processes.setdefault(kind, []).append(process)
        return process

    def start_worker(self, number: int) -> None:
        work_dir = str(self.folder / f"worker-{number}")
        self.start("worker", "-m", "benchmarks.fast_worker", "--work-dir", work_dir)

    def end(self, kind: str) -> None:
        for process in self._processes.pop(kind, []):
            process.stop(((signal.SIGTERM, 20.0),))

    def _stop_processes(self) -> None:
        for kind in list(self._processes):
            self.end(kind)

    def pids(self) -> dict[str, list[int]]:
        """All processes, by kind."""
        kinds = {
            kind: [pid for process in started for pid in processes.family(process.pid)]
            for kind, started in self._processes.items()
        }
        nginx = sorted(self.nginx.worker_pids())
        return kinds | {
            "web": self.web.pids,
            "nginx": nginx,
            "PostgreSQL": self.servers.postgres_pids(),
            "Redis": [self.servers.redis.pid] if self.servers.redis.pid else [],
            "RabbitMQ": self.rabbitmq.pids,
        }

    def require_alive(self) -> None:
        """Raises RuntimeError when one of our processes has ended."""
        for kind, started in self._processes.items():
            for number, process in enumerate(started):
                if not process.is_running():
                    tail = log_tail(self.folder / f"{kind}-{number}.log")
                    raise RuntimeError(f"The {kind} has ended.\n{tail}")

    def connections(self) -> int:
        """How many clients have a connection to the database."""
        with psycopg.connect(self.servers.url("postgres"), autocommit=True) as connection:
            row = connection.execute(
                "SELECT COUNT(*) FROM pg_stat_activity WHERE datname = %s", [self.name]
            ).fetchone()
        return int(row[0]) if row else 0

    def write_sessions(self) -> Path:
        """The file that ``locustfile`` reads."""
        file = self.folder / "sessions"
        file.write_text("\n".join(person.session for person in self.database.people))
        return file

    def _give_styles_a_model(self) -> None:
        """One file for all: workers fetch it, and the fast engine does not look into it."""
        model = self.database.media / "models" / "model.npz"
        model.parent.mkdir(parents=True, exist_ok=True)
        model.write_bytes(b"a model")
        with self.database.connect() as connection:
            connection.execute("UPDATE app_style SET model_path = %s", [model.as_uri()])

    def _wait_for_nginx(self) -> None:
        deadline = time.monotonic() + 30
        while time.monotonic() < deadline:
            answer = httpx.get(f"{self.url}/api/health", headers=BEHIND_NGINX)
            if answer.status_code == 200:
                return
            time.sleep(0.2)
        raise TimeoutError(f"nginx does not pass on what it is asked: {answer.text}")


def described() -> str:
    return (
        f"nginx, {WEB_PROCESSES} web processes of {WEB_THREADS} threads, the relay,"
        f" {WORKERS} workers"
    )
