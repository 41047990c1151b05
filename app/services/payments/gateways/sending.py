"""What pays artists: an account of theirs at the provider, and money that goes there.

Every act takes a name of ours (``reference``), by which it is found again: a lost answer is looked
up, never sent twice. It never stands for another row, as a number may after a backup was restored.
``payouts`` and ``onboarding`` call it, outside of transactions.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Protocol


@dataclass(frozen=True)
class Account:
    """An artist's account at the provider, as it is now. ``note`` says what it lacks."""

    status: str
    note: str = ""


@dataclass(frozen=True)
class Transfer:
    """Money that went from the platform to an artist's account."""

    id: str
    amount: int
    currency: str
    taken_back: int = 0

    @property
    def is_taken_back(self) -> bool:
        return self.taken_back >= self.amount


@dataclass(frozen=True)
class BankPayment:
    """Money that goes from an artist's account to their bank: ``pending``, ``paid`` or
    ``failed``."""

    id: str
    status: str
    failure: str = ""


class PayoutGateway(Protocol):
    """All raise NotYet; what changes something may raise Refused."""

    name: str
    # Whether no money moves at all: then all is done at once.
    is_test: bool

    def open_account(self, *, reference: str, email: str, country: str) -> str:
        """A new account of an artist. Returns its id. Twice is once, for a day."""
        ...

    def link(self, account_id: str, *, back: str, again: str) -> str:
        """Where the artist tells the provider who they are. It works once, for minutes: after
        that the provider sends them to ``again``, and to ``back`` when they are done."""
        ...

    def account(self, account_id: str) -> Account | None:
        """None if the account is there no more."""
        ...

    def transfer(self, *, reference: str, account_id: str, amount: int, currency: str) -> Transfer:
        """Send the money of a payout. Twice is once, for a day."""
        ...

    def find_transfer(self, *, reference: str, transfer_id: str = "") -> Transfer | None:
        """That of a payout, by its own id or by ours, whenever it was sent."""
        ...

    def pay(self, *, reference: str, account_id: str, amount: int, currency: str) -> BankPayment:
        """Send what was transferred on to the artist's bank. Twice is once, for a day. Raises
        Gone."""
        ...

    def find_payment(
        self, *, reference: str, account_id: str, payment_id: str = ""
    ) -> BankPayment | None:
        """That of a payout, by its own id or by ours. Raises Gone."""
        ...

    def payout_of(self, object_id: str, *, account_id: str = "") -> str:
        """Our name of the payout that a transfer belongs to, or, in an account, a payment to its
        bank. "" for what is not ours."""
        ...

    def take_back(self, *, reference: str, transfer_id: str) -> None:
        """Undo a transfer whose money the bank has sent back. Twice is once."""
        ...


class TestPayouts:
    """Moves no money and always succeeds. For development and tests."""

    __test__ = False  # not a test class, whatever pytest makes of its name
    name = "test"
    is_test = True

    def open_account(self, *, reference: str, email: str, country: str) -> str:
        return f"test-{reference}"

    def link(self, account_id: str, *, back: str, again: str) -> str:
        return back

    def account(self, account_id: str) -> Account | None:
        return Account("enabled")

    def transfer(self, *, reference: str, account_id: str, amount: int, currency: str) -> Transfer:
        return Transfer(f"test-{reference}", amount, currency)

    def find_transfer(self, *, reference: str, transfer_id: str = "") -> Transfer | None:
        return None

    def pay(self, *, reference: str, account_id: str, amount: int, currency: str) -> BankPayment:
        return BankPayment(f"test-{reference}", "paid")

    def find_payment(
        self, *, reference: str, account_id: str, payment_id: str = ""
    ) -> BankPayment | None:
        return BankPayment(payment_id, "paid") if payment_id else None

    def payout_of(self, object_id: str, *, account_id: str = "") -> str:
        return ""

    def take_back(self, *, reference: str, transfer_id: str) -> None:
        return None
