"""Buying tokens with money and being paid, on the pages, with the fake provider."""

from __future__ import annotations

import re
from collections.abc import Callable
from datetime import datetime, timedelta
from typing import Any
from urllib.parse import urlsplit

import pytest
from django.test import Client

from app.models import Notification, PaymentProfile, Payout, Purchase, User
from app.tests.api import Api
from app.tests.payments.buyers import bought
from app.tests.payments.conftest import (  # noqa: F401
    _uses_stripe,
    provider,
    stripe,
)
from app.tests.payments.paying_artists import earner
from app.utils import clock
from web.tests.test_order_lists import key_of

pytestmark = [pytest.mark.django_db, pytest.mark.slow]
SignedIn = Callable[[User], Client]
ASK = 'action="/studio/payouts/ask"'


def text(client: Client, path: str) -> str:
    return client.get(path).content.decode()


def test_who_buys_pays_at_the_provider_and_comes_back_to_their_order(
    buyer: User,
    signed_in: SignedIn,
    stripe: Any,  # noqa: F811
) -> None:
    client = signed_in(buyer)
    page = text(client, "/wallet?next=/styles/7")
    assert "5.00 USD" in page
    form = {"amount": "500", "payment_method": "card", "next": "/styles/7", "key": key_of(page)}
    first, again = (client.post("/wallet/buy", form) for _ in range(2))
    bought = Purchase.objects.get()
    assert first["Location"] == again["Location"] == bought.checkout_url
    back = f"/wallet/purchases/{bought.pk}"
    assert "has not arrived yet" in text(client, back)
    assert "Not paid yet" in text(client, "/wallet")
    stripe.press(bought, "pay")
    page = text(client, f"{back}?next=/styles/7")
    assert "Paid." in page
    assert 'href="/styles/7"' in page
    assert "Give back for 5.00 USD" in page
    assert client.post(f"{back}/refund")["Location"] == back
    assert "500 of them" not in text(client, back)
    buyer.refresh_from_db()
    assert (buyer.token_balance, buyer.bought_balance) == (1000, 0)
    assert f'href="{back}"' in text(client, "/wallet")
    assert "Given back" in text(client, "/wallet")


def test_while_a_bank_has_still_to_answer_nobody_is_asked_to_pay_again(
    buyer: User,
    signed_in: SignedIn,
    stripe: Any,  # noqa: F811
) -> None:
    client = signed_in(buyer)
    form = {"amount": "500", "payment_method": "card", "key": key_of(text(client, "/wallet"))}
    client.post("/wallet/buy", form)
    bought = Purchase.objects.get()
    back = f"/wallet/purchases/{bought.pk}"
    assert f'href="{bought.checkout_url}">Pay</a>' in text(client, back)
    stripe.press(bought, "pay_later")
    page = text(client, back)
    assert "Your bank has still to answer" in page
    assert ">Pay</a>" not in page
    # The same form leads there, and begins no other payment.
    assert client.post("/wallet/buy", form)["Location"] == back
    assert (Purchase.objects.get().session_id, bought.session_id) == (bought.session_id,) * 2
    stripe.act("sessions", id=bought.session_id, act="settle")
    assert "Paid." in text(client, back)


def test_a_pack_is_bought_by_its_button_and_a_notice_leads_to_the_purchase(
    buyer: User,
    signed_in: SignedIn,
    stripe: Any,  # noqa: F811
    settings: Any,
) -> None:
    settings.TOKEN_PACKS = {1000: 900}
    client = signed_in(buyer)
    page = text(client, "/wallet")
    assert re.search(r'name="amount" value="1000">1,000 tokens · <b>9.00 USD</b>', page)
    # As a browser sends it: the field first, then the button that was pressed.
    form = {"amount": ["500", "1000"], "payment_method": "card", "key": key_of(page)}
    client.post("/wallet/buy", form)
    bought = Purchase.objects.get()
    assert (bought.amount, bought.price) == (1000, 900)
    stripe.press(bought, "pay")
    stripe.deliver()
    client.post(f"/wallet/purchases/{bought.pk}/refund")
    note = Notification.objects.get(recipient=buyer)
    there = client.get(f"/notifications/{note.pk}")["Location"]
    assert there == f"/wallet/purchases/{bought.pk}"


