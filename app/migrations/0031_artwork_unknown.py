"""Works without a fingerprint are found at once, however few they are."""

import django.contrib.postgres.operations
from django.db import migrations, models
from django.db.models import Q


class Migration(migrations.Migration):
    atomic = False

    dependencies = [("app", "0030_artwork_bands")]

    operations = [
        # What broke off left one that is not valid.
        migrations.RunSQL(
            "DROP INDEX CONCURRENTLY IF EXISTS artwork_unknown", migrations.RunSQL.noop
        ),
        django.contrib.postgres.operations.AddIndexConcurrently(
            model_name="artwork",
            index=models.Index(
                condition=Q(pdq__isnull=True), fields=["id"], name="artwork_unknown"
            ),
        ),
    ]
