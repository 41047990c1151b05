"""Which processes ``manage.py dev`` starts."""

from __future__ import annotations

import os
from pathlib import Path

import pytest
import stripe

from devtools.fake_stripe.in_process import InProcessStripe
from devtools.fake_stripe.kept import load
from devtools.management.commands.dev import Command
from devtools.management.commands.local_worker import WorkerProcess
from devtools.servers.dev_environment import prepare_dev_environment
from devtools.servers.process import free_port, wait_for
from devtools.servers.supervisor import Supervisor

PROJECT = Path(__file__).resolve().parents[2]
MADE_UP = ("FAKE_STRIPE_PORT", "STRIPE_API_BASE", "STRIPE_SECRET_KEY", "STRIPE_WEBHOOK_SECRET")


def test_a_worker_of_diffusion_runs_in_an_environment_of_its_own(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, settings
) -> None:
    """``make run-diffusion`` names its interpreter; the packages of ``make run`` have no torch."""
    settings.AMQP_URL = ""
    command = Command()
    command.data_dir = tmp_path
    monkeypatch.delenv("DIFFUSION_PYTHON", raising=False)
    usual = [child.name for child in command.children()]
    assert "worker" in usual
    monkeypatch.setenv("DIFFUSION_PYTHON", "/elsewhere/bin/python")
    started = {child.name: child for child in command.children()}
    assert [name for name in started if name not in usual] == ["worker of diffusion"]
    added = [str(part) for part in started["worker of diffusion"].command]
    assert added[-4:] == ["--engine", "diffusion", "--python", "/elsewhere/bin/python"]


def test_the_fake_provider_runs_beside_it_where_that_is_asked_for(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, settings
) -> None:
    # What is set here must be forgotten afterwards: nothing is noted where nothing was to delete.
    for name in (*MADE_UP, "PORT", "DATA_DIR", "SITE_URL", "DEMO_SIGN_IN", "ALLOW_TEST_GATEWAY"):
        monkeypatch.setenv(name, "")
        monkeypatch.delenv(name)
    for name in ("INTERNAL_API_TOKEN", "INTERNAL_API_TOKENS", "PYTHONUNBUFFERED", "SECRET_KEY"):
        monkeypatch.setenv(name, "given")
    monkeypatch.setenv("PAYMENT_GATEWAY", "stripe-fake")
    lock = prepare_dev_environment(
        ["--data-dir", str(tmp_path / "data"), "--port", str(free_port())], tmp_path
    )
    lock.release()
    settings.STRIPE_WEBHOOK_SECRETS = [os.environ["STRIPE_WEBHOOK_SECRET"]]
    settings.SITE_URL = os.environ["SITE_URL"]
    command = Command()
    command.data_dir = tmp_path
    [child] = [each for each in command.children() if each.name == "payment provider"]
    supervisor = Supervisor(PROJECT, lambda _: None)
    url = os.environ["STRIPE_API_BASE"]
    supervisor.start(child)
    try:
        assert wait_for(lambda: "ready: " in child.log.read_text(), 20), child.log.read_text()
        client = stripe.StripeClient(
            os.environ["STRIPE_SECRET_KEY"], base_addresses={"api": url}, max_network_retries=0
        )
        hook = f"{settings.SITE_URL}/api/payments/stripe/webhook"
        assert [each.url for each in client.v1.webhook_endpoints.list().data] == [hook, hook]
        assert client.v1.balance.retrieve().available[0].amount > 0
        client.v1.customers.create({"email": "bo@example.com"})
    finally:
        supervisor.stop(10)
    # It is there again next time, and listens to the same site.
    again = InProcessStripe()
    load(again.service, tmp_path / "stripe.json")
    assert [each["email"] for each in again.service.state.all("customer")] == ["bo@example.com"]
    with monkeypatch.context() as changed:
        changed.setenv("STRIPE_API_BASE", "http://127.0.0.1:1")
        changed.delenv("FAKE_STRIPE_PORT")
        assert "payment provider" not in [each.name for each in command.children()]


def test_the_local_worker_is_started_by_the_interpreter_that_is_named(
    tmp_path: Path, settings
) -> None:
    settings.DATA_DIR = tmp_path
    python, asked = tmp_path / "python", tmp_path / "asked"
    python.write_text(f"#!/bin/sh\necho \"$@\" > {asked}\necho '{{}}'\nread line\n")
    python.chmod(0o755)
    worker = WorkerProcess("diffusion", str(python))
    worker.stop()
    assert asked.read_text().startswith("-m worker --broker stdio: --engine diffusion ")
