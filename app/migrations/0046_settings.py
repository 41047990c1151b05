"""A picture keeps what it was made with, and an order may ask for the same."""

from django.db import migrations, models


class Migration(migrations.Migration):
    dependencies = [("app", "0045_prompts")]

    operations = [
        # Whoever waits for the lock holds up everybody else. The migration can be run again.
        migrations.RunSQL("SET LOCAL lock_timeout = '5s'", migrations.RunSQL.noop),
        migrations.AddField(
            model_name="generation",
            name="settings",
            field=models.JSONField(blank=True, editable=False, null=True),
        ),
    ]
