"""Which task is late: the one that has been due the longest of those that wait for no turn."""

from django.db import migrations, models
from django.db.models import Q
from django.db.models.functions import Coalesce

CREATE = [
    # One that broke off is of no use.
    "DROP INDEX CONCURRENTLY IF EXISTS outbox_late",
    """
    CREATE INDEX CONCURRENTLY outbox_late ON app_outboxmessage (COALESCE(due_at, available_at))
        WHERE sent_at IS NULL AND turn IS NULL
    """,
]


class Migration(migrations.Migration):
    atomic = False

    dependencies = [("app", "0042_without_turn")]

    operations = [
        migrations.SeparateDatabaseAndState(
            [migrations.RunSQL(CREATE, "DROP INDEX CONCURRENTLY outbox_late")],
            [
                migrations.AddIndex(
                    "outboxmessage",
                    models.Index(
                        Coalesce("due_at", "available_at"),
                        name="outbox_late",
                        condition=Q(sent_at__isnull=True, turn__isnull=True),
                    ),
                )
            ],
        ),
    ]
