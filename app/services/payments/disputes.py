"""A buyer's bank takes a payment back. What is left of the tokens goes with it, and nothing is
spent until it is decided. What is not left, the platform bears if it loses."""

from __future__ import annotations

import time
from datetime import timedelta
from functools import partial

import structlog
from django.conf import settings
from django.db import transaction
from django.db.models import Q

from app.models import (
    Dispute,
    DisputeStatus,
    Generation,
    GenerationStatus,
    MoveStatus,
    NotificationType,
    Purchase,
    TransactionType,
    User,
)
from app.models.token import TAKEN_LATE_MEMO
from app.services import generation_service, pots
from app.services.payments import buying, refunds, revoking
from app.services.payments.asking import ask
from app.services.payments.gateways.outcomes import NotYet
from app.services.payments.gateways.paying import Disputed, Event
from app.services.payments.noting import note
from app.services.payments.payment_gateway import gateway
from app.services.pots import Pots
from app.services.token_service import TokenService
from app.utils import clock

log = structlog.get_logger(__name__)

# How often the provider is asked about all of them, and how far back about those we never heard of.
EVERY_SECONDS = 3600.0
LOOK_BACK = timedelta(days=7)
# How long after it was lost an appeal may still win one.
APPEALS = timedelta(days=120)
# The bank may give what it took back again, on appeal.
MOVES: dict[str, tuple[str, ...]] = {
    DisputeStatus.OPEN: (DisputeStatus.WON, DisputeStatus.LOST),
    DisputeStatus.LOST: (DisputeStatus.WON,),
}

_to_ask: list[str] = []
_next_round_at = 0.0


def on_event(event: Event) -> None:
    """Something happened to a dispute. Raises NotYet."""
    settle(event.gateway, event.object_id, event)


def settle(gateway_name: str, dispute_id: str, event: Event | None = None) -> None:
    """Take over what a dispute has become at the gateway. Raises NotYet."""
    found = gateway(gateway_name).dispute(dispute_id)
    # It was paid, or there would be no dispute: the event that says so may come later.
    purchase = buying.paid_purchase(gateway_name, found.purchase)
    if purchase is None or not found.status:
        return
    if not Dispute.objects.filter(provider_id=found.id).exists():
        # What went back before it was disputed is not taken back again.
        refunds.catch_up(purchase)
        # And what can't go back any more is the buyer's again, before it is taken.
        refunds.settle_requested(purchase)
    _take_over(purchase, found, event)


def sweep() -> int:
    """Ask about disputes that are open or may be won on appeal, and those of which nothing came.
    Returns how many were asked about. Raises NotYet."""
    global _to_ask, _next_round_at
    name = settings.PAYMENT_GATEWAY
    if not _to_ask and time.monotonic() >= _next_round_at:
        opened = gateway(name).disputes_since(clock.now() - LOOK_BACK)
        known = Dispute.objects.filter(purchase__gateway=name)
        ours = set(known.values_list("provider_id", flat=True))
        is_lost = Q(status=DisputeStatus.LOST, ended_at__gte=clock.now() - APPEALS)
        undecided = known.filter(is_lost | Q(status=DisputeStatus.OPEN)).order_by("pk")
        _to_ask = [each for each in opened if each not in ours]
        _to_ask += undecided.values_list("provider_id", flat=True)
        _next_round_at = time.monotonic() + EVERY_SECONDS
    asked = 0
    while _to_ask and asked < buying.BATCH:
        # Off the list first: one that breaks does not keep the others from their turn.
        dispute_id = _to_ask.pop(0)
        asked += 1
        ask("disputes", partial(settle, name, dispute_id), dispute=dispute_id)
    return asked


@transaction.atomic
def _take_over(purchase: Purchase, found: Disputed, event: Event | None) -> None:
    queued: list[int] = []
    if found.status != "won" and not Dispute.objects.filter(provider_id=found.id).exists():
        # Pictures before balances, as by who cancels them.
        mine = Generation.objects.ordered_by(purchase.user_id)
        queued = mine.filter(status=GenerationStatus.QUEUED).lock()
    user, locked = buying.lock_purchase(purchase)
    if not note(event):
        return
    dispute = Dispute.objects.select_for_update().filter(provider_id=found.id).first()
    if dispute is None:
        # What they cost is taken with the rest.
        generation_service.cancel_queued(queued, buyer=user)
        dispute = _open(locked, user, found)
    if found.status in MOVES.get(dispute.status, ()):
        _end(dispute, locked, user, DisputeStatus(found.status))
    elif dispute.status != found.status:
        log.error("dispute_decided_twice", dispute_id=dispute.pk)
    locked.status = buying.status_of(locked)
    locked.save(update_fields=["status"])
    _freeze(user)


