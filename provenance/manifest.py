"""Signed metadata: the C2PA manifest of a picture and of its previews, and what one says.

The library that writes the manifest signs it with a key that is thrown away; then the signature is
replaced by that of ``sign``, which may ask another machine. With a callback, the library would keep
10 kB free in each file, for a signature of 64 bytes.

Nothing is fetched from the network. Trusted are our own anchors alone: the public list of C2PA
takes only products that went through its conformance programme, and ours has not.
"""

from __future__ import annotations

import hashlib
import io
import json
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from enum import StrEnum
from functools import cache
from typing import Any

from provenance import containers, jumbf
from provenance.facts import SOFTWARE, Facts
from provenance.metadata import TRAINED_MEDIA, Provenance

LICENCE = "org.stylelicense.licence"
PROFILE = "1"  # of our manifests
MOST_BYTES = 4300  # that a manifest adds to a file, without that of a parent
_USES = ("ai_generative_training", "ai_inference", "ai_training", "data_mining")
_NO_TRAINING = {
    "label": "cawg.training-mining",
    "data": {"entries": {f"cawg.{use}": {"use": "notAllowed"} for use in _USES}},
}
_OFFLINE = {"verify_trust": True, "remote_manifest_fetch": False, "ocsp_fetch": False}
_SETTINGS = {
    "version": 1,
    "builder": {
        "thumbnail": {"enabled": False},
        "created_assertion_labels": ["c2pa.actions.v2", _NO_TRAINING["label"], LICENCE],
    },
    # It would find the key that is thrown away.
    "verify": {**_OFFLINE, "verify_after_sign": False},
}
# What a validator finds if a file was changed after it was signed, and nothing worse.
_CHANGED = frozenset({"assertion.dataHash.mismatch"})
_SIGNED_BY_US = frozenset({"signingCredential.trusted", "claimSignature.validated"})


@dataclass(frozen=True)
class ToSign:
    """``claim`` is to be signed; ``licence`` is the box of the assertion that it names."""

    claim: bytes
    licence: bytes


Sign = Callable[[ToSign], bytes]


# --- Writing --------------------------------------------------------------------------------------


def sign_picture(content: bytes, provenance: Provenance, chain: Sequence[str], sign: Sign) -> bytes:
    """The file ``content`` (PNG, JPEG or WebP) of a picture that a trained model made, signed.

    ``chain`` is the certificate of the key that ``sign`` uses, and its intermediate, in PEM.
    """
    return _signed(content, provenance, chain, sign, [_created(provenance)])


def sign_preview(
    content: bytes,
    provenance: Provenance,
    chain: Sequence[str],
    sign: Sign,
    picture: bytes | None,
) -> bytes:
    """A preview, made of the signed file ``picture``, whose manifest it takes along (10 kB).

    Without ``picture`` it says how that was made, and is 6 kB smaller.
    """
    resized: dict[str, Any] = {"action": "c2pa.resized"}
    if picture is None:
        return _signed(content, provenance, chain, sign, [_created(provenance), resized])
    opened = {"action": "c2pa.opened", "parameters": {"ingredientIds": ["picture"]}}
    return _signed(content, provenance, chain, sign, [opened, resized], picture)


def _created(provenance: Provenance) -> dict[str, Any]:
    agent = {"name": provenance.system or SOFTWARE}
    if provenance.system_version:
        agent["version"] = provenance.system_version
    return {
        "action": "c2pa.created",
        "digitalSourceType": TRAINED_MEDIA,
        "softwareAgent": agent,
    }


def _signed(
    content: bytes,
    provenance: Provenance,
    chain: Sequence[str],
    sign: Sign,
    actions: list[dict[str, Any]],
    picture: bytes | None = None,
) -> bytes:
    import c2pa

    if provenance.licence is None:
        raise ValueError("A picture without a licence is not signed.")
    mime = containers.mime_of(content)
    definition = {
        "claim_generator_info": [{"name": SOFTWARE, "version": PROFILE}],
        "title": provenance.title,
        "format": mime,
        "assertions": [
            {"label": "c2pa.actions.v2", "data": {"actions": actions}},
            _NO_TRAINING,
            {"label": LICENCE, "kind": "Json", "data": provenance.licence.claims()},
        ],
    }
    info = c2pa.C2paSignerInfo(b"es256", "".join(chain).encode(), _passing_key(), None)
    written = io.BytesIO()
    # A signer does not survive a fork, so each file has its own.
    with (
        c2pa.Context.from_dict(_SETTINGS) as context,
        c2pa.Signer.from_info(info) as signer,
        c2pa.Builder(definition, context) as builder,
    ):
        if picture is not None:
            parent = {"title": provenance.title, "relationship": "parentOf", "label": "picture"}
            builder.add_ingredient(parent, containers.PNG, io.BytesIO(picture))
        store = builder.sign(signer, mime, io.BytesIO(content), written)
    file = written.getvalue()
    place = containers.find_store(file)
    if place is None or file[place.start : place.end] != store:
        raise ValueError("The manifest is not in one piece.")
    manifest = jumbf.read_store(store)[-1]
    signature = sign(ToSign(manifest.to_sign, manifest.assertion(LICENCE)))
    if len(signature) != jumbf.SIGNATURE_BYTES:
        raise ValueError("That is no signature of ES256.")
    # It is the last that the store has.
    return containers.with_store(file, place, store[: -jumbf.SIGNATURE_BYTES] + signature)


