"""What hot paths write and read under a lock is what the ORM would write and read."""

from __future__ import annotations

import threading
from typing import Any

import pytest
from django.db import IntegrityError, connection, transaction
from django.db.models import Model
from django.forms import model_to_dict
from django.test.utils import CaptureQueriesContext

from app.models import AspectRatio, Generation, Notification, Style, Transaction, User
from app.models.hot_writes import (
    BALANCE,
    COMPLETED_GENERATION,
    LOCKED_GENERATION,
    NEW_NOTIFICATION,
    NEW_TRANSACTION,
    STYLE_TO_BUY,
    STYLE_USE,
)
from app.serializers.base import BaseSerializer
from app.serializers.generation import (
    GenerateSerializer,
    GenerationAcceptedSerializer,
    GenerationReportedSerializer,
)
from app.tests import ledger
from app.tests.factories import GenerationFactory, StyleFactory, UserFactory
from app.utils import clock
from speed import writes
from speed.queries import CompiledInstances
from speed.writes import CompiledWrite, in_one_statement, insert, update

pytestmark = pytest.mark.django_db


class TestInstances:
    def test_they_are_what_the_orm_makes(self):
        picture = GenerationFactory(status="completed")
        with transaction.atomic():
            (found,) = LOCKED_GENERATION.instances("any", {"generation_id": picture.pk})
        with CaptureQueriesContext(connection) as queries:
            assert_same(found, Generation.objects.get(pk=picture.pk))
            assert_same(found.style, Style.objects.get(pk=picture.style_id))
            assert found.style.artist.pk == picture.style.artist_id
        # What is compared with, and nothing that the instances had left out.
        assert len(queries) == 2

    def test_they_can_be_changed_and_saved(self):
        style = StyleFactory(price=10)
        (found,) = STYLE_TO_BUY.instances(False, {"style_id": style.pk})
        found.price = 20
        found.save()
        assert Style.objects.get(pk=style.pk).price == 20

    def test_a_related_one_that_does_not_exist_is_none(self):
        users = User.objects.select_related("artist")
        people = CompiledInstances(lambda shape, values: users.filter(pk=values["user_id"]))
        buyer, artist = UserFactory(), StyleFactory().artist
        (found,) = people.instances("any", {"user_id": buyer.pk})
        with pytest.raises(User.artist.RelatedObjectDoesNotExist):
            _ = found.artist
        (found,) = people.instances("any", {"user_id": artist.pk})
        assert found.artist == artist
        assert found.artist.user is found

    def test_what_was_left_out_is_read_when_it_is_asked_for(self):
        names = CompiledInstances(
            lambda shape, values: User.objects.only("username").filter(pk=values["user_id"])
        )
        user = UserFactory(bio="Paints.")
        (found,) = names.instances("any", {"user_id": user.pk})
        assert found.get_deferred_fields() >= {"bio", "token_balance"}
        assert found.bio == "Paints."


