"""The one door to balances: lock the row, check, write balance and entry together.

``generation_service`` charges orders through it, pays artists and gives back what a failure cost.
"""

from __future__ import annotations

from collections.abc import Sequence
from contextlib import AbstractContextManager, nullcontext

from django.db import IntegrityError, connection, transaction

from app.exceptions import InsufficientTokensError, InvalidInput, NotAllowed, NotFound
from app.models import Generation, Order, Purchase, Transaction, TransactionType, User
from app.models.token import WELCOME_BONUS_MEMO
from app.models.writes import BOOK_ENTRY, BOOK_REFUNDS, LOCKED_USERS, write
from app.utils import clock

# What the ledger has room for.
MAX_AMOUNT = 2**31 - 1
MAX_REASON = 100


def lock_users(*user_ids: int) -> dict[int, User]:
    """Lock the balances of ``user_ids`` until the transaction ends, always in id order.

    Raises NotFound when one of them does not exist.
    """
    wanted = set(user_ids)
    values = {f"id_{number}": user_id for number, user_id in enumerate(wanted)}
    users = {user.pk: user for user in LOCKED_USERS.instances(len(wanted), values)}
    if len(users) != len(wanted):
        raise NotFound("There is no such user.")
    return users


def lock_open(user_id: int) -> User:
    """The user, whose account can't be closed until the transaction ends. Raises NotAllowed."""
    user = lock_users(user_id)[user_id]
    if user.is_closed:
        raise NotAllowed("This account is closed.")
    return user


class TokenService:
    """Amounts are whole tokens, above 0. Reasons become the memo of the entry.

    Each method is one step: done, or not begun when it raises. It makes a transaction of its own,
    or joins the caller's, which may catch the error and go on. A caller that has locked the user
    in its transaction hands them over as ``locked``; they then carry the new balance.

    All raise NotFound, InvalidInput, and IntegrityError where the ledger has the entry already.
    """

    @staticmethod
    def consume_tokens(
        user_id: int,
        amount: int,
        reason: str,
        *,
        locked: User | None = None,
        generation: Generation | None = None,
        order: Order | None = None,
    ) -> bool:
        """Take ``amount`` from the user, for one picture or for all of an order. Raises
        InsufficientTokensError; else returns True."""
        kind = TransactionType.CONSUME
        _book(user_id, amount, kind, reason, locked=locked, generation=generation, order=order)
        return True

    @staticmethod
    def add_tokens(
        user_id: int,
        amount: int,
        reason: str,
        *,
        locked: User | None = None,
        generation: Generation | None = None,
        purchase: Purchase | None = None,
    ) -> None:
        """Give tokens: bought ones (for the reason "purchase") or earned ones."""
        is_bought = purchase is not None or reason == "purchase"
        kind = TransactionType.PURCHASE if is_bought else TransactionType.EARN
        _book(
            *(user_id, amount, kind, reason),
            locked=locked,
            generation=generation,
            purchase=purchase,
        )

    @staticmethod
    def refund_tokens(
        user_id: int,
        amount: int,
        reason: str,
        *,
        locked: User | None = None,
        generation: Generation | None = None,
    ) -> None:
        """Give back what was consumed."""
        kind = TransactionType.REFUND
        _book(user_id, amount, kind, reason, locked=locked, generation=generation)

    @staticmethod
    def refund_each(pictures: Sequence[Generation], reason: str, *, locked: User) -> None:
        """Give back what each of ``pictures`` cost, each with its own entry, to their buyer."""
        if not connection.in_atomic_block:
            raise ValueError("Hand over the buyer, locked in the transaction that goes on here.")
        written = write(
            BOOK_REFUNDS,
            user_id=locked.pk,
            ids=[picture.pk for picture in pictures],
            memo=reason,
            created_at=clock.now(),
        )
        if not written or written[0][1] != len(pictures):
            raise IntegrityError("The ledger has one of these refund entries already.")
        locked.token_balance = written[0][0]

    @staticmethod
    def take_back_tokens(
        user_id: int,
        amount: int,
        reason: str,
        *,
        locked: User | None = None,
        generation: Generation | None = None,
    ) -> None:
        """Take back what was earned. Raises InsufficientTokensError."""
        kind = TransactionType.REVERSAL
        _book(user_id, amount, kind, reason, locked=locked, generation=generation)

    @staticmethod
    def grant_welcome_bonus(user_id: int, amount: int) -> bool:
        """Give the welcome bonus unless the user ever had it. Returns whether it was given."""
        with joined_transaction():
            user = lock_users(user_id)[user_id]
            had_it = Transaction.objects.filter(
                receiver_id=user_id, type=TransactionType.EARN, memo=WELCOME_BONUS_MEMO
            ).exists()
            if had_it or amount <= 0:
                return False
            TokenService.add_tokens(user_id, amount, WELCOME_BONUS_MEMO, locked=user)
        return True


def _book(
    user_id: int,
    amount: int,
    kind: TransactionType,
    memo: str,
    *,
    locked: User | None,
    generation: Generation | None = None,
    order: Order | None = None,
    purchase: Purchase | None = None,
) -> None:
    """Change the balance and enter it in the ledger."""
    if not 0 < amount <= MAX_AMOUNT:
        raise InvalidInput.field("amount", f"Must be from 1 to {MAX_AMOUNT}.")
    if len(memo) > MAX_REASON:
        raise InvalidInput.field("reason", f"At most {MAX_REASON} characters.")
    if locked is not None and (locked.pk != user_id or not connection.in_atomic_block):
        raise ValueError("Hand over this user, locked in the transaction that goes on here.")
    is_taken = kind in (TransactionType.CONSUME, TransactionType.REVERSAL)
    with joined_transaction():
        user = locked or lock_users(user_id)[user_id]
        balance = user.token_balance + (-amount if is_taken else amount)
        if balance < 0:
            raise InsufficientTokensError(required=amount, available=user.token_balance)
        is_entered = write(
            BOOK_ENTRY,
            user_id=user_id,
            balance=balance,
            sender_id=user_id if is_taken else None,
            receiver_id=None if is_taken else user_id,
            type=kind,
            amount=amount,
            memo=memo,
            generation_id=generation and generation.pk,
            order_id=order and order.pk,
            purchase_id=purchase and purchase.pk,
            created_at=clock.now(),
        )
        if not is_entered:
            raise IntegrityError(f"The ledger has this {kind.value} entry already.")
        user.token_balance = balance


def joined_transaction() -> AbstractContextManager[object]:
    """The caller's transaction, or a new one.

    For steps that raise before they write anything: a caller that catches the error may go on, and
    needs no savepoint for that.
    """
    return nullcontext() if connection.in_atomic_block else transaction.atomic()
