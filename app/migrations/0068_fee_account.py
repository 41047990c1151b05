"""The ledger's view shows what the platform keeps of sales in an account of its own.

Of a sale the fee moves on from ``platform:sales`` to ``platform:fees``, and back when the sale is
reversed: two more lines of the same entry, which sum to zero as well.
"""

import importlib

from django.db import migrations

BEFORE = importlib.import_module("app.migrations.0057_ledger_lines").CREATE

FEES = """
UNION ALL
SELECT id || line, id, account, amount
FROM (
    SELECT t.id, picture.cost::bigint - t.amount AS fee
    FROM app_transaction t JOIN app_generation picture ON picture.id = t.generation_id
    WHERE t.type = 'earn'
    UNION ALL
    SELECT t.id, sold.amount::bigint - picture.cost
    FROM app_transaction t JOIN app_generation picture ON picture.id = t.generation_id
    JOIN app_transaction sold ON sold.generation_id = t.generation_id AND sold.type = 'earn'
    WHERE t.type = 'refund' AND t.memo = 'generation_reversed'
) AS kept, LATERAL (VALUES
    ('c', 'platform:fees', fee), ('d', 'platform:sales', -fee)
) AS lines (line, account, amount)
WHERE fee <> 0
"""
REPLACED = BEFORE.replace("CREATE VIEW", "CREATE OR REPLACE VIEW")


class Migration(migrations.Migration):
    dependencies = [("app", "0067_state_what_is_restricted")]

    operations = [migrations.RunSQL(REPLACED + FEES, REPLACED)]
