"""Sites by which artists prove who they are."""

import django.db.models.deletion
from django.db import migrations, models


class Migration(migrations.Migration):
    dependencies = [("app", "0088_exports_told")]

    operations = [
        # Whoever waits for the lock holds up everybody else. The migration can be run again.
        migrations.RunSQL("SET LOCAL lock_timeout = '5s'", migrations.RunSQL.noop),
        migrations.CreateModel(
            name="ArtistSite",
            fields=[
                (
                    "artist",
                    models.OneToOneField(
                        on_delete=django.db.models.deletion.CASCADE,
                        primary_key=True,
                        related_name="site",
                        serialize=False,
                        to="app.artist",
                    ),
                ),
                ("url", models.CharField(max_length=500)),
                (
                    "proven_at",
                    models.DateTimeField(
                        blank=True, help_text="Since when it links back.", null=True
                    ),
                ),
                (
                    "due_at",
                    models.DateTimeField(
                        blank=True,
                        help_text="When to look again: the end of a lease, too.",
                        null=True,
                    ),
                ),
                ("checked_at", models.DateTimeField(blank=True, null=True)),
                ("failure_count", models.PositiveSmallIntegerField(default=0)),
                (
                    "failure",
                    models.CharField(
                        blank=True, help_text="What was wrong with it.", max_length=300
                    ),
                ),
            ],
            options={
                "ordering": ["pk"],
                "indexes": [
                    models.Index(
                        name="artist_site_due",
                        fields=["due_at"],
                        condition=models.Q(due_at__isnull=False),
                    )
                ],
                "constraints": [
                    models.CheckConstraint(
                        name="artist_site_proven_is_looked_at",
                        condition=models.Q(proven_at=None) | models.Q(due_at__isnull=False),
                    )
                ],
            },
        ),
    ]
