"""The next messages of each endpoint, however many wait."""

from django.db import migrations, models
from django.db.models import Q

CREATE = [
    # One that broke off is of no use.
    "DROP INDEX CONCURRENTLY IF EXISTS webhook_delivery_next",
    """
    CREATE INDEX CONCURRENTLY webhook_delivery_next
        ON app_webhookdelivery (endpoint_id, due_at, id) WHERE state = 'pending'
    """,
]


class Migration(migrations.Migration):
    atomic = False

    dependencies = [("app", "0043_late_tasks")]

    operations = [
        migrations.SeparateDatabaseAndState(
            [migrations.RunSQL(CREATE, "DROP INDEX CONCURRENTLY webhook_delivery_next")],
            [
                migrations.AddIndex(
                    "webhookdelivery",
                    models.Index(
                        condition=Q(state="pending"),
                        fields=["endpoint", "due_at", "id"],
                        name="webhook_delivery_next",
                    ),
                )
            ],
        ),
    ]
