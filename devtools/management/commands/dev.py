"""``make run``: everything on this machine, one address to open, Ctrl-C to stop."""

import argparse
import http.client
import logging
import multiprocessing
import os
import signal
import sys
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

from django.conf import settings
from django.core.management import call_command
from django.core.management.base import BaseCommand, CommandError
from django.db import DatabaseError, connection, connections
from django.db.migrations.executor import MigrationExecutor

from app.utils import logs
from devtools.servers.dev_environment import STARTED_AT, add_options
from devtools.servers.interruption import interruption
from devtools.servers.process import ServerError, wait_for
from devtools.servers.supervisor import Child, Supervisor
from serving.processes import ending_with_parent

HOW_TO_SIGN_IN = """\
Sign in by name, as the buyer "buyer" or the artist "mira":
  curl -c cookies -H 'Content-Type: application/json' -d '{{"username": "buyer"}}' \\
    {address}/api/auth/demo
"""
_READY_SECONDS = 90.0
# With PostgreSQL's own time to stop this stays under ten seconds.
_STOP_SECONDS = 5.0


class Command(BaseCommand):
    help = (
        "Run web server, worker, relay, webhooks and database on this machine, with demo artists."
    )
    # They load every view of the site; the web server does that anyway, on the other core.
    requires_system_checks = []

    def add_arguments(self, parser: argparse.ArgumentParser) -> None:
        add_options(parser)

    def handle(self, *args: Any, **options: Any) -> None:
        if "PORT" not in os.environ or "SITE_URL" not in os.environ:
            raise CommandError("Start it as: manage.py dev [--port …] [--data-dir …]")
        self.data_dir = Path(settings.DATA_DIR)
        self.port = int(os.environ["PORT"])
        _log_to(self.data_dir / "logs" / "dev.log")
        supervisor = Supervisor(Path(settings.BASE_DIR), self.say)
        with interruption.when_asked():
            try:
                self.run(supervisor)
            except KeyboardInterrupt:
                self.say("Stopping.")
            except ServerError as error:
                raise CommandError(str(error)) from error
            finally:
                interruption.ignore_further()
                supervisor.stop(_STOP_SECONDS)
                connections.close_all()

    def run(self, supervisor: Supervisor) -> None:
        """Start all parts, then look after them until the process is told to end."""
        self.migrate()
        web, *others = self.children()
        interruption.check()
        supervisor.start(web)
        with self.step("Web server"):
            self.wait_until_healthy(supervisor)
        # While they load, they would take the processor from it; what they do needs it.
        for child in others:
            interruption.check()
            supervisor.start(child)
        self.prepare_demo(supervisor)
        address = f"http://127.0.0.1:{self.port}"
        self.say(
            f"\nReady after {self.seconds():.1f} s: {address}\n\n"
            f"{HOW_TO_SIGN_IN.format(address=address)}\n"
            f"{self.provider()}"
            f"Logs: {self.data_dir / 'logs'}    Stop: Ctrl-C\n"
        )
        while True:
            _look_after(supervisor)
            time.sleep(0.3)

    def provider(self) -> str:
        if "FAKE_STRIPE_PORT" not in os.environ:
            return ""
        return f"Payments: the fake provider at {settings.STRIPE_API_BASE}; no money moves.\n"

    def migrate(self) -> None:
        executor = MigrationExecutor(connection)
        if executor.migration_plan(executor.loader.graph.leaf_nodes()):
            with self.step("Database tables"), interruption.at_once():
                call_command("migrate", verbosity=0, interactive=False)

    def children(self) -> Iterator[Child]:
        logs = self.data_dir / "logs"
        manage: list[str | Path] = [sys.executable, Path(settings.BASE_DIR) / "manage.py"]
        yield Child(
            name="web server",
            command=[sys.executable, "-m", "serving"],
            log=logs / "web.log",
            essential=True,
        )
        if fake_port := os.environ.get("FAKE_STRIPE_PORT"):
            yield Child(
                name="payment provider",
                command=[
                    *(sys.executable, "-m", "devtools.fake_stripe", "--port", fake_port),
                    *("--keep", self.data_dir / "stripe.json"),
                    *("--webhook", f"{settings.SITE_URL}/api/payments/stripe/webhook"),
                    *("--secret", settings.STRIPE_WEBHOOK_SECRETS[0]),
                    # What others have paid, so that artists can be paid at once.
                    *("--funds", f"100000000:{settings.CURRENCY}"),
                ],
                log=logs / "stripe.log",
            )
        if not settings.AMQP_URL:
            # With a broker, tasks go there, for whatever worker somebody starts.
            yield Child("worker", [*manage, "local_worker"], log=logs / "worker.log")
            if python := os.environ.get("DIFFUSION_PYTHON"):
                # Its packages are in an environment of their own: `make run-diffusion`.
                yield Child(
                    name="worker of diffusion",
                    command=[*manage, "local_worker", "--engine", "diffusion", "--python", python],
                    log=logs / "worker-diffusion.log",
                )
        yield Child("relay", [*manage, "relay_outbox"], log=logs / "relay.log")
        yield Child("webhooks", [*manage, "deliver_webhooks"], log=logs / "webhooks.log")
        yield Child("mail", [*manage, "send_mail"], log=logs / "mail.log")

    def wait_until_healthy(self, supervisor: Supervisor) -> None:
        def is_healthy() -> bool:
            _look_after(supervisor)
            return _answers_health(self.port)

        if not wait_for(is_healthy, _READY_SECONDS):
            raise ServerError(
                f"The web server does not answer /api/health after {_READY_SECONDS:.0f} s;"
                f" see {self.data_dir / 'logs' / 'web.log'}."
            )

    def prepare_demo(self, supervisor: Supervisor) -> None:
        """Run ``seed_demo`` while the worker it waits for is looked after.

        In a forked process: that saves loading Django once more at each start.
        """
        connections.close_all()
        process = multiprocessing.get_context("fork").Process(
            target=self.seed_demo, args=[ending_with_parent(signal.SIGTERM)]
        )
        process.start()
        try:
            while process.is_alive():
                _look_after(supervisor)
                process.join(0.1)
        finally:
            process.kill()
            process.join()

    def seed_demo(self, end_with_parent: Callable[[], None] | None) -> None:
        # Ctrl-C reaches the whole terminal; the parent decides what becomes of this process.
        for number in (signal.SIGINT, signal.SIGTERM, signal.SIGHUP):
            signal.signal(number, signal.SIG_IGN if number == signal.SIGINT else signal.SIG_DFL)
        if end_with_parent:
            end_with_parent()
        try:
            call_command("seed_demo", stdout=self.stdout, stderr=self.stderr)
        except (CommandError, DatabaseError) as error:
            self.say(f"The demo artists could not be prepared. {error}".rstrip())
        self.stdout.flush()

    @contextmanager
    def step(self, name: str) -> Iterator[None]:
        self.say(f"{name} … ", ending="")
        yield
        self.say(f"ready ({self.seconds():.1f} s)")

    def say(self, sentence: str, ending: str = "\n") -> None:
        self.stdout.write(sentence, ending=ending)
        self.stdout.flush()

    def seconds(self) -> float:
        return time.monotonic() - STARTED_AT


def _log_to(file: Path) -> None:
    """The terminal is for sentences; what this process logs goes where the others' logs are."""
    file.parent.mkdir(parents=True, exist_ok=True)
    handler = logging.FileHandler(file)
    handler.setFormatter(logs.formatter())
    logging.getLogger().handlers[:] = [handler]


def _look_after(supervisor: Supervisor) -> None:
    interruption.check()
    supervisor.check()


def _answers_health(port: int) -> bool:
    client = http.client.HTTPConnection("127.0.0.1", port, timeout=5)
    try:
        client.request("GET", "/api/health")
        return client.getresponse().status == http.client.OK
    except (OSError, http.client.HTTPException):
        return False
    finally:
        client.close()
