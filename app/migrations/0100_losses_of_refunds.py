"""Of money that staff gave back for spent tokens, the refund says how many the platform bears."""

from django.db import migrations, models


class Migration(migrations.Migration):
    dependencies = [("app", "0096_disputes_take_twice")]

    operations = [
        # Whoever waits for the lock holds up everybody else. The migration can be run again.
        migrations.RunSQL("SET LOCAL lock_timeout = '5s'", migrations.RunSQL.noop),
        migrations.AddField(
            model_name="purchaserefund",
            name="lost",
            field=models.PositiveIntegerField(
                default=0,
                db_default=0,
                help_text="Tokens whose money went back although they were spent.",
            ),
        ),
    ]
