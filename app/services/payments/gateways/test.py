"""The gateway of development and tests: takes no money, and always succeeds."""

from __future__ import annotations

import uuid
from datetime import datetime

from app.services.payments.gateways.outcomes import InvalidSignature
from app.services.payments.gateways.paying import Checkout, Disputed, Event, Order, Returned


class TestGateway:
    """Nothing ever waits here, so that there is nothing to look up."""

    __test__ = False  # not a test class, whatever pytest makes of its name
    name = "test"
    is_test = True

    def begin(self, order: Order) -> Checkout:
        return Checkout("paid", order.reference or uuid.uuid4().hex)

    def read_event(self, body: bytes, signature: str) -> Event:
        raise InvalidSignature("The test gateway sends no events.")

    def look_up(self, *, reference: str, session_id: str, since: datetime) -> Checkout | None:
        return Checkout("paid", reference)

    def expire(self, found: Checkout) -> Checkout:
        return found

    def refund(self, *, reference: str, payment_id: str, price: int) -> Returned:
        return Returned(f"test-{reference}", reference, "paid", price)

    def find_refund(self, *, reference: str, payment_id: str, provider_id: str) -> Returned | None:
        return None

    def refunds_of(self, payment_id: str) -> list[Returned]:
        return []

    def dispute(self, dispute_id: str) -> Disputed:
        return Disputed(dispute_id, "", "", 0)

    def disputes_since(self, moment: datetime) -> list[str]:
        return []
