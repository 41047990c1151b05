"""Fill a database with a large marketplace whose books are right.

``python -m devtools.seed_large --generations 1000000`` on an empty, migrated DATABASE_URL. All
other numbers follow: for a million generations 100 000 users, 2 000 artists with a style each,
5 000 000 likes, 1 000 000 comments, 3 000 000 ledger entries. PostgreSQL itself makes the rows.
"""

from __future__ import annotations

import argparse
import os
import sys
import time
from dataclasses import dataclass
from typing import Any

import psycopg

# Everything is derived from the row's number, so that two runs give the same database.
STATEMENTS: dict[str, str] = {
    "users": """
        INSERT INTO app_user (id, password, is_superuser, username, first_name, last_name, email,
            is_staff, is_active, date_joined, provider, provider_user_id, role, token_balance,
            profile_image, bio)
        SELECT n, '!', false, 'user' || n, '', '', 'user' || n || '@example.org', false, true,
            now() - n * interval '1 minute', 'seed', n::text,
            CASE WHEN n <= %(artists)s THEN 'artist' ELSE 'user' END, 0, '', 'Bio of ' || n
        FROM generate_series(1, %(users)s) n""",
    "artists": """
        INSERT INTO app_artist (user_id, artist_name, signature_image, follower_count, created_at)
        SELECT n, 'Artist ' || n, '', 0, now() - n * interval '1 minute'
        FROM generate_series(1, %(artists)s) n""",
    "tags": """
        INSERT INTO app_tag (id, name, is_active, usage_count, created_at)
        SELECT n, 'tag' || n, true, 0, now() FROM generate_series(1, 500) n""",
    "styles": """
        INSERT INTO app_style (id, artist_id, name, description, price, training_status, model_path,
            thumbnail, is_active, usage_count, created_at, updated_at, task_id, attempt,
            failure_reason, request_id)
        SELECT n, n, 'Style ' || n, 'What style ' || n || ' looks like.', 1 + n %% 40, 'completed',
            'file:///models/' || n || '.npz', 'styles/' || md5(n::text) || '/previews/000.webp',
            true, 0, now() - n * interval '10 minutes', now(), gen_random_uuid(), 1, '', ''
        FROM generate_series(1, %(artists)s) n""",
    "style tags": """
        INSERT INTO app_styletag (style_id, tag_id, sequence)
        SELECT n, 1 + (n * 7 + k * 31) %% 500, k
        FROM generate_series(1, %(artists)s) n, generate_series(0, 4) k""",
    "artworks": """
        INSERT INTO app_artwork (style_id, position, image_path, preview_path, width, height,
            sha256, created_at)
        SELECT n, k, 'styles/' || md5(n::text) || '/originals/' || k || '.png',
            'styles/' || md5(n::text) || '/previews/' || k || '.webp', 640, 480,
            md5(n || '/' || k), now()
        FROM generate_series(1, %(artists)s) n, generate_series(0, 11) k""",
    # 90 % are public, 5 % failed; spread over users and styles by primes.
    "generations": """
        INSERT INTO app_generation (id, user_id, style_id, prompt_tags, aspect_ratio, width, height,
            seed, cost, status, image_path, preview_path, placeholder, visibility, description,
            like_count, comment_count, created_at, finished_at, rated_at, task_id, attempt,
            failure_reason, request_id)
        SELECT n, 1 + n::bigint * 7919 %% %(users)s, 1 + n::bigint * 104729 %% %(artists)s,
            ARRAY['tag' || 1 + n %% 500, 'sea', 'sunset'], '1:1', 512, 512, n,
            1 + (1 + n::bigint * 104729 %% %(artists)s) %% 40,
            CASE WHEN n %% 20 = 0 THEN 'failed' ELSE 'completed' END,
            CASE WHEN n %% 20 = 0 THEN ''
                ELSE 'generations/' || md5(n::text) || '/1/image.png' END,
            CASE WHEN n %% 20 = 0 THEN ''
                ELSE 'generations/' || md5(n::text) || '/1/preview.webp' END,
            'data:image/webp;base64,' || repeat(md5(n::text), 5),
            CASE WHEN n %% 20 = 0 OR n %% 20 = 1 THEN 'private' ELSE 'public' END,
            'Picture number ' || n, 0, 0, now() - (%(generations)s - n) * interval '10 seconds',
            now(), now(), gen_random_uuid(), 1, '', ''
        FROM generate_series(1, %(generations)s) n""",
    "likes": """
        INSERT INTO app_like (user_id, generation_id, created_at)
        SELECT 1 + (n::bigint * 15485863 + k * 32452843) %% %(users)s, n, now()
        FROM generate_series(1, %(generations)s) n, generate_series(0, 4) k
        WHERE n %% 20 > 1
        UNION
        SELECT 1 + (n::bigint * 15485863 + 5 * 32452843) %% %(users)s, n, now()
        FROM generate_series(1, %(generations)s) n WHERE n %% 20 > 9""",
    "comments": """
        INSERT INTO app_comment (user_id, generation_id, content, created_at)
        SELECT 1 + n::bigint * 49979687 %% %(users)s, n, 'A remark about ' || n, now()
        FROM generate_series(1, %(generations)s) n WHERE n %% 20 > 1
        UNION ALL
        SELECT 1 + n::bigint * 86028121 %% %(users)s, n, 'Another about ' || n, now()
        FROM generate_series(1, %(generations)s) n WHERE n %% 20 IN (2, 3)""",
    "follows": """
        INSERT INTO app_follow (follower_id, following_id, created_at)
        SELECT n, 1 + (n + k * 37) %% %(artists)s, now() - n * interval '1 second'
        FROM generate_series(%(artists)s + 1, %(users)s) n, generate_series(1, 3) k
        ON CONFLICT DO NOTHING""",
    "notifications": """
        INSERT INTO app_notification (recipient_id, type, message, target_type, target_id, is_read,
            created_at)
        SELECT user_id, 'generation_complete', 'Your picture is ready.', 'image', id, id %% 3 > 0,
            created_at
        FROM app_generation WHERE status = 'completed'""",
    "purchases": """
        INSERT INTO app_purchase (id, user_id, amount, payment_method, gateway, gateway_reference,
            created_at)
        SELECT (u - 1) * 9 + k, u, 1000, 'card', 'seed', u || '-' || k, now() - interval '300 days'
        FROM generate_series(1, %(users)s) u, generate_series(1, 9) k""",
    "entries: welcome": """
        INSERT INTO app_transaction (receiver_id, type, amount, memo, created_at)
        SELECT n, 'earn', 100, 'welcome_bonus', now() - interval '301 days'
        FROM generate_series(1, %(users)s) n""",
    "entries: purchases": """
        INSERT INTO app_transaction (receiver_id, type, amount, memo, purchase_id, created_at)
        SELECT user_id, 'purchase', amount, 'purchase', id, created_at FROM app_purchase""",
    "entries: charges": """
        INSERT INTO app_transaction (sender_id, type, amount, memo, generation_id, created_at)
        SELECT user_id, 'consume', cost, 'generation', id, created_at FROM app_generation""",
    "entries: earnings and refunds": """
        INSERT INTO app_transaction (receiver_id, type, amount, memo, generation_id, created_at)
        SELECT CASE g.status WHEN 'completed' THEN s.artist_id ELSE g.user_id END,
            CASE g.status WHEN 'completed' THEN 'earn' ELSE 'refund' END, g.cost, 'generation',
            g.id, g.created_at
        FROM app_generation g JOIN app_style s ON s.id = g.style_id""",
    "balances": """
        WITH moved AS (
            SELECT receiver_id AS id, amount FROM app_transaction WHERE receiver_id IS NOT NULL
            UNION ALL SELECT sender_id, -amount FROM app_transaction WHERE sender_id IS NOT NULL
        ), sums AS (SELECT id, SUM(amount) AS total FROM moved GROUP BY id)
        UPDATE app_user u SET token_balance = sums.total FROM sums WHERE sums.id = u.id""",
    "counters of pictures": """
        WITH liked AS (SELECT generation_id AS id, COUNT(*) AS n FROM app_like GROUP BY 1),
             said AS (SELECT generation_id AS id, COUNT(*) AS n FROM app_comment GROUP BY 1)
        UPDATE app_generation g SET like_count = liked.n, comment_count = COALESCE(said.n, 0)
        FROM liked LEFT JOIN said USING (id) WHERE liked.id = g.id""",
    # As the triggers would.
    "entries of the feed": """
        INSERT INTO app_feedentry (key, generation_id, heat)
        SELECT key, g.id, feed_heat(g.created_at, g.like_count)
        FROM app_generation g, feed_keys(g.style_id, g.aspect_ratio, g.prompt_tags) key
        WHERE g.visibility = 'public' AND g.status = 'completed'""",
    "counters of styles": """
        WITH used AS (SELECT style_id AS id, COUNT(*) AS n FROM app_generation
                      WHERE status = 'completed' GROUP BY 1)
        UPDATE app_style s SET usage_count = used.n FROM used WHERE used.id = s.id""",
    "counters of tags and artists": """
        WITH used AS (SELECT tag_id AS id, COUNT(*) AS n FROM app_styletag GROUP BY 1),
             tagged AS (
                 UPDATE app_tag t SET usage_count = used.n FROM used WHERE used.id = t.id),
             followed AS (SELECT following_id AS id, COUNT(*) AS n FROM app_follow GROUP BY 1)
        UPDATE app_artist a SET follower_count = followed.n
        FROM followed WHERE followed.id = a.user_id""",
}
TABLES_WITH_GIVEN_IDS = ("app_user", "app_tag", "app_style", "app_generation", "app_purchase")


