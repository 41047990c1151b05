"""Artists are paid: what is payable leaves their balance, and goes to their bank in two steps.

The tokens are taken when a payout is requested, in one transaction with it. The relay sends the
money (``sweep``), and events and the sweep ask what has become of it: all call ``settle``, which
looks at the provider's objects anew and takes the payout as far as it goes. What fails or comes
back gives the tokens back, once. No answer has to arrive: before anything is sent a second time,
it is looked for.
"""

from __future__ import annotations

import time
from contextlib import suppress
from datetime import date, datetime, timedelta
from functools import partial

import structlog
from django.conf import settings
from django.db import transaction
from django.db.models import Exists, F, OuterRef, Q

from app.exceptions import (
    ArtistOnly,
    DomainError,
    NotFound,
    PayoutAccountRequired,
    PayoutTooSmall,
    PayoutUnderWay,
)
from app.models import (
    AccountStatus,
    MoveStatus,
    PaymentProfile,
    Payout,
    TransactionType,
    User,
    WebhookEvent,
)
from app.models.payment import UNDER_WAY
from app.services import earnings, guard, notification_service, pots
from app.services.payments import onboarding
from app.services.payments.gateways.outcomes import Away, Gone, NotYet, Refused
from app.services.payments.gateways.sending import BankPayment, PayoutGateway, Transfer
from app.services.payments.payout_gateway import payout_gateway
from app.services.pots import Pots
from app.services.token_service import TokenService, lock_buyer, lock_users
from app.services.webhooks.events import tell_of_payout
from app.utils import clock
from app.utils.money import payable, written

log = structlog.get_logger(__name__)

# A bank may send back what it had accepted.
ALLOWED_MOVES: dict[str, tuple[MoveStatus, ...]] = {
    MoveStatus.REQUESTED: (MoveStatus.SENT, MoveStatus.FAILED),
    MoveStatus.SENT: (MoveStatus.PAID, MoveStatus.FAILED, MoveStatus.REVERSED),
    MoveStatus.PAID: (MoveStatus.FAILED, MoveStatus.REVERSED),
    MoveStatus.FAILED: (),
    MoveStatus.REVERSED: (),
}
# How often the provider is asked about a payout of which it tells nothing.
PAUSES = {
    MoveStatus.REQUESTED: timedelta(minutes=1),
    MoveStatus.SENT: timedelta(minutes=30),
    MoveStatus.PAID: timedelta(days=1),
}
# A bank may send back for days what it had accepted, and the event of it may get lost.
LOOKED_AFTER = timedelta(days=10)
# How long what was sent waits for its payment to the bank, before it is taken back.
STUCK_AFTER = timedelta(days=5)
BATCH = 20
# After an answer that did not come, so that the relay has time for pictures.
REST_SECONDS = 30.0
# On which days of a month it is paid by itself: a relay may be away on the first.
MONTHLY_DAYS = 7
MAX_FAILURE = 200

_rests_until = 0.0
# Who was asked for today whether there is enough for a monthly payout: once a day is enough.
_asked: set[int] = set()
_asked_on = date.min


