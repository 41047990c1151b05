"""What the version before hides meanwhile gets its statement here."""

from django.db import migrations

STATED = """
CREATE FUNCTION picture_restriction_is_stated() RETURNS trigger LANGUAGE plpgsql AS $$
DECLARE
    why text;
BEGIN
    SELECT hidden_reason INTO why FROM app_generation WHERE id = NEW.id;
    IF why <> '' THEN
        PERFORM state_restriction('picture', NEW.id, NEW.user_id, 'hide', why);
    ELSIF FOUND THEN
        PERFORM state_restriction('picture', NEW.id, NEW.user_id, 'restore', 'Shown again.');
    END IF;
    RETURN NULL;
END $$;
CREATE CONSTRAINT TRIGGER picture_restriction_stated AFTER UPDATE OF hidden_reason ON app_generation
    DEFERRABLE INITIALLY DEFERRED FOR EACH ROW
    WHEN ((OLD.hidden_reason = '') <> (NEW.hidden_reason = ''))
    EXECUTE FUNCTION picture_restriction_is_stated();
"""
NOT_STATED = """
DROP TRIGGER picture_restriction_stated ON app_generation;
DROP FUNCTION picture_restriction_is_stated();
"""


class Migration(migrations.Migration):
    dependencies = [("app", "0065_hidden_comments_index")]

    operations = [
        # Whoever waits for the lock holds up everybody else. The migration can be run again.
        migrations.RunSQL("SET LOCAL lock_timeout = '5s'", migrations.RunSQL.noop),
        migrations.RunSQL(STATED, NOT_STATED),
    ]
