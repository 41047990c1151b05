"""The ledger takes what an appeal gives back to an artist, with its picture.

The new rules only allow more. No lock on the ledger lasts longer than a moment. What breaks off may
be run again.
"""

import importlib

from django.db import migrations, models
from django.db.models import Q

LINES = importlib.import_module("app.migrations.0102_lines_of_losses")

REVERSED = "generation_reversed"
TAKEN = ["consume", "reversal", "payout", "refund_out", "chargeback", "forfeit"]
GIVEN = ["earn", "refund", "purchase", "payout_ret", "refund_ret", "charge_ret", "rev_ret"]
PARTIES = models.CheckConstraint(
    name="transaction_parties_fit_type",
    condition=Q(type__in=TAKEN, sender__isnull=False, receiver__isnull=True)
    | Q(type__in=GIVEN, sender__isnull=True, receiver__isnull=False)
    | Q(type__in=["loss", "loss_ret"], sender__isnull=True, receiver__isnull=True),
)
REVERSAL = models.CheckConstraint(
    name="transaction_reversal_fits_type",
    condition=Q(
        memo=REVERSED, type__in=["refund", "reversal", "rev_ret"], generation__isnull=False
    )
    | ~Q(memo=REVERSED) & ~Q(type__in=["reversal", "rev_ret"]),
)


def checks(returns: str) -> list[str]:
    """``returns`` is ``, 'rev_ret'``, or nothing as it was before."""
    return [
        # While an ALTER waits for a lock, all others wait for it. One text is one transaction.
        f"""SET LOCAL lock_timeout = '5s';
        ALTER TABLE app_transaction
            DROP CONSTRAINT IF EXISTS transaction_parties_fit_type,
            ADD CONSTRAINT transaction_parties_fit_type CHECK (
                type IN ('consume', 'reversal', 'payout', 'refund_out', 'chargeback', 'forfeit')
                    AND sender_id IS NOT NULL AND receiver_id IS NULL
                OR type IN ('earn', 'refund', 'purchase', 'payout_ret', 'refund_ret',
                        'charge_ret'{returns})
                    AND sender_id IS NULL AND receiver_id IS NOT NULL
                OR type IN ('loss', 'loss_ret') AND sender_id IS NULL AND receiver_id IS NULL
            ) NOT VALID,
            DROP CONSTRAINT IF EXISTS transaction_reversal_fits_type,
            ADD CONSTRAINT transaction_reversal_fits_type CHECK (
                memo = 'generation_reversed' AND type IN ('refund', 'reversal'{returns})
                    AND generation_id IS NOT NULL
                OR memo <> 'generation_reversed' AND type NOT IN ('reversal'{returns})
            ) NOT VALID
        """,
        # Orders go on while the old entries are looked at.
        "ALTER TABLE app_transaction VALIDATE CONSTRAINT transaction_parties_fit_type",
        "ALTER TABLE app_transaction VALIDATE CONSTRAINT transaction_reversal_fits_type",
    ]


# What is given back leaves the account that had what was taken.
VIEW = LINES.VIEW.replace("'refund', 'reversal')", "'refund', 'reversal', 'rev_ret')")


class Migration(migrations.Migration):
    atomic = False

    dependencies = [("app", "0103_held_works_stated")]

    operations = [
        migrations.RunSQL(
            checks(", 'rev_ret'"),
            checks(""),
            state_operations=[
                *(
                    migrations.RemoveConstraint("transaction", each.name)
                    for each in (PARTIES, REVERSAL)
                ),
                *(migrations.AddConstraint("transaction", each) for each in (PARTIES, REVERSAL)),
                migrations.AlterField(
                    model_name="transaction",
                    name="type",
                    field=models.CharField(
                        choices=[
                            ("consume", "Paid for a picture"),
                            ("earn", "Earned"),
                            ("refund", "Refunded"),
                            ("purchase", "Bought"),
                            ("reversal", "Taken back"),
                            ("rev_ret", "Given back after an appeal"),
                            ("payout", "Paid out"),
                            ("payout_ret", "Payout returned"),
                            ("refund_out", "Purchase refunded"),
                            ("refund_ret", "Refund returned"),
                            ("chargeback", "Payment disputed"),
                            ("charge_ret", "Dispute won"),
                            ("loss", "Lost by the platform"),
                            ("loss_ret", "Loss returned"),
                            ("forfeit", "Given up"),
                        ],
                        max_length=10,
                    ),
                ),
            ],
        ),
        migrations.RunSQL(VIEW + LINES.FEES.FEES, LINES.VIEW + LINES.FEES.FEES),
    ]
