from django.db import migrations, models
from django.db.models.functions import Now


class Migration(migrations.Migration):
    """Checks of uploads say when they began: a style may get other works long after it was made."""

    dependencies = [("app", "0010_finding")]

    operations = [
        migrations.AddField(
            "uploadcheck", "begun_at", models.DateTimeField(db_default=Now(), editable=False)
        ),
    ]
