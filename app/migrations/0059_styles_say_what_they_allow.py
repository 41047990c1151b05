"""What a style allows, and what its artist excludes. The version before inserts without both."""

import django.contrib.postgres.fields
from django.db import migrations, models


class Migration(migrations.Migration):
    dependencies = [("app", "0058_payouts_told")]

    operations = [
        migrations.RunSQL("SET LOCAL lock_timeout = '5s'", migrations.RunSQL.noop),
        migrations.AddField(
            model_name="style",
            name="allows_mature",
            field=models.BooleanField(
                db_default=False,
                default=False,
                help_text="Whether pictures with nudity may be ordered.",
            ),
        ),
        migrations.AddField(
            model_name="style",
            name="excluded_subjects",
            field=django.contrib.postgres.fields.ArrayField(
                base_field=models.CharField(max_length=50),
                blank=True,
                db_default=[],
                default=list,
                help_text="What the artist does not want to see in this style.",
                size=20,
            ),
        ),
    ]
