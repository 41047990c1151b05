"""What user names look like, as artists' names: without signs and accents. Names that exist stay; new
ones are compared with all of them.

The version before this one goes on meanwhile. What it keeps is compared with as well. What breaks
off may be run again.
"""

from django.db import IntegrityError, OperationalError, migrations, transaction

from app.utils.names import public_skeletons

# So few that who spends tokens hardly waits for the locks.
BATCH = 500
TRIES = 10


def take_looks(apps, schema_editor):
    users = apps.get_model("app", "User")._default_manager.order_by("pk")
    last = 0
    while batch := list(users.filter(pk__gt=last).values_list("pk", flat=True)[:BATCH]):
        for left in reversed(range(TRIES)):
            try:
                with transaction.atomic():
                    take_batch(users.filter(pk__in=batch), users)
                break
            except (IntegrityError, OperationalError):
                # Somebody took such a name at this moment. It is seen the next time.
                if not left:
                    raise
        last = batch[-1]


def take_batch(rows, users):
    looks = {}
    for row in rows.select_for_update(no_key=True).only("username", "username_skeleton"):
        look = public_skeletons(row.username)[0]
        if (row.username_skeleton or "").split("\n")[0] != look:
            looks[row] = look
    same = users.filter(username_skeleton__in=set(looks.values()))
    held = set(same.values_list("username_skeleton", flat=True))
    for row, look in looks.items():
        # No name has a line break in it, so these are no obstacle to each other.
        row.username_skeleton = f"{look}\n{row.pk}" if look in held else look
        held.add(look)
    users.bulk_update(looks, ["username_skeleton"])


class Migration(migrations.Migration):
    atomic = False

    dependencies = [("app", "0104_given_back_reversals")]

    operations = [migrations.RunPython(take_looks, migrations.RunPython.noop)]
