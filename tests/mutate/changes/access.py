"""Who may do what, and who may see what."""

from tests.mutate.mutation import Mutation, in_file

TABLE = "app/tests/accounts/test_access.py::test_the_table_of_who_may_do_what"
CSRF = "app/tests/accounts/test_access.py::test_a_session_without_a_csrf_token_changes_nothing"
CLASSES = "app/tests/accounts/test_permissions.py"
STYLES = "app/tests/styles/test_styles.py"
PRIVATE = "app/tests/orders/test_generate.py::TestStatus::test_others_do_not_see_a_private_picture"
LINKS = "app/tests/http/test_links.py"

MUTATIONS: tuple[Mutation, ...] = (
    *in_file(
        "app/permissions.py",
        ("is-artist", "if not user_of(request).is_artist:", "if False:", TABLE),
        (
            "is-owner-raises",
            "        return is_owner(request.user, obj)\n\n\nclass IsOwnerOrStaff",
            "        raise RuntimeError\n\n\nclass IsOwnerOrStaff",
            TABLE,
        ),
        (
            "is-owner",
            "        return is_owner(request.user, obj)\n\n\nclass IsOwnerOrStaff",
            "        return True\n\n\nclass IsOwnerOrStaff",
            CLASSES,
        ),
        (
            "is-owner-or-staff",
            "return is_owner_or_staff(request.user, obj)",
            "return True",
            TABLE,
        ),
        (
            "is-owner-or-read-only",
            "request.method in permissions.SAFE_METHODS or is_owner(request.user, obj)",
            "True",
            TABLE,
        ),
        (
            "everybody-may-look",
            "request.method in permissions.SAFE_METHODS or is_owner(request.user, obj)",
            "is_owner(request.user, obj)",
            CLASSES,
        ),
    ),
    *in_file(
        "app/models/ownership.py",
        ("owner-is-the-one", "owner_id(thing) == user.pk", "owner_id(thing) is not None", TABLE),
        (
            "staff-keeps-order",
            'is_owner(user, thing) or (user.is_staff and user.has_perm("app.moderate"))',
            "is_owner(user, thing)",
            TABLE,
        ),
    ),
    *in_file(
        "app/http/authentication.py",
        ("csrf-enforced", "        self.enforce_csrf(request)\n", "", CSRF),
        (
            "internal-token",
            'return scheme.lower() == "bearer" and any(matches)',
            'return scheme.lower() == "bearer"',
            "app/tests/accounts/test_access.py::test_no_other_header_opens_a_webhook",
        ),
        (
            "internal-token-scheme",
            'return scheme.lower() == "bearer" and any(matches)',
            "return any(matches)",
            "app/tests/accounts/test_access.py::test_no_other_header_opens_a_webhook",
        ),
        (
            "internal-tokens-rotate",
            "for valid in settings.INTERNAL_API_TOKENS\n",
            "for valid in settings.INTERNAL_API_TOKENS[:1]\n",
            "app/tests/accounts/test_access.py::test_several_internal_tokens_hold_while_they_are_rotated",
        ),
        (
            "key-scope",
            "if _scope_for(request) not in key.scopes:",
            "if False:",
            "app/tests/accounts/test_api_keys.py",
        ),
    ),
    *in_file(
        "app/services/generation_service.py",
        (
            "picture-is-its-owners",
            "    if is_there and may_change(user, generation):\n",
            "    if True:\n",
            TABLE,
        ),
    ),
    *in_file(
        "app/services/training_service.py",
        ("style-is-its-artists", "    if may_change(user, style):", "    if True:", TABLE),
    ),
    *in_file(
        "app/services/community_service.py",
        ("comment-is-its-authors", "if not may_change(user, comment):", "if False:", TABLE),
    ),
    *in_file(
        "app/services/notification_service.py",
        (
            "notification-is-its-readers",
            "notification is None or not may_change(user, notification)",
            "notification is None",
            TABLE,
        ),
    ),
    *in_file(
        "app/models/generation.py",
        (
            "private-picture-is-hidden",
            "if viewer.is_authenticated:\n            return self.filter(public | Q(user_id=",
            "if viewer.is_authenticated:\n            return self.exclude(Q(cost=",
            PRIVATE,
        ),
        (
            "own-picture-is-seen",
            "self.filter(public | Q(user_id=viewer.pk, deleted_at=None))",
            "self.filter(public)",
            TABLE,
        ),
        (
            "feed-is-public",
            "return self.filter(visibility=Visibility.PUBLIC, status=GenerationStatus.COMPLETED)",
            "return self.filter(status=GenerationStatus.COMPLETED)",
            "app/tests/community/test_community.py::TestFeed",
        ),
        (
            "pictures-begin-private",
            "choices=Visibility.choices, default=Visibility.PRIVATE",
            "choices=Visibility.choices, default=Visibility.PUBLIC",
            PRIVATE,
            "app/tests/orders/test_generate.py",
        ),
        (
            "queue-position",
            "(ahead.turn, ahead.id) <= (mine.turn, mine.id)",
            "true",
            "app/tests/orders/test_generate.py::TestStatus",
        ),
    ),
    *in_file(
        "app/models/style.py",
        (
            "unready-style-is-hidden",
            "        offered = Q(is_active=True, training_status=TrainingStatus.COMPLETED)\n",
            "        offered = Q(is_active=True)\n",
            f"{STYLES}::TestList",
        ),
        (
            "deleted-style-is-hidden",
            "        offered = Q(is_active=True, training_status=TrainingStatus.COMPLETED)\n",
            "        offered = Q(training_status=TrainingStatus.COMPLETED)\n",
            f"{STYLES}::TestDelete",
        ),
        (
            "own-style-is-seen",
            "return self.filter(offered | Q(artist_id=viewer.pk))",
            "return self.filter(offered)",
            f"{STYLES}::TestList",
        ),
        (
            "ready-means-trained",
            "return self.is_active and self.training_status == TrainingStatus.COMPLETED",
            "return self.is_active",
            "app/tests/orders/test_generate.py::TestOrdering",
        ),
    ),
    *in_file(
        "app/services/style_service.py",
        (
            "delete-is-soft",
            'style.save(update_fields=[*WITHDRAWN_FIELDS, "updated_at"])',
            "style.delete()",
            f"{STYLES}::TestDelete::test_the_artist_deletes_softly",
        ),
    ),
    *in_file(
        "app/utils/links.py",
        (
            "link-is-signed",
            "return is_ours and time.time() < int(expires)",
            "return time.time() < int(expires)",
            f"{LINKS}::TestLinks",
        ),
        (
            "link-dies",
            "return is_ours and time.time() < int(expires)",
            "return is_ours",
            f"{LINKS}::TestLinks",
        ),
        (
            "link-lives-an-hour",
            "expires, site_url, secret = signed_at + seconds,",
            "expires, site_url, secret = signed_at + 3 * seconds // 2,",
            f"{LINKS}::TestLinks",
        ),
        ("link-is-for-its-file", 'f"{expires}:{key}"', 'f"{expires}"', f"{LINKS}::TestLinks"),
    ),
    *in_file(
        "app/views/media.py",
        (
            "media-is-private",
            "    if not links.is_link_valid(",
            "    if False and not links.is_link_valid(",
            f"{LINKS}::TestLinks",
        ),
    ),
    *in_file(
        "app/utils/s3_storage.py",
        (
            "bucket-is-private",
            "querystring_auth=True",
            "querystring_auth=False",
            "app/tests/styles/test_storage.py",
        ),
        (
            "s3-links-of-all-processes",
            'if request.method == "GET":',
            'if request.method == "never":',
            "app/tests/styles/test_storage.py",
        ),
        (
            "s3-files-are-kept-by-browsers",
            'object_parameters={"CacheControl": CACHE_CONTROL}',
            "object_parameters={}",
            "app/tests/styles/test_storage.py",
        ),
    ),
)
