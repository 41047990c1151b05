"""What a test that commits has written is gone after it, and what migrations made is there."""

from __future__ import annotations

from typing import Any

import pytest
from django.apps import apps
from django.contrib.auth.models import Group, Permission
from django.db import connection
from django.test import TransactionTestCase

from app.models import Declaration, Terms
from app.tests.factories import PublicPictureFactory
from tests.emptying import KEPT, empty

pytestmark = pytest.mark.django_db(transaction=True)


def rows() -> dict[str, int]:
    """How many rows each table has that has any."""
    counts: dict[str, int] = {
        model._meta.db_table: model._base_manager.count()
        for model in apps.get_models(include_auto_created=True)
        if model._meta.managed and not model._meta.proxy
    }
    return {table: count for table, count in counts.items() if count}


def words() -> list[Any]:
    return [list(model.objects.order_by("pk").values_list()) for model in (Terms, Declaration)]


def test_what_was_written_is_gone_and_what_was_there_stays() -> None:
    empty(connection)
    before, said = rows(), words()
    assert (
        {"app_terms", "app_declaration"}
        < set(before)
        <= KEPT
        | {
            "app_terms",
            "app_declaration",
        }
    )
    PublicPictureFactory()
    # Tables between two others, too.
    Group.objects.create(name="g").permissions.add(Permission.objects.first())
    written = set(rows()) - set(before)
    assert {"app_user", "app_style", "app_generation", "auth_group_permissions"} <= written
    empty(connection)
    assert rows() == before
    assert words() == said


def test_words_that_were_changed_are_published_again() -> None:
    empty(connection)
    before = rows()
    PublicPictureFactory()
    with connection.cursor() as cursor:
        cursor.execute("SET session_replication_role = replica")
        cursor.execute("UPDATE app_declaration SET text_en = 'Other words.'")
        cursor.execute("DELETE FROM app_terms")
        cursor.execute("SET session_replication_role = origin")
    empty(connection)
    assert rows() == before
    assert "Other words." not in Declaration.objects.values_list("text_en", flat=True)


def test_it_is_what_ends_each_test_that_commits() -> None:
    assert TransactionTestCase._fixture_teardown.__module__ == empty.__module__
