"""Production's environment: each variable missing or unsafe in turn, and nothing told of values."""

import json
import os
import re
import runpy
import subprocess
import sys
from functools import partial
from pathlib import Path

import pytest
from django.core.exceptions import ImproperlyConfigured

from config.environment import (
    DEVELOPMENT_SECRET_KEY,
    DEVELOPMENT_SETTINGS,
    DEVELOPMENT_TOKEN,
    PRODUCTION_SETTINGS,
    RULES,
    SERVERS,
    VALUES,
    describe,
    internal_api_tokens,
    judge,
    refusal_to_start,
)
from provenance.tests.signing import keys

refusal = partial(refusal_to_start, PRODUCTION_SETTINGS)


def development_refusal(environment):
    return refusal_to_start(DEVELOPMENT_SETTINGS, environment | {"DJANGO_ENV": "development"})


PROJECT = Path(__file__).resolve().parents[3]
DATABASE_URL = "postgresql://market:s3kr1t-of-the-database@127.0.0.1:1/market"

ON_S3 = {
    "SECRET_KEY": "k3y-" + "abcdefghijklmnopqrstuvwxyz" * 2,
    "LICENCE_KEY": "0ther-k3y-" + "abcdefghijklmnopqrstuvwxyz" * 2,
    "ALLOWED_HOSTS": "styles.example.com,.example.org",
    "SITE_URL": "https://styles.example.com",
    "DATABASE_URL": DATABASE_URL,
    "AMQP_URL": "amqp://market:s3kr1t-of-the-broker@127.0.0.1:1/",
    "REDIS_URL": "redis://:s3kr1t-of-the-cache@127.0.0.1:1/0",
    "INTERNAL_API_TOKENS": "t0ken-" + "abcdefghijklmnopqrstuvwxyz",
    "GOOGLE_CLIENT_ID": "s3kr1t-client.apps.example",
    "GOOGLE_CLIENT_SECRET": "s3kr1t-of-the-client",
    "S3_BUCKET": "s3kr1t-bucket",
    "AWS_ACCESS_KEY_ID": "s3kr1t-key-id",
    "AWS_SECRET_ACCESS_KEY": "s3kr1t-access-key",
    "PAYMENT_GATEWAY": "stripe",
    "STRIPE_SECRET_KEY": "sk_live_s3kr1t",
    "STRIPE_WEBHOOK_SECRET": "whsec_s3kr1t,whsec_s3kr1t2",
    "CERTIFICATES_DIR": str(keys().parent),
}
_S3_ONLY = {"S3_BUCKET", "AWS_ACCESS_KEY_ID", "AWS_SECRET_ACCESS_KEY"}
ON_ONE_MACHINE = {name: value for name, value in ON_S3.items() if name not in _S3_ONLY} | {
    "FILE_STORAGE": "local",
    "DATA_DIR": "/srv/s3kr1t-folder",
}

