"""What the backend looks at before it signs: a claim of C2PA, about one licence, by our key.

A key that signed whatever it is given could be made to sign anything.
"""

from __future__ import annotations

import hashlib
import json
import struct
from collections.abc import Iterator
from typing import Any

import cbor2

from provenance import jumbf
from provenance.facts import Facts

LICENCE = "org.stylelicense.licence"
_ALGORITHM, _CHAIN, _ES256 = 1, 33, -7  # COSE's numbers


class NotOurClaim(ValueError):
    """This is not to be signed. The message says why."""


def leaf_of(to_sign: bytes) -> bytes:
    """The certificate (DER) that the signature is to be by. Raises NotOurClaim."""
    chain = _header(to_sign).get(_CHAIN)
    leaf = chain[0] if isinstance(chain, list | tuple) and chain else chain
    if not isinstance(leaf, bytes):
        raise NotOurClaim("It names no certificate.")
    return leaf


def require_claim(to_sign: bytes, assertion: bytes, licence: Facts) -> None:
    """Raise NotOurClaim unless ``to_sign`` is a claim about ``licence`` and nothing else.

    ``assertion`` is the box that the claim names by its hash.
    """
    if _header(to_sign).get(_ALGORITHM) != _ES256:
        raise NotOurClaim("It is not to be signed with ES256.")
    claim = _map(cbor2.loads, _structure(to_sign)[3], "The claim cannot be read.")
    named = [each for each in _assertions(claim) if LICENCE in str(each.get("url"))]
    # A hash covers what is in the box.
    expected = hashlib.sha256(assertion[8:]).digest()
    if (
        len(named) != 1
        or not str(named[0].get("url")).endswith(f"/{LICENCE}")
        or named[0].get("hash") != expected
    ):
        raise NotOurClaim("It does not name this assertion of a licence.")
    try:
        is_ours = jumbf.label_of(assertion) == LICENCE
        said: Any = json.loads(jumbf.content_of(assertion))
    except (ValueError, struct.error, StopIteration) as error:
        raise NotOurClaim("The assertion cannot be read.") from error
    if not is_ours or said != licence.claims():
        raise NotOurClaim("It is about another licence.")


def _assertions(claim: dict[Any, Any]) -> Iterator[dict[Any, Any]]:
    """What the claim names, made by us or gathered from elsewhere."""
    for name in ("created_assertions", "gathered_assertions", "assertions"):
        listed = claim.get(name)
        for each in listed if isinstance(listed, list) else ():
            if isinstance(each, dict):
                yield each


def _structure(to_sign: bytes) -> list[Any]:
    """["Signature1", protected header, external data, payload] (RFC 9052, 4.4)."""
    try:
        structure = cbor2.loads(to_sign)
    except cbor2.CBORError as error:
        raise NotOurClaim("It is no CBOR.") from error
    if (
        not isinstance(structure, list | tuple)
        or len(structure) != 4
        or structure[0] != "Signature1"
        or structure[2] != b""
        or cbor2.dumps(list(structure)) != to_sign
    ):
        raise NotOurClaim("It is no Sig_structure.")
    return list(structure)


def _header(to_sign: bytes) -> dict[Any, Any]:
    return _map(cbor2.loads, _structure(to_sign)[1], "Its header cannot be read.")


def _map(load: Any, content: Any, problem: str) -> dict[Any, Any]:
    try:
        loaded = load(content)
    except (cbor2.CBORError, TypeError) as error:
        raise NotOurClaim(problem) from error
    if not isinstance(loaded, dict):
        raise NotOurClaim(problem)
    return loaded
