"""Fees to come and what a payment gateway told: tables of their own, which nobody else locks."""

from django.db import migrations, models


class Migration(migrations.Migration):
    dependencies = [("app", "0050_collected")]

    operations = [
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
    ]
