"""The ledger's view shows losses of refunds, and losses that come back."""

import importlib

from django.db import migrations

FEES = importlib.import_module("app.migrations.0068_fee_account")

VIEW = """
CREATE OR REPLACE VIEW app_ledgerline AS
WITH entry AS (
    SELECT
        t.id,
        t.amount::bigint * CASE
            WHEN t.sender_id IS NOT NULL OR t.type = 'loss' THEN -1 ELSE 1 END AS amount,
        CASE
            WHEN t.type IN ('loss', 'loss_ret') THEN 'loss'
            ELSE 'user:' || COALESCE(t.sender_id, t.receiver_id)
        END AS account,
        CASE
            WHEN t.type IN ('consume', 'refund', 'reversal') THEN 'platform:sales'
            WHEN t.type = 'earn' AND t.generation_id IS NOT NULL THEN 'platform:sales'
            WHEN t.type IN ('earn', 'forfeit') THEN 'platform:bonus'
            WHEN t.type IN ('payout', 'payout_ret')
                THEN 'payable:' || COALESCE(t.sender_id, t.receiver_id)
            WHEN t.type = 'purchase' THEN 'gateway:' || COALESCE(bought.gateway, 'test')
            ELSE 'gateway:' || COALESCE(refunded.gateway, disputed.gateway)
        END AS other
    FROM app_transaction t
    LEFT JOIN app_purchase bought ON bought.id = t.purchase_id
    LEFT JOIN app_purchaserefund refund ON refund.id = t.purchase_refund_id
    LEFT JOIN app_purchase refunded ON refunded.id = refund.purchase_id
    LEFT JOIN app_dispute dispute ON dispute.id = t.dispute_id
    LEFT JOIN app_purchase disputed ON disputed.id = dispute.purchase_id
)
SELECT id || 'a' AS id, id AS entry_id, account, amount FROM entry
UNION ALL
SELECT id || 'b', id, other, -amount FROM entry
"""


class Migration(migrations.Migration):
    dependencies = [("app", "0101_losses_of_refunds_in_the_ledger")]

    operations = [migrations.RunSQL(VIEW + FEES.FEES, FEES.REPLACED + FEES.FEES)]
