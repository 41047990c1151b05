"""Pictures are ordered with a text, too, and in two more formats (which change nothing in the
database: see app/models/formats.py)."""

from django.db import migrations, models

import app.models.formats


class Migration(migrations.Migration):
    dependencies = [("app", "0044_webhook_delivery_next")]

    operations = [
        # Whoever waits for the lock holds up everybody else. The migration can be run again.
        migrations.RunSQL("SET LOCAL lock_timeout = '5s'", migrations.RunSQL.noop),
        migrations.AddField(
            model_name="generation",
            name="prompt",
            field=models.CharField(
                blank=True,
                db_default="",
                default="",
                help_text="If it was ordered with a text; the tags have it in pieces then.",
                max_length=300,
            ),
        ),
        migrations.SeparateDatabaseAndState(
            state_operations=[
                migrations.AlterField(
                    "generation", "aspect_ratio", app.models.formats.FormatField()
                ),
            ]
        ),
    ]
