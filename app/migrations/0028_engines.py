"""Styles know their engine, workers tell of themselves, and there are two more formats (which
change nothing in the database)."""

import django.contrib.postgres.fields
import django.db.models.functions.datetime
from django.db import migrations, models

FORMATS = [
    *(("1:1", "512 × 512"), ("2:2", "1024 × 1024"), ("1:2", "512 × 1024")),
    *(("3:2", "768 × 512"), ("2:1", "1024 × 512")),
    *(("4:3", "768 × 576"), ("3:4", "576 × 768")),
]


class Migration(migrations.Migration):
    dependencies = [("app", "0027_webhooks")]

    operations = [
        # Whoever waits for the lock holds up everybody else. The migration can be run again.
        migrations.RunSQL("SET LOCAL lock_timeout = '5s'", migrations.RunSQL.noop),
        migrations.AddField(
            model_name="style",
            name="engine",
            field=models.CharField(
                db_default="stylenet",
                default="stylenet",
                help_text="What learns it and draws with it.",
                max_length=30,
            ),
        ),
        migrations.AddField(
            model_name="style",
            name="engine_version",
            field=models.CharField(
                blank=True,
                db_default="",
                default="",
                help_text="That which learned it.",
                max_length=50,
            ),
        ),
        migrations.AlterField(
            "generation", "aspect_ratio", models.CharField(max_length=3, choices=FORMATS)
        ),
        migrations.CreateModel(
            name="Worker",
            fields=[
                (
                    "id",
                    models.UUIDField(
                        help_text="Drawn by the process when it starts.",
                        primary_key=True,
                        serialize=False,
                    ),
                ),
                ("engine", models.CharField(max_length=30)),
                ("engine_version", models.CharField(max_length=50)),
                ("base_model", models.CharField(blank=True, max_length=200)),
                ("device", models.CharField(blank=True, max_length=200)),
                (
                    "version",
                    models.CharField(
                        blank=True, help_text="That of the program.", max_length=50
                    ),
                ),
                (
                    "warm_styles",
                    django.contrib.postgres.fields.ArrayField(
                        base_field=models.BigIntegerField(),
                        help_text="Those whose models it holds, by their ids.",
                        size=None,
                    ),
                ),
                ("done_count", models.PositiveIntegerField()),
                ("failed_count", models.PositiveIntegerField()),
                ("started_at", models.DateTimeField()),
                (
                    "seen_at",
                    models.DateTimeField(db_default=django.db.models.functions.datetime.Now()),
                ),
            ],
            options={"ordering": ["engine", "started_at", "pk"]},
        ),
    ]
