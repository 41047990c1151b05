"""What may be paid out, and when; and statements, whose totals are the ledger's."""

from __future__ import annotations

import csv
from datetime import timedelta
from typing import Any

import pytest
import time_machine
from django.db.models import Sum
from hypothesis import HealthCheck, example, given
from hypothesis import settings as of_hypothesis
from hypothesis import strategies as st
from hypothesis.extra.django import TestCase

from app.exceptions import InvalidInput
from app.models import Decision, Licence, Payout, Style, Transaction, User
from app.services import audit_service, earnings, reversal_service, statements
from app.services.earnings import Earnings
from app.services.safety import appeals
from app.tests.api import Api
from app.tests.factories import GenerationFactory, StyleFactory, UserFactory
from app.tests.money.test_pots import buy, pay_out
from app.tests.safety.staff import moderator
from app.utils import clock

pytestmark = pytest.mark.django_db


@pytest.fixture
def style(settings: Any) -> Any:
    settings.PLATFORM_FEE_PERCENT = 20
    settings.EARNINGS_HOLD_DAYS = 7
    return StyleFactory(price=100, name="=Wet")


def figures(artist: User) -> Earnings:
    artist.refresh_from_db()
    return earnings.of(artist)


def sell(style: Any, *, tokens: int = 0) -> Any:
    """A picture that is paid with ``tokens`` free ones, and the rest with money."""
    buyer = UserFactory(tokens=tokens)
    if tokens < style.price:
        buy(buyer, 100)
        User.objects.filter(pk=buyer.pk).update()
    return GenerationFactory(user=buyer, style=style, status="completed")


def test_earnings_are_on_hold_for_a_week(style: Any) -> None:
    artist = style.artist.user
    start = clock.now()
    with time_machine.travel(start, tick=False):
        sell(style)
        assert figures(artist) == Earnings(80, 80, 0, 0, 0)
    with time_machine.travel(start + timedelta(days=6, hours=23), tick=False):
        assert figures(artist) == Earnings(80, 80, 0, 0, 0)
        assert earnings.payable(artist, earnings.hold_ends()) == 0
    with time_machine.travel(start + timedelta(days=7, minutes=1), tick=False):
        sell(style)
        sell(style, tokens=100)
        assert figures(artist) == Earnings(240, 80, 80, 0, 80)
        assert earnings.payable(artist, earnings.hold_ends()) == 80
        assert [each.earned for each in earnings.sales(artist, "payable")] == [80]
        assert [each.earned for each in earnings.sales(artist, "hold")] == [80]
        paid = pay_out(artist, 80)
        Payout.objects.filter(pk=paid.pk).update(until=earnings.hold_ends())
        assert figures(artist) == Earnings(240, 80, 0, 80, 80)
        assert [each.earned for each in earnings.sales(artist, "paid")] == [80]
        assert not earnings.sales(artist, "payable").exists()


def test_what_is_reversed_on_hold_is_not_payable(style: Any) -> None:
    artist, keeper = style.artist.user, User.objects.create_superuser("keeper")
    start = clock.now()
    with time_machine.travel(start, tick=False):
        sell(style)
    with time_machine.travel(start + timedelta(days=8), tick=False):
        late = sell(style)
        reversal_service.refund(Licence.objects.get(pk=late.pk), staff=keeper, reason="Empty.")
        assert figures(artist) == Earnings(80, 0, 80, 0, 0)


def win(artist: User, decision: Decision) -> None:
    """The artist appeals against a reversal, and somebody else grants it."""
    stated = decision.statement_to_artist_id
    assert stated is not None
    made = appeals.appeal(user=artist, statement_id=stated, words="It was not empty.")
    appeals.judge(appeal_id=made.pk, staff=moderator(), is_granted=True, words="It was not.")


def test_what_an_appeal_gives_back_is_on_hold_as_its_sale_was(style: Any) -> None:
    artist, keeper = style.artist.user, User.objects.create_superuser("keeper")
    start = clock.now()
    with time_machine.travel(start, tick=False):
        sale = sell(style)
        licence = Licence.objects.get(pk=sale.pk)
        decision = reversal_service.refund(licence, staff=keeper, reason="Empty.")
    with time_machine.travel(start + timedelta(days=6), tick=False):
        assert figures(artist) == Earnings(0, 0, 0, 0, 0)
        win(artist, decision)
        assert figures(artist) == Earnings(80, 80, 0, 0, 0)
        assert Style.objects.with_earnings().get().earned == 80
        # The sale's own day has it again.
        daily = Transaction.objects.earned_daily(artist.pk, start - timedelta(days=1))
        assert daily == {start.date(): 80}
        [listed] = earnings.sales(artist, "hold")
        assert (listed.generation_id, listed.earned) == (sale.pk, 80)
        Style.objects.update(held_at=clock.now(), withdrawn_reason="Copied.", is_active=False)
    with time_machine.travel(start + timedelta(days=8), tick=False):
        assert figures(artist) == Earnings(80, 80, 0, 0, 0)
        Style.objects.update(held_at=None, withdrawn_reason="")
        assert figures(artist) == Earnings(80, 0, 80, 0, 0)