UNSAFE = [
    ("DJANGO_ENV", "development", "neither empty nor production"),
    ("DJANGO_ENV", "Production", "neither empty nor production"),
    ("SECRET_KEY", DEVELOPMENT_SECRET_KEY, "development key"),
    ("SECRET_KEY", "short-" + "x1y2z" * 8, "shorter than 50"),
    ("SECRET_KEY", "abcd" * 20, "fewer than 5 different"),
    ("SECRET_KEY", "   ", "missing"),
    ("LICENCE_KEY", "", "missing"),
    ("LICENCE_KEY", ON_S3["SECRET_KEY"], "SECRET_KEY again"),
    ("LICENCE_KEY", "short-" + "x1y2z" * 8, "shorter than 50"),
    ("SECRET_KEY_FALLBACKS", f"{ON_S3['SECRET_KEY']},too-short", "shorter than 50"),
    ("DEBUG", "1", "is on"),
    ("ALLOWED_HOSTS", "*", "every host"),
    ("ALLOWED_HOSTS", "styles.example.com, *", "every host"),
    ("ALLOWED_HOSTS", " , ", "missing"),
    ("SITE_URL", "http://styles.example.com", "https://"),
    ("SITE_URL", "styles.example.com", "https://"),
    ("SITE_URL", "https://", "https://"),
    ("SITE_URL", "https://elsewhere.example.com", "ALLOWED_HOSTS lacks"),
    ("DATABASE_URL", "sqlite:///market.db", "postgresql://"),
    ("DATABASE_URL", "postgresql://market@127.0.0.1:not-a-port/market", "postgresql://"),
    ("AMQP_URL", "127.0.0.1", "amqp://"),
    ("REDIS_URL", "127.0.0.1", "redis://"),
    ("INTERNAL_API_TOKENS", DEVELOPMENT_TOKEN, "development token"),
    ("INTERNAL_API_TOKENS", f"{ON_S3['INTERNAL_API_TOKENS']},{DEVELOPMENT_TOKEN}", "development"),
    ("INTERNAL_API_TOKENS", f"{ON_S3['INTERNAL_API_TOKENS']},short", "shorter than 32"),
    ("FILE_STORAGE", "tape", "neither s3 nor local"),
    ("FILE_STORAGE", "local", "S3_BUCKET is set too"),
    ("S3_ENDPOINT_URL", "files.example.com", "https://"),
    ("S3_ENDPOINT_URL", "https://key:@files.example.com", "empty password"),
    ("S3_ENDPOINT_URL", "https://:@files.example.com", "empty password"),
    ("S3_ENDPOINT_URL", "https://key:secret@files.example.com", "user name"),
    ("SITE_URL", "https://me@styles.example.com", "user name"),
    ("DATABASE_URL", "postgresql://market:@127.0.0.1/market", "empty password"),
    ("AMQP_URL", "amqp://market:@127.0.0.1/", "empty password"),
    ("REDIS_URL", "redis://:@127.0.0.1/0", "empty password"),
    # What may be wrong with certificates: provenance/tests/test_certificates.py.
    ("CERTIFICATES_DIR", "relative/folder", "not an absolute path"),
    ("CERTIFICATES_DIR", "/srv/s3kr1t-certificates", "no certificate and key that can be read"),
    *(("DEMO_SIGN_IN", value, "is on") for value in ("1", "True")),
    ("WEBHOOK_ALLOW_LOOPBACK", "1", "is on"),
    ("SMTP_URL", "mail.example.com", "smtp://"),
    ("SMTP_URL", "smtps://me:@mail.example.com", "empty password"),
    ("MAIL_FROM", "nobody", "no e-mail address"),
    ("PAYMENT_GATEWAY", "test", "gives tokens away"),
    ("PAYMENT_GATEWAY", "", "gives tokens away"),
    ("PAYMENT_GATEWAY", "stripe-fake", "fake provider"),
    ("STRIPE_SECRET_KEY", "sk_test_s3kr1t", "test mode"),
    ("STRIPE_SECRET_KEY", "pk_live_s3kr1t", "no secret key"),
    ("STRIPE_WEBHOOK_SECRET", "", "forged"),
    ("STRIPE_WEBHOOK_SECRET", "whsec_s3kr1t,sk_live_s3kr1t", "whsec_"),
    ("STRIPE_API_BASE", "http://127.0.0.1:12111", "not Stripe's own"),
    ("TOKEN_VALUE", "101", "more than what tokens cost"),
    ("GITHUB_CLIENT_ID", "s3kr1t-id", "but GITHUB_CLIENT_SECRET is not"),
    ("APPLE_CLIENT_ID", "s3kr1t-id", "but APPLE_KEY_ID, APPLE_TEAM_ID, APPLE_PRIVATE_KEY is not"),
    ("APPLE_PRIVATE_KEY", "s3kr1t-key", "no private key that can be read"),
]


