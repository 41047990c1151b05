"""The key that certificates are signed with, and the public keys by which they are checked.

The key is made of the secret LICENCE_KEY, so there is no file to keep. Each public key is stored
when it first signs, and stays published after the secret was replaced.
"""

from __future__ import annotations

import base64
import hashlib
import json
import os
import secrets
from dataclasses import dataclass
from functools import cache, cached_property
from pathlib import Path
from typing import Any

import jwt
from cryptography.hazmat.primitives import hashes
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.hazmat.primitives.kdf.hkdf import HKDF
from django.conf import settings

from app.models import SigningKey

ALGORITHM = "ES256"
# Of the curve P-256: how many points its generator makes.
_ORDER = 0xFFFFFFFF00000000FFFFFFFFFFFFFFFFBCE6FAADA7179E84F3B9CAC2FC632551


@dataclass(frozen=True)
class Key:
    private: ec.EllipticCurvePrivateKey

    @cached_property
    def public_jwk(self) -> dict[str, str]:
        numbers = self.private.public_key().public_numbers()
        point = {name: base64url(getattr(numbers, name).to_bytes(32)) for name in ("x", "y")}
        return {"kty": "EC", "crv": "P-256", **point}

    @cached_property
    def kid(self) -> str:
        """The thumbprint of RFC 7638."""
        canonical = json.dumps(self.public_jwk, sort_keys=True, separators=(",", ":"))
        return base64url(hashlib.sha256(canonical.encode()).digest())


def sign(payload: dict[str, Any], *, kind: str) -> str:
    """A compact JWS of ``payload``, whose media type is ``application/`` and ``kind``."""
    key = current()
    _publish(key)
    headers = {"kid": key.kid, "typ": kind, "cty": "vc"}
    return jwt.encode(payload, key.private, algorithm=ALGORITHM, headers=headers)


def public_keys() -> dict[str, list[dict[str, str]]]:
    """The JSON Web Key Set: the current key, and all that signed before."""
    kept = dict(SigningKey.objects.values_list("kid", "jwk"))
    key = current()
    found = {key.kid: key.public_jwk, **kept}
    common = {"alg": ALGORITHM, "use": "sig"}
    return {"keys": [{**jwk, "kid": kid, **common} for kid, jwk in found.items()]}


def current() -> Key:
    return _key_of(settings.LICENCE_KEY or _own_secret(Path(settings.DATA_DIR)))


@cache
def _key_of(secret: str) -> Key:
    # As FIPS 186-5 A.2.1 makes a key of random bits: eight bytes more than the order has, so that
    # the remainder is not skewed.
    kdf = HKDF(hashes.SHA256(), length=40, salt=None, info=b"style-license certificates ES256")
    number = int.from_bytes(kdf.derive(secret.encode())) % (_ORDER - 1) + 1
    return Key(ec.derive_private_key(number, ec.SECP256R1()))


def _publish(key: Key) -> None:
    """Once for each process."""
    if key.kid not in _published:
        SigningKey.objects.get_or_create(kid=key.kid, defaults={"jwk": key.public_jwk})
        _published.add(key.kid)


_published: set[str] = set()


@cache
def _own_secret(folder: Path) -> str:
    """That of a machine that is its own: made when it is first wanted, and kept in ``folder``.

    Processes that want it at once agree on the one that was there first.
    """
    path = folder / "licence.key"
    if not path.exists():
        folder.mkdir(parents=True, exist_ok=True)
        made = path.with_name(f"licence.key.{os.getpid()}.{secrets.token_hex(4)}")
        made.touch(mode=0o600)
        made.write_text(secrets.token_urlsafe(50))
        try:
            path.hardlink_to(made)
        except FileExistsError:
            pass
        finally:
            made.unlink()
    return path.read_text()


def base64url(content: bytes) -> str:
    """As JOSE writes bytes (RFC 7515): without the padding."""
    return base64.urlsafe_b64encode(content).rstrip(b"=").decode()
