"""A large marketplace to look at plans in: many rows, and some people who have most of them.

``devtools.seed_large`` spreads its rows evenly. Plans go wrong where they are not: the buyer of
every fourth picture, the picture with thousands of comments, the follower of an artist who has
stopped.
"""

from __future__ import annotations

import contextlib
import io
import os
import secrets
from collections.abc import Iterator
from typing import Any

import psycopg
from django.db import connection
from psycopg import sql

from devtools import seed_large
from devtools.servers.process import wait_for

GENERATIONS = 20_000
USERS = GENERATIONS // 10
# The buyer of every fourth picture, who follows five hundred artists.
BUYER = USERS
# Follows one artist, whose last picture is an old one.
FAN, QUIET_ARTIST = USERS - 1, 1000
# Has earned with every fourth picture, and has styles in every state.
ARTIST = 1
# Has every fourth comment. Public, as all ids that are 2 … 19 beyond a multiple of 20.
PICTURE = GENERATIONS - 1
# Collections of the buyer's: three old pictures, and half of what one may hold.
FEW, MANY = 1, 2
QUEUED = 300
# Whose lease has expired.
LOST = 5
# A tag that few styles have, and one that a third of them have.
RARE_TAG, COMMON_TAG = "rare", "common"

SKEW = f"""
    UPDATE app_user SET role = 'artist' WHERE id <= 1500;
    INSERT INTO app_artist (user_id, artist_name, signature_image, follower_count, created_at)
        SELECT id, 'Artist ' || id, '', 0, date_joined FROM app_user WHERE id BETWEEN 41 AND 1500;
    INSERT INTO app_user (id, password, is_superuser, username, first_name, last_name, email,
            is_staff, is_active, date_joined, provider, provider_user_id, role, token_balance,
            profile_image, bio)
        SELECT n, '!', false, 'painter' || n, '', '', '', false, true, now(), 'seed', n::text,
            'artist', 0, '', ''
        FROM generate_series(100001, 110000) n;
    INSERT INTO app_artist (user_id, artist_name, signature_image, follower_count, created_at)
        SELECT id, md5(id::text) || ' Halden', '', 0, now() FROM app_user WHERE id > 100000;
    INSERT INTO app_style (artist_id, name, description, price, training_status, model_path,
            thumbnail, is_active, usage_count, created_at, updated_at, task_id, attempt,
            failure_reason, request_id)
        SELECT 1 + n % 1500, 'More of ' || md5(n::text),
            'Painted as ' || md5('as ' || n) || ' was painted in every light.', 10,
            CASE WHEN n % 5 = 0 THEN 'failed' ELSE 'completed' END, 'file:///m', 'styles/t.webp',
            n % 7 > 0, n % 1000, now() - n * interval '11 minutes', now(), gen_random_uuid(), 1, '',
            ''
        FROM generate_series(1, 10000) n;
    INSERT INTO app_style (artist_id, name, description, price, training_status, model_path,
            thumbnail, is_active, usage_count, created_at, updated_at, task_id, attempt,
            failure_reason, request_id)
        SELECT {ARTIST}, 'My ' || n, '', 10, 'completed', 'file:///m', '', n % 3 > 0, n,
            now() - n * interval '1 day', now(), gen_random_uuid(), 1, '', ''
        FROM generate_series(1, 150) n;
    INSERT INTO app_tag (name, is_active, usage_count, created_at)
        SELECT 'word ' || md5(n::text), true, n % 10, now() FROM generate_series(1, 5000) n
        UNION ALL VALUES ('{RARE_TAG}', true, 12, now()), ('{COMMON_TAG}', true, 3000, now());
    INSERT INTO app_styletag (style_id, tag_id, sequence)
        SELECT s.id, t.id, 0 FROM app_style s JOIN app_tag t ON t.id = 501 + s.id % 5000
        WHERE s.id > 40
        UNION ALL SELECT s.id, t.id, 1 FROM app_style s, app_tag t
        WHERE s.id > 40 AND s.id % 3 = 0 AND t.name = '{COMMON_TAG}'
        UNION ALL SELECT s.id, t.id, 2 FROM app_style s, app_tag t
        WHERE s.id > 40 AND s.id % 900 = 0 AND t.name = '{RARE_TAG}';
    UPDATE app_generation SET user_id = {BUYER} WHERE id % 4 = 0;
    UPDATE app_notification SET recipient_id = {BUYER} WHERE id % 4 = 0;
    UPDATE app_transaction SET sender_id = {BUYER} WHERE type = 'consume' AND generation_id % 4 = 0;
    UPDATE app_transaction SET receiver_id = {ARTIST}
        WHERE type = 'earn' AND generation_id % 4 = 0;
    UPDATE app_comment SET generation_id = {PICTURE} WHERE id % 4 = 0;
    -- Whoever wrote ten within a minute is refused the next.
    UPDATE app_comment SET created_at = created_at - interval '2 days' WHERE user_id = {BUYER};
    INSERT INTO app_follow (follower_id, following_id, created_at)
        SELECT {BUYER}, n, now() - n * interval '1 second' FROM generate_series(1, 500) n
        ON CONFLICT DO NOTHING;
    DELETE FROM app_follow WHERE follower_id = {FAN};
    INSERT INTO app_follow (follower_id, following_id, created_at)
        VALUES ({FAN}, {QUIET_ARTIST}, now());
    UPDATE app_generation
        SET style_id = (SELECT MAX(id) FROM app_style WHERE artist_id = {QUIET_ARTIST})
        WHERE id IN (2, 3, 4);
    INSERT INTO app_generation (user_id, style_id, prompt_tags, aspect_ratio, width, height, seed,
            cost, status, image_path, preview_path, placeholder, visibility, description,
            like_count, comment_count, created_at, task_id, attempt, failure_reason, request_id,
            lease_expires_at)
        SELECT 1 + n, 1, ARRAY['sea'], '1:1', 512, 512, n, 1, 'queued', '', '', '', 'private', '',
            0, 0, now(), gen_random_uuid(), 1, '', '', now() + interval '1 hour'
        FROM generate_series(1, {QUEUED}) n;
    UPDATE app_generation SET lease_expires_at = now() - interval '1 minute'
        WHERE status = 'queued' AND seed <= {LOST};
    INSERT INTO app_outboxmessage (queue, task_id, attempt, body, available_at, sent_at, tries,
            last_error, created_at, turn)
        SELECT 'image_generation', gen_random_uuid(), 1, '', now(),
            CASE WHEN n > 200 THEN now() END, 1, '', now(), n
        FROM generate_series(1, 10000) n;
    INSERT INTO app_collection (id, user_id, name, created_at)
        SELECT n, CASE WHEN n <= {MANY} THEN {BUYER} ELSE 1 + n % 1000 END, n::text, now()
        FROM generate_series(1, 3000) n;
    INSERT INTO app_collected (collection_id, generation_id)
        SELECT {FEW}, id FROM app_generation WHERE user_id = {BUYER} AND id IN (8, 12, 16)
        UNION ALL
        SELECT {MANY}, id FROM app_generation WHERE user_id = {BUYER} AND id % 8 = 0
        UNION ALL
        SELECT 3 + id % 2998, id FROM app_generation WHERE user_id <> {BUYER};
    INSERT INTO app_session (session_key, session_data, expire_date)
        SELECT md5(n::text), '', now() FROM generate_series(1, 3000) n;
"""
# By itself, VACUUM leaves single rows that earlier tests rolled back, and the page of each.
VACUUM = "VACUUM (ANALYZE, INDEX_CLEANUP ON)"