# Wrong in production and in development alike.
UNREADABLE = [
    ("DATABASE_URL", "nonsense", "begins with postgresql://"),
    ("DATABASE_URL", "sqlite:///market.db", "begins with postgresql://"),
    ("AMQP_URL", "127.0.0.1", "begins with amqp://"),
    ("REDIS_URL", "127.0.0.1", "begins with redis://"),
    ("WEB_CONCURRENCY", "abc", "a whole number from 1 to 1000"),
    ("GUNICORN_THREADS", "0", "a whole number from 1 to 1000"),
    ("CONN_MAX_AGE", "", "a whole number of at least 0"),
    *(("MEDIA_LINK_SECONDS", each, "number from 1 to 604800") for each in ("1h", "604801")),
    ("PICTURE_CHECK", "x7x", "opennsfw or off"),
    *((f"PICTURE_{name}_FROM", "x5x", "from 0 to 1") for name in ("MATURE", "BLOCKED")),
    *((name, "/x/s3kr1t", "can be read") for name in ("REFUSED_WORDS_FILE", "ABSENT_ARTISTS_FILE")),
    ("PAGE_CACHE_SECONDS", "nan", "a number of at least 0"),
    ("WELCOME_BONUS_TOKENS", "-1", "a whole number of at least 0"),
    ("PLATFORM_FEE_PERCENT", "101", "a whole number from 0 to 100"),
    *((f"PRIORITY_{name}", "0", "number from 1") for name in ("PRICE_FACTOR", "WEIGHT")),
    ("TOKEN_PACKS", "451:500", "hundreds of tokens and their price"),
    *((name, "0", "at least 1") for name in ("TOKEN_PRICE", "TOKEN_VALUE", "PAYOUT_MINIMUM")),
    *((name, "366", "0 to 365") for name in ("EARNINGS_HOLD_DAYS", "REFUND_DAYS")),
    *((name, "0", "from 1 to 3650") for name in ("STRIKE_DAYS", "APPEAL_DAYS")),
    ("REPORTER_KEPT_DAYS", "-1", "from 0 to 3650"),
    *((n, "x7x", "nor 0") for n in ("STRIPE_AUTOMATIC_TAX", "DISPUTE_REVOKES_LICENCES")),
    ("CURRENCY", "USD", "three small letters"),
    ("STATEMENT_DESCRIPTOR", "Tokens of all kinds", "at most ten"),
    ("TRAINING_EPOCHS", "2.5", "a whole number from 1 to 10000"),
    ("DIFFUSION_MAX_RANK", "15", "a whole number of at least 16"),
    ("MAX_IN_WORK", "0", "a whole number of at least 1"),
    ("MAX_IN_WORK_PAID", "many", "a whole number of at least 1"),
    ("MAX_WAITING", "-1", "a whole number of at least"),
    ("RATE_LIMIT_ORDERS", "often", "a slash and seconds"),
    *((f"{name}_LEASE_SECONDS", "0", "whole number of at least 1") for name in ("JOB", "QUEUE")),
    ("OUTBOX_MAX_AGE_SECONDS", "x1x", "a whole number of at least 1"),
    *((name, "0", "a whole number of at least 1") for name in ("JOB_MAX_ATTEMPTS", "JOBS_AHEAD")),
    ("TRUSTED_PROXIES", "nginx", "a whole number of at least 0"),
    ("ENGINES", "stylenet,Mine", "a list of engines"),
    ("JOB_RETRY_DELAYS", "0,soon", "a list of seconds"),
    ("RATE_LIMIT_SIGN_IN", "five", "a number of requests"),
    ("RATE_LIMIT_GENERATE", "6", "a number of requests"),
    *((f"RATE_LIMIT_{n}", "20", "a number of requests") for n in ("VERIFY", "REPORTS", "SIGN_UP")),
    *((f"RATE_LIMIT_{n}", "20", "a number of requests") for n in ("RECEIPTS", "REPORT_MAILS")),
    ("RATE_LIMIT_USER", "100/minute", "a number of requests"),
    ("RATE_LIMIT_ANONYMOUS", "/60", "a number of requests"),
    ("LOG_LEVEL", "loud", "a level of Python's logging"),
    *((n, "maybe", "neither 1 nor 0") for n in ("DEBUG", "DEMO_SIGN_IN", "ALLOW_TEST_GATEWAY")),
    ("HSTS_PRELOAD", "", "neither 1 nor 0"),
    *((f"WEBHOOK_ALLOW_{name}", "maybe", "neither 1 nor 0") for name in ("HTTP", "LOOPBACK")),
]


