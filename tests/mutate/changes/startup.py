"""What production asks of its environment, and how its web server is set up."""

from tests.mutate.mutation import Mutation, in_file

ENVIRONMENT = "app/tests/http/test_environment.py::TestRefusal"
GUNICORN = "tests/test_gunicorn.py"
START = "tests/test_start.py"
ASKED = "app/tests/http/test_asking_for_development.py"
# A rule that finds nothing wrong.
FINE = 'lambda environment: ""'


def never_asked(*names: str) -> tuple[tuple[str, str, str, str], ...]:
    """For each variable, a rule that takes whatever is there, or is not."""
    given = ((name, f'given("{name}")') for name in names)
    return tuple(
        (f"required-{name.lower()}".replace("_", "-"), rule, FINE, ENVIRONMENT)
        for name, rule in given
    )


MUTATIONS: tuple[Mutation, ...] = (
    *in_file(
        "config/environment.py",
        (
            "production-unless-asked",
            "return DEVELOPMENT_SETTINGS if is_development(environment) else PRODUCTION_SETTINGS",
            "return DEVELOPMENT_SETTINGS",
            ASKED,
        ),
        (
            "deployed-commands-are-productions",
            'if value_of(environment, "DJANGO_ENV") or command in _DEPLOYED_COMMANDS:',
            'if value_of(environment, "DJANGO_ENV"):',
            ASKED,
        ),
        (
            "database-alone-is-production",
            '_OF_DEPLOYMENTS = ("DATABASE_URL", ',
            "_OF_DEPLOYMENTS = (",
            ASKED,
        ),
    ),
    *in_file(
        "config/environment.py",
        (
            "development-is-asked-for",
            "        if not is_development(environment):\n            return NOT_ASKED_FOR\n",
            "",
            ASKED,
        ),
    ),
    *in_file(
        "serving/this_machine.py",
        (
            "development-answers-this-machine",
            "return (mapped or address).is_loopback",
            "return True",
            f"{START}::test_development_answers_nobody_elses_machine",
        ),
    ),
    *in_file(
        "serving/settings.py",
        (
            "development-on-loopback",
            'default = "127.0.0.1:8000" if development else "0.0.0.0:8000"',
            'default = "0.0.0.0:8000"',
            f"{START}::test_what_gunicorn_listens_on_by_itself",
        ),
        (
            "development-listens-to-nobody-else",
            "if is_development(environment) and not is_this_machine",
            "if False and not is_this_machine",
            f"{START}::test_development_does_not_listen_for_others",
        ),
    ),
    *in_file(
        "config/environment.py",
        *never_asked(
            *("GOOGLE_CLIENT_ID", "GOOGLE_CLIENT_SECRET", "S3_BUCKET"),
            *("AWS_ACCESS_KEY_ID", "AWS_SECRET_ACCESS_KEY"),
        ),
        (
            "required-secret-key",
            '"SECRET_KEY")\n    return _weakness(key) if key else "is missing"',
            '"SECRET_KEY")\n    return _weakness(key) if key else ""',
            ENVIRONMENT,
        ),
        (
            "required-licence-key",
            'SECRET_KEY again"\n    return _weakness(key) if key else "is missing"',
            'SECRET_KEY again"\n    return _weakness(key) if key else ""',
            ENVIRONMENT,
        ),
        (
            "required-allowed-hosts",
            '    if not hosts:\n        return "is missing"\n',
            "",
            ENVIRONMENT,
        ),
        (
            "required-internal-api-tokens",
            '    if not tokens:\n        return "is missing"\n',
            "",
            ENVIRONMENT,
        ),
        (
            "required-data-dir",
            '    if not folder:\n        return "is missing"\n',
            '    if not folder:\n        return ""\n',
            ENVIRONMENT,
        ),
        ("known-secret-key", "if key == DEVELOPMENT_SECRET_KEY:", "if False:", ENVIRONMENT),
        ("short-secret-key", "SHORTEST_SECRET_KEY = 50", "SHORTEST_SECRET_KEY = 40", ENVIRONMENT),
        ("known-token", "if DEVELOPMENT_TOKEN in tokens:", "if False:", ENVIRONMENT),
        ("short-token", "SHORTEST_TOKEN = 32", "SHORTEST_TOKEN = 5", ENVIRONMENT),
        (
            "no-debug",
            'error pages would show the program.", is_off("DEBUG"))',
            f'error pages would show the program.", {FINE})',
            ENVIRONMENT,
        ),
        (
            "no-demo-sign-in",
            'it lets anybody in by name.", is_off("DEMO_SIGN_IN"))',
            f'it lets anybody in by name.", {FINE})',
            ENVIRONMENT,
        ),
        ("every-host", 'return "allows every host" if', 'return "" if', ENVIRONMENT),
    ),
    *in_file(
        "config/payments.py",
        (
            "no-free-purchases",
            'return "" if is_allowed else "is the test',
            'return "" if True else "is the test',
            ENVIRONMENT,
        ),
        (
            "no-test-keys-in-production",
            'if "_test_" in key:',
            "if False:",
            ENVIRONMENT,
        ),
        (
            "no-live-keys-without-secret",
            'return "is missing: events',
            'return "" and "is missing: events',
            ENVIRONMENT,
        ),
    ),
    *in_file(
        "config/problems.py",
        (
            "required-addresses",
            '        if not value:\n            return "is missing"\n',
            '        if not value:\n            return ""\n',
            ENVIRONMENT,
        ),
    ),
    *in_file(
        "config/settings_production.py",
        (
            "environment-is-judged",
            "if _problems := refusal_to_start(PRODUCTION_SETTINGS, os.environ):",
            "if False and (_problems := refusal_to_start(PRODUCTION_SETTINGS, os.environ)):",
            ENVIRONMENT,
        ),
    ),
    *in_file(
        "serving/settings.py",
        ("web-bind", 'else "0.0.0.0:8000"', 'else "127.0.0.1:8000"', GUNICORN),
        ("web-port", 'else "0.0.0.0:8000"', 'else "0.0.0.0:8001"', GUNICORN),
        ("web-one-worker", "2 * len(os.sched_getaffinity(0)) + 1", "1", GUNICORN),
        (
            "web-workers",
            "2 * len(os.sched_getaffinity(0)) + 1",
            "len(os.sched_getaffinity(0)) + 2",
            GUNICORN,
        ),
        (
            "web-refuses-bad-environments",
            "if problems := refusal_to_start(named, environment):",
            'if problems := "":',
            f"{START}::test_development_names_what_it_cannot_read",
        ),
    ),
    *in_file(
        "serving/application.py",
        (
            "granian-takes-chunks",
            'return 411 if "HTTP_TRANSFER_ENCODING" in environ else 0',
            "return 0",
            "tests/production/test_edge.py::test_it_is_answered_like_the_api",
        ),
    ),
    *in_file(
        "serving/connections.py",
        (
            "start-counts-connections",
            "if kept + OTHERS <= room:",
            "if True:",
            "tests/production/test_overload.py::"
            "test_the_program_does_not_start_with_more_threads_than_connections",
        ),
    ),
    *in_file(
        "gunicorn.conf.py",
        ("gunicorn-timeout", "timeout = 120\n", "timeout = 5\n", GUNICORN),
        ("gunicorn-access-log", 'accesslog = "-"', "accesslog = None", GUNICORN),
        ("gunicorn-error-log", 'errorlog = "-"', 'errorlog = "/tmp/errors"', GUNICORN),
    ),
)
