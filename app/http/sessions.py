"""Sessions in the database, each read together with its account by one compiled statement.

Named in ``SESSION_ENGINE``. A cache before it would save nothing: asking Redis costs a request as
much as this statement does, and the account would still have to be read.
"""

from __future__ import annotations

from functools import lru_cache
from typing import Any

import orjson
from django.conf import settings
from django.contrib import auth
from django.contrib.auth.middleware import AuthenticationMiddleware
from django.contrib.auth.models import AnonymousUser
from django.contrib.sessions.backends import db
from django.http import HttpRequest
from django.utils import timezone
from django.utils.crypto import constant_time_compare
from django.utils.functional import SimpleLazyObject

from app.models import User
from app.models.reads.session import SESSION, SessionQuery
from app.models.session import Session


class SessionStore(db.SessionStore):
    def __init__(self, session_key: str | None = None) -> None:
        super().__init__(session_key)
        # What was loaded, with its account; None before that, and when there is none.
        self.stored: Session | None = None
        self._query = SESSION
        self._values: dict[str, Any] = {}

    @classmethod
    def get_model_class(cls) -> type[Session]:
        return Session

    def create_model_instance(self, data: dict[str, Any]) -> Session:
        session: Any = super().create_model_instance(data)
        session.user_id = int(data[auth.SESSION_KEY]) if auth.SESSION_KEY in data else None
        stored: Session = session
        return stored

    def load_by(self, query: SessionQuery, values: dict[str, Any]) -> None:
        """Let ``query``, which reads more than ``SESSION``, be what it is loaded by."""
        self._query, self._values = query, values

    def load(self) -> dict[str, Any]:
        key = self.session_key or ""
        # Others are none of ours, and may have in them what the database does not take.
        is_possible = key.isascii() and key.isalnum()
        values = {"session_key": key, "now": timezone.now(), **self._values}
        found = self._query.instances("any", values) if is_possible else []
        if not found:
            self._session_key = None
            return {}
        stored: Session = found[0]
        self.stored = stored
        data: dict[str, Any] = orjson.loads(_decoded(stored.session_data, settings.SECRET_KEY))
        return data


@lru_cache(maxsize=10_000)
def _decoded(text: str, secret: str) -> bytes:
    """What is in a session, as JSON; it is signed, and the same text says the same each time."""
    return orjson.dumps(db.SessionStore().decode(text))


class AccountMiddleware(AuthenticationMiddleware):
    """``request.user`` is the account that came with the session."""

    def process_request(self, request: HttpRequest) -> None:
        super().process_request(request)
        request.user = SimpleLazyObject(lambda: account_of(request))  # type: ignore[assignment]


def account_of(request: HttpRequest) -> User | AnonymousUser:
    """Whose session the request is from."""
    session: Any = request.session
    if auth.SESSION_KEY not in session:
        return AnonymousUser()
    stored: Session | None = session.stored
    account = stored.user if stored else None
    if (
        account is not None
        and account.is_active
        and session[auth.SESSION_KEY] == str(account.pk)
        and session.get(auth.BACKEND_SESSION_KEY) == settings.AUTHENTICATION_BACKENDS[0]
        and constant_time_compare(
            session.get(auth.HASH_SESSION_KEY, ""),
            _password_hash(account.password, settings.SECRET_KEY),
        )
    ):
        return account
    # A session that was just begun, or signed with a former key, or that is to end.
    return auth.get_user(request)


@lru_cache(maxsize=10_000)
def _password_hash(password: str, secret: str) -> str:
    """What Django keeps in a session so that it ends when the password changes."""
    return User(password=password).get_session_auth_hash()
