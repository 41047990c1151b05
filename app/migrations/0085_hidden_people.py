"""Who blocks or mutes whom."""

import django.db.models.deletion
from django.conf import settings
from django.db import migrations, models


class Migration(migrations.Migration):
    dependencies = [("app", "0084_restored_licences_told")]

    operations = [
        # Whoever waits for the lock holds up everybody else. The migration can be run again.
        migrations.RunSQL("SET LOCAL lock_timeout = '5s'", migrations.RunSQL.noop),
        migrations.CreateModel(
            name="HiddenPerson",
            fields=[
                (
                    "id",
                    models.BigAutoField(
                        auto_created=True, primary_key=True, serialize=False, verbose_name="ID"
                    ),
                ),
                (
                    "viewer",
                    models.ForeignKey(
                        db_index=False,
                        on_delete=django.db.models.deletion.CASCADE,
                        related_name="hidden_people",
                        to=settings.AUTH_USER_MODEL,
                    ),
                ),
                (
                    "person",
                    models.ForeignKey(
                        on_delete=django.db.models.deletion.CASCADE,
                        related_name="hidden_from",
                        to=settings.AUTH_USER_MODEL,
                    ),
                ),
                (
                    "blocks",
                    models.BooleanField(default=False, help_text="The viewer blocks the person."),
                ),
                (
                    "is_blocked",
                    models.BooleanField(default=False, help_text="The person blocks the viewer."),
                ),
                ("mutes", models.BooleanField(default=False)),
                ("created_at", models.DateTimeField(auto_now_add=True)),
            ],
            options={
                "ordering": ["-created_at", "-pk"],
                "constraints": [
                    models.UniqueConstraint(name="hidden_person_once", fields=["viewer", "person"]),
                    models.CheckConstraint(
                        name="hidden_person_not_oneself",
                        condition=~models.Q(viewer=models.F("person")),
                    ),
                    models.CheckConstraint(
                        name="hidden_person_for_a_reason",
                        condition=models.Q(blocks=True)
                        | models.Q(is_blocked=True)
                        | models.Q(mutes=True),
                    ),
                ],
            },
        ),
    ]
