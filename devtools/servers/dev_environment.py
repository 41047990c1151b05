"""The environment of ``manage.py dev``. It has to be complete before Django reads its settings."""

import argparse
import os
import secrets
import socket
import time
from collections.abc import Sequence
from pathlib import Path

from devtools.servers.process import FileLock, ServerError, free_port, write_private

DEFAULT_PORT = "8000"
# With it, the fake payment provider is started as well.
FAKE_GATEWAY = "stripe-fake"
# This module is among the first that manage.py imports.
STARTED_AT = time.monotonic()


def add_options(parser: argparse.ArgumentParser) -> None:
    parser.add_argument(
        "--port", default=os.environ.get("PORT") or DEFAULT_PORT, help="default: PORT, else 8000"
    )
    parser.add_argument(
        "--data-dir", default=os.environ.get("DATA_DIR"), help="default: DATA_DIR, else .data"
    )


def prepare_dev_environment(arguments: Sequence[str], project: Path) -> FileLock:
    """Set what the server's processes read; the lock that keeps a second server off these data.

    ``arguments`` follow the command's name. Raises ServerError with a sentence for people.
    """
    parser = argparse.ArgumentParser(add_help=False)
    add_options(parser)
    options, _ = parser.parse_known_args(arguments)
    port = _checked_port(options.port)
    data_dir = Path(options.data_dir or project / ".data").absolute()
    try:
        data_dir.mkdir(parents=True, exist_ok=True)
    except OSError as error:
        raise ServerError(f"{data_dir} can't be used as DATA_DIR: {error}") from error
    lock = FileLock(data_dir / "dev.lock")
    if not lock.acquire(wait=False):
        raise ServerError(
            f"Style License already runs on the data in {data_dir}; stop it, or name other data"
            " with DATA_DIR=."
        )
    token = os.environ.get("INTERNAL_API_TOKEN") or secrets.token_urlsafe(24)
    os.environ.update(
        PORT=str(port),
        DATA_DIR=str(data_dir),
        SITE_URL=f"http://127.0.0.1:{port}",
        DEMO_SIGN_IN="1",
        ALLOW_TEST_GATEWAY="1",
        INTERNAL_API_TOKEN=token,
        INTERNAL_API_TOKENS=token,
        SECRET_KEY=os.environ.get("SECRET_KEY") or _secret_key(data_dir / "secret-key"),
    )
    if os.environ.get("PAYMENT_GATEWAY") == FAKE_GATEWAY and not os.environ.get("STRIPE_API_BASE"):
        fake_port = free_port()
        os.environ.update(
            FAKE_STRIPE_PORT=str(fake_port),
            STRIPE_API_BASE=f"http://127.0.0.1:{fake_port}",
            STRIPE_SECRET_KEY=f"sk_test_{secrets.token_hex(16)}",
            STRIPE_WEBHOOK_SECRET=f"whsec_{secrets.token_hex(16)}",
        )
    # Logs are read while the processes still run.
    os.environ["PYTHONUNBUFFERED"] = "1"
    return lock


def _checked_port(text: str) -> int:
    if not text.isdecimal() or not 0 < int(text) < 65536:
        raise ServerError(f"PORT={text} is not a port; give a number from 1 to 65535.")
    port = int(text)
    with socket.socket() as probe:
        # As the web server does it: a port that has just been given up is free.
        probe.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        try:
            probe.bind(("127.0.0.1", port))
        except PermissionError as error:
            raise ServerError(
                f"Port {port} is for root alone; choose another with PORT=, e.g. PORT=8080."
            ) from error
        except OSError as error:
            raise ServerError(
                f"Port {port} is taken; choose another with PORT=, e.g. make run PORT={port + 1}."
            ) from error
    return port


def _secret_key(path: Path) -> str:
    """Sessions and signed links outlive a restart, so the key does too."""
    try:
        return path.read_text()
    except FileNotFoundError:
        key = secrets.token_urlsafe(48)
        write_private(path, key)
        return key
