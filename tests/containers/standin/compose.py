"""``docker compose`` on podman: the commands and options that docs/operations.md uses."""

from __future__ import annotations

import argparse
import json
import os
import subprocess
import sys
from collections.abc import Sequence
from pathlib import Path

import yaml

from tests.containers.standin import containers as made
from tests.containers.standin.compose_file import ComposeError, Project, Service, load
from tests.containers.standin.images import build
from tests.containers.standin.podman import (
    PodmanError,
    inspected,
    pass_on,
    podman,
    succeeds,
    wait_until,
)

SECONDS_FOR_A_JOB = 300.0


def main(arguments: Sequence[str]) -> int:
    given = _parser().parse_args(arguments)
    try:
        project = load(given.file, os.environ, Path.cwd())
        return int(given.run(project, given) or 0)
    except (ComposeError, PodmanError, subprocess.SubprocessError) as error:
        sys.stderr.write(f"{error}\n")
        return 1


def _parser() -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(prog="docker compose", allow_abbrev=False)
    parser.add_argument("-f", "--file", action="append", default=[])
    commands = parser.add_subparsers(required=True)

    def command(name: str, run, *flags: str, services: str | None = "*") -> argparse.ArgumentParser:
        added = commands.add_parser(name, allow_abbrev=False)
        added.set_defaults(run=run)
        for flag in flags:
            added.add_argument(*flag.split("|"), action="store_true")
        if services:
            added.add_argument("services", nargs=services)
        return added

    command("config", _config, "--quiet|-q")
    command("build", _build)
    up = command("up", _up, "--detach|-d", "--no-deps", "--no-recreate", "--wait")
    up.add_argument("--scale", action="append", default=[])
    ps = command("ps", _ps, "--quiet|-q", "--all|-a")
    ps.add_argument("--format", choices=["table", "json"], default="table")
    command("stop", _stop)
    command("down", _down, "--volumes|-v", services=None)
    logs = command("logs", _logs, "--no-color")
    logs.add_argument("--tail", default="all")
    run = command("run", _run, "--rm", "--no-deps", services=None)
    execute = command("exec", _exec, "-T", services=None)
    for each in (run, execute):
        each.add_argument("service")
        each.add_argument("command", nargs=argparse.REMAINDER)
    return parser


def _config(project: Project, given: argparse.Namespace) -> None:
    if not given.quiet:
        services = {name: service.given for name, service in project.services.items()}
        yaml.safe_dump({"name": project.name, "services": services}, sys.stdout)


def _build(project: Project, given: argparse.Namespace) -> None:
    done = set()
    for service in project.in_order(given.services, with_needed=False):
        image = made.image_of(service, project)
        if "build" in service.given and image not in done:
            _say(f"Building {image}")
            build(service.directory / service.given["build"]["context"], image, service.given)
            done.add(image)


def _up(project: Project, given: argparse.Namespace) -> None:
    scales = {name: int(count) for name, _, count in (s.partition("=") for s in given.scale)}
    _make_network(project)
    services = project.in_order(given.services, with_needed=not given.no_deps)
    for service in services:
        if not given.no_deps:
            _wait_for_needs(project, service)
        count = scales.get(service.name, service.replicas)
        _reconcile(project, service, count, recreate=not given.no_recreate)
    _keep_address(project)
    if given.wait:
        for service in services:
            _wait_healthy(project, service)


def _make_network(project: Project) -> None:
    if not succeeds("network", "exists", f"{project.name}_default"):
        podman("network", "create", f"{project.name}_default")


def _keep_address(project: Project) -> None:
    """Let the network's bridge keep its hardware address, as Docker's do.

    By default it is the lowest of what is plugged in, so it changes when a container ends or
    starts, and for a minute the others send to the address of before.
    """
    [network] = json.loads(podman("network", "inspect", f"{project.name}_default"))
    link = ["dev", network["network_interface"]]
    command = ["ip", "-j", "link", "show", *link]
    shown = subprocess.run(command, capture_output=True, timeout=10, check=False)
    # There is none before the first container.
    if shown.returncode == 0:
        [bridge] = json.loads(shown.stdout)
        pin = ["ip", "link", "set", *link, "address", bridge["address"]]
        subprocess.run(pin, timeout=10, check=True)


def _reconcile(project: Project, service: Service, count: int, *, recreate: bool) -> None:
    """Have ``count`` containers of the service run, as Compose would."""
    if "build" in service.given and not succeeds(
        "image", "exists", made.image_of(service, project)
    ):
        build(
            service.directory / service.given["build"]["context"],
            made.image_of(service, project),
            service.given,
        )
    found = made.containers(project, service.name)
    for surplus in found[count:]:
        _remove([surplus])
    found = found[:count]
    for container in found:
        volumes: dict[str, str] = {}
        if recreate and not container.is_of(service, project):
            _say(f"Recreating {container.name}")
            volumes = container.anonymous_volumes()
            # The next container takes these over.
            made.stop([container])
            podman("rm", "--force", container.id)
            made.create(project, service, number=container.number, volumes=volumes)
            podman("start", container.name)
        elif container.state != "running":
            _say(f"Starting {container.name}")
            podman("start", container.name)
    taken = {container.number for container in found}
    for _ in range(count - len(found)):
        number = max(taken, default=0) + 1
        taken.add(number)
        name = made.create(project, service, number=number)
        _say(f"Starting {name}")
        podman("start", name)


