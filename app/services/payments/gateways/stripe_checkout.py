"""Stripe Checkout: buyers pay on a page of Stripe's."""

from __future__ import annotations

import json
from collections.abc import Mapping
from datetime import UTC, datetime, timedelta
from typing import Any

import stripe
from django.conf import settings

from app.services.payments.gateways.outcomes import InvalidSignature, Refused
from app.services.payments.gateways.paying import Checkout, Disputed, Event, Order, Returned
from app.services.payments.gateways.stripe_client import asking, asking_only, dispute_status

# Seconds that a signature may be old. Stripe signs each delivery anew.
TOLERANCE = 300
# Our clock and Stripe's may differ by this much when payments are looked for by their time.
SKEW = timedelta(hours=24)
_KINDS = {
    "checkout.session": "purchase",
    "refund": "refund",
    "dispute": "dispute",
    "account": "account",
    "application": "account",
    "transfer": "transfer",
    "payout": "payout",
}
_EXPANDED = ["payment_intent"]


class StripeCheckout:
    """Idempotency keys are made of our names, so nothing happens twice within a day; after it, all
    is looked for before it is done again."""

    is_test = False

    def __init__(self, client: stripe.StripeClient, name: str = "stripe") -> None:
        self._api = client.v1
        self.name = name

    # --- Payments ---------------------------------------------------------------------------------

    def begin(self, order: Order) -> Checkout:
        tax = settings.STRIPE_AUTOMATIC_TAX
        of_payment: dict[str, Any] = {"metadata": {"purchase": order.reference}}
        if settings.STATEMENT_DESCRIPTOR:
            of_payment["statement_descriptor_suffix"] = settings.STATEMENT_DESCRIPTOR
        if order.email:
            of_payment["receipt_email"] = order.email
        price: dict[str, Any] = {
            "currency": order.currency,
            "unit_amount": order.price,
            "product_data": {"name": f"{order.tokens:,} tokens"},
        }
        if tax:
            # What buyers were shown is what they pay.
            price["tax_behavior"] = "inclusive"
        params: Any = {
            "mode": "payment",
            "client_reference_id": order.reference,
            "line_items": [{"quantity": 1, "price_data": price}],
            "success_url": order.back,
            "cancel_url": order.cancel,
            "payment_intent_data": of_payment,
            "invoice_creation": {"enabled": True},
            "automatic_tax": {"enabled": tax},
        }
        if order.customer_id:
            params["customer"] = order.customer_id
            if tax:
                # The address that they type there is what the tax goes by.
                params["customer_update"] = {"address": "auto"}
        else:
            params["customer_creation"] = "always"
            if order.email:
                params["customer_email"] = order.email
        with asking():
            again = "-again" if order.is_again else ""
            made = self._api.checkout.sessions.create(
                params, {"idempotency_key": f"purchase-{order.reference}{again}"}
            )
        return _checkout_of(made)

    def look_up(self, *, reference: str, session_id: str, since: datetime) -> Checkout | None:
        with asking_only():
            if session_id:
                found = self._api.checkout.sessions.retrieve(session_id, {"expand": _EXPANDED})
                # An event may name any session; only the one that we asked for counts.
                return _checkout_of(found) if found.client_reference_id == reference else None
            listed = self._api.checkout.sessions.list(
                {
                    "limit": 100,
                    "created": {"gte": int((since - SKEW).timestamp())},
                    "expand": ["data.payment_intent"],
                }
            )
            for each in listed.auto_paging_iter():
                if each.client_reference_id == reference:
                    return _checkout_of(each)
        return None

    def expire(self, found: Checkout) -> Checkout:
        try:
            with asking():
                return _checkout_of(self._api.checkout.sessions.expire(found.session_id))
        except Refused:
            # It is paid for in this moment, or by a bank that has not answered: the next look says.
            return found

    # --- The way back -----------------------------------------------------------------------------

    def refund(self, *, reference: str, payment_id: str, price: int) -> Returned:
        with asking():
            made = self._api.refunds.create(
                {
                    "payment_intent": payment_id,
                    "amount": price,
                    "reason": "requested_by_customer",
                    "metadata": {"refund": reference},
                },
                {"idempotency_key": f"refund-{reference}"},
            )
        return _returned_of(made)

    def find_refund(self, *, reference: str, payment_id: str, provider_id: str) -> Returned | None:
        with asking_only():
            if provider_id:
                expanded: stripe.params.RefundRetrieveParams = {"expand": _EXPANDED}
                return _returned_of(self._api.refunds.retrieve(provider_id, expanded))
        made = (each for each in self.refunds_of(payment_id) if each.reference == reference)
        return next(made, None)

    def refunds_of(self, payment_id: str) -> list[Returned]:
        with asking_only():
            listed = self._api.refunds.list({"payment_intent": payment_id, "limit": 100})
            return [_returned_of(each) for each in listed.auto_paging_iter()][::-1]

    def dispute(self, dispute_id: str) -> Disputed:
        with asking_only():
            found = self._api.disputes.retrieve(dispute_id, {"expand": _EXPANDED})
        return Disputed(
            id=found.id,
            purchase=_named(found.payment_intent, "purchase"),
            status=dispute_status(found.status),
            price=found.amount,
            reason=found.reason or "",
        )

    def disputes_since(self, moment: datetime) -> list[str]:
        params: stripe.params.DisputeListParams = {
            "created": {"gte": int(moment.timestamp())},
            "limit": 100,
        }
        with asking_only():
            listed = self._api.disputes.list(params)
            return [each.id for each in listed.auto_paging_iter()][::-1]

    # --- Events -----------------------------------------------------------------------------------

    def read_event(self, body: bytes, signature: str) -> Event:
        self._verify(body, signature)
        try:
            told = json.loads(body)
            thing = told["data"]["object"]
            account = _text(told, "account")
            # An artist who leaves us there: it is their account that is to be looked at.
            is_left = thing.get("object") == "application"
            return Event(
                gateway=self.name,
                id=_text(told, "id"),
                type=_text(told, "type"),
                created_at=datetime.fromtimestamp(told["created"], UTC),
                kind=_KINDS.get(thing.get("object"), ""),
                object_id=account if is_left else _text(thing, "id"),
                reference=_reference_of(thing),
                account=account,
            )
        except (ValueError, LookupError, TypeError, AttributeError, OverflowError) as error:
            # Signed, but nothing that the version of the API sends.
            raise InvalidSignature("This is no event.") from error

    def _verify(self, body: bytes, signature: str) -> None:
        """There may be several secrets: of the platform's own events and of the artists' accounts,
        and a former one while it is changed."""
        problem = "There is no secret for webhooks here."
        for secret in settings.STRIPE_WEBHOOK_SECRETS:
            try:
                stripe.WebhookSignature.verify_header(body, signature, secret, TOLERANCE)
            except (stripe.SignatureVerificationError, ValueError, TypeError):
                problem = "The signature does not fit, or is older than five minutes."
            else:
                return
        raise InvalidSignature(problem)


