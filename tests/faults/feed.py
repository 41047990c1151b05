"""F1, F2, F4, F5 and the races Q7, Q10, which need no broker."""

from __future__ import annotations

import random
import subprocess
import threading
from collections import Counter
from typing import Any
from urllib.parse import urlsplit, urlunsplit

import httpx
import psycopg

from devtools.servers.postgres_files import find_programs
from tests.faults.money import add_tokens, cancel, in_words, new_uuid
from tests.faults.stage import Stage, at_once
from tests.faults.verdict import Misses, Outcome, expect
from tests.system import Person, wait_for


def growing_feed(stage: Stage, rng: random.Random, *, scale: float = 1) -> Outcome:
    """F1: 2 000 pictures are paged through while 50 more a second arrive."""
    count = int(2000 * scale)
    picture = _public_picture(stage, "Feed")
    stage.break_rules(_copies(picture, count, first_age=count))
    known = {
        row["id"]
        for row in stage.rows(
            "SELECT id FROM app_generation WHERE visibility = 'public' AND status = 'completed'"
        )
    }
    over = threading.Event()

    def insert() -> None:
        while not over.wait(0.1):
            stage.break_rules(_copies(picture, 5, first_age=0))

    writer = threading.Thread(target=insert)
    seen: list[int] = []
    writer.start()
    try:
        with httpx.Client(timeout=60) as client:
            link: str | None = f"{stage.url}/api/community/feed?limit=20"
            while link and len(seen) < 10 * count:
                page = client.get(link).json()["data"]
                seen += [row["id"] for row in page["results"]]
                link = page["next"]
    finally:
        over.set()
        writer.join(30)
    inserted = stage.one("SELECT count(*) FROM app_generation WHERE status = 'completed'")

    def check() -> Misses:
        twice = [key for key, n in Counter(seen).items() if n > 1]
        return [
            *expect(not twice, f"{len(twice)} pictures came twice"),
            *expect(known <= set(seen), f"{len(known - set(seen))} pictures were skipped"),
        ]

    taken: list[int] = []
    return Outcome(
        len(seen),
        f"{len(known)} pictures on {len(seen) // 20 + 1} pages, {inserted - len(known)} new",
        check,
        plant=lambda: taken.append(seen.pop(len(seen) // 2)),
        heal=lambda: seen.append(taken.pop()),
    )


def likes_and_comments(stage: Stage, rng: random.Random, *, scale: float = 1) -> Outcome:
    """F2: 500 like toggles, and comments written and deleted, all at once."""
    toggles = int(500 * scale)
    picture = _public_picture(stage, "Liked")
    fans = [stage.person(f"fan-{n}") for n in range(10)]

    def comment(fan: Person, number: int) -> int:
        # Nobody may say the same twice.
        said = {"content": f"Fine, {number}."}
        written = fan.post(f"/api/images/{picture}/comments", json=said)
        if rng.random() < 0.5:
            token = {"X-CSRFToken": fan.http.cookies.get("csrftoken", "")}
            return fan.http.delete(f"/api/comments/{written['id']}", headers=token).status_code
        return httpx.codes.CREATED

    calls: list[Any] = [
        lambda fan=fan: _post(fan, f"/api/images/{picture}/like")
        for fan in fans
        for _ in range(toggles // len(fans))
    ]
    calls += [lambda fan=fan, n=n: comment(fan, n) for fan in fans for n in range(toggles // 50)]
    rng.shuffle(calls)
    statuses = Counter(at_once(calls, threads=16))

    def check() -> Misses:
        found = stage.rows(
            """SELECT like_count, comment_count,
                 (SELECT count(*) FROM app_like WHERE generation_id = g.id) AS likes,
                 (SELECT count(*) FROM app_comment WHERE generation_id = g.id) AS comments
               FROM app_generation g WHERE id = %s""",
            picture,
        )[0]
        return [
            *expect(set(statuses) <= {200, 201, 204}, f"the answers were {dict(statuses)}"),
            *expect(found["like_count"] == found["likes"], f"likes: {found}"),
            *expect(found["comment_count"] == found["comments"], f"comments: {found}"),
        ]

    change = f"UPDATE app_generation SET like_count = like_count {{}} 1 WHERE id = {picture}"
    return Outcome(
        len(calls),
        "both counters equal the counted rows",
        check,
        plant=lambda: stage.break_rules(change.format("+")),
        heal=lambda: stage.break_rules(change.format("-")),
    )


def tags_in_both_orders(stage: Stage, rng: random.Random, *, scale: float = 1) -> Outcome:
    """F5: 60 requests at once whose tags come in both orders."""
    names = [f"order-{letter}" for letter in "abcdefgh"]
    styles = [stage.style(f"Orders {n}", tags="start") for n in range(6)]
    artist, before = stage.artist(), stage.deadlocks()
    calls = []
    for number in range(60):
        tags = names if number % 2 else names[::-1]
        style_id = styles[number % len(styles)]
        calls.append(
            lambda style_id=style_id, tags=tags: artist.patch(
                f"/api/models/{style_id}", json={"tags": tags[: rng.randint(2, 8)]}
            )
        )
    at_once(calls, threads=16)

    def check() -> Misses:
        wrong = stage.rows(
            """SELECT t.name, t.usage_count, count(s.id) AS counted FROM app_tag t
               LEFT JOIN app_styletag st ON st.tag_id = t.id
               LEFT JOIN app_style s ON s.id = st.style_id AND s.is_active
                 AND s.training_status = 'completed'
               GROUP BY t.id HAVING t.usage_count <> count(s.id)"""
        )
        return [
            *expect(stage.deadlocks() == before, "there was a deadlock"),
            *(f"tag {row['name']}: {row['usage_count']} for {row['counted']}" for row in wrong),
        ]

    change = "UPDATE app_tag SET usage_count = usage_count {} 1 WHERE name = 'start'"
    return Outcome(
        60,
        "no deadlock, counts exact",
        check,
        plant=lambda: stage.break_rules(change.format("+")),
        heal=lambda: stage.break_rules(change.format("-")),
    )


def dump_and_restore(stage: Stage, rng: random.Random, *, scale: float = 1) -> Outcome:
    """F4: the database is dumped, restored into a new one, and audited there."""
    programs, url = find_programs(None), stage.environment["DATABASE_URL"]
    name = f"restored_{new_uuid(rng)[:12]}"
    restored = urlunsplit(urlsplit(url)._replace(path=f"/{name}"))
    dump = stage.folder / "dump"
    with psycopg.connect(url, autocommit=True) as connection:
        connection.execute(f'CREATE DATABASE "{name}" TEMPLATE template0')  # type: ignore[arg-type]
    commands: list[list[str]] = [
        [str(programs / "pg_dump"), "--format=custom", f"--file={dump}", f"--dbname={url}"],
        [str(programs / "pg_restore"), "--exit-on-error", f"--dbname={restored}", str(dump)],
    ]
    for command in commands:
        subprocess.run(command, check=True, capture_output=True, timeout=120)
    copy = Stage(stage.folder / "restored", {"DATABASE_URL": restored})
    entries = copy.one("SELECT count(*) FROM app_transaction")
    original = stage.one("SELECT count(*) FROM app_transaction")
    user_id = copy.one("SELECT max(id) FROM app_user")

    def check() -> Misses:
        return [
            # By the command: no process may stay on the copy, which nobody stops.
            *expect(copy.audit().returncode == 0, "the audit of the copy finds something"),
            *expect(entries == original, f"{entries} of {original} entries came back"),
        ]

    return Outcome(
        1, f"{entries} entries restored, audit clean", check, lambda: add_tokens(copy, user_id, 3)
    )


def zombie_worker(stage: Stage, rng: random.Random, *, scale: float = 1) -> Outcome:
    """Q7: a worker taken for dead reports with its old attempt."""
    trials = int(10 * scale) or 1
    style_id = stage.style("Zombie")
    buyer = stage.person("zombie-buyer", tokens=500)
    ids = stage.order_many(buyer, style_id, trials)
    old = {key: stage.hand.reports(key) for key in ids}
    for key in ids:
        assert old[key]["retry"]() == httpx.codes.OK

    def state() -> list[Any]:
        money = "SELECT * FROM app_transaction WHERE generation_id = ANY(%s) ORDER BY id"
        return [stage.jobs(ids), stage.rows(money, ids)]

    before = state()
    statuses = Counter(report() for reports in old.values() for report in reports.values())

    def check() -> Misses:
        return [
            *expect(set(statuses) == {409}, f"the answers were {dict(statuses)}"),
            *expect(state() == before, "something changed"),
        ]

    change = f"UPDATE app_generation SET attempt = attempt {{}} 1 WHERE id = {ids[0]}"
    return Outcome(
        sum(statuses.values()),
        "all 409, nothing changed",
        check,
        plant=lambda: stage.break_rules(change.format("+")),
        heal=lambda: stage.break_rules(change.format("-")),
    )


def cancel_races_start(stage: Stage, rng: random.Random, *, scale: float = 1) -> Outcome:
    """Q10: the buyer cancels while a worker starts."""
    trials = int(200 * scale)
    style_id = stage.style("Race", price=1)
    buyer = stage.person("racer", tokens=500)
    ids = stage.order_many(buyer, style_id, trials)
    for key in ids:
        reports = stage.hand.reports(key)
        race = [reports["processing"], lambda key=key: cancel(buyer, key)]
        rng.shuffle(race)
        at_once(race, threads=2)
        reports["completed"]()
    states = Counter(job["status"] for job in stage.jobs(ids))

    def check() -> Misses:
        return [*stage.effects_once(ids, only={"completed", "canceled"}), *stage.audit_misses()]

    lost = f"UPDATE app_generation SET status = '{{}}' WHERE id = {ids[0]}"
    was = stage.jobs(ids[:1])[0]["status"]
    other = "canceled" if was == "completed" else "failed"
    return Outcome(
        trials,
        in_words(states),
        check,
        plant=lambda: stage.break_rules(lost.format(other)),
        heal=lambda: stage.break_rules(lost.format(was)),
    )


def _public_picture(stage: Stage, name: str) -> int:
    buyer = stage.person("publisher", tokens=100_000)
    picture = stage.order_many(buyer, stage.style(name), 1)[0]
    assert stage.hand.reports(picture)["completed"]() == httpx.codes.OK
    buyer.patch(f"/api/images/{picture}", json={"visibility": "public"})
    rated = "SELECT rating <> 'unrated' FROM app_generation WHERE id = %s"
    wait_for(lambda: stage.one(rated, picture), seconds=60, what="the check of the picture")
    return picture


def _copies(picture: int, count: int, *, first_age: int) -> str:
    """SQL for ``count`` more rows like the picture's with their charges and earnings."""
    return f"""
        WITH made AS (
            INSERT INTO app_generation SELECT (jsonb_populate_record(g, jsonb_build_object(
                'id', nextval(pg_get_serial_sequence('app_generation', 'id')),
                'task_id', gen_random_uuid(),
                'licence_number', null,
                'created_at', now() - ({first_age} - n) * interval '1 second'
            ))).* FROM app_generation g, generate_series(1, {count}) n WHERE g.id = {picture}
            RETURNING id
        ), moved AS (
            INSERT INTO app_transaction SELECT (jsonb_populate_record(t, jsonb_build_object(
                'id', nextval(pg_get_serial_sequence('app_transaction', 'id')),
                'generation_id', made.id
            ))).* FROM app_transaction t, made WHERE t.generation_id = {picture}
            RETURNING COALESCE(receiver_id, sender_id) AS user_id, bought, earned,
                CASE WHEN sender_id IS NULL THEN amount ELSE -amount END AS amount
        ), sums AS (
            SELECT user_id, sum(amount) AS amount, sum(bought) AS bought, sum(earned) AS earned
            FROM moved GROUP BY user_id
        )
        UPDATE app_user u
        SET token_balance = token_balance + sums.amount,
            bought_balance = bought_balance + sums.bought,
            earned_balance = earned_balance + sums.earned
        FROM sums WHERE u.id = sums.user_id
    """


def _post(person: Person, path: str) -> int:
    token = {"X-CSRFToken": person.http.cookies.get("csrftoken", "")}
    return person.http.post(path, headers=token).status_code
