"""Which settings a process starts with, and what its environment must and may say.

Development has to be asked for. Everything else starts with production's settings, which refuse to
start over the table below; ``manage.py check_environment`` shows it. Values that cannot be read are
refused everywhere, in words. Neither Django's settings nor a database are needed here, and no
value is ever repeated.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from email.utils import parseaddr
from pathlib import Path
from urllib.parse import urlsplit

from config import mail, payments, sign_in
from config.problems import (
    Environment,
    Rule,
    flag,
    for_s3,
    given,
    is_off,
    keeps_files_here,
    list_of,
    matches,
    number,
    optional,
    text_file,
    url,
    value_of,
)
from protocol.engines import NAME_PATTERN
from protocol.messages import MOST_EPOCHS
from protocol.training import USUAL_RANK

DEVELOPMENT_SECRET_KEY = "unsafe-development-key-never-used-in-production"  # noqa: S105 - known to all
DEVELOPMENT_TOKEN = "development-internal-token"  # noqa: S105 - known to all
# What Django itself asks of a key (security.W009).
SHORTEST_SECRET_KEY = 50
SHORTEST_TOKEN = 32
HOW_TO_DEVELOP = (
    "To try the program out on this machine: make run, or DJANGO_ENV=development with this command."
)

DEVELOPMENT_SETTINGS = "config.settings"
PRODUCTION_SETTINGS = "config.settings_production"
DEVELOPMENT = "development"
NOT_ASKED_FOR = (
    "config.settings are development's. Set DJANGO_ENV=development to ask for them, or "
    "DJANGO_SETTINGS_MODULE=config.settings_production."
)
# An environment that names one of these describes a deployment, not somebody's laptop.
_OF_DEPLOYMENTS = ("DATABASE_URL", "AMQP_URL", "REDIS_URL", "S3_BUCKET", "ALLOWED_HOSTS")
# Commands that are development by their name, and those that never are unless it is asked for.
_DEVELOPMENT_COMMANDS = frozenset({"dev", "test"})
_DEPLOYED_COMMANDS = frozenset({"relay_outbox", "deliver_webhooks", "send_mail", "local_worker"})


def is_development(environment: Environment) -> bool:
    """Whether the environment asks for development, with its known secrets and free tokens."""
    return value_of(environment, "DJANGO_ENV") == DEVELOPMENT


def settings_module(environment: Environment) -> str:
    """The settings that a process starts with, unless it names others."""
    return DEVELOPMENT_SETTINGS if is_development(environment) else PRODUCTION_SETTINGS


def command_is_development(command: str, environment: Environment) -> bool:
    """Whether ``manage.py command`` is development's although the environment does not say so.

    ``dev`` and ``test`` always are. The other commands are on a machine whose environment names no
    server: they then have a private PostgreSQL. The processes of a deployment never are.
    """
    if value_of(environment, "DJANGO_ENV") or command in _DEPLOYED_COMMANDS:
        return False
    if command in _DEVELOPMENT_COMMANDS:
        # Where production is set up its database is not meant, not even with a variable missing.
        return not value_of(environment, "ALLOWED_HOSTS")
    return not any(value_of(environment, name) for name in _OF_DEPLOYMENTS)


@dataclass(frozen=True)
class Verdict:
    rule: Rule
    problem: str
    is_set: bool


def judge(environment: Environment) -> list[Verdict]:
    """One verdict for each rule of production, then one for each other value that can't be read."""
    verdicts = [
        Verdict(rule, rule.problem(environment), bool(value_of(environment, rule.name)))
        for rule in RULES
    ]
    return [*verdicts, *_unreadable(VALUES, environment)]


def refusal_to_start(settings: str, environment: Environment) -> str:
    """Why no process may start with these settings, a line for each variable; "" if it may.

    Settings that are not ours are not judged. Everything that starts asks here: ``manage.py``, both
    web servers and the settings themselves.
    """
    if settings == PRODUCTION_SETTINGS:
        bad = [verdict for verdict in judge(environment) if verdict.problem]
        return "\n".join([*_refused("Production", bad), HOW_TO_DEVELOP]) if bad else ""
    if settings == DEVELOPMENT_SETTINGS:
        if not is_development(environment):
            return NOT_ASKED_FOR
        # Development needs nothing, but what is set has to be readable.
        named = [rule for rule in SERVERS if value_of(environment, rule.name)]
        return "\n".join(_refused("Development", _unreadable([*named, *VALUES], environment)))
    return ""


