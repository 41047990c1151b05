"""The feed's lists, what staff hide and withdraw, and the search for artists.

The version before this one goes on meanwhile: the triggers keep the entries of what it publishes,
and the new columns have defaults. Tables are not locked while rows are copied, indexes are made
and constraints are checked. What breaks off leaves an invalid index: drop that one, and migrate
again.
"""

import django.db.models.deletion
from django.contrib.postgres.indexes import GinIndex, OpClass
from django.contrib.postgres.operations import (
    AddConstraintNotValid,
    AddIndexConcurrently,
    ValidateConstraint,
)
from django.db import migrations, models
from django.db.models import Q
from django.db.models.functions import Upper

from app.models.notification import NotificationType

# The keys of app.models.feed for a picture: tags are its phrases, and each word of them.
FUNCTIONS = r"""
CREATE FUNCTION feed_keys(style bigint, format text, tags text[]) RETURNS SETOF text
LANGUAGE sql STABLE AS $$
    SELECT 'all'
    UNION SELECT 'style:' || style
    UNION SELECT 'artist:' || artist_id FROM app_style WHERE id = style
    UNION SELECT 'format:' || format
    UNION SELECT 'tag:' || lower(regexp_replace(btrim(phrase), '\s+', ' ', 'g'))
        FROM unnest(tags) phrase
    UNION SELECT 'tag:' || word
        FROM regexp_split_to_table(lower(array_to_string(tags, ' ')), '[\s.,;:!?"()]+') word
        WHERE word <> ''
$$;
CREATE FUNCTION like_doublings(likes integer) RETURNS integer
LANGUAGE sql IMMUTABLE AS $$
    SELECT length(ltrim((1 + likes)::bit(32)::text, '0')) - 1
$$;
CREATE FUNCTION feed_heat(ordered_at timestamptz, likes integer) RETURNS bigint
LANGUAGE sql STABLE AS $$
    SELECT floor(extract(epoch FROM ordered_at))::bigint + 86400 * like_doublings(likes)
$$;
CREATE FUNCTION feed_follows_picture() RETURNS trigger LANGUAGE plpgsql AS $$
DECLARE
    keys text[] := ARRAY(SELECT feed_keys(NEW.style_id, NEW.aspect_ratio, NEW.prompt_tags));
BEGIN
    IF NEW.visibility <> 'public' OR NEW.status <> 'completed' THEN
        DELETE FROM app_feedentry WHERE key = ANY(keys) AND generation_id = NEW.id;
    ELSE
        INSERT INTO app_feedentry (key, generation_id, heat)
        SELECT key, NEW.id, feed_heat(NEW.created_at, NEW.like_count) FROM unnest(keys) key
        ON CONFLICT (key, generation_id) DO UPDATE SET heat = EXCLUDED.heat;
    END IF;
    RETURN NULL;
END $$;
CREATE TRIGGER feed_of_new_picture AFTER INSERT ON app_generation FOR EACH ROW
    WHEN (NEW.visibility = 'public' AND NEW.status = 'completed')
    EXECUTE FUNCTION feed_follows_picture();
CREATE TRIGGER feed_of_picture AFTER UPDATE OF visibility, status, like_count ON app_generation
    FOR EACH ROW
    WHEN (
        (OLD.visibility = 'public' AND OLD.status = 'completed')
            <> (NEW.visibility = 'public' AND NEW.status = 'completed')
        OR (
            NEW.visibility = 'public' AND NEW.status = 'completed'
            AND like_doublings(OLD.like_count) <> like_doublings(NEW.like_count)
        )
    )
    EXECUTE FUNCTION feed_follows_picture();
"""
NO_FUNCTIONS = """
DROP TRIGGER feed_of_picture ON app_generation;
DROP TRIGGER feed_of_new_picture ON app_generation;
DROP FUNCTION feed_follows_picture();
DROP FUNCTION feed_heat(timestamptz, integer);
DROP FUNCTION like_doublings(integer);
DROP FUNCTION feed_keys(bigint, text, text[]);
"""
# What is public already. A row that changes while it is copied waits for the copy of its
# thousand; FOR KEY SHARE would not see it change.
COPY = """
    INSERT INTO app_feedentry (key, generation_id, heat)
    SELECT key, picture.id, feed_heat(created_at, like_count)
    FROM (
        SELECT * FROM app_generation
        WHERE id > %(after)s AND visibility = 'public' AND status = 'completed'
        ORDER BY id LIMIT 1000 FOR NO KEY UPDATE
    ) picture, feed_keys(style_id, aspect_ratio, prompt_tags) key
    ON CONFLICT DO NOTHING
"""
LAST = """
    SELECT MAX(id) FROM (
        SELECT id FROM app_generation
        WHERE id > %(after)s AND visibility = 'public' AND status = 'completed'
        ORDER BY id LIMIT 1000
    ) page
"""


