"""Artists hear of their sales once a day, whatever breaks off."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest
import time_machine
from django.core.management import call_command
from django.db import DatabaseError, connection

from app.models import Artist, Notification, SalesDay, Style, User
from app.services import reversal_service, sales_service, user_service
from app.services.audit_service import audit
from app.services.token_service import TokenService
from app.tests.api import Api
from app.tests.factories import (
    ArtistFactory,
    GenerationFactory,
    StyleFactory,
    UserFactory,
    give_tokens,
)
from app.tests.ordering import report
from app.tests.together import all_at_once

pytestmark = pytest.mark.django_db

# Noon of 27 November in Seoul, which is nine hours ahead of UTC.
NOON = datetime(2026, 11, 27, 3, 0, tzinfo=UTC)
MIDNIGHT = datetime(2026, 11, 27, 15, 0, tzinfo=UTC)


@pytest.fixture
def clock() -> Iterator[Any]:
    """Stopped at noon. The relay runs since yesterday."""
    with time_machine.travel(NOON, tick=False) as traveller:
        assert sales_service.tell_of_sales() == 0
        yield traveller


@pytest.fixture
def style(artist: User) -> Style:
    return StyleFactory(artist=artist.artist, name="Fog", price=10)


def told(artist: User) -> list[dict[str, Any]]:
    rows = Api(artist).get("/api/notifications").results
    return [row for row in rows if row["type"] == "sales"]


def test_a_day_is_told_once_with_all_its_styles(clock, artist, style, buyer):
    ink = StyleFactory(artist=artist.artist, name="Ink", price=15)
    for sold in (style, ink, ink):
        GenerationFactory(style=sold)
    GenerationFactory(style=style, aspect_ratio="1:2")
    assert sales_service.tell_of_sales() == 0
    clock.move_to(MIDNIGHT + sales_service.SETTLED)
    assert [sales_service.tell_of_sales() for _ in range(3)] == [1, 0, 0]
    [row] = told(artist)
    assert row["message"] == (
        "You sold 4 pictures on 2026-11-27 and earned 52 tokens: Ink (2), Fog (2)."
    )
    assert row["parameters"] == {
        "day": "2026-11-27",
        "zone": "Asia/Seoul",
        "count": 4,
        "earned": 52,
        "styles": [
            {"id": ink.pk, "name": "Ink", "count": 2, "earned": 30},
            {"id": style.pk, "name": "Fog", "count": 2, "earned": 22},
        ],
    }
    assert (row["target"], row["subject"]) == ({"type": "style", "id": ink.pk}, "Ink")
    assert (row["is_read"], row["actor"]) == (False, None)


def test_each_artist_is_told_of_their_own(clock, artist, style):
    other = StyleFactory(name="Rain", price=3)
    silent = ArtistFactory()
    for sold in (style, other):
        GenerationFactory(style=sold)
    clock.shift(timedelta(days=1))
    assert sales_service.tell_of_sales() == 2
    assert [row["parameters"]["earned"] for row in told(artist)] == [10]
    [row] = told(other.artist.user)
    assert row["message"] == "You sold 1 picture on 2026-11-27 and earned 3 tokens: Rain."
    assert told(silent.user) == []


def test_many_styles_are_named_up_to_a_point(clock, artist):
    for number in range(7):
        GenerationFactory(style=StyleFactory(artist=artist.artist, name=f"100 % {number}"))
    clock.shift(timedelta(days=1))
    sales_service.tell_of_sales()
    [row] = told(artist)
    named = ", ".join(f"100 % {number} (1)" for number in range(5))
    assert row["message"].endswith(f"earned 70 tokens: {named}, ….")
    assert len(row["parameters"]["styles"]) == 7


def test_a_day_ends_at_midnight_in_seoul(clock, artist, style):
    second = timedelta(seconds=1)
    clock.move_to(MIDNIGHT - second)
    GenerationFactory(style=style)
    clock.move_to(MIDNIGHT)
    GenerationFactory(style=style)
    GenerationFactory(style=style)
    # What was booked before midnight may not be committed yet.
    clock.move_to(MIDNIGHT + sales_service.SETTLED - second)
    assert sales_service.tell_of_sales() == 0
    clock.shift(second)
    assert sales_service.tell_of_sales() == 1
    clock.shift(timedelta(days=1))
    assert sales_service.tell_of_sales() == 1
    assert [(row["parameters"]["day"], row["parameters"]["count"]) for row in told(artist)] == [
        ("2026-11-28", 2),
        ("2026-11-27", 1),
    ]


def test_what_is_refunded_is_no_sale(clock, artist, style):
    for status in ("failed", "canceled", "queued"):
        GenerationFactory(style=style, status=status)
    clock.shift(timedelta(days=1))
    assert sales_service.tell_of_sales() == 0
    GenerationFactory(style=style, status="failed")
    GenerationFactory(style=style)
    taken_back = GenerationFactory(style=style).licence
    reversal_service.refund(taken_back, staff=UserFactory(is_staff=True), reason="Stolen.")
    clock.shift(timedelta(days=1))
    assert sales_service.tell_of_sales() == 1
    [row] = told(artist)
    assert (row["parameters"]["count"], row["parameters"]["earned"]) == (1, 10)
    assert audit() == []


def test_an_order_is_sold_on_the_day_it_is_delivered(clock, artist, style, as_worker):
    clock.move_to(MIDNIGHT - timedelta(minutes=1))
    ordered = GenerationFactory(style=style, status="processing")
    clock.move_to(MIDNIGHT + timedelta(minutes=1))
    assert report(as_worker, ordered, "completed").status == 200
    clock.shift(timedelta(hours=25))
    assert sales_service.tell_of_sales() == 1
    assert [row["parameters"]["day"] for row in told(artist)] == ["2026-11-28"]


def test_a_day_without_sales_is_not_told(clock, artist, style):
    for _ in range(3):
        clock.shift(timedelta(days=1))
        assert sales_service.tell_of_sales() == 0
    assert SalesDay.objects.count() == 4


def test_nobody_sells_to_themselves(clock, artist, style):
    GenerationFactory(style=style, user=artist)
    clock.shift(timedelta(days=1))
    assert sales_service.tell_of_sales() == 0


def test_whoever_has_left_is_not_told(clock, artist, style):
    GenerationFactory(style=style)
    user_service.close_account(artist)
    clock.shift(timedelta(days=1))
    assert sales_service.tell_of_sales() == 0
    assert not Notification.objects.filter(type="sales").exists()


def test_tokens_that_are_given_are_no_sale(clock, artist, style):
    """A gift and the bonus are earned without a picture."""
    give_tokens(artist, 500)
    TokenService.grant_welcome_bonus(artist.pk, 100)
    clock.shift(timedelta(days=1))
    assert sales_service.tell_of_sales() == 0


def test_the_fee_is_not_earned(clock, artist, style, settings):
    settings.PLATFORM_FEE_PERCENT = 20
    GenerationFactory(style=style)
    clock.shift(timedelta(days=1))
    sales_service.tell_of_sales()
    assert told(artist)[0]["parameters"]["earned"] == 8


def test_the_first_relay_tells_nothing_of_the_past(artist, style):
    GenerationFactory(style=style)
    with time_machine.travel(datetime.now(UTC) + timedelta(days=3), tick=False):
        assert sales_service.tell_of_sales() == 0
        assert sales_service.tell_of_sales() == 0


def test_days_without_a_relay_are_made_up_for(clock, artist, style):
    for _ in range(3):
        GenerationFactory(style=style)
        clock.shift(timedelta(days=2))
    assert sales_service.tell_of_sales() == 3
    assert [row["parameters"]["day"] for row in told(artist)] == [
        *("2026-12-01", "2026-11-29", "2026-11-27"),
    ]


REFUSE = """
    CREATE FUNCTION refuse() RETURNS trigger LANGUAGE plpgsql AS $$
    BEGIN
        IF NEW.recipient_id = {artist} THEN RAISE EXCEPTION 'the disk is full'; END IF;
        RETURN NEW;
    END $$;
    CREATE TRIGGER refuse BEFORE INSERT ON app_notification FOR EACH ROW EXECUTE FUNCTION refuse();
