"""A machine for the containers: storage, network and processes of their own.

Storage and images are in a cache folder. Everything else is in namespaces that end with the
process that made them, so that nothing is left over and nothing outside is touched.
"""

from __future__ import annotations

import fcntl
import os
import resource
import shutil
import subprocess
import sys
from pathlib import Path
from typing import IO

from tests.containers.standin.podman import podman

PACKAGES = (
    *("podman", "buildah", "runc", "netavark", "aardvark-dns", "iptables", "debootstrap"),
    *("iproute2", "util-linux"),
)
# The machine's addresses: of this network alone, so any that are nobody's will do. The second is
# that of the servers where there are several machines.
ADDRESSES = ("10.77.0.1", "10.77.0.2")
INSIDE = "CONTAINERS_TRIAL_INSIDE"
CACHE = (
    Path(os.environ.get("XDG_CACHE_HOME") or Path.home() / ".cache") / "style-license-containers"
)
# The network in which images are built: it reaches the package registries.
OUTER_NETWORK = CACHE / "outer-network"
# Open files, and processes, of a container.
MOST = 16384
_STATE = Path("/run/style-license-containers")
_PROGRAMS = ("podman", "buildah", "runc", "iptables", "debootstrap", "ip", "unshare", "nsenter")


def install() -> None:
    """Install what is missing, from apt. Raises RuntimeError where that cannot be."""
    if os.geteuid() != 0:
        raise RuntimeError("Without Docker this has to run as root, on Debian.")
    path = f"{os.environ['PATH']}:/usr/sbin:/sbin"
    missing = [name for name in _PROGRAMS if not shutil.which(name, path=path)]
    if not missing and Path("/usr/lib/podman/netavark").exists():
        return
    apt = ["apt-get", "-qq", "-o", "DPkg::Lock::Timeout=300"]
    environment = {**os.environ, "DEBIAN_FRONTEND": "noninteractive"}
    for command in (["update"], ["install", "--yes", "--no-install-recommends", *PACKAGES]):
        subprocess.run([*apt, *command], check=True, env=environment, timeout=900)


def claim() -> IO[str]:
    """Wait until no other run uses the storage; it is free again once the file is closed."""
    CACHE.mkdir(parents=True, exist_ok=True)
    lock = (CACHE / "lock").open("w")
    fcntl.flock(lock, fcntl.LOCK_EX)
    return lock


def configuration() -> dict[str, str]:
    """Write podman's configuration; the environment that names it."""
    storage = CACHE / "storage.conf"
    storage.write_text(
        "[storage]\n"
        f'driver = "overlay"\ngraphroot = "{CACHE}/storage"\nrunroot = "{_STATE}/storage"\n'
    )
    limits = []
    for name, kind in (("nofile", resource.RLIMIT_NOFILE), ("nproc", resource.RLIMIT_NPROC)):
        hard = resource.getrlimit(kind)[1]
        # By itself podman asks for more than some machines give.
        limit = min(hard, MOST) if hard >= 0 else MOST
        limits.append(f'"{name}={limit}:{limit}"')
    containers = CACHE / "containers.conf"
    containers.write_text(
        "[containers]\n"
        f"default_ulimits = [{', '.join(limits)}]\n"
        '[engine]\ncgroup_manager = "cgroupfs"\nruntime = "runc"\nevents_logger = "file"\n'
        f'tmp_dir = "{_STATE}/libpod"\n'
        f'[network]\nnetwork_backend = "netavark"\nnetwork_config_dir = "{CACHE}/networks"\n'
    )
    return {
        "CONTAINERS_STORAGE_CONF": str(storage),
        "CONTAINERS_CONF": str(containers),
        # No timers: whoever waits asks.
        "DISABLE_HC_SYSTEMD": "true",
    }


def enter(arguments: list[str]) -> int:
    """Run this program again inside, with ``arguments``; its exit code.

    What runs inside ends with it, containers too, however it ends.
    """
    OUTER_NETWORK.touch()
    inside = [sys.executable, "-m", "tests.containers", *arguments]
    network = ["unshare", "--net", "--pid", "--fork", "--kill-child", "--mount-proc", *inside]
    resolver = Path("/etc/resolv.conf").read_text()
    script = (
        'mount --bind /proc/self/ns/net "$1" && mount -t tmpfs tmpfs /run && shift && '
        '{ [ -e /etc/resolv.conf ] || { mkdir -p "$(dirname "$(readlink -m /etc/resolv.conf)")" && '
        'printf "%s" "$RESOLVER" > "$(readlink -m /etc/resolv.conf)"; }; } && exec "$@"'
    )
    outer = ["unshare", "--mount", "sh", "-c", script, "sh", str(OUTER_NETWORK), *network]
    environment = {**os.environ, **configuration(), INSIDE: "1", "RESOLVER": resolver}
    return subprocess.run(outer, env=environment, check=False, timeout=2 * 3600).returncode


def begin() -> None:
    """Inside: give the machine its address, and forget the containers of an earlier run."""
    for command in (
        ["ip", "link", "set", "lo", "up"],
        *(["ip", "address", "add", f"{address}/32", "dev", "lo"] for address in ADDRESSES),
    ):
        subprocess.run(command, check=True, timeout=10)
    clear()


def clear() -> None:
    """Remove containers, volumes and networks; images stay, for the next run."""
    podman("rm", "--force", "--all", "--time", "0", "--volumes")
    podman("volume", "rm", "--force", "--all")
    networks = podman("network", "ls", "--format", "{{.Name}}").split()
    for name in networks:
        if name != "podman":
            podman("network", "rm", "--force", name)
