"""Settings, read from the environment: those of development, which production builds on.

Development has secrets that everybody knows and gives tokens away, so it has to be asked for:
``make run``, the tests and the development commands of ``manage.py`` do, and DJANGO_ENV=development
does. ``config/settings_production.py`` takes what it shares from here and refuses the rest.
"""

import os
import sys
from decimal import Decimal
from importlib.util import find_spec
from pathlib import Path
from typing import Any

import dj_database_url
from django.core.exceptions import ImproperlyConfigured
from environs import Env

from config import environment, mail
from config.openapi import SPECTACULAR_SETTINGS as SPECTACULAR_SETTINGS
from config.problems import list_of
from protocol.engines import DEFAULT_ENGINE
from protocol.training import HIGHEST_RANK

DEVELOPMENT = environment.is_development(os.environ)
if environment.PRODUCTION_SETTINGS not in sys.modules and (
    _problems := environment.refusal_to_start(environment.DEVELOPMENT_SETTINGS, os.environ)
):
    raise ImproperlyConfigured(_problems)

BASE_DIR = Path(__file__).resolve().parent.parent
env = Env()

# --- Where things are -------------------------------------------------------------------------

DATA_DIR = Path(env.str("DATA_DIR", str(BASE_DIR / ".data"))).resolve()
# What signs pictures. Development makes its own.
CERTIFICATES_DIR = Path(env.str("CERTIFICATES_DIR", str(DATA_DIR / "certificates")))
# The address under which workers and browsers reach the web processes.
SITE_URL = env.str("SITE_URL", "http://127.0.0.1:8000").rstrip("/")

SECRET_KEY = env.str("SECRET_KEY", environment.DEVELOPMENT_SECRET_KEY)
# What certificates of licences are signed with. Empty: one that is made and kept in DATA_DIR.
LICENCE_KEY = env.str("LICENCE_KEY", "")
DEBUG = env.bool("DEBUG", False)
ALLOWED_HOSTS = env.list("ALLOWED_HOSTS", ["localhost", "127.0.0.1", "[::1]", "testserver"])
# Sign-in by name alone, for the demo artists of `make run`.
DEMO_SIGN_IN = env.bool("DEMO_SIGN_IN", False)

DATABASES = {
    "default": dj_database_url.parse(
        env.str("DATABASE_URL", "postgresql://postgres@127.0.0.1:5432/style_license"),
        conn_max_age=env.int("CONN_MAX_AGE", 600),
        conn_health_checks=True,
        engine="speed.database",
    )
}
DEFAULT_AUTO_FIELD = "django.db.models.BigAutoField"

# --- Adapters: chosen by what is set ----------------------------------------------------------

# Empty: the outbox table itself is the queue, for one local worker.
AMQP_URL = env.str("AMQP_URL", "")
REDIS_URL = env.str("REDIS_URL", "")
if REDIS_URL:
    CACHES = {
        "default": {
            "BACKEND": "django_redis.cache.RedisCache",
            "LOCATION": REDIS_URL,
            "OPTIONS": {
                "IGNORE_EXCEPTIONS": True,
                # A cache that takes longer is worse than none.
                "SOCKET_TIMEOUT": 0.5,
                "SOCKET_CONNECT_TIMEOUT": 0.5,
            },
        }
    }
else:
    CACHES = {
        "default": {
            "BACKEND": "django.core.cache.backends.locmem.LocMemCache",
            "OPTIONS": {"MAX_ENTRIES": 100_000},
        }
    }

# How long a process gives everybody who is not signed in the same feed, styles and tags.
PAGE_CACHE_SECONDS = env.float("PAGE_CACHE_SECONDS", 0)

