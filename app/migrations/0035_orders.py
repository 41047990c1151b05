"""Orders of several pictures, with one charge; pictures that wait for their buyer's others.

The version before this one goes on meanwhile: it orders single pictures, which are never held.
"""

import django.db.models.deletion
from django.conf import settings
from django.contrib.postgres.fields import ArrayField
from django.db import migrations, models
from django.db.models import Q

# Who waits for a lock makes all others wait behind it.
BRIEFLY = "SET LOCAL lock_timeout = '5s'"
FITS = models.CheckConstraint(
    name="transaction_order_fits_type",
    condition=Q(order__isnull=True) | Q(type="consume", generation__isnull=True),
)
ADD_FITS = """
ALTER TABLE app_transaction
    DROP CONSTRAINT IF EXISTS transaction_order_fits_type,
    ADD CONSTRAINT transaction_order_fits_type CHECK (
        order_id IS NULL OR type = 'consume' AND generation_id IS NULL
    ) NOT VALID
"""
# When a picture of somebody ends whose others are held, the relay hands over the next.
WAKE = """
CREATE FUNCTION generation_end_wakes_relay() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
    IF EXISTS (
        SELECT FROM app_generation
        WHERE user_id = NEW.user_id AND is_held AND status = 'queued'
    ) THEN
        PERFORM pg_notify('outbox', 'held');
    END IF;
    RETURN NULL;
END $$;
CREATE TRIGGER generation_end AFTER UPDATE OF status ON app_generation FOR EACH ROW
    WHEN (OLD.status IN ('queued', 'processing') AND NEW.status NOT IN ('queued', 'processing'))
    EXECUTE FUNCTION generation_end_wakes_relay();
"""
NO_WAKE = """
DROP TRIGGER generation_end ON app_generation;
DROP FUNCTION generation_end_wakes_relay();
"""


def of_order(related_name):
    return models.ForeignKey(
        blank=True,
        db_index=False,
        null=True,
        on_delete=django.db.models.deletion.PROTECT,
        related_name=related_name,
        to="app.order",
    )


class Migration(migrations.Migration):
    dependencies = [("app", "0034_mail")]

    operations = [
        migrations.RunSQL(BRIEFLY, migrations.RunSQL.noop),
        migrations.CreateModel(
            name="Order",
            fields=[
                (
                    "id",
                    models.BigAutoField(
                        auto_created=True, primary_key=True, serialize=False, verbose_name="ID"
                    ),
                ),
                ("item_count", models.PositiveSmallIntegerField(help_text="Pictures.")),
                ("cost", models.PositiveIntegerField(help_text="Tokens charged.")),
                (
                    "deadline",
                    models.DateTimeField(
                        blank=True, help_text="What is not made by then is refunded.", null=True
                    ),
                ),
                ("created_at", models.DateTimeField(auto_now_add=True)),
                (
                    "ended_at",
                    models.DateTimeField(
                        blank=True,
                        help_text="When it was seen that no picture is under way.",
                        null=True,
                    ),
                ),
                (
                    "user",
                    models.ForeignKey(
                        db_index=False,
                        on_delete=django.db.models.deletion.PROTECT,
                        related_name="orders",
                        to=settings.AUTH_USER_MODEL,
                    ),
                ),
            ],
            options={
                "ordering": ["-created_at", "-pk"],
                "indexes": [
                    models.Index(
                        fields=["user", "-created_at", "-id"], name="order_by_user"
                    ),
                    models.Index(
                        condition=Q(ended_at=None), fields=["id"], name="order_under_way"
                    ),
                    models.Index(
                        condition=Q(ended_at=None, deadline__isnull=False),
                        fields=["deadline"],
                        name="order_deadline",
                    ),
                ],
                "constraints": [
                    models.CheckConstraint(
                        condition=Q(item_count__gt=0, cost__gt=0), name="order_has_pictures"
                    )
                ],
            },
        ),
        migrations.AddField("generation", "order", of_order("items")),
        migrations.AddField(
            "generation",
            "is_held",
            models.BooleanField(
                db_default=False,
                default=False,
                editable=False,
                help_text="Waits until its buyer has fewer pictures in work. No worker is told of"
                " it.",
            ),
        ),
        migrations.AddField("transaction", "order", of_order("transactions")),
        migrations.SeparateDatabaseAndState(
            [
                migrations.RunSQL(
                    ADD_FITS,
                    "ALTER TABLE app_transaction DROP CONSTRAINT transaction_order_fits_type",
                )
            ],
            [migrations.AddConstraint("transaction", FITS)],
        ),
        migrations.RunSQL(WAKE, NO_WAKE),
        migrations.AlterField(
            "webhookendpoint",
            "events",
            ArrayField(
                base_field=models.CharField(
                    choices=[
                        ("generation.completed", "A picture is ready"),
                        ("generation.failed", "A picture failed and was refunded"),
                        ("generation.canceled", "A picture was canceled and refunded"),
                        ("order.completed", "All pictures of an order have ended"),
                        ("style.trained", "A style is trained"),
                        ("style.failed", "The training of a style failed"),
                        ("licence.issued", "A picture got its licence"),
                        (
                            "licence.refunded",
                            "A licence ended because its picture was refunded",
                        ),
                        ("licence.revoked", "A licence was revoked"),
                    ],
                    max_length=30,
                ),
                blank=True,
                default=list,
                help_text="Empty: all of them.",
                size=None,
            ),
        ),
    ]
