"""The one door to balances, called by one and by many."""

import random
import threading
from collections import Counter
from collections.abc import Callable
from functools import partial
from typing import Any

import pytest
from django.db import IntegrityError, connection, transaction
from django.test.utils import CaptureQueriesContext

from app.exceptions import InsufficientTokensError, InvalidInput, NotFound
from app.models import Purchase, Transaction, User
from app.services import token_service
from app.services.token_service import TokenService, lock_users
from app.tests import ledger
from app.tests.factories import GenerationFactory, UserFactory
from app.tests.together import all_at_once

# A method of the service, amount, reason, and what it is for.
Call = tuple[str, int, str, dict[str, Any]]


def consume(user: User, amount: int) -> bool:
    """Whether the user could pay."""
    try:
        return TokenService.consume_tokens(user.pk, amount, "test")
    except InsufficientTokensError:
        return False


@pytest.mark.django_db
class TestOneAtATime:
    def test_adding_tokens_increases_the_balance(self):
        user = UserFactory()
        TokenService.add_tokens(user.pk, 100, "welcome_bonus")
        assert ledger.balance_of(user) == 100
        [entry] = Transaction.objects.of(user)
        assert (entry.sender, entry.receiver, entry.type, entry.amount, entry.memo) == (
            *(None, user, "earn", 100, "welcome_bonus"),
        )

    def test_tokens_added_for_a_purchase_are_entered_as_one(self):
        user = UserFactory()
        TokenService.add_tokens(user.pk, 300, "purchase")
        assert ledger.entries_of(user) == [("purchase", 300)]

    def test_consuming_tokens_decreases_the_balance(self):
        user = UserFactory(tokens=100)
        assert TokenService.consume_tokens(user.pk, 40, "a picture") is True
        assert ledger.balance_of(user) == 60
        entry = Transaction.objects.of(user).first()
        assert (entry.sender, entry.receiver, entry.type, entry.amount, entry.memo) == (
            *(user, None, "consume", 40, "a picture"),
        )

    def test_the_last_token_can_be_consumed(self):
        user = UserFactory(tokens=40)
        assert TokenService.consume_tokens(user.pk, 40, "a picture")
        assert ledger.balance_of(user) == 0

    def test_refunding_gives_tokens_back(self):
        user = UserFactory(tokens=100)
        TokenService.consume_tokens(user.pk, 40, "a picture")
        TokenService.refund_tokens(user.pk, 40, "generation_failed")
        assert ledger.balance_of(user) == 100
        assert ledger.entries_of(user) == [("earn", 100), ("consume", 40), ("refund", 40)]

    def test_welcome_bonus_is_given_once(self):
        user = UserFactory()
        assert TokenService.grant_welcome_bonus(user.pk, 100) is True
        assert TokenService.grant_welcome_bonus(user.pk, 100) is False
        assert ledger.balance_of(user) == 100
        assert ledger.entries_of(user) == [("earn", 100)]

    def test_a_welcome_bonus_of_nothing_leaves_no_entry(self):
        user = UserFactory()
        assert TokenService.grant_welcome_bonus(user.pk, 0) is False
        assert ledger.entries_of(user) == []


@pytest.mark.django_db(transaction=True)
class TestRefusals:
    def test_consuming_more_than_there_is_changes_nothing(self):
        user = UserFactory(tokens=100)
        before = ledger.snapshot()
        with pytest.raises(InsufficientTokensError) as refused:
            TokenService.consume_tokens(user.pk, 101, "a picture")
        assert refused.value.details == {"required": 101, "available": 100}
        assert ledger.snapshot() == before

    @pytest.mark.parametrize("amount", [0, -1])
    @pytest.mark.parametrize("method", ["add_tokens", "consume_tokens", "refund_tokens"])
    def test_amounts_are_above_zero(self, method, amount):
        user = UserFactory(tokens=100)
        before = ledger.snapshot()
        with pytest.raises(InvalidInput):
            getattr(TokenService, method)(user.pk, amount, "test")
        assert ledger.snapshot() == before

    @pytest.mark.parametrize("method", ["add_tokens", "consume_tokens", "refund_tokens"])
    def test_nobody_has_no_balance(self, method):
        before = ledger.snapshot()
        with pytest.raises(NotFound):
            getattr(TokenService, method)(2**40, 10, "test")
        assert ledger.snapshot() == before

    def test_the_database_refuses_a_balance_below_zero(self):
        user = UserFactory(tokens=100)
        with pytest.raises(IntegrityError, match="user_balance_not_negative"):
            User.objects.filter(pk=user.pk).update(token_balance=-1)
        assert ledger.balance_of(user) == 100

    @pytest.mark.parametrize("change", ["UPDATE app_transaction SET amount = 1", "DELETE FROM"])
    def test_the_database_refuses_to_change_or_delete_entries(self, change):
        user = UserFactory(tokens=100)
        statement = change if "SET" in change else f"{change} app_transaction"
        with (
            pytest.raises(IntegrityError, match="written once"),
            connection.cursor() as cursor,
        ):
            cursor.execute(statement)
        assert ledger.entries_of(user) == [("earn", 100)]


