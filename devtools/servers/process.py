"""Start one server process, wait until it answers, stop it."""

from __future__ import annotations

import contextlib
import os
import secrets
import signal
import socket
import subprocess
import time
from abc import ABC, abstractmethod
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from fcntl import LOCK_EX, LOCK_NB, LOCK_SH, LOCK_UN, flock
from pathlib import Path
from typing import IO, ClassVar, Self

from devtools.servers.interruption import interruption
from serving.processes import ending_with_parent


class ServerError(RuntimeError):
    """A private server cannot be started or stopped. The text is for people."""


class PrivateServer(ABC):
    """A server of our own; as a context it runs within and is stopped behind."""

    @abstractmethod
    def start(self) -> object:
        """Start it and say how it is reached. Raises ServerError."""

    @abstractmethod
    def stop(self) -> None:
        """Stop it, if it runs."""

    def __enter__(self) -> Self:
        self.start()
        return self

    def __exit__(self, *error: object) -> None:
        self.stop()


class OneProcessServer(PrivateServer):
    """A server that is one process, with its files in ``folder``, on a loopback port.

    After a stop, ``start`` takes the same port again.
    """

    name: ClassVar[str]
    start_seconds: ClassVar[float]

    def __init__(self, folder: Path) -> None:
        self.folder = folder.absolute()
        self.port = 0
        self._process: ServerProcess | None = None

    @abstractmethod
    def prepare(self) -> tuple[list[str | Path], dict[str, str]]:
        """Write what it reads. Returns its command line, and what its environment has more."""

    @abstractmethod
    def answers(self) -> bool:
        """Whether it serves already."""

    def run(self) -> None:
        """Start the process and wait until it answers. Raises ServerError."""
        self.folder.mkdir(parents=True, exist_ok=True)
        self.port = self.port or free_port()
        command, variables = self.prepare()
        log = self.folder / "server.log"
        self._process = start_process(command, log=log, environment={**os.environ, **variables})
        try:
            wait_until_ready(
                self.name, self._process, self.answers, seconds=self.start_seconds, log=log
            )
        except BaseException:
            self.stop()
            raise

    def stop(self) -> None:
        if self._process is not None:
            self._process.stop(((signal.SIGTERM, 5.0),))
            self._process = None

    @property
    def pid(self) -> int | None:
        return self._process.pid if self._process else None


@dataclass
class ServerProcess:
    """A server that this process started (``child``) or found running (its ``pid`` alone)."""

    pid: int
    child: subprocess.Popen[bytes] | None = None

    def is_running(self) -> bool:
        if self.child is not None:
            return self.child.poll() is None
        return pid_is_running(self.pid)

    def stop(self, signals: Sequence[tuple[signal.Signals, float]]) -> None:
        """Send each signal and wait its seconds; then kill the server with its whole group."""
        for number, seconds in signals:
            with contextlib.suppress(ProcessLookupError):
                os.kill(self.pid, number)
            if wait_for(lambda: not self.is_running(), seconds):
                break
        # A server leads its own group. What it leaves behind there ends with it.
        with contextlib.suppress(ProcessLookupError, PermissionError):
            os.killpg(self.pid, signal.SIGKILL)
        if not wait_for(lambda: not self.is_running(), 5):
            raise ServerError(f"Process {self.pid} does not stop, not even by SIGKILL.")


def start_process(
    command: Sequence[str | Path],
    *,
    log: Path,
    folder: Path | str = "/",
    environment: Mapping[str, str] | None = None,
    user: int | None = None,
    group: int | None = None,
    parent_death_signal: signal.Signals | None = signal.SIGTERM,
) -> ServerProcess:
    """Start ``command`` in a session of its own, so that Ctrl-C in a terminal reaches only us.

    Linux sends it ``parent_death_signal`` when the thread that started it is gone, however that
    ended; so start servers from a thread that lives as long as they should. Elsewhere no signal
    is sent.
    """
    with log.open("ab") as output:
        try:
            child = subprocess.Popen(  # noqa: S603 - our own command lines
                [str(part) for part in command],
                stdin=subprocess.DEVNULL,
                stdout=output,
                stderr=subprocess.STDOUT,
                cwd=folder,
                env=None if environment is None else dict(environment),
                user=user,
                group=group,
                extra_groups=None if user is None else [],
                start_new_session=True,
                preexec_fn=ending_with_parent(parent_death_signal) if parent_death_signal else None,
            )
        except OSError as error:
            raise ServerError(f"{command[0]} cannot be started: {error}") from error
    return ServerProcess(pid=child.pid, child=child)


