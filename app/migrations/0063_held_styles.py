"""Styles on hold. What the version before withdraws meanwhile gets its statement here."""

from django.db import migrations, models

STATED = """
CREATE FUNCTION style_restriction_is_stated() RETURNS trigger LANGUAGE plpgsql AS $$
DECLARE
    why text;
BEGIN
    SELECT withdrawn_reason INTO why FROM app_style WHERE id = NEW.id;
    IF why <> '' THEN
        PERFORM state_restriction('style', NEW.id, NEW.artist_id, 'withdraw', why);
    ELSIF FOUND THEN
        PERFORM state_restriction('style', NEW.id, NEW.artist_id, 'restore', 'Restored.');
    END IF;
    RETURN NULL;
END $$;
CREATE CONSTRAINT TRIGGER style_restriction_stated AFTER UPDATE OF withdrawn_reason ON app_style
    DEFERRABLE INITIALLY DEFERRED FOR EACH ROW
    WHEN ((OLD.withdrawn_reason = '') <> (NEW.withdrawn_reason = ''))
    EXECUTE FUNCTION style_restriction_is_stated();
"""
NOT_STATED = """
DROP TRIGGER style_restriction_stated ON app_style;
DROP FUNCTION style_restriction_is_stated();
"""


class Migration(migrations.Migration):
    dependencies = [("app", "0062_safety")]

    operations = [
        # Whoever waits for the lock holds up everybody else. The migration can be run again.
        migrations.RunSQL("SET LOCAL lock_timeout = '5s'", migrations.RunSQL.noop),
        migrations.AddField(
            model_name='style',
            name='held_at',
            field=models.DateTimeField(blank=True, editable=False, help_text='Of what our staff withdrew: on hold until they decide, and its earnings too.', null=True),
        ),
        migrations.RunSQL(STATED, NOT_STATED),
    ]