@pytest.mark.django_db(transaction=True)
class TestManyAtOnce:
    def test_twenty_simultaneous_consumers_take_exactly_what_there_is(self):
        user = UserFactory(tokens=1000)
        paid = all_at_once([partial(consume, user, 50)] * 20, threads=20)
        assert paid == [True] * 20
        assert ledger.balance_of(user) == 0
        assert ledger.entries_of(user) == [("earn", 1000)] + [("consume", 50)] * 20
        ledger.assert_right()

    def test_those_who_come_too_late_are_refused(self):
        user = UserFactory(tokens=500)
        paid = all_at_once([partial(consume, user, 50)] * 20, threads=20)
        assert Counter(paid) == {True: 10, False: 10}
        assert ledger.balance_of(user) == 0
        assert ledger.entries_of(user) == [("earn", 500)] + [("consume", 50)] * 10
        ledger.assert_right()

    def test_adding_and_consuming_at_once_loses_nothing(self):
        user = UserFactory(tokens=1000)
        adds = [partial(TokenService.add_tokens, user.pk, 30, "test")] * 20
        consumes = [partial(consume, user, 50)] * 20
        calls = adds + consumes
        random.Random(7).shuffle(calls)
        all_at_once(calls, threads=20)
        assert ledger.balance_of(user) == 1000 + 20 * 30 - 20 * 50
        assert Transaction.objects.of(user).count() == 41
        ledger.assert_right()

    def test_refunds_at_once_are_all_counted(self):
        user = UserFactory(tokens=1000)
        TokenService.consume_tokens(user.pk, 1000, "test")
        refund = partial(TokenService.refund_tokens, user.pk, 50, "generation_failed")
        all_at_once([refund] * 20, threads=20)
        assert ledger.balance_of(user) == 1000
        ledger.assert_right()

    def test_the_welcome_bonus_is_given_once_to_many_who_ask_at_once(self):
        user = UserFactory()
        given = all_at_once([partial(TokenService.grant_welcome_bonus, user.pk, 100)] * 10)
        assert Counter(given) == {True: 1, False: 9}
        assert ledger.balance_of(user) == 100

    def test_without_the_lock_money_is_lost(self, monkeypatch):
        """The control of the tests above: the same two consumers, the lock taken out."""
        user = UserFactory(tokens=1000)
        both_have_read = threading.Barrier(2)

        def read_without_lock(*user_ids: int) -> dict[int, User]:
            found = User.objects.in_bulk(user_ids)
            both_have_read.wait(10)
            return found

        monkeypatch.setattr(token_service, "lock_users", read_without_lock)
        assert all_at_once([partial(consume, user, 50)] * 2) == [True, True]
        assert ledger.balance_of(user) == 950
        assert ledger.entries_of(user) == [("earn", 1000), ("consume", 50), ("consume", 50)]


@pytest.mark.django_db(transaction=True)
def test_a_change_that_is_rolled_back_leaves_neither_balance_nor_entry():
    user = UserFactory(tokens=100)

    def fail_after_paying() -> None:
        with transaction.atomic():
            TokenService.consume_tokens(user.pk, 40, "a picture")
            raise ZeroDivisionError

    before = ledger.snapshot()
    with pytest.raises(ZeroDivisionError):
        fail_after_paying()
    assert ledger.snapshot() == before


def too_much(user: User) -> Call:
    return "consume_tokens", 101, "a picture", {}


def a_second_charge(user: User) -> Call:
    picture = GenerationFactory(user=user, status="failed")
    return "consume_tokens", 10, "generation", {"generation": picture}


def a_second_refund(user: User) -> Call:
    picture = GenerationFactory(user=user, status="failed")
    return "refund_tokens", 10, "generation_failed", {"generation": picture}


def a_payment_for_what_was_refunded(user: User) -> Call:
    picture = GenerationFactory(user=user, status="failed")
    return "add_tokens", 10, "generation", {"generation": picture}


def a_purchase_given_twice(user: User) -> Call:
    purchase = Purchase.objects.create(user=user, amount=100, gateway_reference="once")
    TokenService.add_tokens(UserFactory().pk, 100, "purchase", purchase=purchase)
    return "add_tokens", 100, "purchase", {"purchase": purchase}


