"""Rows of purchases, refunds, disputes and payouts that the database refuses."""

from __future__ import annotations

from collections.abc import Callable
from datetime import timedelta
from typing import Any

from app.models import (
    Dispute,
    FeeChange,
    MoveStatus,
    PaymentEvent,
    PaymentProfile,
    Payout,
    Purchase,
    PurchaseRefund,
    Transaction,
    User,
)
from app.utils import clock


def purchase(user: User, **changes: Any) -> Purchase:
    given = {"user": user, "amount": 100, "payment_method": "card", "gateway": "stripe"}
    reference = str(Purchase.objects.count())
    return Purchase.objects.create(**{**given, "gateway_reference": reference, **changes})


def refund(of: Purchase, **changes: Any) -> PurchaseRefund:
    given = {"amount": 100, "price": 100}
    return PurchaseRefund.objects.create(purchase=of, **{**given, **changes})


def dispute(of: Purchase, **changes: Any) -> Dispute:
    given = {"amount": 100, "price": 100, "provider_id": "dp"}
    return Dispute.objects.create(purchase=of, **{**given, **changes})


def payout(artist: User, **changes: Any) -> Payout:
    given = {"amount": 100, "price": 100, "currency": "eur", "gateway": "test"}
    return Payout.objects.create(artist=artist, until=clock.now(), **{**given, **changes})


def event(**changes: Any) -> PaymentEvent:
    given = {"gateway": "test", "event_id": "e", "type": "t", "created_at": clock.now()}
    return PaymentEvent.objects.create(**{**given, **changes})


def profile(user: User, **changes: Any) -> PaymentProfile:
    return PaymentProfile.objects.create(user=user, gateway="test", **changes)


def fee(percent: int, *, days: int = 0) -> FeeChange:
    effective_at = clock.now() + timedelta(days=days)
    return FeeChange.objects.create(percent=percent, effective_at=effective_at)


def book(kind: str, **columns: Any) -> None:
    Transaction.objects.create(type=kind, amount=1, **columns)


def _twice(make: Callable[[], object]) -> None:
    make()
    make()


def _paid_out_twice(user: User) -> None:
    paid = payout(user)
    _twice(lambda: book("payout", sender=user, payout=paid))


def _refunded_twice(user: User) -> None:
    refunded = refund(purchase(user))
    _twice(lambda: book("refund_out", sender=user, purchase_refund=refunded))


def _lost_twice(user: User) -> None:
    refunded = refund(purchase(user))
    _twice(lambda: book("loss_ret", purchase_refund=refunded))


def _disputed_twice(user: User) -> None:
    disputed = dispute(purchase(user))
    _twice(lambda: book("loss", dispute=disputed))


# Each takes the buyer. The first two names have other rows elsewhere.
PARTIES: tuple[Callable[[User], object], ...] = (
    lambda user: book("payout", receiver=user, payout=payout(user)),
    lambda user: book("payout_ret", sender=user, payout=payout(user)),
    lambda user: book("loss", sender=user, dispute=dispute(purchase(user))),
    lambda user: book("loss_ret", receiver=user, purchase_refund=refund(purchase(user))),
)
BREAKS: dict[str, tuple[Callable[[User], object], ...]] = {
    "purchase_refunded_in_range": (lambda user: purchase(user, refunded_amount=101),),
    "purchase_session_unique": (lambda user: _twice(lambda: purchase(user, session_id="cs")),),
    "purchase_payment_unique": (lambda user: _twice(lambda: purchase(user, payment_id="pi")),),
    "purchase_refund_positive": (lambda user: refund(purchase(user), amount=0, price=0),),
    "purchase_refund_provider_unique": (
        lambda user: _twice(
            lambda: refund(purchase(user), provider_id="re", status=MoveStatus.PAID)
        ),
    ),
    "purchase_refund_reference_unique": (
        lambda user: _twice(lambda: refund(purchase(user), reference="same")),
    ),
    "purchase_refund_one_under_way": (lambda user: _refund_of_one_twice(user),),
    "dispute_taken_in_range": (lambda user: dispute(purchase(user), taken=101),),
    "payment_event_unique": (lambda user: _twice(event),),
    "payment_profile_once": (lambda user: _twice(lambda: profile(user)),),
    "payment_profile_account_unique": (lambda user: _of_two(user, account_id="acct"),),
    "payment_profile_reference_unique": (lambda user: _of_two(user, reference="same"),),
    "payout_positive": (
        lambda user: payout(user, amount=0),
        lambda user: payout(user, price=0),
    ),
    "payout_one_under_way": (lambda user: _twice(lambda: payout(user)),),
    "payout_reference_unique": (
        lambda user: _twice(lambda: payout(user, reference="same", status=MoveStatus.PAID)),
    ),
    "payout_transfer_unique": (
        lambda user: _twice(lambda: payout(user, transfer_id="tr", status=MoveStatus.PAID)),
    ),
    "fee_change_is_percent": (lambda user: fee(101),),
    "transaction_money_fits_type": (
        lambda user: book("payout", sender=user),
        lambda user: book("refund_out", sender=user),
        lambda user: book("loss"),
        lambda user: book("loss_ret", payout=payout(user)),
        lambda user: book("earn", receiver=user, payout=payout(user)),
        lambda user: book("chargeback", sender=user, payout=payout(user)),
    ),
    "transaction_payout_once": (_paid_out_twice,),
    "transaction_purchase_refund_once": (_refunded_twice, _lost_twice),
    "transaction_dispute_part_once": (_disputed_twice,),
}


def _refund_of_one_twice(user: User) -> None:
    bought = purchase(user)
    _twice(lambda: refund(bought))


def _of_two(user: User, **same: Any) -> None:
    other = User.objects.exclude(pk=user.pk)[0]
    for each in (user, other):
        profile(each, **same)