@cache
def _passing_key() -> bytes:
    """A key for the signatures that are replaced. It is in no certificate."""
    from cryptography.hazmat.primitives import serialization
    from cryptography.hazmat.primitives.asymmetric import ec

    return ec.generate_private_key(ec.SECP256R1()).private_bytes(
        serialization.Encoding.PEM,
        serialization.PrivateFormat.PKCS8,
        serialization.NoEncryption(),
    )


# --- Reading --------------------------------------------------------------------------------------


class State(StrEnum):
    """What a file's manifest is worth."""

    AUTHENTIC = "authentic"  # signed by us, and not a byte was changed since
    ALTERED = "altered"  # signed by us, and the file was changed since
    FOREIGN = "foreign"  # the signature is good, and somebody else's
    BROKEN = "broken"  # says nothing that could be relied on
    NONE = "none"


@dataclass(frozen=True)
class Reading:
    """``licence`` is known if we signed it: AUTHENTIC and ALTERED. ``failures`` are C2PA's codes.

    ``digest`` is then the SHA-256 of what was signed, as the log of signatures has it. ``claims``
    is the manifest for people, whoever signed it: title, generator, issuer and what was done.
    """

    state: State
    licence: Facts | None = None
    failures: tuple[str, ...] = ()
    digest: bytes = b""
    claims: Mapping[str, Any] | None = None


def read_manifest(content: bytes, anchors: str, revoked: frozenset[str] = frozenset()) -> Reading:
    """What the manifest in a PNG, JPEG or WebP says.

    ``anchors`` are the roots to trust, in PEM; ``revoked`` the serial numbers of signers that are
    not to be trusted any more.
    """
    import c2pa

    mime = containers.mime_of(content)
    if not mime:
        return Reading(State.NONE)
    settings = {"version": 1, "verify": _OFFLINE, "trust": {"trust_anchors": anchors}}
    try:
        with (
            c2pa.Context.from_dict(settings) as context,
            c2pa.Reader(mime, io.BytesIO(content), context=context) as reader,
        ):
            report = json.loads(reader.json())
    except c2pa.C2paError.ManifestNotFound:
        return Reading(State.NONE)
    except c2pa.C2paError as error:
        return Reading(State.BROKEN, failures=(str(error),))
    try:
        return _judged(content, report, revoked)
    except (LookupError, TypeError, AttributeError) as error:
        # Somebody else's manifest may say anything under these names.
        return Reading(State.BROKEN, failures=(repr(error),))


def _judged(content: bytes, report: dict[str, Any], revoked: frozenset[str]) -> Reading:
    manifest = report["manifests"][report["active_manifest"]]
    results = report.get("validation_results", {}).get("activeManifest", {})
    succeeded = {each["code"] for each in results.get("success", ())}
    failures = tuple(sorted({each["code"] for each in results.get("failure", ())}))
    claims = _for_people(manifest)
    if not succeeded >= _SIGNED_BY_US:
        is_good = report.get("validation_state") == "Valid"
        return Reading(State.FOREIGN if is_good else State.BROKEN, None, failures, b"", claims)
    serial = manifest.get("signature_info", {}).get("cert_serial_number", "")
    if serial in revoked:
        failures = (*failures, "signingCredential.revoked")
    licence, place = _licence_in(manifest), containers.find_store(content)
    digest = _digest(content, place)
    if set(failures) - _CHANGED or licence is None or place is None or not digest:
        return Reading(State.BROKEN, None, failures, b"", claims)
    is_whole = report.get("validation_state") == "Trusted" and place.is_exact
    state = State.AUTHENTIC if is_whole else State.ALTERED
    return Reading(state, licence, failures, digest, claims)


def _digest(content: bytes, place: containers.Place | None) -> bytes:
    """b"" if bytes of the manifest were changed that no hash covers."""
    try:
        active = jumbf.read_store(content[place.start : place.end] if place else b"")[-1]
    except jumbf.NotOurs:
        return b""
    return hashlib.sha256(active.to_sign).digest()


def _licence_in(manifest: dict[str, Any]) -> Facts | None:
    """None unless there is just one, and it is complete."""
    said = [each for each in manifest.get("assertions", ()) if each.get("label") == LICENCE]
    try:
        (only,) = said
        return Facts.of(only["data"])
    except (ValueError, KeyError, TypeError):
        return None


def _for_people(manifest: dict[str, Any]) -> dict[str, Any]:
    actions = [
        action
        for assertion in manifest.get("assertions", ())
        if str(assertion.get("label", "")).startswith("c2pa.actions")
        for action in assertion.get("data", {}).get("actions", ())
    ]
    signature = manifest.get("signature_info", {})
    return {
        "title": manifest.get("title"),
        "generator": [each.get("name") for each in manifest.get("claim_generator_info", ()) or ()],
        "issuer": signature.get("issuer"),
        "signed_at": signature.get("time"),
        "actions": [action.get("action") for action in actions],
        "source_types": [
            action["digitalSourceType"] for action in actions if "digitalSourceType" in action
        ],
    }