def a_second_welcome(user: User) -> Call:
    with transaction.atomic():
        TokenService.add_tokens(user.pk, 30, "welcome_bonus")
        TokenService.consume_tokens(user.pk, 30, "a picture")
    return "add_tokens", 30, "welcome_bonus", {}


def more_than_an_entry_holds(user: User) -> Call:
    return "add_tokens", 2**31, "gift", {}


def a_longer_reason_than_an_entry_holds(user: User) -> Call:
    return "add_tokens", 10, "x" * 101, {}


@pytest.mark.django_db(transaction=True)
class TestWithinATransaction:
    """The caller may catch what is raised, go on, and commit."""

    @pytest.mark.parametrize("is_locked", [False, True], ids=["locks", "is given the lock"])
    @pytest.mark.parametrize(
        ("refused", "error"),
        [
            (too_much, InsufficientTokensError),
            (a_second_charge, IntegrityError),
            (a_second_refund, IntegrityError),
            (a_payment_for_what_was_refunded, IntegrityError),
            (a_purchase_given_twice, IntegrityError),
            (a_second_welcome, IntegrityError),
            (more_than_an_entry_holds, InvalidInput),
            (a_longer_reason_than_an_entry_holds, InvalidInput),
        ],
    )
    def test_after_a_refusal_it_goes_on(self, refused, error, is_locked):
        user, other = UserFactory(tokens=100), UserFactory()
        method, amount, reason, options = refused(user)
        entries = ledger.entries_of(user)
        with transaction.atomic():
            UserFactory(username="written-before")
            locked = lock_users(user.pk)[user.pk] if is_locked else None
            with pytest.raises(error):
                getattr(TokenService, method)(user.pk, amount, reason, locked=locked, **options)
            assert ledger.balance_of(user) == 100
            assert locked is None or locked.token_balance == 100
            # The user's own, and somebody else's.
            TokenService.consume_tokens(user.pk, 40, "a picture", locked=locked)
            TokenService.add_tokens(other.pk, 7, "gift")
        assert User.objects.filter(username="written-before").exists()
        assert (ledger.balance_of(user), ledger.balance_of(other)) == (60, 7)
        assert ledger.entries_of(user) == [*entries, ("consume", 40)]
        assert_balances_add_up()

    @pytest.mark.parametrize("method", ["add_tokens", "consume_tokens", "refund_tokens"])
    @pytest.mark.parametrize(("amount", "error"), [(0, InvalidInput), (10, NotFound)])
    def test_what_makes_no_sense_leaves_it_whole(self, method, amount, error):
        user = UserFactory(tokens=100)
        with transaction.atomic():
            with pytest.raises(error):
                getattr(TokenService, method)(2**40, amount, "test")
            getattr(TokenService, method)(user.pk, 10, "test")
        assert ledger.balance_of(user) == (90 if method == "consume_tokens" else 110)
        assert_balances_add_up()

    def test_each_is_one_write_and_no_savepoint(self):
        user = UserFactory(tokens=100)
        take = partial(TokenService.consume_tokens, user.pk, 1, "a picture")
        assert statements_of(take) == ["BEGIN", "SELECT", "WITH", "COMMIT"]
        with transaction.atomic():
            assert statements_of(take) == ["SELECT", "WITH"]
            locked = lock_users(user.pk)[user.pk]
            assert statements_of(partial(take, locked=locked)) == ["WITH"]
        assert ledger.balance_of(user) == 97

    def test_the_lock_that_is_handed_over_is_the_users_and_is_held(self):
        user, other = UserFactory(tokens=100), UserFactory(tokens=100)
        before = ledger.snapshot()
        with pytest.raises(ValueError, match="locked in the transaction"):
            TokenService.consume_tokens(user.pk, 1, "a picture", locked=user)
        with transaction.atomic():
            locked = lock_users(user.pk)[user.pk]
            with pytest.raises(ValueError, match="this user"):
                TokenService.add_tokens(other.pk, 1, "gift", locked=locked)
        assert ledger.snapshot() == before


def statements_of(act: Callable[[], object]) -> list[str]:
    """The first words of what is asked of the database."""
    with CaptureQueriesContext(connection) as queries:
        act()
    return [query["sql"].split()[0] for query in queries.captured_queries]


def assert_balances_add_up() -> None:
    """That, and not more: here pictures' money moves without the pictures."""
    moved: Counter[int] = Counter()
    for entry in Transaction.objects.all():
        moved[entry.sender_id or entry.receiver_id or 0] += (
            -entry.amount if entry.sender_id else entry.amount
        )
    for user in User.objects.all():
        assert user.token_balance == moved[user.pk]
