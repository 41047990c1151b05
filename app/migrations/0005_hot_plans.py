"""Indexes that bound what lists, counts and sums read; see app/tests/speed/test_plans.py.

Made without locking the tables, the new ones first, so that the site goes on meanwhile. What breaks
off leaves an invalid index: drop that one, and migrate again.
"""

from django.contrib.postgres.indexes import GinIndex, OpClass
from django.contrib.postgres.operations import AddIndexConcurrently, RemoveIndexConcurrently
from django.db import migrations, models
from django.db.models import F, Q
from django.db.models.functions import Coalesce

PARTY = Coalesce("sender_id", "receiver_id")
NEWEST = (F("created_at").desc(), F("id").desc())
IS_PUBLIC = Q(visibility="public", status="completed")
IS_OFFERED = Q(is_active=True, training_status="completed")

NEW = {
    "generation": [
        models.Index(
            name="generation_public_by_user",
            fields=["user", "-created_at", "-id"],
            condition=IS_PUBLIC,
        ),
    ],
    "notification": [
        models.Index(
            name="notification_of_recipient",
            fields=["recipient", "-created_at", "-id"],
            include=["is_read"],
        ),
    ],
    "style": [
        models.Index(
            name="style_offered_by_artist",
            fields=["artist", "-created_at", "-id"],
            condition=IS_OFFERED,
        ),
        models.Index(
            name="style_popular",
            fields=["-usage_count", "-created_at", "-id"],
            condition=Q(is_active=True),
        ),
    ],
    "tag": [GinIndex(OpClass("name", name="gin_trgm_ops"), name="tag_name_trigram")],
    "transaction": [
        models.Index(PARTY, *NEWEST, name="transaction_party"),
        models.Index(PARTY, "type", *NEWEST, name="transaction_party_type"),
        models.Index(
            name="transaction_earned",
            fields=["receiver", "created_at"],
            include=["amount"],
            condition=Q(type="earn", generation__isnull=False),
        ),
    ],
}
FORMER = {
    "notification": ["notification_by_recipient"],
    "style": ["style_offered_popular"],
    "transaction": ["transaction_sender", "transaction_receiver"],
}


class Migration(migrations.Migration):
    atomic = False

    dependencies = [("app", "0004_measure_upload")]

    operations = [
        *(AddIndexConcurrently(model, index) for model in NEW for index in NEW[model]),
        # Of expressions the planner knows nothing before that.
        migrations.RunSQL("ANALYZE app_transaction", migrations.RunSQL.noop),
        *(RemoveIndexConcurrently(model, name) for model in FORMER for name in FORMER[model]),
    ]
