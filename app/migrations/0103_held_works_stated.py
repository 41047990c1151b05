"""Works that a check holds are stated. Only the choices change: the database has nothing to do."""

from django.db import migrations, models

ACTIONS = [
    ("hide", "Picture hidden"),
    ("remove", "Comment removed"),
    ("hold", "Style on hold"),
    ("withdraw", "Style withdrawn"),
    ("revoke", "Licence revoked"),
    ("refund", "Picture refunded"),
    ("review", "Works held for review"),
    ("refuse", "Works refused"),
    ("rate", "Rated"),
    ("take", "Profile picture or signature taken down"),
    ("warn", "Warned"),
    ("suspend", "Account suspended"),
    ("restore", "Restored"),
    ("allow", "Works allowed"),
    ("pardon", "Taken back"),
    ("dismiss", "Nothing to do"),
]


class Migration(migrations.Migration):
    dependencies = [("app", "0102_lines_of_losses")]

    operations = [
        migrations.AlterField(
            model_name=name,
            name="action",
            field=models.CharField(choices=ACTIONS, max_length=10),
        )
        for name in ("decision", "statement")
    ]
