"""The books for all: the day on which each licence was booked, and what was published of each day.

The version before this one goes on meanwhile: the database writes the time of its licences. Those
of before are booked now, so that the first day of the books has them all. What breaks off may be
run again.
"""

import django.contrib.postgres.indexes
from django.contrib.postgres.operations import AddIndexConcurrently
from django.db import migrations, models
from django.db.models.functions import Now

# Left by a run that broke off: nothing was published before the last of these was there.
LEFT = [
    "DROP INDEX CONCURRENTLY IF EXISTS licence_booked",
    # While it waits for a lock, all others wait for it.
    "SET lock_timeout = '5s'",
    "ALTER TABLE app_licence DROP COLUMN IF EXISTS booked_at",
    "DROP TABLE IF EXISTS app_licenceday",
    "DROP FUNCTION IF EXISTS published_days_stay",
]
# An index that is built beside other work waits for all of it.
PATIENT = "RESET lock_timeout"
PUBLISHED_ONCE = """
CREATE FUNCTION published_days_stay() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
    RAISE EXCEPTION 'published days of the books never change'
        USING ERRCODE = 'restrict_violation';
END $$;
CREATE TRIGGER licence_days_stay BEFORE UPDATE OR DELETE ON app_licenceday
    FOR EACH ROW EXECUTE FUNCTION published_days_stay();
"""
NOT_PUBLISHED = """
DROP TRIGGER licence_days_stay ON app_licenceday;
DROP FUNCTION published_days_stay();
"""


class Migration(migrations.Migration):
    atomic = False

    dependencies = [("app", "0022_artist_looks")]

    operations = [
        migrations.RunSQL(LEFT, PATIENT),
        migrations.CreateModel(
            name="LicenceDay",
            fields=[
                ("day", models.DateField(primary_key=True, serialize=False)),
                ("count", models.PositiveIntegerField(help_text="Licences.")),
                (
                    "root",
                    models.CharField(help_text="Of their Merkle tree (RFC 9162).", max_length=64),
                ),
                (
                    "previous",
                    models.CharField(help_text="`digest` of the day before.", max_length=64),
                ),
                (
                    "digest",
                    models.CharField(help_text="SHA-256 of all of the above.", max_length=64),
                ),
                ("published_at", models.DateTimeField(auto_now_add=True)),
            ],
            options={"ordering": ["-day"]},
        ),
        migrations.RunSQL(PUBLISHED_ONCE, NOT_PUBLISHED),
        migrations.AddField(
            "licence",
            "booked_at",
            models.DateTimeField(
                db_default=Now(),
                editable=False,
                help_text=(
                    "When the row was written, by the database's clock: its day in the books."
                ),
            ),
        ),
        migrations.RunSQL(PATIENT, "SET lock_timeout = '5s'"),
        AddIndexConcurrently(
            "licence",
            django.contrib.postgres.indexes.BrinIndex(fields=["booked_at"], name="licence_booked"),
        ),
    ]