def _refused(name: str, bad: Sequence[Verdict]) -> list[str]:
    lines = [f"  {each.rule.name} {each.problem}. {each.rule.advice}" for each in bad]
    return [f"{name} does not start with this environment:", *lines] if bad else []


def _unreadable(rules: Iterable[Rule], environment: Environment) -> list[Verdict]:
    """The rules that variables break which are set, if only to nothing."""
    present = (rule for rule in rules if rule.name in environment)
    return [
        Verdict(rule, problem, is_set=True)
        for rule in present
        if (problem := rule.problem(environment))
    ]


def describe(environment: Environment) -> tuple[str, bool]:
    """The verdict on each variable, for people; and whether all of them are good."""
    verdicts = judge(environment)
    width = max(len(verdict.rule.name) for verdict in verdicts)
    lines = []
    for verdict in verdicts:
        name = verdict.rule.name.ljust(width)
        if verdict.problem:
            lines.append(f"BAD  {name}  {verdict.problem}. {verdict.rule.advice}")
        else:
            lines.append(f"ok   {name}  {'set' if verdict.is_set else 'not set, not needed'}")
    bad = sum(1 for verdict in verdicts if verdict.problem)
    lines.append(
        f"{bad} of {len(verdicts)} need a change." if bad else "Production may start with this."
    )
    return "\n".join(lines), not bad


def _django_env(environment: Environment) -> str:
    value = value_of(environment, "DJANGO_ENV")
    return "" if value in {"", "production"} else "is neither empty nor production"


def _weakness(key: str) -> str:
    if key == DEVELOPMENT_SECRET_KEY:
        return "is the development key, which everybody knows"
    if len(key) < SHORTEST_SECRET_KEY:
        return f"is shorter than {SHORTEST_SECRET_KEY} characters"
    if len(set(key)) < 5:
        return "has fewer than 5 different characters"
    return ""


def _secret_key(environment: Environment) -> str:
    key = value_of(environment, "SECRET_KEY")
    return _weakness(key) if key else "is missing"


def _secret_key_fallbacks(environment: Environment) -> str:
    return next(filter(None, map(_weakness, list_of(environment, "SECRET_KEY_FALLBACKS"))), "")


def _licence_key(environment: Environment) -> str:
    key = value_of(environment, "LICENCE_KEY")
    if key and key == value_of(environment, "SECRET_KEY"):
        return "is SECRET_KEY again"
    return _weakness(key) if key else "is missing"


def _allowed_hosts(environment: Environment) -> str:
    hosts = list_of(environment, "ALLOWED_HOSTS")
    if not hosts:
        return "is missing"
    return "allows every host" if any("*" in host or host == "." for host in hosts) else ""


def _site_url(environment: Environment) -> str:
    if problem := url("SITE_URL", "https")(environment):
        return problem
    name = urlsplit(value_of(environment, "SITE_URL")).hostname or ""
    hosts = [host.lower() for host in list_of(environment, "ALLOWED_HOSTS")]
    fits = any(
        name == host or (host.startswith(".") and f".{name}".endswith(host)) for host in hosts
    )
    return "" if fits or _allowed_hosts(environment) else "names a host that ALLOWED_HOSTS lacks"


def internal_api_tokens(environment: Environment) -> list[str]:
    """The tokens that workers may use: INTERNAL_API_TOKENS, else INTERNAL_API_TOKEN alone."""
    return list_of(environment, "INTERNAL_API_TOKENS") or list_of(environment, "INTERNAL_API_TOKEN")


def _internal_api_tokens(environment: Environment) -> str:
    tokens = internal_api_tokens(environment)
    if not tokens:
        return "is missing"
    if DEVELOPMENT_TOKEN in tokens:
        return "holds the development token, which everybody knows"
    if any(len(token) < SHORTEST_TOKEN for token in tokens):
        return f"holds one that is shorter than {SHORTEST_TOKEN} characters"
    return ""


def _file_storage(environment: Environment) -> str:
    choice = value_of(environment, "FILE_STORAGE")
    if choice not in {"", "s3", "local"}:
        return "is neither s3 nor local"
    if choice == "local" and value_of(environment, "S3_BUCKET"):
        return "is local, but S3_BUCKET is set too"
    return ""


