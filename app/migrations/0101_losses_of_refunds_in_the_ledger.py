"""The ledger takes losses of refunds, and losses that come back.

The new rules only allow more. No lock on the ledger lasts longer than a moment. What breaks off may
be run again.
"""

from django.db import migrations, models
from django.db.models import Q

TAKEN = ["consume", "reversal", "payout", "refund_out", "chargeback", "forfeit"]
GIVEN = ["earn", "refund", "purchase", "payout_ret", "refund_ret", "charge_ret"]
LOSSES = ["loss", "loss_ret"]
OF_MONEY = ["payout", "payout_ret", "refund_out", "refund_ret", "chargeback", "charge_ret", *LOSSES]
PARTIES = models.CheckConstraint(
    name="transaction_parties_fit_type",
    condition=Q(type__in=TAKEN, sender__isnull=False, receiver__isnull=True)
    | Q(type__in=GIVEN, sender__isnull=True, receiver__isnull=False)
    | Q(type__in=LOSSES, sender__isnull=True, receiver__isnull=True),
)
MONEY = models.CheckConstraint(
    name="transaction_money_fits_type",
    condition=Q(type__in=["payout", "payout_ret"], payout__isnull=False)
    & Q(purchase_refund__isnull=True, dispute__isnull=True)
    | Q(type__in=["refund_out", "refund_ret", *LOSSES], purchase_refund__isnull=False)
    & Q(payout__isnull=True, dispute__isnull=True)
    | Q(type__in=["chargeback", "charge_ret", *LOSSES], dispute__isnull=False)
    & Q(payout__isnull=True, purchase_refund__isnull=True)
    | Q(payout__isnull=True, purchase_refund__isnull=True, dispute__isnull=True)
    & ~Q(type__in=OF_MONEY),
)


def checks(losses: str, of_refunds: str) -> list[str]:
    """``losses`` are of the platform alone, ``of_refunds`` those of them that refunds have too."""
    return [
        # While an ALTER waits for a lock, all others wait for it. One text is one transaction.
        f"""SET LOCAL lock_timeout = '5s';
        ALTER TABLE app_transaction
            DROP CONSTRAINT IF EXISTS transaction_parties_fit_type,
            ADD CONSTRAINT transaction_parties_fit_type CHECK (
                type IN ('consume', 'reversal', 'payout', 'refund_out', 'chargeback', 'forfeit')
                    AND sender_id IS NOT NULL AND receiver_id IS NULL
                OR type IN ('earn', 'refund', 'purchase', 'payout_ret', 'refund_ret', 'charge_ret')
                    AND sender_id IS NULL AND receiver_id IS NOT NULL
                OR type IN ({losses}) AND sender_id IS NULL AND receiver_id IS NULL
            ) NOT VALID,
            DROP CONSTRAINT IF EXISTS transaction_money_fits_type,
            ADD CONSTRAINT transaction_money_fits_type CHECK (
                type IN ('payout', 'payout_ret') AND payout_id IS NOT NULL
                    AND purchase_refund_id IS NULL AND dispute_id IS NULL
                OR type IN ('refund_out', 'refund_ret'{of_refunds})
                    AND purchase_refund_id IS NOT NULL AND payout_id IS NULL AND dispute_id IS NULL
                OR type IN ('chargeback', 'charge_ret', {losses}) AND dispute_id IS NOT NULL
                    AND payout_id IS NULL AND purchase_refund_id IS NULL
                OR type NOT IN ('payout', 'payout_ret', 'refund_out', 'refund_ret', 'chargeback',
                        'charge_ret', {losses})
                    AND payout_id IS NULL AND purchase_refund_id IS NULL AND dispute_id IS NULL
            ) NOT VALID
        """,
        # Orders go on while the old entries are looked at.
        "ALTER TABLE app_transaction VALIDATE CONSTRAINT transaction_parties_fit_type",
        "ALTER TABLE app_transaction VALIDATE CONSTRAINT transaction_money_fits_type",
    ]


class Migration(migrations.Migration):
    atomic = False

    dependencies = [("app", "0100_losses_of_refunds")]

    operations = [
        migrations.RunSQL(
            checks("'loss', 'loss_ret'", ", 'loss', 'loss_ret'"),
            checks("'loss'", ""),
            state_operations=[
                *(
                    migrations.RemoveConstraint("transaction", each.name)
                    for each in (PARTIES, MONEY)
                ),
                *(migrations.AddConstraint("transaction", each) for each in (PARTIES, MONEY)),
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
                migrations.AlterField(
                    model_name="purchase",
                    name="refunded_amount",
                    field=models.PositiveIntegerField(
                        db_default=0, default=0, help_text="Tokens whose money went back."
                    ),
                ),
            ],
        ),
    ]
