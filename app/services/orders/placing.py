"""Placing an order of several pictures, and canceling what of it is still queued."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from datetime import datetime
from typing import Any

from django.conf import settings
from django.db import transaction

from app.exceptions import InsufficientTokensError, InvalidInput, QuotaExceeded, StyleNotReady
from app.models import (
    Generation,
    GenerationStatus,
    GenerationTag,
    Order,
    Priority,
    Tag,
    User,
)
from app.models.writes import (
    KEEP_OFFERED,
    NEXT_GENERATION_IDS,
    WORK_OF_BUYER,
    limits_of_work,
    write,
)
from app.services import generation_service, pots
from app.services.generation_service import GENERATIONS
from app.services.orders import contents, quotes
from app.services.token_service import TokenService, joined_transaction, lock_buyer, lock_users
from app.services.webhooks import endpoints
from app.utils import clock


def place(
    *,
    user: User,
    items: Sequence[Mapping[str, Any]],
    expected_cost: int | None = None,
    expected_terms: str | None = None,
    quote_id: str | None = None,
    priority: str = Priority.NORMAL,
    deadline: datetime | None = None,
    webhook_url: str | None = None,
) -> Order:
    """Charge the buyer once for all pictures, and make a job of each: all of it or nothing.

    The returned order's ``user`` carries the balance that is left. Raises InvalidInput,
    PriceChanged, TermsChanged, InsufficientTokensError, QuotaExceeded or StyleNotReady.
    """
    wanted = _checked(user, items, priority, quote_id, expected_cost, expected_terms)
    if deadline is not None and deadline <= clock.now():
        raise InvalidInput.field("deadline", "This time is over.")
    with joined_transaction():
        buyer = lock_buyer(user.pk)
        pictures = _drafts(buyer, wanted)
        cost = sum(picture.cost for picture in pictures)
        if cost > buyer.token_balance:
            raise InsufficientTokensError(required=cost, available=buyer.token_balance)
        pots.pay_for(buyer, pictures)
        _hold(buyer, pictures)
        _keep_offered({item.style.pk for item in wanted})
        order = Order.objects.create(
            user=buyer, item_count=len(pictures), cost=cost, deadline=deadline
        )
        for picture in pictures:
            picture.order = order
        Generation.objects.bulk_create(pictures)
        _tag(pictures)
        GENERATIONS.enqueue_all(picture for picture in pictures if not picture.is_held)
        TokenService.consume_tokens(buyer.pk, cost, "order", locked=buyer, order=order)
        if webhook_url is not None:
            endpoints.name_in_orders(buyer, pictures, webhook_url)
    return order


@transaction.atomic
def cancel(*, user: User, order_id: int) -> Order:
    """Cancel what nobody has begun, and refund it. What is being made goes on. Raises NotFound."""
    order = Order.objects.one_of(user, order_id)
    queued = Generation.objects.filter(order=order, status=GenerationStatus.QUEUED)
    ids = queued.lock()
    if not ids:
        return order
    buyer = lock_users(user.pk)[user.pk]
    generation_service.cancel_queued(ids, buyer=buyer)
    return order


def _checked(
    user: User,
    given: Sequence[Mapping[str, Any]],
    priority: str,
    quote_id: str | None,
    expected_cost: int | None,
    expected_terms: str | None,
) -> list[contents.Item]:
    """The items, which cost what the buyer has seen, under the terms that they have seen."""
    quoted = None if quote_id is None else quotes.opened(user, quote_id, given, priority)
    wanted = contents.priced(user, given, priority)
    seen = (
        {} if expected_terms is None else dict.fromkeys(contents.terms_of(wanted), expected_terms)
    )
    if quoted is not None:
        contents.require_cost(wanted, quoted.cost)
        contents.require_terms(wanted, quoted.terms)
    contents.require_cost(wanted, expected_cost)
    contents.require_terms(wanted, seen)
    return wanted


def _drafts(buyer: User, wanted: Sequence[contents.Item]) -> list[Generation]:
    """A picture for each that is wanted, not written yet. Their numbers ascend in this order."""
    count = sum(item.count for item in wanted)
    numbers = sorted(number for (number,) in write(NEXT_GENERATION_IDS, count=count))
    each = iter(numbers)
    return [
        generation_service.draft(
            next(each),
            buyer=buyer,
            style=item.style,
            prompt_tags=item.prompt_tags,
            prompt=item.prompt,
            aspect_ratio=item.aspect_ratio,
            seed=item.seed,
            priority=item.priority,
            settings=item.settings,
        )
        for item in wanted
        for _ in range(item.count)
    ]


def _hold(buyer: User, pictures: Sequence[Generation]) -> None:
    """Hold those that are more than the buyer may have in work. Raises QuotaExceeded."""
    [(in_work, held, may_be)] = write(WORK_OF_BUYER, user_id=buyer.pk, **limits_of_work())
    # Who has some waiting gets in line behind them.
    room = 0 if held else max(0, may_be - in_work)
    waiting = held + len(pictures[room:])
    if waiting > settings.MAX_WAITING:
        more = room + max(0, settings.MAX_WAITING - held)
        raise QuotaExceeded(limit=settings.MAX_WAITING, waiting=held, room=more)
    for picture in pictures[room:]:
        picture.is_held = True


def _keep_offered(style_ids: set[int]) -> None:
    offered = write(KEEP_OFFERED, ids=sorted(style_ids))
    if len(offered) < len(style_ids):
        # One was withdrawn after it was read.
        generation_service.require_not_held(*style_ids)
        raise StyleNotReady


def _tag(pictures: Sequence[Generation]) -> None:
    """Link the words of the prompts that are tags, as single orders do."""
    words = {picture.pk: picture.words for picture in pictures}
    wanted = {word for each in words.values() for word in each}
    tags = dict(Tag.objects.filter(name__in=wanted).values_list("name", "pk"))
    GenerationTag.objects.bulk_create(
        GenerationTag(generation_id=pk, tag_id=tags[word], sequence=sequence)
        for pk, each in words.items()
        for sequence, word in enumerate(each)
        if word in tags
    )