def _wait_for_needs(project: Project, service: Service) -> None:
    for name, condition in service.needs.items():
        if condition == "service_healthy":
            _wait_healthy(project, project.services[name])
        elif condition == "service_completed_successfully":
            _wait_completed(project, project.services[name])
        elif condition != "service_started":
            raise ComposeError(f"{service.name}: condition {condition} is not known")


def _wait_healthy(project: Project, service: Service) -> None:
    for container in made.containers(project, service.name):
        _say(f"Waiting for {container.name}")

        def is_healthy(container: made.Container = container) -> bool:
            [found] = inspected(container.id)
            now = made.Container(found)
            if now.state in {"exited", "dead"} and found["RestartCount"] == 0:
                raise PodmanError(f"{now.name} exited ({now.exit_code})")
            return now.state == "running" and (not now.is_checked or now.health() == "healthy")

        wait_until(is_healthy, seconds=made.patience(container), what=f"{container.name} healthy")


def _wait_completed(project: Project, service: Service) -> None:
    for container in made.containers(project, service.name):

        def has_ended(container: made.Container = container) -> bool:
            now = made.Container(inspected(container.id)[0])
            return now.state == "exited" and now.exit_code == 0

        _say(f"Waiting for {container.name} to end")
        wait_until(has_ended, seconds=SECONDS_FOR_A_JOB, what=f"{container.name} ended well")


def _ps(project: Project, given: argparse.Namespace) -> None:
    wanted = given.services or [""]
    found = [each for name in wanted for each in made.containers(project, name)]
    for each in found:
        if not given.all and each.state != "running":
            continue
        health = "" if given.quiet else each.health()
        if given.quiet:
            line = each.id
        elif given.format == "json":
            line = json.dumps(
                {
                    "ID": each.id,
                    "Name": each.name,
                    "Service": each.found["Config"]["Labels"][made.SERVICE],
                    "State": each.state,
                    "Health": health,
                    "ExitCode": each.exit_code,
                }
            )
        else:
            line = f"{each.name:40} {each.state:10} {health}"
        sys.stdout.write(f"{line}\n")


def _stop(project: Project, given: argparse.Namespace) -> None:
    # What needs others ends before them.
    for service in reversed(project.in_order(given.services, with_needed=False)):
        made.stop(made.containers(project, service.name, running=True))


def _down(project: Project, given: argparse.Namespace) -> None:
    given.services = []
    _stop(project, given)
    _remove(made.containers(project) + made.containers(project, one_off=True))
    podman("network", "rm", f"{project.name}_default", check=False)
    if given.volumes:
        for name in project.volumes:
            podman("volume", "rm", f"{project.name}_{name}", check=False)


def _remove(found: list[made.Container]) -> None:
    made.stop([each for each in found if each.state == "running"])
    for each in found:
        podman("rm", "--force", "--volumes", each.id)


def _logs(project: Project, given: argparse.Namespace) -> None:
    tail = [] if given.tail == "all" else ["--tail", given.tail]
    for service in project.in_order(given.services, with_needed=False):
        for container in made.containers(project, service.name):
            done = subprocess.run(
                ["podman", "logs", *tail, container.id],
                stdout=subprocess.PIPE,
                stderr=subprocess.STDOUT,
                text=True,
                errors="replace",
                check=False,
                timeout=60,
            )
            name = container.name.removeprefix(f"{project.name}-")
            sys.stdout.writelines(f"{name}  | {line}\n" for line in done.stdout.splitlines())


def _run(project: Project, given: argparse.Namespace) -> int:
    service = project.services[given.service]
    _make_network(project)
    if service.needs and not given.no_deps:
        for needed in project.in_order(list(service.needs)):
            _reconcile(project, needed, needed.replicas, recreate=True)
        _wait_for_needs(project, service)
    name = made.create(project, service, command=given.command or None, one_off=True)
    try:
        return pass_on("start", "--attach", name)
    finally:
        if given.rm:
            podman("rm", "--force", "--volumes", name)


def _exec(project: Project, given: argparse.Namespace) -> int:
    running = made.containers(project, given.service, running=True)
    if not running:
        raise ComposeError(f"service {given.service} is not running")
    options = [] if given.T else ["--interactive"]
    return pass_on("exec", *options, running[0].id, *given.command)


def _say(text: str) -> None:
    sys.stderr.write(f" {text}\n")
