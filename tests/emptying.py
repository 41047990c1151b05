"""A pytest plugin: after a test that commits, only the tables that it wrote to are emptied.

Django's flush empties them all, some sixty tables with their indexes, and makes the rows of
content types and permissions again, which no test changes. The words of licences, which migrations
publish too, stay unless a test has changed them.
"""

from __future__ import annotations

from collections.abc import Iterator

from django.apps import apps
from django.db import connections
from django.db.backends.base.base import BaseDatabaseWrapper
from django.test import TransactionTestCase

# What migrations say of the tables themselves.
KEPT = {"django_migrations", "django_content_type", "auth_permission"}


def pytest_configure() -> None:
    TransactionTestCase._fixture_teardown = _empty_all  # type: ignore[attr-defined]


def _empty_all(case: TransactionTestCase) -> None:
    for alias in case._databases_names(include_mirrors=False):  # type: ignore[attr-defined]
        empty(connections[alias])


def empty(connection: BaseDatabaseWrapper) -> None:
    # Django is ready when the first test ends, not when this plugin is read.
    from app.services.licences.publishing import publish

    kept = KEPT | set(_tables_as_published(connection.alias))
    with connection.cursor() as cursor:
        quote = connection.ops.quote_name
        names = sorted(set(connection.introspection.table_names(cursor)) - kept)
        looks = (f"SELECT '{name}' WHERE EXISTS (SELECT FROM {quote(name)})" for name in names)
        cursor.execute(" UNION ALL ".join(looks))
        if written := [quote(name) for (name,) in cursor.fetchall()]:
            # Tables that refer to these can't have rows if they are not among them.
            cursor.execute(f"TRUNCATE {', '.join(written)} CASCADE")
    publish(apps, connection.alias)


def _tables_as_published(alias: str) -> Iterator[str]:
    from app.models import Declaration, Terms
    from app.services.licences import declaration, terms

    for model, rows in (
        (Terms, terms.published_rows()),
        (Declaration, declaration.published_rows()),
    ):
        found = list(model.objects.using(alias).order_by("pk").values(*rows[0]))
        if found == sorted(rows, key=lambda row: row[model._meta.pk.name]):  # type: ignore[union-attr]
            yield model._meta.db_table
