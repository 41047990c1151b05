"""Styles are found by their descriptions, and the entries of a deleted picture by an index.

Indexes are made without locking tables. What breaks off leaves an invalid index: drop that one,
and migrate again.
"""

from django.contrib.postgres.indexes import GinIndex, OpClass
from django.contrib.postgres.operations import AddIndexConcurrently
from django.db import migrations, models
from django.db.models.functions import Upper

DESCRIPTION = GinIndex(
    OpClass(Upper("description"), name="gin_trgm_ops"), name="style_description_trigram"
)
BY_PICTURE = models.Index(name="feed_entry_by_picture", fields=["generation"])


class Migration(migrations.Migration):
    atomic = False

    dependencies = [("app", "0011_upload_check_begun")]

    operations = [
        AddIndexConcurrently("style", DESCRIPTION),
        AddIndexConcurrently("feedentry", BY_PICTURE),
    ]
