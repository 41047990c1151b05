"""A lost dispute keeps how much of its licences is still to be revoked."""

from __future__ import annotations

from django.db import migrations, models


class Migration(migrations.Migration):
    dependencies = [("app", "0082_names_of_profiles")]

    operations = [
        # Whoever waits for the lock holds up everybody else. The migration can be run again.
        migrations.RunSQL("SET LOCAL lock_timeout = '5s'", migrations.RunSQL.noop),
        migrations.AddField(
            model_name="dispute",
            name="to_revoke",
            field=models.PositiveIntegerField(
                db_default=0,
                default=0,
                help_text="Tokens whose licences are still to be revoked.",
            ),
        ),
    ]
