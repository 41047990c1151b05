"""The leaves of a published day, in blocks: each a whole tree within the tree of the day.

A day may have a million licences, and anybody may ask for its list and for proofs. Neither computes
anything of it again: a block is a row of 32 kB.
"""

from __future__ import annotations

from bisect import bisect_left, bisect_right
from collections.abc import Iterator, Sequence

from django.db.models import BinaryField, Exists, F, OuterRef
from django.db.models.functions import Substr

from app.exceptions import ServiceUnavailable
from app.models import LicenceDay, LicenceDayBlock
from app.services.licences import merkle

HASH_BYTES = 32
# Leaves. A power of two, so that each block is a node of the day's tree.
SIZE = 1024
# Blocks that are read at once: half a megabyte.
AT_ONCE = 16


def keep(day: LicenceDay, leaves: Sequence[bytes]) -> None:
    """Keep the sorted ``leaves`` of ``day``, unless somebody else has."""
    parts = [leaves[start : start + SIZE] for start in range(0, len(leaves), SIZE)]
    LicenceDayBlock.objects.bulk_create(
        (
            LicenceDayBlock(day=day, number=number, leaves=b"".join(part), root=merkle.root(part))
            for number, part in enumerate(parts)
        ),
        batch_size=100,
        ignore_conflicts=True,
    )


def are_missing() -> Iterator[LicenceDay]:
    """Days that were published before there were blocks."""
    own = LicenceDayBlock.objects.filter(day=OuterRef("pk"))
    yield from LicenceDay.objects.filter(~Exists(own), count__gt=0).order_by("day")


def told(day: LicenceDay) -> Iterator[bytes]:
    """The leaves of ``day``, some blocks at a time. Raises ServiceUnavailable."""
    return (_content(day, number, AT_ONCE) for number in range(0, _count(day), AT_ONCE))


def place(day: LicenceDay, leaf: bytes) -> tuple[int, list[bytes]] | None:
    """Where ``leaf`` is among those of ``day``, and its path (RFC 9162, 2.1.3.1); None if it is
    not. Raises ServiceUnavailable."""
    if not _count(day):
        return None
    first = Substr(F("leaves"), 1, HASH_BYTES, output_field=BinaryField())
    blocks = day.blocks.order_by("number").annotate(first=first)
    told = list(blocks.values_list("first", "root"))
    number = max(0, bisect_right(told, leaf, key=lambda each: bytes(each[0])) - 1)
    content = _content(day, number, 1)
    leaves = [content[at : at + HASH_BYTES] for at in range(0, len(content), HASH_BYTES)]
    index = bisect_left(leaves, leaf)
    if leaves[index : index + 1] != [leaf]:
        return None
    roots = [bytes(root) for _, root in told]
    path = merkle.path(leaves, index) + merkle.path(roots, number)
    return number * SIZE + index, path


def _count(day: LicenceDay) -> int:
    if day.count and not day.blocks.exists():
        raise ServiceUnavailable("The list of this day is being written. Try again in a minute.")
    return -(-day.count // SIZE)


def _content(day: LicenceDay, number: int, count: int) -> bytes:
    rows = day.blocks.filter(number__gte=number, number__lt=number + count).order_by("number")
    return b"".join(rows.values_list("leaves", flat=True))
