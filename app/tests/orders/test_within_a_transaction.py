"""Orders and cancellations as steps of a larger transaction: a refusal leaves the others whole."""

from __future__ import annotations

from typing import Any

import pytest
from django.db import transaction

from app.exceptions import InsufficientTokensError, InvalidTransition, NotFound, StyleNotReady
from app.models import Generation, OutboxMessage, Style, User
from app.services import generation_service
from app.tests import ledger
from app.tests.factories import GenerationFactory, StyleFactory, UserFactory, give_tokens

pytestmark = pytest.mark.django_db(transaction=True)

ORDER: dict[str, Any] = {"prompt_tags": ["castle"], "aspect_ratio": "1:1"}


def nobodys(style: Style) -> int:
    return 2**40


def not_ready(style: Style) -> int:
    return StyleFactory(artist=style.artist, training_status="training").pk


def too_dear(style: Style) -> int:
    return StyleFactory(price=1000).pk


@pytest.mark.parametrize(
    ("refused", "error"),
    [
        (nobodys, NotFound),
        (not_ready, StyleNotReady),
        (too_dear, InsufficientTokensError),
    ],
)
def test_an_order_that_is_refused_leaves_the_others_whole(
    refused: Any, error: type[Exception]
) -> None:
    style = StyleFactory(price=10)
    # The artist also sees their own styles that are not ready.
    buyer: User = style.artist.user if refused is not_ready else UserFactory()
    give_tokens(buyer, 100)
    style_id = refused(style)
    with transaction.atomic():
        for wanted in (style.pk, style_id, style.pk):
            try:
                generation_service.request_generation(user=buyer, style_id=wanted, **ORDER)
            except error:
                assert wanted == style_id
    assert Generation.objects.filter(user=buyer).count() == OutboxMessage.objects.count() == 2
    assert ledger.balance_of(buyer) == 80
    ledger.assert_right()


def test_a_cancellation_that_is_refused_leaves_the_others_whole() -> None:
    buyer = UserFactory(tokens=100)
    queued, begun = (GenerationFactory(user=buyer, status=s) for s in ("queued", "processing"))
    with transaction.atomic():
        with pytest.raises(InvalidTransition):
            generation_service.cancel(user=buyer, generation_id=begun.pk)
        generation_service.cancel(user=buyer, generation_id=queued.pk)
    queued.refresh_from_db()
    assert queued.status == "canceled"
    assert ledger.balance_of(buyer) == 90
    ledger.assert_right()