# Empty: files lie under DATA_DIR/media and are served by signed links.
S3_BUCKET = env.str("S3_BUCKET", "")
S3_ENDPOINT_URL = env.str("S3_ENDPOINT_URL", "")
MEDIA_ROOT = DATA_DIR / "media"
# Links to files die after this many seconds at the latest.
MEDIA_LINK_SECONDS = env.int("MEDIA_LINK_SECONDS", 3600)
# Where nginx finds the files of MEDIA_ROOT; empty: the web process sends them itself.
MEDIA_ACCEL_LOCATION = ""
_files: dict[str, object] = {
    "BACKEND": "django.core.files.storage.FileSystemStorage",
    "OPTIONS": {"location": str(MEDIA_ROOT)},
}
if S3_BUCKET:
    _files = {
        "BACKEND": "app.utils.s3_storage.PrivateS3Storage",
        "OPTIONS": {
            "bucket_name": S3_BUCKET,
            "endpoint_url": S3_ENDPOINT_URL or None,
            "region_name": env.str("AWS_DEFAULT_REGION", "") or None,
            "querystring_expire": MEDIA_LINK_SECONDS,
        },
    }
STORAGES = {
    "default": _files,
    "staticfiles": {"BACKEND": "whitenoise.storage.CompressedStaticFilesStorage"},
}

# --- Marketplace ------------------------------------------------------------------------------

WELCOME_BONUS_TOKENS = env.int("WELCOME_BONUS_TOKENS", 100)
# The platform's share of what a picture costs, in percent.
PLATFORM_FEE_PERCENT = env.int("PLATFORM_FEE_PERCENT", 0)
# What a picture of high priority costs, times the price of a normal one; and how many shares of the
# workers it has: see docs/queue.md.
PRIORITY_PRICE_FACTOR = env.decimal("PRIORITY_PRICE_FACTOR", Decimal("1.5"))
PRIORITY_WEIGHT = env.int("PRIORITY_WEIGHT", 4)
# What artists earn can be paid out after so many days.
EARNINGS_HOLD_DAYS = env.int("EARNINGS_HOLD_DAYS", 7)
# For so many days a decision counts against an account, one may appeal (DSA Art. 20: at least half
# a year), and it is kept who reported, once that is decided.
STRIKE_DAYS = env.int("STRIKE_DAYS", 180)
APPEAL_DAYS = env.int("APPEAL_DAYS", 183)
REPORTER_KEPT_DAYS = env.int("REPORTER_KEPT_DAYS", 183)
# "test" is the gateway of the plan's tests: every payment succeeds. Production must allow it by
# name. "stripe" takes money; "stripe-fake" is devtools/fake_stripe, which speaks as Stripe does.
PAYMENT_GATEWAY = env.str("PAYMENT_GATEWAY", "test")
ALLOW_TEST_GATEWAY = env.bool("ALLOW_TEST_GATEWAY", True)
STRIPE_SECRET_KEY = env.str("STRIPE_SECRET_KEY", "")
# Several at once: of the platform's events and of the artists' accounts, and while one is changed.
STRIPE_WEBHOOK_SECRETS = list_of(os.environ, "STRIPE_WEBHOOK_SECRET")
# Empty: Stripe itself.
STRIPE_API_BASE = env.str("STRIPE_API_BASE", "")
STRIPE_AUTOMATIC_TAX = env.bool("STRIPE_AUTOMATIC_TAX", False)
# What buyers read on their statement, after the name of the platform's account.
STATEMENT_DESCRIPTOR = env.str("STATEMENT_DESCRIPTOR", "TOKENS")
# Prices are whole numbers of the currency's smallest unit, this one of 100 tokens.
CURRENCY = env.str("CURRENCY", "usd")
TOKEN_PRICE = env.int("TOKEN_PRICE", 100)
# By the tokens in them, the price of packs; any other hundred costs what TOKEN_PRICE says.
TOKEN_PACKS = {
    int(tokens): int(price)
    for tokens, _, price in (pack.partition(":") for pack in list_of(os.environ, "TOKEN_PACKS"))
}
# For how long buyers may give back what they have not used.
REFUND_DAYS = env.int("REFUND_DAYS", 14)
# Whether a dispute that was lost ends the licences of what was bought with the money.
DISPUTE_REVOKES_LICENCES = env.bool("DISPUTE_REVOKES_LICENCES", False)
# What 100 earned tokens are paid out as, in the currency's smallest unit, and the least payout.
TOKEN_VALUE = env.int("TOKEN_VALUE", 100)
PAYOUT_MINIMUM = env.int("PAYOUT_MINIMUM", 1000)
# What a worker authenticates with; several at once, so that they can be rotated.
INTERNAL_API_TOKENS = environment.internal_api_tokens(os.environ) or [environment.DEVELOPMENT_TOKEN]
# What styles are learned with, the usual one first. Each has workers of its own.
ENGINES = list_of(os.environ, "ENGINES") or [DEFAULT_ENGINE]
TRAINING_EPOCHS = env.int("TRAINING_EPOCHS", 3)
# As the workers of the engine diffusion have it.
DIFFUSION_MAX_RANK = env.int("DIFFUSION_MAX_RANK", HIGHEST_RANK)
# A job without a sign of life for this long is given to another worker.
JOB_LEASE_SECONDS = env.int("JOB_LEASE_SECONDS", 300)
# A job that waits in a queue is not lost, only late; past this it is taken to be lost all the same.
QUEUE_LEASE_SECONDS = env.int("QUEUE_LEASE_SECONDS", 3600)
# A message that the relay could not hand over for this long makes /api/ready say so.
OUTBOX_MAX_AGE_SECONDS = env.int("OUTBOX_MAX_AGE_SECONDS", 60)
# How many tasks wait in the broker for each worker; the others wait in the outbox, in fair order.
JOBS_AHEAD = env.int("JOBS_AHEAD", 2)
JOB_MAX_ATTEMPTS = env.int("JOB_MAX_ATTEMPTS", 3)
# Seconds to wait before the first, second and third attempt.
JOB_RETRY_DELAYS = [int(seconds) for seconds in env.list("JOB_RETRY_DELAYS", ["0", "30", "120"])]

