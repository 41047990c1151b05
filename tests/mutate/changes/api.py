"""The API's own promises: sign-in, errors, health, what browsers and programs can rely on."""

from tests.mutate.mutation import Mutation, in_file

ACCESS = "app/tests/accounts/test_access.py"
USERS = "app/tests/accounts/test_users.py"
HTTP = "app/tests/http/test_http.py"
ERRORS = f"{HTTP}::TestTheTableOfErrors"
INDEXES = "app/tests/speed/test_indexes.py"
DOCKERFILE = "tests/production/test_dockerfile.py"

MUTATIONS: tuple[Mutation, ...] = (
    *in_file(
        "app/views/auth.py",
        (
            "logout-ends-the-session",
            'logout(request)\n        return self.show({"signed_out": True})',
            'return self.show({"signed_out": True})',
            USERS,
        ),
        (
            "csrf-cookie-is-set",
            '@method_decorator(ensure_csrf_cookie, name="dispatch")\n',
            "",
            USERS,
        ),
        (
            "demo-is-limited",
            'return "sign_in" if self.action == "demo" else None',
            "return None",
            "app/tests/http/test_rate_limits.py",
        ),
    ),
    *in_file(
        "app/services/user_service.py",
        (
            "demo-is-asked-for",
            "    if not settings.DEMO_SIGN_IN:\n",
            "    if False:\n",
            f"{ACCESS}::test_the_table_of_who_may_do_what",
        ),
    ),
    *in_file(
        "app/views/health.py",
        (
            "health-tells-of-the-database",
            '{"status": "error", "database": "unavailable"}, status=503',
            '{"status": "ok", "database": "connected"}',
            f"{HTTP}::TestHealth",
        ),
        (
            "readiness-tells",
            "status=200 if now.is_ready else 503",
            "status=200",
            "app/tests/http/test_ready.py",
        ),
    ),
    *in_file(
        "app/urls.py",
        (
            "callback-address",
            '"auth/google/callback"',
            '"auth/google/back"',
            f"{ACCESS}::test_every_route_has_a_row",
        ),
    ),
    *in_file(
        "app/utils/exception_handler.py",
        (
            "poor-is-402",
            "domain.InsufficientTokensError: 402",
            "domain.InsufficientTokensError: 400",
            ERRORS,
            "app/tests/orders/test_generate.py::TestOrdering",
        ),
        (
            "contradiction-is-409",
            "domain.InvalidTransition: 409",
            "domain.InvalidTransition: 400",
            ERRORS,
            "app/tests/orders/test_generation_reports.py::TestStates",
        ),
        (
            "wait-is-told",
            '{"Retry-After": str(error.seconds)}',
            '{"X-Retry-After": str(error.seconds)}',
            "app/tests/http/test_rate_limits.py",
        ),
    ),
    *in_file(
        "app/utils/error_bodies.py",
        (
            "errors-say-no-success",
            '{"success": False, "error": error}',
            '{"success": True, "error": error}',
            HTTP,
        ),
    ),
    *in_file(
        "app/http/middleware.py",
        (
            "request-id-is-answered",
            '        response["X-Request-ID"] = chosen\n',
            "",
            f"{HTTP}::TestRequestIds",
        ),
    ),
    *in_file(
        "app/services/rate_limit_service.py",
        (
            "window-slides",
            "while times and times[0] <= now - limit.seconds:",
            "while times and times[-1] <= now - limit.seconds:",
            "app/tests/http/test_rate_limits.py",
        ),
        (
            "window-in-redis",
            "if count < tonumber(ARGV[3]) then",
            "if count <= tonumber(ARGV[3]) then",
            "app/tests/http/test_rate_limits.py",
        ),
    ),
    *in_file(
        "app/http/addresses.py",
        (
            "address-is-our-proxys",
            "_counted_as_one(hops[-proxies])",
            "_counted_as_one(hops[0])",
            "app/tests/http/test_rate_limits.py",
        ),
    ),
    *in_file(
        "speed/database/base.py",
        (
            "slow-statements",
            "SLOW_SECONDS = 0.1",
            "SLOW_SECONDS = 1.0",
            "app/tests/speed/test_slow_statements.py",
        ),
    ),
    *in_file(
        "config/settings.py",
        (
            "whitenoise-serves",
            '    "whitenoise.middleware.WhiteNoiseMiddleware",\n',
            "",
            "app/tests/http/test_served_static.py",
        ),
    ),
    *in_file(
        "app/migrations/0001_initial.py",
        (
            "index-of-styles",
            "fields=['created_at', 'training_status'], name='style_created_status'",
            "fields=['training_status'], name='style_created_status'",
            INDEXES,
        ),
        (
            "index-of-pictures",
            "fields=['user', '-created_at', '-id'], name='generation_by_user'",
            "fields=['user', '-id'], name='generation_by_user'",
            INDEXES,
        ),
    ),
    *in_file(
        "app/migrations/0005_hot_plans.py",
        (
            "index-of-transactions",
            'models.Index(PARTY, *NEWEST, name="transaction_party")',
            'models.Index(*NEWEST, name="transaction_party")',
            INDEXES,
        ),
    ),
    *in_file(
        "Dockerfile",
        (
            "static-collected",
            "DJANGO_SETTINGS_MODULE=config.settings_static \\\n    python manage.py collectstatic",
            "DJANGO_SETTINGS_MODULE=config.settings_static \\\n    python manage.py check",
            DOCKERFILE,
        ),
        (
            "production-in-the-image",
            "ENV DJANGO_SETTINGS_MODULE=config.settings_production",
            "ENV DJANGO_SETTINGS_MODULE=config.settings",
            DOCKERFILE,
        ),
    ),
)
