"""Settings of production: all from the environment, and none that is fit only for a laptop.

The table of ``config/environment.py`` says what has to be set; ``manage.py check_environment``
shows it.
"""

import os

from django.core.exceptions import ImproperlyConfigured

from config.environment import PRODUCTION_SETTINGS, refusal_to_start

if _problems := refusal_to_start(PRODUCTION_SETTINGS, os.environ):
    raise ImproperlyConfigured(_problems)

# Only now: the settings below would stop at the first variable they cannot read.
from config.settings_static import *  # noqa: F403 - settings on top of settings
from config.settings_static import env

DEBUG = False
DEMO_SIGN_IN = False
SECRET_KEY = env.str("SECRET_KEY")
# Former keys: what they signed stays valid until they are taken out.
SECRET_KEY_FALLBACKS: list[str] = env.list("SECRET_KEY_FALLBACKS", [])
ALLOWED_HOSTS = env.list("ALLOWED_HOSTS")
# Off even by default: the test gateway has to be allowed by name.
ALLOW_TEST_GATEWAY = env.bool("ALLOW_TEST_GATEWAY", False)
# What is within our network is nobody else's to reach.
WEBHOOK_ALLOW_LOOPBACK = False
MAIL_FROM = env.str("MAIL_FROM", "") if env.str("SMTP_URL", "") else ""
# nginx alone stands before the web processes, and sends the one address that it believes.
TRUSTED_PROXIES = env.int("TRUSTED_PROXIES", 1)
PAGE_CACHE_SECONDS = env.float("PAGE_CACHE_SECONDS", 1)
# Files on this machine are handed out by nginx; the web process only checks the link.
MEDIA_ACCEL_LOCATION = "/protected-media/"

# --- HTTPS only -------------------------------------------------------------------------------

# nginx sets this header on every request, so that no client can.
SECURE_PROXY_SSL_HEADER = ("HTTP_X_FORWARDED_PROTO", "https")
SECURE_SSL_REDIRECT = True
# Asked for within the network, at each web process by itself; others are told that it is not there.
SECURE_REDIRECT_EXEMPT = [r"^metrics$"]
SECURE_HSTS_SECONDS = 31_536_000
SECURE_HSTS_INCLUDE_SUBDOMAINS = True
# Being built into browsers is the domain owner's decision, and takes months to undo.
SECURE_HSTS_PRELOAD = env.bool("HSTS_PRELOAD", False)
SILENCED_SYSTEM_CHECKS = ["security.W021"]
SESSION_COOKIE_SECURE = True
CSRF_COOKIE_SECURE = True
LANGUAGE_COOKIE_SECURE = True

# --- What browsers may do (the policies on content and features are those of development) ------

SECURE_CONTENT_TYPE_NOSNIFF = True
SECURE_REFERRER_POLICY = "same-origin"
SECURE_CROSS_ORIGIN_OPENER_POLICY = "same-origin"
X_FRAME_OPTIONS = "DENY"