def wait_until_ready(
    name: str, process: ServerProcess, is_ready: Callable[[], bool], *, seconds: float, log: Path
) -> None:
    """Return once ``is_ready``. A server that ends or stays silent is an error with its log."""

    def has_decided() -> bool:
        interruption.check()
        return not process.is_running() or is_ready()

    if wait_for(has_decided, seconds):
        if process.is_running():
            return
        reason = "ended while it was starting"
    else:
        reason = f"does not answer after {seconds:.0f} seconds"
    raise ServerError(f"{name} {reason}. Its log {log} ends with:\n{log_tail(log)}")


def wait_for(condition: Callable[[], bool], seconds: float) -> bool:
    """Whether ``condition`` came true within ``seconds``."""
    deadline = time.monotonic() + seconds
    while not condition():
        if time.monotonic() >= deadline:
            return False
        time.sleep(0.02)
    return True


# Below those from which Linux and macOS take the ports of outgoing connections: one of these could
# take the port between its choice and its use.
PORTS = range(12_000, 32_000)


def free_port() -> int:
    """A loopback port that nobody listens on now. Raises ServerError if there is none."""
    for _ in range(100):
        port = secrets.choice(PORTS)
        with socket.socket() as probe, contextlib.suppress(OSError):
            probe.bind(("127.0.0.1", port))
            return port
    raise ServerError("There is no free port between 12000 and 32000.")


def answers(port: int, request: bytes, expected: bytes) -> bool:
    """Whether the server on ``port`` starts its reply to ``request`` with ``expected``."""
    try:
        with socket.create_connection(("127.0.0.1", port), timeout=2) as connection:
            connection.sendall(request)
            reply = b""
            while len(reply) < len(expected) and (part := connection.recv(1024)):
                reply += part
            return reply.startswith(expected)
    except OSError:
        return False


def log_tail(log: Path, lines: int = 15) -> str:
    try:
        with log.open("rb") as stream:
            stream.seek(0, os.SEEK_END)
            stream.seek(max(0, stream.tell() - 16_384))
            text = stream.read().decode(errors="replace")
    except OSError as error:
        return f"(not readable: {error})"
    return "\n".join(f"  {line}" for line in text.splitlines()[-lines:]) or "  (empty)"


def pid_is_running(pid: int) -> bool:
    try:
        os.kill(pid, 0)
    except ProcessLookupError:
        return False
    except PermissionError:
        return True
    try:
        # In a container nobody may collect what its parent left: a zombie has ended all the same.
        state = Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()[0]
    except (OSError, IndexError):
        return True
    return state != "Z"


class FileLock:
    """A lock that the system gives back when its holder dies. Shared among users, or exclusive."""

    def __init__(self, path: Path) -> None:
        self.path = path
        self._stream: IO[str] | None = None

    def acquire(self, *, shared: bool = False, wait: bool = True) -> bool:
        if self._stream is None:
            self._stream = self.path.open("a")
        mode = (LOCK_SH if shared else LOCK_EX) | (0 if wait else LOCK_NB)
        try:
            flock(self._stream, mode)
        except BlockingIOError:
            return False
        return True

    def release(self) -> None:
        if self._stream is not None:
            flock(self._stream, LOCK_UN)
            self._stream.close()
            self._stream = None

    @contextlib.contextmanager
    def held(self) -> Iterator[None]:
        self.acquire()
        try:
            yield
        finally:
            self.release()


def write_private(path: Path, text: str) -> None:
    """Write ``text`` to ``path``, readable by its owner alone from its first moment on."""
    with os.fdopen(os.open(path, os.O_WRONLY | os.O_CREAT | os.O_TRUNC, 0o600), "w") as stream:
        stream.write(text)
