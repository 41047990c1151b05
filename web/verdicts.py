"""What was found out about a picture that somebody asks about, in the visitor's language."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from typing import Any

from django.utils.translation import gettext
from django.utils.translation import gettext_noop as _

from app.models.verdict import Layer, Verdict
from app.services.licences.verification import Verification

# Each layer: what it is called, and what it can tell.
LAYERS: Mapping[Layer, tuple[str, str]] = {
    Layer.SIGNATURE: (
        _("Signature in the file"),
        _("It proves that not a byte was changed. Many sites remove it from the files they show."),
    ),
    Layer.MARK: (
        _("Invisible mark in the pixels"),
        _("It names the licence, and stays in copies, smaller pictures and large parts."),
    ),
    Layer.FINGERPRINT: (
        _("Fingerprint of the picture"),
        _("What the whole picture looks like, compared with all licensed pictures."),
    ),
    Layer.PART: (
        _("Part of a picture"),
        _("Whether it was cut out of a licensed picture."),
    ),
}
# What a layer found: how it is shown, and in words.
FOUND: Mapping[tuple[Layer, str], tuple[str, str]] = {
    (Layer.SIGNATURE, "authentic"): ("yes", _("ours, and nothing was changed")),
    (Layer.SIGNATURE, "altered"): ("perhaps", _("ours, and something was changed")),
    (Layer.SIGNATURE, "foreign"): (
        "perhaps",
        _("somebody else's, so it proves no licence of ours"),
    ),
    (Layer.SIGNATURE, "broken"): ("perhaps", _("not valid, so it proves nothing")),
    (Layer.SIGNATURE, "unissued"): ("perhaps", _("ours, of a picture that was never paid")),
    (Layer.SIGNATURE, "unlogged"): ("perhaps", _("by our key, but not by us")),
    (Layer.SIGNATURE, "other_picture"): (
        "perhaps",
        _("ours, but made for another picture than this one"),
    ),
    (Layer.SIGNATURE, "none"): ("no", _("none")),
    (Layer.MARK, "found"): ("yes", _("found")),
    (Layer.MARK, "other_picture"): ("perhaps", _("that of another picture")),
    (Layer.MARK, "unissued"): ("perhaps", _("of no licence that we know")),
    (Layer.MARK, "none"): ("no", _("none")),
    (Layer.FINGERPRINT, "found"): ("yes", _("found")),
    (Layer.FINGERPRINT, "plain"): ("no", _("too plain to have one")),
    (Layer.FINGERPRINT, "none"): ("no", _("none is near")),
    (Layer.PART, "found"): ("yes", _("found")),
    (Layer.PART, "alike"): ("perhaps", _("one that looks alike")),
    (Layer.PART, "none"): ("no", _("none")),
    (Layer.PART, "unavailable"): ("skipped", _("cannot be looked for right now")),
}
SURE = frozenset({Verdict.AUTHENTIC, Verdict.ALTERED, Verdict.MATCH})
# What a box leaves out of the licensed picture before it counts as a part, of its area.
_WHOLE = 0.9


@dataclass(frozen=True)
class Step:
    """A layer, and what it found: ``kind`` is yes, perhaps, no or skipped."""

    title: str
    about: str
    kind: str = ""
    says: str = ""


def steps(found: Verification | None = None) -> list[Step]:
    """All that is looked at, in its order; once something was looked at, with what it found."""
    return [
        Step(gettext(title), gettext(about), *(_said(found, layer) if found else ()))
        for layer, (title, about) in LAYERS.items()
    ]


def _said(found: Verification, layer: Layer) -> tuple[str, str]:
    evidence = next((each for each in found.evidence if each.layer is layer), None)
    if evidence is None:
        is_sure = found.verdict in SURE
        return "skipped", gettext("not needed") if is_sure else gettext("too plain to compare")
    kind, says = FOUND.get((layer, evidence.says), ("no", evidence.says))
    return kind, ", ".join([gettext(says), *_figures(evidence.facts)])


def _figures(facts: Mapping[str, Any]) -> Iterator[str]:
    """How sure it is."""
    if "bits" in facts:
        yield gettext("%(bits)s of 256 bits differ") % {"bits": facts["bits"]}
    if "likeness" in facts:
        yield gettext("%(percent)s %% alike") % {"percent": round(100 * facts["likeness"])}
    if facts.get("is_mirrored"):
        yield gettext("mirrored")


def box_of(found: Verification) -> dict[str, float] | None:
    """Which part of the licensed picture it is, in percent of its sides; None for all of it."""
    for evidence in found.evidence:
        if box := evidence.facts.get("box"):
            left, top, right, bottom = box
            width, height = right - left, bottom - top
            if width * height < _WHOLE:
                sides = {"x": left, "y": top, "width": width, "height": height}
                return {name: round(100 * side, 1) for name, side in sides.items()}
    return None
