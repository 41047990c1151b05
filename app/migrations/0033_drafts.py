"""Styles that are not offered yet, and what is shown of them."""

from django.db import migrations, models


class Migration(migrations.Migration):

    dependencies = [
        ('app', '0032_books_stay'),
    ]

    operations = [
        # Rather fail, and be run again, than let everybody wait behind a long transaction.
        migrations.RunSQL("SET LOCAL lock_timeout = '5s'", migrations.RunSQL.noop),
        migrations.AddField(
            model_name='style',
            name='is_draft',
            field=models.BooleanField(db_default=False, default=False, editable=False, help_text='Not offered yet, so it is not active. Its artist offers it.'),
        ),
        migrations.AddField(
            model_name='style',
            name='sample_prompts',
            field=models.JSONField(blank=True, help_text='What else its artist wants to see after the training.', null=True),
        ),
        migrations.AddField(
            model_name='style',
            name='samples',
            field=models.JSONField(blank=True, help_text='Pictures that were drawn after the training.', null=True),
        ),
        migrations.AddField(
            model_name='style',
            name='style_score',
            field=models.JSONField(blank=True, help_text="How like the artist's works they look: docs/rights.md.", null=True),
        ),
        migrations.AddField(
            model_name='style',
            name='training_settings',
            field=models.JSONField(blank=True, help_text='What its artist told the engine.', null=True),
        ),
        migrations.AlterField(
            model_name='style',
            name='is_active',
            field=models.BooleanField(default=True, help_text='Off: withdrawn by its artist, or a draft.'),
        ),
    ]
