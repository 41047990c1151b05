"""Who wants to see nudity, and what checks by machine look at and find. One busy table: users."""

import django.db.models.deletion
import django.db.models.functions.datetime
from django.conf import settings
from django.db import migrations, models
from django.db.models import Q

from app.models.notification import NotificationType
from app.models.rating import CheckOutcome, Looked, Rating

FOUND = models.CheckConstraint(
    name="picture_check_found_is_explained",
    condition=Q(outcome="waiting")
    | Q(score__isnull=False, found_at__isnull=False) & ~Q(checker="") & ~Q(rating=""),
)


class Migration(migrations.Migration):
    dependencies = [("app", "0060_ratings_of_pictures")]

    operations = [
        migrations.RunSQL("SET LOCAL lock_timeout = '5s'", migrations.RunSQL.noop),
        migrations.AddField(
            "user",
            "shows_mature",
            models.BooleanField(
                db_default=False, default=False, help_text="Whether they want to see nudity."
            ),
        ),
        migrations.CreateModel(
            "PictureCheck",
            [
                ("id", models.BigAutoField(auto_created=True, primary_key=True, serialize=False, verbose_name="ID")),
                ("kind", models.CharField(choices=Looked.choices, max_length=10)),
                ("picture_id", models.BigIntegerField(blank=True, help_text="Of a result.", null=True)),
                ("key", models.CharField(help_text="Storage key of what was looked at.", max_length=300)),
                ("outcome", models.CharField(choices=CheckOutcome.choices, default="waiting", max_length=10)),
                ("rating", models.CharField(blank=True, choices=Rating.choices, max_length=10)),
                ("score", models.FloatField(blank=True, help_text="From 0 to 1, by the checker.", null=True)),
                ("checker", models.CharField(blank=True, help_text="Its name and version.", max_length=60)),
                ("due_at", models.DateTimeField(blank=True, help_text="When it may be looked at.", null=True)),
                ("attempt", models.PositiveSmallIntegerField(default=0)),
                ("begun_at", models.DateTimeField(db_default=django.db.models.functions.datetime.Now(), editable=False)),
                ("found_at", models.DateTimeField(blank=True, null=True)),
                ("reason", models.CharField(blank=True, help_text="Of our staff's decision.", max_length=500)),
                ("decided_at", models.DateTimeField(blank=True, null=True)),
                ("user", models.ForeignKey(on_delete=django.db.models.deletion.CASCADE, related_name="+", to=settings.AUTH_USER_MODEL)),
            ],
            options={
                "ordering": ["-pk"],
                "constraints": [FOUND],
                "indexes": [
                    models.Index(condition=Q(outcome="waiting"), fields=["due_at", "id"], name="picture_check_due"),
                    models.Index(condition=Q(outcome="found"), fields=["found_at", "id"], name="picture_check_held"),
                    models.Index(fields=["picture_id"], name="picture_check_of_picture"),
                ],
            },
        ),
        migrations.AlterField(
            "notification", "type", models.CharField(choices=NotificationType.choices, max_length=20)
        ),
    ]
