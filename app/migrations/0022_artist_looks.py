"""What artists' names look like, without signs, spaces and accents. Names that exist stay; of those
that look alike, the oldest is what new ones are compared with.

The version before this one goes on meanwhile. What it keeps is compared with as well.
"""

from django.db import migrations
from django.db.models import TextField, Value
from django.db.models.functions import Cast, Concat

from app.utils.names import public_skeletons

BATCH = 1000


def take_looks(apps, schema_editor):
    artists = apps.get_model("app", "Artist").objects
    rows = artists.filter(user__closed_at=None).order_by("pk")
    looks, seen = {}, set()
    for pk, name, kept in rows.values_list("pk", "artist_name", "name_skeleton").iterator():
        now = public_skeletons(name)[0]
        # No name has a line break in it, so these are compared with nothing.
        now = f"{now}\n{pk}" if now in seen else now
        seen.add(now)
        if kept != now:
            looks[pk] = now
    changed = sorted(looks)
    for start in range(0, len(changed), BATCH):
        # Out of the way of each other first: what one looks like now is what another looked like.
        aside = artists.filter(pk__in=changed[start : start + BATCH])
        aside.update(name_skeleton=Concat(Value("\n"), Cast("pk", TextField())))
    for start in range(0, len(changed), BATCH):
        batch = list(artists.filter(pk__in=changed[start : start + BATCH]))
        for artist in batch:
            artist.name_skeleton = looks[artist.pk]
        artists.bulk_update(batch, ["name_skeleton"])


class Migration(migrations.Migration):
    dependencies = [("app", "0020_was_offered")]

    operations = [migrations.RunPython(take_looks, migrations.RunPython.noop)]