"""


def test_what_breaks_off_is_begun_again(clock, artist, style, monkeypatch):
    """In the middle of a day's notifications, and in the middle of several days."""
    monkeypatch.setattr(sales_service, "BATCH", 1)
    last: Artist = ArtistFactory()
    for sold in (style, StyleFactory(artist=last)):
        GenerationFactory(style=sold)
    clock.shift(timedelta(days=1))
    GenerationFactory(style=style)
    clock.shift(timedelta(days=1))
    with connection.cursor() as cursor:
        cursor.execute(REFUSE.format(artist=last.pk))
        with pytest.raises(DatabaseError, match="the disk is full"):
            sales_service.tell_of_sales()
        assert (told(artist), told(last.user)) == ([], [])
        cursor.execute("DROP TRIGGER refuse ON app_notification")
    assert sales_service.tell_of_sales() == 3
    assert [len(told(artist)), len(told(last.user))] == [2, 1]


@pytest.mark.django_db(transaction=True)
def test_several_relays_tell_once(artist, style):
    with time_machine.travel(NOON, tick=False) as clock:
        sales_service.tell_of_sales()
        GenerationFactory(style=style)
        clock.shift(timedelta(days=2))
        counts = all_at_once([sales_service.tell_of_sales] * 6)
    assert sum(counts) == 1
    assert Notification.objects.filter(type="sales").count() == 1


@pytest.mark.django_db(transaction=True)
def test_the_relay_does_it(artist, style):
    call_command("relay_outbox", once=True)
    GenerationFactory(style=style)
    # Sessions and the like expire in between, which matters to nobody here.
    with time_machine.travel(datetime.now(UTC) + timedelta(days=2)):
        for _ in range(2):
            call_command("relay_outbox", once=True)
    assert Notification.objects.get(type="sales").recipient_id == artist.pk


def test_looking_at_the_style_reads_it(clock, artist, style):
    GenerationFactory(style=style)
    clock.shift(timedelta(days=1))
    sales_service.tell_of_sales()
    Api(artist).get(f"/api/models/{style.pk}")
    assert [row["is_read"] for row in told(artist)] == [True]
