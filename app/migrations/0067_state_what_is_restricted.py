"""Statements of reasons for what was hidden and withdrawn before there were any. Their owners were
told the reason when it was done; from now on they may appeal. It locks no row."""

from django.db import migrations

STATE = """
SELECT state_restriction('picture', id, user_id, 'hide', hidden_reason)
FROM app_generation WHERE hidden_reason <> '';
SELECT state_restriction('style', id, artist_id, 'withdraw', withdrawn_reason)
FROM app_style WHERE withdrawn_reason <> '';
"""


class Migration(migrations.Migration):
    dependencies = [("app", "0066_hidden_pictures")]

    operations = [migrations.RunSQL(STATE, migrations.RunSQL.noop)]