def named_in(text: str) -> list[str]:
    """The variables that a refusal complains about, in its order."""
    return re.findall(r"^  ([A-Z0-9_]+) ", text, re.MULTILINE)


@pytest.fixture
def production(monkeypatch: pytest.MonkeyPatch):
    """Execute the settings of production with this environment and no other variables of ours."""

    def start(environment: dict[str, str]) -> None:
        for rule in (*RULES, *SERVERS, *VALUES):
            monkeypatch.delenv(rule.name, raising=False)
        for name, value in environment.items():
            monkeypatch.setenv(name, value)
        runpy.run_module("config.settings_production")

    return start


class TestValues:
    """What cannot be read is refused everywhere, before somebody reads it."""

    @pytest.mark.parametrize(("name", "value", "reason"), UNREADABLE)
    def test_each_is_named_alone(self, name: str, value: str, reason: str) -> None:
        for text in (refusal(ON_S3 | {name: value}), development_refusal({name: value})):
            assert named_in(text) == [name]
            assert reason in text
            assert not value or value in {"0", "-1", "6", "101"} or value not in text

    def test_what_has_a_default_may_be_left_out_or_set_well(self) -> None:
        well = {
            "WEB_CONCURRENCY": "9",
            "PAGE_CACHE_SECONDS": "0.5",
            "ENGINES": "stylenet, diffusion",
            "JOB_RETRY_DELAYS": "0, 30,120",
            "RATE_LIMIT_USER": "",
            "RATE_LIMIT_SIGN_IN": "5/300",
            "LOG_LEVEL": "DEBUG",
            "ALLOW_TEST_GATEWAY": "True",
            "AMQP_URL": "",
        }
        assert development_refusal({}) == ""
        assert development_refusal(well) == ""
        assert refusal(well | ON_S3) == ""

    def test_each_rule_has_a_case(self) -> None:
        tried = {name for name, _, _ in UNREADABLE}
        assert {rule.name for rule in (*SERVERS, *VALUES)} == tried

    def test_each_number_and_flag_of_the_settings_has_a_rule(self) -> None:
        """Or a wrong one ends in a stack trace."""
        folder = PROJECT / "config"
        text = "".join(path.read_text() for path in sorted(folder.glob("settings*.py")))
        read = set(re.findall(r'env\.(?:int|float|bool)\(\s*"(\w+)"', text))
        assert len(read) > 10
        assert read <= {rule.name for rule in VALUES}


