"""A licence stays in the day that it was booked into, and none is booked into a published one; the
leaves of a day are kept with it.

The version before this one goes on meanwhile. It publishes days without their leaves, which the
relay of this version adds.
"""

import django.db.models.deletion
from django.db import migrations, models

BRIEFLY = "SET LOCAL lock_timeout = '5s'"
BLOCKS_STAY = """
CREATE TRIGGER licence_day_blocks_stay BEFORE UPDATE OR DELETE ON app_licencedayblock
    FOR EACH ROW EXECUTE FUNCTION published_days_stay();
"""
BOOKED_ONCE = """
CREATE FUNCTION licence_is_booked_once() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
    RAISE EXCEPTION 'a licence stays in the books of its day'
        USING ERRCODE = 'restrict_violation';
END $$;
CREATE FUNCTION licence_is_booked_later() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
    -- GREATEST passes over null, which is what there is before the first day.
    NEW.booked_at := GREATEST(
        NEW.booked_at,
        (SELECT (max(day) + 1)::timestamp AT TIME ZONE 'UTC' FROM app_licenceday)
    );
    RETURN NEW;
END $$;
CREATE TRIGGER licence_booked_once BEFORE UPDATE ON app_licence
    FOR EACH ROW WHEN (OLD.booked_at IS DISTINCT FROM NEW.booked_at)
    EXECUTE FUNCTION licence_is_booked_once();
CREATE TRIGGER licence_booked_later BEFORE INSERT ON app_licence
    FOR EACH ROW EXECUTE FUNCTION licence_is_booked_later();
"""
NOT_BOOKED_ONCE = """
DROP TRIGGER licence_booked_later ON app_licence;
DROP TRIGGER licence_booked_once ON app_licence;
DROP FUNCTION licence_is_booked_later();
DROP FUNCTION licence_is_booked_once();
"""


class Migration(migrations.Migration):
    dependencies = [("app", "0031_artwork_unknown")]

    operations = [
        migrations.RunSQL(BRIEFLY, BRIEFLY),
        migrations.CreateModel(
            name="LicenceDayBlock",
            fields=[
                (
                    "id",
                    models.BigAutoField(
                        auto_created=True, primary_key=True, serialize=False, verbose_name="ID"
                    ),
                ),
                ("number", models.PositiveIntegerField(help_text="From 0.")),
                ("leaves", models.BinaryField(help_text="Hashes of 32 bytes each.")),
                ("root", models.BinaryField(help_text="Of their tree.", max_length=32)),
                (
                    "day",
                    models.ForeignKey(
                        db_index=False,
                        on_delete=django.db.models.deletion.PROTECT,
                        related_name="blocks",
                        to="app.licenceday",
                    ),
                ),
            ],
            options={
                "ordering": ["-day", "number"],
                "constraints": [
                    models.UniqueConstraint(
                        fields=("day", "number"), name="licence_day_block_unique"
                    )
                ],
            },
        ),
        migrations.RunSQL(BLOCKS_STAY, migrations.RunSQL.noop),
        migrations.RunSQL(BOOKED_ONCE, NOT_BOOKED_ONCE),
    ]
