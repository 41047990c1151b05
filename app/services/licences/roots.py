"""Our root certificates, for whoever wants to check the signatures in our pictures."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime
from functools import lru_cache
from pathlib import Path

from app.exceptions import ServiceUnavailable
from app.services import signature_service


@dataclass(frozen=True)
class Root:
    """``fingerprint`` is the SHA-256 of the certificate, as tools write it: AB:CD:…"""

    name: str
    fingerprint: str
    valid_from: datetime
    valid_until: datetime
    pem: str


def published() -> tuple[Root, ...]:
    """The newest first. Raises ServiceUnavailable where there is none."""
    found = _read(signature_service.certificates_folder())
    if not found:
        raise ServiceUnavailable("There is no root certificate.")
    return found


@lru_cache(maxsize=4)
def _read(folder: Path) -> tuple[Root, ...]:
    """Once for each process: who adds a root restarts them."""
    # What reads certificates takes a tenth of a second to load: not at every start.
    from cryptography import x509
    from cryptography.hazmat.primitives import hashes, serialization
    from cryptography.x509.oid import NameOID

    from provenance import certificates

    try:
        loaded = x509.load_pem_x509_certificates(certificates.anchors(folder).encode())
    except (OSError, ValueError):
        return ()
    roots = [
        Root(
            name=str(each.subject.get_attributes_for_oid(NameOID.COMMON_NAME)[0].value),
            fingerprint=each.fingerprint(hashes.SHA256()).hex(":").upper(),
            valid_from=each.not_valid_before_utc,
            valid_until=each.not_valid_after_utc,
            pem=each.public_bytes(serialization.Encoding.PEM).decode(),
        )
        for each in loaded
    ]
    return tuple(sorted(roots, key=lambda root: root.valid_from, reverse=True))