def _folder(environment: Environment, name: str) -> str:
    folder = value_of(environment, name)
    if not folder:
        return "is missing"
    return "" if Path(folder).is_absolute() else "is not an absolute path"


def _data_dir(environment: Environment) -> str:
    return _folder(environment, "DATA_DIR") if keeps_files_here(environment) else ""


def _certificates_dir(environment: Environment) -> str:
    if problem := _folder(environment, "CERTIFICATES_DIR"):
        return problem
    # Loaded by those who need it: development starts without.
    from provenance import certificates

    folder = Path(value_of(environment, "CERTIFICATES_DIR"))
    return certificates.problem(folder / certificates.FOLDER)


def _mail_from(environment: Environment) -> str:
    sender = value_of(environment, "MAIL_FROM")
    if not sender:
        return "" if url("SMTP_URL", *mail.PORTS)(environment) else "is missing"
    _name, address = parseaddr(sender)
    return "" if "@" in address else "has no e-mail address in it"


_RANDOM = "python -c 'import secrets; print(secrets.token_urlsafe(50))' makes one."

# Production needs them all; development has something in place of each.
SERVERS = (
    Rule(
        "DATABASE_URL",
        "Set postgresql://USER:PASSWORD@HOST:5432/DATABASE.",
        url("DATABASE_URL", "postgresql", "postgres"),
    ),
    Rule(
        "AMQP_URL",
        "Set RabbitMQ's amqp://USER:PASSWORD@HOST:5672/.",
        url("AMQP_URL", "amqp", "amqps"),
    ),
    Rule("REDIS_URL", "Set redis://HOST:6379/0.", url("REDIS_URL", "redis", "rediss", "unix")),
)

# What has a default. Judged where it is set, before somebody reads it.
VALUES = (
    number("WEB_CONCURRENCY", 1, 1000),
    number("GUNICORN_THREADS", 1, 1000),
    number("CONN_MAX_AGE", 0, None),
    number("MEDIA_LINK_SECONDS", 1, 7 * 24 * 3600),  # S3 takes no longer ones
    number("PAGE_CACHE_SECONDS", 0, None, whole=False),
    number("WELCOME_BONUS_TOKENS", 0, None),
    number("PLATFORM_FEE_PERCENT", 0, 100),
    number("PRIORITY_PRICE_FACTOR", 1, 100, whole=False),
    number("PRIORITY_WEIGHT", 1, 1000),
    number("EARNINGS_HOLD_DAYS", 0, 365),
    number("STRIKE_DAYS", 1, 3650),
    number("APPEAL_DAYS", 1, 3650),
    number("REPORTER_KEPT_DAYS", 0, 3650),
    *payments.VALUES,
    number("TRAINING_EPOCHS", 1, MOST_EPOCHS),
    number("DIFFUSION_MAX_RANK", USUAL_RANK, None),
    number("JOB_LEASE_SECONDS", 1, None),
    number("QUEUE_LEASE_SECONDS", 1, None),
    number("OUTBOX_MAX_AGE_SECONDS", 1, None),
    number("JOB_MAX_ATTEMPTS", 1, None),
    number("JOBS_AHEAD", 1, None),
    number("TRUSTED_PROXIES", 0, None),
    number("MAX_IN_WORK", 1, None),
    number("MAX_IN_WORK_PAID", 1, None),
    number("MAX_WAITING", 0, None),
    matches(
        "ENGINES", rf"{NAME_PATTERN}(\s*,\s*{NAME_PATTERN})*", "a list of engines, parted by commas"
    ),
    matches("JOB_RETRY_DELAYS", r"\d+(\s*,\s*\d+)*", "a list of seconds, parted by commas"),
    *(
        matches(f"RATE_LIMIT_{name}", r"\d+/\d+", "a number of requests, a slash and seconds")
        for name in (
            "SIGN_IN",
            "SIGN_UP",
            "GENERATE",
            "ORDERS",
            "VERIFY",
            "REPORTS",
            "RECEIPTS",
            "REPORT_MAILS",
            "USER",
            "ANONYMOUS",
        )
    ),
    matches("PICTURE_CHECK", "opennsfw|off", "opennsfw or off"),
    number("PICTURE_MATURE_FROM", 0, 1, whole=False),
    number("PICTURE_BLOCKED_FROM", 0, 1, whole=False),
    *map(text_file, ("REFUSED_WORDS_FILE", "ABSENT_ARTISTS_FILE")),
    matches("LOG_LEVEL", "DEBUG|INFO|WARNING|ERROR|CRITICAL", "a level of Python's logging"),
    *map(flag, ("DEBUG", "DEMO_SIGN_IN", "ALLOW_TEST_GATEWAY", "HSTS_PRELOAD")),
    *map(flag, ("WEBHOOK_ALLOW_HTTP", "WEBHOOK_ALLOW_LOOPBACK")),
)

