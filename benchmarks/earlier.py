"""An earlier version of this program, with its own code and its own database.

Its code makes the tables, fills them and says what is asked, since a later version may have changed
any of these. The Python packages are today's.
"""

from __future__ import annotations

import subprocess
import sys
import tarfile
from collections.abc import Callable
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import IO, Self

from benchmarks.cases import Case, Request
from benchmarks.load import SEPARATOR
from benchmarks.servers import PROJECT, run

# What the marks of CPU time are about.
COMMIT = "881053c"
MAKE_REQUESTS = Path(__file__).with_name("make_requests.py")


def checked_out(folder: Path) -> Path:
    """``folder`` with the files of the earlier commit. Raises RuntimeError where git lacks it."""
    if folder.exists():
        return folder
    folder.parent.mkdir(parents=True, exist_ok=True)
    archive = folder.with_suffix(".tar")
    done = subprocess.run(  # noqa: S603 (our own command line)
        ["git", "archive", "--output", str(archive), COMMIT],  # noqa: S607 (whichever git there is)
        cwd=PROJECT,
        capture_output=True,
        text=True,
        check=False,
    )
    if done.returncode != 0:
        raise RuntimeError(
            f"Commit {COMMIT} can't be read: {done.stderr.strip()} A shallow clone gets it by"
            " `git fetch --unshallow`; --stages leaves it out."
        )
    with tarfile.open(archive) as files:
        files.extractall(folder, filter="data")
    archive.unlink()
    return folder


def fill(code: Path, environment: dict[str, str], size: int) -> None:
    """Make the tables of an empty database, and fill them with ``size`` generations."""
    run(environment, "manage.py", "migrate", "--verbosity=0", folder=code)
    arguments = ("-m", "benchmarks.seed_large", "--generations", str(size))
    run(environment, *arguments, folder=code)


@dataclass(frozen=True)
class Prepared(Request):
    """A request as another program has written it."""

    text: bytes = field(default=b"", repr=False)

    def raw(self) -> bytes:
        return self.text


class Requests:
    """What the earlier version asks itself, made by a process that runs its code."""

    def __init__(self, code: Path, environment: dict[str, str], log: Path) -> None:
        with log.open("wb") as errors:
            self._process = subprocess.Popen(  # noqa: S603 (our own command line)
                # Without -P Python looks for modules beside the script first.
                [sys.executable, "-P", str(MAKE_REQUESTS)],
                cwd=code,
                env=environment | {"PYTHONPATH": str(code)},
                stdin=subprocess.PIPE,
                stdout=subprocess.PIPE,
                stderr=errors,
            )
        self._log = log

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        self._process.communicate(timeout=30)

    def case(self, like: Case) -> Case:
        """The case of the same name, as the earlier version has it."""
        return replace(like, make=self._maker(like.name))

    def _maker(self, name: str) -> Callable[[int], list[Request]]:
        def make(count: int) -> list[Request]:
            to, answer = _opened(self._process.stdin), _opened(self._process.stdout)
            to.write(f"{name} {count}\n".encode())
            to.flush()
            length = answer.readline()
            if not length:
                raise RuntimeError(f"{COMMIT} makes no requests:\n{self._log.read_text()[-2000:]}")
            content = answer.read(int(length))
            return [Prepared("", text=text) for text in content.split(SEPARATOR)]

        return make


def _opened(stream: IO[bytes] | None) -> IO[bytes]:
    assert stream is not None
    return stream
