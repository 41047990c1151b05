"""The order in which tasks are handed over."""

from django.db import migrations, models
from django.db.models import Q

CREATE = [
    # One that broke off is of no use.
    "DROP INDEX CONCURRENTLY IF EXISTS outbox_turn",
    """
    CREATE INDEX CONCURRENTLY outbox_turn ON app_outboxmessage (queue, turn, id)
        WHERE sent_at IS NULL AND turn IS NOT NULL
    """,
]


class Migration(migrations.Migration):
    atomic = False

    dependencies = [("app", "0040_turns")]

    operations = [
        migrations.SeparateDatabaseAndState(
            [migrations.RunSQL(CREATE, "DROP INDEX CONCURRENTLY outbox_turn")],
            [
                migrations.AddIndex(
                    "outboxmessage",
                    models.Index(
                        name="outbox_turn",
                        fields=["queue", "turn", "id"],
                        condition=Q(sent_at__isnull=True, turn__isnull=False),
                    ),
                )
            ],
        ),
    ]
