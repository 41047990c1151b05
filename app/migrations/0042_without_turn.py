"""Tasks that are not due yet, and those of the version before."""

from django.db import migrations, models
from django.db.models import Q

CREATE = [
    # One that broke off is of no use.
    "DROP INDEX CONCURRENTLY IF EXISTS outbox_without_turn",
    """
    CREATE INDEX CONCURRENTLY outbox_without_turn ON app_outboxmessage (available_at)
        WHERE sent_at IS NULL AND turn IS NULL
    """,
]


class Migration(migrations.Migration):
    atomic = False

    dependencies = [("app", "0041_turn_order")]

    operations = [
        migrations.SeparateDatabaseAndState(
            [migrations.RunSQL(CREATE, "DROP INDEX CONCURRENTLY outbox_without_turn")],
            [
                migrations.AddIndex(
                    "outboxmessage",
                    models.Index(
                        name="outbox_without_turn",
                        fields=["available_at"],
                        condition=Q(sent_at__isnull=True, turn__isnull=True),
                    ),
                )
            ],
        ),
    ]