def _open(purchase: Purchase, user: User, found: Disputed) -> Dispute:
    """Raises NotYet while a refund is to be sent: it can't be any more, and what it took comes
    back."""
    if purchase.refunds.filter(status=MoveStatus.REQUESTED).exists():
        raise NotYet("A refund is to be sent.")
    # Up: the part of a token that is left belongs to nobody.
    price = purchase.price or 1
    left = purchase.amount - purchase.refunded_amount
    amount = min(left, -(-found.price * purchase.amount // price))
    taken = min(amount, pots.of(user).bought)
    dispute = Dispute.objects.create(
        purchase=purchase,
        provider_id=found.id,
        amount=amount,
        price=found.price,
        reason=found.reason[:100],
        taken=taken,
    )
    if found.status == "open":
        buying.tell(purchase, NotificationType.PURCHASE_DISPUTED, found.price)
    if taken:
        TokenService.move_money(
            TransactionType.CHARGEBACK,
            taken,
            locked=user,
            moved=Pots(bought=-taken),
            dispute=dispute,
        )
    return dispute


def _end(dispute: Dispute, purchase: Purchase, user: User, status: DisputeStatus) -> None:
    was_lost = dispute.status == DisputeStatus.LOST
    dispute.status, dispute.ended_at = status, clock.now()
    if status == DisputeStatus.LOST:
        _take_what_came_back(dispute, user)
    dispute.save(update_fields=["status", "ended_at", "taken"])
    said = {"is_lost": True} if status == DisputeStatus.LOST else {}
    if was_lost and (revoked := revoking.count_revoked(dispute)):
        # Whether they become valid again is for staff to say.
        log.error("dispute_won_after_revoking", dispute_id=dispute.pk, licences=revoked)
        said = {"is_revoked": True}
    buying.tell(purchase, NotificationType.DISPUTE_ENDED, dispute.price, **said)
    if was_lost:
        _undo_loss(dispute)
    if status == DisputeStatus.WON:
        if dispute.taken:
            TokenService.move_money(
                TransactionType.CHARGEBACK_RETURN,
                dispute.taken,
                locked=user,
                moved=Pots(bought=dispute.taken),
                dispute=dispute,
            )
        return
    lost = dispute.amount - dispute.taken
    if lost:
        TokenService.book_loss(dispute, lost)
        if settings.DISPUTE_REVOKES_LICENCES:
            # The relay does it: what dies meanwhile leaves it to be done.
            dispute.to_revoke = lost
            dispute.save(update_fields=["to_revoke"])


def _undo_loss(dispute: Dispute) -> None:
    """The platform has its money after all. Licences that are still to be revoked stay."""
    if lost := dispute.amount - dispute.taken:
        TokenService.book_loss(dispute, lost, comes_back=True)
    dispute.to_revoke = 0
    dispute.save(update_fields=["to_revoke"])


def _take_what_came_back(dispute: Dispute, user: User) -> None:
    """Pictures that were being made when it was opened may have failed, a refund may not have
    arrived: the buyer has their tokens again, and not the platform's money."""
    late = min(dispute.amount - dispute.taken, pots.of(user).bought)
    if late:
        dispute.taken += late
        TokenService.move_money(
            TransactionType.CHARGEBACK,
            late,
            locked=user,
            moved=Pots(bought=-late),
            dispute=dispute,
            memo=TAKEN_LATE_MEMO,
        )


def _freeze(user: User) -> None:
    """Nothing is spent while a dispute is open."""
    is_open = Dispute.objects.filter(purchase__user=user, status=DisputeStatus.OPEN).exists()
    if is_open != (user.spending_frozen_at is not None):
        user.spending_frozen_at = clock.now() if is_open else None
        user.save(update_fields=["spending_frozen_at"])
