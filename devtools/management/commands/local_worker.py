"""``manage.py local_worker``: one worker process, fed from the outbox table instead of a broker."""

from __future__ import annotations

import json
import os
import signal
import subprocess
import sys
import threading
from functools import partial
from pathlib import Path
from typing import Any

import structlog
from django.conf import settings
from django.core.management.base import BaseCommand, CommandParser
from django.db import InterfaceError, OperationalError, connection

from app.delivery import outbox
from app.delivery.listener import Listener
from app.models import OutboxMessage
from app.services import guard
from app.services.jobs.lease_service import KINDS
from protocol.engines import DEFAULT_ENGINE
from protocol.messages import kind_of, queues_of

log = structlog.get_logger(__name__)

# A message that was under way when its worker died this often is not tried again.
MAX_ATTEMPTS = 3
POLL_SECONDS = 5.0
# Until a message that breaks this process is tried again.
BROKEN_SECONDS = 30.0
BROKEN = "It broke the local worker, whose log says why."


class WorkerDied(Exception):
    """The worker process ended without being asked to."""


class WorkerProcess:
    """``python -m worker`` on the other end of two pipes."""

    def __init__(self, engine: str, python: str = sys.executable) -> None:
        environment = {**os.environ, "INTERNAL_API_TOKEN": settings.INTERNAL_API_TOKENS[0]}
        environment["SITE_URL"] = settings.SITE_URL
        work_dir = Path(settings.DATA_DIR) / "worker"
        self._process = subprocess.Popen(  # noqa: S603 (our own command)
            [
                *(python, "-m", "worker", "--broker", "stdio:"),
                *("--engine", engine, "--work-dir", str(work_dir)),
            ],
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            env=environment,
            cwd=settings.BASE_DIR,
        )
        self._read()

    def run(self, message: OutboxMessage) -> str:
        """Hand ``message`` over and wait. Returns ``done``, ``reject`` or ``again``.

        Raises WorkerDied.
        """
        assert self._process.stdin is not None
        try:
            self._process.stdin.write(bytes(message.body) + b"\n")
            self._process.stdin.flush()
        except BrokenPipeError as error:
            raise WorkerDied from error
        return str(self._read()["outcome"])

    def stop(self) -> None:
        """Let the worker finish or hand back what it does."""
        if self._process.poll() is None:
            self._process.terminate()
            try:
                self._process.wait(timeout=20)
            except subprocess.TimeoutExpired:
                self._process.kill()
                self._process.wait()

    def _read(self) -> dict[str, Any]:
        assert self._process.stdout is not None
        line = self._process.stdout.readline()
        if not line:
            self._process.wait()
            raise WorkerDied(f"The worker ended with code {self._process.returncode}.")
        answer: dict[str, Any] = json.loads(line)
        return answer


class Command(BaseCommand):
    help = "Run one local worker on the jobs in the outbox. Needs no broker."

    def add_arguments(self, parser: CommandParser) -> None:
        parser.add_argument("--engine", default=os.environ.get("WORKER_ENGINE", DEFAULT_ENGINE))
        parser.add_argument(
            "--python",
            metavar="FILE",
            default=sys.executable,
            help="the interpreter of the environment that has the engine's packages",
        )

    def handle(self, *args: Any, **options: Any) -> None:
        if settings.AMQP_URL:
            self.stderr.write("AMQP_URL is set: run `python -m worker` on the broker instead.")
            raise SystemExit(2)
        self._stopping = threading.Event()
        for signum in (signal.SIGTERM, signal.SIGINT):
            signal.signal(signum, self._stop)
        self._worker: WorkerProcess | None = None
        self._queues = queues_of([options["engine"]])
        listener = Listener(outbox.CHANNEL)
        try:
            while not self._stopping.is_set():
                if self._worker is None:
                    self._worker = WorkerProcess(options["engine"], options["python"])
                if not self._try_next():
                    listener.wait(POLL_SECONDS, self._stopping)
        except WorkerDied as error:
            if not self._stopping.is_set():
                self.stderr.write(str(error))
                raise SystemExit(1) from error
        finally:
            if self._worker is not None:
                self._worker.stop()
            listener.close()

    def _try_next(self) -> bool:
        try:
            return self._work_on_next()
        except (OperationalError, InterfaceError) as error:
            # No job is lost by it: the worker knows again what it has worked out.
            log.warning("database_unavailable", error=str(error))
            connection.close()
            return False

    def _work_on_next(self) -> bool:
        """Do one job. Returns whether there was one."""
        with outbox.claim_next(self._queues) as message:
            if message is None:
                return False
            work, task_id = partial(self._work_on, message), str(message.task_id)
            outcome = guard.attempt("local worker", work, task_id=task_id)
            if outcome is None:
                outbox.mark_unsent(message, error=BROKEN, delay=BROKEN_SECONDS)
        return outcome != "again"

    def _work_on(self, message: OutboxMessage) -> str:
        """What became of it: what the worker says, or ``died``."""
        assert self._worker is not None
        if message.tries > MAX_ATTEMPTS:
            self._dead_letter(message, "Every worker that took this task stopped.")
            return "died"
        KINDS[kind_of(message.queue)].mark_accepted(message)
        try:
            outcome = self._worker.run(message)
        except WorkerDied:
            if self._stopping.is_set():
                return "again"
            log.warning("worker_died", task_id=str(message.task_id), attempts=message.tries)
            self._worker = None
            return "died"
        if outcome == "done":
            outbox.mark_sent(message)
        elif outcome == "reject":
            self._dead_letter(message, "The worker could not read this task.")
        return outcome

    def _dead_letter(self, message: OutboxMessage, reason: str) -> None:
        log.error("message_dead_lettered", task_id=str(message.task_id), reason=reason)
        outbox.mark_sent(message, error=reason)
        KINDS[kind_of(message.queue)].end(message, reason)

    def _stop(self, signum: int, frame: Any) -> None:
        self._stopping.set()
        if self._worker is not None:
            # Ends the wait for the job under way; its message stays in the outbox.
            threading.Thread(target=self._worker.stop).start()
