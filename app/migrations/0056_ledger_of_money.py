"""The ledger takes entries of payouts, refunds of purchases and disputes.

No entry that the version before writes breaks the new rules, which only allow more. No lock on the
ledger lasts longer than a moment. What breaks off may be run again.
"""

from django.db import migrations, models
from django.db.models import Q

TAKEN = ["consume", "reversal", "payout", "refund_out", "chargeback", "forfeit"]
GIVEN = ["earn", "refund", "purchase", "payout_ret", "refund_ret", "charge_ret"]
# These name what they are of.
OF_MONEY = ["payout", "payout_ret", "refund_out", "refund_ret", "chargeback", "charge_ret", "loss"]
PARTIES = models.CheckConstraint(
    name="transaction_parties_fit_type",
    condition=Q(type__in=TAKEN, sender__isnull=False, receiver__isnull=True)
    | Q(type__in=GIVEN, sender__isnull=True, receiver__isnull=False)
    | Q(type="loss", sender__isnull=True, receiver__isnull=True),
)
MONEY = models.CheckConstraint(
    name="transaction_money_fits_type",
    condition=Q(type__in=["payout", "payout_ret"], payout__isnull=False)
    & Q(purchase_refund__isnull=True, dispute__isnull=True)
    | Q(type__in=["refund_out", "refund_ret"], purchase_refund__isnull=False)
    & Q(payout__isnull=True, dispute__isnull=True)
    | Q(type__in=["chargeback", "charge_ret", "loss"], dispute__isnull=False)
    & Q(payout__isnull=True, purchase_refund__isnull=True)
    | Q(payout__isnull=True, purchase_refund__isnull=True, dispute__isnull=True)
    & ~Q(type__in=OF_MONEY),
)
ONCE = [
    models.UniqueConstraint(
        name=f"transaction_{of}_once", fields=[of, "type"], condition=Q(**{f"{of}__isnull": False})
    )
    for of in ("payout", "purchase_refund", "dispute")
]
PAYABLE = models.Index(
    name="transaction_payable",
    fields=["receiver", "created_at"],
    include=["earned"],
    condition=Q(type="earn", earned__gt=0),
)

# While an ALTER waits for a lock, all others wait for it. One text is one transaction.
BRIEFLY = "SET LOCAL lock_timeout = '5s';"
CHECKS = [
    f"""{BRIEFLY}
    ALTER TABLE app_transaction
        DROP CONSTRAINT IF EXISTS transaction_parties_fit_type,
        ADD CONSTRAINT transaction_parties_fit_type CHECK (
            type IN ('consume', 'reversal', 'payout', 'refund_out', 'chargeback', 'forfeit')
                AND sender_id IS NOT NULL AND receiver_id IS NULL
            OR type IN ('earn', 'refund', 'purchase', 'payout_ret', 'refund_ret', 'charge_ret')
                AND sender_id IS NULL AND receiver_id IS NOT NULL
            OR type = 'loss' AND sender_id IS NULL AND receiver_id IS NULL
        ) NOT VALID,
        DROP CONSTRAINT IF EXISTS transaction_money_fits_type,
        ADD CONSTRAINT transaction_money_fits_type CHECK (
            type IN ('payout', 'payout_ret') AND payout_id IS NOT NULL
                AND purchase_refund_id IS NULL AND dispute_id IS NULL
            OR type IN ('refund_out', 'refund_ret') AND purchase_refund_id IS NOT NULL
                AND payout_id IS NULL AND dispute_id IS NULL
            OR type IN ('chargeback', 'charge_ret', 'loss') AND dispute_id IS NOT NULL
                AND payout_id IS NULL AND purchase_refund_id IS NULL
            OR type NOT IN ('payout', 'payout_ret', 'refund_out', 'refund_ret', 'chargeback',
                    'charge_ret', 'loss')
                AND payout_id IS NULL AND purchase_refund_id IS NULL AND dispute_id IS NULL
        ) NOT VALID
    """,
    # Orders go on while the old entries are looked at.
    "ALTER TABLE app_transaction VALIDATE CONSTRAINT transaction_parties_fit_type",
    "ALTER TABLE app_transaction VALIDATE CONSTRAINT transaction_money_fits_type",
]
NO_CHECKS = f"""{BRIEFLY}
    ALTER TABLE app_transaction
        DROP CONSTRAINT transaction_money_fits_type,
        DROP CONSTRAINT transaction_parties_fit_type,
        ADD CONSTRAINT transaction_parties_fit_type CHECK (
            type IN ('consume', 'reversal') AND sender_id IS NOT NULL AND receiver_id IS NULL
            OR type IN ('earn', 'refund', 'purchase')
                AND sender_id IS NULL AND receiver_id IS NOT NULL
        )
"""
# One that broke off is of no use.
INDEXES = [
    statement
    for name, rest in {
        **{
            f"transaction_{of}_once": f"UNIQUE ({of}_id, type) WHERE {of}_id IS NOT NULL"
            for of in ("payout", "purchase_refund", "dispute")
        },
        "transaction_payable": "(receiver_id, created_at) INCLUDE (earned)"
        " WHERE type = 'earn' AND earned > 0",
    }.items()
    for statement in (
        f"DROP INDEX CONCURRENTLY IF EXISTS {name}",
        f"CREATE {'UNIQUE ' * rest.startswith('UNIQUE')}INDEX CONCURRENTLY {name}"
        f" ON app_transaction {rest.removeprefix('UNIQUE ')}",
    )
]
NO_INDEXES = [statement for statement in INDEXES if statement.startswith("DROP")]


class Migration(migrations.Migration):
    atomic = False

    dependencies = [("app", "0055_parts_of_entries")]

    operations = [
        migrations.SeparateDatabaseAndState(
            [migrations.RunSQL(CHECKS, NO_CHECKS), migrations.RunSQL(INDEXES, NO_INDEXES)],
            [
                migrations.RemoveConstraint("transaction", PARTIES.name),
                *(
                    migrations.AddConstraint("transaction", each)
                    for each in (PARTIES, MONEY, *ONCE)
                ),
                migrations.AddIndex("transaction", PAYABLE),
            ],
        ),
    ]
