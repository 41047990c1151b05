"""Artists who have earned money at the fake provider, and what the provider knows of it."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import stripe

from app.models import Payout, User
from app.services.payments import onboarding, payouts
from app.services.token_service import TokenService
from app.tests.factories import ArtistFactory, GenerationFactory, StyleFactory, UserFactory
from devtools.fake_stripe.tests.conftest import Door, client

PRICE = 1000


@dataclass
class Provider:
    """The fake provider with enough money of ours to send on, and its control door."""

    url: str
    door: Door

    @property
    def api(self) -> stripe.StripeClient:
        return client(self.url)

    def fault(self, kind: str, method: str, path: str, **more: Any) -> None:
        self.door.post("faults", kind=kind, method=method, path=path, **more)

    def transfers_of(self, payout: Payout) -> list[stripe.Transfer]:
        group = f"payout-{payout.reference}"
        return list(self.api.v1.transfers.list({"transfer_group": group, "limit": 100}).data)

    def bank_payments_of(self, payout: Payout) -> list[stripe.Payout]:
        options: stripe.RequestOptions = {"stripe_account": payout.account_id}
        listed = self.api.v1.payouts.list({"limit": 100}, options).data
        return [
            each for each in listed if each.metadata and each.metadata["payout"] == payout.reference
        ]

    def bank(self, payout: Payout, status: str) -> None:
        """The bank takes the money, or sends it back."""
        [payment] = self.bank_payments_of(payout)
        self.door.post("payouts", id=payment.id, account=payout.account_id, status=status)


def sell(artist: User, buyer: User | None = None, price: int = PRICE) -> Any:
    """A sale that was paid for with money."""
    buyer = buyer or UserFactory()
    TokenService.add_tokens(buyer.pk, price, "purchase")
    style = StyleFactory(artist=artist.artist, price=price)
    return GenerationFactory(user=buyer, style=style)


def enable(artist: User, door: Door, act: str = "complete") -> str:
    """Onboard the artist; the id of the account."""
    link = onboarding.begin(artist)
    door.press(link, act)
    return onboarding.come_back(artist).account_id


def earner(provider: Provider, *, sales: int = 1) -> User:
    """An artist with an account, who sold something."""
    artist: User = ArtistFactory().user
    enable(artist, provider.door)
    for _ in range(sales):
        sell(artist)
    return artist


def requested(artist: User) -> Payout:
    artist.refresh_from_db()
    return payouts.request(artist)


def after(payout: Payout) -> Payout:
    return Payout.objects.get(pk=payout.pk)
