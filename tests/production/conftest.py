"""The systems that the tests of this folder look at. They end with the last of them."""

from __future__ import annotations

import secrets
from collections.abc import Iterator
from typing import Any

import httpx
import pytest
import yaml

from app.tests.identity_provider import IdentityProvider
from devtools.servers.certificate import make_certificate
from tests.production.files import COMPOSE
from tests.production.running import (
    MAIL,
    MIGRATE,
    PREPARE_FILES,
    RELAY,
    WEBHOOKS,
    WORKER,
    Production,
    Visitor,
    collect_static,
)


@pytest.fixture(scope="package")
def provider(tmp_path_factory: pytest.TempPathFactory) -> Iterator[IdentityProvider]:
    running = IdentityProvider(tmp_path_factory.mktemp("provider"))
    try:
        running.start()
        yield running
    finally:
        running.stop()


@pytest.fixture(scope="package")
def shared(
    request: pytest.FixtureRequest,
    tmp_path_factory: pytest.TempPathFactory,
    provider: IdentityProvider,
) -> dict[str, Any]:
    """What both systems below are built from."""
    folder = tmp_path_factory.mktemp("shared")
    return {
        "environment": {
            "AMQP_URL": request.getfixturevalue("amqp_url"),
            "REDIS_URL": request.getfixturevalue("redis_url"),
            **provider.environment(),
        },
        "static": collect_static(folder / "static"),
        "certificate": make_certificate(folder),
    }


@pytest.fixture(scope="package")
def production(
    request: pytest.FixtureRequest, tmp_path_factory: pytest.TempPathFactory, shared: dict[str, Any]
) -> Iterator[Production]:
    """All of docker-compose.yml, with its commands in its order."""
    access = request.getfixturevalue("s3_server")
    # Worker processes of one test run share the S3 server.
    bucket = f"production-{secrets.token_hex(4)}"
    environment = {**shared["environment"], **access.environment(bucket)}
    system = Production(
        tmp_path_factory.mktemp("production"),
        environment,
        static=shared["static"],
        certificate=shared["certificate"],
        files=access.endpoint_url,
    )
    system.environment["S3_ENDPOINT_URL"] = system.files_url
    try:
        system.run_once(MIGRATE)
        system.nginx.start()
        assert "Made the bucket" in system.run_once(PREPARE_FILES)
        assert "is there" in system.run_once(PREPARE_FILES)
        system.start_web()
        system.run(RELAY, "relay")
        system.run(WEBHOOKS, "webhooks")
        system.run(MAIL, "mail")
        system.run(WORKER, "worker")
        yield system
    finally:
        system.stop()


@pytest.fixture(scope="package")
def one_machine(
    production: Production, tmp_path_factory: pytest.TempPathFactory, shared: dict[str, Any]
) -> Iterator[Production]:
    """A second site on the same database, behind its own nginx; its files are on this disk."""
    folder = tmp_path_factory.mktemp("one-machine")
    system = Production(
        folder,
        {
            **shared["environment"],
            "DATABASE_URL": production.environment["DATABASE_URL"],
            "FILE_STORAGE": "local",
            "DATA_DIR": str(folder / "data"),
        },
        static=shared["static"],
        nginx_static=folder / "no-static-files",
        certificate=shared["certificate"],
    )
    try:
        system.run_once(PREPARE_FILES)
        system.nginx.start()
        system.start_web()
        yield system
    finally:
        system.stop()


@pytest.fixture(scope="package")
def artist(production: Production, provider: IdentityProvider) -> Visitor:
    return Visitor(production, provider, "10003").become_artist("Ada Lovelace")


@pytest.fixture(scope="package")
def browser(production: Production) -> Iterator[httpx.Client]:
    with production.client() as client:
        yield client


@pytest.fixture(scope="package")
def compose() -> dict[str, Any]:
    loaded: dict[str, Any] = yaml.safe_load(COMPOSE.read_text())
    return loaded