RULES: tuple[Rule, ...] = (
    Rule("DJANGO_ENV", "Leave it out, or set it to production.", _django_env),
    Rule("SECRET_KEY", _RANDOM, _secret_key),
    Rule(
        "SECRET_KEY_FALLBACKS",
        "Name only former keys as long as SECRET_KEY has to be, parted by commas, or none.",
        _secret_key_fallbacks,
    ),
    Rule(
        "LICENCE_KEY",
        f"Set the secret that certificates of licences are signed with. {_RANDOM}",
        _licence_key,
    ),
    Rule("DEBUG", "Leave it out: error pages would show the program.", is_off("DEBUG")),
    Rule(
        "ALLOWED_HOSTS",
        "Name the hosts of this site, parted by commas, e.g. styles.example.com.",
        _allowed_hosts,
    ),
    Rule(
        "SITE_URL",
        "Set the https:// address under which browsers and workers reach this site.",
        _site_url,
    ),
    *SERVERS,
    Rule(
        "INTERNAL_API_TOKENS",
        f"Set it, or INTERNAL_API_TOKEN, to what workers sign in with. {_RANDOM}",
        _internal_api_tokens,
    ),
    Rule(
        "GOOGLE_CLIENT_ID",
        "Google's console shows it with the OAuth client of this site.",
        given("GOOGLE_CLIENT_ID"),
    ),
    Rule(
        "GOOGLE_CLIENT_SECRET",
        "Google's console shows it with the OAuth client of this site.",
        given("GOOGLE_CLIENT_SECRET"),
    ),
    *sign_in.RULES,
    Rule(
        "FILE_STORAGE",
        "Set s3, or local to keep all files in DATA_DIR of a single machine.",
        _file_storage,
    ),
    Rule("S3_BUCKET", "Name the bucket, or set FILE_STORAGE=local.", for_s3(given("S3_BUCKET"))),
    Rule(
        "AWS_ACCESS_KEY_ID",
        "Set the key of a user who may read and write the bucket.",
        for_s3(given("AWS_ACCESS_KEY_ID")),
    ),
    Rule(
        "AWS_SECRET_ACCESS_KEY",
        "Set the secret that goes with AWS_ACCESS_KEY_ID.",
        for_s3(given("AWS_SECRET_ACCESS_KEY")),
    ),
    Rule(
        "S3_ENDPOINT_URL",
        "Set the address that browsers, web processes and workers all reach, or leave it to AWS.",
        optional(url("S3_ENDPOINT_URL", "https", "http"), "S3_ENDPOINT_URL"),
    ),
    Rule("DATA_DIR", "Set the folder for all files, e.g. /app/data.", _data_dir),
    Rule(
        "CERTIFICATES_DIR",
        "Name the folder of the certificates that sign pictures, which manage.py make_certificates"
        " makes.",
        _certificates_dir,
    ),
    Rule("DEMO_SIGN_IN", "Leave it out: it lets anybody in by name.", is_off("DEMO_SIGN_IN")),
    Rule(
        "WEBHOOK_ALLOW_LOOPBACK",
        "Leave it out: webhooks would reach what listens on this machine alone.",
        is_off("WEBHOOK_ALLOW_LOOPBACK"),
    ),
    Rule(
        "SMTP_URL",
        "Set smtp+starttls://USER:PASSWORD@HOST:587, or leave it out to send no e-mail.",
        optional(url("SMTP_URL", *mail.PORTS), "SMTP_URL"),
    ),
    Rule(
        "MAIL_FROM",
        "Set who e-mail is from, e.g. Style License <no-reply@styles.example.com>.",
        _mail_from,
    ),
    *payments.RULES,
)
