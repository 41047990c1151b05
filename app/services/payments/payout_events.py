"""What the provider tells of artists' accounts and payouts. An event only says that it is time to
look: none is believed."""

from __future__ import annotations

from collections.abc import Callable

from app.models import Payout
from app.services.payments import onboarding, payouts
from app.services.payments.gateways.paying import Event
from app.services.payments.payout_gateway import payout_gateway


def on_account(event: Event) -> None:
    onboarding.settle_account(event.object_id)


def on_transfer(event: Event) -> None:
    _settle(event, payout_gateway(event.gateway).payout_of(event.object_id))


def on_payout(event: Event) -> None:
    # Without an account it is one of the platform's own, to its own bank.
    if event.account:
        gateway = payout_gateway(event.gateway)
        _settle(event, gateway.payout_of(event.object_id, account_id=event.account))


def _settle(event: Event, reference: str) -> None:
    payout = Payout.objects.filter(gateway=event.gateway, reference=reference).first()
    if payout is not None:
        payouts.settle(payout.pk)


# By the kind of thing that an event is about.
HANDLERS: dict[str, Callable[[Event], None]] = {
    "account": on_account,
    "transfer": on_transfer,
    "payout": on_payout,
}