class TestRefusal:
    @pytest.mark.parametrize("name", sorted(ON_S3))
    def test_each_missing_variable_is_named_alone(self, production, name: str) -> None:
        without = {other: value for other, value in ON_S3.items() if other != name}
        with pytest.raises(ImproperlyConfigured) as caught:
            production(without)
        assert named_in(str(caught.value)) == [name]

    @pytest.mark.parametrize("name", sorted(ON_ONE_MACHINE.keys() - {"FILE_STORAGE"}))
    def test_each_missing_variable_is_named_alone_on_one_machine(
        self, production, name: str
    ) -> None:
        without = {other: value for other, value in ON_ONE_MACHINE.items() if other != name}
        with pytest.raises(ImproperlyConfigured) as caught:
            production(without)
        assert named_in(str(caught.value)) == [name]

    @pytest.mark.parametrize(("name", "value", "reason"), UNSAFE)
    def test_each_unsafe_variable_is_named_alone(
        self, production, name: str, value: str, reason: str
    ) -> None:
        with pytest.raises(ImproperlyConfigured) as caught:
            production(ON_S3 | {name: value})
        assert reason in str(caught.value)
        expected = [name] if (name, value) != ("FILE_STORAGE", "local") else [name, "DATA_DIR"]
        assert named_in(str(caught.value)) == expected

    def test_relative_data_folder_is_refused(self) -> None:
        assert named_in(refusal(ON_ONE_MACHINE | {"DATA_DIR": "data"})) == ["DATA_DIR"]

    def test_all_that_is_missing_is_named_at_once(self, production) -> None:
        with pytest.raises(ImproperlyConfigured) as caught:
            production({})
        missing = [rule.name for rule in RULES if rule.name in ON_S3]
        # Which gateway it is comes first.
        assert named_in(str(caught.value)) == [n for n in missing if not n.startswith("STRIPE_")]

    def test_good_environments_are_not_refused(self) -> None:
        assert refusal(ON_S3) == ""
        assert refusal(ON_ONE_MACHINE) == ""
        assert refusal(ON_S3 | {"FILE_STORAGE": "s3", "DEBUG": "0", "DEMO_SIGN_IN": "0"}) == ""
        assert refusal(ON_S3 | {"SITE_URL": "https://shop.example.org"}) == ""
        assert refusal(ON_S3 | {"PAYMENT_GATEWAY": "", "ALLOW_TEST_GATEWAY": "1"}) == ""
        assert refusal(ON_S3 | {"SECRET_KEY_FALLBACKS": "0ld-" + ON_S3["SECRET_KEY"]}) == ""

    def test_each_rule_has_a_case(self) -> None:
        """A new rule needs a line above."""
        tried = set(ON_S3) | set(ON_ONE_MACHINE) | {name for name, _, _ in UNSAFE}
        assert {rule.name for rule in RULES} == tried

    @pytest.mark.parametrize("environment", [{}, ON_S3, *({n: v} for n, v, _ in UNSAFE)])
    def test_no_value_is_ever_repeated(self, environment: dict[str, str]) -> None:
        texts = [refusal(environment), describe(environment)[0]]
        own_words = " ".join([refusal({}), describe({})[0]])
        for name, value in environment.items():
            if value and value not in own_words and name != "FILE_STORAGE":
                assert not any(value in text for text in texts), name
        assert not any("s3kr1t" in text for text in texts)

    def test_internal_api_token_alone_is_enough(self) -> None:
        alone = ON_S3 | {"INTERNAL_API_TOKENS": "", "INTERNAL_API_TOKEN": "a" * 32}
        assert refusal(alone) == ""
        assert internal_api_tokens(alone) == ["a" * 32]
        assert named_in(refusal(alone | {"INTERNAL_API_TOKEN": "a" * 31})) == [
            "INTERNAL_API_TOKENS"
        ]
        # While tokens are rotated the list says which are valid, and the single one is a worker's.
        assert internal_api_tokens(
            {"INTERNAL_API_TOKENS": "new, old", "INTERNAL_API_TOKEN": "x"}
        ) == [
            "new",
            "old",
        ]


def run(
    *arguments: str, settings: str = "config.settings_production", **environment: str
) -> subprocess.CompletedProcess[str]:
    return subprocess.run(
        [sys.executable, *arguments],
        cwd=PROJECT,
        env={"PATH": os.environ["PATH"], "DJANGO_SETTINGS_MODULE": settings, **environment},
        capture_output=True,
        text=True,
        timeout=120,
    )


