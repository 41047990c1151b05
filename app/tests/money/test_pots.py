"""What of a balance stands for money: in what order it is spent, and where it goes back to."""

from __future__ import annotations

from typing import Any

import pytest
from django.db import transaction

from app.exceptions import SpendingFrozen
from app.models import (
    Generation,
    LedgerLine,
    Licence,
    Payout,
    Transaction,
    TransactionType,
    User,
)
from app.services import audit_service, generation_service, pots, reversal_service
from app.services.orders import placing
from app.services.payment_service import record_purchase, take_payment
from app.services.pots import Pots
from app.services.token_service import TokenService, lock_users
from app.tests.factories import GenerationFactory, StyleFactory, UserFactory
from app.tests.money.breaking_rows import payout as payout_of
from app.utils import clock

pytestmark = pytest.mark.django_db


def buy(user: User, amount: int) -> None:
    payment = take_payment(user=user, amount=amount, payment_method="card")
    record_purchase(user=user, amount=amount, payment_method="card", payment=payment)


def has(user: User) -> tuple[int, int, int]:
    """Balance, bought and earned tokens."""
    user.refresh_from_db()
    return user.token_balance, user.bought_balance, user.earned_balance


@pytest.fixture
def style(settings: Any) -> Any:
    settings.PLATFORM_FEE_PERCENT = 20
    return StyleFactory(price=100)


@pytest.fixture(autouse=True)
def books() -> Any:
    yield
    assert audit_service.audit() == []
    lines = LedgerLine.objects.values_list("entry_id", "account", "amount")
    entries: dict[int, list[int]] = {}
    for entry, _, amount in lines:
        entries.setdefault(entry, []).append(amount)
    # A sale moves our fee on as well.
    assert all(len(each) in (2, 4) and sum(each) == 0 for each in entries.values())
    assert len(entries) == Transaction.objects.count()


def test_bought_tokens_are_spent_first_then_free_then_earned(style: Any) -> None:
    buyer = UserFactory(tokens=50)
    buy(buyer, 100)
    User.objects.filter(pk=buyer.pk).update(earned_balance=0)
    assert has(buyer) == (150, 100, 0)
    picture = GenerationFactory(user=buyer, style=style, status="queued")
    assert has(buyer) == (50, 0, 0)
    assert pots.paid_for(picture) == Pots(100, 0)


