"""Comments can be switched off for a picture."""

from django.db import migrations, models


class Migration(migrations.Migration):
    dependencies = [("app", "0085_hidden_people")]

    operations = [
        # Whoever waits for the lock holds up everybody else. The migration can be run again.
        migrations.RunSQL("SET LOCAL lock_timeout = '5s'", migrations.RunSQL.noop),
        migrations.AddField(
            model_name="generation",
            name="allows_comments",
            field=models.BooleanField(
                db_default=True,
                default=True,
                help_text="If not, nobody comments, and what was said is not shown.",
            ),
        ),
    ]
