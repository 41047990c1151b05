"""Settings of the plan, in development and in production."""

from tests.mutate.mutation import in_file

COOKIES = "app/tests/accounts/test_cookies.py"
SHIPPED = "app/tests/http/test_shipped_settings.py"
PRODUCTION = "app/tests/http/test_environment.py::test_the_settings_are_those_of_the_plan"

MUTATIONS = (
    *in_file(
        "config/settings.py",
        ("session-age", "SESSION_COOKIE_AGE = 1_209_600", "SESSION_COOKIE_AGE = 600", COOKIES),
        (
            "session-samesite",
            'SESSION_COOKIE_SAMESITE = "Lax"',
            'SESSION_COOKIE_SAMESITE = "None"',
            COOKIES,
        ),
        (
            "session-httponly",
            "SESSION_COOKIE_HTTPONLY = True",
            "SESSION_COOKIE_HTTPONLY = False",
            COOKIES,
        ),
        ("csrf-samesite", 'CSRF_COOKIE_SAMESITE = "Lax"', 'CSRF_COOKIE_SAMESITE = "None"', COOKIES),
        (
            "csrf-httponly",
            'CSRF_COOKIE_SAMESITE = "Lax"',
            'CSRF_COOKIE_SAMESITE = "Lax"\nCSRF_COOKIE_HTTPONLY = True',
            COOKIES,
        ),
        (
            "cors-cookies",
            "CORS_ALLOW_CREDENTIALS = True",
            "CORS_ALLOW_CREDENTIALS = False",
            "app/tests/http/test_cors.py",
        ),
        (
            "cors-of-all",
            "CORS_ALLOW_CREDENTIALS = True",
            "CORS_ALLOW_CREDENTIALS = CORS_ALLOW_ALL_ORIGINS = True",
            "app/tests/http/test_cors.py",
        ),
        ("conn-max-age", '"CONN_MAX_AGE", 600', '"CONN_MAX_AGE", 0', SHIPPED, PRODUCTION),
        ("conn-health-checks", "conn_health_checks=True", "conn_health_checks=False", SHIPPED),
        ("welcome-bonus", '"WELCOME_BONUS_TOKENS", 100', '"WELCOME_BONUS_TOKENS", 10', SHIPPED),
        ("platform-fee", '"PLATFORM_FEE_PERCENT", 0', '"PLATFORM_FEE_PERCENT", 10', SHIPPED),
        ("link-lifetime", '"MEDIA_LINK_SECONDS", 3600', '"MEDIA_LINK_SECONDS", 7200', SHIPPED),
        ("job-lease", '"JOB_LEASE_SECONDS", 300', '"JOB_LEASE_SECONDS", 30', SHIPPED),
        ("queue-lease", '"QUEUE_LEASE_SECONDS", 3600', '"QUEUE_LEASE_SECONDS", 36_000', SHIPPED),
        ("job-attempts", '"JOB_MAX_ATTEMPTS", 3', '"JOB_MAX_ATTEMPTS", 2', SHIPPED),
        ("retry-delays", '["0", "30", "120"]', '["0", "3", "12"]', SHIPPED),
        ("limit-sign-in", 'else "5/300"', 'else "50/300"', SHIPPED),
        (
            "limit-generate",
            '"RATE_LIMIT_GENERATE", "6/60"',
            '"RATE_LIMIT_GENERATE", "6/6"',
            SHIPPED,
        ),
        ("limit-user", '"RATE_LIMIT_USER", "100/60"', '"RATE_LIMIT_USER", "1000/60"', SHIPPED),
        ("limit-anonymous", '"50/60"', '"500/60"', SHIPPED),
        (
            "views-are-closed",
            '"DEFAULT_PERMISSION_CLASSES": ["rest_framework.permissions.IsAuthenticated"]',
            '"DEFAULT_PERMISSION_CLASSES": ["rest_framework.permissions.AllowAny"]',
            "app/tests/http/test_http.py::test_a_view_without_a_class_of_its_own_is_refused_by_default",
        ),
    ),
    *in_file(
        "config/settings_production.py",
        ("debug", "\nDEBUG = False", "\nDEBUG = True", PRODUCTION),
        ("ssl-redirect", "SECURE_SSL_REDIRECT = True", "SECURE_SSL_REDIRECT = False", PRODUCTION),
        (
            "hsts-seconds",
            "SECURE_HSTS_SECONDS = 31_536_000",
            "SECURE_HSTS_SECONDS = 3600",
            PRODUCTION,
        ),
        (
            "hsts-subdomains",
            "SECURE_HSTS_INCLUDE_SUBDOMAINS = True",
            "SECURE_HSTS_INCLUDE_SUBDOMAINS = False",
            PRODUCTION,
        ),
        (
            "session-secure",
            "SESSION_COOKIE_SECURE = True",
            "SESSION_COOKIE_SECURE = False",
            PRODUCTION,
        ),
        ("csrf-secure", "CSRF_COOKIE_SECURE = True", "CSRF_COOKIE_SECURE = False", PRODUCTION),
        ("proxy-header", '"HTTP_X_FORWARDED_PROTO"', '"HTTP_X_FORWARDED_SSL"', PRODUCTION),
        (
            "nosniff",
            "SECURE_CONTENT_TYPE_NOSNIFF = True",
            "SECURE_CONTENT_TYPE_NOSNIFF = False",
            PRODUCTION,
        ),
        (
            "frames",
            'X_FRAME_OPTIONS = "DENY"',
            'X_FRAME_OPTIONS = "SAMEORIGIN"',
            "app/tests/http/test_environment.py::TestCommands::test_deployment_checks_are_clean",
        ),
        (
            "free-purchases",
            'env.bool("ALLOW_TEST_GATEWAY", False)',
            'env.bool("ALLOW_TEST_GATEWAY", True)',
            PRODUCTION,
        ),
        (
            "known-hosts",
            'ALLOWED_HOSTS = env.list("ALLOWED_HOSTS")',
            'ALLOWED_HOSTS = ["*"]',
            PRODUCTION,
        ),
    ),
    *in_file(
        "config/settings_static.py",
        ("static-root", '"STATIC_ROOT", "/app/staticfiles"', '"STATIC_ROOT", "/app"', PRODUCTION),
        (
            "static-names",
            "whitenoise.storage.CompressedManifestStaticFilesStorage",
            "django.contrib.staticfiles.storage.StaticFilesStorage",
            PRODUCTION,
        ),
    ),
)
