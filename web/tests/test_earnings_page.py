"""The artist's earnings and statements on the site."""

from __future__ import annotations

from collections.abc import Callable
from io import StringIO
from typing import Any

import pytest
from django.core.management import call_command
from django.test import Client

from app.models import Licence, User
from app.services import reversal_service
from app.tests import ledger
from app.tests.factories import GenerationFactory, StyleFactory, UserFactory
from app.tests.money.test_earnings import win
from app.tests.money.test_pots import buy
from app.utils import clock

pytestmark = pytest.mark.django_db
SignedIn = Callable[[User], Client]


def text(client: Client, path: str) -> str:
    return client.get(path).content.decode()


@pytest.fixture
def sold(artist: User, settings: Any) -> User:
    style = StyleFactory(artist=artist.artist, name="Wet", price=100)
    buyer = UserFactory()
    buy(buyer, 100)
    GenerationFactory(user=buyer, style=style, status="completed")
    return artist


def test_a_sale_is_on_hold_and_in_the_statement_of_its_month(
    sold: User, signed_in: SignedIn
) -> None:
    client, month = signed_in(sold), clock.now().strftime("%Y-%m")
    page = text(client, "/studio/earnings")
    assert all(said in page for said in ("On hold", "SL-", "Wet"))
    assert "Nothing here yet." in text(client, "/studio/earnings?show=payable")
    page = text(client, f"/studio/statements/{month}")
    assert "SL-" in page
    # In the reader's zone, as the month is.
    assert "<td><time datetime=" in page
    file = client.get(f"/studio/statements/{month}.csv")
    assert file["Content-Disposition"] == f'attachment; filename="statement-{month}.csv"'
    header, line = file.content.decode().splitlines()
    assert header.startswith("time,type,picture,style,licence")
    assert line.endswith(",active,100,0,100,100")


def test_what_an_appeal_gave_back_is_shown_everywhere(
    sold: User, signed_in: SignedIn, settings: Any
) -> None:
    keeper, licence = User.objects.create_superuser("keeper"), Licence.objects.get()
    win(sold, reversal_service.refund(licence, staff=keeper, reason="Empty."))
    client, month = signed_in(sold), clock.now().strftime("%Y-%m")
    for days, part in ((7, "hold"), (0, "payable")):
        settings.EARNINGS_HOLD_DAYS = days
        page = text(client, f"/studio/earnings?show={part}")
        assert f'href="/wallet/pictures/{licence.pk}"' in page
        assert "Nothing here yet." in text(client, "/studio/earnings?show=paid")
    assert client.get("/api/tokens/balance").json()["data"] == {"balance": 100, "earned": 100}
    page = text(client, f"/studio/statements/{month}")
    assert "(taken back)" in page
    assert "(given back)" in page
    lines = client.get(f"/studio/statements/{month}.csv").content.decode().splitlines()[1:]
    assert [line.split(",")[1] for line in lines] == ["earn", "reversal", "reversal_return"]
    assert lines[-1].endswith(",refunded,0,0,100,100")
    shown = client.get(f"/api/statements/{month}").json()["data"]
    assert shown["totals"] == shown["lifetime"]
    assert (shown["totals"]["earned"], shown["totals"]["taken_back"]) == (100, 0)
    assert "Given back to" in text(client, f"/wallet/pictures/{licence.pk}")
    assert "Given back: you won your appeal" in text(client, "/wallet")
    assert "Given back to artists who won an appeal" in text(client, "/about/books")


@pytest.mark.parametrize("path", ["2026-13", "soon", "2026-13.csv", "9999-12", "9999-12.csv"])
def test_there_is_no_statement_of_no_month(artist: User, path: str, signed_in: SignedIn) -> None:
    assert signed_in(artist).get(f"/studio/statements/{path}").status_code == 404


def test_buyers_have_none(buyer: User, signed_in: SignedIn) -> None:
    assert signed_in(buyer).get("/studio/earnings").status_code == 302


def test_who_leaves_gives_up_earnings_in_so_many_words(sold: User, signed_in: SignedIn) -> None:
    client, typed = signed_in(sold), {"username": sold.username}
    assert "I give up my earnings" in text(client, "/account/leave")
    refused = client.post("/account/leave", typed)
    assert refused.status_code == 400
    page = refused.content.decode()
    assert "tick that you give them up" in page
    assert "forfeit_earnings" not in page
    sold.refresh_from_db()
    assert (sold.closed_at, sold.earned_balance) == (None, 100)
    assert client.post("/account/leave", {**typed, "forfeits": "on"}).status_code == 302
    sold.refresh_from_db()
    assert sold.closed_at is not None
    assert ("forfeit", 100) in ledger.entries_of(sold)
    ledger.assert_right()


def test_who_leaves_is_told_what_could_be_paid_out(
    sold: User, signed_in: SignedIn, settings: Any
) -> None:
    client = signed_in(sold)
    assert "100 tokens that you earned are on hold" in text(client, "/account/leave")
    settings.EARNINGS_HOLD_DAYS, settings.TOKEN_VALUE = 0, 90
    page = text(client, "/account/leave")
    assert "100 tokens that you earned can be paid out: 0.90 USD." in page
    assert 'href="/studio/payouts"' in page


def test_a_fee_begins_on_the_day_that_its_notice_names(artist: User, signed_in: SignedIn) -> None:
    call_command("change_fee", "5", "--from", "2099-01-15", stdout=StringIO())
    assert "From 15 Jan 2099 on" in text(signed_in(artist), "/studio/payouts")
