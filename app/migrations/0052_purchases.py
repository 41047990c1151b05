"""A purchase has states, is paid at a gateway, and is refunded or disputed.

The version before this one goes on meanwhile: what it writes is paid.
"""

import django.db.models.deletion
from django.db import migrations, models


class Migration(migrations.Migration):
    dependencies = [("app", "0051_fees_and_events")]

    operations = [
        # Whoever waits for the lock holds up everybody else. The migration can be run again.
        migrations.RunSQL("SET LOCAL lock_timeout = '5s'", migrations.RunSQL.noop),
        migrations.CreateModel(
            name="Dispute",
            fields=[
                (
                    "id",
                    models.BigAutoField(
                        auto_created=True, primary_key=True, serialize=False, verbose_name="ID"
                    ),
                ),
                ("provider_id", models.CharField(max_length=100, unique=True)),
                (
                    "amount",
                    models.PositiveIntegerField(help_text="Tokens that the disputed money bought."),
                ),
                (
                    "price",
                    models.PositiveBigIntegerField(help_text="In the currency's smallest unit."),
                ),
                ("reason", models.CharField(blank=True, max_length=100)),
                (
                    "status",
                    models.CharField(
                        choices=[
                            ("open", "Open"),
                            ("won", "The platform won"),
                            ("lost", "The platform lost"),
                        ],
                        default="open",
                        max_length=10,
                    ),
                ),
                (
                    "taken",
                    models.PositiveIntegerField(
                        default=0, help_text="Tokens that were taken back."
                    ),
                ),
                ("created_at", models.DateTimeField(auto_now_add=True)),
                ("ended_at", models.DateTimeField(blank=True, null=True)),
            ],
            options={
                "ordering": ["-created_at", "-pk"],
            },
        ),
        migrations.CreateModel(
            name="PurchaseRefund",
            fields=[
                (
                    "id",
                    models.BigAutoField(
                        auto_created=True, primary_key=True, serialize=False, verbose_name="ID"
                    ),
                ),
                ("amount", models.PositiveIntegerField(help_text="Tokens.")),
                (
                    "price",
                    models.PositiveBigIntegerField(help_text="In the currency's smallest unit."),
                ),
                (
                    "status",
                    models.CharField(
                        choices=[
                            ("requested", "To be sent"),
                            ("sent", "On its way"),
                            ("paid", "Paid"),
                            ("failed", "Failed"),
                            ("reversed", "Sent back"),
                        ],
                        default="requested",
                        max_length=10,
                    ),
                ),
                ("provider_id", models.CharField(blank=True, max_length=100)),
                ("failure", models.CharField(blank=True, max_length=200)),
                ("created_at", models.DateTimeField(auto_now_add=True)),
                ("ended_at", models.DateTimeField(blank=True, null=True)),
                ("checked_at", models.DateTimeField(blank=True, null=True)),
            ],
            options={
                "ordering": ["-created_at", "-pk"],
            },
        ),
        migrations.AddField(
            model_name="purchase",
            name="checked_at",
            field=models.DateTimeField(
                blank=True, help_text="When the gateway was last asked about it.", null=True
            ),
        ),
        migrations.AddField(
            model_name="purchase",
            name="checkout_url",
            field=models.TextField(blank=True, db_default="", default=""),
        ),
        migrations.AddField(
            model_name="purchase",
            name="currency",
            field=models.CharField(blank=True, db_default="", default="", max_length=3),
        ),
        migrations.AddField(
            model_name="purchase",
            name="expires_at",
            field=models.DateTimeField(blank=True, null=True),
        ),
        migrations.AddField(
            model_name="purchase",
            name="paid_at",
            field=models.DateTimeField(blank=True, null=True),
        ),
        migrations.AddField(
            model_name="purchase",
            name="payment_id",
            field=models.CharField(
                blank=True,
                db_default="",
                default="",
                help_text="The gateway's payment.",
                max_length=100,
            ),
        ),
        migrations.AddField(
            model_name="purchase",
            name="price",
            field=models.PositiveBigIntegerField(
                blank=True, help_text="In the currency's smallest unit; null: no money.", null=True
            ),
        ),
        migrations.AddField(
            model_name="purchase",
            name="refunded_amount",
            field=models.PositiveIntegerField(db_default=0, default=0, help_text="Tokens."),
        ),
        migrations.AddField(
            model_name="purchase",
            name="session_id",
            field=models.CharField(
                blank=True,
                db_default="",
                default="",
                help_text="Where the buyer pays.",
                max_length=100,
            ),
        ),
        migrations.AddField(
            model_name="purchase",
            name="status",
            field=models.CharField(
                choices=[
                    ("pending", "Waits for the payment"),
                    ("paid", "Paid"),
                    ("expired", "Not paid in time"),
                    ("failed", "The payment failed"),
                    ("refunded", "Refunded"),
                    ("partly_refunded", "Refunded in part"),
                    ("disputed", "Disputed"),
                    ("won", "Disputed, and the platform won"),
                    ("lost", "Disputed, and the platform lost"),
                ],
                db_default="paid",
                default="paid",
                max_length=15,
            ),
        ),
        migrations.AddIndex(
            model_name="purchase",
            index=models.Index(
                condition=models.Q(("status", "pending")),
                fields=["created_at"],
                name="purchase_pending",
            ),
        ),
        migrations.AddConstraint(
            model_name="purchase",
            constraint=models.CheckConstraint(
                condition=models.Q(("refunded_amount__lte", models.F("amount"))),
                name="purchase_refunded_in_range",
            ),
        ),
        migrations.AddConstraint(
            model_name="purchase",
            constraint=models.UniqueConstraint(
                condition=models.Q(("session_id", ""), _negated=True),
                fields=("session_id",),
                name="purchase_session_unique",
            ),
        ),
        migrations.AddConstraint(
            model_name="purchase",
            constraint=models.UniqueConstraint(
                condition=models.Q(("payment_id", ""), _negated=True),
                fields=("payment_id",),
                name="purchase_payment_unique",
            ),
        ),
        migrations.AddField(
            model_name="dispute",
            name="purchase",
            field=models.ForeignKey(
                on_delete=django.db.models.deletion.PROTECT,
                related_name="disputes",
                to="app.purchase",
            ),
        ),
        migrations.AddField(
            model_name="purchaserefund",
            name="purchase",
            field=models.ForeignKey(
                on_delete=django.db.models.deletion.PROTECT,
                related_name="refunds",
                to="app.purchase",
            ),
        ),
        migrations.AddConstraint(
            model_name="dispute",
            constraint=models.CheckConstraint(
                condition=models.Q(("taken__lte", models.F("amount"))),
                name="dispute_taken_in_range",
            ),
        ),
        migrations.AddConstraint(
            model_name="purchaserefund",
            constraint=models.CheckConstraint(
                condition=models.Q(("amount__gt", 0), ("price__gte", 0)),
                name="purchase_refund_positive",
            ),
        ),
        migrations.AddConstraint(
            model_name="purchaserefund",
            constraint=models.UniqueConstraint(
                condition=models.Q(("provider_id", ""), _negated=True),
                fields=("provider_id",),
                name="purchase_refund_provider_unique",
            ),
        ),
        migrations.AddConstraint(
            model_name="purchaserefund",
            constraint=models.UniqueConstraint(
                condition=models.Q(("status__in", ["requested", "sent"])),
                fields=("purchase",),
                name="purchase_refund_one_under_way",
            ),
        ),
    ]
