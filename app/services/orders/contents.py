"""The pictures of an order or a quote: each with its style, its format's price and its words."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from app.exceptions import InvalidInput, PriceChanged, TermsChanged
from app.models import Priority, Style, User
from app.models.generation import prompt_shown
from app.services import engines, generation_service, pricing
from app.services.checks import prompts


@dataclass(frozen=True)
class Item:
    """``count`` pictures of the same words. With a ``seed`` it is one. ``settings`` are those of a
    picture that is drawn again."""

    style: Style
    prompt_tags: Sequence[str]
    prompt: str
    aspect_ratio: str
    seed: int | None
    count: int
    unit_cost: int
    priority: str = Priority.NORMAL
    settings: dict[str, object] | None = None

    @property
    def cost(self) -> int:
        return self.count * self.unit_cost


def priced(
    user: User, items: Sequence[Mapping[str, Any]], priority: str = Priority.NORMAL
) -> list[Item]:
    """``items`` with what they cost now, at this ``priority``.

    Raises InvalidInput, whose details name every item that cannot be ordered, by its index from 0,
    StyleOnHold, or WordsRefused.
    """
    wanted = {item["style_id"] for item in items}
    styles = Style.objects.visible_to(user).select_related("artist").in_bulk(wanted)
    wanted_again = {item["again"] for item in items if item.get("again")}
    drawn_before = engines.drawn_before(user, wanted_again)
    found, wrong = [], {}
    for index, item in enumerate(items):
        style = styles.get(item["style_id"])
        if style is None or not style.is_ready:
            generation_service.require_not_held(item["style_id"])
            missing = "There is no such style." if style is None else "This style is not ready."
            wrong[f"items.{index}.style_id"] = [missing]
            continue
        try:
            pricing.format_of(style.engine, item["aspect_ratio"])
            if item.get("prompt"):
                engines.require_text(style.engine)
            told = None
            if item.get("again"):
                told = engines.settings_like(drawn_before.get(item["again"]), style)
        except InvalidInput as error:
            wrong |= {f"items.{index}.{name}": why for name, why in (error.details or {}).items()}
            continue
        found.append(
            Item(
                style,
                item.get("prompt_tags", ()),
                item.get("prompt", ""),
                item["aspect_ratio"],
                item.get("seed"),
                item.get("count", 1),
                pricing.cost_of(style.price, item["aspect_ratio"], priority),
                priority,
                told,
            )
        )
    if wrong:
        raise InvalidInput("Some of the items cannot be ordered.", details=wrong)
    prompts.require_allowed(
        (prompt_shown(item.prompt, item.prompt_tags), item.style) for item in found
    )
    return found


def cost_of(items: Sequence[Item]) -> int:
    return sum(item.cost for item in items)


def terms_of(items: Sequence[Item]) -> dict[str, str]:
    """The ids of the terms that apply, by the style's id."""
    return {str(item.style.pk): str(item.style.terms_id) for item in items}


def require_cost(items: Sequence[Item], expected: int | None) -> None:
    """Raises PriceChanged unless they cost what the buyer has seen."""
    cost = cost_of(items)
    if expected is not None and expected != cost:
        raise PriceChanged(expected=expected, cost=cost)


def require_terms(items: Sequence[Item], expected: Mapping[str, str]) -> None:
    """Raises TermsChanged unless each style has the terms that the buyer has seen of it."""
    for style_id, terms in terms_of(items).items():
        if expected.get(style_id, terms) != terms:
            raise TermsChanged(expected=expected[style_id], terms=terms)
