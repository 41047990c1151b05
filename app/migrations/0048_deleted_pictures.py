"""A buyer may delete a finished picture, and put it back within a week.

The version before this one goes on meanwhile: it deletes nothing.
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
    ADD COLUMN IF NOT EXISTS deleted_at timestamptz,
    ADD COLUMN IF NOT EXISTS files_deleted_at timestamptz
"""
NO_COLUMNS = """
SET LOCAL lock_timeout = '5s';
ALTER TABLE app_generation DROP COLUMN files_deleted_at, DROP COLUMN deleted_at
"""
PRIVATE = models.CheckConstraint(
    name="generation_deleted_is_private", condition=Q(deleted_at=None) | Q(visibility="private")
)
ENDED = models.CheckConstraint(
    name="generation_deleted_has_ended",
    condition=Q(deleted_at=None) | ~Q(status__in=["queued", "processing"]),
)
INDEXES = [
    models.Index(
        name="generation_deleted",
        fields=["user", "-deleted_at", "-id"],
        condition=Q(deleted_at__isnull=False),
    ),
    models.Index(
        name="generation_files_to_delete",
        fields=["deleted_at", "id"],
        condition=Q(deleted_at__isnull=False, files_deleted_at=None),
    ),
]


def moment(help_text):
    return models.DateTimeField(blank=True, editable=False, help_text=help_text, null=True)


class Migration(migrations.Migration):
    atomic = False

    dependencies = [("app", "0047_priority")]

    operations = [
        migrations.SeparateDatabaseAndState(
            [migrations.RunSQL(COLUMNS, NO_COLUMNS)],
            [
                migrations.AddField(
                    "generation",
                    "deleted_at",
                    moment("When its buyer deleted it. Ledger and licence stay as they are."),
                ),
                migrations.AddField(
                    "generation",
                    "files_deleted_at",
                    moment(
                        "When the files of a deleted one went. It cannot be put back then.",
                    ),
                ),
            ],
        ),
        AddConstraintNotValid("generation", PRIVATE),
        AddConstraintNotValid("generation", ENDED),
        ValidateConstraint("generation", PRIVATE.name),
        ValidateConstraint("generation", ENDED.name),
        *(AddIndexConcurrently("generation", index) for index in INDEXES),
    ]
