"""Settings of the worker, from the command line or else from the environment."""

import argparse
import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import NoReturn
from urllib.parse import urlsplit

from protocol.engines import DEFAULT_ENGINE, NAME_PATTERN
from protocol.messages import QUEUES, queue_for

STDIO = "stdio:"
# Below 30 minutes, RabbitMQ's default limit for acknowledging a message.
DEFAULT_JOB_TIMEOUT = 1500.0
# Below 10 seconds, the usual time that a container has to stop.
DEFAULT_GRACE = 8.0
# The backend's minimum in production, in characters.
SHORTEST_TOKEN = 32


class SettingsError(ValueError):
    """The worker cannot start with these settings. The message is one sentence for the operator."""


@dataclass(frozen=True)
class Settings:
    """``job_timeout`` and ``grace`` are in seconds; ``token`` and ``broker`` are secret."""

    broker: str = field(repr=False)
    engine: str
    queues: tuple[str, ...]
    concurrency: int
    work_dir: Path
    job_timeout: float
    grace: float
    token: str = field(repr=False)
    backend: str = ""
    s3_endpoint_url: str | None = None
    stops_with_stdin: bool = False

    @property
    def reads_stdin(self) -> bool:
        return self.broker == STDIO


class _Parser(argparse.ArgumentParser):
    def error(self, message: str) -> NoReturn:
        raise SettingsError(f"{message[:1].upper()}{message[1:]}.")


def read_settings(arguments: Sequence[str], environ: Mapping[str, str]) -> Settings:
    """Parse the settings. Raises SettingsError if one is missing or invalid."""
    given = _parser(environ).parse_args(arguments)
    token = environ.get("INTERNAL_API_TOKEN", "").strip()
    if missing := [
        *([] if given.broker else ["AMQP_URL (or --broker), where tasks come from"]),
        *([] if token else ["INTERNAL_API_TOKEN, which the backend accepts"]),
    ]:
        raise SettingsError(f"The worker does not start without {' and '.join(missing)}.")
    return Settings(
        broker=_broker(given.broker),
        engine=_engine(given.engine),
        queues=_queues(given.queues, given.engine),
        concurrency=_concurrency(given.concurrency, given.broker),
        work_dir=Path(given.work_dir).absolute(),
        job_timeout=_seconds("--job-timeout", given.job_timeout),
        grace=_seconds("--grace", given.grace),
        token=_token(token, is_development=environ.get("DJANGO_ENV") == "development"),
        backend=_backend(given.backend),
        s3_endpoint_url=environ.get("S3_ENDPOINT_URL") or environ.get("AWS_S3_ENDPOINT_URL"),
        stops_with_stdin=given.stop_with_stdin,
    )


def _parser(environ: Mapping[str, str]) -> argparse.ArgumentParser:
    parser = _Parser(
        prog="python -m worker",
        description="Train styles and draw pictures. The environment must hold INTERNAL_API_TOKEN.",
        allow_abbrev=False,
    )
    parser.add_argument(
        "--broker",
        default=environ.get("WORKER_BROKER") or environ.get("AMQP_URL"),
        metavar="URL",
        help="stdio: or amqp[s]://… (WORKER_BROKER, AMQP_URL)",
    )
    parser.add_argument(
        "--engine", default=environ.get("WORKER_ENGINE", DEFAULT_ENGINE), help="(WORKER_ENGINE)"
    )
    parser.add_argument(
        "--queues",
        default=environ.get("WORKER_QUEUES", ",".join(QUEUES)),
        metavar="NAME[,NAME]",
        help="kinds of tasks to take, those of the engine; default: all (WORKER_QUEUES)",
    )
    parser.add_argument(
        "--backend",
        default=environ.get("SITE_URL", ""),
        metavar="URL",
        help="where to tell of itself; default: where the tasks come from (SITE_URL)",
    )
    parser.add_argument(
        "--concurrency",
        default=environ.get("WORKER_CONCURRENCY", "1"),
        metavar="N",
        help="number of worker processes (WORKER_CONCURRENCY)",
    )
    parser.add_argument(
        "--work-dir",
        default=environ.get("WORKER_DIR", ".data/worker"),
        metavar="DIR",
        help="undelivered reports, cached models, jobs in progress (WORKER_DIR)",
    )
    parser.add_argument(
        "--job-timeout",
        default=environ.get("WORKER_JOB_TIMEOUT", str(DEFAULT_JOB_TIMEOUT)),
        metavar="SECONDS",
        help="stop a job that takes longer (WORKER_JOB_TIMEOUT)",
    )
    parser.add_argument(
        "--grace",
        default=environ.get("WORKER_GRACE", str(DEFAULT_GRACE)),
        metavar="SECONDS",
        help="how long a running job may continue after SIGTERM (WORKER_GRACE)",
    )
    # For the processes of a worker with --concurrency.
    parser.add_argument("--stop-with-stdin", action="store_true", help=argparse.SUPPRESS)
    return parser


def _broker(url: str) -> str:
    if url != STDIO and urlsplit(url).scheme not in ("amqp", "amqps"):
        raise SettingsError("--broker must be stdio: or begin with amqp:// or amqps://.")
    return url


def _backend(url: str) -> str:
    if url and urlsplit(url).scheme not in ("http", "https"):
        raise SettingsError("--backend must begin with http:// or https://.")
    return url


def _engine(name: str) -> str:
    if not re.fullmatch(NAME_PATTERN, name):
        raise SettingsError(f"--engine must be the name of an engine, not {name!r}.")
    return name


def _queues(names: str, engine: str) -> tuple[str, ...]:
    kinds = tuple(dict.fromkeys(name.strip() for name in names.split(",") if name.strip()))
    if not kinds or not set(kinds) <= set(QUEUES):
        raise SettingsError(f"--queues must name some of {', '.join(QUEUES)}, not {names!r}.")
    return tuple(queue_for(kind, engine) for kind in kinds)


def _concurrency(number: str, broker: str) -> int:
    if not number.isascii() or not number.isdigit() or not 1 <= int(number) <= 64:
        raise SettingsError(f"--concurrency must be a number from 1 to 64, not {number!r}.")
    if broker == STDIO and int(number) > 1:
        raise SettingsError("With --broker stdio: the concurrency is 1; start more workers.")
    return int(number)


def _seconds(option: str, text: str) -> float:
    try:
        seconds = float(text)
    except ValueError:
        seconds = -1
    if not 0 < seconds <= 10_000_000:
        raise SettingsError(f"{option} must be a positive number of seconds, not {text!r}.")
    return seconds


def _token(token: str, *, is_development: bool) -> str:
    if len(token) < SHORTEST_TOKEN and not is_development:
        raise SettingsError(
            f"INTERNAL_API_TOKEN is shorter than {SHORTEST_TOKEN} characters, which only "
            "DJANGO_ENV=development takes."
        )
    if not re.fullmatch(r"[\x21-\x7e]+", token):
        raise SettingsError("INTERNAL_API_TOKEN may hold printable ASCII only, without spaces.")
    return token
