"""The priority of an order on a style's page: what is shown of its price is what is charged."""

from __future__ import annotations

import re
from decimal import Decimal
from typing import Any

import pytest

from app.models import AspectRatio, Generation, Order, Style, User
from app.services import pricing
from web.tests.test_kept_forms import value_of

pytestmark = pytest.mark.django_db

HIDDEN = ("key", "price", "factor", "terms")


def shown_cost(page: str, priority: str, place: int, count: int) -> int:
    """What the page says where this priority, the format at this place and this number are
    chosen: the style sheet shows one line of all."""
    rest = page
    for name in (f'<div class="rate rate-{priority}', f"sum sum-{place}", f"of of-{count}"):
        rest = rest.partition(f'{name}">')[2]
    found = re.match(r"This costs ([\d,]+) token", rest)
    assert found, rest[:200]
    return int(found[1].replace(",", ""))


def form_on(page: str, **given: object) -> dict[str, Any]:
    return {"words": "castle", **{name: value_of(page, name) for name in HIDDEN}, **given}


@pytest.fixture(autouse=True)
def priced(settings: Any, style: Style) -> None:
    settings.PRIORITY_PRICE_FACTOR = Decimal("1.25")
    # Of which each factor makes a fraction.
    Style.objects.filter(pk=style.pk).update(price=7)


@pytest.mark.parametrize("priority", ["normal", "high"])
@pytest.mark.parametrize("count", [1, 3])
def test_what_is_shown_is_charged(
    priority: str, count: int, buyer: User, style: Style, signed_in: Any
) -> None:
    client = signed_in(buyer)
    path = f"/styles/{style.pk}"
    for place, ratio in enumerate(pricing.formats_of(style.engine), start=1):
        page = client.get(path).content.decode()
        cost = shown_cost(page, priority, place, count)
        buyer.refresh_from_db()
        before = buyer.token_balance
        form = form_on(page, aspect_ratio=ratio.value, count=count, priority=priority)
        answer = client.post(f"{path}/make", form)
        assert answer.status_code == 302, answer.content.decode()
        buyer.refresh_from_db()
        assert before - buyer.token_balance == cost
        made = Generation.objects.order_by("-pk")[:count]
        assert {each.priority for each in made} == {priority}
        assert {each.aspect_ratio for each in made} == {ratio.value}
        assert sum(each.cost for each in made) == cost


def test_each_format_shows_its_price_at_either_priority(
    buyer: User, style: Style, signed_in: Any
) -> None:
    page = signed_in(buyer).get(f"/styles/{style.pk}").content.decode()
    for each in (7, 9, 11, 14):
        assert f">{each} tokens</span>" in page
    assert "High: 1.25 times the price" in page
    assert pricing.cost_of(7, AspectRatio.LARGE, "high") == 14


@pytest.mark.parametrize("count", [1, 2])
def test_another_factor_than_the_one_that_was_seen_is_no_surprise(
    count: int, buyer: User, style: Style, signed_in: Any, settings: Any
) -> None:
    client = signed_in(buyer)
    path = f"/styles/{style.pk}"
    page = client.get(path).content.decode()
    settings.PRIORITY_PRICE_FACTOR = Decimal(3)
    form = form_on(page, aspect_ratio="1:1", count=count, priority="high")
    refused = client.post(f"{path}/make", form)
    assert refused.status_code == 409
    text = refused.content.decode()
    assert f"this costs {21 * count} tokens now, not {9 * count}" in text
    assert not Generation.objects.exists()
    assert not Order.objects.exists()
    # What the page says now can be agreed to; of a usual one nothing has changed.
    again = client.post(
        f"{path}/make", form_on(text, aspect_ratio="1:1", count=count, priority="high")
    )
    assert again.status_code == 302
    usual = client.post(f"{path}/make", form | {"priority": "normal", "key": ""})
    assert usual.status_code == 302
    buyer.refresh_from_db()
    assert buyer.token_balance == 1000 - count * (21 + 7)


@pytest.mark.parametrize("given", [{"priority": "highest"}, {"factor": "x"}, {"factor": "0.5"}])
def test_what_makes_no_sense_is_refused(
    given: dict[str, str], buyer: User, style: Style, signed_in: Any
) -> None:
    form = {"words": "castle", "aspect_ratio": "1:1", "priority": "high", **given}
    assert signed_in(buyer).post(f"/styles/{style.pk}/make", form).status_code == 400
    assert not Generation.objects.exists()
