"""Licences found by the pixels of a picture: by its mark, its fingerprint and what it shows.

Each search answers with at most ten, the nearest first, among a million licences.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from functools import partial
from typing import Any

from django.db import connection, transaction

from app.models import Licence
from app.services.licences import numbers
from provenance.bits import ALIKE_BITS, SAME_BITS, bands, distance

MOST = 10
# What one search looks at, at most: bands of plain pictures may be in very many.
MOST_CANDIDATES = 20_000

# The planner takes an array of more than a few bands for a reason to read the whole table.
BY_INDEX = "SET LOCAL enable_seqscan = off"
SHARING_BANDS = """
    SELECT generation_id, pdq FROM app_licence WHERE bands && %(bands)s::int[] LIMIT %(most)s
"""
# Works that our staff has refused are no works of who uploaded them.
WORKS_OF_OTHERS = """
    SELECT work.id, work.pdq FROM app_artwork work JOIN app_style style ON style.id = work.style_id
    WHERE work.bands && %(bands)s::int[] AND style.artist_id <> %(artist_id)s
        AND style.review ->> 'state' IS DISTINCT FROM 'refused'
    LIMIT %(most)s
"""
PICTURES_OF_OTHERS = """
    SELECT licence.generation_id, licence.pdq FROM app_licence licence
    JOIN app_generation picture ON picture.id = licence.generation_id
    JOIN app_style style ON style.id = picture.style_id
    WHERE licence.bands && %(bands)s::int[] AND style.artist_id <> %(artist_id)s LIMIT %(most)s
"""
# PostgreSQL compares bits, not bytes.
BY_SIGNS = """
    SELECT generation_id, differing FROM (
        SELECT generation_id,
            bit_count(('x' || encode(features, 'hex'))::bit(1280) # %(signs)s::bit(1280))
                AS differing
        FROM app_licence WHERE features IS NOT NULL
    ) AS compared
    WHERE differing <= %(limit)s ORDER BY differing, generation_id LIMIT %(most)s
"""


@dataclass(frozen=True)
class Near:
    """What was found, by its id (a licence's is that of its picture), and how many bits differ."""

    id: int
    bits: int


def by_mark(mark_id: int) -> list[Licence]:
    """The licences whose numbers begin with the 32 bits of a mark: nearly always one."""
    found = Licence.objects.with_picture().filter(
        number__gte=numbers.first_with(mark_id), number__lte=numbers.last_with(mark_id)
    )
    return list(found.order_by("number")[:MOST])


def by_fingerprint(
    turns: Sequence[bytes], among: str = SHARING_BANDS, **values: object
) -> list[Near]:
    """The licences of pictures that are the same, but for what storing and scaling do.

    ``turns`` are the fingerprints of one picture, as it is first, then turned and mirrored.
    ``among`` is the statement that finds what shares ``bands`` with it, with its other ``values``.
    """
    search = partial(_within, turns, among, values)
    wanted = [band for fingerprint in turns for band in bands(fingerprint)]
    # Who differs by 31 bits shares a whole band nine times of ten; with one bit turned, always.
    return search(wanted) or search(_with_neighbours(bands(turns[0])))


def by_signs(signs: bytes) -> list[Near]:
    """The licences of pictures that show nearly the same. This reads all of them, which takes a
    third of a second for 100 000."""
    given: dict[str, str | int] = {
        "signs": "".join(f"{byte:08b}" for byte in signs),
        "limit": ALIKE_BITS,
        "most": MOST,
    }
    with connection.cursor() as cursor:
        cursor.execute(BY_SIGNS, given)
        return [Near(*row) for row in cursor.fetchall()]


def licences_of(found: Iterable[Near]) -> dict[int, Licence]:
    """Those licences, with their pictures, by their ids."""
    ids = [each.id for each in found]
    return {each.pk: each for each in Licence.objects.with_picture().filter(pk__in=ids)}


def _within(
    turns: Sequence[bytes], among: str, values: Mapping[str, object], wanted: Sequence[int]
) -> list[Near]:
    with transaction.atomic(), connection.cursor() as cursor:
        cursor.execute(BY_INDEX)
        given: dict[str, Any] = {**values, "bands": list(wanted), "most": MOST_CANDIDATES}
        cursor.execute(among, given)
        candidates = cursor.fetchall()
    found = [
        Near(found_id, min(distance(bytes(pdq), each) for each in turns))
        for found_id, pdq in candidates
    ]
    near = [each for each in found if each.bits <= SAME_BITS]
    return sorted(near, key=lambda each: (each.bits, each.id))[:MOST]


def _with_neighbours(wanted: Sequence[int]) -> list[int]:
    """``wanted``, and all bands that differ by one bit."""
    return [*wanted, *(band ^ 1 << bit for band in wanted for bit in range(16))]
