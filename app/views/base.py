"""What the API's views share."""

from __future__ import annotations

import hashlib
from collections.abc import Callable, Sequence
from functools import lru_cache
from typing import Any, ClassVar

import orjson
from django.core.exceptions import ImproperlyConfigured
from django.core.files import File
from django.http import QueryDict
from rest_framework import serializers
from rest_framework.exceptions import PermissionDenied, ValidationError
from rest_framework.permissions import AllowAny, BasePermission
from rest_framework.request import Request
from rest_framework.viewsets import ModelViewSet, ReadOnlyModelViewSet

from app.http.authentication import user_of
from app.http.bodies import Answer
from app.http.pagination import CustomCursorPagination
from app.models import Session, User
from app.models.notification import TargetType
from app.models.reads.session import SessionQuery, has_news
from app.permissions import IsOwner, IsOwnerOrReadOnly, IsOwnerOrStaff
from app.serializers.base import RowSerializer
from app.services import idempotency_service, notification_service
from app.utils.looking import is_look
from app.utils.names import composed
from speed.views import SharedParts, one_of_each

Serializer = type[serializers.BaseSerializer[Any]]


# The permission classes that look at the thing itself.
JUDGES = (IsOwner, IsOwnerOrStaff, IsOwnerOrReadOnly)


