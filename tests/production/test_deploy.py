"""The files of deploy/ are docker-compose.yml, cut into three machines."""

from __future__ import annotations

import re
from typing import Any

import pytest
import yaml

from tests.containers import document
from tests.containers.three_machines import PORTS
from tests.production.files import EXAMPLE, example_names
from tests.system import PROJECT

MACHINES = {
    "data": {"postgres", "rabbitmq", "redis", "files"},
    "web": {"migrate", "backend", "relay", "webhooks", "mail", "nginx"},
    "workers": {"worker"},
}
# What is another machine's: nobody here can wait for it.
ELSEWHERE = {"depends_on"}


def text_of(machine: str) -> str:
    return (PROJECT / f"deploy/{machine}.yml").read_text()


@pytest.fixture(scope="module", params=MACHINES)
def machine(request: pytest.FixtureRequest) -> str:
    name: str = request.param
    return name


@pytest.fixture
def deployed(machine: str) -> dict[str, Any]:
    loaded: dict[str, Any] = yaml.safe_load(text_of(machine))
    return loaded


def test_there_is_one_file_for_each_machine() -> None:
    # A machine with a GPU is beside them: tests/test_gpu_document.py.
    assert {file.stem for file in (PROJECT / "deploy").iterdir()} == {*MACHINES, "gpu"}


def test_together_they_are_the_whole(compose: dict[str, Any]) -> None:
    everywhere = set().union(*MACHINES.values())
    assert everywhere == set(compose["services"])


def test_services_are_those_of_one_machine(
    machine: str, deployed: dict[str, Any], compose: dict[str, Any]
) -> None:
    assert set(deployed["services"]) == MACHINES[machine]
    for name, service in deployed["services"].items():
        expected = dict(compose["services"][name])
        for key in expected.keys() | service.keys():
            ours, theirs = expected.get(key), service.get(key)
            if (name, key) in CHANGED:
                assert theirs == CHANGED[name, key], (name, key)
            elif key == "depends_on":
                here = {n: how for n, how in (ours or {}).items() if n in MACHINES[machine]}
                assert (theirs or {}) == here, name
            elif key == "ports" and machine == "data":
                assert theirs == [f"${{DATA_ADDRESS:?Set it in .env}}:{p}:{p}" for p in PORT[name]]
            elif key == "build":
                assert theirs == {**ours, "context": ".."}
            else:
                assert theirs == ours, (name, key)


PORT = {"postgres": [5432], "rabbitmq": [5672], "redis": [6379], "files": [9000]}
CHANGED = {
    **{
        (name, "env_file"): "../.env"
        for name in ("migrate", "backend", "relay", "webhooks", "mail")
    },
    # Files on this disk would be of one machine alone.
    **{
        (name, "volumes"): ["certificates:/app/certificates"]
        for name in ("migrate", "backend", "relay", "webhooks", "mail")
    },
    ("nginx", "volumes"): ["../nginx/tls:/etc/nginx/tls:ro"],
    ("nginx", "environment"): {
        "BACKEND_UPSTREAM": "${BACKEND_UPSTREAM:-backend:8000}",
        "FILES_UPSTREAM": "${FILES_UPSTREAM:?Set it in .env}",
    },
    ("migrate", "environment"): {"S3_ENDPOINT_URL": "http://${FILES_UPSTREAM:?Set it in .env}"},
}


def test_volumes_and_configs_are_declared(
    machine: str, deployed: dict[str, Any], compose: dict[str, Any]
) -> None:
    used = {
        volume.partition(":")[0]
        for service in deployed["services"].values()
        for volume in service.get("volumes", [])
        if not volume.startswith((".", "/"))
    }
    assert used == set(deployed.get("volumes", {}))
    mounted = {c["source"] for s in deployed["services"].values() for c in s.get("configs", [])}
    assert deployed.get("configs", {}) == {name: compose["configs"][name] for name in mounted}


def test_variables_are_in_the_example(machine: str) -> None:
    assert variables(machine) <= example_names()
    assert f"COMPOSE_FILE=deploy/{machine}.yml" in EXAMPLE.read_text() or machine != "web"


def variables(machine: str) -> set[str]:
    return set(re.findall(r"(?<!\$)\$\{([A-Z0-9_]+)", text_of(machine)))


def test_each_machine_knows_what_it_needs_and_no_more() -> None:
    """What the table of docs/operations.md says, too."""
    optional = {"IMAGE_PREFIX", "IMAGE_TAG"}
    keys = {"AWS_ACCESS_KEY_ID", "AWS_SECRET_ACCESS_KEY"}
    passwords = {"POSTGRES_PASSWORD", "RABBITMQ_PASSWORD", "REDIS_PASSWORD"}
    assert variables("data") - optional == {"DATA_ADDRESS", *passwords, *keys}
    assert required("workers") == {"AMQP_URL", "INTERNAL_API_TOKEN", *keys}
    assert "env_file" not in text_of("workers")
    assert "env_file" not in text_of("data")


def required(machine: str) -> set[str]:
    return set(re.findall(r"(?<!\$)\$\{([A-Z0-9_]+):\?", text_of(machine)))


def test_only_the_private_address_is_published_by_the_servers() -> None:
    [_, firewall, *_] = document.commands("Several machines")
    assert set(PORTS) == {port for ports in PORT.values() for port in ports}
    [workers] = [line for line in firewall if '-s "$WORKERS"' in line]
    assert f"--ctorigdstport {PORT['rabbitmq'][0]} " in workers
    assert firewall[-1].endswith("-j DROP")


def test_the_document_has_the_commands_that_are_tried() -> None:
    """``make containers`` runs them as printed."""
    [deploy] = document.commands("Deploy")
    assert deploy[-1] == "docker compose up -d"
    [upgrade] = document.commands("Upgrade without downtime")
    assert upgrade[0] == "docker compose build"
    data, firewall, web, workers = document.commands("Several machines")
    assert firewall[0].startswith("WEB=")
    for commands in (data, web, workers):
        assert commands[0] == "docker compose build"
        assert commands[-1].startswith("docker compose up -d")