# Webhooks are sent to public addresses by https. Development may send to this machine.
WEBHOOK_ALLOW_HTTP = env.bool("WEBHOOK_ALLOW_HTTP", False)
WEBHOOK_ALLOW_LOOPBACK = env.bool("WEBHOOK_ALLOW_LOOPBACK", True)

# E-mail. Without a server, development writes mails as files, and production sends none.
SMTP_URL = env.str("SMTP_URL", "")
MAIL_FROM = env.str("MAIL_FROM", "Style License <style-license@localhost>")
globals().update(mail.settings_of(SMTP_URL, str(DATA_DIR / "mail")))

# --- Django -----------------------------------------------------------------------------------

INSTALLED_APPS = [
    "unfold",
    "django.contrib.admin",
    "django.contrib.auth",
    "django.contrib.contenttypes",
    "django.contrib.sessions",
    "django.contrib.messages",
    "django.contrib.postgres",
    "django.contrib.staticfiles",
    "corsheaders",
    "django_htmx",
    "rest_framework",
    "drf_spectacular",
    "drf_spectacular_sidecar",
    "allauth",
    "allauth.account",
    "allauth.socialaccount",
    "allauth.socialaccount.providers.google",
    "allauth.socialaccount.providers.github",
    "allauth.socialaccount.providers.apple",
    "app",
    "web",
    # Commands for developers. No image has them.
    *(["devtools"] if DEVELOPMENT and find_spec("devtools") else []),
]

# Origins of front ends that are served from elsewhere.
CORS_ALLOWED_ORIGINS: list[str] = env.list("CORS_ALLOWED_ORIGINS", [])

UNFOLD = {"SITE_TITLE": "Style License", "SITE_HEADER": "Style License"}

