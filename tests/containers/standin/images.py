"""Images without a registry: stand-ins for the base images from apt, and ours from the Dockerfile.

The stand-ins hold the versions of this machine's Debian, under the names that the files ask for.
"""

from __future__ import annotations

import os
import re
import shutil
import subprocess
from collections.abc import Iterator
from pathlib import Path
from typing import Any

from tests.containers.standin.machine import CACHE, INSIDE, OUTER_NETWORK
from tests.containers.standin.podman import succeeds

HERE = Path(__file__).resolve().parent / "images"
PROJECT = HERE.parents[3]
SERVERS = ("postgres", "rabbitmq", "redis", "nginx")
SECONDS = 1800


def base_images() -> dict[str, str]:
    """The images that come from a registry, by their names without a version."""
    text = "".join((PROJECT / name).read_text() for name in ("Dockerfile", "docker-compose.yml"))
    names = "|".join(("python", *SERVERS))
    found = re.findall(rf"^(?:FROM|\s+image:) (({names}):\S+)", text, re.M)
    return {name: image for image, name in found}


def make_bases(say: Any) -> None:
    """Make the stand-ins that are not there yet."""
    images = {name: f"docker.io/library/{image}" for name, image in base_images().items()}
    if not succeeds("image", "exists", images["python"]):
        say(f"making a stand-in for {images['python']}")
        folder = _debian()
        with subprocess.Popen(
            ["tar", "--directory", folder, "--create", "."], stdout=subprocess.PIPE
        ) as archive:
            subprocess.run(
                ["podman", "import", "--quiet", "-", images["python"]],
                stdin=archive.stdout,
                check=True,
                timeout=SECONDS,
            )
        assert archive.returncode == 0
        shutil.rmtree(folder)
    for name in SERVERS:
        # Again each time: with its layers cached this takes a second.
        say(f"making a stand-in for {images[name]}")
        _bud(
            *("--target", name, "--tag", images[name], "--build-arg", f"BASE={images['python']}"),
            HERE,
        )


def build(context: Path, image: str, service: dict[str, Any]) -> None:
    """Build ``image`` as the service's ``build`` says."""
    target = service["build"]["target"]
    unknown = set(service["build"]) - {"context", "target", "args"}
    assert not unknown, f"build: {unknown} is not known here"
    told = [
        f"--build-arg={name}={value}" for name, value in service["build"].get("args", {}).items()
    ]
    _bud("--target", target, "--tag", image, *told, context.resolve())


def _bud(*arguments: str | Path) -> None:
    # HEALTHCHECK is only in Docker's own format.
    command: list[str | Path] = ["buildah", "bud", "--format", "docker", "--layers"]
    command += ["--isolation", "chroot", "--pull-never", *_mounts(), *arguments]
    if os.environ.get(INSIDE):
        command = ["nsenter", f"--net={OUTER_NETWORK}", *command]
    done = subprocess.run(
        command, capture_output=True, text=True, timeout=SECONDS, check=False, errors="replace"
    )
    if done.returncode != 0:
        end = "\n".join((done.stdout + done.stderr).splitlines()[-60:])
        raise RuntimeError(f"The build failed: {' '.join(map(str, arguments))}\n{end}")


def _mounts() -> Iterator[str]:
    """What building needs of this machine: whom it trusts, and where its packages are from."""
    sources = CACHE / "sources.list"
    sources.write_text("".join(f"deb {uri} {suite} main\n" for uri, suite in _sources()))
    yield from ("--volume", f"{sources}:/etc/apt/sources.list:ro")
    wheels = os.environ.get("PIP_FIND_LINKS", "")
    trusted = ("/etc/ssl/certs/ca-certificates.crt", "/etc/pip.conf", "/etc/apt/auth.conf.d")
    for path in (*trusted, *(wheels.split() if wheels.startswith("/") else [])):
        if Path(path).exists():
            yield from ("--volume", f"{path}:{path}:ro")


def _debian() -> Path:
    """A folder with Debian and Python, as small as it gets."""
    folder = CACHE / "debian"
    shutil.rmtree(folder, ignore_errors=True)
    uri, suite = next((uri, suite) for uri, suite in _sources() if suite == _codename())
    include = "--include=python3,python3-venv,ca-certificates"
    subprocess.run(
        ["debootstrap", "--variant=minbase", include, suite, folder, uri],
        check=True,
        stdout=subprocess.DEVNULL,
        timeout=SECONDS,
        env={**os.environ, "PATH": f"{os.environ['PATH']}:/usr/sbin:/sbin"},
    )
    (folder / "usr/bin/python").symlink_to("python3")
    # Packages start no servers while they are installed, as in Debian's own images.
    policy = folder / "usr/sbin/policy-rc.d"
    policy.write_text("#!/bin/sh\nexit 101\n")
    policy.chmod(0o755)
    for waste in ("var/cache/apt", "var/lib/apt/lists"):
        shutil.rmtree(folder / waste)
    (folder / "var/lib/apt/lists/partial").mkdir(parents=True)
    (folder / "var/cache/apt/archives/partial").mkdir(parents=True)
    return folder


def _codename() -> str:
    found = re.search(r"^VERSION_CODENAME=(\w+)", Path("/etc/os-release").read_text(), re.M)
    if found is None:
        raise RuntimeError("Without Docker this has to run on Debian.")
    return found[1]


def _sources() -> list[tuple[str, str]]:
    """Address and suite of each of Debian's own sources on this machine."""
    listed = subprocess.run(
        ["apt-get", "indextargets", "--format", "$(REPO_URI) $(RELEASE)", "Created-By: Packages"],
        capture_output=True,
        text=True,
        check=True,
        timeout=60,
    )
    codename = _codename()
    ours = {codename, f"{codename}-updates", f"{codename}-security"}
    pairs = {tuple(line.split(" ", 1)) for line in listed.stdout.splitlines()}
    return sorted((uri, suite) for uri, suite in pairs if suite in ours)
