"""A private RabbitMQ."""

import contextlib
import hashlib
import os
import secrets
import shutil
import signal
import subprocess
from collections.abc import Mapping
from pathlib import Path

from devtools.servers.packages import ensure_installed
from devtools.servers.process import (
    PrivateServer,
    ServerError,
    ServerProcess,
    answers,
    free_port,
    pid_is_running,
    start_process,
    wait_for,
    wait_until_ready,
    write_private,
)

USER = "style-license"
_START_SECONDS = 90.0
_STOP_SIGNALS = ((signal.SIGTERM, 30.0),)
# What AMQP 0-9-1 clients send first; the server replies with a method frame on channel 0.
_GREETING = b"AMQP\x00\x00\x09\x01"
_REPLY = b"\x01\x00\x00"
_LOOPBACK_ONLY = "-kernel inet_dist_use_interface {127,0,0,1}"
# The package's own scripts. The command of the same name in /usr/sbin changes the user first.
_SCRIPT_FOLDERS = ("/usr/lib/rabbitmq/bin", "/opt/rabbitmq/sbin")


class PrivateRabbitMQ(PrivateServer):
    """RabbitMQ on loopback with its files in ``folder``.

    After a stop or a kill, start() brings it back on the same port with the same queues.
    ``settings`` are lines of rabbitmq.conf, such as ``{"consumer_timeout": "5000"}``.

    An Erlang node is found by name through a process called epmd, of which a machine has one. This
    server brings its own, on a port of its own, and takes it down again.
    """

    def __init__(self, folder: Path, settings: Mapping[str, str] | None = None) -> None:
        self.folder = folder.absolute()
        self.settings = dict(settings or {})
        self.port = 0
        # Queues are kept under the node's name, so the same folder has the same name again.
        mark = hashlib.sha256(str(self.folder).encode()).hexdigest()[:12]
        self._node = f"style-license-{mark}@localhost"
        self._password = ""
        self._process: ServerProcess | None = None
        self._name_server: ServerProcess | None = None

    @property
    def url(self) -> str:
        return f"amqp://{USER}:{self._password}@127.0.0.1:{self.port}/%2F"

    def start(self) -> str:
        """Start the server; its URL."""
        script = ensure_installed("rabbitmq-server", _find_script)
        self.folder.mkdir(parents=True, exist_ok=True)
        self.folder.chmod(0o700)
        if not self.port:
            self._choose_ports()
        self._write_files()
        environment = self._environment()
        log = self.folder / "server.log"
        try:
            self._name_server = start_process(
                ["epmd", "-port", str(self._name_server_port)],
                log=self.folder / "epmd.log",
                environment=environment,
            )
            wait_until_ready(
                "RabbitMQ's name server",
                self._name_server,
                # "Which nodes do you know?" It answers with its own port.
                lambda: answers(
                    self._name_server_port, b"\x00\x01n", self._name_server_port.to_bytes(4, "big")
                ),
                seconds=20,
                log=self.folder / "epmd.log",
            )
            self._process = start_process([script], log=log, environment=environment)
            wait_until_ready(
                "RabbitMQ",
                self._process,
                lambda: answers(self.port, _GREETING, _REPLY),
                seconds=_START_SECONDS,
                log=log,
            )
        except BaseException:
            self.stop()
            raise
        return self.url

    def stop(self) -> None:
        """Stop the server in order: it writes down what is durable."""
        self._end(_STOP_SIGNALS)

    def kill(self) -> None:
        """End it as a power cut would."""
        self._end(())

    def add_virtual_host(self, name: str) -> None:
        """Add a space of queues, reached by the same URL with ``name`` as its path."""
        host, user = f'<<"{name}">>', f'<<"{USER}">>'
        steps = (
            f"rabbit_vhost:add({host}, {user}), rabbit_auth_backend_internal:set_permissions("
            f'{user}, {host}, <<".*">>, <<".*">>, <<".*">>, {user}).'
        )
        answer = self._control("eval", steps)
        if answer.returncode != 0 or "error" in answer.stdout:
            raise ServerError(f"RabbitMQ adds no virtual host: {answer.stderr or answer.stdout}")

    def evaluate(self, expression: str) -> str:
        """Run an Erlang expression in the server, as ``rabbitmqctl eval`` does."""
        answer = self._control("eval", expression)
        if answer.returncode != 0:
            raise ServerError(f"RabbitMQ does not evaluate that: {answer.stderr}")
        return answer.stdout

    def _control(self, *arguments: str) -> subprocess.CompletedProcess[str]:
        script = ensure_installed("rabbitmq-server", _find_script).with_name("rabbitmqctl")
        return subprocess.run(  # noqa: S603
            [script, "--node", self._node, *arguments],
            stdin=subprocess.DEVNULL,
            capture_output=True,
            text=True,
            env=self._environment(),
            cwd="/",
            check=False,
        )

    @property
    def pids(self) -> list[int]:
        """Every process of this server, found by the node's name in its environment."""
        mark = f"RABBITMQ_NODENAME={self._node}".encode()
        found = []
        for environment in Path("/proc").glob("[0-9]*/environ"):
            with contextlib.suppress(OSError):
                pid = int(environment.parent.name)
                if mark in environment.read_bytes().split(b"\0") and pid_is_running(pid):
                    found.append(pid)
        return found

    def _end(self, signals: tuple[tuple[signal.Signals, float], ...]) -> None:
        if self._process is not None:
            self._process.stop(signals)
            self._process = None
        if self._name_server is not None:
            self._name_server.stop(())
            self._name_server = None
        # Erlang gives its helpers groups of their own. They end by themselves, if late.
        if not wait_for(lambda: not self.pids, 2):
            for pid in self.pids:
                with contextlib.suppress(ProcessLookupError):
                    os.kill(pid, signal.SIGKILL)

    def _choose_ports(self) -> None:
        ports: set[int] = set()
        while len(ports) < 3:
            ports.add(free_port())
        self.port, self._node_port, self._name_server_port = ports

    def _write_files(self) -> None:
        password = self.folder / "password"
        if not password.exists():
            write_private(password, secrets.token_urlsafe(18))
        self._password = password.read_text()
        settings = {
            "listeners.tcp.default": f"127.0.0.1:{self.port}",
            "default_user": USER,
            "default_pass": self._password,
            "default_permissions.configure": ".*",
            "default_permissions.read": ".*",
            "default_permissions.write": ".*",
            # A test run needs little; a full disk is somebody else's to report.
            "disk_free_limit.absolute": "50MB",
            **self.settings,
        }
        lines = "".join(f"{name} = {value}\n" for name, value in settings.items())
        write_private(self.folder / "rabbitmq.conf", lines)
        write_private(self.folder / "rabbitmq-env.conf", "")
        for name in ("enabled_plugins", "advanced.config"):
            write_private(self.folder / name, "[].\n")
        cookie = self.folder / ".erlang.cookie"
        if not cookie.exists():
            write_private(cookie, secrets.token_hex(16))

    def _environment(self) -> dict[str, str]:
        """What points RabbitMQ to our files, and to none of the system."""
        # Nothing that a machine's own RabbitMQ is told in the environment is for this one.
        inherited = {
            name: value
            for name, value in os.environ.items()
            if not name.startswith(("RABBITMQ_", "ERL_", "NOTIFY_SOCKET"))
        }
        return {
            **inherited,
            "HOME": str(self.folder),
            "ERL_EPMD_PORT": str(self._name_server_port),
            "ERL_EPMD_ADDRESS": "127.0.0.1",
            "RABBITMQ_NODENAME": self._node,
            "RABBITMQ_NODE_IP_ADDRESS": "127.0.0.1",
            "RABBITMQ_NODE_PORT": str(self.port),
            "RABBITMQ_DIST_PORT": str(self._node_port),
            "RABBITMQ_SERVER_ADDITIONAL_ERL_ARGS": _LOOPBACK_ONLY,
            "RABBITMQ_CTL_ERL_ARGS": _LOOPBACK_ONLY,
            "RABBITMQ_CONF_ENV_FILE": str(self.folder / "rabbitmq-env.conf"),
            "RABBITMQ_CONFIG_FILE": str(self.folder / "rabbitmq.conf"),
            "RABBITMQ_CONFIG_FILES": str(self.folder / "conf.d"),
            "RABBITMQ_ADVANCED_CONFIG_FILE": str(self.folder / "advanced.config"),
            "RABBITMQ_ENABLED_PLUGINS_FILE": str(self.folder / "enabled_plugins"),
            "RABBITMQ_MNESIA_BASE": str(self.folder / "data"),
            "RABBITMQ_LOG_BASE": str(self.folder / "log"),
            "RABBITMQ_LOGS": "-",
            "RABBITMQ_PID_FILE": str(self.folder / "pid"),
            # The script then turns into the server instead of waiting for it.
            "detached": "true",
        }


def _find_script() -> Path | None:
    for folder in _SCRIPT_FOLDERS:
        script = Path(folder, "rabbitmq-server")
        if script.exists():
            return script
    # Upstream's archive; its script runs as whoever calls it.
    found = shutil.which("rabbitmq-server")
    return Path(found) if found and not found.startswith("/usr/sbin/") else None
