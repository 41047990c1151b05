"""Merkle trees as Certificate Transparency has them (RFC 9162, 2.1), of SHA-256.

The root is one number that depends on all leaves. A path of log₂(n) hashes proves that a leaf is
among them.
"""

from __future__ import annotations

import hashlib
from collections.abc import Sequence

# Leaves and nodes begin with different bytes, so that a node is never taken for a leaf.
_LEAF, _NODE = b"\x00", b"\x01"


def leaf(content: bytes) -> bytes:
    return hashlib.sha256(_LEAF + content).digest()


def root(leaves: Sequence[bytes]) -> bytes:
    """The root over ``leaves``, which are hashes. That of none is the SHA-256 of nothing."""
    if not leaves:
        return hashlib.sha256().digest()
    level = list(leaves)
    while len(level) > 1:
        level = _above(level)
    return level[0]


def path(leaves: Sequence[bytes], index: int) -> list[bytes]:
    """The inclusion proof of the leaf at ``index``: the hashes beside its way to the root."""
    found, level = [], list(leaves)
    while len(level) > 1:
        beside = index ^ 1
        if beside < len(level):
            found.append(level[beside])
        level, index = _above(level), index // 2
    return found


def _above(level: list[bytes]) -> list[bytes]:
    """The nodes above ``level``. A last one without another goes up as it is."""
    sha256 = hashlib.sha256
    pairs = zip(level[::2], level[1::2], strict=False)
    nodes = [sha256(_NODE + left + right).digest() for left, right in pairs]
    return nodes + level[-1:] if len(level) % 2 else nodes
