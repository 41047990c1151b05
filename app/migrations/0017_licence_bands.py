"""Licences are found by the bands of their pictures' fingerprints."""

import django.contrib.postgres.indexes
import django.contrib.postgres.operations
from django.db import migrations


class Migration(migrations.Migration):
    atomic = False

    dependencies = [("app", "0016_signature")]

    operations = [
        django.contrib.postgres.operations.AddIndexConcurrently(
            model_name="licence",
            index=django.contrib.postgres.indexes.GinIndex(fields=["bands"], name="licence_bands"),
        )
    ]
