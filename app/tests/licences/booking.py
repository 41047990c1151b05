"""Licences that were booked on former days, which nobody can do but by switching triggers off."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from datetime import UTC, date, datetime, time, timedelta
from typing import Any

from django.db import connection

from app.models import Licence
from app.services.licences import books
from app.tests.factories import GenerationFactory


def day(days_ago: int) -> date:
    """Today is 0, until it ends for the books."""
    return (datetime.now(UTC) - books.MARGIN).date() - timedelta(days=days_ago)


@contextmanager
def without_triggers() -> Iterator[None]:
    """As for somebody who may do anything with the database."""
    with connection.cursor() as cursor:
        cursor.execute("SET session_replication_role = replica")
        try:
            yield
        finally:
            cursor.execute("SET session_replication_role = origin")


def booked(licence: Licence, days_ago: int) -> Licence:
    """``licence``, as if it had been booked at noon so many days ago."""
    with without_triggers():
        noon = datetime.combine(day(days_ago), time(12), UTC)
        Licence.objects.filter(pk=licence.pk).update(booked_at=noon)
    licence.refresh_from_db()
    return licence


def sold(days_ago: int, **order: Any) -> Licence:
    return booked(GenerationFactory(**order).licence, days_ago)
