"""What the site says, as immutable values. Fields that a later version adds are in ``raw``."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any, Self

ENDED = frozenset({"completed", "failed", "canceled"})
# Of one item of an order; more pictures of the same words are further items.
MAX_COUNT = 8
# Of an order.
MAX_PICTURES = 500
MAX_SEED = 2**32 - 1


@dataclass(frozen=True)
class Item:
    """Some pictures of the same words.

    ``style`` is an id or a name; ``words`` a list, or a text with commas. Some styles take a
    ``prompt`` instead, sentences of up to 300 characters. With a ``seed`` it is one picture: the
    same seed gives the same picture.
    """

    style: int | str
    words: str | Iterable[str] = ""
    count: int = 1
    aspect_ratio: str = "1:1"
    seed: int | None = None
    prompt: str = ""


def artist_of(said: Mapping[str, Any]) -> str:
    """The name of the artist of a style or picture."""
    artist = said["artist"]
    return artist.get("artist_name") or artist.get("username") or ""


@dataclass(frozen=True)
class Style:
    """A style on offer. ``price`` is that of a 1:1 picture, in tokens."""

    id: int
    name: str
    price: int
    artist: str
    raw: Mapping[str, Any] = field(repr=False)

    @classmethod
    def of(cls, said: Mapping[str, Any]) -> Self:
        return cls(said["id"], said["name"], said["price"], artist_of(said), said)


@dataclass(frozen=True)
class QuotedItem:
    """``unknown_words`` will not show in the picture: the engine does not know them."""

    cost: int
    terms_id: str
    unknown_words: tuple[str, ...]


@dataclass(frozen=True)
class Quote:
    """What an order would cost in tokens, and when it would be made. Nothing is charged for it."""

    id: str
    cost: int
    balance_after: int
    items: tuple[QuotedItem, ...]
    expected_seconds: int
    expires_at: datetime
    raw: Mapping[str, Any] = field(repr=False)

    @classmethod
    def of(cls, said: Mapping[str, Any]) -> Self:
        items = tuple(
            QuotedItem(each["cost"], each["terms_id"], tuple(each["unknown_words"]))
            for each in said["items"]
        )
        return cls(
            said["id"],
            said["cost"],
            said["balance_after"],
            items,
            said["expected_seconds"],
            datetime.fromisoformat(said["expires_at"]),
            said,
        )

    @property
    def unknown_words(self) -> list[str]:
        """Those of all items, each once."""
        return list(dict.fromkeys(word for item in self.items for word in item.unknown_words))


@dataclass(frozen=True)
class Picture:
    """One picture. ``licence`` is a number such as SL-7Q2M-0XKD-4T9S once it is
    completed. ``image_url`` works for an hour."""

    id: int
    status: str
    style: str
    artist: str
    words: tuple[str, ...]
    seed: int
    cost: int | None
    licence: str | None
    failure_reason: str | None
    image_url: str
    raw: Mapping[str, Any] = field(repr=False)

    @classmethod
    def of(cls, said: Mapping[str, Any]) -> Self:
        licence = said["licence"]
        return cls(
            said["id"],
            said["status"],
            said["style"]["name"],
            artist_of(said),
            tuple(said["prompt_tags"]),
            said["seed"],
            said["cost"],
            licence["number"] if licence else None,
            said["failure_reason"],
            said["image_url"],
            said,
        )


@dataclass(frozen=True)
class Collection:
    """A folder of one's own pictures. Nobody else sees it."""

    id: int
    name: str
    picture_count: int
    url: str
    raw: Mapping[str, Any] = field(repr=False)

    @classmethod
    def of(cls, said: Mapping[str, Any]) -> Self:
        return cls(said["id"], said["name"], said["picture_count"], said["url"], said)


@dataclass(frozen=True)
class OrderState:
    """How far an order is. ``counts`` says how many pictures are in which state."""

    id: int
    cost: int
    refunded: int
    item_count: int
    counts: Mapping[str, int]
    raw: Mapping[str, Any] = field(repr=False)

    @classmethod
    def of(cls, said: Mapping[str, Any]) -> Self:
        return cls(
            said["id"], said["cost"], said["refunded"], said["item_count"], said["counts"], said
        )

    @property
    def is_ended(self) -> bool:
        return self.ended == self.item_count

    @property
    def ended(self) -> int:
        """How many pictures are completed, failed or canceled."""
        return sum(number for state, number in self.counts.items() if state in ENDED)

    @property
    def completed(self) -> int:
        return self.counts.get("completed", 0)


@dataclass(frozen=True)
class Wallet:
    """Tokens. ``earned`` is that of artists, else None."""

    balance: int
    earned: int | None


@dataclass(frozen=True)
class Licence:
    """A licence as everybody may see it. ``certificate`` proves it, also off-line."""

    number: str
    state: str
    artist: str
    style: str
    url: str
    certificate: str | None
    raw: Mapping[str, Any] = field(repr=False)

    @classmethod
    def of(cls, said: Mapping[str, Any]) -> Self:
        return cls(
            said["number"],
            said["state"],
            said["artist"],
            said["style"],
            said["url"],
            said.get("certificate"),
            said,
        )


@dataclass(frozen=True)
class Verdict:
    """Whether the site knows a picture: authentic, altered, match, possible or unknown. Unknown
    never means that a picture is not licensed."""

    verdict: str
    licence: Licence | None
    raw: Mapping[str, Any] = field(repr=False)

    @classmethod
    def of(cls, said: Mapping[str, Any]) -> Self:
        licence = said["licence"]
        return cls(said["verdict"], Licence.of(licence) if licence else None, said)
