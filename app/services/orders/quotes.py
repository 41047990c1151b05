"""What an order would cost, and for ten minutes a token that says so.

The id of a quote is signed and holds all of it, so nothing is written.
"""

from __future__ import annotations

import hashlib
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any

import orjson
from django.core import signing

from app.exceptions import InvalidInput
from app.models import Priority, User
from app.models.generation import unknown_words
from app.services.orders import contents, waits
from app.utils import clock

VALID_FOR = timedelta(minutes=10)
SALT = "quote"


@dataclass(frozen=True)
class QuotedItem:
    """What an item would cost with all its pictures, the id of its terms, and the words of its
    prompt that nobody would see."""

    cost: int
    terms_id: str
    unknown_words: tuple[str, ...]


@dataclass(frozen=True)
class Quote:
    """What an order would cost, and the buyer's balance after it; below 0 it can't be paid.

    ``place`` is that of its first picture among all that are queued. ``is_realistic`` says whether
    the whole order is expected before its deadline; None without one.
    """

    id: str
    cost: int
    balance_after: int
    items: tuple[QuotedItem, ...]
    place: int
    expected_seconds: int
    is_realistic: bool | None
    expires_at: datetime
    priority: str


@dataclass(frozen=True)
class Seen:
    """What the buyer was told: the cost, and the terms of each style."""

    cost: int
    terms: dict[str, str]


def quote(
    *,
    user: User,
    items: Sequence[Mapping[str, Any]],
    priority: str = Priority.NORMAL,
    deadline: datetime | None = None,
) -> Quote:
    """Say what ``items`` would cost as one order. Nothing is written. Raises InvalidInput."""
    wanted = contents.priced(user, items, priority)
    quoted = tuple(
        QuotedItem(
            item.cost,
            str(item.style.terms_id),
            unknown_words(item.style.engine, item.prompt_tags),
        )
        for item in wanted
    )
    cost = contents.cost_of(wanted)
    expected = waits.expected(user, wanted)
    now = clock.now()
    expires = now + VALID_FOR
    told = {"user": user.pk, "items": _digest(items), "cost": cost, "until": expires.timestamp()}
    if priority != Priority.NORMAL:
        told["priority"] = priority
    token = signing.dumps(told | {"terms": contents.terms_of(wanted)}, salt=SALT, compress=True)
    return Quote(
        token,
        cost,
        user.token_balance - cost,
        quoted,
        expected.place,
        expected.seconds,
        None if deadline is None else now + timedelta(seconds=expected.seconds) <= deadline,
        expires,
        priority,
    )


def opened(
    user: User, quote_id: str, given: Sequence[Mapping[str, Any]], priority: str = Priority.NORMAL
) -> Seen:
    """What the quote has told of these very items. Raises InvalidInput, for ``quote_id``."""
    try:
        told = signing.loads(quote_id, salt=SALT)
    except signing.BadSignature as error:
        raise InvalidInput.field("quote_id", "There is no such quote.") from error
    if told["user"] != user.pk:
        raise InvalidInput.field("quote_id", "There is no such quote.")
    if told["until"] <= clock.now().timestamp():
        raise InvalidInput.field("quote_id", "This quote has expired. Ask for another one.")
    if told["items"] != _digest(given):
        raise InvalidInput.field("quote_id", "This quote is for other items.")
    # Quotes of the version before say nothing of it.
    if told.get("priority", Priority.NORMAL) != priority:
        raise InvalidInput.field("quote_id", "This quote is for another priority.")
    return Seen(told["cost"], told["terms"])


def _digest(given: Sequence[Mapping[str, Any]]) -> str:
    """Equal for items that mean the same."""
    plain = [{**item, "prompt_tags": list(item.get("prompt_tags", ()))} for item in given]
    return hashlib.sha256(orjson.dumps(plain, option=orjson.OPT_SORT_KEYS)).hexdigest()
