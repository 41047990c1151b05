"""What the pages say of a purchase whose money goes back, or is asked back."""

from __future__ import annotations

import re
from collections.abc import Callable
from datetime import UTC
from typing import Any

import pytest
from django.test import Client

from app.models import Dispute, Purchase, User
from app.services import payment_service
from app.services.token_service import TokenService
from app.tests.api import Api
from app.tests.payments.buyers import bought
from app.tests.payments.conftest import (  # noqa: F401
    _uses_stripe,
    stripe,
)

pytestmark = [pytest.mark.django_db, pytest.mark.slow]
SignedIn = Callable[[User], Client]


def text(client: Client, path: str) -> str:
    return client.get(path).content.decode()


def page_of(purchase: Purchase) -> str:
    return f"/wallet/purchases/{purchase.pk}"


def give_back(client: Client, purchase: Purchase) -> str:
    """The page that the button leads to."""
    return client.post(f"{page_of(purchase)}/refund", follow=True).content.decode()


def test_a_refused_refund_is_not_said_to_be_on_its_way(
    buyer: User,
    signed_in: SignedIn,
    stripe: Any,  # noqa: F811
) -> None:
    purchase = bought(stripe, Api(buyer))
    stripe.dispute(purchase)
    page = give_back(signed_in(buyer), purchase)
    assert "refused the refund" in page
    assert "you have the 500 tokens again" in page
    assert "The money is on its way" not in page


def test_who_leaves_is_told_what_could_be_given_back(
    buyer: User,
    signed_in: SignedIn,
    stripe: Any,  # noqa: F811
) -> None:
    client = signed_in(buyer)
    assert "could have" not in text(client, "/account/leave")
    purchase = bought(stripe, Api(buyer))
    page = text(client, "/account/leave")
    assert "You could have 5.00 USD back: 500 tokens of your balance" in page
    assert 'href="/wallet">Give them back first' in page
    stripe.dispute(purchase)
    stripe.deliver()
    page = text(client, "/account/leave")
    assert "could have" not in page
    assert "Your bank disputes a payment of yours." in page
    assert f'href="{page_of(purchase)}"' in page


def test_after_a_failed_buy_the_wallet_is_whole(
    artist: User,
    signed_in: SignedIn,
    stripe: Any,  # noqa: F811
) -> None:
    purchase = bought(stripe, Api(artist))
    answer = signed_in(artist).post("/wallet/buy", {"amount": "1", "payment_method": "card"})
    assert answer.status_code == 400
    page = answer.content.decode()
    assert f'href="{page_of(purchase)}"' in page
    assert "See the studio" in page


def test_until_when_something_can_be_given_back_is_told_to_the_minute(
    buyer: User,
    signed_in: SignedIn,
    stripe: Any,  # noqa: F811
) -> None:
    """It ends at midnight in our zone, which is another day for half of the world."""
    purchase = bought(stripe, Api(buyer))
    until = payment_service.refundable(buyer.pk)[purchase.pk].until
    page = text(signed_in(buyer), page_of(purchase))
    said = until.astimezone(UTC)
    assert re.search(rf"given back until <time [^>]*>{said:%-d %b %Y}, 14:59 UTC</time>\.", page)


def test_money_that_is_on_its_way_is_not_said_to_have_arrived(
    buyer: User,
    signed_in: SignedIn,
    stripe: Any,  # noqa: F811
) -> None:
    client, purchase = signed_in(buyer), bought(stripe, Api(buyer))
    TokenService.consume_tokens(buyer.pk, 10, "generation")
    stripe.act("refunds", next="pending")
    page = give_back(client, purchase)
    assert "Paid. 500 tokens were put into your wallet." in page
    assert "The money for 490 tokens is on its way to you." in page
    assert "went back" not in page
    (sent,) = stripe.refunds_of(purchase)
    stripe.act("refunds", id=sent["id"], status="succeeded")
    stripe.deliver()
    page = text(client, page_of(purchase))
    assert "The money for 490 tokens went back to you." in page
    assert "on its way" not in page


def test_a_dispute_takes_of_other_purchases_and_their_pages_say_so(
    buyer: User,
    signed_in: SignedIn,
    stripe: Any,  # noqa: F811
) -> None:
    first = bought(stripe, Api(buyer), 100)
    TokenService.consume_tokens(buyer.pk, 100, "generation")
    second = bought(stripe, Api(buyer), 200)
    stripe.dispute(first)
    stripe.deliver()
    client = signed_in(buyer)
    page = text(client, page_of(second))
    assert "Your bank disputes another payment." in page
    assert f'href="{page_of(first)}"' in page
    assert "disputes another payment" not in text(client, page_of(first))
    assert "also those of other purchases" in text(client, "/notifications")


def test_a_bank_that_took_a_part_is_not_said_to_have_taken_all(
    buyer: User, signed_in: SignedIn
) -> None:
    purchase = Purchase.objects.create(
        user=buyer, amount=500, price=500, currency="USD", status="lost", gateway="test"
    )
    Dispute.objects.create(
        purchase=purchase, provider_id="dp_1", amount=10, price=10, status="lost"
    )
    page = text(signed_in(buyer), page_of(purchase))
    assert "Your bank took 0.10 USD of this payment back." in page
