"""Reloading, backing up and restoring while people use the site."""

from __future__ import annotations

import itertools
import threading
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from time import monotonic
from typing import Any

import httpx
import psycopg
import pytest

from devtools.servers.process import wait_for as is_reached
from tests.production.looking import measured
from tests.production.running import Production, Visitor

pytestmark = pytest.mark.slow

CLIENTS = 4


def test_a_reload_under_load_fails_no_request(production: Production, artist: Visitor) -> None:
    stopping, nginx_reloads = threading.Event(), threading.Event()
    statuses: list[int] = []
    closed: list[str] = []
    static = next(Path(production.environment["STATIC_ROOT"]).glob("admin/css/base.*.css"))
    paths = ["/api/health", "/api/models", f"/static/admin/css/{static.name}", "/api/docs"]

    def ask(client: httpx.Client, method: str, path: str, **content: Any) -> int:
        try:
            return client.request(method, path, **content).status_code
        except httpx.RemoteProtocolError as error:
            # An nginx that ends closes its idle connections, and a request may be on its way on
            # one. It was read by nobody: browsers ask again, on a new connection (RFC 9112, 9.3.1).
            if "without sending a response" not in str(error) or not nginx_reloads.is_set():
                raise
            closed.append(path)
            return client.request(method, path, **content).status_code

    def keep_asking(number: int) -> None:
        """Reads, and every fifth time a write: nginx repeats no write by itself."""
        with production.client(headers=artist.http.headers, cookies=artist.http.cookies) as client:
            for turn in itertools.takewhile(lambda _: not stopping.is_set(), itertools.count()):
                if turn % 5 == number:
                    write = {"json": {"bio": f"{number}"}, "headers": artist._csrf()}
                    statuses.append(ask(client, "PATCH", "/api/users/me", **write))
                else:
                    statuses.append(ask(client, "GET", paths[turn % len(paths)]))

    def answers_go_on() -> None:
        enough = len(statuses) + 5 * CLIENTS
        assert is_reached(lambda: len(statuses) >= enough, 60), production.logs()

    def replace(pids: Callable[[], set[int]], reload: Callable[[], None]) -> None:
        before = pids()
        reload()
        assert is_reached(lambda: bool(pids()) and not pids() & before, 120), production.logs()
        answers_go_on()

    started_at = monotonic()
    with ThreadPoolExecutor(CLIENTS) as executor:
        asking = [executor.submit(keep_asking, number) for number in range(CLIENTS)]
        try:
            answers_go_on()
            replace(production.web_workers, production.reload_web)
            nginx_reloads.set()
            replace(production.nginx.worker_pids, production.nginx.reload)
            nginx_reloads.clear()
            replace(production.web_workers, production.reload_web)
        finally:
            stopping.set()
        for each in asking:
            each.result(timeout=30)
    measured("requests during two reloads of the web processes and one of nginx", len(statuses), "")
    measured("in", monotonic() - started_at, "s")
    assert set(statuses) == {200}
    assert len(closed) <= CLIENTS, closed


def test_the_books_survive_backup_and_restore(
    production: Production, artist: Visitor, tmp_path: Path
) -> None:
    told = production.manage("restore_drill").stdout
    assert "The ledger is right in the restored database." in told
    assert "Nothing was changed." in told

    # A drill that cannot fail proves nothing: take a backup of books that are wrong.
    backup = tmp_path / "wrong.dump"
    with psycopg.connect(production.environment["DATABASE_URL"], autocommit=True) as database:
        changed = "UPDATE app_user SET token_balance = token_balance + %s WHERE id = %s"
        database.execute(changed, [1, artist.me["id"]])
        try:
            kept = production.try_manage("restore_drill", "--keep", str(backup))
            assert kept.returncode == 1
        finally:
            database.execute(changed, [-1, artist.me["id"]])
        assert "right" in production.manage("restore_drill").stdout
        wrong = production.try_manage("restore_drill", "--dump", str(backup))
        assert wrong.returncode == 1
        assert wrong.stderr.startswith(f"user {artist.me['id']}: balance is ")
        left = "SELECT count(*) FROM pg_database WHERE datname LIKE 'restore_drill_%'"
        assert database.execute(left).fetchone() == (0,)
