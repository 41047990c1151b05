"""Likes, comments, follows, tags, what people are told, and what is kept for a while."""

from tests.mutate.mutation import Mutation, in_file

COMMUNITY = "app/tests/community/test_community.py"
NOTES = "app/tests/community/test_notifications.py"
TOLD = f"{NOTES}::TestWhatIsTold"
STYLES = "app/tests/styles/test_styles.py::TestList"
CACHES = "app/tests/http/test_caches.py"
REPORTS = "app/tests/orders/test_generation_reports.py"
TRAININGS = "app/tests/styles/test_training_reports.py::TestTheWay"

MUTATIONS: tuple[Mutation, ...] = (
    *in_file(
        "app/services/notification_service.py",
        (
            "nobody-is-told-of-own-acts",
            "if actor is None or actor.pk != recipient_id:",
            "if True:",
            TOLD,
        ),
        (
            "link-to-the-style",
            "parameters, TargetType.STYLE, style.pk",
            "parameters, TargetType.USER, style.pk",
            TRAININGS,
        ),
        (
            "all-are-mine",
            "filter(recipient=user, is_read=False)",
            "filter(is_read=False)",
            f"{NOTES}::TestReading",
        ),
        (
            "owner-is-told-once",
            "if parent is not None and parent.user_id != picture.user_id:",
            "if parent is not None:",
            TOLD,
        ),
    ),
    *in_file(
        "app/signals.py",
        (
            "like-is-told",
            "        notification_service.tell_of_like(instance)",
            "        pass",
            TOLD,
        ),
        (
            "comment-is-told",
            "        notification_service.tell_of_comment(instance)",
            "        pass",
            TOLD,
        ),
        (
            "follow-is-told",
            "        notification_service.tell_of_follow(instance)",
            "        pass",
            TOLD,
        ),
    ),
    *in_file(
        "app/models/notification.py",
        ("text-of-a-like", "likes your picture.", "liked your picture.", TOLD),
        ("text-of-a-comment", "commented on your picture:", "commented:", TOLD),
        ("text-of-a-reply", "replied to your comment:", "replied:", TOLD),
        ("text-of-a-follow", "follows you.", "follows.", TOLD),
        ("text-of-a-trained-style", "Your style model %(name)s", "Your style %(name)s", TRAININGS),
        ("text-of-a-failed-training", "Training failed for ", "Training ended for ", TRAININGS),
        (
            "text-of-a-picture",
            "style %(name)s is ready.",
            "style %(name)s is done.",
            f"{REPORTS}::TestCompletion",
        ),
        (
            "text-of-a-refund",
            "tokens were refunded.",
            "tokens are yours.",
            f"{REPORTS}::TestFailure",
        ),
        (
            "unread-only",
            "return self.filter(is_read=False)",
            "return self",
            f"{NOTES}::TestReading",
        ),
        (
            "notifications-newest-first",
            'select_related("actor").order_by("-created_at", "-pk")',
            'select_related("actor").order_by("created_at", "pk")',
            "web/tests/test_notifications_page.py::test_the_newest_is_first",
        ),
    ),
    *in_file(
        "app/services/community_service.py",
        ("like-is-toggled", "    row.delete()\n", "    pass\n", f"{COMMUNITY}::TestLikes"),
        (
            "likes-are-counted",
            "picture.like_count += change",
            "picture.like_count += 1",
            f"{COMMUNITY}::TestLikes",
        ),
        (
            "comments-are-counted",
            "picture.comment_count += 1\n",
            "pass\n",
            f"{COMMUNITY}::TestComments",
        ),
        (
            "answers-are-one-deep",
            "if parent.parent_id is not None:",
            "if False:",
            f"{COMMUNITY}::TestComments",
        ),
        (
            "answer-on-its-picture",
            "shown().filter(generation=picture).exclude(",
            "shown().exclude(",
            f"{COMMUNITY}::TestComments",
        ),
        (
            "nobody-follows-oneself",
            "if artist.pk == user.pk:",
            "if False:",
            f"{COMMUNITY}::TestFollowing",
        ),
        (
            "follows-are-counted",
            "artist.follower_count += change",
            "artist.follower_count += 1",
            f"{COMMUNITY}::TestFollowing",
        ),
    ),
    *in_file(
        "app/models/community.py",
        (
            "comments-oldest-first",
            'order_by("created_at", "pk")',
            'order_by("-created_at", "-pk")',
            f"{COMMUNITY}::TestComments",
        ),
    ),
    *in_file(
        "app/models/generation.py",
        (
            "feed-newest-first",
            '__in=followed)\n        return pictures.order_by("-created_at", "-pk")',
            '__in=followed)\n        return pictures.order_by("created_at", "pk")',
            f"{COMMUNITY}::TestFeed",
        ),
        (
            "feed-of-the-followed",
            "            pictures = pictures.filter(style__artist_id__in=followed)\n",
            "",
            f"{COMMUNITY}::TestFeed",
        ),
    ),
    *in_file(
        "app/models/style.py",
        (
            "all-tags-not-any",
            "            styles = styles.filter(\n                models.Exists(",
            "            styles = self.filter(\n                models.Exists(",
            STYLES,
        ),
        (
            "popular-first",
            'order = ("-usage_count", *newest) if sort == "popular"',
            'order = newest if sort == "popular"',
            STYLES,
        ),
        (
            "styles-newest-first",
            'newest = ("-created_at", "-pk")\n        order',
            'newest = ("created_at", "pk")\n        order',
            STYLES,
        ),
        ("styles-of-an-artist", "styles = styles.filter(artist_id=artist_id)", "pass", STYLES),
        (
            "styles-by-status",
            "styles = styles.filter(training_status=training_status)",
            "pass",
            STYLES,
        ),
    ),
    *in_file(
        "app/models/tagging.py",
        (
            "tags-by-use",
            '.used().order_by("-usage_count"',
            '.used().order_by("usage_count"',
            "app/tests/styles/test_tags.py::TestTags",
        ),
        (
            "tags-that-are-used",
            "self.active().filter(usage_count__gt=0)",
            "self.active()",
            "app/tests/styles/test_tags.py::TestTags",
        ),
        (
            "tags-that-are-active",
            "return self.filter(is_active=True)\n",
            "return self.all()\n",
            "app/tests/styles/test_tags.py::TestTags",
        ),
    ),
    *in_file(
        "app/utils/caches.py",
        (
            "popular-for-five-minutes",
            "POPULAR_STYLES_SECONDS = 300",
            "POPULAR_STYLES_SECONDS = 2",
            CACHES,
        ),
        (
            "popular-no-longer",
            "POPULAR_STYLES_SECONDS = 300",
            "POPULAR_STYLES_SECONDS = 3000",
            CACHES,
        ),
        ("tags-for-ten-minutes", "TAGS_SECONDS = 600", "TAGS_SECONDS = 2", CACHES),
        ("tags-no-longer", "TAGS_SECONDS = 600", "TAGS_SECONDS = 6000", CACHES),
        ("earned-for-a-minute", "EARNED_SECONDS = 60", "EARNED_SECONDS = 2", CACHES),
        ("earned-no-longer", "EARNED_SECONDS = 60", "EARNED_SECONDS = 600", CACHES),
        ("what-is-forgotten-is-gone", "if kept_version == version:", "if True:", CACHES),
        (
            "forgotten-after-the-commit",
            "transaction.on_commit(lambda: _change_version(area))",
            "_change_version(area)",
            CACHES,
        ),
    ),
    *in_file(
        "app/services/style_service.py",
        (
            "new-price-is-seen",
            "counted_in(style))\n    caches.forget(caches.POPULAR_STYLES)\n",
            "counted_in(style))\n",
            CACHES,
        ),
    ),
    *in_file(
        "app/services/tag_service.py",
        ("new-counts-are-seen", "    caches.forget(caches.TAGS)\n", "", CACHES),
        (
            "counts-move",
            'update(usage_count=F("usage_count") + change)',
            'update(usage_count=F("usage_count"))',
            "app/tests/styles/test_styles.py::TestChange",
        ),
    ),
)
