"""docker-compose.yml on one machine: started, used, upgraded, stopped, started again."""

from __future__ import annotations

import re
from time import monotonic

from tests.containers import document
from tests.containers.machines import Machine
from tests.containers.people import MainJob, Site, audit
from tests.containers.printing import say
from tests.containers.steady import SteadyRequests

SLOW_SECONDS = 5.0
OLD, NEW = "trial-1", "trial-2"
# Of the old version and of the new; nothing else of the page differs.
STYLESHEET = "web/static/web/site.css"
DATABASE = (
    "docker compose exec -T backend python manage.py dbshell -- "
    '--tuples-only --command "SELECT count(*) FROM django_migrations"'
)


def start(machine: Machine) -> None:
    """As "Deploy" says; before the whole, the web processes with what they need alone."""
    [commands] = document.commands("Deploy")
    assert commands[-1] == "docker compose up -d", commands
    for command in commands[:-1]:
        machine.run(command, timeout=1800)
    machine.run("docker compose up -d backend")
    machine.wait_until_healthy("backend")
    started = {each["Service"] for each in machine.containers()}
    assert started == {"postgres", "files", "redis", "rabbitmq", "migrate", "backend"}, started
    machine.run("docker compose exec -T backend python manage.py check --database default")
    machine.run("docker compose exec -T backend python manage.py migrate --check")
    assert int(machine.run(DATABASE)) > 0
    machine.run(commands[-1])
    machine.wait_until_healthy("nginx")


def upgrade(machine: Machine, site: Site, job: MainJob) -> None:
    """As "Upgrade without downtime" says, while people go on."""
    before = _numbers(machine)
    sheet = machine.folder / STYLESHEET
    sheet.write_text(f"{sheet.read_text()}\n/* The next version. */\n")
    machine.set(IMAGE_TAG=NEW)
    steady = SteadyRequests(site, job)
    [commands] = document.commands("Upgrade without downtime")
    with steady.going_on():
        for command in commands:
            machine.run(command, timeout=1800)
            steady.wait_for_more(10)
    if steady.slowest[0] > SLOW_SECONDS:
        _say_who_was_slow(machine)
    assert not steady.lost, "\n".join(steady.lost[:20])
    assert len(steady.stylesheets) == 2, f"pages of both versions: {steady.stylesheets}"
    after = _numbers(machine)
    assert len(after) == 2
    assert not before & after, f"old web processes are left: {before & after}"
    for service in ("backend", "relay", "webhooks", "mail", "worker"):
        images = machine.run(
            f"docker inspect --format '{{{{.Config.Image}}}}' $(docker compose ps -q {service})"
        )
        assert {image.rpartition(":")[2] for image in images.split()} == {NEW}, images
    job.see_all_paid()
    audit(machine)


def stop_and_start_again(machine: Machine, job: MainJob) -> None:
    """Everything ends by itself, in time; and comes back with all that it knew."""
    before = {each["Name"] for each in machine.containers()}
    began = monotonic()
    machine.run("docker compose stop", timeout=200)
    say(f"all stopped within {monotonic() - began:.0f} s")
    ended = {each["Name"]: each for each in machine.containers()}
    assert set(ended) == before
    bad = [
        f"{name}: {each['State']} ({each['ExitCode']})"
        for name, each in ended.items()
        if each["State"] != "exited" or each["ExitCode"] != 0
    ]
    assert not bad, f"did not end well: {', '.join(bad)}"
    machine.run("docker compose down")
    assert machine.containers() == []
    machine.run("docker compose up -d")
    machine.wait_until_healthy("nginx")
    job.site.wait_until_it_answers()
    job.see_the_picture()
    say("the buyer is still signed in, and the picture is still there")
    job.order()
    job.see_all_paid()
    audit(machine)


def _say_who_was_slow(machine: Machine) -> None:
    """What nginx and the web processes wrote of the slow requests; both log JSON."""
    lines = machine.run("docker compose logs --no-color nginx backend").splitlines()
    for line in lines:
        seconds = re.search(r'"seconds": ?([\d.]+)', line)
        if seconds and float(seconds[1]) > SLOW_SECONDS:
            say(line)


def _numbers(machine: Machine) -> set[str]:
    return set(machine.run("docker compose ps -q backend").split())
