"""Webhooks may tell of payouts. Only the choices change: the database has nothing to do."""

import django.contrib.postgres.fields
from django.db import migrations, models

EVENTS = [
    ("generation.completed", "A picture is ready"),
    ("generation.failed", "A picture failed and was refunded"),
    ("generation.canceled", "A picture was canceled and refunded"),
    ("order.completed", "All pictures of an order have ended"),
    ("style.trained", "A style is trained"),
    ("style.failed", "The training of a style failed"),
    ("licence.issued", "A picture got its licence"),
    ("licence.refunded", "A licence ended because its picture was refunded"),
    ("licence.revoked", "A licence was revoked"),
    ("payout.sent", "A payout is on its way to the bank"),
    ("payout.paid", "A payout has arrived"),
    ("payout.failed", "A payout came back"),
]


class Migration(migrations.Migration):
    dependencies = [("app", "0057_ledger_lines")]

    operations = [
        migrations.AlterField(
            model_name="webhookendpoint",
            name="events",
            field=django.contrib.postgres.fields.ArrayField(
                base_field=models.CharField(choices=EVENTS, max_length=30),
                blank=True,
                default=list,
                help_text="Empty: all of them.",
                size=None,
            ),
        ),
    ]
