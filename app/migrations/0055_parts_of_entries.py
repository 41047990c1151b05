"""An entry says what it moved in each part, and what payout, refund or dispute it is of."""

import django.db.models.deletion
from django.db import migrations, models


class Migration(migrations.Migration):
    dependencies = [("app", "0054_paid_from")]

    operations = [
        # Whoever waits for the lock holds up everybody else. The migration can be run again.
        migrations.RunSQL("SET LOCAL lock_timeout = '5s'", migrations.RunSQL.noop),
        migrations.AddField(
            model_name="transaction",
            name="bought",
            field=models.IntegerField(
                blank=True, help_text="Change of the bought tokens.", null=True
            ),
        ),
        migrations.AddField(
            model_name="transaction",
            name="earned",
            field=models.IntegerField(
                blank=True, help_text="Change of the payable tokens.", null=True
            ),
        ),
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
                    ("forfeit", "Given up"),
                ],
                max_length=10,
            ),
        ),
        migrations.AddField(
            model_name="transaction",
            name="dispute",
            field=models.ForeignKey(
                blank=True,
                db_index=False,
                null=True,
                on_delete=django.db.models.deletion.PROTECT,
                related_name="transactions",
                to="app.dispute",
            ),
        ),
        migrations.AddField(
            model_name="transaction",
            name="payout",
            field=models.ForeignKey(
                blank=True,
                db_index=False,
                null=True,
                on_delete=django.db.models.deletion.PROTECT,
                related_name="transactions",
                to="app.payout",
            ),
        ),
        migrations.AddField(
            model_name="transaction",
            name="purchase_refund",
            field=models.ForeignKey(
                blank=True,
                db_index=False,
                null=True,
                on_delete=django.db.models.deletion.PROTECT,
                related_name="transactions",
                to="app.purchaserefund",
            ),
        ),
    ]
