"""The pictures of a buyer that wait for their others."""

from django.db import migrations, models
from django.db.models import Q

CREATE = [
    # One that broke off is of no use.
    "DROP INDEX CONCURRENTLY IF EXISTS generation_held",
    """
    CREATE INDEX CONCURRENTLY generation_held
        ON app_generation (user_id, id) WHERE is_held AND status = 'queued'
    """,
]


class Migration(migrations.Migration):
    atomic = False

    dependencies = [("app", "0037_pictures_under_way")]

    operations = [
        migrations.SeparateDatabaseAndState(
            [migrations.RunSQL(CREATE, "DROP INDEX CONCURRENTLY generation_held")],
            [
                migrations.AddIndex(
                    "generation",
                    models.Index(
                        condition=Q(is_held=True, status="queued"),
                        fields=["user", "id"],
                        name="generation_held",
                    ),
                )
            ],
        ),
    ]
