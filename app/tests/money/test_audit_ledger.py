"""`manage.py audit_ledger` finds what is wrong with the books, and only that."""

from io import StringIO

import pytest
from django.core.management import call_command
from django.db import connection

from app.models import Generation, Order, Purchase, Transaction, User
from app.services import payment_service, reversal_service
from app.services.orders import placing
from app.services.pots import Pots
from app.services.token_service import TokenService
from app.tests import ledger
from app.tests.factories import GenerationFactory, StyleFactory, UserFactory

pytestmark = pytest.mark.django_db


@pytest.fixture
def books() -> dict[str, Generation]:
    """A picture of every outcome, and a purchase; all of it right."""
    style = StyleFactory()
    buyer = UserFactory(tokens=100)
    payment_service.record_purchase(
        user=buyer,
        amount=500,
        payment_method="card",
        payment=payment_service.Payment("test", "reference"),
    )
    statuses = ("queued", "processing", "completed", "failed", "canceled")
    return {name: GenerationFactory(user=buyer, style=style, status=name) for name in statuses}


@pytest.fixture
def corrupt():
    """Run SQL that the database would refuse: the ledger's trigger and constraints are off."""

    def run(statement: str, *values: object) -> None:
        with connection.cursor() as cursor:
            cursor.execute("SET CONSTRAINTS ALL IMMEDIATE")
            cursor.execute("ALTER TABLE app_transaction DISABLE TRIGGER transaction_append_only")
            cursor.execute(statement, values)
            cursor.execute("ALTER TABLE app_transaction ENABLE TRIGGER transaction_append_only")

    return run


def audit() -> tuple[int, str]:
    """Exit code and output of the command."""
    out, err = StringIO(), StringIO()
    try:
        call_command("audit_ledger", stdout=out, stderr=err)
    except SystemExit as ended:
        return int(ended.code), err.getvalue()
    return 0, out.getvalue()


def test_right_books_pass(books):
    assert audit() == (0, "The ledger is right: every balance and every picture adds up.\n")


def test_a_changed_balance_is_named(books, corrupt):
    buyer = books["queued"].user
    balance = ledger.balance_of(buyer)
    corrupt("UPDATE app_user SET token_balance = token_balance + 1 WHERE id = %s", buyer.pk)
    code, found = audit()
    assert code == 1
    assert f"user {buyer.pk}: balance is {balance + 1}, the ledger says {balance}" in found
    assert "all accounts: users hold" in found


def test_a_negative_balance_is_named(books, corrupt):
    user = UserFactory()
    corrupt("ALTER TABLE app_user DROP CONSTRAINT user_balance_not_negative")
    corrupt("UPDATE app_user SET token_balance = -5 WHERE id = %s", user.pk)
    code, found = audit()
    assert code == 1
    assert f"user {user.pk}: balance is -5" in found


def test_a_deleted_charge_is_named_with_its_buyer(books, corrupt):
    picture = books["queued"]
    corrupt("DELETE FROM app_transaction WHERE generation_id = %s", picture.pk)
    code, found = audit()
    assert code == 1
    assert f"generation {picture.pk}: cost is 10, charged nothing" in found
    assert f"user {picture.user_id}: balance is" in found


def test_an_added_entry_is_named(books, corrupt):
    artist = books["completed"].style.artist.user
    corrupt(
        "INSERT INTO app_transaction (receiver_id, type, amount, memo, created_at)"
        " VALUES (%s, 'earn', 77, '', now())",
        artist.pk,
    )
    code, found = audit()
    assert code == 1
    assert f"user {artist.pk}: balance is 10, the ledger says 87" in found


def test_a_changed_charge_is_named(books, corrupt):
    picture = books["completed"]
    corrupt(
        "UPDATE app_transaction SET amount = 9 WHERE generation_id = %s AND type = 'consume'",
        picture.pk,
    )
    assert f"generation {picture.pk}: cost is 10, charged 9" in audit()[1]


def test_a_charge_of_somebody_else_is_named(books, corrupt):
    picture = books["completed"]
    corrupt(
        "UPDATE app_transaction SET sender_id = %s WHERE generation_id = %s AND type = 'consume'",
        *(UserFactory().pk, picture.pk),
    )
    assert f"generation {picture.pk}: cost is 10, charged 10" in audit()[1]


