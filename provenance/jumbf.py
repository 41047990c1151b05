"""The boxes of a C2PA manifest store (ISO 19566-5), as our own manifests have them.

Validators pass over what no hash covers: types and sizes of boxes, padding, checksums. Here a store
is only read if it is, byte for byte, what its signed parts make. So not even those bytes of one can
be changed without notice.
"""

from __future__ import annotations

import hashlib
import struct
from collections.abc import Iterator, Sequence
from dataclasses import dataclass

import cbor2

# Of a description box: the type's four characters are followed by these bytes.
_TYPE_END = bytes.fromhex("00110010800000aa00389b71")
_LABELLED, _SALTED = 0x03, 0x13
SIGNATURE_BYTES = 64  # ES256: r and s
_COSE_SIGN1 = 18  # the CBOR tag
# What parsing of bytes that may be anything raises.
_DAMAGED = (ValueError, struct.error, LookupError, TypeError, AttributeError)


class NotOurs(ValueError):
    """The bytes are no manifest store as we write them."""


@dataclass(frozen=True)
class Manifest:
    """``assertions`` are whole boxes, ``claim`` and ``signature`` the CBOR in theirs."""

    label: str
    assertions: tuple[bytes, ...]
    claim: bytes
    signature: bytes

    @property
    def to_sign(self) -> bytes:
        """The Sig_structure (RFC 9052, 4.4) that the signature is over."""
        return cbor2.dumps(["Signature1", _cose(self.signature)[0], b"", self.claim])

    def assertion(self, label: str) -> bytes:
        """The box of this assertion. Raises NotOurs."""
        for box in self.assertions:
            if label_of(box) == label:
                return box
        raise NotOurs(f"there is no {label}")

    def box(self) -> bytes:
        store = _superbox(b"c2as", "c2pa.assertions", *self.assertions)
        claim = _superbox(b"c2cl", "c2pa.claim.v2", _box(b"cbor", self.claim))
        signature = _superbox(b"c2cs", "c2pa.signature", _box(b"cbor", self.signature))
        return _superbox(b"c2ma", self.label, store, claim, signature)


def read_store(content: bytes) -> list[Manifest]:
    """The manifests in a store, the active one last. Raises NotOurs."""
    try:
        (store,) = _boxes(content)
        manifests = [_manifest(box) for box in _children(store)]
        are_named = all(_names_assertions(manifest) for manifest in manifests)
        rebuilt = store_of(manifests)
    except (*_DAMAGED, cbor2.CBORError) as error:
        raise NotOurs(str(error)) from error
    if not manifests or not are_named or rebuilt != content:
        raise NotOurs("bytes that nothing covers were changed")
    return manifests


def store_of(manifests: Sequence[Manifest]) -> bytes:
    return _superbox(b"c2pa", "c2pa", *(manifest.box() for manifest in manifests))


def label_of(box: bytes) -> str:
    """The label of a superbox. Raises NotOurs, ValueError and struct.error."""
    description = next(_boxes(box[8:]))
    if description[4:8] != b"jumd":
        raise NotOurs("a box without a description")
    return description[25:].split(b"\0")[0].decode()


def content_of(box: bytes) -> bytes:
    """What is in the only box within a superbox. Raises ValueError and struct.error."""
    (inner,) = _children(box)
    return inner[8:]


def _manifest(box: bytes) -> Manifest:
    store, claim, signature = _children(box)
    cose = content_of(signature)
    _cose(cose)
    return Manifest(label_of(box), tuple(_children(store)), content_of(claim), cose)


def _names_assertions(manifest: Manifest) -> bool:
    """Whether the claim has the hash of every assertion, to the byte. Validators hash what they
    understand of one."""
    claim = cbor2.loads(manifest.claim)
    named = [*claim.get("created_assertions", ()), *claim.get("gathered_assertions", ())]
    hashes = [hashlib.sha256(box[8:]).digest() for box in manifest.assertions]
    is_typed = all(box[4:8] == b"jumb" for box in manifest.assertions)
    return is_typed and sorted(each["hash"] for each in named) == sorted(hashes)


def _cose(content: bytes) -> tuple[bytes, bytes]:
    """Protected header and signature of a COSE_Sign1 that has nothing else but zeros."""
    tagged = cbor2.loads(content)
    if not isinstance(tagged, cbor2.CBORTag) or tagged.tag != _COSE_SIGN1:
        raise NotOurs("no COSE_Sign1")
    protected, unprotected, payload, signature = tagged.value
    padding = dict(unprotected).get("pad", b"")
    if any(padding) or dict(unprotected).keys() - {"pad"} or payload is not None:
        raise NotOurs("more in the signature than a signature")
    canonical = cbor2.CBORTag(
        _COSE_SIGN1, [protected, {"pad": padding} if unprotected else {}, None, signature]
    )
    if cbor2.dumps(canonical) != content or len(signature) != SIGNATURE_BYTES:
        raise NotOurs("the signature could be written shorter")
    return protected, signature


def _boxes(content: bytes) -> Iterator[bytes]:
    at = 0
    while at < len(content):
        (size,) = struct.unpack_from(">I", content, at)
        if size < 8 or at + size > len(content):
            raise NotOurs("a box that does not fit")
        yield content[at : at + size]
        at += size


def _children(superbox: bytes) -> list[bytes]:
    return list(_boxes(superbox[8:]))[1:]


def _box(kind: bytes, content: bytes) -> bytes:
    return struct.pack(">I", 8 + len(content)) + kind + content


def _superbox(kind: bytes, label: str, *children: bytes) -> bytes:
    described = kind + _TYPE_END + bytes([_LABELLED]) + label.encode() + b"\0"
    return _box(b"jumb", _box(b"jumd", described) + b"".join(children))
