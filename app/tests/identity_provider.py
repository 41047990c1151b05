"""A real OpenID provider on loopback in Google's place: nanoidp, with people in it."""

import json
import re
import signal
import sys
from pathlib import Path
from typing import Any

import httpx

from devtools.servers.process import (
    ServerProcess,
    free_port,
    start_process,
    wait_until_ready,
)

CLIENT_ID = "style-license"
CLIENT_SECRET = "known-to-the-provider-and-to-us"
PASSWORD = "correct horse"
# By user name, which is the ``sub`` of their id tokens. Two have one e-mail address.
PEOPLE = {
    "10001": {"email": "minji@example.com", "name": "김민지"},
    "10002": {"email": "minji@example.com", "name": "Kim Minji"},
    "10003": {"email": "ada@example.com", "name": "Ada Lovelace"},
}
SECONDS_TO_START = 20


class IdentityProvider:
    """One nanoidp process, its files in ``folder``, at ``host``, an address of this machine."""

    def __init__(self, folder: Path, host: str = "127.0.0.1") -> None:
        self.folder = folder
        self.url = f"http://{host}:{free_port()}"
        self._process: ServerProcess | None = None

    def start(self) -> None:
        """Return once it answers. Raises ServerError with the end of its log."""
        # JSON is YAML.
        (self.folder / "settings.yaml").write_text(json.dumps(self._settings()))
        (self.folder / "users.yaml").write_text(json.dumps(self._users()))
        log = self.folder / "log"
        address = httpx.URL(self.url)
        self._process = start_process(
            [
                *[sys.executable, "-m", "nanoidp", "--strict-config"],
                *["--config", self.folder, "--host", address.host, "--port", str(address.port)],
            ],
            log=log,
            folder=self.folder,
        )
        wait_until_ready("nanoidp", self._process, self._answers, seconds=SECONDS_TO_START, log=log)

    def stop(self) -> None:
        if self._process is not None:
            self._process.stop([(signal.SIGTERM, 5)])

    def environment(self) -> dict[str, str]:
        """What makes the settings use it in place of Google."""
        wanted = {"id_token": dict.fromkeys(["email", "email_verified", "name"])}
        return {
            "GOOGLE_CLIENT_ID": CLIENT_ID,
            "GOOGLE_CLIENT_SECRET": CLIENT_SECRET,
            "GOOGLE_AUTHORIZE_URL": f"{self.url}/authorize",
            "GOOGLE_ACCESS_TOKEN_URL": f"{self.url}/token",
            "GOOGLE_CERTS_URL": f"{self.url}/.well-known/jwks.json",
            "GOOGLE_ID_TOKEN_ISSUER": self.url,
            "GOOGLE_CLAIMS": json.dumps(wanted),
        }

    def consent(self, authorize_url: str, person: str) -> httpx.URL:
        """Sign ``person`` in at the provider; the URL to which it sends the browser back."""
        with httpx.Client() as browser:
            page = browser.get(authorize_url)
            assert page.status_code == 200, page.text
            transaction = re.search(r'name="transaction_id" value="([^"]+)"', page.text)
            assert transaction is not None, page.text
            answer = browser.post(
                f"{self.url}/authorize",
                data={
                    "transaction_id": transaction[1],
                    "username": person,
                    "password": PASSWORD,
                },
            )
        assert answer.status_code == 302, answer.text
        return httpx.URL(answer.headers["Location"])

    def _answers(self) -> bool:
        try:
            return httpx.get(f"{self.url}/.well-known/jwks.json", timeout=2).is_success
        except httpx.TransportError:
            return False

    def _settings(self) -> dict[str, Any]:
        client = {
            "client_id": CLIENT_ID,
            "client_secret": CLIENT_SECRET,
            "token_endpoint_auth_method": "client_secret_post",
            "allowed_scopes": ["openid", "email", "profile"],
        }
        return {
            "config_version": 1,
            "oauth": {"issuer": self.url, "require_pkce": True, "clients": [client]},
            "jwt": {"keys_dir": str(self.folder / "keys")},
        }

    def _users(self) -> dict[str, Any]:
        return {
            "config_version": 1,
            "users": {
                sub: {
                    "password": PASSWORD,
                    "email": person["email"],
                    "attributes": {"name": person["name"]},
                }
                for sub, person in PEOPLE.items()
            },
        }
