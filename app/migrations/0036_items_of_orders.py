"""The pictures of an order."""

from django.db import migrations, models
from django.db.models import Q

CREATE = [
    # One that broke off is of no use.
    "DROP INDEX CONCURRENTLY IF EXISTS generation_of_order",
    """
    CREATE INDEX CONCURRENTLY generation_of_order
        ON app_generation (order_id, id) WHERE order_id IS NOT NULL
    """,
]


class Migration(migrations.Migration):
    atomic = False

    dependencies = [("app", "0035_orders")]

    operations = [
        migrations.SeparateDatabaseAndState(
            [migrations.RunSQL(CREATE, "DROP INDEX CONCURRENTLY generation_of_order")],
            [
                migrations.AddIndex(
                    "generation",
                    models.Index(
                        condition=Q(order__isnull=False),
                        fields=["order", "id"],
                        name="generation_of_order",
                    ),
                )
            ],
        ),
    ]
