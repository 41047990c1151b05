"""What the measured requests need beyond a seeded database: people who are signed in and can pay,
pictures being made, and files that workers say they wrote."""

from __future__ import annotations

import os
import uuid
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import psycopg

from benchmarks.servers import run

PEOPLE = 100
TOKENS = 1_000_000
# The largest purchase there is, twice; the books stay right.
PAY = """
    WITH bought AS (
        INSERT INTO app_purchase (user_id, amount, payment_method, gateway, gateway_reference,
            created_at)
        SELECT u, %(tokens)s, 'card', 'bench', gen_random_uuid()::text, now()
        FROM unnest(%(people)s::bigint[]) u RETURNING id, user_id, amount
    ), entry AS (
        INSERT INTO app_transaction (receiver_id, type, amount, memo, purchase_id, created_at)
        SELECT user_id, 'purchase', amount, 'purchase', id, now() FROM bought
    )
    UPDATE app_user SET token_balance = token_balance + bought.amount
    FROM bought WHERE app_user.id = bought.user_id"""
# Every second picture of the first page is liked by each of them.
LIKE = """
    WITH shown AS (
        SELECT id, row_number() OVER (ORDER BY created_at DESC, id DESC) AS place
        FROM app_generation WHERE visibility = 'public' AND status = 'completed'
        ORDER BY created_at DESC, id DESC LIMIT 20
    ), liked AS (
        INSERT INTO app_like (user_id, generation_id, created_at)
        SELECT u, shown.id, now() FROM shown, unnest(%(people)s::bigint[]) u
        WHERE shown.place %% 2 = 0 ON CONFLICT DO NOTHING RETURNING generation_id
    ), counted AS (SELECT generation_id, COUNT(*) AS n FROM liked GROUP BY 1)
    UPDATE app_generation g SET like_count = like_count + counted.n
    FROM counted WHERE counted.generation_id = g.id"""
MAKE = """
    WITH made AS (
        INSERT INTO app_generation (user_id, style_id, prompt_tags, aspect_ratio, width, height,
            seed, cost, status, image_path, preview_path, placeholder, visibility, description,
            like_count, comment_count, created_at, started_at, lease_expires_at, task_id, attempt,
            failure_reason, request_id, progress)
        SELECT (%(people)s::bigint[])[1 + n %% cardinality(%(people)s::bigint[])],
            1 + n * 7919 %% %(styles)s, ARRAY['sea', 'sunset'], '1:1', 512, 512, n, 10,
            'processing', '', '', '', 'private', '', 0, 0, now(), now(), now() + interval '1 day',
            gen_random_uuid(), 1, '', '',
            '{"current_step": 2, "total_steps": 4, "progress_percent": 50.0,
              "estimated_seconds": 0.5}'
        FROM generate_series(1, %(count)s) n RETURNING id, user_id, style_id, task_id, cost
    ), entry AS (
        INSERT INTO app_transaction (sender_id, type, amount, memo, generation_id, created_at)
        SELECT user_id, 'consume', cost, 'generation', id, now() FROM made
    ), spent AS (SELECT user_id, SUM(cost) AS total FROM made GROUP BY 1), paid AS (
        UPDATE app_user u SET token_balance = token_balance - spent.total
        FROM spent WHERE spent.user_id = u.id
    )
    SELECT id, user_id, task_id FROM made ORDER BY id"""

# What was ordered while nobody worked is canceled, as its buyers might have done.
CANCEL = """
    WITH canceled AS (
        UPDATE app_generation SET status = 'canceled', finished_at = now(), lease_expires_at = NULL
        WHERE status = 'queued' RETURNING id, user_id, cost
    ), entry AS (
        INSERT INTO app_transaction (receiver_id, type, amount, memo, generation_id, created_at)
        SELECT user_id, 'refund', cost, 'generation_canceled', id, now() FROM canceled
    ), owed AS (SELECT user_id, SUM(cost) AS total FROM canceled GROUP BY 1)
    UPDATE app_user u SET token_balance = token_balance + owed.total
    FROM owed WHERE owed.user_id = u.id"""


@dataclass(frozen=True)
class Person:
    user_id: int
    session: str


@dataclass(frozen=True)
class Job:
    """A picture that a worker is making, with the files that it will say it wrote."""

    generation_id: int
    user_id: int
    task_id: uuid.UUID


class Database:
    """A seeded database with people in it, and where its files are."""

    def __init__(self, environment: dict[str, str]) -> None:
        self.environment = environment
        self.url = environment["DATABASE_URL"]
        self.media = Path(environment["DATA_DIR"]) / "media"
        with self.connect() as connection:
            self.styles = _number(connection, "SELECT COUNT(*) FROM app_style")
            self.pictures = _number(connection, "SELECT COUNT(*) FROM app_generation")
            people = [
                row[0]
                for row in connection.execute(
                    "SELECT id FROM app_user WHERE role = 'user' AND EXISTS"
                    " (SELECT FROM app_notification WHERE recipient_id = app_user.id)"
                    " ORDER BY id LIMIT %s",
                    [PEOPLE],
                )
            ]
            for _ in range(2):
                connection.execute(PAY, {"people": people, "tokens": TOKENS})
            connection.execute(LIKE, {"people": people})
        keys = run(environment, "-m", "benchmarks.sessions", *map(str, people)).split()
        self.people = [Person(*each) for each in zip(people, keys, strict=True)]
        with self.connect() as connection:
            connection.execute("ANALYZE bench_session")

    def connect(self) -> psycopg.Connection[tuple[Any, ...]]:
        return psycopg.connect(self.url, autocommit=True)

    def jobs(self, count: int, *, alike: bool = False) -> list[Job]:
        """Pictures in the making, one after another for each of the people, of all styles; or all
        ``alike``, for the first of both."""
        people = self.people[:1] if alike else self.people
        values = {
            "people": [person.user_id for person in people],
            "styles": 1 if alike else self.styles,
            "count": count,
        }
        with self.connect() as connection:
            jobs = [Job(*row) for row in connection.execute(MAKE, values)]
        written = self.media / "generations" / "written"
        (written / "1").mkdir(parents=True, exist_ok=True)
        for name in ("image.png", "preview.webp"):
            (written / "1" / name).touch()
        for job in jobs:
            os.symlink(written, self.media / "generations" / str(job.task_id))
        return jobs

    def empty_queue(self) -> None:
        """Nothing is to be done any more of what was ordered before."""
        with self.connect() as connection:
            connection.execute(CANCEL)
            connection.execute("UPDATE app_outboxmessage SET sent_at = now() WHERE sent_at IS NULL")
            connection.execute("VACUUM ANALYZE app_generation, app_outboxmessage")

    def rows(self, statement: str, values: Any = None) -> list[tuple[Any, ...]]:
        with self.connect() as connection:
            return connection.execute(statement, values).fetchall()


def _number(connection: psycopg.Connection[tuple[Any, ...]], statement: str) -> int:
    row = connection.execute(statement).fetchone()
    return int(row[0]) if row else 0
