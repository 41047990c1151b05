"""Whose licence a picture has: answered from its file alone, with what was looked at.

The best evidence comes first: the signature in the file, then the mark in its pixels, then what
the pixels look like. Nothing is kept of what is asked about, and "unknown" never means that a
picture is not licensed.
"""

from __future__ import annotations

import hashlib
import io
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from typing import Any

import structlog
from PIL import Image

from app.exceptions import InvalidInput, NotFound, ServiceUnavailable
from app.models import Licence, Signature
from app.models.verdict import Layer, Verdict
from app.services import storage
from app.services.licences import finding, numbers
from app.services.signature_service import certificates_folder
from pictures import Bounds, PictureError, open_picture

log = structlog.get_logger(__name__)

MAX_BYTES = 10 * 2**20
# Sites store pictures as WebP too, and so do we.
BOUNDS = Bounds(("PNG", "JPEG", "WEBP"))
# From here on two pictures show the same thing; those of the same words in the same style reach
# 0.89.
ALIKE = 0.9


@dataclass(frozen=True)
class Evidence:
    """``says`` is what was found: a word for programs. ``facts`` are its numbers."""

    layer: Layer
    says: str
    facts: Mapping[str, Any] = field(default_factory=dict)


@dataclass(frozen=True)
class Verification:
    """``claims`` is what a manifest in the file says, ours or not, in its own words."""

    verdict: Verdict
    licence: Licence | None = None
    evidence: tuple[Evidence, ...] = ()
    claims: Mapping[str, Any] | None = None


def verify(content: bytes) -> Verification:
    """Look at a PNG, JPEG or WebP. Raises InvalidInput for anything else."""
    if len(content) > MAX_BYTES:
        raise InvalidInput.field("file", f"At most {MAX_BYTES // 2**20} MB.")
    image = _opened(content)
    best, claims = _by_signature(content, image)
    evidence = [best.evidence]
    is_signed = best.verdict in {Verdict.AUTHENTIC, Verdict.ALTERED}
    for found in () if is_signed else _by_pixels(image):
        evidence.append(found.evidence)
        if found.verdict is Verdict.MATCH:
            best = found
            break
        if found.verdict is Verdict.POSSIBLE and best.licence is None:
            best = found
    return Verification(best.verdict, best.licence, tuple(evidence), claims)


def by_number(text: str) -> Licence:
    """Raises NotFound, which says what is wrong with the number."""
    try:
        return Licence.objects.numbered(numbers.parse(text))
    except numbers.WrongNumber as error:
        raise NotFound(str(error)) from error


@dataclass(frozen=True)
class _Found:
    verdict: Verdict
    evidence: Evidence
    licence: Licence | None = None


# --- The file -------------------------------------------------------------------------------------


def _opened(content: bytes) -> Image.Image:
    """In RGB and upright. Raises InvalidInput."""
    try:
        return open_picture(io.BytesIO(content), BOUNDS).image
    except PictureError as error:
        raise InvalidInput.field("file", str(error)) from error


def _by_signature(content: bytes, image: Image.Image) -> tuple[_Found, Mapping[str, Any] | None]:
    # Who only orders pictures loads neither library.
    from provenance import certificates
    from provenance.manifest import State, read_manifest

    folder = certificates_folder()
    reading = read_manifest(content, certificates.anchors(folder), certificates.revoked(folder))
    facts: dict[str, Any] = {"failures": list(reading.failures)} if reading.failures else {}
    evidence = Evidence(Layer.SIGNATURE, reading.state.value, facts)
    if reading.licence is None:
        return _Found(Verdict.UNKNOWN, evidence), reading.claims
    licence = Licence.objects.with_picture().filter(number=reading.licence.number).first()
    if licence is None:
        # Signed, and never completed: nobody paid for it.
        evidence = Evidence(Layer.SIGNATURE, "unissued", facts)
        return _Found(Verdict.UNKNOWN, evidence), reading.claims
    if not _is_in_log(licence, reading.digest):
        # Somebody else has our key.
        log.error("signature_not_in_log", number=licence.number, digest=reading.digest.hex())
        evidence = Evidence(Layer.SIGNATURE, "unlogged", facts)
        return _Found(Verdict.UNKNOWN, evidence), reading.claims
    if reading.state is State.ALTERED:
        return _altered(licence, image, facts), reading.claims
    if licence.file_sha256 == hashlib.sha256(content).hexdigest():
        evidence = Evidence(Layer.SIGNATURE, reading.state.value, facts | {"is_same_file": True})
    return _Found(Verdict.AUTHENTIC, evidence, licence), reading.claims


def _altered(licence: Licence, image: Image.Image, facts: dict[str, Any]) -> _Found:
    """What our signature is worth in a file that was changed since. Anybody can move one into
    another picture, so the pixels have to agree."""
    compared = _compared(image, licence)
    if compared is None:
        return _Found(Verdict.POSSIBLE, Evidence(Layer.SIGNATURE, "altered", facts), licence)
    if not compared:
        facts = {**facts, "number": licence.number}
        return _Found(Verdict.UNKNOWN, Evidence(Layer.SIGNATURE, "other_picture", facts))
    evidence = Evidence(Layer.SIGNATURE, "altered", {**facts, **compared})
    return _Found(Verdict.ALTERED, evidence, licence)


