"""What only the database itself can promise: entries that stay, and a call when work arrives."""

from django.db import migrations

APPEND_ONLY = """
CREATE FUNCTION transaction_is_append_only() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
    RAISE EXCEPTION 'transactions are written once: a correction is a new entry'
        USING ERRCODE = 'restrict_violation';
END $$;
CREATE TRIGGER transaction_append_only BEFORE UPDATE OR DELETE ON app_transaction
    FOR EACH ROW EXECUTE FUNCTION transaction_is_append_only();
"""
NO_APPEND_ONLY = """
DROP TRIGGER transaction_append_only ON app_transaction;
DROP FUNCTION transaction_is_append_only();
"""

WAKE = """
CREATE FUNCTION outbox_wakes_listeners() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
    PERFORM pg_notify('outbox', NEW.queue);
    RETURN NULL;
END $$;
CREATE TRIGGER outbox_wake AFTER INSERT ON app_outboxmessage
    FOR EACH ROW EXECUTE FUNCTION outbox_wakes_listeners();
"""
NO_WAKE = """
DROP TRIGGER outbox_wake ON app_outboxmessage;
DROP FUNCTION outbox_wakes_listeners();
"""


class Migration(migrations.Migration):
    dependencies = [("app", "0001_initial")]

    operations = [
        migrations.RunSQL(APPEND_ONLY, NO_APPEND_ONLY),
        migrations.RunSQL(WAKE, NO_WAKE),
    ]