@contextlib.contextmanager
def database() -> Iterator[None]:
    """Let Django's connection lead to a seeded copy of the test database."""
    settings = connection.settings_dict
    name, seeded = settings["NAME"], f"large_{secrets.token_hex(6)}"
    admin = url_of("postgres")
    connection.close()
    try:
        with psycopg.connect(admin, autocommit=True) as maintenance:
            # A copy needs the original alone; what other tests left behind is in the way.
            maintenance.execute(
                "SELECT pg_terminate_backend(pid) FROM pg_stat_activity WHERE datname = %s", [name]
            )
            copy = sql.SQL("CREATE DATABASE {} TEMPLATE {}")
            maintenance.execute(copy.format(sql.Identifier(seeded), sql.Identifier(name)))
        _fill(url_of(seeded))
        settings["NAME"] = seeded
        yield
    finally:
        connection.close()
        settings["NAME"] = name
        with psycopg.connect(admin, autocommit=True) as maintenance:
            drop = sql.SQL("DROP DATABASE IF EXISTS {} WITH (FORCE)")
            maintenance.execute(drop.format(sql.Identifier(seeded)))


def _fill(url: str) -> None:
    with contextlib.redirect_stdout(io.StringIO()):
        seed_large.seed(url, GENERATIONS)
    with psycopg.connect(url, autocommit=True) as seeded:
        # As there: without triggers and foreign key checks.
        seeded.execute("SET session_replication_role = replica")
        seeded.execute("SET synchronous_commit = off")
        seeded.execute(SKEW)
        seeded.execute(VACUUM)
        assert wait_for(lambda: _is_vacuumed(seeded), 120)


def _is_vacuumed(seeded: psycopg.Connection[Any]) -> bool:
    """Vacuum again until indexes alone answer; autovacuum may have held a snapshot meanwhile."""
    [is_left] = seeded.execute(
        "SELECT bool_or(relallvisible < relpages) FROM pg_class"
        " WHERE relkind = 'r' AND relname LIKE 'app\\_%'"
    ).fetchone() or [True]
    if is_left:
        seeded.execute(VACUUM)
    return not is_left


def url_of(database_name: str) -> str:
    given, _, _ = os.environ["DATABASE_URL"].rpartition("/")
    return f"{given}/{database_name}"
