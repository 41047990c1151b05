"""What of the contract Stripe itself is held to, by its API alone: ``make payments-live`` runs it.

Nobody presses anything here, so what needs a page of Stripe's, its events or a bank is left out.
docs/payments.md says what that is.
"""

from __future__ import annotations

import os
from collections.abc import Mapping
from typing import Any

import pytest
import stripe

from app.services.payments.gateways.paying import Checkout, Order, PaymentGateway
from app.services.payments.gateways.sending import PayoutGateway
from app.services.payments.gateways.stripe_checkout import StripeCheckout
from app.services.payments.gateways.stripe_connect import StripeConnect
from app.tests.payments import test_contract as every
from app.tests.payments.contract import CURRENCY, PRICE, Sending, Taking, order
from app.tests.payments.live import ACCOUNT, ADDRESS, KEPT, KEY


class LosingClient(stripe.RequestsClient):
    """Loses the next answer from an address on its way to us, when it is asked to."""

    loses = "-"

    def request(
        self,
        method: str,
        url: str,
        headers: Mapping[str, str] | None,
        post_data: Any = None,
    ) -> tuple[Any, int, Mapping[str, str]]:
        answer: tuple[Any, int, Mapping[str, str]] = super().request(
            method, url, headers, post_data
        )
        if method == "post" and url.endswith(self.loses):
            self.loses = "-"
            raise stripe.APIConnectionError("Lost.")  # type: ignore[no-untyped-call]
        return answer


class Live:
    """Stripe's test mode, by what the environment says."""

    def __init__(self) -> None:
        self.http = LosingClient(timeout=(5, 30))
        address = os.environ.get(KEPT[ADDRESS], "")
        self.client = stripe.StripeClient(
            os.environ[KEPT[KEY]],
            base_addresses={"api": address} if address else None,
            max_network_retries=0,
            http_client=self.http,
        )

    def charge(self, card: str, amount: int, **metadata: str) -> stripe.PaymentIntent:
        return self.client.v1.payment_intents.create(
            {
                "amount": amount,
                "currency": CURRENCY,
                "payment_method": card,
                "payment_method_types": ["card"],
                "confirm": True,
                "metadata": metadata,
            }
        )


class TakingLive(Live):
    def __init__(self) -> None:
        super().__init__()
        self.gateway: PaymentGateway = StripeCheckout(self.client)

    def buy(self) -> tuple[Order, Checkout]:
        """By the API: the page is for people."""
        given = order()
        paid = self.charge("pm_card_visa", PRICE, purchase=given.reference)
        return given, Checkout(
            "paid", given.reference, payment_id=paid.id, price=PRICE, currency=CURRENCY
        )

    def pay(self, checkout: Checkout, *, works: bool = True) -> None:
        assert not works
        found = self.client.v1.checkout.sessions.retrieve(checkout.session_id)
        assert found.status != "open"

    def signed_event(self) -> tuple[bytes, str]:
        raise NotImplementedError

    def dispute(self, payment_id: str) -> str:
        raise NotImplementedError

    def end(self, dispute_id: str, status: str) -> None:
        raise NotImplementedError

    def lose(self, what: str) -> None:
        self.http.loses = {"begin": "/v1/checkout/sessions", "refund": "/v1/refunds"}[what]


class SendingLive(Live):
    def __init__(self) -> None:
        super().__init__()
        self.gateway: PayoutGateway = StripeConnect(self.client)
        # What other charges pay cannot be sent on for days.
        self.charge("pm_card_bypassPending", 10 * PRICE)

    def ready(self) -> str:
        """Of an artist whom somebody has set up before."""
        return os.environ[KEPT[ACCOUNT]]

    def set_up(self, link: str) -> None:
        raise NotImplementedError

    def bank(self, account_id: str, payment_id: str, status: str) -> None:
        raise NotImplementedError

    def lose(self, what: str) -> None:
        self.http.loses = {"transfer": "/v1/transfers", "pay": "/v1/payouts"}[what]


@pytest.fixture
def taking() -> Taking:
    return TakingLive()


@pytest.fixture
def real_taking() -> Taking:
    return TakingLive()


@pytest.fixture
def sending() -> Sending:
    return SendingLive()


@pytest.fixture
def real_sending() -> Sending:
    return SendingLive()


class TestBuyers:
    _, __ = every.TestBuyers, every.TestBuyersWithMoney
    test_begun_twice_is_once = _.test_begun_twice_is_once
    test_a_refund_twice_is_once = _.test_a_refund_twice_is_once
    test_nobody_has_paid = __.test_nobody_has_paid_what_was_only_begun
    test_what_is_expired_nobody_pays = __.test_what_is_expired_nobody_pays
    test_a_lost_answer_is_found_by_our_name = __.test_a_lost_answer_is_found_by_our_name
    test_a_refund_is_found = __.test_a_refund_is_found_whatever_is_known_of_it
    test_more_than_was_paid_is_refused = __.test_more_than_was_paid_is_refused


class TestNobody:
    test_an_account_that_nobody_has = (
        every.TestArtistsWithMoney.test_an_account_that_nobody_has_is_none_and_gets_nothing
    )


class TestAnArtist:
    """For whom the environment names an account."""

    test_sent_twice_is_once = every.TestArtists.test_sent_twice_is_once
    test_lost_answers = every.TestArtistsWithMoney.test_lost_answers_are_found_by_our_name
    test_more_than_there_is_waits = every.TestArtistsWithMoney.test_more_than_there_is_waits
