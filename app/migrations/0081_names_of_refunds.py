"""Refunds have a name at the provider that never comes again, as their number may.

The provider knows those that were sent by their number: they keep it as their name.
"""

from __future__ import annotations

import django.contrib.postgres.functions
import django.db.models.functions.comparison
from django.db import migrations, models


class Migration(migrations.Migration):
    dependencies = [("app", "0080_names_of_payouts")]

    operations = [
        # Whoever waits for the lock holds up everybody else. The migration can be run again.
        migrations.RunSQL("SET LOCAL lock_timeout = '5s'", migrations.RunSQL.noop),
        migrations.AddField(
            model_name="purchaserefund",
            name="reference",
            field=models.CharField(
                db_default=django.db.models.functions.comparison.Cast(
                    django.contrib.postgres.functions.RandomUUID(), models.CharField()
                ),
                editable=False,
                help_text="What we call it at the provider.",
                max_length=36,
            ),
        ),
        migrations.AddConstraint(
            model_name="purchaserefund",
            constraint=models.UniqueConstraint(
                fields=("reference",), name="purchase_refund_reference_unique"
            ),
        ),
        # Under the same lock, so that none that the version before adds now is among them.
        migrations.RunSQL(
            "UPDATE app_purchaserefund SET reference = id::text", migrations.RunSQL.noop
        ),
    ]