MIDDLEWARE = [
    # What adds headers comes first, so that errors and redirects carry them too.
    "app.http.middleware.RequestIdMiddleware",
    "app.http.middleware.MetricsMiddleware",
    "app.http.middleware.BrowserHeadersMiddleware",
    "django.middleware.security.SecurityMiddleware",
    "app.http.middleware.ContentPolicyMiddleware",
    "app.http.middleware.BrowserPolicyMiddleware",
    "django.middleware.clickjacking.XFrameOptionsMiddleware",
    "app.http.middleware.PagesOnlyEndMiddleware",
    "app.http.middleware.ApiErrorMiddleware",
    "app.http.middleware.EdgeMiddleware",
    "app.http.middleware.TrailingSlashMiddleware",
    "whitenoise.middleware.WhiteNoiseMiddleware",
    *(["corsheaders.middleware.CorsMiddleware"] if CORS_ALLOWED_ORIGINS else []),
    "app.http.page_cache.PageCacheMiddleware",
    "django.contrib.sessions.middleware.SessionMiddleware",
    "django.middleware.common.CommonMiddleware",
    "django.middleware.csrf.CsrfViewMiddleware",
    "app.http.authentication.AccountMiddleware",
    "app.http.middleware.PagesOnlyMiddleware",
    "web.middleware.SiteLocaleMiddleware",
    "django.contrib.messages.middleware.MessageMiddleware",
    "allauth.account.middleware.AccountMiddleware",
    "django_htmx.middleware.HtmxMiddleware",
    "web.middleware.SiteMiddleware",
    "app.http.middleware.PagesOnlyEndMiddleware",
]

# For developers, where it is installed. Production neither installs it nor starts with DEBUG.
DEBUG_TOOLBAR = DEBUG and find_spec("debug_toolbar") is not None
if DEBUG_TOOLBAR:
    INSTALLED_APPS.append("debug_toolbar")
    _before = MIDDLEWARE.index("app.http.page_cache.PageCacheMiddleware")
    MIDDLEWARE.insert(_before, "debug_toolbar.middleware.DebugToolbarMiddleware")
    INTERNAL_IPS = ["127.0.0.1", "::1"]

TEMPLATES = [
    {
        "BACKEND": "django.template.backends.django.DjangoTemplates",
        "APP_DIRS": True,
        "OPTIONS": {
            "context_processors": [
                "django.template.context_processors.request",
                "django.contrib.auth.context_processors.auth",
                "django.contrib.messages.context_processors.messages",
                "web.context.site",
            ]
        },
    }
]

ROOT_URLCONF = "config.urls"
WSGI_APPLICATION = "config.wsgi.application"
AUTH_USER_MODEL = "app.User"
AUTH_PASSWORD_VALIDATORS = [
    {"NAME": "django.contrib.auth.password_validation.MinimumLengthValidator"},
    {"NAME": "django.contrib.auth.password_validation.CommonPasswordValidator"},
]
LANGUAGE_CODE = "en"
LANGUAGES = [("en", "English"), ("ko", "한국어")]
LOCALE_PATHS = [BASE_DIR / "web" / "locale"]
LANGUAGE_COOKIE_AGE = 31_536_000
LANGUAGE_COOKIE_SAMESITE = "Lax"
LOGIN_URL = "/sign-in"
TIME_ZONE = "UTC"
USE_TZ = True
# Every API path works with and without its trailing slash; nothing redirects between the two.
APPEND_SLASH = False
STATIC_URL = "/static/"
STATIC_ROOT = Path(env.str("STATIC_ROOT", str(BASE_DIR / "staticfiles")))
WHITENOISE_USE_FINDERS = True
TEST_RUNNER = "devtools.test_runner.PytestRunner"

# An upload is at most 100 pictures of 10 MB and a few short fields. Files go to disk, not memory.
DATA_UPLOAD_MAX_MEMORY_SIZE = 2 * 1024 * 1024
DATA_UPLOAD_MAX_NUMBER_FIELDS = 1000
DATA_UPLOAD_MAX_NUMBER_FILES = 110
FILE_UPLOAD_MAX_MEMORY_SIZE = 256 * 1024

