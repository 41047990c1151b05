"""Money that staff gave back for tokens that were spent is a refund as well: of no tokens."""

from django.db import migrations, models
from django.db.models import Q


class Migration(migrations.Migration):
    dependencies = [("app", "0091_payouts_leave_out")]

    operations = [
        # Whoever waits for the lock holds up everybody else. The migration can be run again.
        migrations.RunSQL("SET LOCAL lock_timeout = '5s'", migrations.RunSQL.noop),
        migrations.RemoveConstraint(
            model_name="purchaserefund", name="purchase_refund_positive"
        ),
        migrations.AddConstraint(
            model_name="purchaserefund",
            constraint=models.CheckConstraint(
                name="purchase_refund_positive",
                condition=Q(price__gte=0) & (Q(amount__gt=0) | Q(price__gt=0)),
            ),
        ),
    ]
