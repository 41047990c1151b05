"""The certificates that vouch for our pictures: root → intermediate → signer, all ES256.

The profile is that of the C2PA specification (2.1, section 14.5): what its validators refuse, we do
not make, and ``problem`` finds. A folder of keys has these parts:

| path | what |
|---|---|
| ``authority/`` | root and intermediate with their keys. They make signers, and belong off-line |
| ``anchors/*.pem`` | the roots that we trust when we read a picture |
| ``signers/NAME/`` | ``chain.pem`` (signer, intermediate) and ``key.pem``. The last by name signs |
| ``revoked.txt`` | serial numbers of signers that nobody may trust any more, one a line |
"""

from __future__ import annotations

import contextlib
import os
import secrets
import shutil
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from pathlib import Path

from cryptography import x509
from cryptography.exceptions import InvalidSignature
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.hazmat.primitives.asymmetric.utils import decode_dss_signature
from cryptography.x509.oid import ExtendedKeyUsageOID, NameOID, ObjectIdentifier

# Pictures carry no time stamp of a third party, so validators call them expired with their signer.
# It therefore lives long, and is replaced long before its end.
SIGNER_DAYS = 3650
INTERMEDIATE_DAYS = 2 * SIGNER_DAYS
ROOT_DAYS = 3 * SIGNER_DAYS
# Clocks of those who read may be a little slow.
SLACK = timedelta(hours=1)
# Every validator takes the first; the second is C2PA's own, for claim signatures.
PURPOSES = (ExtendedKeyUsageOID.EMAIL_PROTECTION, ObjectIdentifier("1.3.6.1.4.1.62558.2.1"))
ORGANIZATION = "Style License"
# Of a name in a certificate, less what is written after it.
ORGANIZATION_BYTES = 64 - len(" Intermediate")
MAKE = "manage.py make_certificates makes one"


# Within CERTIFICATES_DIR.
FOLDER = "c2pa"


class KeysExist(FileExistsError):
    """There are keys already; nothing was written."""


class NoAuthority(FileNotFoundError):
    """The root's and the intermediate's keys, which make a signer, are not in this folder."""


@dataclass(frozen=True, repr=False)
class Signer:
    """A certificate and its key. ``chain`` is signer and intermediate, in PEM."""

    name: str
    chain: tuple[str, ...]
    key: ec.EllipticCurvePrivateKey

    @property
    def certificates(self) -> list[x509.Certificate]:
        return [x509.load_pem_x509_certificate(pem.encode()) for pem in self.chain]

    @property
    def leaf(self) -> bytes:
        """The signer's certificate in DER."""
        return self.certificates[0].public_bytes(serialization.Encoding.DER)

    def sign(self, content: bytes) -> bytes:
        """The ES256 signature of ``content``: r and s, 32 bytes each (RFC 9053, 2.1)."""
        r, s = decode_dss_signature(self.key.sign(content, ec.ECDSA(hashes.SHA256())))
        return r.to_bytes(32) + s.to_bytes(32)


# --- Reading --------------------------------------------------------------------------------------


def signers(folder: Path) -> list[Signer]:
    """Those in ``folder``, by name: the last one is to sign. Raises OSError and ValueError."""
    places = sorted(path for path in (folder / "signers").iterdir() if path.is_dir())
    return [_signer(place) for place in places]


def anchors(folder: Path) -> str:
    """The roots to trust, in PEM. Raises OSError."""
    return "\n".join(path.read_text() for path in sorted((folder / "anchors").glob("*.pem")))


def revoked(folder: Path) -> frozenset[str]:
    """The serial numbers of signers that were revoked, in decimal."""
    try:
        lines = (folder / "revoked.txt").read_text().split()
    except FileNotFoundError:
        return frozenset()
    return frozenset(lines)


def days_left(certificate: x509.Certificate, now: datetime) -> float:
    return (certificate.not_valid_after_utc - now) / timedelta(days=1)


def problem(folder: Path, now: datetime | None = None) -> str:
    """What keeps the keys in ``folder`` from signing, in a few words; "" if nothing does."""
    now = now or datetime.now(UTC)
    try:
        found = signers(folder)
        roots = x509.load_pem_x509_certificates(anchors(folder).encode())
        is_open = any(_is_open(path) for path in (folder / "signers").glob("*/key.pem"))
        withdrawn = revoked(folder)
    except OSError:
        return f"has no certificate and key that can be read: {MAKE}"
    except (ValueError, TypeError):
        return "has a certificate or a key that is damaged"
    if not found:
        return f"has no signer: {MAKE}"
    if is_open:
        return "has a key that everybody may read: take away the rights of others"
    return _problem_of(found[-1], roots, withdrawn, now)


