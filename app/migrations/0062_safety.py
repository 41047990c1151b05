"""Decisions and statements of reasons are written once; and nothing is restricted without one.

The version before this one hides pictures and withdraws styles without a decision. For those, the
database writes decision and statement itself, at the commit. It does not know suspensions, so an
account that is suspended without a decision is refused.
"""

import django.contrib.postgres.fields
import django.db.models.deletion
from django.conf import settings
from django.db import migrations, models

APPEND_ONLY = """
CREATE FUNCTION decision_is_append_only() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
    RAISE EXCEPTION 'decisions and statements are written once: a correction is a new decision'
        USING ERRCODE = 'restrict_violation';
END $$;
CREATE TRIGGER decision_append_only BEFORE UPDATE OR DELETE ON app_decision
    FOR EACH ROW EXECUTE FUNCTION decision_is_append_only();
CREATE TRIGGER statement_append_only BEFORE UPDATE OR DELETE ON app_statement
    FOR EACH ROW EXECUTE FUNCTION decision_is_append_only();
"""
NO_APPEND_ONLY = """
DROP TRIGGER decision_append_only ON app_decision;
DROP TRIGGER statement_append_only ON app_statement;
DROP FUNCTION decision_is_append_only();
"""

# Whether the last decision on a thing says that it is (not) restricted.
STATED = """
CREATE FUNCTION is_stated(of_kind text, of_thing bigint, restricted boolean) RETURNS boolean
LANGUAGE sql STABLE AS $$
    SELECT restricted = COALESCE((
        SELECT action <> 'restore' FROM app_decision
        WHERE kind = of_kind AND thing_id = of_thing AND action IN
            ('hide', 'remove', 'hold', 'withdraw', 'revoke', 'refund', 'suspend', 'restore')
        ORDER BY id DESC LIMIT 1
    ), false)
$$;
CREATE FUNCTION state_restriction(
    of_kind text, of_thing bigint, owner bigint, act text, why text
) RETURNS void LANGUAGE plpgsql AS $$
DECLARE
    of_case bigint;
    stated bigint;
    moment timestamptz := clock_timestamp();
BEGIN
    IF is_stated(of_kind, of_thing, act <> 'restore') THEN
        RETURN;
    END IF;
    INSERT INTO app_moderationcase
        (kind, thing_id, subject_id, state, severity, reasons, report_count, findings, opened_at,
         decided_at)
    VALUES (of_kind, of_thing, owner, 'decided', 9, '{}', 0, '[]', moment, moment)
    RETURNING id INTO of_case;
    IF act <> 'restore' THEN
        INSERT INTO app_statement
            (recipient_id, kind, thing_id, action, ground, facts, is_automated, money,
             appeal_until, created_at)
        VALUES (owner, of_kind, of_thing, act, 'rules', why, false, '{"effect": "none"}',
            moment + interval '183 days', moment)
        RETURNING id INTO stated;
    END IF;
    INSERT INTO app_decision
        (case_id, kind, thing_id, subject_id, action, ground, words, is_automated, before, after,
         statement_id, created_at)
    VALUES (of_case, of_kind, of_thing, owner, act, 'rules', why, false, '{}', '{}', stated,
        moment);
END $$;
"""
NOT_STATED = """
DROP FUNCTION state_restriction(text, bigint, bigint, text, text);
DROP FUNCTION is_stated(text, bigint, boolean);
"""

SUSPENSIONS = """
CREATE FUNCTION suspension_is_stated() RETURNS trigger LANGUAGE plpgsql AS $$
DECLARE
    suspended boolean;
BEGIN
    SELECT suspended_at IS NOT NULL INTO suspended FROM app_user WHERE id = NEW.id;
    IF FOUND AND NOT is_stated('profile', NEW.id, suspended) THEN
        RAISE EXCEPTION 'an account is suspended, and let go, by a decision'
            USING ERRCODE = 'check_violation', CONSTRAINT = 'suspension_stated';
    END IF;
    RETURN NULL;
END $$;
CREATE CONSTRAINT TRIGGER suspension_stated AFTER UPDATE OF suspended_at ON app_user
    DEFERRABLE INITIALLY DEFERRED FOR EACH ROW
    WHEN ((OLD.suspended_at IS NULL) <> (NEW.suspended_at IS NULL))
    EXECUTE FUNCTION suspension_is_stated();
"""
NO_SUSPENSIONS = """
DROP TRIGGER suspension_stated ON app_user;
DROP FUNCTION suspension_is_stated();
"""