SESSION_ENGINE = "app.http.authentication"
SESSION_COOKIE_HTTPONLY = True
SESSION_COOKIE_SAMESITE = "Lax"
SESSION_COOKIE_AGE = 1_209_600
CSRF_COOKIE_SAMESITE = "Lax"
CSRF_FAILURE_VIEW = "app.http.errors.csrf_failure"
CSRF_TRUSTED_ORIGINS: list[str] = env.list("CSRF_TRUSTED_ORIGINS", [])
CORS_ALLOW_CREDENTIALS = True
CORS_EXPOSE_HEADERS = [
    *("X-Request-ID", "Idempotent-Replayed", "Retry-After"),
    *("RateLimit-Limit", "RateLimit-Remaining", "RateLimit-Reset"),
]
SECURE_REFERRER_POLICY = "same-origin"

# Scripts and styles are our own files. Pictures come from us or, by presigned links, from S3;
# data: are their tiny previews, blob: what somebody is about to upload.
_picture_origins = ["'self'", "data:", "blob:"]
if S3_BUCKET:
    _picture_origins.append(S3_ENDPOINT_URL or "https://*.amazonaws.com")
# A form of ours may lead on to the payment provider's pages.
_form_targets = ["'self'"]
if PAYMENT_GATEWAY == "stripe":
    _form_targets += ["https://checkout.stripe.com", "https://connect.stripe.com"]
elif PAYMENT_GATEWAY == "stripe-fake" and STRIPE_API_BASE:
    _form_targets.append(STRIPE_API_BASE)
CONTENT_SECURITY_POLICY = {
    "DIRECTIVES": {
        "default-src": ["'self'"],
        "script-src": ["'self'"],
        "img-src": _picture_origins,
        "object-src": ["'none'"],
        "base-uri": ["'none'"],
        "frame-ancestors": ["'none'"],
        "form-action": _form_targets,
    },
}
# By the beginning of the path. Swagger and the admin set styles from their scripts, and the admin's
# Alpine.js compiles the expressions in its attributes; neither needs a script within a page.
_OWN_STYLES = {"style-src": ["'self'", "'unsafe-inline'"]}
CONTENT_SECURITY_POLICY_ADDITIONS: dict[str, dict[str, list[str]]] = {
    "/api/docs": _OWN_STYLES,
    "/admin/": {**_OWN_STYLES, "script-src": ["'unsafe-eval'"]},
}
# Features of browsers that no page here uses.
_unused = (
    *("accelerometer", "browsing-topics", "camera", "display-capture", "geolocation"),
    *("gyroscope", "magnetometer", "microphone", "midi", "payment", "usb"),
)
PERMISSIONS_POLICY = ", ".join(f"{feature}=()" for feature in _unused)

# --- Sign-in ----------------------------------------------------------------------------------

AUTHENTICATION_BACKENDS = ["allauth.account.auth_backends.AuthenticationBackend"]
ACCOUNT_LOGIN_METHODS = {"username"}
ACCOUNT_SIGNUP_FIELDS = ["username*", "email"]
ACCOUNT_EMAIL_VERIFICATION = "none"
# Who somebody is says the provider's own id for them, not their e-mail address.
ACCOUNT_UNIQUE_EMAIL = False
SOCIALACCOUNT_ONLY = True
SOCIALACCOUNT_LOGIN_ON_GET = True
SOCIALACCOUNT_STORE_TOKENS = False
SOCIALACCOUNT_AUTO_SIGNUP = True
SOCIALACCOUNT_ADAPTER = "app.sign_in.SocialAdapter"
LOGIN_REDIRECT_URL = "/"

