"""Which styles were on hold when a payout was made: what they earned before it is not paid."""

import django.contrib.postgres.fields
from django.db import migrations, models


class Migration(migrations.Migration):
    dependencies = [("app", "0090_suspended_users_index")]

    operations = [
        migrations.RunSQL("SET LOCAL lock_timeout = '5s'", migrations.RunSQL.noop),
        migrations.AddField(
            model_name="payout",
            name="held_styles",
            field=django.contrib.postgres.fields.ArrayField(
                base_field=models.BigIntegerField(),
                blank=True,
                help_text="Styles on hold at that time: nothing of what they earned is in it.",
                null=True,
                size=None,
            ),
        ),
    ]
