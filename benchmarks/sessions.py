"""``python -m benchmarks.sessions 1 2 3``: sign these users in; prints a session key each.

Signing in goes through an identity provider, and is not what is measured. The keys are also written
to the table that ``bare`` looks sessions up in.
"""

from __future__ import annotations

import sys
from importlib import import_module

import django
from django.conf import settings


def main(user_ids: list[int]) -> None:
    django.setup()
    from django.contrib.auth import BACKEND_SESSION_KEY, HASH_SESSION_KEY, SESSION_KEY
    from django.db import connection

    from app.models import User

    store = import_module(settings.SESSION_ENGINE).SessionStore
    with connection.cursor() as cursor:
        cursor.execute(
            "CREATE TABLE IF NOT EXISTS bench_session"
            " (session_key text PRIMARY KEY, user_id bigint NOT NULL)"
        )
        for user_id in user_ids:
            session = store()
            session[SESSION_KEY] = str(user_id)
            session[BACKEND_SESSION_KEY] = settings.AUTHENTICATION_BACKENDS[0]
            session[HASH_SESSION_KEY] = User(pk=user_id, password="!").get_session_auth_hash()  # noqa: S106 (no password fits it)
            session.create()
            cursor.execute(
                "INSERT INTO bench_session VALUES (%s, %s)", [session.session_key, user_id]
            )
            print(session.session_key)


if __name__ == "__main__":
    main([int(user_id) for user_id in sys.argv[1:]])
