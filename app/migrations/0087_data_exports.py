"""All that is kept of a user, as a file that they asked for."""

import django.db.models.deletion
from django.conf import settings
from django.db import migrations, models


class Migration(migrations.Migration):
    dependencies = [("app", "0086_comments_off")]

    operations = [
        # Whoever waits for the lock holds up everybody else. The migration can be run again.
        migrations.RunSQL("SET LOCAL lock_timeout = '5s'", migrations.RunSQL.noop),
        migrations.CreateModel(
            name="DataExport",
            fields=[
                (
                    "id",
                    models.BigAutoField(
                        auto_created=True, primary_key=True, serialize=False, verbose_name="ID"
                    ),
                ),
                (
                    "user",
                    models.ForeignKey(
                        on_delete=django.db.models.deletion.CASCADE,
                        related_name="data_exports",
                        to=settings.AUTH_USER_MODEL,
                    ),
                ),
                ("asked_at", models.DateTimeField(auto_now_add=True)),
                (
                    "due_at",
                    models.DateTimeField(
                        help_text="When somebody may make it: the end of a lease."
                    ),
                ),
                ("attempt", models.PositiveSmallIntegerField(default=0)),
                ("failed_at", models.DateTimeField(blank=True, null=True)),
                ("ready_at", models.DateTimeField(blank=True, null=True)),
                ("expires_at", models.DateTimeField(blank=True, null=True)),
                (
                    "key",
                    models.CharField(blank=True, help_text="Storage key.", max_length=100),
                ),
                ("size", models.BigIntegerField(blank=True, help_text="Bytes.", null=True)),
            ],
            options={
                "ordering": ["-asked_at", "-pk"],
                "indexes": [
                    models.Index(
                        name="data_export_due",
                        fields=["due_at"],
                        condition=models.Q(ready_at=None, failed_at=None),
                    )
                ],
                "constraints": [
                    models.UniqueConstraint(
                        name="data_export_one_under_way",
                        fields=["user"],
                        condition=models.Q(ready_at=None, failed_at=None),
                    ),
                    models.CheckConstraint(
                        name="data_export_ready_has_file",
                        condition=models.Q(ready_at=None)
                        | (~models.Q(key="") & models.Q(expires_at__isnull=False)),
                    ),
                ],
            },
        ),
    ]
