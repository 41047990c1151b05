"""What a picture may be shown as: null and general for those of before, which are looked at later.

The version before this one goes on meanwhile: what it orders is general until it is looked at.
"""

from django.contrib.postgres.operations import (
    AddConstraintNotValid,
    AddIndexConcurrently,
    ValidateConstraint,
)
from django.db import migrations, models
from django.db.models import Q

# While an ALTER waits for a lock, all others wait for it. One text is one transaction.
COLUMNS = """
SET LOCAL lock_timeout = '5s';
ALTER TABLE app_generation
    ADD COLUMN IF NOT EXISTS rating varchar(10) DEFAULT 'general' NOT NULL,
    ADD COLUMN IF NOT EXISTS rated_at timestamptz
"""
NO_COLUMNS = """
SET LOCAL lock_timeout = '5s';
ALTER TABLE app_generation DROP COLUMN rated_at, DROP COLUMN rating
"""
PRIVATE = models.CheckConstraint(
    name="generation_blocked_is_private",
    condition=~Q(rating="blocked") | Q(visibility="private"),
)
TO_RATE = models.Index(
    name="generation_to_rate", fields=["id"], condition=Q(status="completed", rated_at=None)
)
CHOICES = [
    ("unrated", "Not looked at yet"),
    ("general", "For everybody"),
    ("mature", "For those who want to see nudity"),
    ("blocked", "Held for our staff"),
]


class Migration(migrations.Migration):
    atomic = False

    dependencies = [("app", "0059_styles_say_what_they_allow")]

    operations = [
        migrations.SeparateDatabaseAndState(
            [migrations.RunSQL(COLUMNS, NO_COLUMNS)],
            [
                migrations.AddField(
                    "generation",
                    "rating",
                    models.CharField(
                        choices=CHOICES,
                        db_default="general",
                        default="general",
                        editable=False,
                        max_length=10,
                    ),
                ),
                migrations.AddField(
                    "generation",
                    "rated_at",
                    models.DateTimeField(
                        blank=True,
                        editable=False,
                        help_text="When a check has looked at it.",
                        null=True,
                    ),
                ),
            ],
        ),
        AddConstraintNotValid("generation", PRIVATE),
        ValidateConstraint("generation", PRIVATE.name),
        AddIndexConcurrently("generation", TO_RATE),
    ]
