"""A picture knows from which parts of a balance it was paid."""

from django.db import migrations, models


class Migration(migrations.Migration):
    dependencies = [("app", "0053_payouts")]

    operations = [
        # Whoever waits for the lock holds up everybody else. The migration can be run again.
        migrations.RunSQL("SET LOCAL lock_timeout = '5s'", migrations.RunSQL.noop),
        migrations.AddField(
            model_name="generation",
            name="paid_bought",
            field=models.PositiveIntegerField(blank=True, null=True),
        ),
        migrations.AddField(
            model_name="generation",
            name="paid_earned",
            field=models.PositiveIntegerField(blank=True, null=True),
        ),
    ]
