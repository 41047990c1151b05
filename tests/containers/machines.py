"""A machine as somebody deploys on it: a checkout, its .env, and a shell."""

from __future__ import annotations

import json
import os
import re
import secrets
import shutil
import subprocess
from pathlib import Path
from time import monotonic
from typing import Any

from devtools.servers.certificate import make_certificate
from tests.containers.engine import Engine
from tests.containers.printing import end_of, say
from tests.system import PROJECT, wait_for

HOSTS = ("styles.example.com", "files.example.com")
OVERLAYS = Path(__file__).resolve().parent / "overlays"
# What the images are built from, as .dockerignore lets it through, and what an operator needs.
DEPLOYED = (
    *("Dockerfile", ".dockerignore", ".env.example", "docker-compose.yml", "deploy"),
    *(
        line.removeprefix("!")
        for line in (PROJECT / ".dockerignore").read_text().splitlines()
        if line.startswith("!")
    ),
)


class CommandError(Exception):
    """A command of a machine failed; the message holds what it said last."""


class Machine:
    """``folder`` becomes the checkout. Commands run there, as an operator types them."""

    def __init__(self, name: str, folder: Path, engine: Engine, certificate: Path) -> None:
        self.name = name
        self.folder = folder
        self.engine = engine
        self.environment = {
            **engine.environment(),
            "TRIAL_ADDRESS": engine.address,
            "TRIAL_CERTIFICATE": str(certificate),
        }
        folder.mkdir()
        for path in DEPLOYED:
            source = PROJECT / path
            if source.is_dir():
                ignored = shutil.ignore_patterns("__pycache__", "tests", "tls")
                shutil.copytree(source, folder / path, ignore=ignored)
            else:
                shutil.copy(source, folder / path)

    def set(self, **answers: str) -> None:
        """Write answers into .env, which begins as .env.example."""
        file = self.folder / ".env"
        if not file.exists():
            shutil.copy(self.folder / ".env.example", file)
        text = file.read_text()
        for name, value in answers.items():
            line = f"{name}={value}"
            text, count = re.subn(
                rf"^#?{name}=.*$", line.replace("\\", r"\\"), text, flags=re.MULTILINE
            )
            if not count:
                text += f"{line}\n"
        file.write_text(text)

    def end_tls_here(self, certificate: tuple[Path, Path]) -> None:
        """As docs/operations.md says under "Choose where TLS ends"."""
        folder = self.folder / "nginx/tls"
        folder.mkdir()
        [printed] = re.findall(
            r"```nginx\n(\s+# nginx/tls/certificate.conf\n.*?)```",
            (PROJECT / "docs/operations.md").read_text(),
            re.DOTALL,
        )
        (folder / "certificate.conf").write_text(printed)
        shutil.copy(certificate[0], folder / "fullchain.pem")
        shutil.copy(certificate[1], folder / "privkey.pem")

    def run(self, command: str, *, timeout: float = 600) -> str:
        """What a command writes to stdout. Raises CommandError if it fails or takes too long."""
        say(f"{self.name}$ {command}")
        began = monotonic()
        try:
            done = self._start(command, timeout)
        except subprocess.TimeoutExpired as error:
            raise CommandError(
                f"{command}: not within {timeout:.0f} s\n{end_of(str(error.output or ''))}"
            ) from None
        if done.returncode != 0:
            raise CommandError(
                f"{command}: exit {done.returncode}\n{end_of(done.stdout + done.stderr)}"
            )
        if (took := monotonic() - began) > 10:
            say(f"  {took:.0f} s")
        return done.stdout

    def fails(self, command: str, *, timeout: float = 60) -> bool:
        """Whether a command does not succeed."""
        return self._start(command, timeout).returncode != 0

    def containers(self) -> list[dict[str, Any]]:
        """What ``docker compose ps`` says of each container, those that ended too."""
        listed = self._start("docker compose ps --all --format json", 60).stdout
        if listed.startswith("["):
            found: list[dict[str, Any]] = json.loads(listed)
            return found
        return [json.loads(line) for line in listed.splitlines()]

    def wait_until_healthy(self, service: str, *, seconds: float = 180) -> None:
        def is_healthy() -> bool:
            found = [each for each in self.containers() if each["Service"] == service]
            return bool(found) and all(each["Health"] == "healthy" for each in found)

        wait_for(is_healthy, seconds=seconds, what=f"{self.name}: {service} being healthy")

    def logs(self) -> str:
        done = self._start("docker compose ps --all; docker compose logs --tail 40", 120)
        return f"--- {self.name}\n{done.stdout}{done.stderr}"

    def remove(self) -> None:
        """Everything of the project but its images."""
        self._start("docker compose down --volumes", 300)

    def _start(self, command: str, timeout: float) -> subprocess.CompletedProcess[str]:
        return subprocess.run(
            ["bash", "-euo", "pipefail", "-c", command],
            cwd=self.folder,
            env={**os.environ, **self.environment},
            stdin=subprocess.DEVNULL,
            capture_output=True,
            text=True,
            errors="replace",
            timeout=timeout,
            check=False,
        )


def certificate_for_all(folder: Path) -> tuple[Path, Path]:
    """One for the site and the files, and its key."""
    return make_certificate(folder, *HOSTS)


def secret() -> str:
    return secrets.token_urlsafe(50)
