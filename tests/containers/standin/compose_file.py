"""Compose files as Docker Compose reads them, as far as this project's files go.

Whatever is not known here is refused, so that nothing in a file is silently left out.
"""

from __future__ import annotations

import os
import re
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import yaml
from dotenv import dotenv_values

SERVICE_KEYS = {
    *("image", "build", "command", "environment", "env_file", "volumes", "ports", "healthcheck"),
    *("depends_on", "deploy", "restart", "logging", "security_opt", "stop_grace_period"),
    *("hostname", "configs", "extra_hosts", "profiles"),
}
TOP_KEYS = {"name", "services", "volumes", "configs"}
_REFERENCE = re.compile(
    r"\$(?:(?P<escaped>\$)|\{(?P<name>\w+)(?:(?P<how>:?[-?+])(?P<other>[^}]*))?\}|(?P<bare>\w+))"
)
_UNITS = {"": 1.0, "s": 1.0, "m": 60.0, "h": 3600.0}


class ComposeError(Exception):
    """The file cannot be used; the message says why."""


@dataclass
class Service:
    name: str
    given: dict[str, Any]
    directory: Path
    environment: dict[str, str] = field(default_factory=dict)

    @property
    def replicas(self) -> int:
        return int(self.given.get("deploy", {}).get("replicas", 1))

    @property
    def needs(self) -> dict[str, str]:
        """The condition on each service that this one waits for."""
        given = self.given.get("depends_on", {})
        if isinstance(given, list):
            return dict.fromkeys(given, "service_started")
        return {name: how["condition"] for name, how in given.items()}

    @property
    def grace(self) -> int:
        return int(seconds(self.given.get("stop_grace_period", "10s")))


@dataclass
class Project:
    name: str
    directory: Path
    services: dict[str, Service]
    volumes: dict[str, Any]
    configs: dict[str, Any]

    def in_order(self, wanted: list[str], *, with_needed: bool = True) -> list[Service]:
        """The services of ``wanted``, each after what it needs."""
        found: dict[str, Service] = {}

        def visit(name: str) -> None:
            if name not in self.services:
                raise ComposeError(f"no such service: {name}")
            if with_needed:
                for needed in self.services[name].needs:
                    visit(needed)
            found.setdefault(name, self.services[name])

        for name in wanted or self.services:
            if name in wanted or not self.services[name].given.get("profiles"):
                visit(name)
        return list(found.values())


def load(files: list[str], environ: Mapping[str, str], folder: Path) -> Project:
    """The project of the files that ``-f`` or COMPOSE_FILE name, seen from ``folder``."""
    dotenv = folder / ".env"
    told = {key: value or "" for key, value in dotenv_values(dotenv).items()}
    variables = {**told, **environ}
    named = files or variables.get("COMPOSE_FILE", "docker-compose.yml").split(os.pathsep)
    paths = [folder / name for name in named]
    merged: dict[str, Any] = {}
    for path in paths:
        given = interpolated(yaml.safe_load(path.read_text()), variables)
        given = {key: value for key, value in given.items() if not key.startswith("x-")}
        _refuse_unknown(path.name, set(given) - TOP_KEYS)
        merged = _merged(merged, given)
    directory = paths[0].parent
    services = {}
    for name, given in merged["services"].items():
        _refuse_unknown(name, set(given) - SERVICE_KEYS)
        services[name] = Service(
            name, given, directory, _environment(given, directory, told, environ)
        )
    project = variables.get("COMPOSE_PROJECT_NAME") or merged.get("name") or directory.name
    return Project(
        project, directory, services, merged.get("volumes") or {}, merged.get("configs") or {}
    )


def interpolated(value: Any, variables: Mapping[str, str]) -> Any:
    """``value`` with each reference in its strings replaced. Raises ComposeError."""
    if isinstance(value, dict):
        return {key: interpolated(each, variables) for key, each in value.items()}
    if isinstance(value, list):
        return [interpolated(each, variables) for each in value]
    if not isinstance(value, str):
        return value
    return _REFERENCE.sub(lambda found: _replacement(found, variables), value)


def _replacement(found: re.Match[str], variables: Mapping[str, str]) -> str:
    if found["escaped"]:
        return "$"
    name, how, other = found["name"] or found["bare"], found["how"] or "", found["other"] or ""
    value = variables.get(name)
    is_there = bool(value) if how.startswith(":") else value is not None
    if how.endswith("+"):
        return other if is_there else ""
    if is_there:
        return value or ""
    if how.endswith("?"):
        raise ComposeError(f"{name} is not set: {other}")
    return other


def seconds(duration: str) -> float:
    """Of a duration such as 1m30s."""
    parts = re.findall(r"([\d.]+)([smh]?)", str(duration))
    return sum(float(number) * _UNITS[unit] for number, unit in parts)


def bind_source(volume: str, directory: Path) -> tuple[Path | None, str]:
    """What ``volume`` mounts of this machine, if it does, and the whole of it for podman."""
    source, _, rest = volume.partition(":")
    if source.startswith("."):
        path = (directory / source).resolve()
        return path, f"{path}:{rest}"
    return (Path(source) if source.startswith("/") and rest else None), volume


def _environment(
    given: dict[str, Any], directory: Path, told: Mapping[str, str], environ: Mapping[str, str]
) -> dict[str, str]:
    values: dict[str, str] = {}
    for name in _listed(given.get("env_file")):
        file = directory / name
        if not file.is_file():
            raise ComposeError(f"env file {file} not found")
        values |= {key: value or "" for key, value in dotenv_values(file).items()}
    for name, value in (given.get("environment") or {}).items():
        values[name] = environ.get(name, told.get(name, "")) if value is None else str(value)
    return values


def _listed(value: Any) -> Iterator[Any]:
    if value is not None:
        yield from value if isinstance(value, list) else [value]


def _merged(base: Any, over: Any) -> Any:
    """As Compose merges files: mappings by key, lists one after the other, the rest replaced."""
    if isinstance(base, dict) and isinstance(over, dict):
        both = {key: _merged(base[key], over[key]) for key in base.keys() & over.keys()}
        return {**base, **over, **both}
    if isinstance(base, list) and isinstance(over, list):
        return base + over
    return over


def _refuse_unknown(where: str, keys: set[str]) -> None:
    if keys:
        raise ComposeError(f"{where}: this stand-in does not know {', '.join(sorted(keys))}")