class Migration(migrations.Migration):

    dependencies = [
        ('app', '0061_picture_checks'),
    ]

    operations = [
        # Whoever waits for the lock holds up everybody else. The migration can be run again.
        migrations.RunSQL("SET LOCAL lock_timeout = '5s'", migrations.RunSQL.noop),
        migrations.CreateModel(
            name='Appeal',
            fields=[
                ('id', models.BigAutoField(auto_created=True, primary_key=True, serialize=False, verbose_name='ID')),
                ('words', models.CharField(max_length=2000)),
                ('is_counter_notice', models.BooleanField(default=False)),
                ('name', models.CharField(blank=True, max_length=200)),
                ('address', models.CharField(blank=True, max_length=500)),
                ('signature', models.CharField(blank=True, max_length=200)),
                ('state', models.CharField(choices=[('open', 'Waits for an answer'), ('granted', 'Granted'), ('denied', 'Denied')], default='open', max_length=10)),
                ('answer', models.CharField(blank=True, max_length=2000)),
                ('created_at', models.DateTimeField()),
                ('decided_at', models.DateTimeField(blank=True, null=True)),
            ],
            options={
                'ordering': ['-created_at', '-pk'],
                'default_permissions': ('view',),
            },
        ),
        migrations.CreateModel(
            name='Decision',
            fields=[
                ('id', models.BigAutoField(auto_created=True, primary_key=True, serialize=False, verbose_name='ID')),
                ('kind', models.CharField(choices=[('picture', 'Picture'), ('style', 'Style'), ('comment', 'Comment'), ('profile', 'Profile')], max_length=10)),
                ('thing_id', models.BigIntegerField()),
                ('action', models.CharField(choices=[('hide', 'Picture hidden'), ('remove', 'Comment removed'), ('hold', 'Style on hold'), ('withdraw', 'Style withdrawn'), ('revoke', 'Licence revoked'), ('refund', 'Picture refunded'), ('refuse', 'Works refused'), ('rate', 'Rated'), ('warn', 'Warned'), ('suspend', 'Account suspended'), ('restore', 'Restored'), ('allow', 'Works allowed'), ('pardon', 'Taken back'), ('dismiss', 'Nothing to do')], max_length=10)),
                ('ground', models.CharField(choices=[('copyright', 'Copyright (DMCA § 512(c), DSA Art. 16)'), ('likeness', 'Rights in a name or likeness'), ('minors', 'Abuse of children (against the law everywhere)'), ('illegal', 'Other content that is against the law'), ('sexual', 'Rule: sexual content is not shown'), ('hate', 'Rule: no hatred of people for who they are'), ('harassment', 'Rule: nobody is harassed'), ('violence', 'Rule: no cruelty, no threats'), ('spam', 'Rule: no spam'), ('rules', 'Rule: another rule of this site'), ('fraud', 'Payment: fraud or a chargeback'), ('mistake', 'A mistake of ours'), ('appeal', 'An appeal was granted'), ('none', 'No rule and no law is broken')], max_length=12)),
                ('words', models.CharField(max_length=2000)),
                ('is_automated', models.BooleanField(default=False)),
                ('before', models.JSONField(default=dict)),
                ('after', models.JSONField(default=dict)),
                ('evidence', models.JSONField(blank=True, help_text='Of a check by machine.', null=True)),
                ('created_at', models.DateTimeField()),
            ],
            options={
                'ordering': ['-created_at', '-pk'],
                'default_permissions': ('view',),
            },
        ),
        migrations.CreateModel(
            name='ModerationCase',
            fields=[
                ('id', models.BigAutoField(auto_created=True, primary_key=True, serialize=False, verbose_name='ID')),
                ('kind', models.CharField(choices=[('picture', 'Picture'), ('style', 'Style'), ('comment', 'Comment'), ('profile', 'Profile')], max_length=10)),
                ('thing_id', models.BigIntegerField()),
                ('state', models.CharField(choices=[('open', 'Open'), ('decided', 'Decided')], default='open', max_length=10)),
                ('severity', models.PositiveSmallIntegerField(default=9, help_text='1 is the gravest.')),
                ('reasons', django.contrib.postgres.fields.ArrayField(base_field=models.CharField(choices=[('copy', 'A copy of my work'), ('likeness', 'My name or my likeness'), ('sexual', 'Sexual content'), ('minors', 'Abuse of children'), ('hate', 'Hate'), ('harassment', 'Harassment'), ('violence', 'Violence'), ('spam', 'Spam'), ('other', 'Something else')], max_length=12), blank=True, default=list, size=None)),
                ('report_count', models.PositiveIntegerField(default=0)),
                ('findings', models.JSONField(blank=True, default=list, help_text='What checks by machine found, each with its evidence.')),
                ('opened_at', models.DateTimeField()),
                ('last_reported_at', models.DateTimeField(blank=True, null=True)),
                ('decided_at', models.DateTimeField(blank=True, null=True)),
            ],
            options={
                'ordering': ['-opened_at', '-pk'],
                'permissions': [('moderate', 'Decide on cases: hide, remove, hold, warn, suspend'), ('money', 'Refund pictures and purchases'), ('operate', 'Retry and end jobs')],
                'default_permissions': ('view',),
            },
        ),
        migrations.CreateModel(
            name='Proposal',
            fields=[
                ('id', models.BigAutoField(auto_created=True, primary_key=True, serialize=False, verbose_name='ID')),
                ('ground', models.CharField(choices=[('copyright', 'Copyright (DMCA § 512(c), DSA Art. 16)'), ('likeness', 'Rights in a name or likeness'), ('minors', 'Abuse of children (against the law everywhere)'), ('illegal', 'Other content that is against the law'), ('sexual', 'Rule: sexual content is not shown'), ('hate', 'Rule: no hatred of people for who they are'), ('harassment', 'Rule: nobody is harassed'), ('violence', 'Rule: no cruelty, no threats'), ('spam', 'Rule: no spam'), ('rules', 'Rule: another rule of this site'), ('fraud', 'Payment: fraud or a chargeback'), ('mistake', 'A mistake of ours'), ('appeal', 'An appeal was granted'), ('none', 'No rule and no law is broken')], max_length=12)),
                ('words', models.CharField(max_length=2000)),
                ('with_refund', models.BooleanField(default=False)),
                ('created_at', models.DateTimeField()),
                ('ended_at', models.DateTimeField(blank=True, null=True)),
            ],
            options={
                'ordering': ['-created_at', '-pk'],
                'default_permissions': ('view',),
            },
        ),
        migrations.CreateModel(
            name='Report',
            fields=[
                ('id', models.BigAutoField(auto_created=True, primary_key=True, serialize=False, verbose_name='ID')),
                ('reason', models.CharField(choices=[('copy', 'A copy of my work'), ('likeness', 'My name or my likeness'), ('sexual', 'Sexual content'), ('minors', 'Abuse of children'), ('hate', 'Hate'), ('harassment', 'Harassment'), ('violence', 'Violence'), ('spam', 'Spam'), ('other', 'Something else')], max_length=12)),
                ('words', models.CharField(blank=True, max_length=2000)),
                ('url', models.CharField(blank=True, help_text='The exact address.', max_length=500)),
                ('email', models.EmailField(blank=True, help_text='Where a person without an account is told.', max_length=254)),
                ('language', models.CharField(blank=True, max_length=10)),
                ('name', models.CharField(blank=True, max_length=200)),
                ('work', models.CharField(blank=True, help_text='Which work, and where it is.', max_length=1000)),
                ('is_good_faith', models.BooleanField(default=False)),
                ('is_accurate', models.BooleanField(default=False, help_text='Under penalty of perjury.')),
                ('signature', models.CharField(blank=True, max_length=200)),
                ('request_digest', models.CharField(blank=True, help_text='Of an Idempotency-Key and what was sent.', max_length=64, null=True)),
                ('created_at', models.DateTimeField()),
                ('told_at', models.DateTimeField(blank=True, help_text='When the decision was told.', null=True)),
                ('mail_due_at', models.DateTimeField(blank=True, null=True)),
                ('mail_failures', models.PositiveSmallIntegerField(default=0)),
                ('receipt_mailed_at', models.DateTimeField(blank=True, null=True)),
                ('forgotten_at', models.DateTimeField(blank=True, help_text='When what identifies the reporter was deleted.', null=True)),
            ],
            options={
                'ordering': ['-created_at', '-pk'],
                'default_permissions': ('view',),
            },
        ),
        migrations.CreateModel(
            name='Statement',
            fields=[
                ('id', models.BigAutoField(auto_created=True, primary_key=True, serialize=False, verbose_name='ID')),
                ('kind', models.CharField(choices=[('picture', 'Picture'), ('style', 'Style'), ('comment', 'Comment'), ('profile', 'Profile')], max_length=10)),
                ('thing_id', models.BigIntegerField()),
                ('action', models.CharField(choices=[('hide', 'Picture hidden'), ('remove', 'Comment removed'), ('hold', 'Style on hold'), ('withdraw', 'Style withdrawn'), ('revoke', 'Licence revoked'), ('refund', 'Picture refunded'), ('refuse', 'Works refused'), ('rate', 'Rated'), ('warn', 'Warned'), ('suspend', 'Account suspended'), ('restore', 'Restored'), ('allow', 'Works allowed'), ('pardon', 'Taken back'), ('dismiss', 'Nothing to do')], max_length=10)),
                ('ground', models.CharField(choices=[('copyright', 'Copyright (DMCA § 512(c), DSA Art. 16)'), ('likeness', 'Rights in a name or likeness'), ('minors', 'Abuse of children (against the law everywhere)'), ('illegal', 'Other content that is against the law'), ('sexual', 'Rule: sexual content is not shown'), ('hate', 'Rule: no hatred of people for who they are'), ('harassment', 'Rule: nobody is harassed'), ('violence', 'Rule: no cruelty, no threats'), ('spam', 'Rule: no spam'), ('rules', 'Rule: another rule of this site'), ('fraud', 'Payment: fraud or a chargeback'), ('mistake', 'A mistake of ours'), ('appeal', 'An appeal was granted'), ('none', 'No rule and no law is broken')], max_length=12)),
                ('facts', models.CharField(help_text='The words of who decided.', max_length=2000)),
                ('is_automated', models.BooleanField(default=False)),
                ('money', models.JSONField(default=dict, help_text='What follows for money: effect (none, held, refunded, taken_back) and tokens.')),
                ('appeal_until', models.DateTimeField()),
                ('created_at', models.DateTimeField()),
            ],
            options={
                'ordering': ['-created_at', '-pk'],
                'default_permissions': ('view',),
            },
        ),
        migrations.CreateModel(
            name='Strike',
            fields=[
                ('id', models.BigAutoField(auto_created=True, primary_key=True, serialize=False, verbose_name='ID')),
                ('created_at', models.DateTimeField()),
                ('expires_at', models.DateTimeField()),
                ('lifted_at', models.DateTimeField(blank=True, null=True)),
            ],
            options={
                'ordering': ['-created_at', '-pk'],
                'default_permissions': ('view',),
            },
        ),
        migrations.AddField(
            model_name='user',
            name='suspended_at',
            field=models.DateTimeField(blank=True, editable=False, help_text='Our staff suspended the account.', null=True),
        ),
        migrations.AddField(
            model_name='user',
            name='suspended_until',
            field=models.DateTimeField(blank=True, editable=False, help_text='Empty: for good.', null=True),
        ),
        migrations.AddField(
            model_name='appeal',
            name='first',
            field=models.ForeignKey(blank=True, db_index=False, null=True, on_delete=django.db.models.deletion.PROTECT, related_name='+', to=settings.AUTH_USER_MODEL),
        ),
        migrations.AddField(
            model_name='appeal',
            name='judge',
            field=models.ForeignKey(blank=True, db_index=False, null=True, on_delete=django.db.models.deletion.PROTECT, related_name='+', to=settings.AUTH_USER_MODEL),
        ),
        migrations.AddField(
            model_name='appeal',
            name='second',
            field=models.ForeignKey(blank=True, db_index=False, null=True, on_delete=django.db.models.deletion.PROTECT, related_name='+', to=settings.AUTH_USER_MODEL),
        ),
        migrations.AddField(
            model_name='decision',
            name='reverses',
            field=models.ForeignKey(blank=True, null=True, on_delete=django.db.models.deletion.PROTECT, related_name='reversed_by', to='app.decision'),
        ),
        migrations.AddField(
            model_name='decision',
            name='second',
            field=models.ForeignKey(blank=True, db_index=False, help_text='Who confirmed what takes two people.', null=True, on_delete=django.db.models.deletion.PROTECT, related_name='+', to=settings.AUTH_USER_MODEL),
        ),
        migrations.AddField(
            model_name='decision',
            name='staff',
            field=models.ForeignKey(blank=True, db_index=False, null=True, on_delete=django.db.models.deletion.PROTECT, related_name='+', to=settings.AUTH_USER_MODEL),
        ),
        migrations.AddField(
            model_name='decision',
            name='subject',
            field=models.ForeignKey(db_index=False, on_delete=django.db.models.deletion.PROTECT, related_name='+', to=settings.AUTH_USER_MODEL),
        ),
        migrations.AddField(
            model_name='moderationcase',
            name='subject',
            field=models.ForeignKey(db_index=False, help_text='Whom the decision will concern: whose thing it is.', on_delete=django.db.models.deletion.PROTECT, related_name='+', to=settings.AUTH_USER_MODEL),
        ),
        migrations.AddField(
            model_name='decision',
            name='case',
            field=models.ForeignKey(on_delete=django.db.models.deletion.PROTECT, related_name='decisions', to='app.moderationcase'),
        ),
        migrations.AddField(
            model_name='proposal',
            name='case',
            field=models.ForeignKey(on_delete=django.db.models.deletion.PROTECT, related_name='proposals', to='app.moderationcase'),
        ),
        migrations.AddField(
            model_name='proposal',
            name='proposed_by',
            field=models.ForeignKey(db_index=False, on_delete=django.db.models.deletion.PROTECT, related_name='+', to=settings.AUTH_USER_MODEL),
        ),
        migrations.AddField(
            model_name='report',
            name='case',
            field=models.ForeignKey(on_delete=django.db.models.deletion.PROTECT, related_name='reports', to='app.moderationcase'),
        ),
        migrations.AddField(
            model_name='report',
            name='reporter',
            field=models.ForeignKey(blank=True, db_index=False, null=True, on_delete=django.db.models.deletion.SET_NULL, related_name='+', to=settings.AUTH_USER_MODEL),
        ),
        migrations.AddField(
            model_name='statement',
            name='recipient',
            field=models.ForeignKey(db_index=False, on_delete=django.db.models.deletion.PROTECT, related_name='statements', to=settings.AUTH_USER_MODEL),
        ),
        migrations.AddField(
            model_name='decision',
            name='statement',
            field=models.OneToOneField(blank=True, null=True, on_delete=django.db.models.deletion.PROTECT, related_name='decision', to='app.statement'),
        ),
        migrations.AddField(
            model_name='decision',
            name='statement_to_artist',
            field=models.OneToOneField(blank=True, null=True, on_delete=django.db.models.deletion.PROTECT, related_name='decision_of_sale', to='app.statement'),
        ),
        migrations.AddField(
            model_name='appeal',
            name='statement',
            field=models.OneToOneField(on_delete=django.db.models.deletion.PROTECT, related_name='appeal', to='app.statement'),
        ),
        migrations.AddField(
            model_name='strike',
            name='decision',
            field=models.OneToOneField(on_delete=django.db.models.deletion.PROTECT, related_name='strike', to='app.decision'),
        ),
        migrations.AddField(
            model_name='strike',
            name='user',
            field=models.ForeignKey(db_index=False, on_delete=django.db.models.deletion.PROTECT, related_name='strikes', to=settings.AUTH_USER_MODEL),
        ),
        migrations.AddIndex(
            model_name='moderationcase',
            index=models.Index(condition=models.Q(('state', 'open')), fields=['severity', 'opened_at', 'id'], name='case_queue'),
        ),
        migrations.AddIndex(
            model_name='moderationcase',
            index=models.Index(fields=['kind', 'thing_id', '-id'], name='case_of_thing'),
        ),
        migrations.AddIndex(
            model_name='moderationcase',
            index=models.Index(fields=['subject', '-id'], name='case_of_subject'),
        ),
        migrations.AddIndex(
            model_name='moderationcase',
            index=models.Index(condition=models.Q(('state', 'decided')), fields=['decided_at'], name='case_decided'),
        ),
        migrations.AddConstraint(
            model_name='moderationcase',
            constraint=models.CheckConstraint(condition=models.Q(('kind__in', ['picture', 'style', 'comment', 'profile'])), name='case_kind_known'),
        ),
        migrations.AddConstraint(
            model_name='moderationcase',
            constraint=models.CheckConstraint(condition=models.Q(models.Q(('decided_at', None), ('state', 'open')), models.Q(('decided_at__isnull', False), ('state', 'decided')), _connector='OR'), name='case_decided_has_time'),
        ),
        migrations.AddConstraint(
            model_name='moderationcase',
            constraint=models.UniqueConstraint(condition=models.Q(('state', 'open')), fields=('kind', 'thing_id'), name='case_open_once'),
        ),
        migrations.AddConstraint(
            model_name='proposal',
            constraint=models.UniqueConstraint(condition=models.Q(('ended_at__isnull', True)), fields=('case',), name='proposal_open_once'),
        ),
        migrations.AddIndex(
            model_name='report',
            index=models.Index(fields=['reporter', '-id'], name='report_by_reporter'),
        ),
        migrations.AddIndex(
            model_name='report',
            index=models.Index(condition=models.Q(('told_at__isnull', True)), fields=['case'], name='report_untold'),
        ),
        migrations.AddIndex(
            model_name='report',
            index=models.Index(condition=models.Q(('mail_due_at__isnull', False)), fields=['mail_due_at'], name='report_mail_due'),
        ),
        migrations.AddIndex(
            model_name='report',
            index=models.Index(condition=models.Q(('forgotten_at__isnull', True)), fields=['told_at'], name='report_to_forget'),
        ),
        migrations.AddConstraint(
            model_name='report',
            constraint=models.CheckConstraint(condition=models.Q(('reason__in', ['copy', 'likeness', 'sexual', 'minors', 'hate', 'harassment', 'violence', 'spam', 'other'])), name='report_reason_known'),
        ),
        migrations.AddConstraint(
            model_name='report',
            constraint=models.UniqueConstraint(condition=models.Q(('reporter__isnull', False)), fields=('case', 'reporter'), name='report_once_each'),
        ),
        migrations.AddConstraint(
            model_name='report',
            constraint=models.UniqueConstraint(fields=('request_digest',), name='report_request_once'),
        ),
        migrations.AddConstraint(
            model_name='report',
            constraint=models.CheckConstraint(condition=models.Q(models.Q(('reason__in', ['copy', 'likeness']), _negated=True), models.Q(('is_accurate', True), ('is_good_faith', True), models.Q(models.Q(('signature', ''), _negated=True), ('forgotten_at__isnull', False), _connector='OR')), _connector='OR'), name='report_claim_is_signed'),
        ),
        migrations.AddIndex(
            model_name='statement',
            index=models.Index(fields=['recipient', '-created_at', '-id'], name='statement_by_recipient'),
        ),
        migrations.AddConstraint(
            model_name='statement',
            constraint=models.CheckConstraint(condition=models.Q(('facts', ''), _negated=True), name='statement_has_facts'),
        ),
        migrations.AddIndex(
            model_name='decision',
            index=models.Index(fields=['kind', 'thing_id', '-id'], name='decision_of_thing'),
        ),
        migrations.AddIndex(
            model_name='decision',
            index=models.Index(fields=['subject', '-id'], name='decision_of_subject'),
        ),
        migrations.AddIndex(
            model_name='decision',
            index=models.Index(fields=['created_at'], name='decision_by_time'),
        ),
        migrations.AddConstraint(
            model_name='decision',
            constraint=models.CheckConstraint(condition=models.Q(('action__in', ['restore', 'allow', 'pardon', 'dismiss']), ('statement__isnull', False), _connector='OR'), name='decision_restriction_has_statement'),
        ),
        migrations.AddConstraint(
            model_name='decision',
            constraint=models.CheckConstraint(condition=models.Q(('is_automated', False), models.Q(('second__isnull', True), ('staff__isnull', True)), _connector='OR'), name='decision_automated_has_no_staff'),
        ),
        migrations.AddConstraint(
            model_name='decision',
            constraint=models.CheckConstraint(condition=models.Q(models.Q(('action', 'revoke'), _negated=True), ('is_automated', True), models.Q(('second__isnull', False), ('staff__isnull', False), models.Q(('second', models.F('staff')), _negated=True)), _connector='OR'), name='decision_revocation_by_two'),
        ),
        migrations.AddConstraint(
            model_name='decision',
            constraint=models.CheckConstraint(condition=models.Q(('words', ''), _negated=True), name='decision_has_words'),
        ),
        migrations.AddIndex(
            model_name='appeal',
            index=models.Index(condition=models.Q(('state', 'open')), fields=['created_at'], name='appeal_queue'),
        ),
        migrations.AddConstraint(
            model_name='appeal',
            constraint=models.CheckConstraint(condition=models.Q(('judge__isnull', True), models.Q(models.Q(('first__isnull', True), models.Q(('first', models.F('judge')), _negated=True), _connector='OR'), models.Q(('second__isnull', True), models.Q(('second', models.F('judge')), _negated=True), _connector='OR')), _connector='OR'), name='appeal_judged_by_another'),
        ),
        migrations.AddConstraint(
            model_name='appeal',
            constraint=models.CheckConstraint(condition=models.Q(models.Q(('decided_at__isnull', True), ('judge__isnull', True), ('state', 'open')), models.Q(('judge__isnull', False), ('state__in', ['granted', 'denied']), ('decided_at__isnull', False)), _connector='OR'), name='appeal_decided_has_judge'),
        ),
        migrations.AddConstraint(
            model_name='appeal',
            constraint=models.CheckConstraint(condition=models.Q(('is_counter_notice', False), models.Q(models.Q(('name', ''), _negated=True), models.Q(('address', ''), _negated=True), models.Q(('signature', ''), _negated=True)), _connector='OR'), name='appeal_counter_notice_is_signed'),
        ),
        migrations.AddIndex(
            model_name='strike',
            index=models.Index(condition=models.Q(('lifted_at__isnull', True)), fields=['user'], name='strike_counting'),
        ),
        migrations.AddConstraint(
            model_name='strike',
            constraint=models.CheckConstraint(condition=models.Q(('expires_at__gt', models.F('created_at'))), name='strike_expires'),
        ),
        migrations.RunSQL(APPEND_ONLY, NO_APPEND_ONLY),
        migrations.RunSQL(STATED, NOT_STATED),
        migrations.RunSQL(SUSPENSIONS, NO_SUSPENSIONS),
    ]
