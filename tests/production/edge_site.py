"""The servers of the edge on one database, and what the tests look at there."""

from __future__ import annotations

import threading
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from time import monotonic
from typing import Any, LiteralString

import psycopg
from psycopg import sql

from tests.production.edge import Answer, Wire
from tests.production.edge_requests import request

# An artist with a key and a place for an upload.
SET_UP = """
import io, json
from app.models import User
from app.services import api_key_service, user_service
from app.services.uploads import upload_service
from tests.pictures import signature_png
artist = User.objects.create_user("edge")
signature = io.BytesIO(signature_png())
user_service.become_artist(user=artist, artist_name="Edge", signature_image=signature)
artist.refresh_from_db()
key = api_key_service.create_key(user=artist, name="edge", scopes=["read", "generate", "manage"])
[place] = upload_service.open_places(user=artist, content_types=["image/png"])
print(json.dumps({"key": key.secret, "upload": place.url, "place": place.key}))
"""


class SlowClients:
    """One for each server, who sends a header byte by byte."""

    def __init__(self, ports: dict[str, int]) -> None:
        self.ends: dict[str, tuple[float, Answer]] = {}
        for server, port in ports.items():
            threading.Thread(target=self._dribble, args=(server, port), daemon=True).start()

    def _dribble(self, server: str, port: int) -> None:
        began = monotonic()
        with Wire(port, seconds=30) as wire:
            wire.send(request("GET", "/api/models", "X-Name: ")[:-4])
            while not wire.is_answered(seconds=0.5):
                wire.send(b"x")
            self.ends[server] = (monotonic() - began, wire.receive())


@dataclass(frozen=True)
class Site:
    """The servers of one database, by name, and who may write there."""

    ports: dict[str, int]
    database: psycopg.Connection[Any]
    digests: sql.Composed
    media: Path
    key: str
    upload: str
    place: str
    slow: SlowClients

    def filled(self, sent: bytes) -> bytes:
        return sent.replace(b"@KEY@", self.key.encode()).replace(b"@UPLOAD@", self.upload.encode())

    def ask(self, server: str, sent: bytes) -> Answer:
        with Wire(self.ports[server]) as wire:
            wire.send(self.filled(sent))
            return wire.receive()

    def value(self, question: LiteralString) -> Any:
        [found] = self.database.execute(question).fetchone() or [None]
        return found

    @contextmanager
    def unchanged(self) -> Iterator[None]:
        before = self._state()
        yield
        assert self._state() == before

    def _state(self) -> dict[str, str]:
        digests = self.database.execute(self.digests).fetchall()
        files = sorted(str(path) for path in self.media.rglob("*") if path.is_file())
        return {**dict(digests), "files": str(files)}


def digests_of_tables(database: psycopg.Connection[Any]) -> sql.Composed:
    """A digest of each table but that of the keys, which says when each was last used."""
    names = database.execute(
        "SELECT tablename FROM pg_tables WHERE tablename LIKE 'app\\_%' "
        "AND tablename <> 'app_apikey'"
    ).fetchall()
    assert len(names) > 10
    return sql.SQL(" UNION ALL ").join(
        sql.SQL(
            "SELECT {}, coalesce(md5(string_agg(t::text, '' ORDER BY t::text)), '') FROM {} t"
        ).format(sql.Literal(name), sql.Identifier(name))
        for (name,) in names
    )
