"""Stripe's books: charges, refunds, disputes, transfers and payments to banks of a time."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import UTC, datetime
from typing import Any

import stripe

from app.services.payments.gateways.books import Movement
from app.services.payments.gateways.outcomes import Gone
from app.services.payments.gateways.stripe_client import (
    BANKS,
    asking_only,
    dispute_status,
    of_account,
)

_REFUNDS = {"succeeded": "paid", "failed": "failed", "canceled": "failed"}


class StripeBooks:
    def __init__(self, client: stripe.StripeClient) -> None:
        self._api = client.v1

    def movements(self, begin: datetime, end: datetime) -> list[Movement]:
        span = {"gte": int(begin.timestamp()), "lt": int(end.timestamp())}
        params: Any = {"created": span, "limit": 100}
        with asking_only():
            sent = list(self._api.transfers.list(params).auto_paging_iter())
            found = [*self._purchases(params), *self._back(params), *map(_transfer_of, sent)]
        # What a bank gets came to the account with a transfer, a few days before.
        for account in sorted({_id_of(each.destination) for each in sent}):
            found += self._bank_payments(params, account)
        return found

    def _purchases(self, params: Any) -> Iterator[Movement]:
        expanded: Any = {**params, "expand": ["data.balance_transaction"]}
        charges = self._api.charges.list(expanded)
        for each in charges.auto_paging_iter():
            if each.paid:
                entry: Any = each.balance_transaction
                yield Movement(
                    kind="purchase",
                    id=_id_of(each.payment_intent) or each.id,
                    amount=each.amount,
                    currency=each.currency,
                    status="paid",
                    at=_time_of(each),
                    fee=getattr(entry, "fee", 0),
                    reference=_named(each, "purchase"),
                )

    def _back(self, params: Any) -> Iterator[Movement]:
        for refund in self._api.refunds.list(params).auto_paging_iter():
            status = _REFUNDS.get(refund.status or "", "sent")
            yield Movement(
                kind="refund",
                id=refund.id,
                amount=refund.amount,
                currency=refund.currency,
                status=status,
                at=_time_of(refund),
                reference=_named(refund, "refund"),
            )
        for dispute in self._api.disputes.list(params).auto_paging_iter():
            # A mere question moves no money.
            if status := dispute_status(dispute.status):
                yield Movement(
                    kind="dispute",
                    id=dispute.id,
                    amount=dispute.amount,
                    currency=dispute.currency,
                    status=status,
                    at=_time_of(dispute),
                    fee=sum(entry.fee for entry in dispute.balance_transactions),
                )

    def _bank_payments(self, params: Any, account: str) -> list[Movement]:
        try:
            with of_account(), asking_only():
                listed = self._api.payouts.list(params, {"stripe_account": account})
                return [_bank_payment_of(each) for each in listed.auto_paging_iter()]
        except Gone:
            # Nobody can see any more what was done there.
            return []


def _transfer_of(each: stripe.Transfer) -> Movement:
    return Movement(
        kind="transfer",
        id=each.id,
        amount=each.amount,
        currency=each.currency,
        status="reversed" if each.reversed else "sent",
        at=_time_of(each),
        reference=_named(each, "payout"),
    )


def _bank_payment_of(each: stripe.Payout) -> Movement:
    return Movement(
        kind="bank",
        id=each.id,
        amount=each.amount,
        currency=each.currency,
        status=BANKS.get(each.status, "sent"),
        at=_time_of(each),
        reference=_named(each, "payout"),
    )


def _id_of(thing: Any) -> str:
    return thing if isinstance(thing, str) else getattr(thing, "id", "") or ""


def _named(thing: Any, name: str) -> str:
    metadata = thing.metadata
    return str(metadata[name]) if metadata and name in metadata else ""


def _time_of(thing: Any) -> datetime:
    return datetime.fromtimestamp(thing.created, UTC)