class TestWrites:
    def test_a_column_that_is_not_given_has_the_models_default(self):
        user = UserFactory()
        names = ("recipient_id", "type", "message", "created_at")
        key = insert(Notification, *names).run(
            recipient_id=user.pk, type="follow", message="100 % yours", created_at=clock.now()
        )
        written = Notification.objects.get(pk=key)
        assert_same(
            written,
            Notification(
                pk=key,
                recipient=user,
                type="follow",
                message="100 % yours",
                created_at=written.created_at,
            ),
        )

    def test_what_may_be_there_once_is_written_once(self):
        outcome = outcome_for(UserFactory())
        assert NEW_NOTIFICATION.run(**outcome) is not None
        assert NEW_NOTIFICATION.run(**outcome) is None
        assert Notification.objects.count() == 1

    def test_only_the_columns_of_an_update_are_written(self):
        picture = GenerationFactory(status="processing")
        picture.status, picture.image_path, picture.description = "completed", "a.png", "Mine."
        picture.metadata = {"steps": [1, None, "ü"]}
        assert COMPLETED_GENERATION.save(picture) == picture.pk
        kept = Generation.objects.get(pk=picture.pk)
        assert (kept.status, kept.image_path, kept.metadata, kept.description) == (
            *("completed", "a.png", {"steps": [1, None, "ü"]}),
            "",
        )

    def test_uses_are_counted_by_the_database(self):
        style, other = StyleFactory(), StyleFactory()
        Style.objects.filter(pk=style.pk).update(usage_count=41)
        assert STYLE_USE.run(pk=style.pk) == style.pk
        assert Style.objects.get(pk=style.pk).usage_count == 42
        assert Style.objects.get(pk=other.pk).usage_count == 0

    def test_a_row_that_is_not_there_is_not_written(self):
        assert STYLE_USE.run(pk=2**40) is None

    def test_hot_writes_are_planned_once_a_connection(self):
        rename = update(User, "bio")
        users = [UserFactory() for _ in range(3)]
        for user in users:
            rename.run(pk=user.pk, bio=f"I am {user.username}.")
        assert plans_of(rename) == 3
        assert [User.objects.get(pk=user.pk).bio for user in users] == [
            f"I am {user.username}." for user in users
        ]


class TestInOneStatement:
    def test_all_is_written_at_the_end_at_once(self):
        style, user = StyleFactory(), UserFactory()
        with CaptureQueriesContext(connection) as queries:
            with in_one_statement():
                assert STYLE_USE.run(pk=style.pk) is None
                with in_one_statement():
                    BALANCE.run(pk=user.pk, token_balance=7)
                NEW_NOTIFICATION.run(**outcome_for(user))
                assert len(queries) == 0
            assert len(queries) == 1
        assert Style.objects.get(pk=style.pk).usage_count == 1
        assert ledger.balance_of(user) == 7
        assert Notification.objects.get().recipient == user

    def test_one_that_has_nothing_to_write_does_not_hinder_the_others(self):
        style, user = StyleFactory(), UserFactory()
        for _ in range(2):
            with in_one_statement():
                NEW_NOTIFICATION.run(**outcome_for(user))
                STYLE_USE.run(pk=style.pk)
        assert Style.objects.get(pk=style.pk).usage_count == 2
        assert Notification.objects.count() == 1

    def test_what_one_may_not_write_none_writes(self):
        user = UserFactory(tokens=10)
        entry: dict[str, Any] = dict.fromkeys(NEW_TRANSACTION.columns)
        entry |= {"type": "earn", "amount": 5, "memo": "nobody's", "created_at": clock.now()}

        @transaction.atomic
        def pay_nobody() -> None:
            with in_one_statement():
                BALANCE.run(pk=user.pk, token_balance=15)
                NEW_TRANSACTION.run(**entry)

        with pytest.raises(IntegrityError, match="transaction_parties_fit_type"):
            pay_nobody()
        assert ledger.balance_of(user) == 10
        assert Transaction.objects.of(user).count() == 1

    def test_a_block_that_fails_writes_nothing(self):
        style = StyleFactory()

        def fail_after_writing() -> None:
            with in_one_statement():
                STYLE_USE.run(pk=style.pk)
                raise ZeroDivisionError

        with pytest.raises(ZeroDivisionError):
            fail_after_writing()
        assert STYLE_USE.run(pk=style.pk) == style.pk
        assert Style.objects.get(pk=style.pk).usage_count == 1

    def test_one_alone_is_written_as_it_is(self):
        style = StyleFactory()
        with CaptureQueriesContext(connection) as queries, in_one_statement():
            STYLE_USE.run(pk=style.pk)
        assert queries[0]["sql"].startswith("UPDATE")
        assert Style.objects.get(pk=style.pk).usage_count == 1

    def test_a_block_without_writes_asks_nothing(self):
        with CaptureQueriesContext(connection) as queries, in_one_statement():
            pass
        assert len(queries) == 0

    def test_other_threads_are_not_waited_for(self):
        """Each has its own block, or none."""
        seen = []
        with in_one_statement():
            thread = threading.Thread(target=lambda: seen.append(writes._put_off.get()))
            thread.start()
            thread.join(10)
        assert seen == [None]


