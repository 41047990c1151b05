"""What users want to hear of by e-mail, and which notifications they were mailed."""

import app.models.mail
import django.contrib.postgres.fields
import django.db.models.deletion
from django.conf import settings
from django.db import migrations, models


class Migration(migrations.Migration):

    dependencies = [
        ('app', '0033_drafts'),
    ]

    operations = [
        # Rather break off than have all notifications wait behind a long transaction.
        migrations.RunSQL("SET LOCAL lock_timeout = '5s'", migrations.RunSQL.noop),
        migrations.AddField(
            model_name='notification',
            name='mailed_at',
            field=models.DateTimeField(blank=True, editable=False, null=True),
        ),
        migrations.CreateModel(
            name='MailPreference',
            fields=[
                ('user', models.OneToOneField(on_delete=django.db.models.deletion.CASCADE, primary_key=True, related_name='mail', serialize=False, to=settings.AUTH_USER_MODEL)),
                ('kinds', django.contrib.postgres.fields.ArrayField(base_field=models.CharField(choices=[('money', 'Sales, refunds and licences that end'), ('moderation', 'What our staff decides about my things'), ('pictures', 'My pictures are ready, or failed'), ('styles', 'My styles are trained, or failed'), ('people', 'Likes, comments and followers'), ('systems', 'My webhooks')], max_length=10), blank=True, default=app.models.mail.prompt_kinds, size=None)),
                ('rhythm', models.CharField(choices=[('hour', 'At most once an hour'), ('day', 'At most once a day')], db_default='day', default='day', max_length=4)),
                ('language', models.CharField(blank=True, db_default='', default='', help_text='Empty: the language of the site.', max_length=10)),
                ('since', models.DateTimeField(blank=True, help_text='What happened before is not mailed.', null=True)),
                ('due_at', models.DateTimeField(blank=True, help_text='When to look for news. Who sends puts it off meanwhile.', null=True)),
                ('sent_at', models.DateTimeField(blank=True, null=True)),
                ('failure_count', models.PositiveSmallIntegerField(db_default=0, default=0)),
                ('refused', models.CharField(blank=True, db_default='', default='', help_text='What the mail server said about the address; nothing is sent there any more.', max_length=300)),
            ],
            options={
                'ordering': ['pk'],
                'indexes': [models.Index(condition=models.Q(('due_at__isnull', False), ('refused', '')), fields=['due_at'], name='mail_due')],
            },
        ),
    ]
