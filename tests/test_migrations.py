"""Migrations that run while the version before serves people."""

from __future__ import annotations

from collections.abc import Iterator

import psycopg
import pytest
from django.db import connection
from django.db.migrations.executor import MigrationExecutor
from django.db.migrations.migration import Migration
from django.db.migrations.state import ProjectState

from tests.system import new_database

# Indexes made beside the traffic are not even written out inside of a transaction.
pytestmark = pytest.mark.django_db(transaction=True)
# The first migration that has to stand beside a version which people use.
FIRST = "0047"
# Whoever holds one of these lets nobody else write.
STRONG = """
SELECT c.relname FROM pg_locks l JOIN pg_class c ON c.oid = l.relation
WHERE l.pid = pg_backend_pid() AND c.relkind = 'r' AND l.mode IN
    ('ShareLock', 'ShareRowExclusiveLock', 'ExclusiveLock', 'AccessExclusiveLock')
"""
TABLES = (
    "SELECT relname FROM pg_class WHERE relkind = 'r' AND relnamespace = 'public'::regnamespace"
)


@pytest.fixture
def empty() -> Iterator[psycopg.Connection]:
    with psycopg.connect(new_database(), autocommit=True) as database:
        # Written as SQL, the migration that adds it is empty: the tests' own database has it.
        database.execute("CREATE EXTENSION pg_trgm")
        yield database


def strongly_locked(database: psycopg.Connection, migration: Migration, sql: list[str]) -> set[str]:
    """Run a migration, and name the tables of before that it locked until its end."""
    if not migration.atomic:
        for statement in sql:
            database.execute(statement)
        return set()
    before = {name for (name,) in database.execute(TABLES)}
    with database.transaction():
        for statement in sql:
            database.execute(statement)
        return before & {name for (name,) in database.execute(STRONG)}


def test_none_locks_two_tables_that_are_in_use(empty: psycopg.Connection) -> None:
    """An order locks its tables in an order of its own: with two locks, one of both would be broken
    off as a deadlock, and it may be the order."""
    executor = MigrationExecutor(connection)
    in_use: set[str] = set()
    greedy = {}
    # Handed on from one to the next: the loader would build it from the first for each.
    state = ProjectState(real_apps=executor.loader.unmigrated_apps)
    for migration, _ in executor.migration_plan(
        executor.loader.graph.leaf_nodes(), clean_start=True
    ):
        with connection.schema_editor(collect_sql=True, atomic=migration.atomic) as editor:
            state = migration.apply(state, editor, collect_sql=True)
        sql = editor.collected_sql
        if migration.app_label == "app" and migration.name.startswith(FIRST):
            in_use = {name for (name,) in empty.execute(TABLES)}
        locked = strongly_locked(empty, migration, sql) & in_use
        if len(locked) > 1:
            greedy[migration.name] = sorted(locked)
    assert "app_user" in in_use
    assert greedy == {}
