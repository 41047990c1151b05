"""The sale of a completed picture can be reversed: a refund, and a reversal of its payout.

The version before this one goes on meanwhile: no entry that it writes breaks the new rules, which
only allow more. No lock on the ledger lasts longer than a moment. What breaks off may be run again.
"""

from django.db import migrations, models
from django.db.models import Q

REVERSED = "generation_reversed"
FITS = models.CheckConstraint(
    name="transaction_parties_fit_type",
    condition=Q(type__in=["consume", "reversal"], sender__isnull=False, receiver__isnull=True)
    | Q(type__in=["earn", "refund", "purchase"], sender__isnull=True, receiver__isnull=False),
)
OF_A_PICTURE = models.CheckConstraint(
    name="transaction_reversal_fits_type",
    condition=Q(memo=REVERSED, type__in=["refund", "reversal"], generation__isnull=False)
    | ~Q(memo=REVERSED) & ~Q(type="reversal"),
)
SETTLED = models.UniqueConstraint(
    name="transaction_settle_once",
    fields=["generation"],
    condition=Q(type="earn") | Q(type="refund") & ~Q(memo=REVERSED),
)
REVERSED_ONCE = models.UniqueConstraint(
    name="transaction_reverse_once",
    fields=["generation", "type"],
    condition=Q(memo=REVERSED),
)
# While an ALTER waits for a lock, all others wait for it. One text is one transaction.
BRIEFLY = "SET LOCAL lock_timeout = '5s';"
CHECKS = [
    f"""{BRIEFLY}
    ALTER TABLE app_transaction
        DROP CONSTRAINT IF EXISTS transaction_parties_fit_type,
        ADD CONSTRAINT transaction_parties_fit_type CHECK (
            type IN ('consume', 'reversal') AND sender_id IS NOT NULL AND receiver_id IS NULL
            OR type IN ('earn', 'refund', 'purchase')
                AND sender_id IS NULL AND receiver_id IS NOT NULL
        ) NOT VALID,
        DROP CONSTRAINT IF EXISTS transaction_reversal_fits_type,
        ADD CONSTRAINT transaction_reversal_fits_type CHECK (
            memo = 'generation_reversed' AND type IN ('refund', 'reversal')
                AND generation_id IS NOT NULL
            OR memo <> 'generation_reversed' AND type <> 'reversal'
        ) NOT VALID
    """,
    # Orders go on while the old entries are looked at.
    "ALTER TABLE app_transaction VALIDATE CONSTRAINT transaction_parties_fit_type",
    "ALTER TABLE app_transaction VALIDATE CONSTRAINT transaction_reversal_fits_type",
]
NO_CHECKS = f"""{BRIEFLY}
    ALTER TABLE app_transaction
        DROP CONSTRAINT transaction_reversal_fits_type,
        DROP CONSTRAINT transaction_parties_fit_type,
        ADD CONSTRAINT transaction_parties_fit_type CHECK (
            type = 'consume' AND sender_id IS NOT NULL AND receiver_id IS NULL
            OR type IN ('earn', 'refund', 'purchase')
                AND sender_id IS NULL AND receiver_id IS NOT NULL
        )
"""
# The old index guards until the new one does.
ONCE = [
    # Broken off after the old one was dropped: the new one is the only guard, and takes its name.
    """
    DO $$ BEGIN
        IF to_regclass('transaction_settle_once') IS NULL AND EXISTS (
            SELECT FROM pg_index
            WHERE indexrelid = to_regclass('transaction_settle_once_new') AND indisvalid
        ) THEN
            ALTER INDEX transaction_settle_once_new RENAME TO transaction_settle_once;
        END IF;
    END $$
    """,
    "DROP INDEX CONCURRENTLY IF EXISTS transaction_settle_once_new",
    """
    CREATE UNIQUE INDEX CONCURRENTLY transaction_settle_once_new ON app_transaction (generation_id)
        WHERE type = 'earn' OR type = 'refund' AND memo <> 'generation_reversed'
    """,
    "DROP INDEX CONCURRENTLY IF EXISTS transaction_settle_once",
    "ALTER INDEX transaction_settle_once_new RENAME TO transaction_settle_once",
    "DROP INDEX CONCURRENTLY IF EXISTS transaction_reverse_once",
    """
    CREATE UNIQUE INDEX CONCURRENTLY transaction_reverse_once
        ON app_transaction (generation_id, type) WHERE memo = 'generation_reversed'
    """,
]
AS_BEFORE = [
    "DROP INDEX CONCURRENTLY transaction_reverse_once",
    "DROP INDEX CONCURRENTLY transaction_settle_once",
    """
    CREATE UNIQUE INDEX CONCURRENTLY transaction_settle_once ON app_transaction (generation_id)
        WHERE type IN ('earn', 'refund')
    """,
]


class Migration(migrations.Migration):
    atomic = False

    dependencies = [("app", "0023_books")]

    operations = [
        migrations.AlterField(
            "transaction",
            "type",
            models.CharField(
                choices=[
                    ("consume", "Paid for a picture"),
                    ("earn", "Earned"),
                    ("refund", "Refunded"),
                    ("purchase", "Bought"),
                    ("reversal", "Taken back"),
                ],
                max_length=10,
            ),
        ),
        migrations.SeparateDatabaseAndState(
            [migrations.RunSQL(CHECKS, NO_CHECKS), migrations.RunSQL(ONCE, AS_BEFORE)],
            [
                migrations.RemoveConstraint("transaction", FITS.name),
                migrations.RemoveConstraint("transaction", SETTLED.name),
                *(
                    migrations.AddConstraint("transaction", each)
                    for each in (FITS, OF_A_PICTURE, SETTLED, REVERSED_ONCE)
                ),
            ],
        ),
    ]