@pytest.mark.parametrize("status", ["failed", "canceled"])
def test_a_missing_refund_is_named(books, corrupt, status):
    picture = books[status]
    corrupt("DELETE FROM app_transaction WHERE generation_id = %s AND type = 'refund'", picture.pk)
    assert f"generation {picture.pk}: is {status}, cost 10, refunded 0" in audit()[1]


def test_a_refund_of_less_than_the_cost_is_named(books, corrupt):
    picture = books["failed"]
    corrupt(
        "UPDATE app_transaction SET amount = 9 WHERE generation_id = %s AND type = 'refund'",
        picture.pk,
    )
    assert f"generation {picture.pk}: is failed, cost 10, refunded 9" in audit()[1]


@pytest.mark.parametrize("status", ["queued", "processing", "completed"])
def test_a_refund_that_nobody_is_owed_is_named(books, corrupt, status):
    picture = books[status]
    if status == "completed":
        corrupt("DROP INDEX transaction_settle_once")
    corrupt(
        "INSERT INTO app_transaction (receiver_id, type, amount, memo, generation_id, created_at)"
        " VALUES (%s, 'refund', 10, '', %s, now())",
        *(picture.user_id, picture.pk),
    )
    assert f"generation {picture.pk}: is {status} and was refunded" in audit()[1]


def test_an_artist_paid_twice_is_named(books, corrupt):
    picture = books["completed"]
    corrupt("DROP INDEX transaction_settle_once")
    corrupt(
        "INSERT INTO app_transaction (receiver_id, type, amount, memo, generation_id, created_at)"
        " VALUES (%s, 'earn', 10, '', %s, now())",
        *(picture.style.artist_id, picture.pk),
    )
    assert f"generation {picture.pk}: cost 10, paid out 20 in 2 entries" in audit()[1]


def test_an_artist_who_was_not_paid_is_named(books, corrupt):
    picture = books["completed"]
    corrupt("DELETE FROM app_transaction WHERE generation_id = %s AND type = 'earn'", picture.pk)
    assert f"generation {picture.pk}: is completed and its artist got nothing" in audit()[1]


def test_an_artist_paid_for_a_failed_picture_is_named(books, corrupt):
    picture = books["failed"]
    corrupt(
        "UPDATE app_transaction SET type = 'earn', receiver_id = %s"
        " WHERE generation_id = %s AND type = 'refund'",
        *(picture.style.artist_id, picture.pk),
    )
    found = audit()[1]
    assert f"generation {picture.pk}: cost 10, paid out 10 in 1 entries" in found
    assert f"generation {picture.pk}: is failed, cost 10, refunded 0" in found


def test_a_purchase_that_gave_other_tokens_is_named(books, corrupt):
    purchase = Purchase.objects.get()
    corrupt("UPDATE app_transaction SET amount = 600 WHERE purchase_id = %s", purchase.pk)
    found = audit()[1]
    assert f"purchase {purchase.pk}: is paid, bought 500, given 600" in found
    assert "gateway:test: should be 500, the ledger says 600" in found


def test_a_purchase_that_gave_nothing_is_named(books, corrupt):
    purchase = Purchase.objects.get()
    corrupt("DELETE FROM app_transaction WHERE purchase_id = %s", purchase.pk)
    assert f"purchase {purchase.pk}: is paid, bought 500, given 0" in audit()[1]


@pytest.fixture
def reversed_sale(books) -> Generation:
    picture = books["completed"]
    keeper = User.objects.create_superuser("keeper", "keeper@example.com", "keeps")
    reversal_service.refund(picture.licence, staff=keeper, reason="It came out empty.")
    TokenService.give_back(User.objects.get(pk=picture.style.artist_id), 10, picture, moved=Pots())
    return picture


def test_a_reversed_sale_is_right(reversed_sale):
    assert audit()[0] == 0


REVERSED = "WHERE generation_id = %s AND memo = 'generation_reversed'"


