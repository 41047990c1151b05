"""Buyers hear of what happens to their money while they are away."""

from __future__ import annotations

import pytest

from app.models import Notification, User
from app.models.mail import KIND_OF, MailKind
from app.tests.api import Api
from app.tests.payments.buyers import Provider, bought, buy

pytestmark = [pytest.mark.django_db, pytest.mark.slow]


def told(buyer: User) -> list[tuple[str, str]]:
    """Kinds and words, oldest first; all of them are mailed with what is of money."""
    rows = list(Notification.objects.filter(recipient=buyer).order_by("pk"))
    assert {KIND_OF[row.type] for row in rows} <= {MailKind.MONEY}
    return [(row.type, row.message) for row in rows]


def test_a_bank_that_says_no_days_later(stripe: Provider, as_buyer: Api, buyer: User) -> None:
    purchase = buy(as_buyer)
    stripe.press(purchase, "pay_later")
    stripe.act("sessions", id=purchase.session_id, act="fail")
    for _ in range(2):
        stripe.deliver()
    [(kind, words)] = told(buyer)
    assert kind == "purchase_failed"
    assert words.startswith("Your payment of 5.00 USD did not go through.")


def test_a_refund_and_one_that_comes_back(stripe: Provider, as_buyer: Api, buyer: User) -> None:
    purchase = bought(stripe, as_buyer)
    as_buyer.post(f"/api/tokens/purchases/{purchase.pk}/refund")
    (sent,) = stripe.refunds_of(purchase)
    stripe.act("refunds", id=sent["id"], status="failed")
    stripe.deliver()
    (paid, words), (failed, again) = told(buyer)
    assert (paid, failed) == ("purchase_refunded", "refund_failed")
    assert words == "You get 5.00 USD back for 500 tokens. It takes some days to your bank."
    assert again.startswith(
        "Your refund of 5.00 USD did not arrive, so you have the 500 tokens again."
        " You may ask for it again until "
    )


def test_a_refund_that_is_refused(stripe: Provider, as_buyer: Api, buyer: User) -> None:
    """That it may be asked for again would not be true."""
    purchase = bought(stripe, as_buyer)
    stripe.dispute(purchase)
    as_buyer.post(f"/api/tokens/purchases/{purchase.pk}/refund")
    [(kind, words)] = told(buyer)
    assert (kind, words) == (
        "refund_failed",
        "Your refund of 5.00 USD was refused by the payment provider, so you have the 500 tokens"
        " again.",
    )


@pytest.mark.parametrize(
    ("end", "words"), [("won", "the payment stands"), ("lost", "your bank has given you")]
)
def test_a_dispute_and_its_end(
    stripe: Provider, as_buyer: Api, buyer: User, end: str, words: str
) -> None:
    opened = stripe.dispute(bought(stripe, as_buyer))
    stripe.deliver()
    stripe.act("disputes", id=opened, status=end)
    stripe.deliver()
    (began, disputed), (ended, decided) = told(buyer)
    assert (began, ended) == ("purchase_disputed", "dispute_ended")
    assert "cannot spend any until it is decided" in disputed
    assert words in decided


def test_who_has_left_is_told_nothing(stripe: Provider, as_buyer: Api, buyer: User) -> None:
    purchase = bought(stripe, as_buyer)
    assert as_buyer.delete("/api/users/me").status == 204
    stripe.dispute(purchase)
    stripe.deliver()
    assert told(buyer) == []
