"""A system to hurt: its processes, its database seen from outside, and a worker by hand."""

from __future__ import annotations

import io
import json
import random
import subprocess
import sys
import threading
from collections.abc import Callable, Iterable, Sequence
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import Any, TypeVar
from urllib.parse import unquote, urlsplit

import httpx
import psycopg
from PIL import Image
from psycopg import sql
from psycopg.rows import dict_row

from tests.faults.asking import ANSWER
from tests.faults.verdict import Misses
from tests.system import Person, System, wait_for

Result = TypeVar("Result")
FINAL = {"completed", "failed", "canceled"}
# For so many seconds is waited for what has to come, on a machine that has much else to do. No row
# is judged by it.
PATIENCE = 120.0


class Stage(System):
    """A running system, and shorthand to look at what it did."""

    web_application = "tests.faults.crashing_web:application"
    worker_module = "tests.faults.worker"

    def __init__(self, folder: Path, environment: dict[str, str]) -> None:
        super().__init__(
            folder,
            {
                "JOB_RETRY_DELAYS": "0,0,0",
                "OUTBOX_MAX_AGE_SECONDS": "2",
                "FAULT_RUNS": str(folder / "runs.log"),
                **environment,
            },
        )
        self.hand = HandWorker(self)
        self._people: dict[str, Person] = {}
        self._looking = threading.Lock()
        self._connection: psycopg.Connection[dict[str, Any]] | None = None
        self._asking: subprocess.Popen[str] | None = None

    def start(self, *, relays: int = 1, **processes: int) -> None:
        super().start(relays=relays, **processes)
        if not relays:
            self.start_checker()

    def stop(self) -> None:
        super().stop()
        if self._asking is not None:
            self._asking.kill()
            self._asking.communicate(timeout=15)

    def start_checker(self) -> None:
        """What a relay does besides, and a style needs before it is trained."""
        self.spawn("checker", "-m", "tests.faults.checker")

    # --- The database, from outside -----------------------------------------------------------

    def rows(self, query: str, *arguments: Any) -> list[dict[str, Any]]:
        with self._looking:
            try:
                return self._look(query, arguments)
            except psycopg.OperationalError:  # the server was restarted meanwhile
                return self._look(query, arguments)

    def _look(self, query: str, arguments: Sequence[Any]) -> list[dict[str, Any]]:
        if self._connection is None or self._connection.closed:
            self._connection = psycopg.connect(
                self.environment["DATABASE_URL"], autocommit=True, row_factory=dict_row
            )
        cursor = self._connection.execute(query, arguments)  # type: ignore[arg-type]
        return cursor.fetchall() if cursor.description else []

    def one(self, query: str, *arguments: Any) -> Any:
        """The first column of the first row."""
        return next(iter(self.rows(query, *arguments)[0].values()))

    def break_rules(self, *statements: str) -> None:
        """Change what triggers and constraints would not let anybody change."""
        with psycopg.connect(self.environment["DATABASE_URL"]) as connection:
            connection.execute("SET session_replication_role = replica")
            for statement in statements:
                connection.execute(statement)  # type: ignore[arg-type]

    def copy_row(self, table: str, row_id: int, **changes: Any) -> int:
        """Insert the row once more under a new id, with ``changes``."""
        with psycopg.connect(self.environment["DATABASE_URL"]) as connection:
            found = connection.execute(
                sql.SQL("SELECT to_jsonb(t) FROM {} t WHERE id = %s").format(sql.Identifier(table)),
                [row_id],
            ).fetchone()
            assert found is not None
            new_id = row_id + 1_000_000_000
            changed = json.dumps({**found[0], "id": new_id, **changes}, default=str)
            connection.execute("SET session_replication_role = replica")
            connection.execute(
                sql.SQL(
                    "INSERT INTO {0} SELECT * FROM jsonb_populate_record(NULL::{0}, %s::jsonb)"
                ).format(sql.Identifier(table)),
                [changed],
            )
        return new_id

    def balance(self, user_id: int) -> int:
        return int(self.one("SELECT token_balance FROM app_user WHERE id = %s", user_id))

    def deadlocks(self) -> int:
        return int(
            self.one("SELECT deadlocks FROM pg_stat_database WHERE datname = current_database()")
        )

    def lose(self, generation_id: int) -> tuple[Callable[[], None], Callable[[], None]]:
        """How to make a job look as if its message had been dropped, and how to undo it."""
        was = self.jobs([generation_id])[0]["status"]
        change = f"UPDATE app_generation SET status = '{{}}' WHERE id = {generation_id}"
        return (
            lambda: self.break_rules(change.format("queued")),
            lambda: self.break_rules(change.format(was)),
        )

    def outbox_depth(self) -> int:
        return int(self.one("SELECT count(*) FROM app_outboxmessage WHERE sent_at IS NULL"))

    def jobs(self, ids: Iterable[int]) -> list[dict[str, Any]]:
        return self.rows("SELECT * FROM app_generation WHERE id = ANY(%s) ORDER BY id", list(ids))

    def have_ended(self, ids: Sequence[int]) -> bool:
        return all(job["status"] in FINAL for job in self.jobs(ids))

    def wait_for_end(self, ids: Sequence[int], *, seconds: float) -> None:
        wait_for(lambda: self.have_ended(ids), seconds=seconds, what="the end of all jobs")

    # --- Checks that many rows share ----------------------------------------------------------

    def ask_for(self, word: str) -> list[str]:
        """What ``tests.faults.asking`` says to it: a process that stays, as each begins slowly."""
        if self._asking is None:
            with self.log("asking").open("ab") as log:
                self._asking = subprocess.Popen(
                    [sys.executable, "-m", "tests.faults.asking"],
                    cwd=self.project,
                    env=self.environment,
                    stdin=subprocess.PIPE,
                    stdout=subprocess.PIPE,
                    stderr=log,
                    text=True,
                )
        assert self._asking.stdin is not None
        assert self._asking.stdout is not None
        self._asking.stdin.write(f"{word}\n")
        self._asking.stdin.flush()
        for line in self._asking.stdout:
            if line.startswith(ANSWER):
                said: list[str] = json.loads(line.removeprefix(ANSWER))
                return said
        raise AssertionError(self.log("asking").read_text())

    def audit(self) -> subprocess.CompletedProcess[str]:
        return self.try_manage("audit_ledger")

    def audit_misses(self) -> Misses:
        """What the audit finds, as ``audit`` would say it."""
        return [f"audit: {finding}"[:300] for finding in self.ask_for("audit")]

    def effects_once(self, ids: Sequence[int], *, only: set[str] | None = None) -> Misses:
        """Each job ended, was charged once, then paid or refunded once, and told of once."""
        misses = []
        found = self.rows(
            """SELECT g.id, g.status,
                 (SELECT count(*) FROM app_transaction t
                   WHERE t.generation_id = g.id AND t.type = 'consume') AS charges,
                 (SELECT count(*) FROM app_transaction t
                   WHERE t.generation_id = g.id AND t.type = 'earn') AS earns,
                 (SELECT count(*) FROM app_transaction t
                   WHERE t.generation_id = g.id AND t.type = 'refund') AS refunds,
                 (SELECT count(*) FROM app_notification n WHERE n.target_id = g.id
                   AND n.type IN ('generation_complete', 'generation_failed')) AS told
               FROM app_generation g WHERE g.id = ANY(%s) ORDER BY g.id""",
            list(ids),
        )
        if len(found) != len(set(ids)):
            misses.append(f"{len(set(ids)) - len(found)} jobs are gone")
        wanted = {
            "completed": (1, 1, 0, 1),
            "failed": (1, 0, 1, 1),
            "canceled": (1, 0, 1, 0),
        }
        for job in found:
            effects = (job["charges"], job["earns"], job["refunds"], job["told"])
            if wanted.get(job["status"]) != effects or (only and job["status"] not in only):
                misses.append(f"job {job['id']} is {job['status']} with {effects}")
        return misses

    # --- People and styles --------------------------------------------------------------------

    def person(self, name: str, *, tokens: int = 0) -> Person:
        if name not in self._people:
            self._people[name] = Person(self, name)
        person = self._people[name]
        if tokens:
            person.post("/api/tokens/purchase", json={"amount": tokens, "payment_method": "card"})
        return person

    def artist(self, name: str = "artist") -> Person:
        person = self.person(name)
        if person.http.get("/api/models/mine").status_code != httpx.codes.OK:
            person.post("/api/users/me/artist", json={"artist_name": name.title()}, status=201)
        return person

    def upload(
        self, artist: Person, name: str, *, side: int = 256, **fields: str
    ) -> httpx.Response:
        return artist.http.post(
            "/api/models",
            headers={"X-CSRFToken": artist.http.cookies.get("csrftoken", "")},
            data={"name": name, "price": "10", **fields},
            files=[("images", (f"{n}.png", noise_png(n, side), "image/png")) for n in range(10)],
        )

    def style(self, name: str, *, price: int = 10, tags: str = "sea") -> int:
        """A style that is ready, without a worker."""
        answer = self.upload(self.artist(), name, price=str(price), tags=tags)
        assert answer.status_code == httpx.codes.CREATED, answer.text
        style_id = int(answer.json()["data"]["id"])
        self.hand.complete_training(style_id)
        return style_id

    def order(self, buyer: Person, style_id: int, *tags: str, **headers: str) -> httpx.Response:
        return buyer.http.post(
            "/api/images/generate",
            headers={"X-CSRFToken": buyer.http.cookies.get("csrftoken", ""), **headers},
            json={"style_id": style_id, "prompt_tags": tags or ["sea"], "aspect_ratio": "1:1"},
        )

    def trained_style(self, name: str, *, price: int = 1) -> int:
        """A style that a real worker has trained."""
        answer = self.upload(self.artist(), name, price=str(price), tags="sea")
        assert answer.status_code == httpx.codes.CREATED, answer.text
        style_id = int(answer.json()["data"]["id"])
        status = "SELECT training_status FROM app_style WHERE id = %s"
        wait_for(
            lambda: self.one(status, style_id) == "completed", seconds=PATIENCE, what="the training"
        )
        return style_id

    def order_many(self, buyer: Person, style_id: int, count: int, *tags: str) -> list[int]:
        answers = at_once([lambda: self.order(buyer, style_id, *tags)] * count, threads=8)
        assert {answer.status_code for answer in answers} == {202}, answers[0].text
        return sorted(int(answer.json()["data"]["generation_id"]) for answer in answers)

    def runs(self) -> list[str]:
        """What the engines of all workers began, a line each."""
        log = Path(self.environment["FAULT_RUNS"])
        return log.read_text().splitlines() if log.exists() else []