def test_a_purchase_is_its_buyers(
    buyer: User,
    artist: User,
    signed_in: SignedIn,
    stripe: Any,  # noqa: F811
) -> None:
    page = text(signed_in(buyer), "/wallet")
    form = {"amount": "100", "payment_method": "card", "key": key_of(page)}
    signed_in(buyer).post("/wallet/buy", form)
    bought = Purchase.objects.get()
    assert signed_in(artist).get(f"/wallet/purchases/{bought.pk}").status_code == 404
    signed_in(artist).post(f"/wallet/purchases/{bought.pk}/refund")
    assert Purchase.objects.get().refunded_amount == 0


def test_while_the_provider_is_away_nothing_is_bought(
    buyer: User,
    signed_in: SignedIn,
    stripe: Any,  # noqa: F811
) -> None:
    stripe.fail("lost_request", times=5)
    client = signed_in(buyer)
    page = text(client, "/wallet")
    form = {"amount": "100", "payment_method": "card", "key": key_of(page)}
    answer = client.post("/wallet/buy", form)
    assert answer.status_code == 400
    assert User.objects.get(pk=buyer.pk).token_balance == 1000


def test_an_artist_sets_up_payouts_and_is_paid(
    signed_in: SignedIn,
    provider: Any,  # noqa: F811
) -> None:
    artist = earner(provider)
    client = signed_in(artist)
    page = text(client, "/studio/payouts")
    assert ASK in page
    assert client.post("/studio/payouts/ask")["Location"] == "/studio/payouts"
    page = text(client, "/studio/payouts")
    assert "On its way" in page
    assert client.post("/studio/payouts/monthly", {"monthly": "1"}).status_code == 302
    assert "checked" in text(client, "/studio/payouts")
    assert client.get("/studio/payouts/back")["Location"] == "/studio/payouts"
    there = urlsplit(client.get("/studio/payouts/again")["Location"])
    assert there.netloc == urlsplit(provider.url).netloc
    # There is nothing more to be paid out.
    client.post("/studio/payouts/ask")
    assert ASK not in text(client, "/studio/payouts")


def test_while_a_bank_disputes_a_payment_the_pages_say_why_nothing_can_be_spent(
    artist: User,
    signed_in: SignedIn,
    stripe: Any,  # noqa: F811
) -> None:
    client, api = signed_in(artist), Api(artist)
    purchase = bought(stripe, api)
    frozen = "Until that is settled, you can"
    pages = ("/wallet", "/studio/payouts", f"/wallet/purchases/{purchase.pk}")
    assert not any(frozen in text(client, path) for path in pages)
    assert "spending_frozen_at" not in api.get("/api/tokens/balance").data
    opened = stripe.dispute(purchase)
    stripe.deliver()
    for path in pages:
        page = text(client, path)
        assert frozen in page
        assert path not in pages[:2] or f'href="{pages[2]}"' in page
        assert "/wallet/buy" not in page
        assert ASK not in page
    said = api.get("/api/tokens/balance").data
    assert clock.now() - datetime.fromisoformat(said["spending_frozen_at"]) < timedelta(hours=1)
    stripe.act("disputes", id=opened, status="won")
    stripe.deliver()
    assert not any(frozen in text(client, path) for path in pages)
    assert "spending_frozen_at" not in api.get("/api/tokens/balance").data


def test_what_the_provider_asks_for_is_told_in_plain_words(
    artist: User, signed_in: SignedIn
) -> None:
    note = "requirements.past_due, individual.verification.document, individual.dob.day"
    PaymentProfile.objects.create(
        user=artist, gateway="test", account_id="a", account_status="restricted", account_note=note
    )
    came_back = {"amount": 10, "price": 10, "currency": "USD", "status": "failed"}
    Payout.objects.create(artist=artist, until=clock.now(), **came_back)
    page = text(signed_in(artist), "/studio/payouts")
    assert "a document that proves who you are, your date of birth. Go there" in page
    assert "past_due" not in page
    assert "change the bank at the payment provider" in page
    PaymentProfile.objects.update(account_note="requirements.past_due")
    assert "Go there to see what." in text(signed_in(artist), "/studio/payouts")
