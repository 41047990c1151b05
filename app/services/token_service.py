"""The one door to balances: lock the row, check, write balance and entry together."""

from __future__ import annotations

from contextlib import AbstractContextManager, nullcontext
from typing import Any

from django.db import connection, transaction

from app.exceptions import InsufficientTokensError, InvalidInput, NotFound
from app.models import Generation, Purchase, Transaction, TransactionType, User
from app.models.hot_writes import BALANCE, LOCKED_USERS, NEW_TRANSACTION
from app.models.token import WELCOME_BONUS_MEMO
from app.utils import clock
from speed.writes import are_put_off, in_one_statement


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


class TokenService:
    """Amounts are whole tokens, above 0. Reasons become the memo of the entry.

    Each method is one step: done, or not begun when it raises. It makes a transaction of its own,
    or joins the caller's, which may catch the error and go on. A caller that has locked the user
    in its transaction hands them over as ``locked``; they then carry the new balance.
    """

    @staticmethod
    def consume_tokens(
        user_id: int,
        amount: int,
        reason: str,
        *,
        locked: User | None = None,
        generation: Generation | None = None,
    ) -> bool:
        """Take ``amount`` from the user. Raises InsufficientTokensError; else returns True."""
        kind = TransactionType.CONSUME
        _book(user_id, amount, kind, reason, locked=locked, generation=generation)
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
    def grant_welcome_bonus(user_id: int, amount: int) -> bool:
        """Give the welcome bonus unless the user ever had it. Returns whether it was given."""
        with _transaction():
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
    purchase: Purchase | None = None,
) -> None:
    """Change the balance and enter it in the ledger."""
    if amount <= 0:
        raise InvalidInput.field("amount", "Must be above 0.")
    is_taken = kind == TransactionType.CONSUME
    if locked is not None and (locked.pk != user_id or not connection.in_atomic_block):
        raise ValueError("Hand over this user, locked in the transaction that goes on here.")
    # The caller's transaction goes on even when the database refuses the write. Writes that are put
    # off come at the end of the caller's own block.
    needs_savepoint = connection.in_atomic_block and not are_put_off()
    with _transaction():
        user = locked or lock_users(user_id)[user_id]
        balance = user.token_balance + (-amount if is_taken else amount)
        if balance < 0:
            raise InsufficientTokensError(required=amount, available=user.token_balance)
        with transaction.atomic() if needs_savepoint else nullcontext(), in_one_statement():
            BALANCE.run(pk=user_id, token_balance=balance)
            NEW_TRANSACTION.run(
                sender_id=user_id if is_taken else None,
                receiver_id=None if is_taken else user_id,
                type=kind,
                amount=amount,
                memo=memo,
                generation_id=generation and generation.pk,
                purchase_id=purchase and purchase.pk,
                created_at=clock.now(),
            )
        user.token_balance = balance


def _transaction() -> AbstractContextManager[Any]:
    """The caller's, or a new one. What is raised before a write does not spoil the caller's."""
    return nullcontext() if connection.in_atomic_block else transaction.atomic()
