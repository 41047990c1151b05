"""How the web server runs, as the environment says. Both servers read it here.

| variable | what | default | in development |
|---|---|---|---|
| ``WEB_BIND`` | address and port to listen on | ``0.0.0.0:8000`` | ``127.0.0.1:`` and ``PORT`` |
| ``WEB_CONCURRENCY`` | worker processes | two for each core, and one | 1 |
| ``WEB_THREADS`` | requests at once in each process | 4 | 32: slow clients hold one each |

``GUNICORN_BIND`` and ``GUNICORN_THREADS`` are the older names of the first and the last.
"""

from __future__ import annotations

import os
from collections.abc import Mapping
from dataclasses import dataclass

from config.environment import is_development, refusal_to_start, settings_module
from serving.this_machine import is_this_machine

# How long requests in progress may take to finish once a worker process is told to stop.
GRACEFUL_SECONDS = 60
# A developer who presses Ctrl-C waits for less.
GRACEFUL_SECONDS_IN_DEVELOPMENT = 3
MOST_WORKERS = 512
MOST_THREADS = 256


class BadSettings(ValueError):
    """The server can't start like this. The text is for people and names the variable."""


@dataclass(frozen=True)
class WebSettings:
    host: str
    port: int
    workers: int
    threads: int
    is_development: bool

    @property
    def graceful_seconds(self) -> int:
        return GRACEFUL_SECONDS_IN_DEVELOPMENT if self.is_development else GRACEFUL_SECONDS

    @property
    def bind(self) -> str:
        host = f"[{self.host}]" if ":" in self.host else self.host
        return f"{host}:{self.port}"


def web_settings(environment: Mapping[str, str]) -> WebSettings:
    """Raises BadSettings for a value that makes no sense."""
    development = is_development(environment)
    host, port = _address(environment, development)
    # The cores that this process may use; a container may have fewer than the machine.
    workers = 1 if development else 2 * len(os.sched_getaffinity(0)) + 1
    threads = 32 if development else 4
    return WebSettings(
        host=host,
        port=port,
        workers=_whole_number(environment, ("WEB_CONCURRENCY",), workers, MOST_WORKERS),
        threads=_whole_number(
            environment, ("WEB_THREADS", "GUNICORN_THREADS"), threads, MOST_THREADS
        ),
        is_development=development,
    )


def refusal_to_serve(environment: Mapping[str, str], host: str) -> str:
    """Why the web server must not start with this environment on ``host``; "" if it may."""
    named = environment.get("DJANGO_SETTINGS_MODULE") or settings_module(environment)
    if problems := refusal_to_start(named, environment):
        return problems
    # No host at all means every address of this machine.
    if is_development(environment) and not is_this_machine(host or "0.0.0.0"):  # noqa: S104
        return f"DJANGO_ENV=development listens on this machine only, not {host}."
    return ""


def _address(environment: Mapping[str, str], development: bool) -> tuple[str, int]:
    name, value = _first(environment, ("WEB_BIND", "GUNICORN_BIND"))
    if not value and development and environment.get("PORT"):
        name, value = "PORT", f"127.0.0.1:{environment['PORT']}"
    default = "127.0.0.1:8000" if development else "0.0.0.0:8000"
    host, colon, port = (value or default).rpartition(":")
    if not colon or not port.isdecimal() or not 0 < int(port) < 65536:
        raise BadSettings(f"{name} is not an address and a port, such as 0.0.0.0:8000.")
    return host.strip("[]") or "0.0.0.0", int(port)  # noqa: S104


def _whole_number(
    environment: Mapping[str, str], names: tuple[str, ...], default: int, most: int
) -> int:
    name, value = _first(environment, names)
    if not value:
        return default
    if not value.isdecimal() or not 1 <= int(value) <= most:
        raise BadSettings(f"{name} is not a whole number from 1 to {most}.")
    return int(value)


def _first(environment: Mapping[str, str], names: tuple[str, ...]) -> tuple[str, str]:
    for name in names:
        if value := environment.get(name, "").strip():
            return name, value
    return names[0], ""