def value_of(tokens: int) -> int:
    """What they are paid out as, in the currency's smallest unit, rounded down."""
    return payable(tokens * settings.TOKEN_VALUE // 100, settings.CURRENCY)


@transaction.atomic
def request(user: User, *, is_monthly: bool = False) -> Payout:
    """Take all that is payable from the artist's balance, to be sent to their bank.

    Raises ArtistOnly, NotAllowed, SpendingFrozen, PayoutUnderWay, PayoutAccountRequired and
    PayoutTooSmall.
    """
    locked = lock_buyer(user.pk)
    if not locked.is_artist:
        raise ArtistOnly
    if under_way := Payout.objects.filter(artist=locked, status__in=UNDER_WAY).first():
        raise PayoutUnderWay(payout_id=under_way.pk)
    gateway = payout_gateway()
    profile = PaymentProfile.objects.filter(user=locked, gateway=gateway.name).first()
    if profile is None or profile.account_status != AccountStatus.ENABLED:
        raise PayoutAccountRequired
    held = earnings.lock_held_styles(locked.pk)
    until = earnings.hold_ends()
    amount = earnings.payable(locked, until)
    price = value_of(amount)
    if amount < settings.PAYOUT_MINIMUM or price <= 0:
        raise PayoutTooSmall(payable=amount, minimum=settings.PAYOUT_MINIMUM)
    payout = Payout.objects.create(
        artist=locked,
        amount=amount,
        price=price,
        currency=settings.CURRENCY,
        until=until,
        held_styles=held or None,
        is_monthly=is_monthly,
        gateway=gateway.name,
        account_id=profile.account_id,
    )
    TokenService.move_money(
        *(TransactionType.PAYOUT, amount),
        locked=locked,
        moved=Pots(earned=-amount),
        payout=payout,
    )
    if gateway.is_test:
        # There is nobody to wait for.
        transaction.on_commit(partial(settle, payout.pk), robust=True)
    return payout


def find(user: User, payout_id: int) -> Payout:
    """Raises NotFound for another artist's."""
    found = Payout.objects.filter(artist=user, pk=payout_id).first()
    if found is None:
        raise NotFound("There is no such payout.")
    return found


# --- As far as it goes ----------------------------------------------------------------------------


def settle(payout_id: int) -> None:
    """Take a payout as far as it goes now. Never inside a transaction; raises NotYet."""
    payout = Payout.objects.get(pk=payout_id)
    gateway = payout_gateway(payout.gateway)
    Payout.objects.filter(pk=payout_id).update(checked_at=clock.now())
    if payout.status == MoveStatus.REQUESTED:
        _send(gateway, payout)
        payout.refresh_from_db()
    if payout.status in (MoveStatus.SENT, MoveStatus.PAID):
        _follow(gateway, payout)


def _send(gateway: PayoutGateway, payout: Payout) -> None:
    """To the artist's account at the provider."""
    # Always: a row from a backup that was restored may say that nobody has tried yet.
    found = gateway.find_transfer(reference=payout.reference)
    try:
        sent = found or gateway.transfer(
            reference=payout.reference,
            account_id=payout.account_id,
            amount=payout.price,
            currency=payout.currency,
        )
    except Refused as error:
        # It may be the account: the artist is to know before asking again.
        with suppress(NotYet):
            onboarding.settle_account(payout.account_id)
        _end(payout, MoveStatus.FAILED, str(error))
        return
    _move(payout, MoveStatus.SENT, transfer_id=sent.id, sent_at=clock.now())


def _follow(gateway: PayoutGateway, payout: Payout) -> None:
    """From the artist's account to their bank; and back, if the bank does not take it."""
    sent = gateway.find_transfer(reference=payout.reference, transfer_id=payout.transfer_id)
    payment, refusal = None, ""
    try:
        payment = gateway.find_payment(
            reference=payout.reference, account_id=payout.account_id, payment_id=payout.payout_id
        )
        if payment is None and not (sent and sent.is_taken_back):
            payment = _pay(gateway, payout)
    except Gone as error:
        if payout.status == MoveStatus.PAID:
            # It had arrived before.
            return
        refusal = str(error)
    except Refused as error:
        refusal = str(error)
    if payment is not None and payment.status == "failed":
        refusal = payment.failure
    if payment is not None and not payout.payout_id:
        Payout.objects.filter(pk=payout.pk).update(payout_id=payment.id)
    _conclude(gateway, payout, sent, payment, refusal)


def _pay(gateway: PayoutGateway, payout: Payout) -> BankPayment:
    """Raises NotYet, and Refused: then it is taken back."""
    try:
        return gateway.pay(
            reference=payout.reference,
            account_id=payout.account_id,
            amount=payout.price,
            currency=payout.currency,
        )
    except Away:
        raise
    except NotYet as error:
        if not _is_stuck(payout):
            raise
        # Its account may keep another currency than ours: the money is not there under this name.
        raise Refused(f"The provider could not pay it to the bank ({error}).") from error


def _is_stuck(payout: Payout) -> bool:
    return payout.sent_at is not None and payout.sent_at < clock.now() - STUCK_AFTER


def _conclude(
    gateway: PayoutGateway,
    payout: Payout,
    sent: Transfer | None,
    payment: BankPayment | None,
    refusal: str,
) -> None:
    if refusal:
        if sent is None or not sent.is_taken_back:
            # First the money, then the tokens: a crash in between is found by looking.
            _take_back(gateway, payout)
        _end(payout, MoveStatus.FAILED, refusal)
    elif sent is not None and sent.is_taken_back and payment is None:
        _end(payout, MoveStatus.REVERSED, "The transfer was taken back.")
    elif payment is not None and payment.status == "paid":
        _move(payout, MoveStatus.PAID, ended_at=clock.now())
    if sent is not None and sent.is_taken_back and payment is not None and not refusal:
        # The bank has the money, or gets it, and so has the platform: the account owes it.
        log.error("payout_taken_back_and_paid", payout_id=payout.pk, payment=payment.status)


def _take_back(gateway: PayoutGateway, payout: Payout) -> None:
    try:
        gateway.take_back(reference=payout.reference, transfer_id=payout.transfer_id)
    except Away:
        raise
    except (NotYet, Refused) as error:
        # Somebody was faster, or the money is gone from the account: the next look says.
        if _is_stuck(payout):
            # Only people can get it back, or say who bears it.
            log.error("payout_stuck", payout_id=payout.pk, reason=_reason(error))
        raise NotYet(_reason(error)) from error


def _reason(error: NotYet | Refused) -> str:
    """For the log."""
    return error.code if isinstance(error, Refused) else str(error)


@transaction.atomic
def _move(payout: Payout, status: MoveStatus, **changed: object) -> None:
    """On the way there, where the state allows it; twice is once."""
    locked = Payout.objects.select_for_update(no_key=True).get(pk=payout.pk)
    if status not in ALLOWED_MOVES[locked.status]:
        return
    locked.status = status
    for name, value in changed.items():
        setattr(locked, name, value)
    locked.save(update_fields=["status", *changed])
    _tell(locked)


@transaction.atomic
def _end(payout: Payout, status: MoveStatus, failure: str) -> None:
    """It did not arrive: the artist has the tokens again. Twice is once."""
    # Balances before payouts, as in ``request``.
    artist = lock_users(payout.artist_id)[payout.artist_id]
    locked = Payout.objects.select_for_update(no_key=True).get(pk=payout.pk)
    if status not in ALLOWED_MOVES[locked.status]:
        return
    locked.status, locked.failure = status, failure[:MAX_FAILURE]
    locked.ended_at = clock.now()
    locked.save(update_fields=["status", "failure", "ended_at"])
    TokenService.move_money(
        *(TransactionType.PAYOUT_RETURN, locked.amount),
        locked=artist,
        moved=Pots(earned=locked.amount),
        payout=locked,
    )
    if artist.is_closed:
        # Who closed the account gave up what was left, in so many words.
        forfeit(artist)
    _tell(locked)


def forfeit(locked: User) -> int:
    """Take what could have been paid out from an artist who gives it up, and is locked. Returns
    how much it was."""
    left = pots.of(locked).earned
    if left:
        TokenService.move_money(
            TransactionType.FORFEIT, left, locked=locked, moved=Pots(earned=-left)
        )
    return left


def _tell(payout: Payout) -> None:
    events = {
        MoveStatus.SENT: WebhookEvent.PAYOUT_SENT,
        MoveStatus.PAID: WebhookEvent.PAYOUT_PAID,
        MoveStatus.FAILED: WebhookEvent.PAYOUT_FAILED,
        MoveStatus.REVERSED: WebhookEvent.PAYOUT_FAILED,
    }
    tell_of_payout(payout, events[MoveStatus(payout.status)])
    if payout.status != MoveStatus.SENT and not payout.artist.is_closed:
        money = written(payout.price, payout.currency)
        notification_service.tell_of_payout(payout, money, is_test=payout.gateway == "test")


# --- By the relay ---------------------------------------------------------------------------------


def sweep() -> int:
    """Send what was requested, and ask about what nobody tells of. Returns how many were asked
    about. One that breaks, or has to wait, keeps none of the others from its turn."""
    global _rests_until
    if time.monotonic() < _rests_until:
        return 0
    now = clock.now()
    waits = Q(checked_at=None)
    for status, pause in PAUSES.items():
        waits |= Q(status=status, checked_at__lte=now - pause)
    is_new = Q(status=MoveStatus.PAID, ended_at__gte=now - LOOKED_AFTER)
    due = Payout.objects.filter(waits, Q(status__in=UNDER_WAY) | is_new).order_by(
        F("checked_at").asc(nulls_first=True), "pk"
    )
    asked = 0
    for payout in due[:BATCH]:
        asked += 1
        try:
            guard.attempt("payouts", partial(settle, payout.pk), passing=(NotYet,), id=payout.pk)
        except NotYet as error:
            log.warning("payout_waits", payout_id=payout.pk, error=str(error))
            if isinstance(error, Away):
                _rests_until = time.monotonic() + REST_SECONDS
                break
    return asked


def pay_monthly() -> int:
    """Request a payout for each artist who chose so, on the first days of a month. Returns how
    many there were."""
    global _asked_on
    today = clock.now().astimezone(clock.HOME_ZONE).date()
    if today.day > MONTHLY_DAYS:
        return 0
    if _asked_on != today:
        _asked_on = today
        _asked.clear()
    paid = 0
    for profile in _wants_monthly(today.replace(day=1)):
        if profile.user_id in _asked:
            continue
        _asked.add(profile.user_id)
        try:
            guard.attempt(
                "monthly payouts",
                partial(request, profile.user, is_monthly=True),
                passing=(DomainError,),
                user_id=profile.user_id,
            )
            paid += 1
        except DomainError:
            # Too little, or not any more: tomorrow.
            continue
    return paid


def _wants_monthly(first: date) -> list[PaymentProfile]:
    begin = datetime.combine(first, datetime.min.time(), clock.HOME_ZONE)
    theirs = Payout.objects.filter(artist=OuterRef("user"))
    done = theirs.filter(is_monthly=True, created_at__gte=begin)
    profiles = PaymentProfile.objects.filter(
        ~Exists(done),
        ~Exists(theirs.filter(status__in=UNDER_WAY)),
        gateway=payout_gateway().name,
        pays_monthly=True,
        account_status=AccountStatus.ENABLED,
        user__closed_at=None,
        user__suspended_at=None,
        user__spending_frozen_at=None,
        user__earned_balance__gte=settings.PAYOUT_MINIMUM,
    )
    return list(profiles.select_related("user").order_by("pk"))
