"""A private nginx in front of web processes, on the configuration that is shipped."""

import os
import shutil
import signal
import ssl
import subprocess
from collections.abc import Mapping
from pathlib import Path

from devtools.servers.packages import ensure_installed
from devtools.servers.process import (
    ServerProcess,
    answers,
    free_port,
    start_process,
    wait_until_ready,
)

SHIPPED = Path(__file__).resolve().parents[2] / "nginx"
# What docker-compose.yml tells that script.
_UPSTREAMS = {"BACKEND_UPSTREAM": "backend:8000", "FILES_UPSTREAM": "files:9000"}
_START_SECONDS = 20.0
# SIGQUIT lets requests under way end.
_STOP_SIGNALS = ((signal.SIGQUIT, 3.0), (signal.SIGTERM, 2.0))
# What the package's or the image's own nginx.conf would say; the shipped files are included by it.
_MAIN = """\
daemon off;
{user}
worker_processes 2;
pid {folder}/nginx.pid;
error_log {folder}/error.log warn;
events {{ worker_connections 512; }}
http {{
    include /etc/nginx/mime.types;
    default_type application/octet-stream;
    client_body_temp_path {folder}/client_body;
    proxy_temp_path {folder}/proxy;
    fastcgi_temp_path {folder}/fastcgi;
    uwsgi_temp_path {folder}/uwsgi;
    scgi_temp_path {folder}/scgi;
    sendfile on;
    include {folder}/conf.d/*.conf;
}}
"""


class PrivateNginx:
    """nginx on two loopback ports, one of them with TLS.

    ``changes`` are made to the shipped files: host names, and paths of the images.
    """

    def __init__(
        self, folder: Path, changes: Mapping[str, str], certificate: Path, key: Path
    ) -> None:
        self.folder = folder
        self.port = free_port()
        self.tls_port = free_port()
        self.access_log = folder / "access.log"
        self._program = ensure_installed("nginx", _find_program)
        self._process: ServerProcess | None = None
        tls = folder / "tls"
        tls.mkdir(parents=True)
        (folder / "conf.d").mkdir()
        (tls / "certificate.conf").write_text(
            f"listen 127.0.0.1:{self.tls_port} ssl;\n"
            f"ssl_certificate {certificate};\nssl_certificate_key {key};\n"
        )
        user = "user root;" if os.geteuid() == 0 else ""
        (folder / "nginx.conf").write_text(_MAIN.format(folder=folder, user=user))
        ours = {
            "listen 80": f"listen 127.0.0.1:{self.port}",
            "/etc/nginx/tls/": f"{tls}/",
            "/etc/nginx/files.conf": f"{folder}/files.conf",
            "/dev/stdout": str(self.access_log),
            **changes,
        }
        for shipped in (SHIPPED / "conf.d/default.conf", SHIPPED / "files.conf"):
            shutil.copy(shipped, folder / shipped.relative_to(SHIPPED))
        subprocess.run(  # noqa: S603
            [SHIPPED / "upstreams.sh", folder / "conf.d/upstreams.conf"],
            check=True,
            env={"PATH": os.environ["PATH"], **_UPSTREAMS},
        )
        for file in (*(folder / "conf.d").iterdir(), folder / "files.conf"):
            text = file.read_text()
            for before, after in ours.items():
                text = text.replace(before, after)
            file.write_text(text)

    def start(self) -> None:
        log = self.folder / "output.log"
        self._process = start_process(self._command, log=log)
        try:
            wait_until_ready("nginx", self._process, self._answers, seconds=_START_SECONDS, log=log)
        except BaseException:
            self.stop()
            raise

    def reload(self) -> None:
        """Read the configuration again, as an operator does it."""
        subprocess.run([*self._command, "-s", "reload"], check=True, capture_output=True)  # noqa: S603

    def worker_pids(self) -> set[int]:
        assert self._process is not None
        children = Path(f"/proc/{self._process.pid}/task/{self._process.pid}/children")
        return {int(pid) for pid in children.read_text().split()}

    def stop(self) -> None:
        if self._process is not None:
            self._process.stop(_STOP_SIGNALS)
            self._process = None

    @property
    def _command(self) -> list[str]:
        return [str(self._program), "-p", str(self.folder), "-c", str(self.folder / "nginx.conf")]

    def _answers(self) -> bool:
        # Refused for its missing web process or not: an answer.
        return answers(self.port, b"GET / HTTP/1.0\r\nHost: localhost\r\n\r\n", b"HTTP/1.")


def trusting(certificate: Path) -> ssl.SSLContext:
    """For clients that shall believe in ``certificate`` alone."""
    return ssl.create_default_context(cafile=str(certificate))


def _find_program() -> Path | None:
    # Not on the path of everybody who may run it.
    found = shutil.which("nginx", path=f"{os.environ.get('PATH', '')}:/usr/sbin")
    return Path(found) if found else None
