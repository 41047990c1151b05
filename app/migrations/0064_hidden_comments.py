"""Comments that were removed are kept until nobody can appeal. The version before shows them until
it has gone."""

from django.db import migrations, models


class Migration(migrations.Migration):
    dependencies = [("app", "0063_held_styles")]

    operations = [
        # Whoever waits for the lock holds up everybody else. The migration can be run again.
        migrations.RunSQL("SET LOCAL lock_timeout = '5s'", migrations.RunSQL.noop),
        migrations.AddField(
            model_name='comment',
            name='hidden_at',
            field=models.DateTimeField(blank=True, editable=False, help_text='When it was removed. It is deleted once nobody can appeal any more.', null=True),
        ),
    ]
