"""What we sign reads as ours, here and with the code of others; what we did not sign never does."""

from __future__ import annotations

import io
import json
import os
import shutil
import struct
import subprocess
import sys
import zlib
from collections.abc import Callable, Iterator
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from pathlib import Path

import cbor2
import encypher_c2pa
import numpy as np
import pytest
from cryptography import x509
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.hazmat.primitives.asymmetric.utils import encode_dss_signature
from PIL import Image

from provenance import certificates, containers, jumbf
from provenance.manifest import MOST_BYTES, Reading, State, read_manifest, sign_picture
from provenance.metadata import read_provenance, xmp_packet
from provenance.tests.signing import (
    FACTS,
    ORIGIN,
    anchors,
    drawn,
    keys,
    moved,
    signed,
    signed_preview,
    signer,
    signing,
    with_text,
    written,
)

KINDS = ("PNG", "JPEG", "WEBP")
ALL: dict[str, Callable[[], bytes]] = {
    "PNG": signed,
    "JPEG": lambda: signed("JPEG"),
    "WEBP": lambda: signed("WEBP"),
    "preview": signed_preview,
    "small preview": lambda: signed_preview(is_small=True),
}
OF_ALL = pytest.mark.parametrize("name", ALL)


@pytest.fixture(autouse=True)
def _no_settings_of_others(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    """The independent reader keeps a preference in the home folder."""
    monkeypatch.setitem(os.environ, "XDG_CONFIG_HOME", str(tmp_path))


def read(content: bytes) -> Reading:
    return read_manifest(content, anchors())


def read_by_others(content: bytes, roots: str = "") -> dict[str, object]:
    """What a validator says that shares no code with the library that signs."""
    mime = containers.mime_of(content)
    return dict(
        encypher_c2pa.verify(
            content, mime, trust_pem=roots or None, no_default_trust=True, telemetry=False
        )
    )


class TestWhatWeSigned:
    @OF_ALL
    def test_is_authentic_and_says_its_licence(self, name: str) -> None:
        found = read(ALL[name]())

        assert (found.state, found.failures) == (State.AUTHENTIC, ())
        assert found.licence == FACTS
        assert len(found.digest) == 32

    @OF_ALL
    def test_is_valid_for_an_independent_reader(self, name: str) -> None:
        content = ALL[name]()
        ours, strangers = read_by_others(content, anchors()), read_by_others(content)

        assert (ours["validation_state"], ours["hard_binding"]) == ("Trusted", "match")
        # Beyond our own list nobody is told to trust us.
        assert strangers["validation_state"] == "Valid"

    @pytest.mark.parametrize("kind", KINDS)
    def test_keeps_pixels_texts_and_xmp(self, kind: str) -> None:
        with (
            Image.open(io.BytesIO(signed(kind))) as image,
            Image.open(io.BytesIO(written(drawn(), kind))) as before,
        ):
            assert image.tobytes() == before.tobytes()
            assert image.info["xmp"].strip() == xmp_packet(ORIGIN)
        if kind == "PNG":
            assert read_provenance(io.BytesIO(signed(kind))) == ORIGIN

    def test_says_who_made_it_and_that_nobody_may_train_on_it(self) -> None:
        report = read_by_others(signed(), anchors())
        manifests = report["manifest_report"]["manifests"]
        ((_, manifest),) = manifests.items()
        said = {each["label"]: each["data"] for each in manifest["assertions"]}

        (created,) = said["c2pa.actions.v2"]["actions"]
        assert created["action"] == "c2pa.created"
        assert created["digitalSourceType"].endswith("/trainedAlgorithmicMedia")
        assert created["softwareAgent"] == {"name": "stylenet", "version": "1"}
        uses = said["cawg.training-mining"]["entries"]
        assert {use["use"] for use in uses.values()} == {"notAllowed"}
        assert uses.keys() == {
            *("cawg.ai_generative_training", "cawg.ai_inference"),
            *("cawg.ai_training", "cawg.data_mining"),
        }
        assert said["org.stylelicense.licence"] == FACTS.claims()

    def test_a_preview_is_the_resized_picture(self) -> None:
        assert read(signed_preview()).claims["actions"] == ["c2pa.opened", "c2pa.resized"]
        small = read(signed_preview(is_small=True)).claims
        assert small["actions"] == ["c2pa.created", "c2pa.resized"]

    def test_costs_four_kilobytes(self) -> None:
        before = len(written(drawn(), "PNG"))
        assert len(signed()) - before < MOST_BYTES
        assert len(signed_preview(is_small=True)) - len(written(drawn(), "WEBP")) < MOST_BYTES
        assert len(signed_preview()) - len(written(drawn(), "WEBP")) < 11_000

    def test_can_be_checked_with_nothing_but_cryptography(self) -> None:
        """The signature is over the claim, the claim has the hash of each assertion."""
        content = signed()
        place = containers.find_store(content)
        manifest = jumbf.read_store(content[place.start : place.end])[-1]
        cose = cbor2.loads(manifest.signature).value
        protected, signature = cbor2.loads(cose[0]), cose[3]
        leaf, intermediate = map(x509.load_der_x509_certificate, protected[33])
        r, s = int.from_bytes(signature[:32]), int.from_bytes(signature[32:])

        leaf.public_key().verify(
            encode_dss_signature(r, s), manifest.to_sign, ec.ECDSA(hashes.SHA256())
        )
        leaf.verify_directly_issued_by(intermediate)
        intermediate.verify_directly_issued_by(x509.load_pem_x509_certificate(anchors().encode()))
        box = manifest.assertion("org.stylelicense.licence")
        assert json.loads(jumbf.content_of(box)) == FACTS.claims()

    def test_is_never_the_same_twice(self) -> None:
        one, two = signed(), signed()
        assert one != two
        with Image.open(io.BytesIO(one)) as a, Image.open(io.BytesIO(two)) as b:
            assert a.tobytes() == b.tobytes()
        assert read(one).licence == read(two).licence

    def test_a_signer_that_fails_leaves_nothing(self) -> None:
        def fail(_: object) -> bytes:
            raise ConnectionError("the backend is away")

        with pytest.raises(ConnectionError, match="away"):
            sign_picture(written(drawn(), "PNG"), ORIGIN, signer().chain, fail)
        with pytest.raises(ValueError, match="no signature"):
            sign_picture(written(drawn(), "PNG"), ORIGIN, signer().chain, lambda _: b"short")
        bare = replace(ORIGIN, licence=None)
        with pytest.raises(ValueError, match="without a licence"):
            sign_picture(written(drawn(), "PNG"), bare, signer().chain, signing())


@pytest.mark.slow
def test_a_process_that_was_forked_signs_too() -> None:
    """The library's own objects do not survive a fork: each file is signed with new ones."""
    script = (
        "import os; from provenance.tests import test_manifest as tests;"
        "content = tests.signed(); child = os.fork();"
        "assert tests.read(tests.signed()).state == 'authentic';"
        "assert child == 0 or os.waitstatus_to_exitcode(os.waitpid(child, 0)[1]) == 0"
    )
    done = subprocess.run(
        [sys.executable, "-c", script],
        cwd=Path(__file__).resolve().parents[2],
        capture_output=True,
        text=True,
        timeout=60,
    )
    assert done.returncode == 0, done.stderr


def repainted(content: bytes) -> bytes:
    """One pixel changed; the manifest is put into the new file as it was."""
    with Image.open(io.BytesIO(content)) as image:
        image.load()
    image.putpixel((3, 3), tuple(255 - value for value in image.getpixel((3, 3))))
    file = io.BytesIO()
    image.save(file, "PNG")
    return moved(content, file.getvalue())


def other_text(content: bytes) -> bytes:
    """The artist's name, with the right checksum."""
    at = content.index(b"tEXtAuthor")
    (size,) = struct.unpack_from(">I", content, at - 4)
    chunk = content[at : at + 4 + size].replace(b"Ann", b"Bob")
    checksum = struct.pack(">I", zlib.crc32(chunk))
    return content[:at] + chunk + checksum + content[at + 8 + size :]


ALTERATIONS: dict[str, Callable[[bytes], bytes]] = {
    "one pixel": repainted,
    "moved to another picture": lambda content: moved(content, written(drawn(2), "PNG")),
    "text chunk": with_text,
    "changed text": other_text,
    "trailing byte": lambda content: content + b"\0",
}


FORGED = {
    "self-signed": State.FOREIGN,
    "foreign root": State.FOREIGN,
    "by a signer": State.FOREIGN,
    "expired": State.BROKEN,
    "not yet valid": State.BROKEN,
}


class TestForgeries:
    """None is authentic, and none is trusted by an independent reader."""

    @pytest.mark.parametrize("name", ALTERATIONS)
    def test_what_was_changed_is_altered_and_still_names_its_licence(self, name: str) -> None:
        content = signed()
        changed = ALTERATIONS[name](content)

        found = read(changed)
        assert (found.state, found.licence) == (State.ALTERED, FACTS)
        # By which the signature is looked up in the log.
        assert found.digest == read(content).digest
        assert read_by_others(changed, anchors())["validation_state"] != "Trusted"

    def test_stripped_files_say_nothing(self) -> None:
        file = io.BytesIO()
        with Image.open(io.BytesIO(signed())) as image:
            image.save(file, "PNG")
        for content in (file.getvalue(), written(drawn(), "JPEG"), b"GIF89a", b""):
            assert read(content).state is State.NONE

    def test_what_is_signed_anew_by_us_is_authentic(self) -> None:
        """The control: what follows fails by its certificate alone."""
        assert read(resigned(signed(), signer())).state is State.AUTHENTIC

    @pytest.mark.parametrize("name", FORGED)
    def test_other_keys_are_not_ours(self, tmp_path: Path, name: str) -> None:
        content = resigned(signed(), forged_signer(tmp_path, name))

        found = read(content)
        assert (found.state, found.licence, found.digest) == (FORGED[name], None, b"")
        assert read_by_others(content, anchors())["validation_state"] != "Trusted"

    def test_a_revoked_signer_is_not_trusted_any_more(self) -> None:
        serial = str(signer().certificates[0].serial_number)
        found = read_manifest(signed(), anchors(), frozenset({serial}))
        assert (found.state, found.licence) == (State.BROKEN, None)
        assert "signingCredential.revoked" in found.failures

    def test_the_signature_of_another_claim_is_none(self) -> None:
        one, two = signed(), signed(seed=2)
        place = containers.find_store(one)
        other = containers.find_store(two)
        store = one[place.start : place.end - 64] + two[other.end - 64 : other.end]
        found = read(containers.with_store(one, place, store))
        assert (found.state, found.licence) == (State.BROKEN, None)

    @OF_ALL
    def test_not_one_bit_can_be_changed(self, name: str) -> None:
        """Of what the manifest's own hashes do not cover; chance picks what they do."""
        content = ALL[name]()
        place = containers.find_store(content)
        chance = np.random.default_rng(len(content))
        near = range(max(0, place.start - 20), min(len(content), place.end + 8))
        picked = [*chance.choice(near, 40, replace=False), *chance.integers(0, len(content), 20)]
        for at in (*picked, *weak_places(content, place)):
            changed = bytearray(content)
            changed[at] ^= 1 << int(chance.integers(8))
            assert read(bytes(changed)).state is not State.AUTHENTIC, (name, at)


def weak_places(content: bytes, place: containers.Place) -> Iterator[int]:
    """Bytes that validators pass over: types, sizes, padding, checksums."""
    store = content[place.start : place.end]
    for needle in (b"jumb", b"jumdc2pa", b"jumdc2as", b"jumdc2cl", b"jumdc2cs", b"jumdjson"):
        at = place.start + store.find(needle)
        # Size and type of the box, the toggles and the label of a description.
        yield from (at - 1, at, at + 4, at + 20, at + 22)
    padding = place.start + store.rfind(b"cpadY")
    yield from (padding, padding + 10, place.end - 100, place.end - 67, place.start - 1)
    yield min(place.end, len(content) - 1)


def forged_signer(folder: Path, kind: str) -> certificates.Signer:
    """A signer that claims to be ours, with a key that somebody else has."""
    if kind == "foreign root":
        certificates.make(folder / "c2pa")
        return certificates.signers(folder / "c2pa")[-1]
    shutil.copytree(keys(), folder / "c2pa")
    ours = signer()
    if kind in ("expired", "not yet valid"):
        away = timedelta(days=-20 if kind == "expired" else 20)
        name = certificates.add_signer(folder / "c2pa", begin=datetime.now(UTC) + away, days=10)
        return next(each for each in certificates.signers(folder / "c2pa") if each.name == name)
    key = ec.generate_private_key(ec.SECP256R1())
    issuer = ours.certificates[0]
    issuing = key if kind == "self-signed" else ours.key
    builder = (
        x509.CertificateBuilder()
        .subject_name(issuer.subject)
        .issuer_name(issuer.subject)
        .public_key(key.public_key())
        .serial_number(issuer.serial_number)
        .not_valid_before(issuer.not_valid_before_utc)
        .not_valid_after(issuer.not_valid_after_utc)
    )
    for extension in issuer.extensions:
        if not isinstance(extension.value, x509.AuthorityKeyIdentifier):
            builder = builder.add_extension(extension.value, extension.critical)
    issuer_id = x509.AuthorityKeyIdentifier.from_issuer_public_key(issuing.public_key())
    leaf = builder.add_extension(issuer_id, critical=False).sign(issuing, hashes.SHA256())
    above = ours.chain[1:] if kind == "self-signed" else ours.chain[:1]
    pem = leaf.public_bytes(serialization.Encoding.PEM).decode()
    return certificates.Signer("forged", (pem, *above), key)


def resigned(content: bytes, own: certificates.Signer) -> bytes:
    """``content`` as if ``own`` had signed it. Libraries refuse to sign with some certificates."""
    place = containers.find_store(content)
    manifest = jumbf.read_store(content[place.start : place.end])[-1]
    chain = [each.public_bytes(serialization.Encoding.DER) for each in own.certificates]
    protected = cbor2.dumps({1: -7, 33: chain})
    before = cbor2.loads(manifest.signature).value
    padding = len(before[1]["pad"]) + len(before[0]) - len(protected)
    cose = [protected, {"pad": bytes(padding)}, None, bytes(64)]
    unsigned = replace(manifest, signature=cbor2.dumps(cbor2.CBORTag(18, cose)))
    cose[3] = own.sign(unsigned.to_sign)
    complete = replace(manifest, signature=cbor2.dumps(cbor2.CBORTag(18, cose)))
    store = jumbf.store_of([complete])
    assert len(store) == place.end - place.start
    return containers.with_store(content, place, store)