# What a database of a million generations has to hold, by the plan.
MILLION = {
    "app_generation": 1_000_000,
    "app_user": 100_000,
    "app_artist": 2_000,
    "app_style": 2_000,
    "app_like": 5_000_000,
    "app_comment": 1_000_000,
    "app_transaction": 3_000_000,
}
PUBLIC = "SELECT COUNT(*) FROM app_generation WHERE visibility = 'public' AND status = 'completed'"


@dataclass(frozen=True)
class Seeded:
    """How long it took, with the final VACUUM, and how many rows are in each table."""

    seconds: float
    rows: dict[str, int]


def seed(database_url: str, generations: int) -> Seeded:
    """Fill the database and count what is in it. Raises ValueError when it is not empty."""
    sizes = {
        "generations": generations,
        "users": max(generations // 10, 50),
        # A full page of styles, whatever the size.
        "artists": max(generations // 500, 30),
    }
    started_at = time.monotonic()
    with psycopg.connect(database_url, autocommit=True) as connection:
        row = connection.execute("SELECT EXISTS (SELECT 1 FROM app_user)").fetchone()
        if row is not None and row[0]:
            raise ValueError("The database is not empty; give an empty, migrated one.")
        # No triggers and no foreign key checks: the rows are consistent by construction, and
        # audit_ledger can be asked.
        connection.execute("SET session_replication_role = replica")
        connection.execute("SET synchronous_commit = off")
        connection.execute("SET maintenance_work_mem = '1GB'")
        connection.execute("SET work_mem = '256MB'")
        for name, statement in STATEMENTS.items():
            begun_at = time.monotonic()
            count = connection.execute(statement, sizes).rowcount
            say(f"{name}: {count:,} rows in {time.monotonic() - begun_at:.1f} s")
        for table in TABLES_WITH_GIVEN_IDS:
            connection.execute(
                f"SELECT setval(pg_get_serial_sequence('{table}', 'id'),"  # noqa: S608 (our own names)
                f" (SELECT MAX(id) FROM {table}))"
            )
        connection.execute("VACUUM ANALYZE")
        seconds = time.monotonic() - started_at
        return Seeded(seconds, _counted(connection))


def _counted(connection: psycopg.Connection[tuple[Any, ...]]) -> dict[str, int]:
    tables = connection.execute(
        "SELECT relname FROM pg_stat_user_tables WHERE relname LIKE 'app_%' ORDER BY 1"
    ).fetchall()
    counts = {name: f"SELECT COUNT(*) FROM {name}" for (name,) in tables}  # noqa: S608 (our own names)
    counts["public pictures"] = PUBLIC
    found = {}
    for name, statement in counts.items():
        row = connection.execute(statement.encode()).fetchone()
        found[name] = int(row[0]) if row else 0
    return {name: count for name, count in found.items() if count}


def say(text: str) -> None:
    sys.stdout.write(text + "\n")


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--generations", type=int, default=1_000_000)
    arguments = parser.parse_args()
    seeded = seed(os.environ["DATABASE_URL"], arguments.generations)
    for name, count in seeded.rows.items():
        say(f"{name:24}{count:12,}")
    say(f"Done in {seeded.seconds:.0f} s.")


if __name__ == "__main__":
    main()