@pytest.mark.parametrize(
    ("change", "found"),
    [
        ("UPDATE app_transaction SET amount = 9 {of} AND type = 'refund'", "refund 9, reversal 10"),
        (
            "UPDATE app_transaction SET amount = 11 {of} AND type = 'reversal'",
            "refund 10, reversal 11",
        ),
        ("DELETE FROM app_transaction {of} AND type = 'refund'", "reversed: reversal 10"),
        (
            "UPDATE app_transaction SET sender_id = (SELECT user_id FROM app_generation"
            " WHERE id = app_transaction.generation_id) {of} AND type = 'reversal'",
            "refund 10, reversal 10",
        ),
        ("UPDATE app_transaction SET amount = 11 {of} AND type = 'rev_ret'", "rev_ret 11"),
        (
            "UPDATE app_transaction SET receiver_id = (SELECT user_id FROM app_generation"
            " WHERE id = app_transaction.generation_id) {of} AND type = 'rev_ret'",
            "rev_ret 10",
        ),
    ],
    ids=[
        *("less to the buyer", "more than the payout", "nothing to the buyer"),
        *("from somebody else", "more back than was taken", "back to somebody else"),
    ],
)
def test_a_wrong_reversal_is_named(reversed_sale, corrupt, change, found):
    corrupt(change.format(of=REVERSED), reversed_sale.pk)
    named = f"generation {reversed_sale.pk}: cost 10, paid out 10; "
    lines = [line for line in audit()[1].splitlines() if line.startswith(named)]
    assert [found in line for line in lines] == [True]


@pytest.mark.parametrize("state", ["active", "refunded"])
def test_a_licence_that_disagrees_with_the_ledger_is_named(books, corrupt, state, request):
    picture = books["completed"]
    if state == "active":
        request.getfixturevalue("reversed_sale")
    corrupt("UPDATE app_licence SET state = %s, state_changed_at = now()", state)
    what = {"active": "its sale was reversed", "refunded": "nothing was reversed"}[state]
    assert audit()[1].startswith(f"licence {picture.licence_number}: is {state}, and {what}\n")


def test_a_completed_picture_without_its_licence_is_named(books, corrupt):
    picture = books["completed"]
    corrupt("DELETE FROM app_licence")
    assert (
        f"generation {picture.pk}: is completed under {picture.licence_number}, and its"
        in (audit()[1])
    )
    # One of before there were licences has none, until it gets one.
    corrupt("UPDATE app_generation SET licence_number = NULL")
    assert audit()[0] == 0


def test_a_licence_of_another_number_is_named(books, corrupt):
    corrupt("UPDATE app_licence SET number = 'SL-0000-0000-0000'")
    assert "and its licence is SL-0000-0000-0000" in audit()[1]


def test_a_licence_of_a_picture_that_is_not_completed_is_named(books, corrupt):
    corrupt("UPDATE app_licence SET generation_id = %s", books["failed"].pk)
    number = books["completed"].licence_number
    assert f"licence {number}: is of a picture that is failed" in audit()[1]


def test_a_public_picture_whose_licence_has_ended_is_named(books, reversed_sale, corrupt):
    corrupt(
        "UPDATE app_generation SET visibility = 'public', hidden_reason = '' WHERE id = %s",
        reversed_sale.pk,
    )
    number = reversed_sale.licence_number
    assert audit()[1].startswith(f"licence {number}: is refunded, and its picture is public\n")


def test_a_platform_that_keeps_all_pays_no_artist_and_is_right(books, settings):
    settings.PLATFORM_FEE_PERCENT = 100
    picture = GenerationFactory(style=books["queued"].style)
    assert not Transaction.objects.filter(generation=picture, type="earn").exists()
    assert audit()[0] == 0


def test_an_empty_database_is_right():
    assert User.objects.count() == 0
    assert audit()[0] == 0


