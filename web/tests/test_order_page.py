"""The page of an order whose pictures are not all there: why, and how many."""

from __future__ import annotations

from typing import Any

import pytest

from app.models import Generation, Order, Style, User
from app.services import deletion_service, generation_service
from app.tests.factories import GenerationFactory

pytestmark = pytest.mark.django_db


@pytest.fixture
def order(buyer: User) -> Order:
    return Order.objects.create(user=buyer, item_count=3, cost=30)


def made(order: Order, style: Style, status: str = "completed", reason: str = "") -> int:
    """The id of a picture of the order."""
    picture = GenerationFactory(user=order.user, style=style, status=status)
    ordered = Generation.objects.filter(pk=picture.pk)
    ordered.update(order=order, failure_reason=reason)
    return int(picture.pk)


def test_what_failed_has_its_reasons_beside_it(
    buyer: User, style: Style, order: Order, signed_in: Any
) -> None:
    client, path = signed_in(buyer), f"/orders/{order.pk}"
    made(order, style)
    made(order, style, "failed", generation_service.MISSED)
    page = client.get(path).content.decode()
    assert "1 of 3 is ready." in page
    assert generation_service.MISSED in page
    assert f"{generation_service.MISSED} (" not in page
    made(order, style, "failed", "Out of paint.")
    page = client.get(path).content.decode()
    assert f"{generation_service.MISSED} (1)" in page
    assert '<span lang="en">Out of paint.</span> (1)' in page
    assert "주문의 기한까지" in client.get(path, headers={"Accept-Language": "ko"}).content.decode()


def test_what_was_deleted_is_not_said_to_be_ready(
    buyer: User, style: Style, order: Order, signed_in: Any
) -> None:
    client, path = signed_in(buyer), f"/orders/{order.pk}"
    ids = [made(order, style) for _ in range(3)]
    page = client.get(path).content.decode()
    assert "All pictures are ready." in page
    assert "Deleted</dt>" not in page
    deletion_service.delete_several(user=buyer, generation_ids=ids[:1])
    page = client.get(path).content.decode()
    assert "2 of 3 are ready." in page
    assert "<dt>Deleted</dt><dd>1</dd>" in page
    assert f"{path}/pictures.zip" in page
    deletion_service.delete_several(user=buyer, generation_ids=ids[1:])
    page = client.get(path).content.decode()
    assert "0 of 3 are ready." in page
    assert f"{path}/pictures.zip" not in page
