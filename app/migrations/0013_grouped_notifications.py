"""Groups of notifications, and the days of whose sales artists have been told.

The version before this one goes on meanwhile: what it writes stands by itself until the next of
its group comes. It counts and lists what is folded as well, which is read. Without its index of a
user's notifications it sorts them, for as long as the upgrade takes.
"""

import django.contrib.postgres.indexes
from django.contrib.postgres.operations import (
    AddConstraintNotValid,
    AddIndexConcurrently,
    RemoveIndexConcurrently,
    ValidateConstraint,
)
from django.db import migrations, models
from django.db.models import Q

# Of each group, the newest speaks for all, and is read if all are.
FOLD = """
    WITH grouped AS (
        SELECT id, row_number() OVER newest AS place, count(*) OVER whole AS members,
            bool_and(is_read) OVER whole AS is_read
        FROM app_notification
        WHERE recipient_id BETWEEN %(first)s AND %(last)s AND actor_id IS NOT NULL
            AND (type = 'like' AND target_type = 'image'
                OR type = 'follow' AND target_type = 'user')
        WINDOW whole AS (
            PARTITION BY recipient_id, type, CASE type WHEN 'like' THEN target_id END
        ), newest AS (whole ORDER BY created_at DESC, id DESC)
    )
    UPDATE app_notification told
    SET is_folded = grouped.place > 1,
        is_read = grouped.place > 1 OR grouped.is_read,
        other_count = CASE grouped.place WHEN 1 THEN grouped.members - 1 ELSE 0 END
    FROM grouped WHERE told.id = grouped.id AND grouped.members > 1
"""
BATCH = 1000


def fold(apps, schema_editor):
    with schema_editor.connection.cursor() as cursor:
        cursor.execute("SELECT COALESCE(MAX(id), 0) FROM app_user")
        (last,) = cursor.fetchone()
        for first in range(1, last + 1, BATCH):
            cursor.execute(FOLD, {"first": first, "last": first + BATCH - 1})


FOLDED = models.CheckConstraint(
    name="notification_folded_is_read", condition=Q(is_folded=False) | Q(is_read=True)
)
INDEXES = [
    (
        "notification",
        models.Index(
            name="notification_newest",
            fields=["recipient", "-created_at", "-id"],
            include=["is_read"],
            condition=Q(is_folded=False),
        ),
    ),
    (
        "notification",
        models.Index(
            name="notification_about",
            fields=["recipient", "target_type", "target_id", "is_read"],
            condition=Q(is_folded=False),
        ),
    ),
    (
        "transaction",
        django.contrib.postgres.indexes.BrinIndex(name="transaction_day", fields=["created_at"]),
    ),
]


class Migration(migrations.Migration):
    atomic = False

    dependencies = [("app", "0012_descriptions")]

    operations = [
        migrations.AddField(
            "notification",
            "is_folded",
            models.BooleanField(
                default=False, db_default=False, help_text="A newer one of its group speaks for it."
            ),
        ),
        migrations.AddField(
            "notification",
            "other_count",
            models.PositiveIntegerField(
                default=0, db_default=0, help_text="For how many others of its group it speaks."
            ),
        ),
        AddConstraintNotValid("notification", FOLDED),
        ValidateConstraint("notification", FOLDED.name),
        migrations.RunPython(fold, migrations.RunPython.noop),
        *(AddIndexConcurrently(model, index) for model, index in INDEXES),
        RemoveIndexConcurrently("notification", "notification_of_recipient"),
        migrations.CreateModel(
            name="SalesDay",
            fields=[
                ("day", models.DateField(primary_key=True, serialize=False)),
                ("told_at", models.DateTimeField(auto_now_add=True)),
            ],
            options={"ordering": ["-day"]},
        ),
    ]
