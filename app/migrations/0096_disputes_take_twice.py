"""A lost dispute takes once more what its buyer has by then: the entry has a memo of its own."""

from django.db import migrations, models

PART = models.UniqueConstraint(
    fields=["dispute", "type", "memo"],
    condition=models.Q(dispute__isnull=False),
    name="transaction_dispute_part_once",
)
DROP = "DROP INDEX CONCURRENTLY IF EXISTS {}"
CREATE = """
    CREATE UNIQUE INDEX CONCURRENTLY {} ON app_transaction ({})
    WHERE dispute_id IS NOT NULL
"""
NEW, NEW_FIELDS = "transaction_dispute_part_once", "dispute_id, type, memo"
OLD, OLD_FIELDS = "transaction_dispute_once", "dispute_id, type"


class Migration(migrations.Migration):
    # It takes no lock that writers wait for. One that broke off may be run again.
    atomic = False
    dependencies = [("app", "0095_refunds_of_spent_tokens")]

    operations = [
        migrations.RunSQL(
            [DROP.format(NEW), CREATE.format(NEW, NEW_FIELDS), DROP.format(OLD)],
            [DROP.format(OLD), CREATE.format(OLD, OLD_FIELDS), DROP.format(NEW)],
            state_operations=[
                migrations.RemoveConstraint(
                    model_name="transaction", name="transaction_dispute_once"
                ),
                migrations.AddConstraint(model_name="transaction", constraint=PART),
            ],
        ),
    ]