class TestOrders:
    @pytest.fixture
    def placed(self) -> Order:
        """An order of three pictures that cost 10 each."""
        item = {"style_id": StyleFactory().pk, "prompt_tags": ["sea"], "aspect_ratio": "1:1"}
        return placing.place(user=UserFactory(tokens=100), items=[{**item, "count": 3}])

    def test_right_orders_pass(self, placed):
        assert audit()[0] == 0

    @pytest.mark.parametrize(
        ("statement", "found"),
        [
            (
                "UPDATE app_transaction SET amount = 29 WHERE order_id = {order}",
                "order {order}: cost is 30, its 3 of 3 pictures cost 30, charged 29 in 1 entries",
            ),
            (
                "DELETE FROM app_transaction WHERE order_id = {order}",
                "order {order}: cost is 30, its 3 of 3 pictures cost 30, charged 0 in 0 entries",
            ),
            (
                "UPDATE app_generation SET cost = 9 WHERE id = {picture}",
                "order {order}: cost is 30, its 3 of 3 pictures cost 29, charged 30 in 1 entries",
            ),
            (
                "UPDATE app_generation SET order_id = NULL WHERE id = {picture}",
                "order {order}: cost is 30, its 2 of 3 pictures cost 20, charged 30 in 1 entries",
            ),
            (
                "UPDATE app_generation SET user_id = {other} WHERE id = {picture}",
                "order {order}: cost is 30",
            ),
            (
                "INSERT INTO app_transaction (sender_id, type, amount, memo, generation_id,"
                " created_at) VALUES ({buyer}, 'consume', 10, '', {picture}, now())",
                "generation {picture}: is of order {order} and was charged by itself",
            ),
            (
                "UPDATE app_order SET ended_at = now() WHERE id = {order}",
                "order {order}: has ended, and picture {picture} is queued",
            ),
            (
                "UPDATE app_generation SET status = 'failed' WHERE id = {picture}",
                "generation {picture}: is failed, cost 10, refunded 0",
            ),
        ],
    )
    def test_what_is_wrong_with_one_is_named(self, placed, corrupt, statement, found):
        names = {
            "order": placed.pk,
            "buyer": placed.user_id,
            "picture": placed.items.earliest("pk").pk,
            "other": UserFactory().pk,
        }
        corrupt(statement.format(**names))
        code, said = audit()
        assert code == 1
        assert found.format(**names) in said


UNBOOKED_PAYOUT = (
    "INSERT INTO app_payout (artist_id, amount, price, currency, status, until, is_monthly,"
    " gateway, account_id, transfer_id, payout_id, failure, created_at)"
    " VALUES (%s, 5, 5, 'eur', 'paid', now(), false, 'test', '', '', '', '', now())"
)


@pytest.mark.parametrize(
    ("statement", "problem"),
    [
        ("UPDATE app_user SET bought_balance = 5 WHERE id = %s", "has 5 bought and"),
        ("UPDATE app_generation SET paid_bought = cost + 1 WHERE user_id = %s", "bought and 0"),
        ("UPDATE app_generation SET paid_bought = 0 WHERE user_id = %s", "may be paid out"),
        ("UPDATE app_purchase SET status = 'pending' WHERE user_id = %s", "is pending, bought 500"),
        ("UPDATE app_purchase SET refunded_amount = 1 WHERE user_id = %s", "says 1 refunded"),
        ("UPDATE app_purchase SET amount = 501 WHERE user_id = %s", "gateway:test: should be "),
        (UNBOOKED_PAYOUT, "is paid, amount 5; entries: none"),
        (UNBOOKED_PAYOUT, ": should be 5, the ledger says 0"),
        (
            "INSERT INTO app_purchaserefund (purchase_id, amount, price, status, provider_id,"
            " failure, created_at) SELECT id, 5, 5, 'paid', '', '', now() FROM app_purchase"
            " WHERE user_id = %s",
            "is paid, amount 5, lost 0; entries: none",
        ),
        (
            "INSERT INTO app_purchaserefund (purchase_id, amount, lost, price, status, provider_id,"
            " failure, created_at) SELECT id, 0, 5, 5, 'paid', '', '', now() FROM app_purchase"
            " WHERE user_id = %s",
            "is paid, amount 0, lost 5; entries: none",
        ),
        (
            "INSERT INTO app_dispute (purchase_id, provider_id, amount, price, reason, status,"
            " taken, created_at) SELECT id, 'dp', 5, 5, '', 'lost', 0, now() FROM app_purchase"
            " WHERE user_id = %s",
            "is lost of 5, took 0; entries: none",
        ),
    ],
)
def test_what_stands_for_money_is_audited(books, corrupt, statement, problem):
    buyer = books["queued"].user
    corrupt(statement, buyer.pk)
    found = audit()
    assert found[0] == 1
    assert problem in found[1]
