from django.contrib.postgres.operations import AddIndexConcurrently
from django.db import migrations, models


class Migration(migrations.Migration):
    atomic = False
    dependencies = [("app", "0064_hidden_comments")]

    operations = [
        AddIndexConcurrently(
            model_name='comment',
            index=models.Index(condition=models.Q(('hidden_at__isnull', False)), fields=['hidden_at'], name='comment_hidden'),
        ),
    ]