# Empty: sign-in with Google is not set up, and says so.
GOOGLE_CLIENT_ID = env.str("GOOGLE_CLIENT_ID", "")
# A provider that does not put the e-mail address into the id token by itself is asked for it with
# the OpenID "claims" parameter.
_claims = env.str("GOOGLE_CLAIMS", "")
SOCIALACCOUNT_PROVIDERS: dict[str, dict[str, Any]] = {
    "google": {
        "provider_class": "app.sign_in.GoogleProvider",
        "APPS": [{"client_id": GOOGLE_CLIENT_ID, "secret": env.str("GOOGLE_CLIENT_SECRET", "")}],
        "SCOPE": ["openid", "email", "profile"],
        "AUTH_PARAMS": {"access_type": "online"} | ({"claims": _claims} if _claims else {}),
        "OAUTH_PKCE_ENABLED": True,
        # Another OpenID provider can stand in for Google, e.g. in tests.
        "AUTHORIZE_URL": env.str(
            "GOOGLE_AUTHORIZE_URL", "https://accounts.google.com/o/oauth2/v2/auth"
        ),
        "ACCESS_TOKEN_URL": env.str(
            "GOOGLE_ACCESS_TOKEN_URL", "https://oauth2.googleapis.com/token"
        ),
        "CERTS_URL": env.str("GOOGLE_CERTS_URL", "https://www.googleapis.com/oauth2/v3/certs"),
        "ID_TOKEN_ISSUER": env.str("GOOGLE_ID_TOKEN_ISSUER", "https://accounts.google.com"),
    },
    # The others are there once they are set up: without an id of ours, nobody sees them.
    "github": {
        "provider_class": "app.other_sign_in.GitHubProvider",
        "APPS": [
            {
                "client_id": env.str("GITHUB_CLIENT_ID", ""),
                "secret": env.str("GITHUB_CLIENT_SECRET", ""),
            }
        ],
        "SCOPE": ["user:email"],
        "OAUTH_PKCE_ENABLED": True,
        "AUTHORIZE_URL": env.str(
            "GITHUB_AUTHORIZE_URL", "https://github.com/login/oauth/authorize"
        ),
        "ACCESS_TOKEN_URL": env.str(
            "GITHUB_ACCESS_TOKEN_URL", "https://github.com/login/oauth/access_token"
        ),
        "API_URL": env.str("GITHUB_API_URL", "https://api.github.com"),
    },
    "apple": {
        "provider_class": "app.other_sign_in.AppleProvider",
        "APPS": [
            {
                "client_id": env.str("APPLE_CLIENT_ID", ""),
                "secret": env.str("APPLE_KEY_ID", ""),
                "key": env.str("APPLE_TEAM_ID", ""),
                "settings": {
                    "certificate_key": env.str("APPLE_PRIVATE_KEY", "").replace("\\n", "\n")
                },
            }
        ],
        "SCOPE": ["name", "email"],
        "AUTHORIZE_URL": env.str("APPLE_AUTHORIZE_URL", "https://appleid.apple.com/auth/authorize"),
        "ACCESS_TOKEN_URL": env.str(
            "APPLE_ACCESS_TOKEN_URL", "https://appleid.apple.com/auth/token"
        ),
        "CERTS_URL": env.str("APPLE_CERTS_URL", "https://appleid.apple.com/auth/keys"),
        "ID_TOKEN_ISSUER": env.str("APPLE_ID_TOKEN_ISSUER", "https://appleid.apple.com"),
    },
}

# --- API --------------------------------------------------------------------------------------

REST_FRAMEWORK = {
    "DEFAULT_AUTHENTICATION_CLASSES": [
        "app.http.authentication.ApiKeyAuthentication",
        "app.http.authentication.SessionAuthentication",
    ],
    "DEFAULT_THROTTLE_CLASSES": ["app.http.throttling.ApiThrottle"],
    "DEFAULT_PERMISSION_CLASSES": ["rest_framework.permissions.IsAuthenticated"],
    "DEFAULT_RENDERER_CLASSES": ["app.http.bodies.EnvelopeRenderer"],
    "DEFAULT_PARSER_CLASSES": [
        f"app.http.bodies.{kind}Parser" for kind in ("Json", "MultiPart", "Form")
    ],
    "DEFAULT_SCHEMA_CLASS": "app.http.schema.EnvelopeSchema",
    "DEFAULT_CONTENT_NEGOTIATION_CLASS": "app.http.bodies.AlwaysJson",
    "URL_FORMAT_OVERRIDE": None,
    "DEFAULT_PAGINATION_CLASS": "app.http.pagination.CustomCursorPagination",
    "PAGE_SIZE": 20,
    "EXCEPTION_HANDLER": "app.utils.exception_handler.custom_exception_handler",
    "UNAUTHENTICATED_USER": "django.contrib.auth.models.AnonymousUser",
    "TEST_REQUEST_DEFAULT_FORMAT": "json",
}

