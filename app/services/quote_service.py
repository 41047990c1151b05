"""What orders would cost, and which of their words nobody would see."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from app.exceptions import NotFound, StyleNotReady
from app.models import Style, User
from app.models.generation import unknown_words
from app.services import pricing


@dataclass(frozen=True)
class QuotedItem:
    """What one picture would cost, the id of its terms, and the words of its prompt that nobody
    would see."""

    cost: int
    terms_id: str
    unknown_words: tuple[str, ...]


@dataclass(frozen=True)
class Quote:
    """What an order would cost, and the buyer's balance after it; below 0 it can't be paid."""

    cost: int
    balance_after: int
    items: tuple[QuotedItem, ...]


def quote(*, user: User, items: Sequence[Mapping[str, Any]]) -> Quote:
    """Say what ``items``, each the arguments of an order, would cost. Nothing is written.

    Raises NotFound, StyleNotReady, or InvalidInput for a format that a style does not have.
    """
    wanted = {item["style_id"] for item in items}
    styles = Style.objects.visible_to(user).in_bulk(wanted)
    quoted = []
    for item in items:
        style = styles.get(item["style_id"])
        if style is None:
            raise NotFound("There is no such style.")
        if not style.is_ready:
            raise StyleNotReady
        pricing.format_of(style.engine, item["aspect_ratio"])
        quoted.append(
            QuotedItem(
                cost=pricing.cost_of(style.price, item["aspect_ratio"]),
                terms_id=str(style.terms_id),
                unknown_words=unknown_words(style.engine, item["prompt_tags"]),
            )
        )
    cost = sum(item.cost for item in quoted)
    return Quote(cost, user.token_balance - cost, tuple(quoted))