def _compared(image: Image.Image, licence: Licence) -> Mapping[str, Any] | None:
    """By which figures ``image`` shows the picture of ``licence`` or a part of it; {} if it does
    not, None if there is nothing to compare with."""
    from provenance.alignment import Part
    from provenance.bits import SAME_BITS, distance
    from provenance.fingerprints import is_plain, pdq_of_all_turns

    if licence.pdq is not None and not is_plain(image):
        bits = min(distance(bytes(licence.pdq), each) for each in pdq_of_all_turns(image))
        if bits <= SAME_BITS:
            return {"bits": bits}
    preview = _preview_of(licence)
    if preview is None:
        return None
    found = Part(image).within_any_turn(preview)
    return {"likeness": round(found.likeness, 3), "box": found.box} if found.is_part else {}


def _is_in_log(licence: Licence, digest: bytes) -> bool:
    """Whether we gave this signature, and for this picture."""
    given = Signature.objects.filter(generation=licence.generation, digest=digest)
    return given.exists()


# --- The pixels -----------------------------------------------------------------------------------


def _by_pixels(image: Image.Image) -> Iterator[_Found]:
    """What each layer finds, the surest first; the slower ones only if somebody asks on."""
    from provenance.fingerprints import is_plain, pdq_of_all_turns

    yield _by_mark(image)
    if is_plain(image):
        yield _Found(Verdict.UNKNOWN, Evidence(Layer.FINGERPRINT, "plain"))
        return
    yield _by_fingerprint(pdq_of_all_turns(image))
    yield _by_part(image)


def _by_mark(image: Image.Image) -> _Found:
    """A mark proves nothing by itself, since anybody can copy one: the pixels have to agree."""
    from provenance.alignment import NOWHERE, Part
    from provenance.mark import MARKER

    mark = MARKER.detect(image)
    if mark is None:
        return _Found(Verdict.UNKNOWN, Evidence(Layer.MARK, "none"))
    facts: dict[str, Any] = {"false_alarm": mark.false_alarm}
    part, best = Part(image), None
    for licence in finding.by_mark(mark.mark_id):
        preview = _preview_of(licence)
        found = NOWHERE if preview is None else part.within_any_turn(preview)
        if found.is_part:
            facts |= {"likeness": round(found.likeness, 3), "box": found.box}
            return _Found(Verdict.MATCH, Evidence(Layer.MARK, "found", facts), licence)
        if preview is None:
            evidence = Evidence(Layer.MARK, "found", facts)
        else:
            evidence = Evidence(Layer.MARK, "other_picture", facts)
        best = best or _Found(Verdict.POSSIBLE, evidence, licence)
    return best or _Found(Verdict.UNKNOWN, Evidence(Layer.MARK, "unissued", facts))


def _by_fingerprint(turns: list[bytes]) -> _Found:
    found = finding.by_fingerprint(turns)
    if not found:
        return _Found(Verdict.UNKNOWN, Evidence(Layer.FINGERPRINT, "none"))
    # The same picture may have been ordered twice.
    facts = {"bits": found[0].bits, "count": sum(each.bits == found[0].bits for each in found)}
    licence = finding.licences_of(found[:1])[found[0].id]
    return _Found(Verdict.MATCH, Evidence(Layer.FINGERPRINT, "found", facts), licence)


def _by_part(image: Image.Image) -> _Found:
    """Whether the picture is a part of one of the ten that show the most alike."""
    from provenance.alignment import NOWHERE, Part
    from provenance.features import FeaturesUnavailable, features, signs

    try:
        near = finding.by_signs(signs(image))
    except FeaturesUnavailable:
        return _Found(Verdict.UNKNOWN, Evidence(Layer.PART, "unavailable"))
    licences = finding.licences_of(near)
    shown = [(licence, _preview_of(licence)) for licence in (licences[n.id] for n in near)]
    previews = [(licence, preview) for licence, preview in shown if preview is not None]
    if near and not previews:
        return _Found(Verdict.UNKNOWN, Evidence(Layer.PART, "unavailable"))
    part = Part(image)
    fits = [(part.within(preview), licence) for licence, preview in previews]
    place, whole = max(fits, key=lambda each: each[0].likeness, default=(NOWHERE, None))
    if place.is_part:
        facts: dict[str, Any] = {"likeness": round(place.likeness, 3), "box": place.box}
        facts["is_mirrored"] = place.is_mirrored
        return _Found(Verdict.MATCH, Evidence(Layer.PART, "found", facts), whole)
    own = features(image)
    alike = [(float(own @ features(preview)), licence) for licence, preview in previews]
    likeness, other = max(alike, key=lambda each: each[0], default=(0.0, None))
    if likeness >= ALIKE:
        evidence = Evidence(Layer.PART, "alike", {"likeness": round(likeness, 3)})
        return _Found(Verdict.POSSIBLE, evidence, other)
    return _Found(Verdict.UNKNOWN, Evidence(Layer.PART, "none", {"compared": len(previews)}))


def _preview_of(licence: Licence) -> Image.Image | None:
    """None where the file is gone or cannot be read."""
    picture = licence.generation
    try:
        with storage.open_file(picture.preview_path or picture.image_path) as file:
            return open_picture(io.BytesIO(file.read()), BOUNDS).image
    except (ServiceUnavailable, OSError, PictureError):
        return None
