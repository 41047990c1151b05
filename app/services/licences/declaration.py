"""What an artist declares about the works that they upload: its wording, and who accepted it.

Each version is a file in ``texts/declaration`` and a row of ``app_declaration``, which ``migrate``
writes. Neither ever changes.
"""

from __future__ import annotations

import tomllib
from dataclasses import dataclass
from datetime import datetime
from functools import cache
from pathlib import Path

from app.exceptions import DeclarationRequired, InvalidInput
from app.models import DeclarationAcceptance, User

_TEXTS = Path(__file__).parent / "texts" / "declaration"


@dataclass(frozen=True)
class Wording:
    version: int
    en: str
    ko: str

    @property
    def text(self) -> dict[str, str]:
        return {"en": self.en, "ko": self.ko}


@dataclass(frozen=True)
class Declared:
    """The wording of the day, and since when somebody accepts it; None if they do not yet."""

    version: int
    text: dict[str, str]
    accepted_at: datetime | None


@cache
def _all() -> dict[int, Wording]:
    found = (
        Wording(int(path.stem), **tomllib.loads(path.read_text())) for path in _TEXTS.iterdir()
    )
    return {each.version: each for each in found}


def current() -> Wording:
    """The wording of the day."""
    return _all()[max(_all())]


def published_rows() -> list[dict[str, object]]:
    """The rows of ``app_declaration``."""
    return [
        {"version": each.version, "text_en": each.en, "text_ko": each.ko}
        for each in _all().values()
    ]


def accept(user: User, version: int | None = None) -> Declared:
    """Keep that ``user`` accepts the wording of the day. Twice is once: the first time counts.

    ``version`` is the one that they have read. Raises InvalidInput if it is another one.
    """
    wanted = current().version
    if version is not None and version != wanted:
        raise InvalidInput.field("version", f"The current wording is version {wanted}.")
    DeclarationAcceptance.objects.get_or_create(user=user, declaration_id=wanted)
    return declared_by(user)


def declared_by(user: User) -> Declared:
    """What ``user`` is asked to declare, and whether they have."""
    wording = current()
    accepted = DeclarationAcceptance.objects.filter(user=user, declaration_id=wording.version)
    at = accepted.values_list("accepted_at", flat=True).first()
    return Declared(wording.version, wording.text, at)


def require(user: User) -> int:
    """The version that ``user`` has accepted. Raises DeclarationRequired, with the text."""
    declared = declared_by(user)
    if declared.accepted_at is None:
        raise DeclarationRequired(details={"version": declared.version, "text": declared.text})
    return declared.version
