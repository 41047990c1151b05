"""A provider without honour on loopback: its token endpoint answers what a test tells it to."""

import hmac
import json
import threading
import time
from functools import cache
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any
from urllib.parse import parse_qs

import jwt
from cryptography.hazmat.primitives.asymmetric import ec, rsa
from cryptography.hazmat.primitives.serialization import (
    Encoding,
    NoEncryption,
    PrivateFormat,
    PublicFormat,
)
from jwt.algorithms import RSAAlgorithm
from jwt.utils import base64url_encode

CLIENT_ID = "style-license"
CLIENT_SECRET = "a secret of at least thirty-two bytes"
KEY_ID = "published"


@cache
def private_key(name: str) -> rsa.RSAPrivateKey:
    """The RSA key of this name; making one takes a moment."""
    return rsa.generate_private_key(public_exponent=65537, key_size=2048)


def public_jwk(name: str) -> dict[str, Any]:
    public: Any = RSAAlgorithm.to_jwk(private_key(name).public_key(), as_dict=True)
    return {**public, "kid": name, "alg": "RS256", "use": "sig"}


class ForgingProvider:
    """Answers are a status and a body each, to be replaced at will; those with tokens by code."""

    def __init__(self) -> None:
        self.keys_answer: tuple[int, Any] = (200, {"keys": [public_jwk(KEY_ID)]})
        self.token_answers: dict[str, tuple[int, Any]] = {}
        self.get_answers: dict[str, tuple[int, Any]] = {}
        provider = self

        class Handler(BaseHTTPRequestHandler):
            def do_GET(self) -> None:
                self._send(*provider.get_answers.get(self.path, provider.keys_answer))

            def do_POST(self) -> None:
                form = parse_qs(self.rfile.read(int(self.headers["Content-Length"])).decode())
                self._send(*provider.token_answers[form["code"][0]])

            def _send(self, status: int, body: Any) -> None:
                content = body if isinstance(body, bytes) else json.dumps(body).encode()
                self.send_response(status)
                self.send_header("Content-Type", "application/json")
                self.send_header("Content-Length", str(len(content)))
                self.end_headers()
                self.wfile.write(content)

            def log_message(self, *arguments: object) -> None:
                pass

        self._server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
        self.url = f"http://127.0.0.1:{self._server.server_port}"
        self._thread = threading.Thread(target=self._server.serve_forever, args=[0.01])

    def start(self) -> None:
        self._thread.start()

    def stop(self) -> None:
        self._server.shutdown()
        self._server.server_close()
        self._thread.join(10)

    def environment(self) -> dict[str, str]:
        """What makes the settings use it in place of Google."""
        return {
            "GOOGLE_CLIENT_ID": CLIENT_ID,
            "GOOGLE_CLIENT_SECRET": CLIENT_SECRET,
            "GOOGLE_AUTHORIZE_URL": f"{self.url}/authorize",
            "GOOGLE_ACCESS_TOKEN_URL": f"{self.url}/token",
            "GOOGLE_CERTS_URL": f"{self.url}/keys",
            "GOOGLE_ID_TOKEN_ISSUER": self.url,
        }

    def environment_of_others(self) -> dict[str, str]:
        """The same in the place of GitHub and Apple."""
        key = ec.generate_private_key(ec.SECP256R1())
        pem = key.private_bytes(Encoding.PEM, PrivateFormat.PKCS8, NoEncryption()).decode()
        return {
            "GITHUB_CLIENT_ID": CLIENT_ID,
            "GITHUB_CLIENT_SECRET": CLIENT_SECRET,
            "GITHUB_AUTHORIZE_URL": f"{self.url}/authorize",
            "GITHUB_ACCESS_TOKEN_URL": f"{self.url}/token",
            "GITHUB_API_URL": f"{self.url}/api",
            "APPLE_CLIENT_ID": CLIENT_ID,
            "APPLE_KEY_ID": "KEY",
            "APPLE_TEAM_ID": "TEAM",
            "APPLE_PRIVATE_KEY": pem.replace("\n", "\\n"),
            "APPLE_AUTHORIZE_URL": f"{self.url}/authorize",
            "APPLE_ACCESS_TOKEN_URL": f"{self.url}/token",
            "APPLE_CERTS_URL": f"{self.url}/keys",
            "APPLE_ID_TOKEN_ISSUER": self.url,
        }

    def answer_with(self, id_token: Any, *, code: str = "any") -> None:
        """Let the token endpoint give ``id_token`` for ``code``; ``None`` leaves it out."""
        body = {"access_token": "opaque", "token_type": "Bearer", "expires_in": "soon"}
        self.token_answers[code] = (
            (200, body) if id_token is None else (200, {**body, "id_token": id_token})
        )

    def claims(self, nonce: str, /, **changes: Any) -> dict[str, Any]:
        """Claims that are right but for ``changes``; ``None`` leaves a claim out."""
        now = int(time.time())
        right = {
            "iss": self.url,
            "aud": CLIENT_ID,
            "sub": "20001",
            "iat": now,
            "exp": now + 3600,
            "nonce": nonce,
            "email": "secret.handle@example.com",
            "email_verified": True,
            "name": "Ada Lovelace",
        }
        return {name: value for name, value in (right | changes).items() if value is not None}

    def signed(
        self, nonce: str, /, *, key: str = KEY_ID, kid: str | None = KEY_ID, **changes: Any
    ) -> str:
        """An id token by the RSA key named ``key``: valid, but for what is asked for."""
        headers = {} if kid is None else {"kid": kid}
        claims = self.claims(nonce, **changes)
        return jwt.encode(claims, private_key(key), algorithm="RS256", headers=headers)

    def signed_by_own_header(self, nonce: str, key: str) -> str:
        """With the public part of ``key`` beside the signature, for whoever believes that."""
        headers = {"kid": KEY_ID, "jwk": public_jwk(key)}
        return jwt.encode(self.claims(nonce), private_key(key), algorithm="RS256", headers=headers)

    def unsigned(self, nonce: str) -> str:
        return jwt.encode(self.claims(nonce), None, algorithm="none", headers={"kid": KEY_ID})

    def signed_by_secret(self, nonce: str, secret: bytes) -> str:
        """HS256 by hand: PyJWT refuses to use a public key as a secret, an attacker does not."""
        header = {"alg": "HS256", "typ": "JWT", "kid": KEY_ID}
        parts = [json.dumps(part).encode() for part in (header, self.claims(nonce))]
        signing_input = b".".join(base64url_encode(part) for part in parts)
        signature = hmac.digest(secret, signing_input, "sha256")
        return (signing_input + b"." + base64url_encode(signature)).decode()

    @property
    def public_pem(self) -> bytes:
        public = private_key(KEY_ID).public_key()
        return public.public_bytes(Encoding.PEM, PublicFormat.SubjectPublicKeyInfo)
