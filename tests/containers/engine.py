"""What runs the containers: Docker where there is one, else the stand-in."""

from __future__ import annotations

import os
import shutil
import socket
import subprocess
import sys
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path

from tests.containers.standin import machine
from tests.containers.standin.images import make_bases
from tests.system import PROJECT

SHIM = Path(machine.__file__).resolve().parent


@dataclass(frozen=True)
class Engine:
    """``address`` is one of this machine that containers reach too, ``data_address`` another.

    Docker runs where there may be no other: both are the same there.
    """

    name: str
    address: str
    data_address: str
    is_docker: bool

    def environment(self) -> dict[str, str]:
        """For commands that are to find it as ``docker``."""
        if self.is_docker:
            return {}
        return {
            "PATH": f"{SHIM}{os.pathsep}{os.environ['PATH']}:/usr/sbin:/sbin",
            "CONTAINERS_TRIAL_PROJECT": str(PROJECT),
            "CONTAINERS_TRIAL_PYTHON": sys.executable,
        }


def docker() -> Engine | None:
    """Docker with Compose 2.24 or newer, if its daemon answers."""
    if shutil.which("docker") is None:
        return None
    for command in (["docker", "info"], ["docker", "compose", "version"]):
        if subprocess.run(command, capture_output=True, check=False, timeout=60).returncode != 0:
            return None
    address = _own_address()
    return Engine("Docker", address, address, is_docker=True)


def prepared_stand_in(say: Callable[[str], None]) -> None:
    """Install it, and make its base images."""
    machine.install()
    os.environ |= machine.configuration()
    os.environ["PATH"] += ":/usr/sbin:/sbin"
    make_bases(say)


def stand_in() -> Engine:
    """Inside of what ``machine.enter`` makes."""
    machine.begin()
    return Engine("podman", *machine.ADDRESSES, is_docker=False)


def _own_address() -> str:
    """This machine's address towards others; nothing is sent."""
    with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as asking:
        asking.connect(("192.0.2.1", 9))
        return str(asking.getsockname()[0])
