"""Artists' accounts are opened under a name that never comes again, as the number of a user may."""

from __future__ import annotations

import django.contrib.postgres.functions
import django.db.models.functions.comparison
from django.db import migrations, models


class Migration(migrations.Migration):
    dependencies = [("app", "0081_names_of_refunds")]

    operations = [
        # Whoever waits for the lock holds up everybody else. The migration can be run again.
        migrations.RunSQL("SET LOCAL lock_timeout = '5s'", migrations.RunSQL.noop),
        migrations.AddField(
            model_name="paymentprofile",
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
            model_name="paymentprofile",
            constraint=models.UniqueConstraint(
                fields=("reference",), name="payment_profile_reference_unique"
            ),
        ),
    ]
