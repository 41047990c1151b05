"""Dockerfile, docker-compose.yml and .env.example fit each other, the settings and the tests.

No Docker engine is asked for here. What the containers run, test_production.py runs.
"""

from __future__ import annotations

import fnmatch
import io
import os
import re
import secrets
import shlex
import subprocess
import sys
import tomllib
from collections.abc import Iterator
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import pytest
import yaml
from dotenv import dotenv_values

from app.utils.environment import RULES, refusal
from tests import production

PROJECT = Path(__file__).resolve().parents[1]
COMPOSE = PROJECT / "docker-compose.yml"
EXAMPLE = PROJECT / ".env.example"
CHECK = "python manage.py check_environment"
FILES = "python -m nanio serve --host 0.0.0.0 --port 9000 --data-dir /app/objects --no-access-log"
OUR_COMMANDS = {
    "migrate": [CHECK, production.MIGRATE, production.PREPARE_FILES],
    "backend": [production.BACKEND],
    "relay": [production.RELAY],
    "worker": [production.WORKER],
}
# Empty in the example, for whoever deploys to fill in.
SECRETS = {
    *("SECRET_KEY", "GOOGLE_CLIENT_ID", "GOOGLE_CLIENT_SECRET", "INTERNAL_API_TOKEN"),
    *("POSTGRES_PASSWORD", "RABBITMQ_PASSWORD", "REDIS_PASSWORD"),
    *("AWS_ACCESS_KEY_ID", "AWS_SECRET_ACCESS_KEY"),
}


# --- .env.example -------------------------------------------------------------------------------


def example_names() -> set[str]:
    """Every variable of the example, those in comments too."""
    found = re.findall(r"^#?([A-Z][A-Z0-9_]+)=", EXAMPLE.read_text(), re.MULTILINE)
    assert len(found) == len(set(found)), "a variable is there twice"
    return set(found)


def filled(monkeypatch: pytest.MonkeyPatch, **answers: str) -> dict[str, str]:
    """The example as somebody fills it in, with its references resolved."""
    for name in example_names():
        monkeypatch.delenv(name, raising=False)
    text = EXAMPLE.read_text()
    for name, value in answers.items():
        text, count = re.subn(rf"^{name}=.*$", f"{name}={value}", text, flags=re.MULTILINE)
        assert count == 1, name
    values = dotenv_values(stream=io.StringIO(text), interpolate=True)
    return {name: value or "" for name, value in values.items()}


def test_the_example_names_every_variable_that_has_a_rule() -> None:
    assert {rule.name for rule in RULES} <= example_names()


def test_the_example_names_every_variable_that_the_programs_read() -> None:
    pattern = re.compile(r"""(?:env\.\w+|environ(?:\.get)?)\s*[(\[]\s*"([A-Z][A-Z0-9_]+)["]""")
    read: set[str] = set()
    for file in (
        "config/settings.py",
        "config/settings_static.py",
        "config/settings_production.py",
        "gunicorn.conf.py",
    ):
        read |= set(pattern.findall((PROJECT / file).read_text()))
    # Set by the programs themselves.
    own = {"DJANGO_SETTINGS_MODULE", "PROMETHEUS_MULTIPROC_DIR"}
    assert len(read) > 30
    assert read - own <= example_names()


def test_each_variable_of_the_example_is_used_somewhere() -> None:
    programs = "".join(
        path.read_text()
        for folder in ("config", "worker")
        for path in (PROJECT / folder).glob("*.py")
    )
    programs += (PROJECT / "gunicorn.conf.py").read_text() + COMPOSE.read_text()
    programs += (PROJECT / "app/utils/environment.py").read_text()
    # The S3 client's own.
    unused = {n for n in example_names() if not re.search(rf"\b{n}\b", programs)}
    assert unused == set()


