"""``make containers``: build every image, run the shipped compose files as people deploy them.

With Docker it uses that; without, on Debian and as root, podman from apt, with stand-ins for the
base images. Prints what it does; exits 1 with the ends of all logs when something fails. ``--only``
plays one scene; that of a machine with a GPU is played only so.
"""

from __future__ import annotations

import argparse
import os
import signal
import sys
import tempfile
from contextlib import ExitStack
from pathlib import Path

from app.tests.identity_provider import IdentityProvider
from tests.containers import engine as engines
from tests.containers import gpu_machine, one_machine, three_machines
from tests.containers.machines import OVERLAYS, Machine, certificate_for_all, secret
from tests.containers.people import MainJob, Site, audit
from tests.containers.printing import say
from tests.containers.standin import machine as private

SCENES = ("one-machine", "three-machines", "gpu")


def main() -> int:
    parser = argparse.ArgumentParser(prog="python -m tests.containers")
    parser.add_argument("--only", choices=SCENES)
    given = parser.parse_args()
    # A terminated run takes its containers with it, as one stopped by Ctrl-C does.
    signal.signal(signal.SIGTERM, signal.default_int_handler)
    if os.environ.get(private.INSIDE):
        return play(engines.stand_in(), given.only)
    if (docker := engines.docker()) is not None:
        return play(docker, given.only)
    say("no Docker here: podman from apt, and stand-ins for the base images")
    with private.claim():
        engines.prepared_stand_in(say)
        return private.enter(sys.argv[1:])


def play(engine: engines.Engine, only: str | None) -> int:
    say(f"on {engine.name}")
    machines: list[Machine] = []
    with ExitStack() as stack:
        folder = Path(stack.enter_context(tempfile.TemporaryDirectory(prefix="containers-")))
        certificate = certificate_for_all(folder)
        provider = IdentityProvider(folder / "provider", engine.address)
        provider.folder.mkdir()
        stack.callback(provider.stop)
        provider.start()
        site = Site(engine.address, certificate[0], provider)
        outside = Outside(engine, folder, certificate, provider)
        try:
            if only == "gpu":
                play_gpu(outside, machines)
            elif only != "three-machines":
                play_one_machine(outside, site, machines)
            if only in (None, "three-machines"):
                play_three_machines(outside, site, machines)
        except Exception as error:  # noqa: BLE001 - whatever it is, the logs say more
            say(f"FAILED: {type(error).__name__}: {error}")
            for machine in machines:
                sys.stdout.write(machine.logs())
            return 1
        finally:
            for machine in machines:
                machine.remove()
    say("All of it holds.")
    return 0


class Outside:
    """What machines are made from."""

    def __init__(
        self,
        engine: engines.Engine,
        folder: Path,
        certificate: tuple[Path, Path],
        provider: IdentityProvider,
    ) -> None:
        self.engine = engine
        self.folder = folder
        self.certificate = certificate
        self._settings = {
            **{name: f"'{value}'" for name, value in provider.environment().items()},
            "SECRET_KEY": secret(),
            "LICENCE_KEY": secret(),
            "INTERNAL_API_TOKEN": secret(),
            "POSTGRES_PASSWORD": secret(),
            "RABBITMQ_PASSWORD": secret(),
            "REDIS_PASSWORD": secret(),
            "AWS_ACCESS_KEY_ID": secret(),
            "AWS_SECRET_ACCESS_KEY": secret(),
            "ALLOW_TEST_GATEWAY": "1",
            "IMAGE_TAG": one_machine.OLD,
            "HTTP_PORT": f"{engine.address}:80",
            "HTTPS_PORT": f"{engine.address}:443",
            "WEB_CONCURRENCY": "2",
            # One address asks for all people.
            "RATE_LIMIT_USER": "",
            "RATE_LIMIT_ANONYMOUS": "",
            "RATE_LIMIT_GENERATE": "",
        }

    def machine(self, name: str, compose: str, overlay: str | None, **settings: str) -> Machine:
        made = Machine(name, self.folder / name, self.engine, self.certificate[0])
        settings = {**self._settings, **settings}
        if overlay != "names.yml" and name != "web":
            # Such a machine is told what its file asks for, and no more.
            text = (made.folder / compose).read_text()
            text += "".join(value for key, value in settings.items() if key in text)
            settings = {key: value for key, value in settings.items() if key in text}
        files = [compose, *([str(OVERLAYS / overlay)] if overlay else [])]
        project = three_machines.PROJECTS.get(name, "style-license-trial")
        made.set(
            COMPOSE_FILE=os.pathsep.join(files),
            COMPOSE_PROJECT_NAME=project,
            **settings,
        )
        return made


def play_one_machine(outside: Outside, site: Site, machines: list[Machine]) -> None:
    say("== One machine: docker-compose.yml")
    machine = outside.machine("one", "docker-compose.yml", "names.yml")
    machine.end_tls_here(outside.certificate)
    machines.append(machine)
    one_machine.start(machine)
    site.wait_until_it_answers()
    job = MainJob(site)
    job.play()
    audit(machine)
    say("== A rolling upgrade")
    one_machine.upgrade(machine, site, job)
    say("== A stop, and a start")
    one_machine.stop_and_start_again(machine, job)
    machine.remove()
    machines.remove(machine)


def play_three_machines(outside: Outside, site: Site, machines: list[Machine]) -> None:
    say("== Three machines: deploy/")
    address = outside.engine.data_address
    password = "style_license:${%s_PASSWORD}"
    reached = {
        "DATA_ADDRESS": address,
        "DATABASE_URL": f"postgresql://{password % 'POSTGRES'}@{address}:5432/style_license",
        "AMQP_URL": f"amqp://{password % 'RABBITMQ'}@{address}:5672/%2F",
        "REDIS_URL": f"redis://:${{REDIS_PASSWORD}}@{address}:6379/0",
        "FILES_UPSTREAM": f"{address}:9000",
        "BACKEND_UPSTREAM": ",".join(three_machines.BACKENDS),
    }
    three = three_machines.Machines(
        data=outside.machine("data", "deploy/data.yml", None, **reached),
        web=outside.machine("web", "deploy/web.yml", "web.yml", **reached),
        workers=outside.machine("workers", "deploy/workers.yml", "workers.yml", **reached),
    )
    three.web.end_tls_here(outside.certificate)
    machines.extend(three.all())
    three_machines.start(three, outside.engine)
    site.wait_until_it_answers()
    three_machines.see_who_reaches_what(three, outside.engine)
    three_machines.use(three, site)
    three_machines.stop(three)


def play_gpu(outside: Outside, machines: list[Machine]) -> None:
    say("== A machine with a GPU: deploy/gpu.yml, here with a CPU")
    machine = outside.machine(
        "gpu",
        "deploy/gpu.yml",
        None,
        AMQP_URL="amqp://nobody",
        DIFFUSION_MODEL=gpu_machine.REFERENCE,
        DIFFUSION_LOCK="worker-diffusion.txt",
    )
    machines.append(machine)
    shared = outside.folder / "shared"
    shared.mkdir()
    outside.folder.chmod(0o755)
    gpu_machine.play(machine, shared)


if __name__ == "__main__":
    sys.exit(main())
