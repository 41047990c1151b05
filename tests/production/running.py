"""The system as it runs in production: nginx, Granian, relay and worker over real servers.

Of the files that are shipped only ports, paths and host names are changed.
"""

from __future__ import annotations

import os
import secrets
import shlex
import signal
import subprocess
import sys
from pathlib import Path
from typing import Any
from urllib.parse import urlsplit

import httpx

from app.tests.identity_provider import IdentityProvider
from devtools.servers.nginx import PrivateNginx, trusting
from provenance.tests.signing import keys
from tests.system import PROJECT, Person, System, new_database, wait_for

# The commands of docker-compose.yml, which test_compose.py compares with these.
MIGRATE = "python manage.py migrate --no-input"
PREPARE_FILES = "python manage.py prepare_files"
BACKEND = "python -m serving"
RELAY = "python manage.py relay_outbox"
WEBHOOKS = "python manage.py deliver_webhooks"
MAIL = "python manage.py send_mail"
WORKER = "python -m worker"
# That of the Dockerfile, which test_dockerfile.py compares with this.
COLLECT = "python manage.py collectstatic --no-input --ignore=redoc --verbosity=0"


class Production(System):
    """Settings of production, the web processes behind nginx with TLS on https://localhost.

    ``environment`` says where the servers are. The S3 server ``files``, if there is one, is reached
    through nginx too, at https://127.0.0.1.
    """

    def __init__(
        self,
        folder: Path,
        environment: dict[str, str],
        *,
        static: Path,
        certificate: tuple[Path, Path],
        nginx_static: Path | None = None,
        files: str | None = None,
    ) -> None:
        # Its own command makes the tables, unless it is given some.
        super().__init__(
            folder, {"DATABASE_URL": environment.get("DATABASE_URL") or new_database()}
        )
        self.certificate = certificate[0]
        self.nginx = PrivateNginx(
            folder / "nginx",
            {
                "backend:8000": f"127.0.0.1:{self.port}",
                "/app/staticfiles/": f"{nginx_static or static}/",
                "/app/data/media/": f"{folder}/data/media/",
                r"~^files\.": "127.0.0.1",
                "files:9000": urlsplit(files).netloc if files else f"127.0.0.1:{self.port}",
            },
            *certificate,
        )
        self.url = f"https://localhost:{self.nginx.tls_port}"
        self.files_url = f"https://127.0.0.1:{self.nginx.tls_port}"
        for name in ("DJANGO_ENV", "DEMO_SIGN_IN", "S3_BUCKET"):
            self.environment.pop(name, None)
        token = secrets.token_urlsafe(40)
        self.environment |= {
            "DJANGO_SETTINGS_MODULE": "config.settings_production",
            "SECRET_KEY": secrets.token_urlsafe(60),
            "LICENCE_KEY": secrets.token_urlsafe(60),
            "ALLOWED_HOSTS": "localhost",
            "SITE_URL": self.url,
            "INTERNAL_API_TOKENS": f"{secrets.token_urlsafe(40)},{token}",
            "INTERNAL_API_TOKEN": token,
            "CERTIFICATES_DIR": str(keys().parent),
            "ALLOW_TEST_GATEWAY": "1",
            "STATIC_ROOT": str(static),
            "WEB_BIND": f"127.0.0.1:{self.port}",
            "WEB_CONCURRENCY": "2",
            # All tests ask from one address.
            "RATE_LIMIT_ANONYMOUS": "",
            "RATE_LIMIT_USER": "",
            "RATE_LIMIT_SIGN_IN": "",
            # Who believes in the certificate: S3 clients, and the worker's reports.
            "AWS_CA_BUNDLE": str(self.certificate),
            "SSL_CERT_FILE": str(self.certificate),
            "WORKER_DIR": str(folder / "worker"),
            "PROMETHEUS_MULTIPROC_DIR": str(folder / "metrics"),
            # As in docker-compose.yml: its S3 server knows no checksums at the end of a body.
            "AWS_REQUEST_CHECKSUM_CALCULATION": "when_required",
            **environment,
        }

    def start_web(self) -> None:
        self.run(BACKEND, "web")
        wait_for(self._is_healthy, seconds=120, what="the answer through nginx")

    def run(self, command: str, name: str) -> None:
        """Start a process by its line in docker-compose.yml."""
        program, *arguments = shlex.split(command)
        assert program == "python"
        self.spawn(name, *arguments)

    def run_once(self, command: str) -> str:
        program, script, *arguments = shlex.split(command)
        assert (program, script) == ("python", "manage.py")
        return self.manage(*arguments).stdout

    def client(self, **options: Any) -> httpx.Client:
        return httpx.Client(
            base_url=self.url, verify=trusting(self.certificate), timeout=150, **options
        )

    def stop(self) -> None:
        super().stop()
        self.nginx.stop()

    # --- Processes of the web server ------------------------------------------------------------

    @property
    def web_pid(self) -> int:
        return self._processes["web"].pid

    def web_workers(self) -> set[int]:
        children = Path(f"/proc/{self.web_pid}/task/{self.web_pid}/children").read_text()
        return {int(pid) for pid in children.split()}

    def reload_web(self) -> None:
        self._processes["web"].send_signal(signal.SIGHUP)

    def _is_healthy(self) -> bool:
        web = self._processes["web"]
        assert web.poll() is None, f"The web server ended.\n{self.logs()}"
        with self.client() as client:
            return client.get("/api/health").status_code == 200


class Visitor(Person):
    """Somebody who signs in at the identity provider, with a browser that checks certificates."""

    def __init__(self, system: Production, provider: IdentityProvider, person: str) -> None:
        self.system = system
        self.http = system.client(headers={"Origin": system.url})
        begun = self.http.get("/api/auth/google/login")
        assert begun.status_code == 302, begun.text
        back = provider.consent(begun.headers["Location"], person)
        assert str(back).startswith(f"{system.url}/api/auth/google/callback?")
        self.me = self._data(self.http.get(back, headers={"Accept": "application/json"}))
        # Sets the cookie of the CSRF token.
        self.http.get("/api/auth/me")


def collect_static(folder: Path) -> Path:
    """The static files as the Dockerfile collects them."""
    done = subprocess.run(
        shlex.split(COLLECT.replace("python", sys.executable, 1)),
        cwd=PROJECT,
        env={
            "PATH": os.environ["PATH"],
            "DJANGO_ENV": "development",
            "DJANGO_SETTINGS_MODULE": "config.settings_static",
            "STATIC_ROOT": str(folder),
        },
        capture_output=True,
        text=True,
        timeout=300,
    )
    assert done.returncode == 0, done.stderr
    return folder