class HandWorker:
    """Reports what a worker would, at the moment and in the order that a test wants."""

    def __init__(self, stage: Stage) -> None:
        self._stage = stage
        self._http: httpx.Client | None = None

    def task(self, task_id: Any, attempt: int) -> dict[str, Any]:
        body = self._stage.one(
            "SELECT body FROM app_outboxmessage WHERE task_id = %s AND attempt = %s",
            *(task_id, attempt),
        )
        task: dict[str, Any] = json.loads(bytes(body))
        return task

    def complete_training(self, style_id: int) -> None:
        style = self._stage.rows("SELECT * FROM app_style WHERE id = %s", style_id)[0]
        ordered = "SELECT count(*) FROM app_outboxmessage WHERE task_id = %s"
        wait_for(
            lambda: self._stage.one(ordered, style["task_id"]) == 1,
            seconds=PATIENCE,
            what="its works to be compared with those of others",
        )
        task = self.task(style["task_id"], style["attempt"])
        path = _write(task["data"]["output_path"], "model.npz", b"made by hand")
        answer = self._report(
            f"/api/models/{style_id}/status",
            task_id=task["task_id"],
            attempt=task["attempt"],
            training_status="completed",
            model_path=path,
        )
        assert answer.status_code == httpx.codes.OK, answer.text

    def reports(self, generation_id: int, attempt: int = 1) -> dict[str, Callable[[], int]]:
        """How to report each state of a picture; every call returns the answer's status."""
        job = self._stage.jobs([generation_id])[0]
        task = self.task(job["task_id"], attempt)
        image = _write(task["data"]["output_path"], "image.png", noise_png(generation_id, 64))
        who = {"task_id": task["task_id"], "attempt": attempt}
        url = f"/api/images/{generation_id}/status"

        def report(**fields: Any) -> Callable[[], int]:
            return lambda: self._report(url, **who, **fields).status_code

        return {
            "processing": report(status="processing"),
            "completed": report(status="completed", image_path=image),
            "failed": report(status="failed", failure_reason="It broke.", retryable=False),
            "retry": report(status="failed", failure_reason="It broke.", retryable=True),
        }

    def _report(self, url: str, **body: Any) -> httpx.Response:
        if self._http is None:
            self._http = httpx.Client(
                base_url=self._stage.url,
                timeout=PATIENCE,
                limits=httpx.Limits(max_connections=None, keepalive_expiry=1.0),
                headers={"Authorization": f"Bearer {self._stage.token}"},
            )
        return self._http.patch(url, json=body)


def at_once(calls: Sequence[Callable[[], Result]], *, threads: int = 25) -> list[Result]:
    """The results of ``calls``, made by ``threads`` threads."""
    with ThreadPoolExecutor(threads) as executor:
        return [future.result(timeout=900) for future in [executor.submit(call) for call in calls]]


def noise_png(seed: int, side: int = 256) -> bytes:
    """A picture of ``3 × side²`` bytes that no other seed has."""
    noise = random.Random(seed).randbytes(side * side * 3)
    buffer = io.BytesIO()
    Image.frombytes("RGB", (side, side), noise).save(buffer, "PNG", compress_level=0)
    return buffer.getvalue()


def _write(folder_uri: str, name: str, content: bytes) -> str:
    """Write a file where a worker may write. Returns its URI."""
    folder = Path(unquote(urlsplit(folder_uri).path))
    folder.mkdir(parents=True, exist_ok=True)
    (folder / name).write_bytes(content)
    return f"{folder_uri.rstrip('/')}/{name}"
