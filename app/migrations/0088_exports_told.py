"""Users are told that an export is ready. Only the choices change: the database has nothing to do."""

from django.db import migrations, models

KINDS = [
    ("like", "Like"),
    ("comment", "Comment"),
    ("follow", "New follower"),
    ("training_complete", "Style ready"),
    ("training_failed", "Training failed"),
    ("generation_complete", "Picture ready"),
    ("generation_failed", "Picture failed"),
    ("picture_hidden", "Picture hidden by our staff"),
    ("picture_shown", "Picture may be shown again"),
    ("style_withdrawn", "Style withdrawn by our staff"),
    ("style_restored", "Style restored"),
    ("comment_removed", "Comment removed by our staff"),
    ("sales", "Sales of a day"),
    ("licence_refunded", "Picture refunded by our staff"),
    ("licence_revoked", "Licence revoked by our staff"),
    ("sale_refunded", "Sale refunded by our staff"),
    ("sale_revoked", "Licence of a sale revoked by our staff"),
    ("copy_refused", "Picture too near to a work"),
    ("webhook_disabled", "Webhook switched off"),
    ("works_held", "Works wait for our staff"),
    ("works_allowed", "Works may be trained on"),
    ("works_refused", "Works refused by our staff"),
    ("signature_unseen", "Signature too faint to be drawn"),
    ("order_ended", "Order of several pictures ended"),
    ("payout_paid", "Payout arrived"),
    ("payout_failed", "Payout came back"),
    ("fee_changed", "Our fee changes"),
    ("picture_rated", "Picture rated mature"),
    ("picture_cleared", "Picture rated for everybody"),
    ("image_taken", "Profile picture or signature held"),
    ("image_back", "Profile picture or signature shown again"),
    ("image_refused", "Profile picture or signature refused"),
    ("style_held", "Style put on hold by our staff"),
    ("comment_restored", "Comment shown again"),
    ("warned", "Warned by our staff"),
    ("account_suspended", "Account suspended"),
    ("account_restored", "Account no longer suspended"),
    ("licence_restored", "Licence valid again"),
    ("appeal_granted", "Appeal granted"),
    ("appeal_denied", "Appeal denied"),
    ("report_decided", "A report of yours was decided on"),
    ("purchase_failed", "Payment did not go through"),
    ("purchase_refunded", "Purchase refunded"),
    ("refund_failed", "Refund came back"),
    ("purchase_disputed", "Payment disputed"),
    ("dispute_ended", "Dispute decided"),
    ("export_ready", "Export of one's data ready"),
]


class Migration(migrations.Migration):
    dependencies = [("app", "0087_data_exports")]

    operations = [
        migrations.AlterField(
            model_name="notification",
            name="type",
            field=models.CharField(choices=KINDS, max_length=20),
        ),
    ]
