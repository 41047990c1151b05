"""An order is charged once; entries of before fit the rule, too."""

from django.db import migrations, models
from django.db.models import Q

CREATE = [
    # One that broke off is of no use.
    "DROP INDEX CONCURRENTLY IF EXISTS transaction_charge_order_once",
    """
    CREATE UNIQUE INDEX CONCURRENTLY transaction_charge_order_once
        ON app_transaction (order_id) WHERE order_id IS NOT NULL
    """,
    # Orders go on while the old entries are looked at.
    "ALTER TABLE app_transaction VALIDATE CONSTRAINT transaction_order_fits_type",
]


class Migration(migrations.Migration):
    atomic = False

    dependencies = [("app", "0038_held_pictures")]

    operations = [
        migrations.SeparateDatabaseAndState(
            [migrations.RunSQL(CREATE, "DROP INDEX CONCURRENTLY transaction_charge_order_once")],
            [
                migrations.AddConstraint(
                    "transaction",
                    models.UniqueConstraint(
                        condition=Q(order__isnull=False),
                        fields=["order"],
                        name="transaction_charge_order_once",
                    ),
                )
            ],
        ),
    ]
