"""What takes money from buyers: three acts, and the way back.

``begin`` asks for a payment, ``read_event`` takes in what the provider tells of it, ``look_up``
asks what has become of it. Events only say that it is time to look up: what they hold is not
believed. Every act takes a name of ours (``reference``), by which it is found again when its answer
was lost. It never stands for another row, as a number may after a backup was restored.
"""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime
from typing import Protocol


@dataclass(frozen=True)
class Order:
    """What a buyer is asked to pay. ``price`` is in the currency's smallest unit."""

    reference: str
    tokens: int
    price: int
    currency: str
    email: str
    customer_id: str
    # Where the provider sends the buyer afterwards, and who gives up.
    back: str
    cancel: str
    # Another payment than the one that was refused under this reference.
    is_again: bool = False


@dataclass(frozen=True)
class Checkout:
    """A payment as the provider has it now: ``pending``, ``paid``, ``expired`` or ``failed``."""

    status: str
    reference: str
    session_id: str = ""
    url: str = ""
    expires_at: datetime | None = None
    payment_id: str = ""
    customer_id: str = ""
    price: int = 0
    currency: str = ""


@dataclass(frozen=True)
class Returned:
    """A refund as the provider has it now: ``sent``, ``paid`` or ``failed``. ``reference`` is our
    name of it; "" if it is none of ours. ``purchase`` is our name of the purchase."""

    id: str
    reference: str
    status: str
    price: int
    failure: str = ""
    payment_id: str = ""
    purchase: str = ""


@dataclass(frozen=True)
class Disputed:
    """A dispute as the provider has it now: ``open``, ``won``, ``lost``, or ``""`` for a mere
    question, which moves no money. ``purchase`` is our name of the purchase."""

    id: str
    purchase: str
    status: str
    price: int
    reason: str = ""


@dataclass(frozen=True)
class Event:
    """What the provider tells: that something happened to ``object_id``, which is a ``kind``.

    ``kind`` is purchase, refund, dispute, account, transfer or payout, and "" for what does not
    matter here. ``account`` is the artist's, for events of theirs.
    """

    gateway: str
    id: str
    type: str
    created_at: datetime
    kind: str = ""
    object_id: str = ""
    # Our own name of it, where the provider keeps one.
    reference: str = ""
    account: str = ""


class PaymentGateway(Protocol):
    """All but ``read_event`` raise NotYet; what changes something may raise Refused."""

    name: str
    # Whether no money moves at all: then ``begin`` is paid at once.
    is_test: bool

    def begin(self, order: Order) -> Checkout:
        """Ask for a payment. Twice is once, for a day."""
        ...

    def read_event(self, body: bytes, signature: str) -> Event:
        """What was sent to us. Raises InvalidSignature."""
        ...

    def look_up(self, *, reference: str, session_id: str, since: datetime) -> Checkout | None:
        """The payment, by its own id, or by our reference among those since then."""
        ...

    def expire(self, found: Checkout) -> Checkout:
        """End a payment that waits, so that nobody pays any more: what has become of it. One that
        a bank is busy with goes on."""
        ...

    def refund(self, *, reference: str, payment_id: str, price: int) -> Returned:
        """Give money back. Twice is once, for a day."""
        ...

    def find_refund(self, *, reference: str, payment_id: str, provider_id: str) -> Returned | None:
        """A refund, by its own id or by our name of it, whenever it was made."""
        ...

    def refunds_of(self, payment_id: str) -> list[Returned]:
        """All of a payment, in the order in which they were made."""
        ...

    def dispute(self, dispute_id: str) -> Disputed:
        """A dispute by its id."""
        ...

    def disputes_since(self, moment: datetime) -> list[str]:
        """The ids of those that were opened since then."""
        ...
