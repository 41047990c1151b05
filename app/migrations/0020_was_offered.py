"""Staff can withdraw what its artist has withdrawn. The version before this one knows only styles
that were on offer then."""

from django.db import migrations, models


class Migration(migrations.Migration):
    dependencies = [("app", "0017_licence_bands")]

    operations = [
        migrations.AddField(
            model_name="style",
            name="was_offered",
            field=models.BooleanField(
                db_default=True,
                default=True,
                editable=False,
                help_text="Of what our staff withdrew: whether it is offered again once they"
                " restore it.",
            ),
        ),
    ]