class ApiViewSet(SharedParts):
    """What all views of the API do alike.

    ``output`` maps each action to the serializer of its answer, ``input`` to the one of its body,
    ``query`` to the one of its query parameters.
    """

    # What may be sent is in the schema; browsers' preflights are answered by a middleware.
    metadata_class = None
    pagination_class: Any = CustomCursorPagination
    permission_classes: Any = (AllowAny,)
    # Permissions of single actions, where they differ.
    action_permissions: ClassVar[dict[str, tuple[type[BasePermission], ...]]] = {}
    output: ClassVar[dict[str, Serializer]] = {}
    input: ClassVar[dict[str, Any]] = {}
    query: ClassVar[dict[str, Serializer]] = {}
    # Actions for workers: an internal token opens them, and neither cookie nor key does.
    internal: ClassVar[tuple[str, ...]] = ()
    # The query set's methods that read what the rows of an action are shown with: ``with_artist``
    # and the like, which are select_related or prefetch_related.
    related: ClassVar[dict[str, tuple[str, ...]]] = {}
    # What the session is loaded by where an action wants to know more of the account: one statement
    # instead of two. Its values are those of the address.
    session_query: ClassVar[dict[str, SessionQuery]] = {}
    # Actions whose answer is the same for everybody who is not signed in (see page_cache.py).
    shared: ClassVar[tuple[str, ...]] = ()
    # For the OpenAPI schema: statuses other than 200, error codes beyond those that every request
    # of its kind may get, names of operations, and actions that answer in pages.
    schema_tag: ClassVar[str] = ""
    success: ClassVar[dict[str, int]] = {}
    # Other statuses of success, each with a body of its own.
    other_success: ClassVar[dict[str, dict[int, Serializer]]] = {}
    # Statuses with the same body as the success.
    also: ClassVar[dict[str, tuple[int, ...]]] = {}
    errors: ClassVar[dict[str, tuple[str, ...]]] = {}
    # The content type of an answer that is a file.
    files: ClassVar[dict[str, str]] = {}
    schema_names: ClassVar[dict[str, str]] = {}
    paged: ClassVar[tuple[str, ...]] = ("list",)
    # Those whose answers say in Retry-After when to ask again.
    polled: ClassVar[tuple[str, ...]] = ()
    # What to tell beside the answer.
    warnings: Sequence[str] = ()

    @property
    def user(self) -> User:
        """Who is signed in. Raises NotAuthenticated."""
        return user_of(self.request)

    # --- What is read together with the session ---------------------------------------------------

    def perform_authentication(self, request: Request) -> None:
        if query := self.session_query.get(self.action or ""):
            session: Any = request._request.session
            session.load_by(query, self.kwargs)
        super().perform_authentication(request)

    @property
    def session_of_user(self) -> Session | None:
        """The session by which the user is known; None for nobody, and for keys."""
        session: Any = self.request._request.session
        stored: Session | None = session.stored
        return stored if stored is not None and stored.user is self.request.user else None

    def mark_seen(self, target_type: TargetType, target_id: int) -> None:
        """Mark as read what the viewer was told of what the answer shows; ``SESSION_WITH_NEWS``
        says whether there is any. Keys are for programs, which look at nothing."""
        if has_news(self.session_of_user) and is_look(self.request._request):
            about = {"target_type": target_type, "target_id": target_id}
            notification_service.mark_seen(self.user, **about)

    # --- What may be changed ----------------------------------------------------------------------

    def may_change(self, user: User, thing: Any) -> bool:
        """Whether the action's permission classes let ``thing`` be changed.

        For the service, which asks about the row that it has locked and knows what to say.
        """
        if not any(isinstance(each, JUDGES) for each in self.get_permissions()):
            raise ImproperlyConfigured(f"{self.action}: no permission class says who may do this.")
        try:
            self.check_object_permissions(self.request, thing)
        except PermissionDenied:
            return False
        return True

    # --- How a request is read --------------------------------------------------------------------

    def get_authenticators(self) -> list[Any]:
        return [] if self._is_internal() else super().get_authenticators()

    def get_permissions(self) -> list[BasePermission]:
        if self.action is None or self.action == "metadata":
            # The address does not take the method: that is 405 to everybody.
            return []
        classes = self.action_permissions.get(self.action, self.permission_classes)
        return one_of_each(classes)

    def get_throttles(self) -> list[Any]:
        return [] if self._is_internal() else super().get_throttles()

    def _is_internal(self) -> bool:
        # Asked before the action is known to the view.
        action = self.action_map.get((self.request.method or "").lower()) if self.request else None
        return action in self.internal

    def finalize_response(self, request: Any, response: Any, *args: Any, **kwargs: Any) -> Any:
        response.is_shared = self.action in self.shared and response.status_code == 200
        return super().finalize_response(request, response, *args, **kwargs)

    def get_serializer_class(self) -> Serializer:
        action = self.action or "list"
        return self.output.get(action) or self.output["list"]

    def get_serializer_context(self) -> dict[str, Any]:
        return {**super().get_serializer_context(), "viewer_id": self.request.user.pk}

    def with_related(self, queryset: Any) -> Any:
        """``queryset`` with what the action shows its rows with: none asks a question of its own
        (N+1)."""
        for method in self.related.get(self.action or "", ()):
            queryset = getattr(queryset, method)()
        return queryset

    def page_of(self, queryset: Any) -> Answer:
        """One page of ``queryset``, as the request asks for."""
        rows = self.paginate_queryset(self.with_related(queryset))
        answer: Answer = self.get_paginated_response(self._render(rows, many=True))  # type: ignore[assignment]
        return answer

    def show(self, thing: Any, *, status: int = 200) -> Answer:
        return Answer(self._render(thing), status=status, warnings=self.warnings)

    def parse(self, **extra: Any) -> dict[str, Any]:
        """The request's body, checked by the action's input serializer."""
        serializer, data = self.input[self.action or ""], self.request.data
        self.given = _checked(serializer, data, **extra)
        known = {*serializer._declared_fields, "csrfmiddlewaretoken"}
        # A form may number the items of a list: tags[0].
        unknown = sorted(name for name in data if name.partition("[")[0] not in known)
        self.warnings = [f"{name}: There is no such field." for name in unknown]
        return self.given

    def parse_query(self) -> dict[str, Any]:
        """The query parameters, checked by the action's query serializer."""
        serializer: Any = self.query[self.action or ""]
        query = self.request.query_params
        given = [
            (name, tuple(composed(query.getlist(name))))
            for name in serializer._declared_fields
            if name in query
        ]
        return dict(_parsed(serializer, tuple(given)))

    def run_once(
        self,
        *,
        prepare: Callable[[], Any],
        act: Callable[[Any], Any],
        find: Callable[..., Any],
        facts: Callable[[Any], dict[str, Any]] = lambda thing: {},
        finish: Callable[[Any], Any] = lambda thing: thing,
        discard: Callable[[Any], None] | None = None,
        conditions: Sequence[str] = (),
        status: int,
    ) -> Answer:
        """Answer with what ``act`` made from what was parsed, once for each Idempotency-Key.

        It is serialized after the commit, not under a lock of ``act``. ``find`` reads it by its id
        and ``facts`` where an id is all that ``act`` returns, and for replays. ``finish`` does what
        comes after the commit, and may be done again by each replay. ``conditions`` name what was
        parsed that says when to act, not what to do: with another one, it is the same request.
        """
        request = self.request
        key = request.META.get("HTTP_IDEMPOTENCY_KEY", "")
        if len(key) > idempotency_service.MAX_KEY_LENGTH or not key.isprintable():
            raise ValidationError({"Idempotency-Key": ["At most 255 printable characters."]})
        made = []

        def make(prepared: Any) -> idempotency_service.Answer:
            thing = act(prepared)
            if isinstance(thing, int):
                return idempotency_service.Answer(status, f"#{thing}")
            made.append(thing)
            return idempotency_service.Answer(status, f"#{thing.pk}", facts(thing))

        answer = idempotency_service.run_once(
            user=self.user,
            key=key,
            fingerprint=fingerprint(request, self.given | dict.fromkeys(conditions)) if key else "",
            fingerprint_before=fingerprint(request, self.given) if key and conditions else "",
            prepare=prepare,
            act=make,
            discard=discard,
        )
        headers = {"Idempotent-Replayed": "true"} if answer.is_replay else None
        if not answer.made.startswith("#"):
            # The version before this one kept the body.
            return Answer(orjson.Fragment(answer.made), status=answer.status, headers=headers)
        thing = made[0] if made else find(int(answer.made[1:]), **answer.facts)
        rendered = self._render(finish(thing))
        return Answer(rendered, status=answer.status, headers=headers, warnings=self.warnings)

    def _render(self, result: Any, *, many: bool = False) -> Any:
        serializer: Any = self.get_serializer_class()
        if issubclass(serializer, RowSerializer):
            return serializer.shown(result, self.request)
        if hasattr(serializer, "plain"):
            # What its fields would say, without a copy of each for each request.
            return serializer.plain(result)
        return self.get_serializer(result, many=many).data


