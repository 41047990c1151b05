"""Licences: terms, what artists declare, the number of an order, and the licence itself.

The version before this one goes on meanwhile: it orders without number and terms, and uploads
without a declaration. Nothing here locks a large table for longer than a moment.
"""

import django.contrib.postgres.fields
import django.db.models.deletion
from django.conf import settings
from django.db import migrations, models
from django.db.models import Q

from app.services.licences.publishing import publish

PUBLISHED_ONCE = """
CREATE FUNCTION published_words_stay() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
    RAISE EXCEPTION 'published words never change: publish another version'
        USING ERRCODE = 'restrict_violation';
END $$;
CREATE TRIGGER terms_stay BEFORE UPDATE OR DELETE ON app_terms
    FOR EACH ROW EXECUTE FUNCTION published_words_stay();
CREATE TRIGGER declaration_stays BEFORE UPDATE OR DELETE ON app_declaration
    FOR EACH ROW EXECUTE FUNCTION published_words_stay();
"""
NOT_PUBLISHED = """
DROP TRIGGER terms_stay ON app_terms;
DROP TRIGGER declaration_stays ON app_declaration;
DROP FUNCTION published_words_stay();
"""
TERMS_OF_ORDER = [
    "ALTER TABLE app_generation ADD COLUMN IF NOT EXISTS terms_id varchar(60)",
    """
    ALTER TABLE app_generation ADD CONSTRAINT generation_terms FOREIGN KEY (terms_id)
        REFERENCES app_terms (id) DEFERRABLE INITIALLY DEFERRED NOT VALID
    """,
    # Orders go on while the old ones are looked at.
    "ALTER TABLE app_generation VALIDATE CONSTRAINT generation_terms",
]
NUMBER = """
CREATE UNIQUE INDEX CONCURRENTLY IF NOT EXISTS generation_licence_number_unique
    ON app_generation (licence_number) WHERE licence_number IS NOT NULL
"""


def publish_words(apps, schema_editor):
    publish(apps, schema_editor.connection.alias)


def to_one(to, related_name, **options):
    return models.ForeignKey(
        to=to, on_delete=django.db.models.deletion.PROTECT, related_name=related_name, **options
    )


