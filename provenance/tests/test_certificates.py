"""The keys that sign pictures: made once, with closed files, and refused by name when wrong."""

from __future__ import annotations

import os
import shutil
import stat
import subprocess
import sys
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest
from cryptography import x509
from cryptography.hazmat.primitives import serialization
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.x509.oid import ExtendedKeyUsageOID

from provenance import certificates
from provenance.certificates import FOLDER, INTERMEDIATE_DAYS, SIGNER_DAYS
from provenance.tests.signing import keys

PROJECT = Path(__file__).resolve().parents[2]
NOW = datetime.now(UTC)
# A signer that begins in an hour is the last by its name.
LATER = NOW + timedelta(hours=1)


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    """A copy of good keys."""
    return Path(shutil.copytree(keys(), tmp_path / FOLDER))


def signer_of(folder: Path) -> Path:
    return max((folder / "signers").iterdir())


def files_of(folder: Path) -> dict[str, bytes]:
    return {str(path): path.read_bytes() for path in folder.rglob("*") if path.is_file()}


class TestMaking:
    def test_what_is_made_may_sign(self, folder: Path) -> None:
        assert certificates.problem(folder) == ""
        (own,) = certificates.signers(folder)
        leaf, intermediate = own.certificates
        root = x509.load_pem_x509_certificate(certificates.anchors(folder).encode())
        leaf.verify_directly_issued_by(intermediate)
        intermediate.verify_directly_issued_by(root)
        assert certificates.days_left(leaf, NOW) == pytest.approx(SIGNER_DAYS, abs=1)
        usage = leaf.extensions.get_extension_for_class(x509.KeyUsage)
        assert (usage.critical, usage.value.digital_signature) == (True, True)
        assert not usage.value.key_cert_sign

    def test_keys_are_closed(self, folder: Path) -> None:
        secret = list(keys().rglob("*key.pem"))
        assert len(secret) == 3
        for path in secret:
            assert stat.S_IMODE(path.stat().st_mode) == 0o600
            assert path.read_text().startswith("-----BEGIN PRIVATE KEY-----")
        assert stat.S_IMODE(keys().stat().st_mode) == 0o700

    def test_nothing_is_ever_written_over(self, folder: Path) -> None:
        before = files_of(folder)
        with pytest.raises(certificates.KeysExist):
            certificates.make(folder)
        assert files_of(folder) == before
        assert [path.name for path in folder.parent.iterdir()] == [FOLDER]

    def test_of_processes_that_begin_together_one_makes_them(self, tmp_path: Path) -> None:
        folder = tmp_path / "new" / FOLDER
        with ThreadPoolExecutor(8) as pool:
            list(pool.map(certificates.make_if_missing, [folder] * 8))
        assert certificates.problem(folder) == ""
        assert len(certificates.signers(folder)) == 1
        assert [path.name for path in folder.parent.iterdir()] == [FOLDER]

    def test_a_new_signer_signs_next_and_the_former_ones_stay(self, folder: Path) -> None:
        before = files_of(folder)
        name = certificates.add_signer(folder, begin=LATER, days=30)
        assert certificates.problem(folder, LATER) == ""
        former, latest = certificates.signers(folder)
        assert latest.name == name
        assert certificates.days_left(latest.certificates[0], NOW) == pytest.approx(30, abs=0.1)
        assert former.leaf != latest.leaf
        assert files_of(folder).items() >= before.items()

    def test_a_signer_does_not_outlive_its_intermediate(self, folder: Path) -> None:
        certificates.add_signer(folder, begin=LATER, days=10 * INTERMEDIATE_DAYS)
        leaf, intermediate = certificates.signers(folder)[-1].certificates
        assert leaf.not_valid_after_utc == intermediate.not_valid_after_utc

    def test_without_the_authority_there_is_no_new_signer(self, folder: Path) -> None:
        shutil.rmtree(folder / "authority")
        assert certificates.problem(folder) == ""
        with pytest.raises(certificates.NoAuthority):
            certificates.add_signer(folder)


def other_key(folder: Path) -> None:
    key = ec.generate_private_key(ec.SECP256R1())
    replace_key(folder, key)


def wrong_kind_of_key(folder: Path) -> None:
    replace_key(folder, ec.generate_private_key(ec.SECP384R1()))


def replace_key(folder: Path, key: ec.EllipticCurvePrivateKey) -> None:
    (signer_of(folder) / "key.pem").write_bytes(
        key.private_bytes(
            serialization.Encoding.PEM,
            serialization.PrivateFormat.PKCS8,
            serialization.NoEncryption(),
        )
    )


def other_root(folder: Path) -> None:
    other = folder.parent / "other"
    certificates.make(other)
    shutil.rmtree(folder / "anchors")
    shutil.copytree(other / "anchors", folder / "anchors")


