from django.db import migrations, models

FORMATS = [
    *(("1:1", "512 × 512"), ("2:2", "1024 × 1024"), ("1:2", "512 × 1024")),
    *(("3:2", "768 × 512"), ("2:1", "1024 × 512")),
]


class Migration(migrations.Migration):
    """Two more formats. Nothing changes in the database: the column is wide enough."""

    dependencies = [("app", "0013_grouped_notifications")]

    operations = [
        migrations.AlterField(
            "generation", "aspect_ratio", models.CharField(max_length=3, choices=FORMATS)
        ),
    ]
