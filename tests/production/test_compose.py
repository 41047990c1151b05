"""docker-compose.yml fits the images, .env.example and the tests.

No Docker engine is asked for. What the containers run, the other tests of this folder run.
"""

from __future__ import annotations

import re
import shlex
from typing import Any

from tests.production import running
from tests.production.files import COMPOSE, example_names, last_stage, stages
from tests.system import PROJECT

CHECK = "python manage.py check_environment"
FILES = "python -m nanio serve --host 0.0.0.0 --port 9000 --data-dir /app/objects --no-access-log"
OUR_COMMANDS = {
    "migrate": [CHECK, running.MIGRATE, running.PREPARE_FILES],
    "backend": [running.BACKEND],
    "relay": [running.RELAY],
    "webhooks": [running.WEBHOOKS],
    "mail": [running.MAIL],
    "worker": [running.WORKER],
}


SERVICE_KEYS = {
    *("image", "build", "command", "environment", "env_file", "volumes", "ports", "healthcheck"),
    *("depends_on", "deploy", "restart", "logging", "security_opt", "stop_grace_period"),
    *("hostname", "configs"),
}


def test_the_whole_system_is_there(compose: dict[str, Any]) -> None:
    services = compose["services"]
    assert set(services) == {
        *("postgres", "rabbitmq", "redis", "files"),
        *("migrate", "backend", "relay", "webhooks", "mail", "worker", "nginx"),
    }
    assert services["backend"]["deploy"]["replicas"] == 2
    assert services["worker"]["deploy"]["replicas"] == 2
    for name, service in services.items():
        assert set(service) <= SERVICE_KEYS, name
        # nginx alone is reached from outside.
        assert ("ports" in service) == (name == "nginx")
        assert "healthcheck" in service or name in {"backend", "worker"}, name


def test_the_brokers_settings_are_some_that_it_knows(compose: dict[str, Any]) -> None:
    (mounted,) = compose["services"]["rabbitmq"]["configs"]
    assert mounted["target"].startswith("/etc/rabbitmq/conf.d/")
    lines = compose["configs"][mounted["source"]]["content"].splitlines()
    # A RabbitMQ is started with it in devtools/tests/test_other_servers.py.
    assert [line.partition(" = ")[0] for line in lines] == ["raft.wal_max_size_bytes"]


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
    for name in ("backend", "relay", "webhooks", "mail"):
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
    started = (PROJECT / "devtools/servers/s3.py").read_text()
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
        compose["services"][n]["env_file"] == ".env"
        for n in ("migrate", "backend", "relay", "webhooks", "mail")
    )
    assert "env_file" not in compose["services"]["worker"]


def test_the_worker_is_told_all_that_it_needs(compose: dict[str, Any]) -> None:
    told = set(compose["services"]["worker"]["environment"])
    read = set(
        re.findall(r'environ\.get\("([A-Z_0-9]+)"', (PROJECT / "worker/settings.py").read_text())
    )
    optional = {
        *("WORKER_BROKER", "AWS_S3_ENDPOINT_URL", "WORKER_QUEUES", "WORKER_DIR"),
        *("WORKER_JOB_TIMEOUT", "WORKER_GRACE", "DJANGO_ENV"),
    }
    assert read - optional <= told
    assert told & {"SECRET_KEY", "DATABASE_URL", "GOOGLE_CLIENT_SECRET"} == set()


def test_images_from_elsewhere_have_a_version(compose: dict[str, Any]) -> None:
    elsewhere = [s["image"] for s in compose["services"].values() if "build" not in s]
    elsewhere += [stage.base for stage in stages() if ":" in stage.base]
    assert len(elsewhere) >= 4
    assert all(re.search(r":\d", image) for image in elsewhere)


def test_nginx_speaks_to_the_services_by_their_names(compose: dict[str, Any]) -> None:
    upstreams = compose["services"]["nginx"]["environment"]
    assert upstreams == {
        "BACKEND_UPSTREAM": "${BACKEND_UPSTREAM:-backend:8000}",
        "FILES_UPSTREAM": "${FILES_UPSTREAM-files:9000}",
    }
    assert {"backend", "files"} <= set(compose["services"])
    shipped = [PROJECT / "nginx/conf.d/default.conf", PROJECT / "nginx/files.conf"]
    asked = re.findall(r"proxy_pass http://(\S+);", "".join(file.read_text() for file in shipped))
    assert set(asked) == {"backend", "files"}