class Migration(migrations.Migration):
    atomic = False

    dependencies = [("app", "0014_landscape")]

    operations = [
        migrations.CreateModel(
            name="Terms",
            fields=[
                ("id", models.CharField(max_length=60, primary_key=True, serialize=False)),
                ("key", models.CharField(max_length=50)),
                ("version", models.PositiveSmallIntegerField()),
                (
                    "document",
                    models.TextField(help_text="All the words, in English and Korean."),
                ),
                (
                    "odrl",
                    models.JSONField(help_text="The same for machines: a policy of ODRL 2.2."),
                ),
                ("sha256", models.CharField(help_text="That of the document.", max_length=64)),
                ("published_at", models.DateTimeField(auto_now_add=True)),
            ],
            options={
                "verbose_name_plural": "terms",
                "ordering": ["key", "version"],
                "constraints": [
                    models.UniqueConstraint(
                        fields=("key", "version"), name="terms_version_unique"
                    )
                ],
            },
        ),
        migrations.CreateModel(
            name="Declaration",
            fields=[
                (
                    "version",
                    models.PositiveSmallIntegerField(primary_key=True, serialize=False),
                ),
                ("text_en", models.TextField()),
                ("text_ko", models.TextField()),
                ("published_at", models.DateTimeField(auto_now_add=True)),
            ],
            options={"ordering": ["version"]},
        ),
        migrations.CreateModel(
            name="DeclarationAcceptance",
            fields=[
                (
                    "id",
                    models.BigAutoField(
                        auto_created=True, primary_key=True, serialize=False, verbose_name="ID"
                    ),
                ),
                ("accepted_at", models.DateTimeField(auto_now_add=True)),
                ("declaration", to_one("app.declaration", "acceptances")),
                ("user", to_one(settings.AUTH_USER_MODEL, "declarations")),
            ],
            options={
                "ordering": ["-accepted_at", "-pk"],
                "constraints": [
                    models.UniqueConstraint(
                        fields=("user", "declaration"), name="declaration_once"
                    )
                ],
            },
        ),
        migrations.CreateModel(
            name="SigningKey",
            fields=[
                (
                    "kid",
                    models.CharField(
                        help_text="RFC 7638 thumbprint.",
                        max_length=43,
                        primary_key=True,
                        serialize=False,
                    ),
                ),
                ("jwk", models.JSONField()),
                ("first_used_at", models.DateTimeField(auto_now_add=True)),
            ],
            options={"ordering": ["first_used_at", "pk"]},
        ),
        migrations.CreateModel(
            name="Licence",
            fields=[
                (
                    "generation",
                    models.OneToOneField(
                        on_delete=django.db.models.deletion.PROTECT,
                        primary_key=True,
                        related_name="licence",
                        serialize=False,
                        to="app.generation",
                    ),
                ),
                ("number", models.CharField(max_length=17, unique=True)),
                ("file_sha256", models.CharField(blank=True, max_length=64, null=True)),
                ("preview_sha256", models.CharField(blank=True, max_length=64, null=True)),
                (
                    "pdq",
                    models.BinaryField(
                        help_text="A fingerprint of 256 bits.", max_length=32, null=True
                    ),
                ),
                (
                    "bands",
                    django.contrib.postgres.fields.ArrayField(
                        base_field=models.IntegerField(),
                        help_text="The fingerprint in 16 parts.",
                        null=True,
                        size=16,
                    ),
                ),
                ("features", models.BinaryField(max_length=160, null=True)),
                ("issued_at", models.DateTimeField()),
                (
                    "state",
                    models.CharField(
                        choices=[
                            ("active", "Valid"),
                            ("refunded", "Refunded"),
                            ("revoked", "Revoked"),
                        ],
                        default="active",
                        max_length=10,
                    ),
                ),
                ("state_reason", models.CharField(blank=True, max_length=500)),
                ("state_changed_at", models.DateTimeField(blank=True, null=True)),
                (
                    "buyer_is_named",
                    models.BooleanField(
                        default=False, help_text="Whether the buyer wants that."
                    ),
                ),
            ],
            options={
                "ordering": ["-issued_at", "-pk"],
                "constraints": [
                    models.CheckConstraint(
                        condition=Q(state__in=["active", "refunded", "revoked"]),
                        name="licence_state_known",
                    ),
                    models.CheckConstraint(
                        condition=Q(state="active") | Q(state_changed_at__isnull=False),
                        name="licence_change_has_time",
                    ),
                ],
            },
        ),
        migrations.CreateModel(
            name="TrainingManifest",
            fields=[
                (
                    "style",
                    models.OneToOneField(
                        on_delete=django.db.models.deletion.CASCADE,
                        primary_key=True,
                        related_name="training_manifest",
                        serialize=False,
                        to="app.style",
                    ),
                ),
                ("content", models.JSONField(help_text="See docs/rights.md.")),
                (
                    "sha256",
                    models.CharField(
                        help_text="That of the content as canonical JSON.", max_length=64
                    ),
                ),
                ("made_at", models.DateTimeField(auto_now_add=True)),
            ],
            options={"ordering": ["pk"]},
        ),
        migrations.RunPython(publish_words, migrations.RunPython.noop),
        migrations.RunSQL(PUBLISHED_ONCE, NOT_PUBLISHED),
        migrations.AddField(
            "style",
            "declaration",
            to_one(
                "app.declaration",
                "+",
                blank=True,
                null=True,
                db_index=False,
                help_text="What its artist declared at the upload.",
            ),
        ),
        migrations.AddField(
            "style",
            "terms",
            to_one(
                "app.terms",
                "+",
                default="commercial/1",
                db_default="commercial/1",
                db_index=False,
            ),
        ),
        migrations.AddField(
            "generation",
            "licence_number",
            models.CharField(blank=True, max_length=17, null=True),
        ),
        migrations.SeparateDatabaseAndState(
            [
                migrations.RunSQL(
                    TERMS_OF_ORDER, "ALTER TABLE app_generation DROP COLUMN terms_id"
                ),
                migrations.RunSQL(NUMBER, "DROP INDEX IF EXISTS generation_licence_number_unique"),
            ],
            [
                migrations.AddField(
                    "generation",
                    "terms",
                    to_one("app.terms", "+", blank=True, null=True, db_index=False),
                ),
                migrations.AddConstraint(
                    "generation",
                    models.UniqueConstraint(
                        name="generation_licence_number_unique",
                        fields=["licence_number"],
                        condition=Q(licence_number__isnull=False),
                    ),
                ),
            ],
        ),
    ]
