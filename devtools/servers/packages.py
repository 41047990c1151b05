"""Install a missing server with the system's package manager, without starting its service."""

import contextlib
import os
import shutil
import subprocess
import sys
from collections.abc import Callable, Iterator
from pathlib import Path

from devtools.servers.process import FileLock, ServerError

# Debian asks this program whether a package may start its services; 101 means no.
_SERVICE_POLICY = Path("/usr/sbin/policy-rc.d")
_NO_SERVICES = "#!/bin/sh\nexit 101\n"
# Shared by every run on the machine. Only root gets as far as opening it.
_LOCK = Path("/run/lock/style-license-packages.lock")
_INSTALL_SECONDS = 600
_PROJECT = Path(__file__).resolve().parents[2]


def ensure_installed(package: str, find: Callable[[], Path | None]) -> Path:
    """The program that ``find`` looks for, after installing the Debian ``package`` if need be.

    Installing takes root, directly or by a sudo that asks for no password. Raises ServerError
    with one sentence that says what to install.
    """
    if found := find():
        return found
    advice = f"{package} is missing; install it, e.g. with: apt-get install {package}"
    if shutil.which("apt-get") is None:
        raise ServerError(f"{advice}.")
    if os.geteuid() != 0:
        # Started again as root, this module takes the same way from here.
        if not _may_become_root():
            raise ServerError(f"{advice}.")
        _run(["sudo", "-n", sys.executable, "-m", __spec__.name, package], advice)
    else:
        install_as_root(package)
    if found := find():
        return found
    raise ServerError(f"{advice} (apt-get ran, but its program is still not here).")


def install_as_root(package: str) -> None:
    advice = f"{package} is missing; install it, e.g. with: apt-get install {package}"
    _LOCK.parent.mkdir(parents=True, exist_ok=True)
    with FileLock(_LOCK).held(), _services_stay_off():
        if _is_installed(package):
            # Somebody else held the lock, and did it.
            return
        # Wait for another apt-get that may run on the machine.
        apt = ["apt-get", "-qq", "-o", "DPkg::Lock::Timeout=300"]
        install = [*apt, "install", "-y", "--no-install-recommends", package]
        try:
            _run(install, advice)
        except ServerError:
            # A bare image has no package lists, and old ones name files that are gone.
            _run([*apt, "update"], advice)
            _run(install, advice)


def _is_installed(package: str) -> bool:
    answer = subprocess.run(  # noqa: S603
        ["dpkg-query", "-W", "-f", "${Status}", package],  # noqa: S607
        capture_output=True,
        text=True,
        check=False,
    )
    return answer.stdout == "install ok installed"


@contextlib.contextmanager
def _services_stay_off() -> Iterator[None]:
    """Our servers run on ports of their own; the package's service is of no use to us."""
    if _SERVICE_POLICY.exists():
        yield
        return
    _SERVICE_POLICY.write_text(_NO_SERVICES)
    _SERVICE_POLICY.chmod(0o755)
    try:
        yield
    finally:
        _SERVICE_POLICY.unlink(missing_ok=True)


def _may_become_root() -> bool:
    if shutil.which("sudo") is None:
        return False
    answer = subprocess.run(
        ["sudo", "-n", "true"],  # noqa: S607
        stdin=subprocess.DEVNULL,
        capture_output=True,
        check=False,
    )
    return answer.returncode == 0


def _run(command: list[str], advice: str) -> None:
    environment = {**os.environ, "DEBIAN_FRONTEND": "noninteractive", "LC_ALL": "C.UTF-8"}
    try:
        answer = subprocess.run(  # noqa: S603
            command,
            stdin=subprocess.DEVNULL,
            capture_output=True,
            text=True,
            env=environment,
            cwd=_PROJECT,
            timeout=_INSTALL_SECONDS,
            check=False,
        )
    except subprocess.TimeoutExpired as error:
        raise ServerError(f"{advice} (apt-get took longer than {error.timeout:.0f} s).") from error
    if answer.returncode != 0:
        words = (answer.stderr or answer.stdout).strip().splitlines()
        raise ServerError(f"{advice} (apt-get: {words[-1] if words else answer.returncode}).")


if __name__ == "__main__":
    try:
        install_as_root(sys.argv[1])
    except ServerError as problem:
        sys.exit(str(problem))
