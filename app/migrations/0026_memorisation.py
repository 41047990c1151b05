"""How near pictures of a style are to its works, as measured after its training."""

from django.db import migrations, models


class Migration(migrations.Migration):
    dependencies = [("app", "0025_reversals")]

    operations = [
        migrations.AddField(
            model_name="style",
            name="memorisation",
            field=models.JSONField(
                blank=True,
                help_text="How near pictures of it are to its works: docs/rights.md.",
                null=True,
            ),
        ),
        migrations.AddField(
            model_name="style",
            name="nearest_path",
            field=models.CharField(
                blank=True,
                db_default="",
                default="",
                help_text="Storage key of the nearest of those pictures.",
                max_length=500,
            ),
        ),
    ]
