"""What names look like, what notifications are made of, and what idempotent answers may change.

The version before this one goes on meanwhile: it writes rows without any of them. Names that exist
stay; of those that look alike, the oldest is what new ones are compared with.
"""

from django.db import migrations, models
from django.db.models import Q

from app.utils.names import skeleton

BATCH = 1000


def take_skeletons(apps, schema_editor):
    for kind, name, column, group in (
        ("User", "username", "username_skeleton", None),
        ("Artist", "artist_name", "name_skeleton", None),
        ("Style", "name", "name_skeleton", "artist_id"),
    ):
        rows = apps.get_model("app", kind)._default_manager.filter(**{column: None}).order_by("pk")
        if kind == "Artist":
            rows = rows.filter(user__closed_at=None)
        seen, last = set(), 0
        while batch := list(rows.filter(pk__gt=last)[:BATCH]):
            for row in batch:
                looks = skeleton(getattr(row, name))
                place = (getattr(row, group) if group else None, looks)
                if getattr(row, "is_active", True) or kind == "User":
                    # No name has a line break in it, so these are compared with nothing.
                    looks = f"{looks}\n{row.pk}" if place in seen else looks
                    seen.add(place)
                setattr(row, column, looks)
            type(batch[0])._default_manager.bulk_update(batch, [column])
            last = batch[-1].pk


def unique(model, name, fields, columns, condition, sql):
    """A unique constraint with a condition, which is an index, made beside those who write."""
    return migrations.SeparateDatabaseAndState(
        [
            migrations.RunSQL(
                f"CREATE UNIQUE INDEX CONCURRENTLY IF NOT EXISTS {name} ON app_{model} ({columns}) WHERE {sql}",
                f"DROP INDEX IF EXISTS {name}",
            )
        ],
        [
            migrations.AddConstraint(
                model, models.UniqueConstraint(name=name, fields=fields, condition=condition)
            )
        ],
    )


class Migration(migrations.Migration):
    atomic = False

    dependencies = [("app", "0008_upload_check")]

    operations = [
        migrations.AddField(
            "user", "username_skeleton", models.TextField(editable=False, null=True)
        ),
        migrations.AddField("artist", "name_skeleton", models.TextField(editable=False, null=True)),
        migrations.AddField("style", "name_skeleton", models.TextField(editable=False, null=True)),
        migrations.AddField(
            "idempotencykey",
            "facts",
            models.JSONField(help_text="What else the answer says that may change.", null=True),
        ),
        migrations.AlterField(
            "idempotencykey",
            "response_body",
            models.TextField(help_text="Which thing was made: “#” and its id."),
        ),
        migrations.AlterField(
            "idempotencykey",
            "fingerprint",
            models.CharField(help_text="SHA-256 of method, path and meaning.", max_length=64),
        ),
        migrations.AddField(
            "notification",
            "parameters",
            models.JSONField(help_text="What the words are made of when read.", null=True),
        ),
        migrations.RunPython(take_skeletons, migrations.RunPython.noop),
        unique(
            *("user", "user_username_looks_unique", ["username_skeleton"], "username_skeleton"),
            *(Q(username_skeleton__isnull=False), "username_skeleton IS NOT NULL"),
        ),
        unique(
            *("artist", "artist_name_looks_unique", ["name_skeleton"], "name_skeleton"),
            *(Q(name_skeleton__isnull=False), "name_skeleton IS NOT NULL"),
        ),
        unique(
            *("style", "style_name_looks_unique_per_artist", ["artist", "name_skeleton"]),
            "artist_id, name_skeleton",
            Q(is_active=True, name_skeleton__isnull=False),
            "is_active AND name_skeleton IS NOT NULL",
        ),
    ]
