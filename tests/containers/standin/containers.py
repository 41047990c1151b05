"""One container of a service: how it is made, looked at, and ended."""

from __future__ import annotations

import hashlib
import json
import secrets
import shlex
import subprocess
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from tests.containers.standin.compose_file import Project, Service, bind_source
from tests.containers.standin.podman import inspected, podman, succeeds

PROJECT = "com.docker.compose.project"
SERVICE = "com.docker.compose.service"
NUMBER = "com.docker.compose.container-number"
ONE_OFF = "com.docker.compose.oneoff"
CONFIG = "com.docker.compose.config-hash"
IGNORED = {"build", "depends_on", "deploy", "logging", "profiles"}


@dataclass(frozen=True)
class Container:
    found: dict[str, Any]

    @property
    def id(self) -> str:
        return str(self.found["Id"])

    @property
    def name(self) -> str:
        return str(self.found["Name"])

    @property
    def number(self) -> int:
        return int(self.found["Config"]["Labels"][NUMBER])

    @property
    def state(self) -> str:
        status = str(self.found["State"]["Status"])
        return {"configured": "created", "initialized": "created"}.get(status, status)

    @property
    def exit_code(self) -> int:
        return int(self.found["State"]["ExitCode"])

    @property
    def is_checked(self) -> bool:
        test = (self.found["Config"].get("Healthcheck") or {}).get("Test") or ["NONE"]
        return bool(test[0] != "NONE")

    def health(self) -> str:
        """Asked now: no timer asks it in between."""
        if not self.is_checked or self.state != "running":
            return ""
        return "healthy" if succeeds("healthcheck", "run", self.id) else "unhealthy"

    def is_of(self, service: Service, project: Project) -> bool:
        """Whether it is as a new one of its service would be."""
        return self.found["Config"]["Labels"][CONFIG] == config_hash(
            service, project
        ) and self.found["Image"] == image_id(service, project)

    def anonymous_volumes(self) -> dict[str, str]:
        """By the folder at which each is mounted."""
        return {
            mount["Destination"]: mount["Name"]
            for mount in self.found["Mounts"]
            if mount["Type"] == "volume" and len(mount["Name"]) == 64
        }


def containers(
    project: Project, service: str = "", *, one_off: bool = False, running: bool = False
) -> list[Container]:
    """Those of the project or of one service, in the order of their numbers."""
    filters = [f"label={PROJECT}={project.name}", f"label={ONE_OFF}={one_off}"]
    if service:
        filters.append(f"label={SERVICE}={service}")
    if running:
        filters.append("status=running")
    arguments = [word for each in filters for word in ("--filter", each)]
    ids = podman("ps", "--all", "--quiet", "--no-trunc", *arguments).split()
    return sorted(map(Container, inspected(*ids)), key=lambda each: each.number)


def image_of(service: Service, project: Project) -> str:
    return str(service.given.get("image") or f"{project.name}-{service.name}")


def image_id(service: Service, project: Project) -> str:
    return podman("image", "inspect", "--format", "{{.Id}}", image_of(service, project))


def config_hash(service: Service, project: Project) -> str:
    kept = {key: value for key, value in service.given.items() if key not in IGNORED}
    text = json.dumps([kept, service.environment, project.configs], sort_keys=True)
    return hashlib.sha256(text.encode()).hexdigest()


def create(
    project: Project,
    service: Service,
    *,
    number: int = 1,
    command: list[str] | None = None,
    one_off: bool = False,
    volumes: dict[str, str] | None = None,
) -> str:
    """Make a container, without starting it; its name. ``volumes`` are anonymous ones to keep."""
    name = f"{project.name}-{service.name}-{number}"
    if one_off:
        name = f"{project.name}-{service.name}-run-{secrets.token_hex(6)}"
    labels = {
        PROJECT: project.name,
        SERVICE: service.name,
        NUMBER: str(number),
        ONE_OFF: str(one_off),
        CONFIG: config_hash(service, project),
    }
    given = service.given
    network = f"{project.name}_default"
    arguments = ["--name", name, "--network", network, "--pull", "never"]
    if not one_off:
        arguments += ["--network-alias", service.name]
        arguments += [f"--publish={port}" for port in given.get("ports", [])]
        arguments += [f"--restart={given.get('restart', 'no')}"]
    arguments += [f"--label={key}={value}" for key, value in labels.items()]
    arguments += [f"--env={key}={value}" for key, value in service.environment.items()]
    arguments += [f"--add-host={entry}" for entry in given.get("extra_hosts", [])]
    arguments += [f"--security-opt={option.replace(':', '=')}" for option in _security(given)]
    arguments += [f"--stop-timeout={service.grace}"]
    if "hostname" in given:
        arguments.append(f"--hostname={given['hostname']}")
    arguments += _volumes(project, service, volumes or {})
    arguments += _health(given.get("healthcheck"))
    words = given.get("command", []) if command is None else command
    words = words.split() if isinstance(words, str) else words
    podman("create", *arguments, image_of(service, project), *words)
    return name


def _security(given: dict[str, Any]) -> Iterator[str]:
    for option in given.get("security_opt", []):
        # podman knows it by itself, without a value.
        yield "no-new-privileges" if option == "no-new-privileges:true" else option


def _volumes(project: Project, service: Service, kept: dict[str, str]) -> list[str]:
    arguments = []
    for volume in service.given.get("volumes", []):
        path, whole = bind_source(volume, service.directory)
        source, _, target = volume.partition(":")
        if path is not None:
            # As Docker does, which makes a folder of what is missing.
            if not path.exists():
                path.mkdir(parents=True)
        elif not target:
            whole = f"{kept[source]}:{source}" if source in kept else source
        else:
            assert source in project.volumes, f"volume {source} is not declared"
            whole = f"{project.name}_{volume}"
        arguments.append(f"--volume={whole}")
    for config in service.given.get("configs", []):
        content = project.configs[config["source"]]["content"]
        file = _config_folder() / f"{project.name}-{config['source']}"
        file.parent.mkdir(parents=True, exist_ok=True)
        file.write_text(content)
        file.chmod(0o444)
        arguments.append(f"--volume={file}:{config['target']}:ro")
    return arguments


def _config_folder() -> Path:
    return Path(podman("info", "--format", "{{.Store.RunRoot}}")) / "configs"


def _health(given: dict[str, Any] | None) -> list[str]:
    if given is None:
        return []
    if given.get("disable"):
        return ["--no-healthcheck"]
    kind, *words = given["test"]
    # podman knows the list only from images.
    command = shlex.join(words) if kind == "CMD" else words[0]
    return [
        f"--health-cmd={command}",
        *(
            f"--health-{key.replace('_', '-')}={given[key]}"
            for key in ("interval", "timeout", "retries", "start_period")
            if key in given
        ),
    ]


def patience(container: Container) -> float:
    """Seconds until Docker would call it unhealthy."""
    check = container.found["Config"]["Healthcheck"]
    nanoseconds = check.get("Interval", 30e9) * check.get("Retries", 3) + check.get(
        "StartPeriod", 0
    )
    return max(60.0, nanoseconds / 1e9)


def stop(found: list[Container]) -> None:
    """All at once, each within its own grace."""
    if not found:
        return
    calls = [
        subprocess.Popen(["podman", "stop", each.id], stdout=subprocess.DEVNULL) for each in found
    ]
    longest = max(float(each.found["Config"].get("StopTimeout", 10)) for each in found)
    for call in calls:
        call.wait(timeout=longest + 60)
