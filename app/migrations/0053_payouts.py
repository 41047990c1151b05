"""The parts of a balance, and payouts to artists.

The version before this one goes on meanwhile: what it moves is in no part.
"""

import django.db.models.deletion
from django.conf import settings
from django.db import migrations, models


class Migration(migrations.Migration):
    dependencies = [("app", "0052_purchases")]

    operations = [
        # Whoever waits for the lock holds up everybody else. The migration can be run again.
        migrations.RunSQL("SET LOCAL lock_timeout = '5s'", migrations.RunSQL.noop),
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
    ]
