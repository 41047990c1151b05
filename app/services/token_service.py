"""The one door to balances: lock the row, check, write balance and entry together.

``generation_service`` charges orders through it, pays artists and gives back what a failure cost.
"""

from __future__ import annotations

from collections.abc import Sequence
from contextlib import AbstractContextManager, nullcontext

from django.db import IntegrityError, connection, transaction

from app.exceptions import (
    AccountSuspended,
    InsufficientTokensError,
    InvalidInput,
    NotAllowed,
    NotFound,
    SpendingFrozen,
)
from app.models import (
    Dispute,
    Generation,
    Order,
    Payout,
    Purchase,
    PurchaseRefund,
    Transaction,
    TransactionType,
    User,
)
from app.models.token import REVERSED_MEMO, TAKEN, WELCOME_BONUS_MEMO
from app.models.writes import BOOK_ENTRY, BOOK_REFUNDS, LOCKED_USERS, write
from app.services import pots
from app.services.pots import Pots
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


def lock_open(user_id: int, *, even_suspended: bool = False) -> User:
    """The user, whose account can't be closed until the transaction ends. Raises NotAllowed, and
    AccountSuspended."""
    user = lock_users(user_id)[user_id]
    if user.is_closed:
        raise NotAllowed("This account is closed.")
    if user.is_suspended and not even_suspended:
        raise AccountSuspended(until=user.suspended_until)
    return user


def lock_buyer(user_id: int) -> User:
    """The user, who may spend tokens until the transaction ends. Raises NotAllowed,
    AccountSuspended and SpendingFrozen."""
    user = lock_open(user_id)
    if user.spending_frozen_at is not None:
        raise SpendingFrozen
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
        _book(
            *(user_id, amount, TransactionType.CONSUME, reason),
            locked=locked,
            generation=generation,
            order=order,
        )
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
        """Give tokens: bought ones (for the reason "purchase") or earned ones. Of what a picture
        earns, that may be paid out which was paid with money."""
        is_bought = purchase is not None or reason == "purchase"
        kind = TransactionType.PURCHASE if is_bought else TransactionType.EARN
        payable = pots.payable(generation, user_id, amount) if generation else 0
        _book(
            *(user_id, amount, kind, reason),
            locked=locked,
            moved=pots.given_for(purchase, amount) if is_bought else Pots(earned=payable),
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
        """Give back what was consumed, in the pots that it was taken from."""
        moved = pots.paid_for(generation) if generation else Pots()
        kind = TransactionType.REFUND
        _book(user_id, amount, kind, reason, locked=locked, moved=moved, generation=generation)

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
        if not written or written[0][3] != len(pictures):
            raise IntegrityError("The ledger has one of these refund entries already.")
        locked.token_balance, locked.bought_balance, locked.earned_balance = written[0][:3]

    @staticmethod
    def take_back_tokens(
        user_id: int,
        amount: int,
        reason: str,
        *,
        locked: User | None = None,
        generation: Generation | None = None,
        earned: int = 0,
    ) -> None:
        """Take back what was earned; ``earned`` of it could have been paid out. Raises
        InsufficientTokensError."""
        with joined_transaction():
            artist = locked if locked is not None else lock_users(user_id)[user_id]
            _book(
                *(user_id, amount, TransactionType.REVERSAL, reason),
                locked=artist,
                moved=-pots.taken_back(artist, amount, earned),
                generation=generation,
            )

    @staticmethod
    def give_back(user: User, amount: int, picture: Generation, *, moved: Pots) -> None:
        """Give an artist, who is locked, what the reversal of a sale took and should not have;
        ``moved`` of it can be paid out. The platform bears it: the buyer keeps the refund."""
        _book(
            *(user.pk, amount, TransactionType.REVERSAL_RETURN, REVERSED_MEMO),
            locked=user,
            moved=moved,
            generation=picture,
        )

    @staticmethod
    def move_money(
        kind: TransactionType,
        amount: int,
        *,
        locked: User,
        moved: Pots,
        payout: Payout | None = None,
        purchase_refund: PurchaseRefund | None = None,
        dispute: Dispute | None = None,
        memo: str = "",
    ) -> None:
        """Enter what leaves for money, or comes back from there: payouts, refunds of purchases,
        and what a dispute takes. ``moved`` is the change of the user's pots."""
        _book(
            *(locked.pk, amount, kind, memo),
            locked=locked,
            moved=moved,
            payout=payout,
            purchase_refund=purchase_refund,
            dispute=dispute,
        )

    @staticmethod
    def book_loss(of: Dispute | PurchaseRefund, amount: int, *, comes_back: bool = False) -> None:
        """Enter what a dispute or a refund could not take back: the platform bears it. Or that it
        ``comes_back``."""
        is_refund = isinstance(of, PurchaseRefund)
        Transaction.objects.create(
            type=TransactionType.LOSS_RETURN if comes_back else TransactionType.LOSS,
            amount=amount,
            **{"purchase_refund" if is_refund else "dispute": of},
        )

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
    moved: Pots | None = None,
    generation: Generation | None = None,
    order: Order | None = None,
    purchase: Purchase | None = None,
    payout: Payout | None = None,
    purchase_refund: PurchaseRefund | None = None,
    dispute: Dispute | None = None,
) -> None:
    """Change the balance and enter it in the ledger. ``moved`` is the change of the pots; without
    it, tokens are taken in the order in which they are spent."""
    if not 0 < amount <= MAX_AMOUNT:
        raise InvalidInput.field("amount", f"Must be from 1 to {MAX_AMOUNT}.")
    if len(memo) > MAX_REASON:
        raise InvalidInput.field("reason", f"At most {MAX_REASON} characters.")
    if locked is not None and (locked.pk != user_id or not connection.in_atomic_block):
        raise ValueError("Hand over this user, locked in the transaction that goes on here.")
    is_taken = kind in TAKEN
    with joined_transaction():
        user = locked or lock_users(user_id)[user_id]
        balance = user.token_balance + (-amount if is_taken else amount)
        if balance < 0:
            raise InsufficientTokensError(required=amount, available=user.token_balance)
        change = -pots.spent(user, amount) if moved is None else moved
        has = pots.of(user)
        # What a pot said too much goes with this entry, so that entries and pots stay equal.
        bought = has.bought + change.bought - user.bought_balance
        earned = has.earned + change.earned - user.earned_balance
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
            payout_id=payout and payout.pk,
            purchase_refund_id=purchase_refund and purchase_refund.pk,
            dispute_id=dispute and dispute.pk,
            bought=bought,
            earned=earned,
            created_at=clock.now(),
        )
        if not is_entered:
            raise IntegrityError(f"The ledger has this {kind.value} entry already.")
        user.token_balance = balance
        user.bought_balance += bought
        user.earned_balance += earned


def joined_transaction() -> AbstractContextManager[object]:
    """The caller's transaction, or a new one.

    For steps that raise before they write anything: a caller that catches the error may go on, and
    needs no savepoint for that.
    """
    return nullcontext() if connection.in_atomic_block else transaction.atomic()