# At most so many requests in so many seconds, for each user or address. Empty: no limit.
RATE_LIMITS = {
    "sign_in": env.str("RATE_LIMIT_SIGN_IN", "600/300" if DEMO_SIGN_IN else "5/300"),
    # New accounts of one address.
    "sign_up": env.str("RATE_LIMIT_SIGN_UP", "600/300" if DEMO_SIGN_IN else "10/3600"),
    "generate": env.str("RATE_LIMIT_GENERATE", "6/60"),
    "orders": env.str("RATE_LIMIT_ORDERS", "30/60"),
    "verify": env.str("RATE_LIMIT_VERIFY", "20/60"),
    "reports": env.str("RATE_LIMIT_REPORTS", "10/600"),
    # Receipts, and all mails, to one address that somebody has typed, who need not own it.
    "receipts": env.str("RATE_LIMIT_RECEIPTS", "5/86400"),
    "report_mails": env.str("RATE_LIMIT_REPORT_MAILS", "20/86400"),
    "user": env.str("RATE_LIMIT_USER", "100/60"),
    "anonymous": env.str("RATE_LIMIT_ANONYMOUS", "50/60"),
}
# How many pictures of one buyer are in work at once; more wait until some of these have ended.
MAX_IN_WORK = env.int("MAX_IN_WORK", 100)
# The same of who has bought tokens.
MAX_IN_WORK_PAID = env.int("MAX_IN_WORK_PAID", 500)
# How many pictures of one buyer may wait.
MAX_WAITING = env.int("MAX_WAITING", 2000)
# What looks for nudity in pictures: opennsfw, or off. Until it has, a picture counts as mature.
PICTURE_CHECK = env.str("PICTURE_CHECK", "opennsfw")
# From which score on a picture is mature, and is held for our staff (docs/safety.md).
PICTURE_MATURE_FROM = env.float("PICTURE_MATURE_FROM", 0.5)
PICTURE_BLOCKED_FROM = env.float("PICTURE_BLOCKED_FROM", 0.9)
# Files of the operator: refused words, besides ours; names of artists, in place of ours.
REFUSED_WORDS_FILE = env.str("REFUSED_WORDS_FILE", "")
ABSENT_ARTISTS_FILE = env.str("ABSENT_ARTISTS_FILE", "")
# How many of our own proxies stand before the web processes and append to X-Forwarded-For.
TRUSTED_PROXIES = env.int("TRUSTED_PROXIES", 0)

# --- Logs -------------------------------------------------------------------------------------

LOG_LEVEL = env.str("LOG_LEVEL", "INFO")
_STDERR = {"class": "logging.StreamHandler", "formatter": "structured"}
LOGGING = {
    "version": 1,
    "disable_existing_loggers": False,
    "formatters": {"structured": {"()": "app.utils.logs.formatter"}},
    "filters": {"clients_fault": {"()": "app.utils.logs.ClientsFault"}},
    "handlers": {
        "stderr": _STDERR,
        "security": {**_STDERR, "filters": ["clients_fault"]},
    },
    "root": {"handlers": ["stderr"], "level": LOG_LEVEL},
    "loggers": {
        "django.request": {"level": "ERROR"},
        "django.security": {"handlers": ["security"], "propagate": False},
        **{name: {"level": "WARNING"} for name in ("httpx", "pika")},
    },
}
