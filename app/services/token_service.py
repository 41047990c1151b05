"""The one door to balances: lock the row, check, write balance and entry together."""

from __future__ import annotations

from typing import Any

from django.db import transaction

from app.exceptions import InsufficientTokensError, InvalidInput, NotFound
from app.models import Generation, Purchase, Transaction, TransactionType, User
from app.models.compiled_writes import in_one_statement
from app.models.hot_writes import BALANCE, LOCKED_USERS, NEW_TRANSACTION
from app.models.token import WELCOME_BONUS_MEMO
from app.utils import clock


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
    """Amounts are whole tokens, above 0. Reasons become the memo of the entry."""

    @staticmethod
    @transaction.atomic(savepoint=False)
    def consume_tokens(
        user_id: int, amount: int, reason: str, *, generation: Generation | None = None
    ) -> bool:
        """Take ``amount`` from the user. Raises InsufficientTokensError; else returns True."""
        _require_positive(amount)
        user = lock_users(user_id)[user_id]
        TokenService.charge(user, amount, reason, generation=generation)
        return True

    @staticmethod
    @transaction.atomic(savepoint=False)
    def add_tokens(
        user_id: int,
        amount: int,
        reason: str,
        *,
        generation: Generation | None = None,
        purchase: Purchase | None = None,
    ) -> None:
        """Give tokens: bought ones (for the reason "purchase") or earned ones."""
        kind = (
            TransactionType.PURCHASE
            if purchase is not None or reason == "purchase"
            else TransactionType.EARN
        )
        TokenService._give(user_id, amount, kind, reason, generation=generation, purchase=purchase)

    @staticmethod
    @transaction.atomic(savepoint=False)
    def refund_tokens(
        user_id: int, amount: int, reason: str, *, generation: Generation | None = None
    ) -> None:
        """Give back what was consumed."""
        TokenService._give(user_id, amount, TransactionType.REFUND, reason, generation=generation)

    @staticmethod
    @transaction.atomic(savepoint=False)
    def grant_welcome_bonus(user_id: int, amount: int) -> bool:
        """Give the welcome bonus unless the user ever had it. Returns whether it was given."""
        lock_users(user_id)
        had_it = Transaction.objects.filter(
            receiver_id=user_id, type=TransactionType.EARN, memo=WELCOME_BONUS_MEMO
        ).exists()
        if had_it or amount <= 0:
            return False
        TokenService.add_tokens(user_id, amount, WELCOME_BONUS_MEMO)
        return True

    @staticmethod
    def charge(
        locked_user: User, amount: int, reason: str, *, generation: Generation | None = None
    ) -> None:
        """Take ``amount`` from a user whose balance the caller has locked in this transaction."""
        TokenService.require_balance(locked_user, amount)
        _write_entry(locked_user, -amount, TransactionType.CONSUME, reason, generation=generation)

    @staticmethod
    def pay(
        locked_user: User, amount: int, reason: str, *, generation: Generation | None = None
    ) -> None:
        """Give earned tokens to a user whose balance the caller has locked in this transaction."""
        _require_positive(amount)
        _write_entry(locked_user, amount, TransactionType.EARN, reason, generation=generation)

    @staticmethod
    def require_balance(user: User, amount: int) -> None:
        """Raise InsufficientTokensError when ``user`` cannot pay ``amount``."""
        if user.token_balance < amount:
            raise InsufficientTokensError(required=amount, available=user.token_balance)

    @staticmethod
    def _give(user_id: int, amount: int, kind: str, reason: str, **links: Any) -> None:
        _require_positive(amount)
        _write_entry(lock_users(user_id)[user_id], amount, kind, reason, **links)


def _write_entry(
    locked_user: User,
    change: int,
    kind: str,
    memo: str,
    *,
    generation: Generation | None = None,
    purchase: Purchase | None = None,
) -> None:
    locked_user.token_balance += change
    with in_one_statement():
        BALANCE.save(locked_user)
        NEW_TRANSACTION.run(
            sender_id=locked_user.pk if change < 0 else None,
            receiver_id=locked_user.pk if change > 0 else None,
            type=kind,
            amount=abs(change),
            memo=memo,
            generation_id=generation and generation.pk,
            purchase_id=purchase and purchase.pk,
            created_at=clock.now(),
        )


def _require_positive(amount: int) -> None:
    if amount <= 0:
        raise InvalidInput.field("amount", "Must be above 0.")