def copy(apps, schema_editor):
    after = 0
    with schema_editor.connection.cursor() as cursor:
        while True:
            cursor.execute(LAST, {"after": after})
            (last,) = cursor.fetchone()
            if last is None:
                break
            cursor.execute(COPY, {"after": after})
            after = last
        cursor.execute("ANALYZE app_feedentry")


def reason(help_text):
    return models.CharField(
        max_length=500, blank=True, default="", db_default="", help_text=help_text
    )


HIDDEN = models.CheckConstraint(
    name="generation_hidden_is_private", condition=Q(hidden_reason="") | Q(visibility="private")
)
WITHDRAWN = models.CheckConstraint(
    name="style_withdrawn_is_inactive", condition=Q(withdrawn_reason="") | Q(is_active=False)
)


def trigrams(name, column, **conditions):
    return GinIndex(OpClass(Upper(column), name="gin_trgm_ops"), name=name, **conditions)


INDEXES = [
    ("artist", trigrams("artist_name_trigram", "artist_name")),
    ("user", trigrams("artist_username_trigram", "username", condition=Q(role="artist"))),
]


class Migration(migrations.Migration):
    atomic = False

    dependencies = [("app", "0009_names_and_facts")]

    operations = [
        migrations.AddField(
            "generation",
            "hidden_reason",
            reason("Why our staff hid it. It cannot be published until they show it again."),
        ),
        migrations.AddField(
            "style",
            "withdrawn_reason",
            reason("Why our staff withdrew it. Its artist cannot offer it until they restore it."),
        ),
        AddConstraintNotValid("generation", HIDDEN),
        AddConstraintNotValid("style", WITHDRAWN),
        ValidateConstraint("generation", HIDDEN.name),
        ValidateConstraint("style", WITHDRAWN.name),
        migrations.AlterField(
            "notification",
            "type",
            models.CharField(max_length=20, choices=NotificationType.choices),
        ),
        migrations.CreateModel(
            name="FeedEntry",
            fields=[
                (
                    "pk",
                    models.CompositePrimaryKey(
                        "key",
                        "generation_id",
                        blank=True,
                        editable=False,
                        primary_key=True,
                        serialize=False,
                    ),
                ),
                ("key", models.CharField(max_length=60)),
                (
                    "generation",
                    models.ForeignKey(
                        db_index=False,
                        on_delete=django.db.models.deletion.CASCADE,
                        related_name="feed_entries",
                        to="app.generation",
                    ),
                ),
                ("heat", models.BigIntegerField()),
            ],
            options={
                "indexes": [
                    models.Index(name="feed_entry_popular", fields=["key", "-heat", "-generation"])
                ],
            },
        ),
        migrations.RunSQL(FUNCTIONS, NO_FUNCTIONS),
        migrations.RunPython(copy, migrations.RunPython.noop),
        *(AddIndexConcurrently(model, index) for model, index in INDEXES),
    ]
