"""Works are found by the bands of their fingerprints."""

import django.contrib.postgres.indexes
import django.contrib.postgres.operations
from django.db import migrations


class Migration(migrations.Migration):
    atomic = False

    dependencies = [("app", "0029_copies")]

    operations = [
        # What broke off left one that is not valid.
        migrations.RunSQL(
            "DROP INDEX CONCURRENTLY IF EXISTS artwork_bands", migrations.RunSQL.noop
        ),
        django.contrib.postgres.operations.AddIndexConcurrently(
            model_name="artwork",
            index=django.contrib.postgres.indexes.GinIndex(fields=["bands"], name="artwork_bands"),
        ),
    ]
