"""Whose turn it is: tags of tasks, what people have ordered, and the virtual time of queues.

The version before goes on meanwhile: its tasks have no tag, and get the present virtual time when
the relay of this version sees them. Its own relay publishes everything at once.
"""

import django.contrib.postgres.fields
import django.db.models.deletion
from django.conf import settings
from django.db import migrations, models
from django.db.models import Q

# Who waits for a lock makes all others wait behind it.
BRIEFLY = "SET LOCAL lock_timeout = '5s'"
# When a worker begins or a picture ends, the next may be handed over, if one waits.
WAKE = """
CREATE FUNCTION job_wakes_relay() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
    IF EXISTS (SELECT FROM app_outboxmessage WHERE sent_at IS NULL AND turn IS NOT NULL) THEN
        PERFORM pg_notify('outbox', 'begun');
    END IF;
    RETURN NULL;
END $$;
CREATE TRIGGER generation_begun AFTER UPDATE OF status ON app_generation FOR EACH ROW
    WHEN (OLD.status = 'queued' AND NEW.status <> 'queued')
    EXECUTE FUNCTION job_wakes_relay();
CREATE TRIGGER training_ended AFTER UPDATE OF training_status ON app_style FOR EACH ROW
    WHEN (OLD.training_status = 'training' AND NEW.training_status <> 'training')
    EXECUTE FUNCTION job_wakes_relay();
"""
NO_WAKE = """
DROP TRIGGER training_ended ON app_style;
DROP TRIGGER generation_begun ON app_generation;
DROP FUNCTION job_wakes_relay();
"""
# Each task that is handed over leaves a dead entry at the head of the order, where everybody looks
# first. So they are removed after some thousands, however long the table is.
VACUUM = """
ALTER TABLE app_outboxmessage
    SET (autovacuum_vacuum_scale_factor = 0, autovacuum_vacuum_threshold = 5000)
"""
NO_VACUUM = """
ALTER TABLE app_outboxmessage
    RESET (autovacuum_vacuum_scale_factor, autovacuum_vacuum_threshold)
"""


class Migration(migrations.Migration):
    dependencies = [("app", "0039_charge_of_an_order")]

    operations = [
        migrations.RunSQL(BRIEFLY, migrations.RunSQL.noop),
        migrations.CreateModel(
            name="QueueClock",
            fields=[
                ("queue", models.CharField(max_length=50, primary_key=True, serialize=False)),
                ("virtual_time", models.BigIntegerField(default=0)),
                (
                    "warm_styles",
                    django.contrib.postgres.fields.ArrayField(
                        base_field=models.BigIntegerField(),
                        default=list,
                        help_text="Of what was handed over last.",
                        size=None,
                    ),
                ),
                (
                    "handed_over",
                    models.BigIntegerField(default=0, help_text="How many tasks were, in all."),
                ),
                (
                    "full_at",
                    models.DateTimeField(
                        blank=True,
                        help_text="When the workers were last seen to have enough.",
                        null=True,
                    ),
                ),
            ],
            options={"ordering": ["queue"]},
        ),
        migrations.CreateModel(
            name="Turn",
            fields=[
                (
                    "id",
                    models.BigAutoField(
                        auto_created=True, primary_key=True, serialize=False, verbose_name="ID"
                    ),
                ),
                ("queue", models.CharField(max_length=50)),
                ("finish", models.BigIntegerField()),
                (
                    "weight",
                    models.PositiveSmallIntegerField(
                        db_default=1,
                        default=1,
                        help_text="How many shares of the workers they get.",
                    ),
                ),
                (
                    "user",
                    models.ForeignKey(
                        db_index=False,
                        on_delete=django.db.models.deletion.CASCADE,
                        related_name="turns",
                        to=settings.AUTH_USER_MODEL,
                    ),
                ),
            ],
            options={
                "ordering": ["queue", "user"],
                "constraints": [
                    models.UniqueConstraint(fields=["user", "queue"], name="turn_of_user"),
                    models.CheckConstraint(condition=Q(weight__gte=1), name="turn_has_weight"),
                ],
            },
        ),
        migrations.AddField(
            "outboxmessage",
            "turn",
            models.BigIntegerField(
                blank=True,
                help_text="Lower ones go first. One without gets the present virtual time when it"
                " is due.",
                null=True,
            ),
        ),
        migrations.AddField(
            "outboxmessage", "style_id", models.BigIntegerField(blank=True, null=True)
        ),
        migrations.AddField(
            "outboxmessage",
            "go_at",
            models.BigIntegerField(
                blank=True,
                help_text="By which hand-over of its queue it goes, once others of warm styles pass"
                " it.",
                null=True,
            ),
        ),
        migrations.RunSQL(VACUUM, NO_VACUUM),
        migrations.RunSQL(WAKE, NO_WAKE),
    ]
