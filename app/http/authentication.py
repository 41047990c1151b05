"""Who a request is from: the account of its session, the owner of its API key, or a worker.

Sessions are in the database (``SESSION_ENGINE`` names this module), each read together with its
account by one compiled statement. A cache before it would save nothing: asking Redis costs a
request as much as this statement does, and the account would still have to be read.
"""

from __future__ import annotations

from collections.abc import Callable
from functools import lru_cache, wraps
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
from rest_framework import authentication
from rest_framework.exceptions import AuthenticationFailed, NotAuthenticated, PermissionDenied
from rest_framework.permissions import SAFE_METHODS
from rest_framework.request import Request

from app.exceptions import AccountSuspended, InvalidInternalToken
from app.models import ApiKey, Scope, User
from app.models.reads.session import SESSION, SessionQuery
from app.models.session import Session
from app.services import api_key_service
from speed.queries import Values


class SessionStore(db.SessionStore):
    def __init__(self, session_key: str | None = None) -> None:
        super().__init__(session_key)
        # What was loaded, with its account; None before that, and when there is none.
        self.stored: Session | None = None
        self._query = SESSION
        self._values: Values = {}

    @classmethod
    def get_model_class(cls) -> type[Session]:
        return Session

    def create_model_instance(self, data: dict[str, Any]) -> Session:
        session: Any = super().create_model_instance(data)
        session.user_id = int(data[auth.SESSION_KEY]) if auth.SESSION_KEY in data else None
        stored: Session = session
        return stored

    def load_by(self, query: SessionQuery, values: Values) -> None:
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
        self.stored = stored = found[0]
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


class SessionAuthentication(authentication.SessionAuthentication):
    """The session cookie, with a CSRF token for unsafe requests; 401 without a session."""

    def authenticate(self, request: Request) -> tuple[User | AnonymousUser, None] | None:
        # Django's own ``request.user`` is lazy, and each look at it takes a detour.
        account = account_of(request._request)
        if not account.is_active:
            return None
        self.enforce_csrf(request)
        refuse_suspended(request._request, account)
        return account, None

    def authenticate_header(self, request: Request) -> str:
        return "Session"

    def enforce_csrf(self, request: Request) -> None:
        if request.method in SAFE_METHODS:
            return
        try:
            super().enforce_csrf(request)
        except PermissionDenied as error:
            raise PermissionDenied(
                "Send the csrftoken cookie's value as X-CSRFToken.", code="CSRF_FAILED"
            ) from error


# Addresses by their names. What is sent to these is only looked at.
CHANGE_NOTHING = frozenset({"quotes", "verify"})
ORDERING = frozenset({"generate", "cancel", "orders", "cancel_order"})


class ApiKeyAuthentication(authentication.BaseAuthentication):
    """``Authorization: Api-Key …`` or ``Bearer …``, for programs. No cookie, hence no CSRF token.

    ``read`` opens the safe methods, quotes and verifying, ``generate`` ordering and canceling
    pictures, ``manage`` the rest and the secrets of webhooks, except what only the person may do:
    keys, leaving, and having money sent.
    """

    keywords = ("api-key", "bearer")

    def authenticate(self, request: Request) -> tuple[User, ApiKey] | None:
        scheme, _, secret = request._request.META.get("HTTP_AUTHORIZATION", "").partition(" ")
        if scheme.lower() not in self.keywords or has_internal_token(request):
            return None
        key = api_key_service.find_key(secret.strip())
        if key is None:
            raise AuthenticationFailed("This API key is not valid.")
        if _scope_for(request) not in key.scopes:
            raise PermissionDenied("This API key does not have the required scope.")
        refuse_suspended(request._request, key.user)
        return key.user, key

    def authenticate_header(self, request: Request) -> str:
        return "Api-Key"


# What whoever is suspended may still send, by the addresses' names: of API and site.
OPEN_TO_SUSPENDED = frozenset(
    {"logout", "sign_out", "preferences", "mail", "unsubscribe", "read", "read_all"}
    | {"mark_all_read", "appeal", "report", "reports", "export", "quotes", "verify"}
    # Their days to give tokens back go on.
    | {"refund_purchase", "give_back"}
)
# Leaving is deleting one's profile.
LEAVING = frozenset({("own_profile", "DELETE"), ("leave", "POST")})


def refuse_suspended(request: HttpRequest, account: User | AnonymousUser) -> None:
    """Raises AccountSuspended where a suspended account would act. Services look again, under the
    account's lock."""
    if request.method in SAFE_METHODS or not isinstance(account, User):
        return
    if account.suspended_at is None:
        return
    match = request.resolver_match
    name = match.url_name if match else ""
    if name not in OPEN_TO_SUSPENDED and (name, request.method) not in LEAVING:
        raise AccountSuspended(until=account.suspended_until)


def _scope_for(request: Request) -> str:
    match = request._request.resolver_match
    name = match.url_name if match else ""
    if name in {"keys", "key"} or (name == "own_profile" and request.method == "DELETE"):
        return "nobody's"
    if name in {"payouts", "payout_account"} and request.method not in SAFE_METHODS:
        return "nobody's"
    if (request.method in SAFE_METHODS and name != "webhook_secret") or name in CHANGE_NOTHING:
        return Scope.READ
    return Scope.GENERATE if name in ORDERING else Scope.MANAGE


def user_of(request: Request) -> User:
    """The signed-in user of a request to a protected endpoint. Raises NotAuthenticated."""
    if not isinstance(request.user, User):
        raise NotAuthenticated
    return request.user


def has_internal_token(request: HttpRequest | Request) -> bool:
    """Whether the request carries ``Authorization: Bearer <an internal token>``."""
    scheme, _, token = request.META.get("HTTP_AUTHORIZATION", "").partition(" ")
    matches = [
        constant_time_compare(token.strip(), valid) for valid in settings.INTERNAL_API_TOKENS
    ]
    return scheme.lower() == "bearer" and any(matches)


def require_internal_token(method: Callable[..., Any]) -> Callable[..., Any]:
    """Let a view's method run only with ``Authorization: Bearer <an internal token>``.

    Raises InvalidInternalToken. Put it on views that authenticate nobody: a worker has a token and
    no rights of a user.
    """

    @wraps(method)
    def checked(view: Any, request: Request, *args: Any, **kwargs: Any) -> Any:
        if not has_internal_token(request):
            raise InvalidInternalToken
        return method(view, request, *args, **kwargs)

    return checked
