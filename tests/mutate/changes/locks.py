"""Locks: rows that use cases hold while they change them, and the order they are taken in."""

from tests.mutate.mutation import Mutation, in_file

LOCKS = "app/tests/orders/test_locks.py"

MUTATIONS: tuple[Mutation, ...] = (
    *in_file(
        "app/services/token_service.py",
        (
            "who-consumes-is-locked",
            "user = locked or lock_users(user_id)[user_id]",
            "user = locked or User.objects.get(pk=user_id)",
            LOCKS,
        ),
        (
            "who-is-welcomed-is-locked",
            "user = lock_users(user_id)[user_id]\n            had",
            "user = User.objects.get(pk=user_id)\n            had",
            LOCKS,
        ),
    ),
    *in_file(
        "app/models/user.py",
        (
            "balance-lock",
            'locked = self.select_for_update(no_key=True, of=("self",))\n        return locked.f',
            "locked = self\n        return locked.f",
            LOCKS,
        ),
        (
            "balances-in-id-order",
            'filter(pk__in=user_ids).order_by("pk")',
            "filter(pk__in=user_ids).order_by()",
            LOCKS,
        ),
    ),
    *in_file(
        "app/models/generation.py",
        (
            "picture-lock",
            "self.select_for_update(no_key=True, of=tables).select_related",
            "self.select_related",
            LOCKS,
        ),
        (
            "artists-balance-lock",
            '("self", "style__artist__user") if with_balance else ("self",)',
            '("self",)',
            LOCKS,
        ),
        (
            "pictures-in-id-order",
            'self.select_for_update(no_key=True, of=("self",)).order_by("pk")',
            'self.select_for_update(no_key=True, of=("self",)).order_by("-pk")',
            LOCKS,
        ),
    ),
    *in_file(
        "app/services/tag_service.py",
        (
            "tags-in-id-order",
            '.filter(pk__in=changed)\n        .order_by("pk")',
            '.filter(pk__in=changed)\n        .order_by("-pk")',
            LOCKS,
        ),
    ),
    *in_file(
        "app/services/training_service.py",
        (
            "style-lock",
            "Style.objects.select_for_update(no_key=True).filter(pk=style_id)",
            "Style.objects.filter(pk=style_id)",
            LOCKS,
        ),
    ),
    *in_file(
        "app/services/style_service.py",
        (
            "withdrawn-styles-lock",
            "styles = list(Style.objects.select_for_update().filter(",
            "styles = list(Style.objects.filter(",
            LOCKS,
        ),
        (
            "withdrawn-styles-in-id-order",
            'artist_id=artist_id).order_by("pk"))',
            "artist_id=artist_id))",
            LOCKS,
        ),
    ),
    *in_file(
        "app/services/community_service.py",
        (
            "liked-picture-lock",
            '(user.pk))\n        .select_for_update(no_key=True, of=("self",))\n',
            "(user.pk))\n",
            LOCKS,
        ),
        (
            "commented-picture-lock",
            "Generation.objects.select_for_update(no_key=True).get(",
            "Generation.objects.get(",
            LOCKS,
        ),
        (
            "followed-artist-lock",
            'Artist.objects.select_for_update(no_key=True, of=("self",))\n',
            "Artist.objects\n",
            LOCKS,
        ),
        (
            "forgotten-artists-lock",
            "Artist.objects.select_for_update(no_key=True)\n",
            "Artist.objects\n",
            LOCKS,
        ),
    ),
    *in_file(
        "app/services/safety/suspension.py",
        (
            "published-while-suspended",
            "        if not concerned().exclude(pk__in=locked).exists():\n",
            "        if locked is not None:\n",
            "app/tests/safety/test_suspension_races.py",
        ),
    ),
)