class ReadOnlyViewSet(ApiViewSet, ReadOnlyModelViewSet):
    """Lists and shows what the viewer may see, newest first, in pages."""

    def list(self, request: Request, *args: Any, **kwargs: Any) -> Any:
        return self.page_of(self.get_queryset())

    def retrieve(self, request: Request, *args: Any, **kwargs: Any) -> Any:
        return self.show(self.get_object())


class BaseViewSet(ReadOnlyViewSet, ModelViewSet):
    """Also makes, changes and removes.

    ``make``, ``change`` and ``remove`` call one service each, and their docstrings describe the
    operations. Serializers write nothing, so there is no default.
    """

    def create(self, request: Request, *args: Any, **kwargs: Any) -> Any:
        return self.show(self.make(self.parse()), status=201)

    def update(self, request: Request, *args: Any, **kwargs: Any) -> Any:
        return self.show(self.change(self.parse()))

    def destroy(self, request: Request, *args: Any, **kwargs: Any) -> Any:
        self.remove(kwargs.get("pk"))
        return Answer(status=204)

    def make(self, given: dict[str, Any]) -> Any:
        """Returns what was made."""
        raise NotImplementedError

    def change(self, given: dict[str, Any]) -> Any:
        """Returns what was changed, as it is shown."""
        raise NotImplementedError

    def remove(self, pk: Any) -> None:
        raise NotImplementedError


def _checked(serializer: Serializer, data: Any, **extra: Any) -> dict[str, Any]:
    parsed = serializer(data=data, **extra)
    parsed.is_valid(raise_exception=True)
    return dict(parsed.validated_data)


@lru_cache(maxsize=500)
def _parsed(serializer: Any, given: tuple[tuple[str, tuple[str, ...]], ...]) -> dict[str, Any]:
    """What a query serializer makes of its parameters: the same each time, and mostly of none."""
    query = QueryDict(mutable=True)
    for name, values in given:
        query.setlist(name, list(values))
    return _checked(serializer, query)


def fingerprint(request: Request, given: dict[str, Any]) -> str:
    """SHA-256 of method, path and meaning: of what was parsed, however it was written. Of files,
    the content."""

    def plain(value: Any) -> Any:
        if isinstance(value, File):
            value.seek(0)
            return hashlib.file_digest(value, "sha256").hexdigest()
        return list(value)

    said = orjson.dumps(given, default=plain, option=orjson.OPT_SORT_KEYS)
    place = f"{request.method} {request.path.rstrip('/')}\n"
    return hashlib.sha256(place.encode() + said).hexdigest()