def _text(thing: Mapping[str, Any], name: str) -> str:
    value = thing.get(name) or ""
    if not isinstance(value, str) or len(value) > 100 or "\x00" in value:
        raise ValueError(name)
    return value


def _reference_of(thing: Mapping[str, Any]) -> str:
    return _text(thing, "client_reference_id")


def _checkout_of(found: stripe.checkout.Session) -> Checkout:
    payment: Any = found.payment_intent
    return Checkout(
        status=_status_of(found, payment),
        reference=found.client_reference_id or "",
        session_id=found.id,
        url=found.url or "",
        expires_at=datetime.fromtimestamp(found.expires_at, UTC),
        payment_id=_id_of(payment),
        customer_id=_id_of(found.customer),
        price=found.amount_total or 0,
        currency=found.currency or "",
    )


def _status_of(found: stripe.checkout.Session, payment: Any) -> str:
    if found.payment_status in ("paid", "no_payment_required"):
        return "paid"
    if found.status == "expired":
        return "expired"
    # A bank that answered no: while it has not, the payment is processing.
    is_refused = getattr(payment, "status", "") in ("requires_payment_method", "canceled")
    return "failed" if found.status == "complete" and is_refused else "pending"


def _returned_of(found: stripe.Refund) -> Returned:
    status = {"succeeded": "paid", "failed": "failed", "canceled": "failed"}
    return Returned(
        id=found.id,
        reference=_named(found, "refund"),
        status=status.get(found.status or "", "sent"),
        price=found.amount,
        failure=(found.failure_reason or "") if "failure_reason" in found else "",
        payment_id=_id_of(found.payment_intent),
        purchase=_named(found.payment_intent, "purchase"),
    )


def _id_of(thing: Any) -> str:
    """Of an object, or of what stands for it where it was not expanded."""
    return thing if isinstance(thing, str) else getattr(thing, "id", "") or ""


def _named(thing: Any, kind: str) -> str:
    """Our name of what an object is for: of one that was expanded, if it belongs to another."""
    metadata = getattr(thing, "metadata", None) or {}
    return str(metadata[kind]) if kind in metadata else ""
