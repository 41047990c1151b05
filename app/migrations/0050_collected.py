"""Which pictures are in a collection."""

import django.db.models.deletion
from django.db import migrations, models


def of(model):
    return models.ForeignKey(
        db_index=False,
        on_delete=django.db.models.deletion.CASCADE,
        related_name="collected",
        to=model,
    )


class Migration(migrations.Migration):
    dependencies = [("app", "0049_collections")]

    operations = [
        # Whoever waits for the lock holds up everybody else. The migration can be run again.
        migrations.RunSQL("SET LOCAL lock_timeout = '5s'", migrations.RunSQL.noop),
        migrations.CreateModel(
            name="Collected",
            fields=[
                (
                    "id",
                    models.BigAutoField(
                        auto_created=True, primary_key=True, serialize=False, verbose_name="ID"
                    ),
                ),
                ("collection", of("app.collection")),
                ("generation", of("app.generation")),
            ],
            options={
                "ordering": ["pk"],
                "constraints": [
                    models.UniqueConstraint(
                        name="collected_once", fields=["collection", "generation"]
                    )
                ],
            },
        ),
    ]
