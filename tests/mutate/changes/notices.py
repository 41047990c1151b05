"""Notifications: their groups, what they are about, who has read them, and sales."""

from tests.mutate.mutation import Mutation, in_file

GROUPS = "app/tests/community/test_grouped_notifications.py"
SUBJECTS = "app/tests/community/test_notification_subjects.py"
LOOKING = "app/tests/community/test_read_by_looking.py"
READY = "app/tests/community/test_ready_pictures.py"
CLAIMS = "app/tests/webhooks/test_claims.py"
SALES = "app/tests/money/test_sales.py"
PAGE = "web/tests/test_notifications_page.py"
SEEN = "web/tests/test_seen.py"
UNKNOWN = "web/tests/test_unknown_notifications.py"

MUTATIONS: tuple[Mutation, ...] = (
    *in_file(
        "app/models/notification.py",
        (
            "unknown-notifications-break-nothing",
            "except (LookupError, TypeError, ValueError):",
            "except TypeError:",
            UNKNOWN,
        ),
    ),
    *in_file(
        "app/models/writes.py",
        (
            "groups-are-counted",
            "        (SELECT COALESCE(SUM(other_count + 1), 0)",
            "        (SELECT COALESCE(SUM(1), 0)",
            GROUPS,
        ),
        ("likes-are-of-one-picture", '"AND target_id = %(target_id)s"', '""', GROUPS),
        (
            "ready-pictures-are-one-line",
            'others="(SELECT COALESCE(SUM(other_count + 1), 0) FROM folded)"',
            'others="0"',
            READY,
        ),
        ("ready-but-not-mailed", "IS NOT NULL AND mailed_at IS NULL", "IS NOT NULL", READY),
        (
            "seen-picture-leaves-its-group",
            "WHERE id IN (SELECT id FROM head)",
            "WHERE id IN (SELECT id FROM head WHERE false)",
            READY,
        ),
        (
            "group-goes-on-without-what-was-seen",
            "SET is_folded = false, is_read = false, mailed_at",
            "SET is_folded = true, is_read = true, mailed_at",
            READY,
        ),
        (
            "own-words-stay",
            "AND NOT is_folded AND actor_id IS NOT NULL AND {_UNLESS_HIDDEN}",
            "AND NOT is_folded AND {_UNLESS_HIDDEN}",
            GROUPS,
        ),
        (
            "the-next-speaks",
            "SET is_folded = false, is_read = gone",
            "SET is_folded = true, is_read = gone",
            GROUPS,
        ),
        (
            "who-leaves-is-not-counted",
            "other_count = head.other_count - 1",
            "other_count = head.other_count",
            GROUPS,
        ),
    ),
    *in_file(
        "app/models/notification.py",
        (
            "folded-is-not-listed",
            "filter(recipient=user, is_folded=False)",
            "filter(recipient=user)",
            PAGE,
        ),
        (
            "private-picture-is-not-shown",
            "_shown(pictures.filter(**one)",
            "_shown(Generation.objects.filter(**one)",
            SUBJECTS,
        ),
        ("smallest-preview", "return smallest(preview), words", "return preview, words", SUBJECTS),
    ),
    *in_file(
        "app/views/base.py",
        ("ahead-is-no-look", " and is_look(self.request._request)", "", LOOKING),
    ),
    *in_file(
        "web/context.py",
        (
            "ahead-is-no-look-on-the-site",
            "if is_look(request) and unread_count",
            "if unread_count",
            SEEN,
        ),
    ),
    *in_file(
        "app/models/token.py",
        ("own-orders-are-no-sales", '.exclude(generation__user=F("receiver"))', "", SALES),
        ("who-left-sells-nothing", "            receiver__closed_at=None,\n", "", SALES),
    ),
    *in_file(
        "app/services/sales_service.py",
        ("sales-are-told-once", "    if not is_mine:\n", "    if False:\n", SALES),
        ("a-day-has-settled", "(clock.now() - SETTLED)", "clock.now()", SALES),
        ("a-day-in-one-transaction", "@transaction.atomic\n", "", SALES),
    ),
    *in_file(
        "app/utils/clock.py",
        ("days-of-seoul", 'ZoneInfo("Asia/Seoul")', 'ZoneInfo("UTC")', SALES),
    ),
    *in_file(
        "app/management/commands/relay_outbox.py",
        ("the-relay-tells-of-sales", '    "sales": sales_service.tell_of_sales,\n', "", SALES),
    ),
    *in_file(
        "app/signals.py",
        (
            "deleted-is-quoted-no-more",
            "    notification_service.forget_comment(instance)\n",
            "    pass\n",
            "app/tests/community/test_deleted_comments.py",
        ),
    ),
    # What others' systems are told, and by e-mail.
    *in_file(
        "app/models/webhook.py",
        (
            "an-endpoint-has-its-room",
            "LIMIT GREATEST(0, -COALESCE(of_endpoint.number, 0) +",
            "LIMIT GREATEST(0,",
            CLAIMS,
        ),
        ("a-user-has-a-room", "FROM ranked WHERE place <= room", "FROM ranked", CLAIMS),
        ("what-is-due-is-sent", "AND due_at <= %(now)s", "AND %(now)s IS NOT NULL", CLAIMS),
        (
            "one-that-fails-gets-one",
            "THEN %(per_endpoint)s::int ELSE 1 END",
            "THEN %(per_endpoint)s::int ELSE 2 END",
            CLAIMS,
        ),
    ),
    *in_file(
        "web/mail.py",
        (
            "mailed-words-are-one-line",
            '" ".join(describe(one).split())',
            "describe(one)",
            "web/tests/test_mail.py::TestWhatIsSent",
        ),
    ),
    *in_file(
        "web/smtp.py",
        (
            "mail-connections-end",
            "        self._end.start()\n",
            "",
            "web/tests/test_slow_mail.py",
        ),
    ),
)
