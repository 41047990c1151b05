"""What every provider must do, whoever it is: ``test_contract.py`` holds each gateway to it.

A new provider needs a class of each side here, which says what its buyers, artists and banks do
where they are tried out, and a line in the lists of ``test_contract.py``.
"""

from __future__ import annotations

import uuid
from datetime import datetime
from typing import Any, Protocol

import httpx

from app.services.payments.gateways.paying import Checkout, Order, PaymentGateway
from app.services.payments.gateways.sending import PayoutGateway, TestPayouts
from app.services.payments.gateways.stripe_checkout import StripeCheckout
from app.services.payments.gateways.stripe_client import stripe_client
from app.services.payments.gateways.stripe_connect import StripeConnect
from app.services.payments.gateways.test import TestGateway
from app.tests.payments import buyers
from app.tests.payments.paying_artists import Provider
from app.utils import clock
from devtools.fake_stripe.tests.conftest import Door

PRICE, CURRENCY = 500, "usd"


def order(reference: str = "") -> Order:
    return Order(
        reference=reference or uuid.uuid4().hex,
        tokens=500,
        price=PRICE,
        currency=CURRENCY,
        email="buyer@example.com",
        customer_id="",
        back="https://site.example.com/wallet/purchases/1",
        cancel="https://site.example.com/wallet/purchases/1",
    )


class Taking(Protocol):
    """A gateway for buyers, and what happens at its provider."""

    gateway: PaymentGateway

    def buy(self) -> tuple[Order, Checkout]:
        """A payment that is made."""
        ...

    def pay(self, checkout: Checkout, *, works: bool = True) -> None:
        """The buyer does, or tries to."""
        ...

    def signed_event(self) -> tuple[bytes, str]:
        """The last one, and its signature."""
        ...

    def dispute(self, payment_id: str) -> str:
        """The buyer's bank takes the payment back. Returns the dispute's id."""
        ...

    def end(self, dispute_id: str, status: str) -> None:
        """The bank decides: ``won`` or ``lost``."""
        ...

    def lose(self, what: str) -> None:
        """The next ``begin`` or ``refund`` is done, but its answer is lost."""
        ...


class Sending(Protocol):
    """A gateway for artists, and what happens at its provider."""

    gateway: PayoutGateway

    def ready(self) -> str:
        """The account of an artist who is done."""
        ...

    def set_up(self, link: str) -> None:
        """The artist tells who they are, and which bank is theirs."""
        ...

    def bank(self, account_id: str, payment_id: str, status: str) -> None:
        """The bank takes the money (``paid``), or sends it back (``failed``)."""
        ...

    def lose(self, what: str) -> None:
        """The next ``transfer`` or ``pay`` is done, but its answer is lost."""
        ...


class TakingTest:
    """Nobody is asked, and nothing is ever lost."""

    def __init__(self, **_: Any) -> None:
        self.gateway: PaymentGateway = TestGateway()

    def buy(self) -> tuple[Order, Checkout]:
        return bought(self)

    def pay(self, checkout: Checkout, *, works: bool = True) -> None:
        pass

    def signed_event(self) -> tuple[bytes, str]:
        raise NotImplementedError

    def dispute(self, payment_id: str) -> str:
        raise NotImplementedError

    def end(self, dispute_id: str, status: str) -> None:
        raise NotImplementedError

    def lose(self, what: str) -> None:
        raise NotImplementedError


class TakingStripe:
    def __init__(self, *, stripe: buyers.Provider, **_: Any) -> None:
        self.gateway: PaymentGateway = StripeCheckout(stripe_client())
        self._there = stripe

    def buy(self) -> tuple[Order, Checkout]:
        return bought(self)

    def pay(self, checkout: Checkout, *, works: bool = True) -> None:
        if works:
            self._there.press(checkout.url, "pay")
        else:
            assert (
                httpx.post(checkout.url, data={"act": "pay"}).status_code != httpx.codes.SEE_OTHER
            )

    def signed_event(self) -> tuple[bytes, str]:
        return buyers.signed(self._there.events()[-1])

    def dispute(self, payment_id: str) -> str:
        paid = self._there.call("GET", f"/v1/payment_intents/{payment_id}")
        return str(self._there.act("disputes", charge=paid["latest_charge"])["id"])

    def end(self, dispute_id: str, status: str) -> None:
        self._there.act("disputes", id=dispute_id, status=status)

    def lose(self, what: str) -> None:
        path = {"begin": "/v1/checkout/sessions", "refund": "/v1/refunds"}[what]
        self._there.fail("lost_answer", path, method="POST")


class SendingTest:
    def __init__(self, **_: Any) -> None:
        self.gateway: PayoutGateway = TestPayouts()

    def ready(self) -> str:
        return opened(self)

    def set_up(self, link: str) -> None:
        pass

    def bank(self, account_id: str, payment_id: str, status: str) -> None:
        raise NotImplementedError

    def lose(self, what: str) -> None:
        raise NotImplementedError


class SendingStripe:
    def __init__(self, *, provider: Provider, **_: Any) -> None:
        self.gateway: PayoutGateway = StripeConnect(stripe_client())
        self._door: Door = provider.door

    def ready(self) -> str:
        return opened(self)

    def set_up(self, link: str) -> None:
        self._door.press(link, "complete")

    def bank(self, account_id: str, payment_id: str, status: str) -> None:
        self._door.post("payouts", id=payment_id, account=account_id, status=status)

    def lose(self, what: str) -> None:
        path = {"transfer": "/v1/transfers", "pay": "/v1/payouts"}[what]
        self._door.post("faults", kind="lost_answer", method="POST", path=path)


def name() -> str:
    return str(uuid.uuid4())


def bought(taking: Taking) -> tuple[Order, Checkout]:
    """By a buyer who pays at the provider's page."""
    given = order()
    begun = taking.gateway.begin(given)
    taking.pay(begun)
    return given, looked_up(taking, given, clock.now(), session_id=begun.session_id)


def opened(sending: Sending) -> str:
    """An account that its artist sets up at the provider's page."""
    account = sending.gateway.open_account(reference=name(), email="", country="US")
    sending.set_up(sending.gateway.link(account, back="http://b", again="http://a"))
    return account


def looked_up(taking: Taking, given: Order, since: datetime, *, session_id: str = "") -> Checkout:
    found = taking.gateway.look_up(reference=given.reference, session_id=session_id, since=since)
    assert found is not None
    return found