def other_intermediate(folder: Path) -> None:
    other = folder.parent / "other"
    certificates.make(other)
    leaf = certificates.signers(folder)[-1].chain[0]
    above = certificates.signers(other)[-1].chain[1]
    (signer_of(folder) / "chain.pem").write_text(leaf + above)


def only_the_leaf(folder: Path) -> None:
    path = signer_of(folder) / "chain.pem"
    path.write_text(certificates.signers(folder)[-1].chain[0])


def revoke(folder: Path) -> None:
    serial = certificates.signers(folder)[-1].certificates[0].serial_number
    (folder / "revoked.txt").write_text(f"1\n{serial}\n")


def expire(folder: Path) -> None:
    certificates.add_signer(folder, begin=LATER, days=1)
    place = signer_of(folder)
    name = certificates.add_signer(folder, begin=NOW - timedelta(days=9), days=3)
    shutil.rmtree(place)
    (folder / "signers" / name).rename(place)


def with_purposes(*purposes: x509.ObjectIdentifier) -> Callable[[Path], None]:
    def add(folder: Path) -> None:
        name = certificates.add_signer(folder, purposes=purposes, begin=LATER)
        assert signer_of(folder).name == name

    return add


WRONG: dict[str, tuple[Callable[[Path], None], str]] = {
    "no folder": (shutil.rmtree, "no certificate and key that can be read"),
    "no signer": (lambda folder: shutil.rmtree(signer_of(folder)), "has no signer"),
    "no key": (lambda folder: (signer_of(folder) / "key.pem").unlink(), "can be read"),
    "open key": (lambda folder: (signer_of(folder) / "key.pem").chmod(0o604), "may read"),
    "no PEM": (lambda folder: (signer_of(folder) / "chain.pem").write_text("x"), "damaged"),
    "another key": (other_key, "does not belong to its certificate"),
    "a key of another kind": (wrong_kind_of_key, "damaged"),
    "another root": (other_root, "none of its anchors issued"),
    "another intermediate": (other_intermediate, "its intermediate did not issue"),
    "no intermediate": (only_the_leaf, "not signer and intermediate"),
    "revoked": (revoke, "was revoked"),
    "expired": (expire, "a signer that expired"),
    "not yet valid": (
        lambda folder: certificates.add_signer(folder, begin=NOW + timedelta(days=2)),
        "not valid yet",
    ),
    "for servers": (with_purposes(ExtendedKeyUsageOID.SERVER_AUTH), "other purposes"),
    "for anything": (
        with_purposes(*certificates.PURPOSES, ExtendedKeyUsageOID.ANY_EXTENDED_KEY_USAGE),
        "other purposes",
    ),
}


class TestProblems:
    @pytest.mark.parametrize("name", WRONG)
    def test_each_is_named(self, folder: Path, name: str) -> None:
        spoil, said = WRONG[name]
        spoil(folder)
        problem = certificates.problem(folder, LATER)
        assert said in problem
        assert str(folder) not in problem

    def test_an_authority_is_no_signer(self, folder: Path) -> None:
        """Its own certificate would be taken by some validators."""
        place = signer_of(folder)
        root = (folder / "authority" / "root.pem").read_text()
        shutil.copy(folder / "authority" / "intermediate-key.pem", place / "key.pem")
        chain = (folder / "authority" / "intermediate.pem").read_text() + root
        (place / "chain.pem").write_text(chain)
        assert certificates.problem(folder) == "has a signer without extendedKeyUsage"

    def test_expiry_of_what_is_above_counts_too(self, folder: Path) -> None:
        far = NOW + timedelta(days=SIGNER_DAYS + 1)
        assert certificates.problem(folder, far) == "has a signer that expired"


def run(*arguments: str, folder: Path) -> subprocess.CompletedProcess[str]:
    return subprocess.run(
        [sys.executable, "manage.py", "make_certificates", *arguments],
        cwd=PROJECT,
        # Production's, and incomplete: this command comes before all others.
        env={"PATH": os.environ["PATH"], "ALLOWED_HOSTS": "x", "CERTIFICATES_DIR": str(folder)},
        capture_output=True,
        text=True,
        timeout=60,
    )


@pytest.mark.slow
def test_the_command_makes_them_once_and_renews(tmp_path: Path) -> None:
    made = run(folder=tmp_path)
    assert made.returncode == 0, made.stderr
    assert certificates.problem(tmp_path / FOLDER) == ""

    again = run(folder=tmp_path)
    assert again.returncode == 1
    assert "already" in again.stderr
    assert "Traceback" not in again.stderr

    renewed = run("--renew", "--days", "400", folder=tmp_path)
    assert renewed.returncode == 0, renewed.stderr
    assert len(certificates.signers(tmp_path / FOLDER)) == 2
    assert "PRIVATE" not in made.stdout + made.stderr + renewed.stdout
