"""Works are compared with those of others before a style is trained on them.

The version before this one goes on meanwhile: what it trains is not compared, and its works get
their fingerprints later.
"""

import django.contrib.postgres.fields
import django.db.models.deletion
from django.db import migrations, models
from django.db.models.functions import Now

# Orders wait no longer behind whoever holds a lock that this needs; it is run again then.
PATIENCE = "SET LOCAL lock_timeout = '5s'"


class Migration(migrations.Migration):
    dependencies = [("app", "0028_engines")]

    operations = [
        migrations.RunSQL(PATIENCE, PATIENCE),
        migrations.CreateModel(
            name="CopyCheck",
            fields=[
                (
                    "id",
                    models.BigAutoField(
                        auto_created=True, primary_key=True, serialize=False, verbose_name="ID"
                    ),
                ),
                (
                    "due_at",
                    models.DateTimeField(
                        help_text=(
                            "When somebody may do it: the end of a lease. Empty once it is held."
                        ),
                        null=True,
                    ),
                ),
                ("begun_at", models.DateTimeField(db_default=Now(), editable=False)),
                ("attempt", models.PositiveSmallIntegerField(default=0)),
                (
                    "lease",
                    models.UUIDField(
                        editable=False, help_text="Of this attempt alone.", null=True
                    ),
                ),
                (
                    "held_at",
                    models.DateTimeField(
                        help_text="Since when it waits for our staff.", null=True
                    ),
                ),
                (
                    "found",
                    models.JSONField(default=list, help_text="Which works, and what each is like."),
                ),
                (
                    "style",
                    models.OneToOneField(
                        on_delete=django.db.models.deletion.CASCADE,
                        related_name="copy_check",
                        to="app.style",
                    ),
                ),
            ],
            options={
                "ordering": ["pk"],
                "indexes": [models.Index(fields=["due_at"], name="copy_check_due")],
            },
        ),
        migrations.AddField(
            "artwork",
            "pdq",
            models.BinaryField(help_text="A fingerprint of 256 bits.", max_length=32, null=True),
        ),
        migrations.AddField(
            "artwork",
            "bands",
            django.contrib.postgres.fields.ArrayField(
                base_field=models.IntegerField(),
                help_text="The fingerprint in 16 parts.",
                null=True,
                size=16,
            ),
        ),
        migrations.AddField(
            "style",
            "review",
            models.JSONField(
                blank=True,
                help_text="Of works that are like those of others: docs/rights.md.",
                null=True,
            ),
        ),
    ]
