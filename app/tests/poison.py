"""Rows that break whatever changes them."""

from __future__ import annotations

from typing import Any

from django.db import connection


def poison(model: type[Any], row_id: int, *columns: str) -> None:
    """From now on the database breaks whatever changes these columns of this row."""
    table = model._meta.db_table
    with connection.cursor() as cursor:
        cursor.execute(
            "CREATE OR REPLACE FUNCTION break_it() RETURNS trigger LANGUAGE plpgsql AS"
            " $$ BEGIN RAISE EXCEPTION 'poisoned'; END $$"
        )
        cursor.execute(
            f"CREATE TRIGGER poisoned BEFORE UPDATE OF {', '.join(columns)} ON {table}"
            f" FOR EACH ROW WHEN (OLD.{model._meta.pk.column} = {row_id})"
            " EXECUTE FUNCTION break_it()"
        )
