"""What other systems are told of, and the call to the process that sends it."""

import django.contrib.postgres.fields
import django.contrib.postgres.functions
import django.db.models.deletion
import django.db.models.functions.datetime
from django.conf import settings
from django.db import migrations, models


WAKE = """
CREATE FUNCTION webhooks_wake_senders() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
    PERFORM pg_notify('webhooks', '');
    RETURN NULL;
END $$;
CREATE TRIGGER webhook_delivery_wake AFTER INSERT ON app_webhookdelivery
    FOR EACH ROW EXECUTE FUNCTION webhooks_wake_senders();
"""
NO_WAKE = """
DROP TRIGGER webhook_delivery_wake ON app_webhookdelivery;
DROP FUNCTION webhooks_wake_senders();
"""


class Migration(migrations.Migration):

    dependencies = [
        ('app', '0026_memorisation'),
    ]

    operations = [
        migrations.CreateModel(
            name='WebhookEndpoint',
            fields=[
                ('id', models.BigAutoField(auto_created=True, primary_key=True, serialize=False, verbose_name='ID')),
                ('url', models.CharField(max_length=500)),
                ('description', models.CharField(blank=True, max_length=100)),
                ('events', django.contrib.postgres.fields.ArrayField(base_field=models.CharField(choices=[('generation.completed', 'A picture is ready'), ('generation.failed', 'A picture failed and was refunded'), ('generation.canceled', 'A picture was canceled and refunded'), ('style.trained', 'A style is trained'), ('style.failed', 'The training of a style failed'), ('licence.issued', 'A picture got its licence'), ('licence.refunded', 'A licence ended because its picture was refunded'), ('licence.revoked', 'A licence was revoked')], max_length=30), blank=True, default=list, help_text='Empty: all of them.', size=None)),
                ('is_for_orders', models.BooleanField(default=False, help_text='It is told of the orders that name it, and of nothing else.')),
                ('is_enabled', models.BooleanField(default=True)),
                ('disabled_reason', models.CharField(blank=True, choices=[('owner', 'Its owner switched it off'), ('gone', 'It answered 410'), ('failing', 'It failed for five days')], max_length=10)),
                ('failing_since', models.DateTimeField(blank=True, help_text='The first failure after the last success.', null=True)),
                ('secrets', models.JSONField(default=list)),
                ('created_at', models.DateTimeField(auto_now_add=True)),
                ('deleted_at', models.DateTimeField(blank=True, null=True)),
                ('user', models.ForeignKey(on_delete=django.db.models.deletion.CASCADE, related_name='webhook_endpoints', to=settings.AUTH_USER_MODEL)),
            ],
            options={
                'ordering': ['-created_at', '-pk'],
            },
        ),
        migrations.CreateModel(
            name='WebhookDelivery',
            fields=[
                ('id', models.BigAutoField(auto_created=True, primary_key=True, serialize=False, verbose_name='ID')),
                ('message_id', models.UUIDField(db_default=django.contrib.postgres.functions.RandomUUID(), editable=False)),
                ('type', models.CharField(max_length=30)),
                ('body', models.TextField()),
                ('state', models.CharField(choices=[('pending', 'To be sent, or sent again'), ('delivered', 'Accepted'), ('failed', 'Given up')], db_default='pending', default='pending', max_length=10)),
                ('attempt_count', models.PositiveSmallIntegerField(db_default=0, default=0)),
                ('due_at', models.DateTimeField(db_default=django.db.models.functions.datetime.Now(), help_text='When to send it next. Who sends it puts it off meanwhile.')),
                ('attempts', models.JSONField(db_default=models.Value([], output_field=models.JSONField()), default=list, help_text='The log: when, how long, status, answer, error.')),
                ('created_at', models.DateTimeField(db_default=django.db.models.functions.datetime.Now())),
                ('endpoint', models.ForeignKey(on_delete=django.db.models.deletion.CASCADE, related_name='deliveries', to='app.webhookendpoint')),
            ],
            options={
                'ordering': ['-created_at', '-pk'],
            },
        ),
        migrations.CreateModel(
            name='OrderWebhook',
            fields=[
                ('generation', models.OneToOneField(on_delete=django.db.models.deletion.CASCADE, primary_key=True, related_name='webhook', serialize=False, to='app.generation')),
                ('endpoint', models.ForeignKey(on_delete=django.db.models.deletion.CASCADE, related_name='orders', to='app.webhookendpoint')),
            ],
            options={
                'ordering': ['-pk'],
            },
        ),
        migrations.AddConstraint(
            model_name='webhookendpoint',
            constraint=models.CheckConstraint(condition=models.Q(models.Q(('disabled_reason', ''), ('is_enabled', True)), models.Q(('is_enabled', False), models.Q(('disabled_reason', ''), _negated=True)), _connector='OR'), name='webhook_endpoint_disabled_has_reason'),
        ),
        migrations.AddConstraint(
            model_name='webhookendpoint',
            constraint=models.UniqueConstraint(condition=models.Q(('deleted_at', None), ('is_for_orders', True)), fields=('user', 'url'), name='webhook_endpoint_of_orders_once'),
        ),
        migrations.AddIndex(
            model_name='webhookdelivery',
            index=models.Index(condition=models.Q(('state', 'pending')), fields=['due_at', 'id'], name='webhook_delivery_due'),
        ),
        migrations.AddIndex(
            model_name='webhookdelivery',
            index=models.Index(models.F('endpoint'), models.OrderBy(models.F('created_at'), descending=True), models.OrderBy(models.F('id'), descending=True), name='webhook_delivery_log'),
        ),
        migrations.AddIndex(
            model_name='webhookdelivery',
            index=models.Index(fields=['created_at'], name='webhook_delivery_created'),
        ),
        migrations.AddConstraint(
            model_name='webhookdelivery',
            constraint=models.CheckConstraint(condition=models.Q(('state__in', ['pending', 'delivered', 'failed'])), name='webhook_delivery_state_known'),
        ),
        migrations.RunSQL(WAKE, NO_WAKE),
    ]
