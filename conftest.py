"""The servers that the tests run on. They are started here and stopped after the last test.

PostgreSQL always runs; Redis, RabbitMQ and an S3 server start when a test first asks for their
fixture. TEST_DATABASE_URL, TEST_REDIS_URL and TEST_AMQP_URL name servers to use instead. One that
does not start fails the tests: nothing is skipped.
"""

import importlib
import os
import secrets
import signal
import sys
from collections.abc import Iterator

import django
import pytest

from config.environment import DEVELOPMENT, DEVELOPMENT_SETTINGS
from devtools.servers.for_tests import TestServers, ask_for_server
from devtools.servers.process import ServerError
from devtools.servers.s3 import S3Access

# What needs torch has an environment of its own: `make test-diffusion`.
collect_ignore = ["worker/engines/diffusion"]
# How long a test may take, and the end of the run; what begins first, and where; what
# a test leaves that commits.
pytest_plugins = ["tests.emptying", "tests.schedule", "tests.time_limits"]
# Tests are development that was asked for, whatever the shell says. The other conftest.py files
# import models, so Django has to be ready before the servers run.
os.environ |= {"DJANGO_ENV": DEVELOPMENT, "DJANGO_SETTINGS_MODULE": DEVELOPMENT_SETTINGS}
# Most pictures of tests are none. What looks at pictures is switched on where it is tested.
os.environ.setdefault("PICTURE_CHECK", "off")
django.setup()

_servers: TestServers | None = None
_SLOW_FIXTURES = {"redis_url", "amqp_url", "s3_server", "running_provider", "stripe_url"}


@pytest.hookimpl(tryfirst=True)
def pytest_configure(config: pytest.Config) -> None:
    """Start the servers once; the workers of pytest-xdist find them in their environment."""
    global _servers
    if not hasattr(config, "workerinput"):
        # What tests of this run may share: its worker processes inherit it. A run within a test is
        # one of its own, of code that may be other than ours.
        os.environ["STYLE_LICENSE_TEST_RUN"] = secrets.token_hex(6)
    if TestServers.are_given():
        return
    # A terminated run ends like one stopped by Ctrl-C: pytest calls the hook below.
    signal.signal(signal.SIGTERM, signal.default_int_handler)
    _servers = TestServers()
    try:
        _servers.start()
    except ServerError as error:
        _servers.stop()
        raise pytest.UsageError(f"The tests need PostgreSQL. {error}") from error
    except BaseException:
        _servers.stop()
        raise
    _read_settings_again()


@pytest.hookimpl(trylast=True)
def pytest_unconfigure(config: pytest.Config) -> None:
    if _servers is not None:
        from django.db import connections

        connections.close_all()
        _servers.stop()


@pytest.hookimpl(tryfirst=True)
def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    """Whatever asks for a server other than PostgreSQL is slow: that has to start first."""
    for item in items:
        if _SLOW_FIXTURES & set(getattr(item, "fixturenames", ())):
            item.add_marker(pytest.mark.slow)


@pytest.fixture(scope="session")
def django_db_modify_db_settings(
    request: pytest.FixtureRequest,
    django_db_modify_db_settings_parallel_suffix: None,
    django_db_keepdb: bool,
) -> None:
    """Of several processes, each has a copy of the database that is migrated once a run.

    One that runs alone migrates its own by itself, which is sooner.
    """
    if hasattr(request.config, "workerinput") and not django_db_keepdb:
        from django.db import connection

        from tests.system import migrated

        connection.settings_dict["TEST"]["TEMPLATE"] = migrated()


@pytest.fixture(scope="session")
def redis_url() -> str:
    """The URL of a Redis database that is this worker process's own."""
    return os.environ.get("TEST_REDIS_URL") or ask_for_server("redis")


@pytest.fixture(scope="session")
def amqp_url() -> str:
    """The URL of a RabbitMQ virtual host that is this worker process's own."""
    return os.environ.get("TEST_AMQP_URL") or ask_for_server("rabbitmq")


@pytest.fixture(scope="session")
def s3_server() -> S3Access:
    """An S3 server that all share. Make a bucket under a name of your own."""
    access: S3Access = ask_for_server("s3")
    return access


@pytest.fixture(scope="session")
def stripe_url(tmp_path_factory: pytest.TempPathFactory) -> Iterator[str]:
    """The fake payment provider, with money that others have paid."""
    from devtools.fake_stripe.private import PrivateStripe

    with PrivateStripe(tmp_path_factory.mktemp("stripe"), funds="50000000:usd") as server:
        yield server.url


def _read_settings_again() -> None:
    """Let Django see the servers: pytest-django may read the settings before any conftest.py."""
    from django.conf import settings
    from django.db import connections

    if not settings.configured:
        settings.DATABASES  # noqa: B018 - reads all of them
        return
    fresh = importlib.reload(sys.modules["config.settings"])
    for name in filter(str.isupper, dir(fresh)):
        setattr(settings, name, getattr(fresh, name))
    connections.settings = connections.configure_settings(settings.DATABASES)
    for connection in connections.all(initialized_only=True):
        del connections[connection.alias]