def _problem_of(
    signer: Signer, roots: list[x509.Certificate], withdrawn: frozenset[str], now: datetime
) -> str:
    chain = signer.certificates
    if len(chain) != 2:
        return "has a chain that is not signer and intermediate"
    leaf, intermediate = chain
    if leaf.public_key() != signer.key.public_key():
        return "has a key that does not belong to its certificate"
    if not _is_issued_by(leaf, intermediate):
        return "has a signer that its intermediate did not issue"
    root = next((root for root in roots if _is_issued_by(intermediate, root)), None)
    if root is None:
        return "has an intermediate that none of its anchors issued"
    for name, certificate in (("signer", leaf), ("intermediate", intermediate), ("root", root)):
        if certificate.not_valid_after_utc < now:
            return f"has a {name} that expired"
        if certificate.not_valid_before_utc > now:
            return f"has a {name} that is not valid yet"
    if str(leaf.serial_number) in withdrawn:
        return "has a signer that was revoked"
    return _problem_of_profile(leaf)


def _problem_of_profile(leaf: x509.Certificate) -> str:
    """What the C2PA profile asks of a signer."""
    try:
        extensions = leaf.extensions
        usage = extensions.get_extension_for_class(x509.KeyUsage).value
        purposes = extensions.get_extension_for_class(x509.ExtendedKeyUsage).value
        extensions.get_extension_for_class(x509.AuthorityKeyIdentifier)
        is_authority = any(
            isinstance(each.value, x509.BasicConstraints) and each.value.ca for each in extensions
        )
    except x509.ExtensionNotFound as error:
        return f"has a signer without {error.oid._name}"
    if is_authority or usage.key_cert_sign or not usage.digital_signature:
        return "has a signer that may not sign content"
    if PURPOSES[0] not in purposes or ExtendedKeyUsageOID.ANY_EXTENDED_KEY_USAGE in purposes:
        return "has a signer for other purposes: it needs emailProtection"
    return ""


def _is_issued_by(certificate: x509.Certificate, issuer: x509.Certificate) -> bool:
    try:
        certificate.verify_directly_issued_by(issuer)
    except (ValueError, TypeError, InvalidSignature):
        return False
    return True


def _signer(place: Path) -> Signer:
    text = (place / "chain.pem").read_text()
    chain = tuple(_pem(each) for each in x509.load_pem_x509_certificates(text.encode()))
    key = serialization.load_pem_private_key((place / "key.pem").read_bytes(), None)
    if not isinstance(key, ec.EllipticCurvePrivateKey) or not isinstance(key.curve, ec.SECP256R1):
        raise TypeError("The key is not one for ES256.")
    return Signer(place.name, chain, key)


def _is_open(path: Path) -> bool:
    return bool(path.stat().st_mode & 0o007)


# --- Making ---------------------------------------------------------------------------------------


def make(folder: Path, *, organization: str = ORGANIZATION, days: int = SIGNER_DAYS) -> None:
    """Make root, intermediate and a first signer in ``folder``. Raises KeysExist.

    All of it appears at once, so that of several processes one makes the keys.
    """
    made = folder.with_name(f".{folder.name}-{secrets.token_hex(6)}")
    try:
        _make_authority(made, organization)
        add_signer(made, days=days)
        # Fails if anything is there.
        made.rename(folder)
    except OSError as error:
        if folder.exists():
            raise KeysExist(folder) from error
        raise
    finally:
        shutil.rmtree(made, ignore_errors=True)


def make_if_missing(folder: Path) -> None:
    """For development, where keys come by themselves."""
    if not folder.exists():
        # Another process may be faster.
        with contextlib.suppress(KeysExist):
            make(folder)


