"""Real money: purchases with states, refunds, disputes, payouts, and the pots of a balance.

The version before this one goes on meanwhile: what it writes is paid, and in no pot.
"""

import django.db.models.deletion
from django.conf import settings
from django.db import migrations, models

# Who waits for a lock makes all others wait behind it.
BRIEFLY = "SET LOCAL lock_timeout = '5s'"


class Migration(migrations.Migration):
    dependencies = [
        ("app", "0046_settings"),
    ]

    operations = [
        migrations.RunSQL(BRIEFLY, migrations.RunSQL.noop),
        migrations.CreateModel(
            name="LedgerLine",
            fields=[
                ("id", models.CharField(max_length=30, primary_key=True, serialize=False)),
                ("account", models.CharField(max_length=60)),
                (
                    "amount",
                    models.BigIntegerField(help_text="Tokens; what the account gets is positive."),
                ),
            ],
            options={
                "db_table": "app_ledgerline",
                "managed": False,
            },
        ),
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
            name="FeeChange",
            fields=[
                (
                    "id",
                    models.BigAutoField(
                        auto_created=True, primary_key=True, serialize=False, verbose_name="ID"
                    ),
                ),
                ("percent", models.PositiveSmallIntegerField()),
                ("announced_at", models.DateTimeField(auto_now_add=True)),
                ("effective_at", models.DateTimeField(unique=True)),
            ],
            options={
                "ordering": ["-effective_at"],
            },
        ),
        migrations.CreateModel(
            name="PaymentEvent",
            fields=[
                (
                    "id",
                    models.BigAutoField(
                        auto_created=True, primary_key=True, serialize=False, verbose_name="ID"
                    ),
                ),
                ("gateway", models.CharField(max_length=30)),
                ("event_id", models.CharField(max_length=100)),
                ("type", models.CharField(max_length=100)),
                ("object_id", models.CharField(blank=True, max_length=100)),
                ("created_at", models.DateTimeField(help_text="By the gateway's clock.")),
                ("received_at", models.DateTimeField(auto_now_add=True)),
            ],
            options={
                "ordering": ["-received_at", "-pk"],
            },
        ),
        migrations.CreateModel(
            name="PaymentProfile",
            fields=[
                (
                    "id",
                    models.BigAutoField(
                        auto_created=True, primary_key=True, serialize=False, verbose_name="ID"
                    ),
                ),
                ("gateway", models.CharField(max_length=30)),
                ("customer_id", models.CharField(blank=True, max_length=100)),
                ("account_id", models.CharField(blank=True, max_length=100)),
                (
                    "account_status",
                    models.CharField(
                        choices=[
                            ("none", "Not begun"),
                            ("onboarding", "Begun"),
                            ("enabled", "Ready"),
                            ("restricted", "Something is missing"),
                            ("rejected", "Refused by the gateway"),
                        ],
                        default="none",
                        max_length=10,
                    ),
                ),
                (
                    "account_note",
                    models.CharField(
                        blank=True, help_text="What the gateway still asks for.", max_length=300
                    ),
                ),
                (
                    "pays_monthly",
                    models.BooleanField(
                        default=False,
                        help_text="What is payable is paid out on the first of each month.",
                    ),
                ),
                ("updated_at", models.DateTimeField(auto_now=True)),
            ],
        ),
        migrations.CreateModel(
            name="Payout",
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
                ("currency", models.CharField(max_length=3)),
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
                (
                    "until",
                    models.DateTimeField(help_text="Sales up to then were no longer on hold."),
                ),
                ("is_monthly", models.BooleanField(default=False)),
                ("gateway", models.CharField(max_length=30)),
                ("account_id", models.CharField(blank=True, max_length=100)),
                ("transfer_id", models.CharField(blank=True, max_length=100)),
                (
                    "payout_id",
                    models.CharField(blank=True, help_text="To the artist's bank.", max_length=100),
                ),
                ("failure", models.CharField(blank=True, max_length=200)),
                ("created_at", models.DateTimeField(auto_now_add=True)),
                ("sent_at", models.DateTimeField(blank=True, null=True)),
                ("ended_at", models.DateTimeField(blank=True, null=True)),
                ("checked_at", models.DateTimeField(blank=True, null=True)),
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
            model_name="generation",
            name="paid_bought",
            field=models.PositiveIntegerField(blank=True, null=True),
        ),
        migrations.AddField(
            model_name="generation",
            name="paid_earned",
            field=models.PositiveIntegerField(blank=True, null=True),
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
        migrations.AddField(
            model_name="user",
            name="bought_balance",
            field=models.BigIntegerField(db_default=0, default=0, editable=False),
        ),
        migrations.AddField(
            model_name="user",
            name="earned_balance",
            field=models.BigIntegerField(db_default=0, default=0, editable=False),
        ),
        migrations.AddField(
            model_name="user",
            name="spending_frozen_at",
            field=models.DateTimeField(
                blank=True, editable=False, help_text="A payment of theirs is disputed.", null=True
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
        migrations.AddConstraint(
            model_name="feechange",
            constraint=models.CheckConstraint(
                condition=models.Q(("percent__lte", 100)), name="fee_change_is_percent"
            ),
        ),
        migrations.AddIndex(
            model_name="paymentevent",
            index=models.Index(fields=["received_at"], name="payment_event_received"),
        ),
        migrations.AddConstraint(
            model_name="paymentevent",
            constraint=models.UniqueConstraint(
                fields=("gateway", "event_id"), name="payment_event_unique"
            ),
        ),
        migrations.AddField(
            model_name="paymentprofile",
            name="user",
            field=models.ForeignKey(
                on_delete=django.db.models.deletion.PROTECT,
                related_name="payment_profiles",
                to=settings.AUTH_USER_MODEL,
            ),
        ),
        migrations.AddField(
            model_name="payout",
            name="artist",
            field=models.ForeignKey(
                db_index=False,
                on_delete=django.db.models.deletion.PROTECT,
                related_name="payouts",
                to=settings.AUTH_USER_MODEL,
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
            model_name="purchaserefund",
            name="purchase",
            field=models.ForeignKey(
                on_delete=django.db.models.deletion.PROTECT,
                related_name="refunds",
                to="app.purchase",
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
        migrations.AddConstraint(
            model_name="dispute",
            constraint=models.CheckConstraint(
                condition=models.Q(("taken__lte", models.F("amount"))),
                name="dispute_taken_in_range",
            ),
        ),
        migrations.AddConstraint(
            model_name="paymentprofile",
            constraint=models.UniqueConstraint(
                fields=("user", "gateway"), name="payment_profile_once"
            ),
        ),
        migrations.AddConstraint(
            model_name="paymentprofile",
            constraint=models.UniqueConstraint(
                condition=models.Q(("account_id", ""), _negated=True),
                fields=("gateway", "account_id"),
                name="payment_profile_account_unique",
            ),
        ),
        migrations.AddIndex(
            model_name="payout",
            index=models.Index(
                models.F("artist"),
                models.OrderBy(models.F("created_at"), descending=True),
                models.OrderBy(models.F("id"), descending=True),
                name="payout_by_artist",
            ),
        ),
        migrations.AddConstraint(
            model_name="payout",
            constraint=models.CheckConstraint(
                condition=models.Q(("amount__gt", 0), ("price__gt", 0)), name="payout_positive"
            ),
        ),
        migrations.AddConstraint(
            model_name="payout",
            constraint=models.UniqueConstraint(
                condition=models.Q(("status__in", ["requested", "sent"])),
                fields=("artist",),
                name="payout_one_under_way",
            ),
        ),
        migrations.AddConstraint(
            model_name="payout",
            constraint=models.UniqueConstraint(
                condition=models.Q(("transfer_id", ""), _negated=True),
                fields=("transfer_id",),
                name="payout_transfer_unique",
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
