"""Many people order at the same moment: nobody pays too much, nothing is given away."""

import time
from collections import Counter
from collections.abc import Iterator
from concurrent.futures import Future, ThreadPoolExecutor
from contextlib import closing, contextmanager
from functools import partial

import pytest
from django.db import OperationalError, connection
from django.db.backends.base.base import BaseDatabaseWrapper
from django.db.models import Model

from app.models import Generation, OutboxMessage, Style, Transaction, User
from app.tests import ledger
from app.tests.api import Answer, Api
from app.tests.factories import ArtistFactory, GenerationFactory, StyleFactory, UserFactory
from app.tests.ordering import order, report
from app.tests.together import all_at_once, count_waiting

pytestmark = [pytest.mark.slow, pytest.mark.django_db(transaction=True)]


def test_two_hundred_orders_at_once_spend_exactly_the_balance():
    buyer = UserFactory(tokens=1000)
    style = StyleFactory(price=50)
    client = Api(buyer)
    answers = all_at_once([partial(order, client.twin(), style)] * 200, threads=20)

    assert Counter(answer.status for answer in answers) == {202: 20, 402: 180}
    accepted = [answer.data for answer in answers if answer.status == 202]
    assert sorted(answer["balance"] for answer in accepted) == list(range(0, 1000, 50))
    assert ledger.balance_of(buyer) == 0
    assert ledger.entries_of(buyer) == [("earn", 1000)] + [("consume", 50)] * 20
    assert Generation.objects.count() == OutboxMessage.objects.count() == 20
    ledger.assert_right()


def test_a_price_that_changes_meanwhile_is_charged_as_it_was_answered():
    buyer = UserFactory(tokens=100_000)
    artist = ArtistFactory().user
    style = StyleFactory(artist=artist.artist, price=1)
    client, seller = Api(buyer), Api(artist)
    orders = [partial(order, client.twin(), style, aspect_ratio="2:2") for _ in range(200)]
    prices = [
        partial(seller.twin().patch, f"/api/models/{style.pk}", {"price": price})
        for price in range(2, 42)
    ]
    calls = [call for n in range(40) for call in (*orders[n * 5 : n * 5 + 5], prices[n])]
    answers = [answer for answer in all_at_once(calls, threads=12) if answer.status == 202]

    answered = {answer.data["generation_id"]: answer.data["cost"] for answer in answers}
    assert len(answered) == 200
    assert len(set(answered.values())) > 10
    charges = Transaction.objects.filter(type="consume")
    assert dict(charges.values_list("generation_id", "amount")) == answered
    assert ledger.balance_of(buyer) == 100_000 - sum(answered.values())

    worker = Api(authorization="Bearer development-internal-token")
    for generation in Generation.objects.all():
        assert report(worker, generation, "failed").status == 200
    refunds = Transaction.objects.filter(type="refund")
    assert dict(refunds.values_list("generation_id", "amount")) == answered
    assert ledger.balance_of(buyer) == 100_000
    ledger.assert_right()


def test_buyers_of_one_another_are_paid_without_a_deadlock():
    """Each artist orders from the other while their own pictures complete."""
    artists = [ArtistFactory(user__tokens=500).user for _ in range(2)]
    styles = [StyleFactory(artist=artist.artist, price=10) for artist in artists]
    worker = Api(authorization="Bearer development-internal-token")
    clients = [Api(artist) for artist in artists]

    def buy_and_complete(client: Api, style: Style) -> int:
        generation = Generation.objects.get(pk=order(client, style).data["generation_id"])
        return report(worker.twin(), generation, "completed").status

    calls = [
        partial(buy_and_complete, clients[n % 2].twin(), styles[(n + 1) % 2]) for n in range(40)
    ]
    assert all_at_once(calls, threads=10) == [200] * 40
    assert [ledger.balance_of(artist) for artist in artists] == [500, 500]
    assert list(Style.objects.order_by("pk").values_list("usage_count", flat=True)) == [20, 20]
    ledger.assert_right()


class TestLocksOfAReport:
    """One statement locks the picture and then its artist's balance, the order of all code."""

    def test_the_picture_is_locked_while_the_balance_is_waited_for(self):
        generation = GenerationFactory(status="processing", style__price=10)
        artist = generation.style.artist.user
        with another_connection() as other:
            lock(other, User, artist.pk)
            with report_that_waits(generation, other) as reported:
                with pytest.raises(OperationalError, match="could not obtain lock"):
                    lock(connection, Generation, generation.pk)
                other.cursor().execute(
                    "UPDATE app_user SET token_balance = 7 WHERE role = 'artist'"
                )
                other.commit()
            assert reported.result(timeout=30).status == 200
        # What was paid meanwhile is not lost.
        assert ledger.balance_of(artist) == 7 + 10

    def test_the_balance_is_free_while_the_picture_is_waited_for(self):
        generation = GenerationFactory(status="processing", style__price=10)
        with another_connection() as other:
            lock(other, Generation, generation.pk)
            with report_that_waits(generation, other) as reported:
                lock(connection, User, generation.style.artist_id)
                other.commit()
            assert reported.result(timeout=30).status == 200
        ledger.assert_right()


@contextmanager
def another_connection() -> Iterator[BaseDatabaseWrapper]:
    """One with a transaction begun."""
    other = connection.copy()
    with closing(other):
        other.set_autocommit(False)
        yield other


@contextmanager
def report_that_waits(
    generation: Generation, other: BaseDatabaseWrapper
) -> Iterator[Future[Answer]]:
    """The report that ``generation`` is completed, waiting for a lock that ``other`` has."""
    worker = Api(authorization="Bearer development-internal-token")
    completed = partial(report, worker, generation, "completed")
    with ThreadPoolExecutor(1) as executor:
        reported = executor.submit(lambda: all_at_once([completed])[0])
        try:
            for _ in range(500):
                if reported.done() or count_waiting() == 1:
                    break
                time.sleep(0.01)
            assert not reported.done()
            yield reported
        finally:
            other.rollback()


def lock(through: BaseDatabaseWrapper, model: type[Model], key: int) -> None:
    """Lock a row for a moment, or for the transaction under way; fails when somebody else has."""
    with through.cursor() as cursor:
        table = model._meta.db_table
        cursor.execute(f"SELECT FROM {table} WHERE id = %s FOR NO KEY UPDATE NOWAIT", [key])
