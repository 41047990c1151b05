"""Neither side waits for hours for the other one, whose machine vanished without a goodbye.

What Linux then does is in its hands: here is whether it was told to.
"""

from __future__ import annotations

import os
import socket

import psycopg
import pytest
from django.db import connection

from app.delivery.listener import Listener

pytestmark = pytest.mark.django_db


def patience_seconds(used: psycopg.Connection) -> tuple[float, float]:
    """How long its socket waits for an answer to what was sent, and for any sign of life."""
    with socket.socket(fileno=os.dup(used.pgconn.socket)) as end:

        def told(name: int) -> int:
            return end.getsockopt(socket.IPPROTO_TCP, name)

        assert end.getsockopt(socket.SOL_SOCKET, socket.SO_KEEPALIVE) == 1
        silence = told(socket.TCP_KEEPIDLE)
        silence += told(socket.TCP_KEEPINTVL) * told(socket.TCP_KEEPCNT)
        return told(socket.TCP_USER_TIMEOUT) / 1000, silence


def test_a_connection_gives_up_within_half_a_minute() -> None:
    connection.ensure_connection()
    assert patience_seconds(connection.connection) == (25, 25)


def test_the_server_gives_up_as_soon_and_frees_the_locks() -> None:
    names = ("keepalives_idle", "keepalives_interval", "keepalives_count", "user_timeout")
    with connection.cursor() as cursor:
        cursor.execute("SELECT " + ", ".join(f"current_setting('tcp_{name}')" for name in names))
        assert cursor.fetchone() == ("10", "5", "3", "25000")


def test_so_does_the_one_that_waits_for_calls() -> None:
    listener = Listener("nobody_calls")
    try:
        assert listener._connection is not None
        assert patience_seconds(listener._connection) == (25, 25)
    finally:
        listener.close()


def test_what_the_address_says_comes_first(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setitem(connection.settings_dict, "OPTIONS", {"tcp_user_timeout": 60_000})
    assert connection.get_connection_params()["tcp_user_timeout"] == 60_000