@pytest.mark.parametrize(
    ("bought", "free", "earned", "cost", "taken"),
    [
        (100, 50, 30, 100, (100, 0)),
        (100, 50, 30, 140, (100, 0)),
        (100, 50, 30, 160, (100, 10)),
        (0, 50, 30, 50, (0, 0)),
        (0, 0, 30, 30, (0, 30)),
    ],
)
def test_what_is_spent(bought: int, free: int, earned: int, cost: int, taken: Any) -> None:
    user = User(token_balance=bought + free + earned, bought_balance=bought, earned_balance=earned)
    assert pots.spent(user, cost) == Pots(*taken)
    pictures = [Generation(cost=cost // 2), Generation(cost=cost - cost // 2)]
    pots.pay_for(user, pictures)
    assert [sum(each) for each in zip(*map(pots.paid_for, pictures), strict=True)] == list(taken)


def test_a_sale_for_money_is_payable_and_one_for_a_bonus_is_not(style: Any) -> None:
    artist = style.artist.user
    buyer = UserFactory(tokens=150)
    buy(buyer, 100)
    for _ in range(2):
        GenerationFactory(user=buyer, style=style, status="completed")
    assert has(buyer) == (50, 0, 0)
    assert has(artist) == (160, 0, 80)
    # Bought from earned tokens, it is payable too: money stands for them.
    other = StyleFactory(price=100)
    GenerationFactory(user=artist, style=other, status="completed")
    assert has(artist) == (60, 0, 60)
    assert has(other.artist.user) == (80, 0, 80 * 20 // 100)


def test_tokens_of_the_test_gateway_stand_for_no_money_in_production(settings: Any) -> None:
    settings.DEVELOPMENT = False
    buyer = UserFactory()
    buy(buyer, 100)
    assert has(buyer) == (100, 0, 0)


def test_who_buys_from_oneself_earns_nothing_payable(style: Any) -> None:
    artist = style.artist.user
    buy(artist, 100)
    GenerationFactory(user=artist, style=style, status="completed")
    assert has(artist) == (80, 0, 0)


@pytest.mark.parametrize("status", ["failed", "canceled"])
def test_a_refund_puts_back_what_was_paid(style: Any, status: str) -> None:
    buyer = UserFactory(tokens=150)
    buy(buyer, 100)
    GenerationFactory(user=buyer, style=style, status=status)
    assert has(buyer) == (250, 100, 0)


def test_each_picture_of_an_order_knows_its_part(style: Any) -> None:
    buyer = UserFactory(tokens=250)
    buy(buyer, 100)
    item = {"style_id": style.pk, "prompt_tags": ["sea"], "aspect_ratio": "1:1", "count": 3}
    order = placing.place(user=buyer, items=[item])
    assert has(buyer) == (50, 0, 0)
    paid = [pots.paid_for(each) for each in Generation.objects.filter(order=order).order_by("pk")]
    assert paid == [Pots(100, 0), Pots(0, 0), Pots(0, 0)]
    placing.cancel(user=buyer, order_id=order.pk)
    assert has(buyer) == (350, 100, 0)


def test_a_reversed_sale_takes_back_what_was_earned_with_it(style: Any) -> None:
    artist, keeper = style.artist.user, User.objects.create_superuser("keeper")
    buyer = UserFactory()
    buy(buyer, 200)
    first, _ = (GenerationFactory(user=buyer, style=style, status="completed") for _ in range(2))
    assert has(artist) == (160, 0, 160)
    reversal_service.refund(Licence.objects.get(pk=first.pk), staff=keeper, reason="Empty.")
    assert has(artist) == (80, 0, 80)
    assert has(buyer) == (100, 100, 0)


def account(name: str) -> int:
    return sum(LedgerLine.objects.filter(account=name).values_list("amount", flat=True))


def test_our_fee_has_an_account_of_its_own(style: Any) -> None:
    keeper, buyer = User.objects.create_superuser("keeper"), UserFactory()
    buy(buyer, 300)
    first, _ = (GenerationFactory(user=buyer, style=style, status="completed") for _ in range(2))
    GenerationFactory(user=buyer, style=style, status="queued")
    assert (account("platform:fees"), account("platform:sales")) == (40, 100)
    pay_out(style.artist.user, 160)
    # Even if the artist has nothing left: then we bear the share, and the fee goes back.
    reversal_service.refund(Licence.objects.get(pk=first.pk), staff=keeper, reason="Empty.")
    assert (account("platform:fees"), account("platform:sales")) == (20, 100 - 80)


def test_what_was_paid_out_is_borne_by_the_platform(style: Any) -> None:
    artist, keeper = style.artist.user, User.objects.create_superuser("keeper")
    buyer = UserFactory()
    buy(buyer, 100)
    picture = GenerationFactory(user=buyer, style=style, status="completed")
    pay_out(artist, 80)
    assert has(artist) == (0, 0, 0)
    reversal_service.refund(Licence.objects.get(pk=picture.pk), staff=keeper, reason="Empty.")
    assert has(artist) == (0, 0, 0)
    assert has(buyer) == (100, 100, 0)


def test_a_payout_that_failed_comes_back(style: Any) -> None:
    artist = style.artist.user
    buyer = UserFactory()
    buy(buyer, 100)
    GenerationFactory(user=buyer, style=style, status="completed")
    paid = pay_out(artist, 80)
    with transaction.atomic():
        locked = lock_users(artist.pk)[artist.pk]
        TokenService.move_money(
            *(TransactionType.PAYOUT_RETURN, 80),
            locked=locked,
            moved=Pots(earned=80),
            payout=paid,
        )
    Payout.objects.update(status="failed", ended_at=clock.now())
    assert has(artist) == (80, 0, 80)


def pay_out(artist: User, amount: int) -> Payout:
    with transaction.atomic():
        locked = lock_users(artist.pk)[artist.pk]
        paid = payout_of(artist, amount=amount)
        TokenService.move_money(
            *(TransactionType.PAYOUT, amount),
            locked=locked,
            moved=Pots(earned=-amount),
            payout=paid,
        )
    return paid


def test_entries_of_the_version_before_move_no_pot_and_break_none(style: Any) -> None:
    """It takes tokens from the balance alone, while both versions run."""
    buyer = UserFactory()
    buy(buyer, 200)
    order = GenerationFactory(user=buyer, style=style, status="queued")
    generation_service.cancel(user=buyer, generation_id=order.pk)
    assert has(buyer) == (200, 200, 0)
    User.objects.filter(pk=buyer.pk).update(token_balance=100)
    Transaction.objects.create(type="consume", sender=buyer, amount=100)
    assert has(buyer) == (100, 200, 0)
    GenerationFactory(user=buyer, style=style, status="queued")
    assert has(buyer) == (0, 0, 0)


def test_a_disputed_payment_freezes_spending(style: Any) -> None:
    buyer = UserFactory(tokens=500)
    User.objects.filter(pk=buyer.pk).update(spending_frozen_at=clock.now())
    with pytest.raises(SpendingFrozen):
        GenerationFactory(user=buyer, style=style)
    item = {"style_id": style.pk, "prompt_tags": ["sea"], "aspect_ratio": "1:1"}
    with pytest.raises(SpendingFrozen):
        placing.place(user=buyer, items=[item])
    assert has(buyer) == (500, 0, 0)