@pytest.mark.slow
class TestCommands:
    """As real processes. None of them reaches a database: nothing listens on its port."""

    def test_check_environment_tells_good_from_bad(self) -> None:
        good = run("manage.py", "check_environment", **ON_S3)
        assert good.returncode == 0, good.stdout + good.stderr
        assert "Production may start with this." in good.stdout
        assert "BAD" not in good.stdout

        bad = run("manage.py", "check_environment", **ON_S3 | {"SITE_URL": "", "DEBUG": "1"})
        assert bad.returncode == 1
        lines = [line.split()[1] for line in bad.stdout.splitlines() if line.startswith("BAD")]
        assert lines == ["DEBUG", "SITE_URL"]
        assert f"2 of {len(RULES)} need a change." in bad.stdout
        assert "s3kr1t" not in good.stdout + good.stderr + bad.stdout + bad.stderr
        assert len(judge(ON_S3)) == len(good.stdout.splitlines()) - 1

    def test_check_environment_is_a_command_like_others(self) -> None:
        shown = run("manage.py", "help", "check_environment", settings="config.settings")
        assert "exit 1 if one is invalid" in " ".join(shown.stdout.split()), shown.stderr

    def test_nothing_starts_with_a_bad_environment(self) -> None:
        for command in (
            ["manage.py", "migrate"],
            ["-m", "gunicorn", "--check-config", "config.wsgi:application"],
        ):
            refused = run(*command, **ON_S3 | {"AMQP_URL": ""})
            assert refused.returncode != 0
            assert named_in(refused.stderr + refused.stdout) == ["AMQP_URL"]
            assert "s3kr1t" not in refused.stdout + refused.stderr

    @pytest.mark.parametrize("environment", [ON_S3, ON_ONE_MACHINE], ids=["s3", "one machine"])
    def test_deployment_checks_are_clean(self, environment: dict[str, str]) -> None:
        done = run(
            *("manage.py", "check", "--deploy", "--fail-level", "WARNING"),
            **environment | {"PAYMENT_GATEWAY": "test", "ALLOW_TEST_GATEWAY": "1"},
        )
        assert done.returncode == 0, done.stderr
        assert "WARNINGS" not in done.stderr


SHOW = """
import json, django; django.setup()
from django.conf import settings
names = "DEBUG DEMO_SIGN_IN ALLOW_TEST_GATEWAY ALLOWED_HOSTS SECRET_KEY SECURE_SSL_REDIRECT \
SECURE_HSTS_SECONDS SECURE_HSTS_INCLUDE_SUBDOMAINS SESSION_COOKIE_SECURE CSRF_COOKIE_SECURE \
SECURE_PROXY_SSL_HEADER STATIC_ROOT SECURE_CONTENT_TYPE_NOSNIFF WHITENOISE_USE_FINDERS".split()
shown = {name: getattr(settings, name) for name in names}
shown["storage"] = settings.STORAGES["staticfiles"]["BACKEND"]
shown["connection seconds"] = settings.DATABASES["default"]["CONN_MAX_AGE"]
shown["csp"] = settings.CONTENT_SECURITY_POLICY
print(json.dumps(shown, default=str))
"""


@pytest.mark.slow
def test_the_settings_are_those_of_the_plan() -> None:
    done = run("-c", SHOW, **ON_S3)
    assert done.returncode == 0, done.stderr
    policy = (shown := json.loads(done.stdout)).pop("csp")
    assert shown == {
        "DEBUG": False,
        "DEMO_SIGN_IN": False,
        "ALLOW_TEST_GATEWAY": False,
        "ALLOWED_HOSTS": ["styles.example.com", ".example.org"],
        "SECRET_KEY": ON_S3["SECRET_KEY"],
        "SECURE_SSL_REDIRECT": True,
        "SECURE_HSTS_SECONDS": 31_536_000,
        "SECURE_HSTS_INCLUDE_SUBDOMAINS": True,
        "SESSION_COOKIE_SECURE": True,
        "CSRF_COOKIE_SECURE": True,
        "SECURE_PROXY_SSL_HEADER": ["HTTP_X_FORWARDED_PROTO", "https"],
        "STATIC_ROOT": "/app/staticfiles",
        "SECURE_CONTENT_TYPE_NOSNIFF": True,
        "WHITENOISE_USE_FINDERS": False,
        "storage": "whitenoise.storage.CompressedManifestStaticFilesStorage",
        "connection seconds": 600,
    }
    assert "EXCLUDE_URL_PREFIXES" not in policy
    assert policy["DIRECTIVES"]["script-src"] == ["'self'"]
