"""What was first due when, so that a message that is put off again and again is seen to be late.

The version before this one goes on meanwhile: it writes rows without ``due_at``, whose first moment
is then ``available_at`` until this version puts them off.
"""

from django.contrib.postgres.operations import AddIndexConcurrently
from django.db import migrations, models
from django.db.models import F, Q
from django.db.models.functions import Coalesce

# Those that were refused before: nobody wrote down when they were first due, but soon after they
# were made.
REFUSED_BEFORE = """
    UPDATE app_outboxmessage SET due_at = LEAST(created_at, available_at)
    WHERE sent_at IS NULL AND last_error <> ''
"""


class Migration(migrations.Migration):
    atomic = False

    dependencies = [("app", "0006_session")]

    operations = [
        migrations.AddField(
            model_name="outboxmessage",
            name="due_at",
            field=models.DateTimeField(
                blank=True,
                help_text="When it was first due, for one that was put off since.",
                null=True,
            ),
        ),
        migrations.RunSQL(REFUSED_BEFORE, migrations.RunSQL.noop),
        AddIndexConcurrently(
            "outboxmessage",
            models.Index(
                Coalesce("due_at", "available_at"),
                F("id"),
                name="outbox_first_due",
                condition=Q(sent_at__isnull=True),
            ),
        ),
    ]
