"""Deleted pictures and collections: out of sight, put back within a week, one's own alone."""

from tests.mutate.mutation import Mutation, in_file

DELETED = "app/tests/community/test_deleted_pictures.py"
DOORS = f"{DELETED}::test_it_is_gone_by_every_door_and_what_was_sold_stays"
SITE = "web/tests/test_deleting.py"
SITE_COLLECTIONS = "web/tests/test_collection_pages.py"
COLLECTIONS = "app/tests/orders/test_collections.py"

MUTATIONS: tuple[Mutation, ...] = (
    *in_file(
        "app/models/generation.py",
        (
            "deleted-is-not-seen-by-its-buyer",
            "Q(user_id=viewer_id, deleted_at=None)",
            "Q(user_id=viewer_id)",
            DOORS,
        ),
        (
            "deleted-is-in-no-list",
            "return self.filter(user_id=user_id, deleted_at=None)",
            "return self.filter(user_id=user_id)",
            DOORS,
        ),
    ),
    *in_file(
        "app/models/reads/session.py",
        (
            "deleted-has-no-status",
            ", user__generations__deleted_at__isnull=True",
            "",
            DOORS,
        ),
    ),
    *in_file(
        "app/services/deletion_service.py",
        (
            "deleted-is-private",
            "visibility=Visibility.PRIVATE, deleted_at=clock.now()",
            "deleted_at=clock.now()",
            DELETED,
        ),
        (
            "under-way-is-not-deleted",
            "if picture.is_under_way:",
            "if False:",
            f"{DELETED}::TestRefusals",
        ),
        (
            "put-back-within-a-week",
            "if picture.deleted_at <= _since():",
            "if False:",
            f"{DELETED}::TestPuttingBack",
        ),
        (
            "files-stay-for-a-week",
            "deleted_at__lte=_since() - MARGIN",
            "deleted_at__lte=clock.now()",
            f"{DELETED}::TestPuttingBack",
        ),
    ),
    *in_file(
        "app/services/collection_service.py",
        (
            "collected-are-ones-own",
            "    _require_own(user, image_ids)\n    collected =",
            "    collected =",
            COLLECTIONS,
        ),
        (
            "a-collection-is-not-endless",
            "collected.count() + len(new) > MAX_PICTURES",
            "False",
            COLLECTIONS,
        ),
    ),
    *in_file(
        "web/views/deleting.py",
        (
            "site-asks-before-it-deletes",
            'if "sure" not in request.POST:',
            "if False:",
            SITE,
        ),
        (
            "site-asks-of-ones-own-alone",
            "Generation.objects.kept_by(user.pk).ended()",
            "Generation.objects.all()",
            SITE,
        ),
    ),
    *in_file(
        "web/forms/mine.py",
        (
            "narrowed-by-ones-own-collections-alone",
            "list(Collection.objects.of(user))",
            "list(Collection.objects.all())",
            SITE_COLLECTIONS,
        ),
    ),
)
