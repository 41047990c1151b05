"""How many pictures of a buyer are in work."""

from django.db import migrations, models
from django.db.models import Q

CREATE = [
    # One that broke off is of no use.
    "DROP INDEX CONCURRENTLY IF EXISTS generation_under_way",
    """
    CREATE INDEX CONCURRENTLY generation_under_way
        ON app_generation (user_id, is_held) WHERE status IN ('queued', 'processing')
    """,
]


class Migration(migrations.Migration):
    atomic = False

    dependencies = [("app", "0036_items_of_orders")]

    operations = [
        migrations.SeparateDatabaseAndState(
            [migrations.RunSQL(CREATE, "DROP INDEX CONCURRENTLY generation_under_way")],
            [
                migrations.AddIndex(
                    "generation",
                    models.Index(
                        condition=Q(status__in=["queued", "processing"]),
                        fields=["user", "is_held"],
                        name="generation_under_way",
                    ),
                )
            ],
        ),
    ]