def test_the_example_holds_no_secret_and_is_refused_for_them_alone(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    example = filled(monkeypatch)
    assert {name for name in SECRETS if example[name]} == set()
    named = set(re.findall(r"^  ([A-Z0-9_]+) ", refusal(example), re.MULTILINE))
    # Tokens follow INTERNAL_API_TOKEN; paying by nothing has to be allowed by name.
    assert named == (SECRETS - {"INTERNAL_API_TOKEN", *[n for n in SECRETS if "PASSWORD" in n]}) | {
        "INTERNAL_API_TOKENS",
        "PAYMENT_GATEWAY",
    }


def test_the_example_filled_in_is_good(monkeypatch: pytest.MonkeyPatch) -> None:
    answers = {name: secrets.token_urlsafe(50) for name in SECRETS}
    environment = filled(monkeypatch, **answers, ALLOW_TEST_GATEWAY="1")
    assert refusal(environment) == ""
    assert answers["POSTGRES_PASSWORD"] in environment["DATABASE_URL"]
    assert environment["INTERNAL_API_TOKENS"] == answers["INTERNAL_API_TOKEN"]


def test_the_settings_can_read_every_value_of_the_example(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    environment = filled(
        monkeypatch,
        **{name: secrets.token_urlsafe(50) for name in SECRETS},
        ALLOW_TEST_GATEWAY="1",
    )
    done = subprocess.run(
        [sys.executable, "-c", SHOW],
        cwd=PROJECT,
        env={
            "PATH": os.environ["PATH"],
            "DJANGO_SETTINGS_MODULE": "config.settings_production",
            **environment,
        },
        capture_output=True,
        text=True,
        timeout=60,
    )
    assert done.returncode == 0, done.stderr
    assert done.stdout.split() == ["[]", "[]", "[]", "1", "5/300"]


SHOW = """
from django.conf import settings
print(settings.SECRET_KEY_FALLBACKS, settings.CORS_ALLOWED_ORIGINS, settings.CSRF_TRUSTED_ORIGINS)
print(settings.TRUSTED_PROXIES, settings.RATE_LIMITS["sign_in"])
"""


# --- docker-compose.yml -------------------------------------------------------------------------


@pytest.fixture(scope="module")
def compose() -> dict[str, Any]:
    loaded: dict[str, Any] = yaml.safe_load(COMPOSE.read_text())
    return loaded


SERVICE_KEYS = {
    *("image", "build", "command", "environment", "env_file", "volumes", "ports", "healthcheck"),
    *("depends_on", "deploy", "restart", "logging", "security_opt", "stop_grace_period"),
    *("hostname",),
}


def test_the_whole_system_is_there(compose: dict[str, Any]) -> None:
    services = compose["services"]
    assert set(services) == {
        *("postgres", "rabbitmq", "redis", "files"),
        *("migrate", "backend", "relay", "worker", "nginx"),
    }
    assert services["backend"]["deploy"]["replicas"] == 2
    assert services["worker"]["deploy"]["replicas"] == 2
    for name, service in services.items():
        assert set(service) <= SERVICE_KEYS, name
        # nginx alone is reached from outside.
        assert ("ports" in service) == (name == "nginx")
        assert "healthcheck" in service or name in {"backend", "worker"}, name


def test_services_wait_for_what_they_need(compose: dict[str, Any]) -> None:
    services = compose["services"]
    for name, service in services.items():
        for needed, how in service.get("depends_on", {}).items():
            condition = how["condition"]
            if condition == "service_completed_successfully":
                assert services[needed]["restart"] in {"no", "on-failure"}
            else:
                assert condition == "service_healthy"
                # In the file, or in the image.
                assert "test" in services[needed].get("healthcheck", {}) or needed == "backend"
            assert needed in services, f"{name} waits for nobody"
    for name in ("backend", "relay"):
        assert "migrate" in services[name]["depends_on"]


def test_named_volumes_are_declared(compose: dict[str, Any]) -> None:
    for service in compose["services"].values():
        for volume in service.get("volumes", []):
            source, _, target = volume.partition(":")
            if target and not source.startswith("."):
                assert source in compose["volumes"]


def test_each_command_is_one_that_the_tests_run(compose: dict[str, Any]) -> None:
    services = compose["services"]
    for name, service in services.items():
        if service.get("build") is None or name == "nginx":
            continue
        target = last_stage(service["build"]["target"])
        assert commands(service.get("command") or target.command) == OUR_COMMANDS.get(name, [FILES])
    started = (PROJECT / "app/utils/servers/s3.py").read_text()
    for word in ("-m", "nanio", "serve", "--host", "--port", "--data-dir", "--no-access-log"):
        assert f'"{word}"' in started


def commands(given: list[str]) -> list[str]:
    if given[:2] != ["sh", "-c"]:
        return [shlex.join(given)]
    return [part.strip() for part in given[2].split("&&")]


def test_variables_of_the_file_are_in_the_example(compose: dict[str, Any]) -> None:
    used = set(re.findall(r"(?<!\$)\$\{([A-Z0-9_]+)", COMPOSE.read_text()))
    assert used <= example_names()
    # An unbraced one, or one of the container's shell with a single $, would be a slip.
    assert not re.search(r"(?<!\$)\$[A-Za-z]", COMPOSE.read_text())
    assert all(
        compose["services"][n]["env_file"] == ".env" for n in ("migrate", "backend", "relay")
    )
    assert "env_file" not in compose["services"]["worker"]


def test_the_worker_is_told_all_that_it_needs(compose: dict[str, Any]) -> None:
    told = set(compose["services"]["worker"]["environment"])
    read = set(
        re.findall(r'environ\.get\("([A-Z_0-9]+)"', (PROJECT / "worker/settings.py").read_text())
    )
    optional = {
        *("WORKER_BROKER", "AWS_S3_ENDPOINT_URL", "WORKER_QUEUES", "WORKER_DIR"),
        *("WORKER_JOB_TIMEOUT", "WORKER_GRACE"),
    }
    assert read - optional <= told
    assert told & {"SECRET_KEY", "DATABASE_URL", "GOOGLE_CLIENT_SECRET"} == set()


def test_images_from_elsewhere_have_a_version(compose: dict[str, Any]) -> None:
    elsewhere = [s["image"] for s in compose["services"].values() if "build" not in s]
    elsewhere += [stage.base for stage in stages() if ":" in stage.base]
    assert len(elsewhere) >= 4
    assert all(re.search(r":\d", image) for image in elsewhere)


def test_nginx_speaks_to_the_services_by_their_names(compose: dict[str, Any]) -> None:
    text = "".join(path.read_text() for path in (PROJECT / "nginx/conf.d").glob("*.conf"))
    asked = set(re.findall(r"(?:server|proxy_pass http://)\s*([a-z]+):(\d+)", text))
    asked |= set(re.findall(r"proxy_pass http://([a-z]+):(\d+)", text))
    assert asked == {("backend", "8000"), ("files", "9000")}
    assert {name for name, _ in asked} <= set(compose["services"])


# --- Dockerfile ---------------------------------------------------------------------------------


@dataclass
class Stage:
    name: str
    base: str
    lines: list[tuple[str, str]] = field(default_factory=list)

    def of(self, instruction: str) -> list[str]:
        return [value for kind, value in self.lines if kind == instruction]

    @property
    def command(self) -> list[str]:
        [given] = self.of("CMD")
        words: list[str] = yaml.safe_load(given)
        return words


def stages() -> list[Stage]:
    text = (PROJECT / "Dockerfile").read_text()
    text = re.sub(r"^#.*\n", "", text, flags=re.MULTILINE).replace("\\\n", " ")
    found: list[Stage] = []
    for line in filter(None, map(str.strip, text.splitlines())):
        kind, _, value = line.partition(" ")
        assert kind.isupper(), line
        if kind == "FROM":
            base, name = value.split(" AS ")
            found.append(Stage(name, base))
        else:
            found[-1].lines.append((kind, value.strip()))
    return found


def last_stage(name: str) -> Stage:
    [stage] = [stage for stage in stages() if stage.name == name]
    return stage


def test_images_are_built_from_stages_that_are_there(compose: dict[str, Any]) -> None:
    names = [stage.name for stage in stages()]
    for position, stage in enumerate(stages()):
        assert ":" in stage.base or stage.base in names[:position]
        for copied in stage.of("COPY"):
            if found := re.match(r"--from=(\S+)", copied):
                assert found[1] in names[:position]
    for service in compose["services"].values():
        if "build" in service:
            assert service["build"]["target"] in names


@pytest.mark.parametrize("name", ["backend", "worker", "files"])
def test_our_images_do_not_run_as_root(name: str) -> None:
    assert last_stage(name).of("USER") == ["app"]


def test_nothing_secret_is_built_in() -> None:
    for stage in stages():
        assert stage.of("ARG") == []
        for line in stage.of("ENV"):
            assert not re.search(r"SECRET|TOKEN|PASSWORD|_KEY|_URL", line)


def test_packages_are_exact_and_hashed() -> None:
    installed = []
    for stage in stages():
        for line in stage.of("RUN"):
            if "pip install" in line:
                assert "--require-hashes" in line
                assert "--no-deps" in line
                installed += re.findall(r"-r (\S+)", line)
            if "apt-get install" in line:
                assert "apt-get update" in line
                assert "--no-install-recommends" in line
                assert "rm -rf /var/lib/apt/lists/*" in line
    assert installed == [f"requirements/{name}.txt" for name in ("backend", "worker", "files")]
    for file in installed:
        text = (PROJECT / file).read_text()
        assert "--hash=sha256:" in text
        assert "://" not in text, "an index is named"


def test_what_is_copied_is_there_and_not_ignored() -> None:
    rules = (PROJECT / ".dockerignore").read_text().splitlines()
    admitted = {line[1:] for line in rules if line.startswith("!")}
    for stage in stages():
        for line in stage.of("COPY"):
            if line.startswith("--from"):
                continue
            for source in line.split()[:-1]:
                assert (PROJECT / source).exists(), source
                assert source.split("/")[0] in admitted, source
    assert rules[1] == "*"
    for secret in (".env", ".git", ".data"):
        assert not any(fnmatch.fnmatch(secret, admit) for admit in admitted)


def test_the_backend_image_holds_all_that_it_imports() -> None:
    copied = {word for line in last_stage("backend").of("COPY") for word in line.split()[:-1]}
    packages = set(
        tomllib.loads((PROJECT / "pyproject.toml").read_text())["tool"]["importlinter"][
            "root_packages"
        ]
    )
    assert packages - {"worker"} <= copied
    assert {"manage.py", "gunicorn.conf.py"} <= copied
    assert {"worker", "protocol"} <= {
        word for line in last_stage("worker").of("COPY") for word in line.split()[:-1]
    }


def test_static_files_are_collected_and_health_is_asked() -> None:
    backend = last_stage("backend")
    [collected] = [line for line in backend.of("RUN") if "collectstatic" in line]
    assert "DJANGO_SETTINGS_MODULE=config.settings_static" in collected
    assert "DJANGO_SETTINGS_MODULE=config.settings_production" in backend.of("ENV")
    [health] = backend.of("HEALTHCHECK")
    assert health.endswith('CMD ["python", "-m", "app.utils.healthcheck"]')
    assert any("/app/staticfiles" in line for line in last_stage("nginx").of("COPY"))


# --- docs/operations.md -------------------------------------------------------------------------


def test_operations_speaks_of_things_that_are_there(compose: dict[str, Any]) -> None:
    text = (PROJECT / "docs/operations.md").read_text()
    commands_of_ours = {p.stem for p in (PROJECT / "app/management/commands").glob("*.py")}
    for command in re.findall(r"manage\.py ([a-z_]+)", text):
        assert command in commands_of_ours | {"migrate", "createsuperuser"}, command
    for variable in re.findall(r"`([A-Z][A-Z0-9]*_[A-Z0-9_]*[A-Z0-9])[`=]", text):
        assert variable in example_names() | {"WORKER_DIR"}, variable
    for target in re.findall(r"`make ([a-z-]+)`", text):
        assert f"\n{target}:" in (PROJECT / "Makefile").read_text(), target
    for service in re.findall(r"docker compose exec (?:-T )?([a-z]+)", text):
        assert service in compose["services"], service
    shown = (PROJECT / "app/views/metrics.py").read_text()
    for metric in re.findall(r"`style_license_([a-z_]+?)(?:_total|_count)?[`{]", text):
        in_file = f'"{metric}"' in shown or metric == "request_seconds"
        assert in_file, metric


def lines_with_machine_paths() -> Iterator[str]:
    for name in ("Dockerfile", "docker-compose.yml", ".env.example", "gunicorn.conf.py"):
        for line in (PROJECT / name).read_text().splitlines():
            if re.search(r"/(home|root|work)/(?!\.cache)|pypi", line) and "/app/work" not in line:
                yield f"{name}: {line}"


def test_no_file_names_a_machine_of_ours() -> None:
    assert list(lines_with_machine_paths()) == []
