"""The facts of a licence: the one declaration of what is said of it.

The certificate, the API and both layers of metadata in the file say them under these names, so a
test can compare them. Nothing here is private: a prompt that nobody else may see is left out by
whoever makes the facts.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import asdict, dataclass
from typing import Any

SOFTWARE = "Style License"


def credit_of(artist: str) -> str:
    """Who is named beside a picture."""
    return f"{artist} / {SOFTWARE}"


def notice_of(artist: str, number: str | None = None, url: str | None = None) -> str:
    """Whose rights a picture is under. ``url`` is where to read what may be done with it."""
    licence = f", licence {number}" if number else ""
    where = f": {url}" if url else ""
    return f"Style © {artist}. Licensed through {SOFTWARE}{licence}{where}"


@dataclass(frozen=True, slots=True)
class Terms:
    """A version of the terms. ``sha256`` is that of their text (see docs/rights.md)."""

    key: str
    version: int
    url: str
    sha256: str


@dataclass(frozen=True, slots=True)
class Facts:
    """``verify_url`` is the public page of the licence; ``prompt_writer`` is who ordered the
    picture, if they want to be named."""

    number: str
    verify_url: str
    terms: Terms
    artist: str
    style: str
    prompt: str | None = None
    prompt_writer: str | None = None

    def claims(self) -> dict[str, Any]:
        """As JSON says them. What is unknown or private is left out."""
        return {name: value for name, value in asdict(self).items() if value is not None}

    @classmethod
    def of(cls, claims: Mapping[str, Any]) -> Facts:
        """Read what ``claims`` says. Names that are no facts are passed over.

        Raises KeyError or TypeError where a fact is missing.
        """
        known: dict[str, Any] = {
            **{name: claims[name] for name in ("number", "verify_url", "artist", "style")},
            **{name: claims.get(name) for name in ("prompt", "prompt_writer")},
        }
        terms = {name: claims["terms"][name] for name in Terms.__slots__}
        return cls(terms=Terms(**terms), **known)
