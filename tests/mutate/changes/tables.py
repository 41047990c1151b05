"""Constraints of the database, each weakened in the migration that makes it."""

from tests.mutate.mutation import Mutation, in_file

ROWS = "app/tests/test_constraints.py::test_a_row_that_breaks_it_is_refused"
INITIAL = "app/migrations/0001_initial.py"


def never_unique(constraint: str, fields: str) -> tuple[str, str, str, str]:
    """A unique constraint that no row can break, since it counts the row's own id."""
    old = f"fields=({fields}), name='{constraint}'"
    new = f"fields=({fields.rstrip(',')}, 'id'), name='{constraint}'"
    return (f"unique-{constraint}".replace("_", "-"), old, new, ROWS)


MUTATIONS: tuple[Mutation, ...] = (
    *in_file(
        INITIAL,
        never_unique("like_unique", "'user', 'generation'"),
        never_unique("follow_unique", "'follower', 'following'"),
        never_unique("idempotency_key_unique", "'user', 'key'"),
        never_unique("transaction_charge_once", "'generation',"),
        never_unique("transaction_welcome_bonus_once", "'receiver',"),
        never_unique("user_provider_identity_unique", "'provider', 'provider_user_id'"),
        never_unique("outbox_attempt_once", "'task_id', 'attempt'"),
        never_unique("purchase_reference_unique", "'gateway', 'gateway_reference'"),
        never_unique("notification_like_once", "'recipient', 'actor', 'target_type', 'target_id'"),
        never_unique("notification_outcome_once", "'recipient', 'target_id'"),
        never_unique("artwork_image_unique", "'style', 'sha256'"),
        never_unique("style_tag_unique", "'style', 'tag'"),
        (
            "style-name-in-any-case",
            "django.db.models.functions.text.Lower('name'), condition",
            "models.F('name'), condition",
            ROWS,
        ),
        (
            "style-name-once",
            "models.F('artist'), django.db.models.functions.text.Lower('name'), condition",
            "models.F('artist'), models.F('id'), condition",
            ROWS,
        ),
        (
            "balance-not-negative",
            "('token_balance__gte', 0)",
            "('token_balance__gte', -1000)",
            ROWS,
        ),
        ("entry-amount", "('amount__gt', 0)", "('amount__gte', 0)", ROWS),
        ("price-low-in-the-database", "('price__gte', 1)", "('price__gte', 0)", ROWS),
        ("price-high-in-the-database", "('price__lte', 10000)", "('price__lte', 20000)", ROWS),
        ("purchase-low-in-the-database", "('amount__gte', 100)", "('amount__gte', 1)", ROWS),
        (
            "purchase-high-in-the-database",
            "('amount__lte', 1000000)",
            "('amount__lte', 2000000)",
            ROWS,
        ),
        ("seed-low-in-the-database", "('seed__gte', 0)", "('seed__gte', -1)", ROWS),
        (
            "seed-high-in-the-database",
            "('seed__lte', 4294967295)",
            "('seed__lte', 4294967296)",
            ROWS,
        ),
        (
            "nobody-follows-themselves",
            "models.Q(('follower', models.F('following')), _negated=True)",
            "models.Q(('follower__isnull', False))",
            ROWS,
        ),
    ),
    *in_file(
        "app/migrations/0025_reversals.py",
        (
            "unique-transaction-settle-once",
            "(generation_id)\n        WHERE type = 'earn' OR",
            "(generation_id, id)\n        WHERE type = 'earn' OR",
            ROWS,
        ),
        (
            "settled-in-one-way",
            "WHERE type = 'earn' OR type = 'refund' AND",
            "WHERE type = 'refund' AND",
            ROWS,
        ),
        (
            "unique-transaction-reverse-once",
            "ON app_transaction (generation_id, type) WHERE",
            "ON app_transaction (generation_id, type, id) WHERE",
            ROWS,
        ),
    ),
    *in_file(
        "app/migrations/0104_given_back_reversals.py",
        (
            "entry-parties",
            "AND sender_id IS NOT NULL AND receiver_id IS NULL",
            "AND receiver_id IS NULL",
            ROWS,
        ),
        (
            "reversal-of-a-picture",
            "                    AND generation_id IS NOT NULL\n",
            "",
            ROWS,
        ),
    ),
    *in_file(
        "app/migrations/0002_triggers.py",
        (
            "entries-are-not-changed",
            "BEFORE UPDATE OR DELETE ON",
            "BEFORE DELETE ON",
            "app/tests/money/test_token_service.py::TestRefusals",
        ),
        (
            "entries-are-not-deleted",
            "BEFORE UPDATE OR DELETE ON",
            "BEFORE UPDATE ON",
            "app/tests/money/test_token_service.py::TestRefusals",
        ),
        (
            "outbox-wakes-the-relay",
            "PERFORM pg_notify('outbox', NEW.queue);",
            "PERFORM 1;",
            "app/tests/orders/test_outbox_wakes.py",
        ),
    ),
)