def add_signer(
    folder: Path,
    *,
    days: int = SIGNER_DAYS,
    purposes: tuple[ObjectIdentifier, ...] = PURPOSES,
    begin: datetime | None = None,
) -> str:
    """Let the authority in ``folder`` make another signer, which signs from now on.

    Returns its name. Raises NoAuthority.
    """
    begin = begin or datetime.now(UTC)
    authority = folder / "authority"
    try:
        issuer = x509.load_pem_x509_certificate((authority / "intermediate.pem").read_bytes())
        issuer_key = serialization.load_pem_private_key(
            (authority / "intermediate-key.pem").read_bytes(), None
        )
    except FileNotFoundError as error:
        raise NoAuthority(str(authority)) from error
    assert isinstance(issuer_key, ec.EllipticCurvePrivateKey)  # we made it
    organization = issuer.subject.get_attributes_for_oid(NameOID.ORGANIZATION_NAME)[0].value
    key = ec.generate_private_key(ec.SECP256R1())
    left = issuer.not_valid_after_utc - begin
    end = begin + (timedelta(days=days) if days <= left.days else left)
    leaf = (
        _builder(_name(str(organization), "Pictures"), issuer.subject, key, issuer_key, begin, end)
        .add_extension(x509.BasicConstraints(ca=False, path_length=None), critical=True)
        .add_extension(_usage(digital_signature=True), critical=True)
        .add_extension(x509.ExtendedKeyUsage(purposes), critical=False)
        .sign(issuer_key, hashes.SHA256())
    )
    name = f"{begin:%Y-%m-%dT%H%M%S}-{leaf.serial_number & 0xFFFFFF:06x}"
    place = folder / "signers" / name
    place.mkdir(parents=True)
    _write(place / "chain.pem", _pem(leaf) + _pem(issuer))
    _write(place / "key.pem", _key_pem(key), secret=True)
    return name


def _make_authority(folder: Path, organization: str) -> None:
    begin = datetime.now(UTC)
    root_key, key = (ec.generate_private_key(ec.SECP256R1()) for _ in range(2))
    root_name = _name(organization, "Root")

    def authority(
        name: x509.Name, own: ec.EllipticCurvePrivateKey, days: int, below: int
    ) -> x509.Certificate:
        end = begin + timedelta(days=days)
        return (
            _builder(name, root_name, own, root_key, begin, end)
            .add_extension(x509.BasicConstraints(ca=True, path_length=below), critical=True)
            .add_extension(_usage(key_cert_sign=True, crl_sign=True), critical=True)
            .sign(root_key, hashes.SHA256())
        )

    root = authority(root_name, root_key, ROOT_DAYS, 1)
    intermediate = authority(_name(organization, "Intermediate"), key, INTERMEDIATE_DAYS, 0)
    folder.mkdir(mode=0o700, parents=True)
    for part in ("authority", "signers", "anchors"):
        (folder / part).mkdir(mode=0o700)
    _write(folder / "authority" / "root.pem", _pem(root))
    _write(folder / "authority" / "root-key.pem", _key_pem(root_key), secret=True)
    _write(folder / "authority" / "intermediate.pem", _pem(intermediate))
    _write(folder / "authority" / "intermediate-key.pem", _key_pem(key), secret=True)
    _write(folder / "anchors" / f"{begin:%Y-%m-%d}.pem", _pem(root))


def _builder(
    subject: x509.Name,
    issuer: x509.Name,
    key: ec.EllipticCurvePrivateKey,
    issuer_key: ec.EllipticCurvePrivateKey,
    begin: datetime,
    end: datetime,
) -> x509.CertificateBuilder:
    issuer_id = x509.AuthorityKeyIdentifier.from_issuer_public_key(issuer_key.public_key())
    return (
        x509.CertificateBuilder()
        .subject_name(subject)
        .issuer_name(issuer)
        .public_key(key.public_key())
        .serial_number(x509.random_serial_number())
        .not_valid_before(begin - SLACK)
        .not_valid_after(end)
        .add_extension(x509.SubjectKeyIdentifier.from_public_key(key.public_key()), critical=False)
        .add_extension(issuer_id, critical=False)
    )


def _usage(**allowed: bool) -> x509.KeyUsage:
    names = (
        *("digital_signature", "content_commitment", "key_encipherment", "data_encipherment"),
        *("key_agreement", "key_cert_sign", "crl_sign", "encipher_only", "decipher_only"),
    )
    return x509.KeyUsage(**{name: allowed.get(name, False) for name in names})


def _name(organization: str, role: str) -> x509.Name:
    return x509.Name(
        [
            x509.NameAttribute(NameOID.ORGANIZATION_NAME, organization),
            x509.NameAttribute(NameOID.COMMON_NAME, f"{organization} {role}"),
        ]
    )


def _pem(certificate: x509.Certificate) -> str:
    return certificate.public_bytes(serialization.Encoding.PEM).decode()


def _key_pem(key: ec.EllipticCurvePrivateKey) -> str:
    return key.private_bytes(
        serialization.Encoding.PEM,
        serialization.PrivateFormat.PKCS8,
        serialization.NoEncryption(),
    ).decode()


def _write(path: Path, text: str, *, secret: bool = False) -> None:
    """Write a new file; one that is there is never written over."""
    mode = 0o600 if secret else 0o644
    with os.fdopen(os.open(path, os.O_WRONLY | os.O_CREAT | os.O_EXCL, mode), "w") as file:
        file.write(text)
