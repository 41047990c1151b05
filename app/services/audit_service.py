"""The rules of money, checked over the whole database with plain SQL.

This is independent of the code that writes the ledger. The books for all are computed again.
"""

from __future__ import annotations

from dataclasses import dataclass

from django.db import DEFAULT_DB_ALIAS, connections

from app.models import LicenceDay
from app.services import fees
from app.services.audit_of_money import RULES_OF_MONEY
from app.services.licences import recheck


@dataclass(frozen=True)
class Finding:
    """A row that breaks a rule, such as ``user 7``, and the problem."""

    row: str
    problem: str


# Each query returns (row, problem) for every row that breaks a rule.
RULES = {
    "balance is what was received less what was sent": """
        WITH moved AS (
            SELECT receiver_id AS user_id, amount FROM app_transaction WHERE receiver_id IS NOT NULL
            UNION ALL
            SELECT sender_id, -amount FROM app_transaction WHERE sender_id IS NOT NULL
        ), sums AS (SELECT user_id, SUM(amount) AS total FROM moved GROUP BY user_id)
        SELECT 'user ' || u.id,
               'balance is ' || u.token_balance || ', the ledger says ' || COALESCE(s.total, 0)
        FROM app_user u LEFT JOIN sums s ON s.user_id = u.id
        WHERE u.token_balance <> COALESCE(s.total, 0) ORDER BY u.id""",
    "no balance is negative": """
        SELECT 'user ' || id, 'balance is ' || token_balance FROM app_user
        WHERE token_balance < 0 ORDER BY id""",
    "users and platform sum to zero": """
        WITH platform AS (
            SELECT COALESCE(SUM(CASE WHEN receiver_id IS NULL THEN amount ELSE 0 END), 0)
                 - COALESCE(SUM(CASE WHEN sender_id IS NULL THEN amount ELSE 0 END), 0) AS total
            FROM app_transaction
        ), users AS (SELECT COALESCE(SUM(token_balance), 0) AS total FROM app_user)
        SELECT 'all accounts', 'users hold ' || users.total || ', the platform ' || platform.total
        FROM platform, users WHERE users.total + platform.total <> 0""",
    "every picture was charged once, by its buyer, what it costs": """
        SELECT 'generation ' || g.id,
               'cost is ' || g.cost || ', charged '
                   || COALESCE(STRING_AGG(t.amount::text, ' + '), 'nothing')
        FROM app_generation g
        LEFT JOIN app_transaction t ON t.generation_id = g.id AND t.type = 'consume'
        WHERE g.order_id IS NULL
        GROUP BY g.id
        HAVING COUNT(t.id) <> 1 OR MIN(t.amount) <> g.cost OR MIN(t.sender_id) <> g.user_id
        ORDER BY g.id""",
    "an order was charged once, by its buyer, what its pictures cost": """
        WITH items AS (
            SELECT order_id, COUNT(*) AS count, SUM(cost) AS cost, MIN(user_id) AS first,
                   MAX(user_id) AS last
            FROM app_generation WHERE order_id IS NOT NULL GROUP BY order_id
        ), charges AS (
            SELECT order_id, COUNT(*) AS count, SUM(amount) AS amount, MIN(sender_id) AS sender
            FROM app_transaction WHERE order_id IS NOT NULL GROUP BY order_id
        )
        SELECT 'order ' || o.id,
               'cost is ' || o.cost || ', its ' || COALESCE(i.count, 0) || ' of ' || o.item_count
                   || ' pictures cost ' || COALESCE(i.cost, 0) || ', charged '
                   || COALESCE(c.amount, 0) || ' in ' || COALESCE(c.count, 0) || ' entries'
        FROM app_order o
        LEFT JOIN items i ON i.order_id = o.id
        LEFT JOIN charges c ON c.order_id = o.id
        WHERE (i.count, i.cost, i.first, i.last, c.count, c.amount, c.sender) IS DISTINCT FROM
            (o.item_count, o.cost, o.user_id, o.user_id, 1, o.cost, o.user_id)
        ORDER BY o.id""",
    "a picture of an order was charged with it alone": """
        SELECT 'generation ' || g.id, 'is of order ' || g.order_id || ' and was charged by itself'
        FROM app_transaction t JOIN app_generation g ON g.id = t.generation_id
        WHERE t.type = 'consume' AND g.order_id IS NOT NULL ORDER BY g.id""",
    "an order that has ended has no picture under way": """
        SELECT 'order ' || o.id, 'has ended, and picture ' || g.id || ' is ' || g.status
        FROM app_order o JOIN app_generation g ON g.order_id = o.id
        WHERE o.ended_at IS NOT NULL AND g.status IN ('queued', 'processing') ORDER BY g.id""",
    "a failed or canceled picture was refunded in full, once, to its buyer": """
        SELECT 'generation ' || g.id,
               'is ' || g.status || ', cost ' || g.cost
                   || ', refunded ' || COALESCE(SUM(t.amount), 0)
        FROM app_generation g
        LEFT JOIN app_transaction t ON t.generation_id = g.id AND t.type = 'refund'
        WHERE g.status IN ('failed', 'canceled')
        GROUP BY g.id
        HAVING COUNT(t.id) <> 1 OR MIN(t.amount) <> g.cost OR MIN(t.receiver_id) <> g.user_id
        ORDER BY g.id""",
    "only a failed or canceled picture was refunded, or a completed one that was reversed": """
        SELECT 'generation ' || g.id, 'is ' || g.status || ' and was refunded'
        FROM app_generation g
        JOIN app_transaction t ON t.generation_id = g.id AND t.type = 'refund'
        WHERE (t.memo = 'generation_reversed') <> (g.status = 'completed')
            OR g.status IN ('queued', 'processing')
        ORDER BY g.id""",
    "a reversed picture was refunded once, in full, and took or gave back the payout at most": """
        SELECT 'generation ' || g.id,
               'cost ' || g.cost || ', paid out ' || COALESCE(MAX(p.amount), 0) || '; reversed: '
                   || STRING_AGG(t.type || ' ' || t.amount, ', ' ORDER BY t.id)
        FROM app_generation g
        JOIN app_style s ON s.id = g.style_id
        JOIN app_transaction t ON t.generation_id = g.id
            AND (t.memo = 'generation_reversed' OR t.type IN ('reversal', 'rev_ret'))
        LEFT JOIN app_transaction p ON p.generation_id = g.id AND p.type = 'earn'
        GROUP BY g.id, s.artist_id
        HAVING COUNT(*) FILTER (WHERE t.type = 'refund' AND t.amount = g.cost
                AND t.receiver_id = g.user_id) <> 1
            OR COUNT(*) FILTER (WHERE t.type = 'reversal' AND t.amount <= p.amount
                AND t.sender_id = s.artist_id)
                + COUNT(*) FILTER (WHERE t.type = 'rev_ret' AND t.receiver_id = s.artist_id)
                <> COUNT(*) - 1
            OR COUNT(*) <> COUNT(DISTINCT t.type)
            OR COALESCE(SUM(t.amount) FILTER (WHERE t.type = 'rev_ret'), 0)
                > COALESCE(SUM(t.amount) FILTER (WHERE t.type = 'reversal'), 0)
        ORDER BY g.id""",
    "a completed picture paid its artist at most once, not more than it cost": """
        SELECT 'generation ' || g.id,
               'cost ' || g.cost || ', paid out ' || SUM(t.amount)
                   || ' in ' || COUNT(t.id) || ' entries'
        FROM app_generation g
        JOIN app_style s ON s.id = g.style_id
        JOIN app_transaction t ON t.generation_id = g.id AND t.type = 'earn'
        GROUP BY g.id, s.artist_id
        HAVING COUNT(t.id) > 1 OR SUM(t.amount) > g.cost OR MIN(t.receiver_id) <> s.artist_id
            OR g.status <> 'completed'
        ORDER BY g.id""",
    "a completed picture paid its artist": """
        SELECT 'generation ' || g.id, 'is completed and its artist got nothing'
        FROM app_generation g
        WHERE g.status = 'completed' AND %(artist_is_paid)s AND NOT EXISTS (
            SELECT 1 FROM app_transaction t WHERE t.generation_id = g.id AND t.type = 'earn')
        ORDER BY g.id""",
    "a completed picture has its licence, under the number of its order": """
        SELECT 'generation ' || g.id,
               'is completed under ' || COALESCE(g.licence_number, 'no number')
                   || ', and its licence is ' || COALESCE(l.number, 'missing: run issue_licences')
        FROM app_generation g LEFT JOIN app_licence l ON l.generation_id = g.id
        WHERE g.status = 'completed' AND g.licence_number IS DISTINCT FROM l.number
        ORDER BY g.id""",
    "only a completed picture has a licence": """
        SELECT 'licence ' || l.number, 'is of a picture that is ' || g.status
        FROM app_licence l JOIN app_generation g ON g.id = l.generation_id
        WHERE g.status <> 'completed' ORDER BY l.generation_id""",
    "a licence is active unless its sale was reversed or it was revoked": """
        SELECT 'licence ' || l.number,
               'is ' || l.state || CASE WHEN t.id IS NULL THEN ', and nothing was reversed'
                   ELSE ', and its sale was reversed' END
        FROM app_licence l
        LEFT JOIN app_transaction t ON t.generation_id = l.generation_id
            AND t.type = 'refund' AND t.memo = 'generation_reversed'
        WHERE t.id IS NULL AND l.state = 'refunded' OR t.id IS NOT NULL AND l.state = 'active'
        ORDER BY l.generation_id""",
    "a picture whose licence has ended is not public": """
        SELECT 'licence ' || l.number, 'is ' || l.state || ', and its picture is public'
        FROM app_licence l JOIN app_generation g ON g.id = l.generation_id
        WHERE l.state <> 'active' AND g.visibility = 'public' ORDER BY l.generation_id""",
    "a published day has all the licences that were booked on it, and no others": """
        SELECT 'day ' || d.day,
               'has ' || d.count || ' licences in the books, and ' || COUNT(l.generation_id)
                   || ' were booked'
        FROM app_licenceday d
        LEFT JOIN app_licence l ON (l.booked_at AT TIME ZONE 'UTC')::date = d.day
        GROUP BY d.day HAVING COUNT(l.generation_id) <> d.count ORDER BY d.day""",
    "every paid purchase gave its tokens, once, and no other": """
        SELECT 'purchase ' || p.id,
               'is ' || p.status || ', bought ' || p.amount || ', given '
                   || COALESCE(SUM(t.amount), 0)
        FROM app_purchase p LEFT JOIN app_transaction t ON t.purchase_id = p.id
        GROUP BY p.id
        HAVING CASE WHEN p.status IN ('pending', 'expired', 'failed') THEN COUNT(t.id) <> 0
            ELSE COUNT(t.id) <> 1 OR SUM(t.amount) <> p.amount OR MIN(t.receiver_id) <> p.user_id
            END
        ORDER BY p.id""",
    **RULES_OF_MONEY,
}


# One statement sees one snapshot of the database, whatever other transactions write.
AUDIT = " UNION ALL ".join(f"({rule})" for rule in RULES.values())


def audit(*, using: str = DEFAULT_DB_ALIAS) -> list[Finding]:
    """All errors in the ledger, from one consistent snapshot, and in the books for all; empty if
    there are none."""
    with connections[using].cursor() as cursor:
        cursor.execute(AUDIT, {"artist_is_paid": fees.highest() < 100})
        found = cursor.fetchall()
    # What was published does not change.
    days = list(LicenceDay.objects.using(using).order_by("day"))
    found += recheck.problems(days, using=using)
    return [Finding(row, problem) for row, problem in found]
