"""The files of deploy/ on three machines, each a network, with a firewall in between."""

from __future__ import annotations

import json
import re
import subprocess
from dataclasses import dataclass

from tests.containers import document
from tests.containers.engine import Engine
from tests.containers.machines import CommandError, Machine
from tests.containers.people import MainJob, Site, audit
from tests.containers.printing import say

PROJECTS = {name: f"style-license-trial-{name}" for name in ("data", "web", "workers")}
BACKENDS = [f"{PROJECTS['web']}-backend-{number}:8000" for number in (1, 2)]
CONNECT = (
    "docker compose exec -T {service} python -c "
    "\"import socket; socket.create_connection(('{host}', {port}), 3)\""
)
PORTS = {5432: "PostgreSQL", 5672: "RabbitMQ", 6379: "Redis", 9000: "the files"}


@dataclass
class Machines:
    data: Machine
    web: Machine
    workers: Machine

    def all(self) -> list[Machine]:
        return [self.data, self.web, self.workers]


def start(machines: Machines, engine: Engine) -> None:
    """As "Several machines" says."""
    on_data, firewall, on_web, on_workers = document.commands("Several machines")
    for machine, commands in ((machines.data, on_data), (machines.web, on_web)):
        for command in commands:
            machine.run(command, timeout=1800)
    for command in on_workers:
        machines.workers.run(command, timeout=1800)
    machines.web.wait_until_healthy("nginx")
    if engine.is_docker:
        say("no firewall: Docker's proxy would hide which network asks")
    else:
        close(machines, firewall)


def close(machines: Machines, commands: list[str]) -> None:
    """Run the printed firewall on the machine of the data, with networks in place of machines."""
    assert commands[0].startswith("WEB="), commands
    values = {
        "WEB": _subnet(machines.web),
        "WORKERS": _subnet(machines.workers),
        "DATA": machines.data.engine.data_address,
    }
    # Docker makes this chain.
    chain = ["iptables -N DOCKER-USER", "iptables -I FORWARD -j DOCKER-USER"]
    told = " ".join(f"{name}={value}" for name, value in values.items())
    assert set(values) == set(re.findall(r"(\w+)=", commands[0])), commands[0]
    machines.data.run("\n".join([*chain, told, *commands[1:]]))


def see_who_reaches_what(machines: Machines, engine: Engine) -> None:
    """Web processes reach each server; workers the broker, the site and its files, no more."""
    address = engine.data_address
    for port, name in PORTS.items():
        machines.web.run(CONNECT.format(service="backend", host=address, port=port))
        knock = CONNECT.format(service="worker", host=address, port=port)
        if port == 5672:
            machines.workers.run(knock)
        elif not engine.is_docker:
            assert machines.workers.fails(knock), f"a worker reaches {name}"
    for host in ("styles.example.com", "files.example.com"):
        machines.workers.run(CONNECT.format(service="worker", host=host, port=443))
    say("web processes reach all servers; workers the broker, the site and its files")


def use(machines: Machines, site: Site) -> None:
    job = MainJob(site)
    job.play()
    audit(machines.web)
    lines = machines.web.run("docker compose logs --no-color nginx")
    upstreams = set(re.findall(r'"upstream":"([\d.]+):8000"', lines))
    assert len(upstreams) == len(BACKENDS), f"nginx asked {upstreams}"
    say(f"nginx shared the requests among {len(upstreams)} web processes that it knows by name")


def stop(machines: Machines) -> None:
    """Workers first, data last."""
    for machine in reversed(machines.all()):
        machine.run("docker compose stop", timeout=200)
        bad = [each for each in machine.containers() if each["ExitCode"] != 0]
        if bad:
            raise CommandError(f"{machine.name}: did not end well: {bad}")


def _subnet(machine: Machine) -> str:
    found = json.loads(
        subprocess.run(
            ["podman", "network", "inspect", f"{PROJECTS[machine.name]}_default"],
            capture_output=True,
            check=True,
            timeout=30,
        ).stdout
    )
    return str(found[0]["subnets"][0]["subnet"])
