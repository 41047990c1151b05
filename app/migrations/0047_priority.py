"""Whoever likes pays more to have a picture earlier."""

from django.db import migrations, models


class Migration(migrations.Migration):
    dependencies = [("app", "0046_settings")]

    operations = [
        # Whoever waits for the lock holds up everybody else. The migration can be run again.
        migrations.RunSQL("SET LOCAL lock_timeout = '5s'", migrations.RunSQL.noop),
        migrations.AddField(
            model_name="generation",
            name="priority",
            field=models.CharField(
                choices=[("normal", "Normal"), ("high", "High")],
                db_default="normal",
                default="normal",
                help_text="As it was paid for.",
                max_length=6,
            ),
        ),
    ]