class TestSerializers:
    def test_an_accepted_order_says_what_its_fields_say(self):
        assert_fields_say(GenerationAcceptedSerializer, GenerationFactory(status="queued"))

    def test_a_report_says_what_its_fields_say(self):
        assert_fields_say(GenerationReportedSerializer, GenerationFactory(status="completed"))

    @pytest.mark.parametrize(
        "changes",
        [
            {},
            {"seed": None},
            {"seed": 5},
            {"seed": 5.0},
            {"seed": -1},
            {"style_id": "1"},
            {"style_id": True},
            {"style_id": 0},
            {"style_id": 2**63},
            *({"aspect_ratio": ratio} for ratio in (*AspectRatio.values, "3:1", "1:1\n", "1:12")),
            {"prompt_tags": []},
            {"prompt_tags": ["a"] * 20},
            {"prompt_tags": ["a"] * 21},
            {"prompt_tags": [" castle ", "old  town", "~", "!"]},
            {"prompt_tags": ["castle\n"]},
            {"prompt_tags": ["castle,sea"]},
            {"prompt_tags": ["x" * 50]},
            {"prompt_tags": ["x" * 51]},
            {"prompt_tags": [" " + "x" * 50]},
            {"prompt_tags": ["a\0b"]},
            {"prompt_tags": ["바다"]},
            {"prompt_tags": ["castle", " "]},
            {"prompt_tags": "castle"},
            {"something": "else"},
        ],
    )
    def test_an_order_is_read_as_its_fields_read_it(self, changes):
        order = {"style_id": 1, "prompt_tags": ["castle", "sea"], "aspect_ratio": "1:2", **changes}
        glance, fields = GenerateSerializer(data=order), ByFields(data=order)
        assert glance.is_valid() == fields.is_valid()
        assert glance.errors == fields.errors
        assert glance.validated_data == fields.validated_data
        assert list(map(type, glance.validated_data.values())) == list(
            map(type, fields.validated_data.values())
        )

    @pytest.mark.parametrize("missing", ["style_id", "prompt_tags", "aspect_ratio"])
    def test_what_is_missing_is_named(self, missing):
        order = {"style_id": 1, "prompt_tags": ["castle"], "aspect_ratio": "1:1"}
        del order[missing]
        serializer = GenerateSerializer(data=order)
        assert not serializer.is_valid()
        assert list(serializer.errors) == [missing]


class ByFields(GenerateSerializer):
    run_validation = BaseSerializer.run_validation


def outcome_for(user: User) -> dict[str, Any]:
    return {
        "recipient_id": user.pk,
        "actor_id": None,
        "type": "generation_complete",
        "message": "Ready.",
        "target_type": "image",
        "target_id": 7,
        "created_at": clock.now(),
    }


def assert_same(found: Model, expected: Model) -> None:
    fields = [field.name for field in expected._meta.concrete_fields]
    assert model_to_dict(found, fields) == model_to_dict(expected, fields)
    assert vars(found).keys() >= {field.attname for field in expected._meta.concrete_fields}


def assert_fields_say(serializer: type[BaseSerializer], generation: Generation) -> None:
    by_fields = BaseSerializer.to_representation(serializer(generation), generation)
    assert dict(serializer(generation).data) == dict(by_fields)


def plans_of(write: CompiledWrite) -> int:
    """How often the server ran it, on this connection, without planning it anew."""
    with connection.cursor() as cursor:
        cursor.execute("SELECT statement, generic_plans FROM pg_prepared_statements")
        return sum(n for sql, n in cursor.fetchall() if sql.startswith(write.sql.split("%s")[0]))