def test_spent_earnings_are_not_payable(style: Any) -> None:
    artist = style.artist.user
    start = clock.now()
    with time_machine.travel(start, tick=False):
        sell(style)
    with time_machine.travel(start + timedelta(days=8), tick=False):
        GenerationFactory(user=artist, style=StyleFactory(price=50), status="completed")
        assert figures(artist) == Earnings(80, 0, 30, 0, 0)


def test_a_statement_has_each_picture_with_its_licence(style: Any) -> None:
    artist = style.artist.user
    picture = sell(style)
    today = clock.now().date()
    found = statements.of(artist, today.replace(day=1))
    [line] = found.lines
    assert (line.price, line.fee, line.share, line.payable) == (100, 20, 80, 80)
    assert (line.picture, line.licence) == (picture.pk, picture.licence_number)
    assert found.totals == found.lifetime == statements.add_up([line])
    rows = list(csv.reader(statements.as_csv(found)))
    assert rows[0] == statements.COLUMNS
    assert rows[1][3] == "'=Wet"
    with pytest.raises(InvalidInput):
        statements.month_of("2026-13")
    for path in ("9999-12", "9999-12.csv", f"{today.year + 1}-{today.month:02}"):
        assert Api(artist).get(f"/api/statements/{path}").refusal == (404, "NOT_FOUND")


class TestAnyHistory(TestCase):
    @example([("sale", 1), ("reverse", 1), ("win", 1)])
    @example([("sale", 1), ("bonus", 1), ("reverse", 9), ("reverse", 0), ("win", 31), ("win", 1)])
    @example([("sale", 1), ("spend", 1), ("reverse", 1), ("win", 9), ("pay", 0)])
    @of_hypothesis(max_examples=12, deadline=None, suppress_health_check=[HealthCheck.too_slow])
    @given(
        st.lists(
            st.tuples(
                st.sampled_from(["sale", "bonus", "reverse", "win", "pay", "spend"]),
                st.integers(0, 20),
            ),
            max_size=8,
        )
    )
    def test_totals_are_the_ledgers(self, acts: list[tuple[str, int]]) -> None:
        style, keeper = StyleFactory(price=50), User.objects.create_superuser("keeper")
        artist, other, sold = style.artist.user, StyleFactory(price=10), []
        reversed_ones: list[Decision] = []
        now = clock.now()
        for act, days in acts:
            now += timedelta(days=days)
            with time_machine.travel(now, tick=False):
                artist.refresh_from_db()
                if act in {"sale", "bonus"}:
                    sold.append(sell(style, tokens=50 if act == "bonus" else 0))
                elif act == "reverse" and sold:
                    licence = Licence.objects.get(pk=sold.pop().pk)
                    made = reversal_service.refund(licence, staff=keeper, reason="Empty.")
                    # Who has nothing left to lose is given no statement.
                    reversed_ones += [made] if made.statement_to_artist_id else []
                elif act == "win" and reversed_ones:
                    win(artist, reversed_ones.pop())
                elif act == "pay" and (due := earnings.payable(artist, earnings.hold_ends())):
                    paid = pay_out(artist, due)
                    Payout.objects.filter(pk=paid.pk).update(status="paid")
                elif act == "spend" and artist.token_balance >= 10:
                    GenerationFactory(user=artist, style=other, status="completed")
        artist.refresh_from_db()
        assert audit_service.audit() == []
        times = Transaction.objects.values_list("created_at", flat=True)
        months = {each.date().replace(day=1) for each in times}
        with time_machine.travel(now, tick=False):
            found = [statements.of(artist, month) for month in sorted(months)]
        every = statements.add_up(line for each in found for line in each.lines)
        assert every == statements.lifetime(artist)
        moved = Transaction.objects.of(artist).exclude(type="consume")
        given_to = moved.filter(receiver=artist).aggregate(sum=Sum("amount"))["sum"] or 0
        taken = moved.filter(sender=artist).aggregate(sum=Sum("amount"))["sum"] or 0
        assert every.earned - every.taken_back - every.paid_out == given_to - taken
        assert Transaction.objects.earned_by(artist.pk) == every.earned - every.taken_back
        daily = Transaction.objects.earned_daily(artist.pk, min(times, default=now))
        assert sum(daily.values()) == every.earned - every.taken_back
        assert Style.objects.with_earnings().get(pk=style.pk).earned == sum(daily.values())
        shown = earnings.of(artist)
        assert shown.on_hold + shown.payable + shown.spendable == artist.token_balance
        assert min(shown.on_hold, shown.payable, shown.spendable) >= 0
