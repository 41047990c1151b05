"""The platform's terms: what an artist lets a buyer do with a picture.

Each published version is a file in ``texts/terms`` and a row of ``app_terms``, to which styles and
orders refer. Neither ever changes: other words are another version. To publish one, add its file;
``migrate`` writes the row. Training on a picture is refused by all of them.
"""

from __future__ import annotations

import hashlib
import tomllib
from dataclasses import dataclass
from functools import cache
from pathlib import Path
from typing import Any

from app.exceptions import InvalidInput
from app.models.terms import DEFAULT_TERMS, TermsKey
from app.utils.links import page_url
from provenance import facts

_TEXTS = Path(__file__).parent / "texts" / "terms"
LANGUAGES = ("en", "ko")
_TDM = "http://www.w3.org/ns/tdmrep#"


@dataclass(frozen=True)
class Words:
    title: str
    summary: str
    text: str


@dataclass(frozen=True)
class PublishedTerms:
    """One version. ``id`` is the key and the version, as in ``commercial/1``."""

    key: str
    version: int
    words: dict[str, Words]
    permissions: tuple[str, ...]
    prohibitions: tuple[str, ...]
    duties: tuple[str, ...]

    @property
    def id(self) -> str:
        return f"{self.key}/{self.version}"

    @property
    def url(self) -> str:
        return page_url("terms", self.id)

    @property
    def document(self) -> str:
        """All the words in both languages, as /terms/….txt serves them."""
        parts = [self.id]
        for words in self.words.values():
            parts += [words.title, words.summary, words.text]
        return "\n\n".join(parts) + "\n"

    @property
    def sha256(self) -> str:
        """That of the document in UTF-8, in hex."""
        return hashlib.sha256(self.document.encode()).hexdigest()

    @property
    def odrl(self) -> dict[str, Any]:
        """The same for machines, as a policy of ODRL 2.2."""
        duties = [{"action": duty} for duty in self.duties]
        return {
            "@context": ["http://www.w3.org/ns/odrl.jsonld", {"tdm": _TDM}],
            "@type": "Set",
            "uid": f"urn:style-license:terms:{self.key}:{self.version}",
            "permission": [
                {"action": action, **({"duty": duties} if duties else {})}
                for action in self.permissions
            ],
            "prohibition": [{"action": action} for action in self.prohibitions],
        }

    @property
    def fact(self) -> facts.Terms:
        return facts.Terms(self.key, self.version, self.url, self.sha256)


def published(terms_id: str) -> PublishedTerms:
    """Raises KeyError if there is no such version."""
    return _all()[terms_id]


def current(key: str) -> PublishedTerms:
    """The newest version. Raises InvalidInput if there are no such terms."""
    versions = [each for each in _all().values() if each.key == key]
    if not versions:
        raise InvalidInput.field("terms", f"Choose one of {', '.join(TermsKey.values)}.")
    return max(versions, key=lambda each: each.version)


def choices() -> list[PublishedTerms]:
    """What an artist may choose from."""
    return [current(key) for key in TermsKey.values]


def of_order(terms_id: str | None) -> PublishedTerms:
    """Those of an order. Pictures that were ordered before there were terms were sold with the
    same rights as the default."""
    return published(terms_id or DEFAULT_TERMS)


@cache
def _all() -> dict[str, PublishedTerms]:
    found = [_read(path) for path in sorted(_TEXTS.glob("*.toml"))]
    return {each.id: each for each in found}


def _read(path: Path) -> PublishedTerms:
    key, _, version = path.stem.rpartition("-")
    content = tomllib.loads(path.read_text())
    words = {
        language: Words(**{name: text.strip() for name, text in content[language].items()})
        for language in LANGUAGES
    }
    rules = {name: tuple(content[name]) for name in ("permissions", "prohibitions", "duties")}
    return PublishedTerms(key=key, version=int(version), words=words, **rules)


def published_rows() -> list[dict[str, Any]]:
    """The rows of ``app_terms``."""
    names = ("id", "key", "version", "document", "odrl", "sha256")
    return [{name: getattr(each, name) for name in names} for each in _all().values()]
