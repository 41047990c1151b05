"""Published words become rows, which nobody can change any more."""

from __future__ import annotations

from typing import Any

from app.services.licences import declaration, terms


def publish(apps: Any, using: str) -> None:
    """Write what is not there yet. ``apps`` are the models as a migration leaves them."""
    for kind, rows in (
        ("Terms", terms.published_rows()),
        ("Declaration", declaration.published_rows()),
    ):
        try:
            model = apps.get_model("app", kind)
        except LookupError:
            # Migrated back to before there were any.
            continue
        model.objects.using(using).bulk_create(
            [model(**row) for row in rows], ignore_conflicts=True
        )
