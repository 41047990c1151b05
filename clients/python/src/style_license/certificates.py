"""Certificates of licences, checked without the network.

A certificate is a Verifiable Credential in a JWS (ES256). The keys are the site's
/.well-known/jwks.json, fetched once and kept; a status list, from the address in the certificate,
says which licences have ended. The signature *within* a picture (C2PA) needs a large library and is
left to the site, or to examples/verify_picture.py of the project.
"""

from __future__ import annotations

import base64
import gzip
import hashlib
import io
import json
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from joserfc import jws
from joserfc.errors import JoseError
from joserfc.jwk import KeySet

from style_license.errors import NotProved

# A list of 131,072 licences is 16 kB; more than this is none.
MAX_LIST_BYTES = 2**24


@dataclass(frozen=True)
class Certificate:
    """What the site has signed. ``claims`` is all of it."""

    claims: Mapping[str, Any]

    @property
    def number(self) -> str:
        return str(self.subject["number"])

    @property
    def subject(self) -> Mapping[str, Any]:
        """The facts of the licence: number, artist, style, prompt, terms …"""
        found: Mapping[str, Any] = self.claims["credentialSubject"]
        return found

    @property
    def issuer(self) -> str:
        return str(self.claims["issuer"]["id"])

    @property
    def status_url(self) -> str:
        """Where to fetch the status list that says whether it still holds."""
        return str(self.claims["credentialStatus"]["statusListCredential"])

    def is_about(self, content: bytes) -> bool:
        """Whether it names this very file: the picture, or its preview."""
        digest = hashlib.sha256(content).hexdigest()
        return digest in (self.subject.get("file_sha256"), self.subject.get("preview_sha256"))

    def holds(self, status_list: str, keys: Mapping[str, Any]) -> bool:
        """Whether the licence was valid when the list was fetched. Raises NotProved."""
        listed = _read(status_list, keys)
        try:
            entry = self.claims["credentialStatus"]
            if listed["id"] != entry["statusListCredential"]:
                raise NotProved("This status list is about other licences.")
            packed = listed["credentialSubject"]["encodedList"].removeprefix("u")
            bits = _unpacked(base64.urlsafe_b64decode(packed + "=" * (-len(packed) % 4)))
            byte, bit = divmod(int(entry["statusListIndex"]), 8)
            return not bits[byte] & 0x80 >> bit
        except (KeyError, ValueError, IndexError, TypeError, OSError, EOFError) as error:
            raise NotProved("This is signed, but is no status list.") from error


def read(token: str, keys: Mapping[str, Any]) -> Certificate:
    """The certificate ``token``, proved by ``keys``, a JSON Web Key Set. Raises NotProved."""
    claims = _read(token, keys)
    try:
        claims["credentialSubject"]["number"]
        claims["credentialStatus"]["statusListCredential"]
    except (KeyError, TypeError) as error:
        raise NotProved("This is signed, but is no certificate of a licence.") from error
    return Certificate(claims)


def _read(token: str, keys: Mapping[str, Any]) -> dict[str, Any]:
    try:
        known = KeySet.import_key_set(dict(keys))  # type: ignore[arg-type]
        signed = jws.deserialize_compact(token.strip(), known, algorithms=["ES256"])
        said = json.loads(signed.payload)
    except (JoseError, ValueError, KeyError, TypeError) as error:
        raise NotProved("None of these keys has signed this certificate.") from error
    if signed.headers().get("typ") != "vc+jwt" or not isinstance(said, dict):
        raise NotProved("This is signed, but is no certificate.")
    return said


def _unpacked(packed: bytes) -> bytes:
    with gzip.GzipFile(fileobj=io.BytesIO(packed)) as file:
        return file.read(MAX_LIST_BYTES)
