"""Who is suspended: the relay asks every few seconds whose time is over."""

from django.contrib.postgres.operations import AddIndexConcurrently
from django.db import migrations, models


class Migration(migrations.Migration):
    atomic = False
    dependencies = [("app", "0089_artist_sites")]

    operations = [
        AddIndexConcurrently(
            model_name="user",
            index=models.Index(
                name="user_suspended",
                fields=["suspended_until"],
                condition=models.Q(suspended_at__isnull=False),
            ),
        ),
    ]
